"""`sampan watch`: a folder whose documents are read as they come."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from sampan.errors import OptionError

if TYPE_CHECKING:
    from sampan.documents.watch import News

EXAMPLES = """
**Examples**

`sampan watch inbox/ -o out` reads what is there and what comes, until Ctrl-C; later it goes on where it was.

`sampan watch inbox/ -o out --to md,docx,pdf --workers 2 --json` says what happens as JSON, one object a line.

`sampan watch /mnt/share -o out --poll --settle 10` looks at a network folder, which sends no events.

`sampan watch inbox/ -o out --mirror` also removes the outputs of files that are deleted or moved away.

`sampan watch inbox/ -o out --option dpi=150 --option tables=false` sets options of `sampan parse`.
"""


def watch(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder to watch, with all below it.")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="Folder to write to.")],
    to: Annotated[
        str, typer.Option(metavar="LIST", help="Formats, with commas, as for `sampan parse`.")
    ] = "md",
    ocr: Annotated[
        Literal["auto", "always", "never"],
        typer.Option(help="auto: only what a PDF's text layer does not say."),
    ] = "auto",
    option: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="Any other option of reading; give it again for more."),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes that read files side by side.")] = 1,
    settle: Annotated[
        float, typer.Option(min=0, help="Seconds for which a file must not change to be complete.")
    ] = 2.0,
    poll: Annotated[bool, typer.Option("--poll", help="Look again and again; for network folders.")] = False,
    mirror: Annotated[
        bool, typer.Option("--mirror", help="Remove the outputs of files that are gone.")
    ] = False,
    max_page_seconds: Annotated[
        float | None, typer.Option(min=0.1, help="Give up files with longer pages.")
    ] = None,
    max_memory: Annotated[str | None, typer.Option(metavar="SIZE", help="Of each process: 2G, 800M.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="JSON on standard output, one object a line.")
    ] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Say only what went wrong.")] = False,
) -> None:
    """Read documents as they come into a folder, until you stop it.

    A file is read when it has stopped changing, and again when it changes. Files that cannot be read are reported and
    never stop the rest. A journal in DIR knows what is done, so that nothing is read twice after a restart.
    """
    from sampan.cli.batch import memory_share, parse_bytes
    from sampan.cli.parse import formats_of
    from sampan.documents.parser import make_options
    from sampan.runtime import usable_cores

    try:
        import watchfiles  # noqa: F401
    except ModuleNotFoundError:
        raise OptionError("`sampan watch` needs watchfiles: run `pip install 'sampan[watch]'`") from None
    from sampan.documents.bulk.crew import LocalCrew
    from sampan.documents.bulk.engine import Settings
    from sampan.documents.bulk.isolation import Limits
    from sampan.documents.watch import Watcher, WatchSettings

    formats = formats_of(to)
    options = make_options(**{"ocr": ocr, **_pairs(option or [])})
    limits = Limits(
        page_seconds=max_page_seconds or Limits().page_seconds,
        memory=parse_bytes(max_memory) if max_memory else memory_share(workers),
    )
    bulk = Settings(options, formats, limits, workers, resume=True)
    threads = options.threads or max(1, usable_cores() // workers)
    crew = LocalCrew(options, formats, limits, threads, bulk.part_pages)
    watcher = Watcher(folder, output, bulk, crew, WatchSettings(settle, poll=poll, mirror=mirror))
    signal.signal(signal.SIGTERM, _interrupt)
    read = failed = 0
    try:
        for news in watcher.run():
            read += news.what == "read"
            failed += news.what == "failed"
            _say(news, as_json, quiet)
    except KeyboardInterrupt:
        if not quiet:
            typer.echo(
                f"sampan: stopped; {read} files read, {failed} failed; what is unfinished is read next time",
                err=True,
            )


def _say(news: News, as_json: bool, quiet: bool) -> None:
    outcome = news.outcome
    if as_json:
        import json
        import sys

        said: dict[str, Any] = {"what": news.what, "name": news.name}
        if outcome is not None:
            said |= outcome.plain()
        if news.message:
            said["message"] = news.message
        typer.echo(json.dumps(said, ensure_ascii=False))
        sys.stdout.flush()
    elif news.what == "trouble":
        typer.echo(f"sampan: {news.message}", err=True)
    elif outcome is not None and (outcome.error is not None or outcome.failures):
        typer.echo(f"{news.what} {news.name}: {'; '.join(map(str, outcome.faults()))}", err=True)
    elif quiet:
        return
    elif news.what == "ready":
        typer.echo(f"watching {news.name}; Ctrl-C ends it", err=True)
    elif outcome is not None:
        where = ", ".join(outcome.files.values())
        typer.echo(f"read {news.name}: {outcome.pages} pages in {outcome.seconds:.1f} s: {where}", err=True)
    else:
        typer.echo(f"{news.what} {news.name}", err=True)


def _pairs(given: list[str]) -> dict[str, str]:
    """`["dpi=150"]` → `{"dpi": "150"}`; the option's own type reads the value."""
    pairs = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise OptionError(f"--option {text!r} is no pair: write NAME=VALUE, such as dpi=150")
        pairs[name.strip().replace("-", "_")] = value.strip()
    return pairs


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
