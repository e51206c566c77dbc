"""`sampan parse`: files and folders in, Markdown, JSON, HTML and other formats out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from sampan.errors import OptionError

if TYPE_CHECKING:
    from sampan.documents.options import ParseOptions

EXAMPLES = """
**Examples**

`sampan parse report.pdf` prints Markdown.

`sampan parse report.pdf scan.jpg -o out --to md,json,overlay` writes files.

`sampan parse archive/ -o out --workers 4` reads a folder; with `--resume` it goes on where it was ended.

`sampan parse archive/ -o out --max-memory 2G --failures failed.csv --json` is for programs and for the night.

`sampan parse book.pdf --pages 1-3,10- --ocr never` reads some pages, from their text layer only.

`curl -s https://example.org/a.pdf | sampan parse -` reads standard input.

`sampan parse scan.pdf --explain 2` tells how page 2 is read, and why by OCR or not; add `--json` for programs.

`sampan parse scan.pdf -o out --profile trace.json` writes a trace that ui.perfetto.dev opens.

**Exit codes**: 0 all went well, 1 some files or pages failed, 2 wrong use, 3 the input cannot be read,
4 weights are missing, 5 the output cannot be written, 130 interrupted.
"""

READING = "How to read"
MANY = "Many files"
LIMITS = "Limits and speed"
MODELS = "Models"
INSIGHT = "Insight"


def parse(
    inputs: Annotated[list[str], typer.Argument(metavar="FILE|FOLDER|-…", help="PDFs, pictures, folders.")],
    output: Annotated[
        str | None,
        typer.Option("-o", "--output", metavar="DIR", help="Folder to write to; without it, print."),
    ] = None,
    to: Annotated[
        str,
        typer.Option(
            metavar="LIST",
            help="With commas: md, json, html, txt, docx, pdf, csv, xlsx, docling, chunks, hocr, alto, overlay.",
        ),
    ] = "md",
    pages: Annotated[
        str | None, typer.Option(metavar="LIST", help="Pages to read: 1-3,7,10-", rich_help_panel=READING)
    ] = None,
    password: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            help="Password of encrypted PDFs.",
            envvar="SAMPAN_PASSWORD",
            rich_help_panel=READING,
        ),
    ] = None,
    ocr: Annotated[
        Literal["auto", "always", "never"],
        typer.Option(help="auto: only what a PDF's text layer does not say.", rich_help_panel=READING),
    ] = "auto",
    dpi: Annotated[
        float | None, typer.Option(help="Resolution of PDF pages for OCR.", rich_help_panel=READING)
    ] = None,
    orientation: Annotated[
        bool,
        typer.Option(
            "--orientation/--no-orientation",
            help="Turn pages upright.",
            show_default=False,
            rich_help_panel=READING,
        ),
    ] = True,
    deskew: Annotated[
        bool,
        typer.Option(
            "--deskew/--no-deskew", help="Straighten pages.", show_default=False, rich_help_panel=READING
        ),
    ] = True,
    layout: Annotated[
        bool,
        typer.Option(
            "--layout/--no-layout", help="Find regions.", show_default=False, rich_help_panel=READING
        ),
    ] = True,
    tables: Annotated[
        bool,
        typer.Option(
            "--tables/--no-tables",
            help="Read tables cell by cell.",
            show_default=False,
            rich_help_panel=READING,
        ),
    ] = True,
    furniture: Annotated[
        bool,
        typer.Option(
            "--furniture/--no-furniture",
            help="Keep headers, footers, page numbers.",
            show_default=False,
            rich_help_panel=READING,
        ),
    ] = True,
    preset: Annotated[
        Literal["default", "official"],
        typer.Option(help="official: PaddleOCR's own rules, for comparison.", rich_help_panel=MODELS),
    ] = "default",
    detection_model: Annotated[
        str | None, typer.Option(metavar="NAME|FILE", help="Weights or ONNX file.", rich_help_panel=MODELS)
    ] = None,
    recognition_model: Annotated[
        str | None, typer.Option(metavar="NAME|FILE", help="Weights or ONNX file.", rich_help_panel=MODELS)
    ] = None,
    dictionary: Annotated[
        str | None, typer.Option(metavar="FILE", help="If the model carries none.", rich_help_panel=MODELS)
    ] = None,
    workers: Annotated[
        int, typer.Option(min=1, help="Processes that read files side by side.", rich_help_panel=MANY)
    ] = 1,
    resume: Annotated[
        bool, typer.Option("--resume", help="Keep what an earlier run finished.", rich_help_panel=MANY)
    ] = False,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Resume; read failed files again.", rich_help_panel=MANY)
    ] = False,
    failures: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="List what failed, as CSV or .jsonl.", rich_help_panel=MANY),
    ] = None,
    engine: Annotated[
        Literal["local", "ray"], typer.Option(help="ray: read on a cluster.", rich_help_panel=MANY)
    ] = "local",
    ray_address: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Of the cluster's head.", rich_help_panel=MANY)
    ] = None,
    nice: Annotated[
        int, typer.Option(min=0, max=19, help="Let other programs go first.", rich_help_panel=MANY)
    ] = 0,
    max_seconds: Annotated[
        float | None, typer.Option(min=0.1, help="Give up longer files.", rich_help_panel=MANY)
    ] = None,
    max_page_seconds: Annotated[
        float | None, typer.Option(min=0.1, help="Give up files with longer pages.", rich_help_panel=MANY)
    ] = None,
    max_memory: Annotated[
        str | None, typer.Option(metavar="SIZE", help="Of each process: 2G, 800M.", rich_help_panel=MANY)
    ] = None,
    threads: Annotated[
        int | None,
        typer.Option(help="Threads of each process; all cores, shared fairly.", rich_help_panel=LIMITS),
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(help="Most lines read at once.", rich_help_panel=LIMITS)
    ] = None,
    max_pixels: Annotated[
        int | None, typer.Option(help="Refuse larger pages.", rich_help_panel=LIMITS)
    ] = None,
    max_pages: Annotated[
        int | None, typer.Option(help="Refuse longer documents.", rich_help_panel=LIMITS)
    ] = None,
    max_bytes: Annotated[
        int | None, typer.Option(help="Refuse larger files.", rich_help_panel=LIMITS)
    ] = None,
    max_stream_bytes: Annotated[
        int | None, typer.Option(help="Refuse PDFs with larger packed parts.", rich_help_panel=LIMITS)
    ] = None,
    max_commands: Annotated[
        int | None, typer.Option(help="Refuse PDFs of busier pages.", rich_help_panel=LIMITS)
    ] = None,
    explain: Annotated[
        int | None,
        typer.Option(metavar="PAGE", help="Tell how this page is read and why.", rich_help_panel=INSIGHT),
    ] = None,
    profile: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write where the time goes, for Perfetto.", rich_help_panel=INSIGHT
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a summary for programs; needs -o or --explain.")
    ] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="No progress, no summary.")] = False,
) -> None:
    """Read documents into structured text.

    With `-o` the outputs mirror the inputs: the folder that all inputs share becomes DIR, and everything
    below it keeps its place. Without `-o`, one file is printed in one format.

    Several files are read by processes of their own, so that none can end the others, and a journal in DIR
    lets a run that was ended go on with `--resume`.
    """
    from sampan.cli.batch import Many, write_all
    from sampan.cli.explain import show
    from sampan.cli.profile import profiled
    from sampan.documents.parser import make_options

    formats = formats_of(to)
    given = {
        "pages": pages, "password": password, "ocr": ocr, "dpi": dpi, "orientation": orientation,
        "deskew": deskew, "layout": layout, "tables": tables, "furniture": furniture, "preset": preset,
        "detection_model": detection_model, "recognition_model": recognition_model, "dictionary": dictionary,
        "threads": threads, "batch_size": batch_size, "max_pixels": max_pixels, "max_pages": max_pages,
        "max_bytes": max_bytes, "max_stream_bytes": max_stream_bytes, "max_commands": max_commands,
    }  # fmt: skip
    options = make_options(**{name: value for name, value in given.items() if value is not None})
    many = Many(
        workers, resume, retry_failed, failures, engine, ray_address, nice, max_seconds, max_page_seconds, max_memory
    )  # fmt: skip
    with profiled(profile):
        if explain is not None:
            show(inputs, options, explain, as_json)
            raise typer.Exit
        if output is None:
            if as_json or len(formats) > 1 or formats == ["overlay"] or many.asked_for:
                what = many.asked_for or "several formats, overlays and --json"
                raise OptionError(f"{what} need a folder to write to: add -o DIR")
            _refuse_bytes_on_a_terminal(formats[0])
            raise typer.Exit(_print(inputs, options, formats[0], quiet))
        if profile is not None and engine == "ray":
            raise OptionError("--profile traces this machine alone: leave out --engine ray")
        here = profile is not None and not many.asked_for
        raise typer.Exit(write_all(inputs, output, options, formats, many, as_json, quiet, here))


def formats_of(to: str) -> list[str]:
    from sampan.documents.writers import FORMATS, resolve

    names = list(dict.fromkeys(resolve(part).name for part in to.split(",") if part.strip()))
    if not names:
        raise OptionError(f"--to {to!r} names no format: choose from {', '.join(FORMATS)}")
    return names


def _refuse_bytes_on_a_terminal(kind: str) -> None:
    from sampan.documents.writers import FORMATS

    if FORMATS[kind].binary and sys.stdout.isatty():
        raise OptionError(f"{kind} is no text for a terminal: add -o DIR, or send it to a file with >")


def _print(inputs: list[str], options: ParseOptions, kind: str, quiet: bool) -> int:
    """One document to standard output."""
    from sampan.cli.batch import read_stdin
    from sampan.documents.bulk.jobs import find_jobs
    from sampan.documents.parser import Parser
    from sampan.documents.writers import render

    job, *others = find_jobs(inputs)
    if others:
        raise OptionError(f"{len(others) + 1} files need a folder to write to: add -o DIR")
    if job.address is not None:
        raise OptionError(f"{job.address} needs a folder to write to: add -o DIR")
    document = Parser(options).parse(read_stdin(options.max_bytes) if job.source is None else job.source)
    text = render(document, kind)
    sys.stdout.flush()
    # As bytes, because a console's own encoding may not know the document's characters.
    sys.stdout.buffer.write(text.encode() if isinstance(text, str) else text)
    if isinstance(text, str) and not text.endswith("\n"):
        sys.stdout.buffer.write(b"\n")
    sys.stdout.buffer.flush()
    for failure in document.failures if not quiet else ():
        where = f"page {failure.page}: " if failure.page else ""
        typer.echo(f"sampan: {where}{failure.stage}: {failure.message}", err=True)
    return 1 if document.failures else 0
