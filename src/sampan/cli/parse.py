"""`sampan parse`: files and folders in, Markdown, JSON, HTML, plain text and overlays out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from sampan.errors import OptionError

if TYPE_CHECKING:
    from rich.console import Console

    from sampan.cli.batch import Job, Outcome
    from sampan.documents.options import ParseOptions

EXAMPLES = """
**Examples**

`sampan parse report.pdf` prints Markdown.

`sampan parse report.pdf scan.jpg -o out --to md,json,overlay` writes files.

`sampan parse archive/ -o out --workers 4 --json` reads a folder and prints a summary for programs.

`sampan parse book.pdf --pages 1-3,10- --ocr never` reads some pages, from their text layer only.

`curl -s https://example.org/a.pdf | sampan parse -` reads standard input.

`sampan parse scan.pdf --explain 2` tells how page 2 is read, and why by OCR or not; add `--json` for programs.

`sampan parse scan.pdf -o out --profile trace.json` writes a trace that ui.perfetto.dev opens.

**Exit codes**: 0 all went well, 1 some files or pages failed, 2 wrong use, 3 the input cannot be read,
4 weights are missing, 5 the output cannot be written, 130 interrupted.
"""

MOST_ROWS = 100
"""With more files than this the summary lists only those that failed."""

READING = "How to read"
LIMITS = "Limits and speed"
MODELS = "Models"
INSIGHT = "Insight"


def parse(
    inputs: Annotated[list[str], typer.Argument(metavar="FILE|FOLDER|-…", help="PDFs, pictures, folders.")],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="DIR", help="Folder to write to; without it, print."),
    ] = None,
    to: Annotated[
        str, typer.Option(metavar="LIST", help="Formats, with commas: md, json, html, txt, overlay.")
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
        int, typer.Option(min=1, help="Processes that read files side by side.", rich_help_panel=LIMITS)
    ] = 1,
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
    """
    from sampan.cli.batch import find_jobs
    from sampan.cli.explain import show
    from sampan.cli.profile import profiled
    from sampan.documents.parser import make_options
    from sampan.runtime import usable_cores

    formats = _formats(to)
    given = {
        "pages": pages, "password": password, "ocr": ocr, "dpi": dpi, "orientation": orientation,
        "deskew": deskew, "layout": layout, "tables": tables, "furniture": furniture, "preset": preset,
        "detection_model": detection_model, "recognition_model": recognition_model, "dictionary": dictionary,
        "threads": threads or (max(1, usable_cores() // workers) if workers > 1 else None),
        "batch_size": batch_size, "max_pixels": max_pixels, "max_pages": max_pages, "max_bytes": max_bytes,
    }  # fmt: skip
    options = make_options(**{name: value for name, value in given.items() if value is not None})
    if explain is not None:
        with profiled(profile):
            show(inputs, options, explain, as_json)
        raise typer.Exit
    if output is None:
        if as_json or len(formats) > 1 or formats == ["overlay"]:
            raise OptionError("several formats, overlays and --json need a folder to write to: add -o DIR")
        jobs = find_jobs(inputs, Path())
        if len(jobs) > 1:
            raise OptionError(f"{len(jobs)} files need a folder to write to: add -o DIR")
        with profiled(profile):
            raise typer.Exit(_print(inputs[0], options, formats[0], quiet))
    if output.exists() and not output.is_dir():
        raise OptionError(f"{output} is a file: -o takes a folder")
    with profiled(profile):
        raise typer.Exit(_write(find_jobs(inputs, output), options, formats, workers, as_json, quiet))


def _formats(to: str) -> list[str]:
    from sampan.documents.writers import FORMATS, resolve

    names = list(dict.fromkeys(resolve(part).name for part in to.split(",") if part.strip()))
    if not names:
        raise OptionError(f"--to {to!r} names no format: choose from {', '.join(FORMATS)}")
    return names


def _print(source: str, options: ParseOptions, kind: str, quiet: bool) -> int:
    """One document to standard output."""
    from sampan.cli.batch import STDIN, read_stdin
    from sampan.documents.parser import Parser
    from sampan.documents.writers import render

    document = Parser(options).parse(read_stdin(options.max_bytes) if source == STDIN else Path(source))
    text = render(document, kind)
    sys.stdout.flush()
    # As bytes, because a console's own encoding may not know the document's characters.
    sys.stdout.buffer.write(text.encode() if isinstance(text, str) else text)
    sys.stdout.buffer.write(b"\n")
    sys.stdout.buffer.flush()
    for failure in document.failures if not quiet else ():
        where = f"page {failure.page}: " if failure.page else ""
        typer.echo(f"sampan: {where}{failure.stage}: {failure.message}", err=True)
    return 1 if document.failures else 0


def _write(
    jobs: list[Job], options: ParseOptions, formats: list[str], workers: int, as_json: bool, quiet: bool
) -> int:
    """All documents to their files, with a progress bar, and a summary at the end."""
    import time

    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from sampan.cli.batch import run
    from sampan.cli.main import INTERRUPTED

    console = Console(stderr=True, quiet=quiet)
    outcomes: list[Outcome] = []
    interrupted = False
    start = time.perf_counter()
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("reading", total=len(jobs))
        try:
            for outcome in run(
                jobs,
                options,
                formats,
                workers,
                started=lambda job: progress.update(task, description=_shorten(job.name)),
            ):
                outcomes.append(outcome)
                progress.advance(task)
        except KeyboardInterrupt:
            interrupted = True
    seconds = time.perf_counter() - start
    if as_json:
        _print_json(outcomes, seconds, interrupted)
    elif not quiet:
        _print_summary(console, outcomes, seconds, len(jobs), interrupted)
    return INTERRUPTED if interrupted else exit_code(outcomes)


def exit_code(outcomes: list[Outcome]) -> int:
    """0 if all went well, the common cause if all failed for one, else 1."""
    codes = {outcome.exit_code for outcome in outcomes}
    return codes.pop() if len(codes) == 1 else 1


def _shorten(name: str, limit: int = 48) -> str:
    return name if len(name) <= limit else "…" + name[1 - limit :]


def _print_json(outcomes: list[Outcome], seconds: float, interrupted: bool) -> None:
    import json
    from dataclasses import asdict

    summary = {
        "seconds": round(seconds, 3),
        "interrupted": interrupted,
        "failed": sum(outcome.exit_code != 0 for outcome in outcomes),
        "files": [{**asdict(outcome), "seconds": round(outcome.seconds, 3)} for outcome in outcomes],
    }
    typer.echo(json.dumps(summary, indent=2, ensure_ascii=False))


def _print_summary(
    console: Console, outcomes: list[Outcome], seconds: float, total: int, interrupted: bool
) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("file", no_wrap=True)
    for column in ("pages", "seconds", "blocks", "tables"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("output", overflow="fold")
    shown = outcomes if len(outcomes) <= MOST_ROWS else [outcome for outcome in outcomes if outcome.exit_code]
    for outcome in shown:
        if outcome.error is not None:
            result = Text("failed", style="red")
        elif outcome.failures:
            result = Text("in part", style="yellow")
        else:
            first, *others = outcome.files.values()
            result = Text(first + (f" +{len(others)}" if others else ""))
        table.add_row(
            Text(_shorten(outcome.name, 32)), str(outcome.pages), f"{outcome.seconds:.2f}",
            str(outcome.blocks), str(outcome.tables), result,
        )  # fmt: skip
    if shown:
        console.print(table)
    for outcome in shown:
        for reason in (outcome.error,) if outcome.error is not None else outcome.failures:
            console.print(Text(f"{outcome.name}: {reason}"), soft_wrap=True)
    pages = sum(outcome.pages for outcome in outcomes)
    failed = sum(outcome.error is not None for outcome in outcomes)
    console.print(
        f"{len(outcomes)} of {total} files, {pages} pages in {seconds:.1f} s"
        f"{f' ({pages / seconds:.1f} pages/s)' if seconds > 0 else ''}"
        f"{f', {failed} failed' if failed else ''}{', interrupted' if interrupted else ''}",
        highlight=False,
    )
