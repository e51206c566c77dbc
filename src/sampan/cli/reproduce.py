"""`sampan reproduce`: a paper's claim in miniature, run here, with a verdict that follows from figures."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Annotated, Self

import typer

from sampan.errors import OptionError

if TYPE_CHECKING:
    from sampan.papers.report import Report

EXAMPLES = """
**Examples**

`sampan reproduce --list` names the papers that can be repeated.

`sampan reproduce ssld` repeats one, in minutes, into `runs/reproduce/ssld`; started again, it goes on where it was.

`sampan reproduce ssld --quick -o /tmp/ssld` only shows that everything runs, in seconds.

`sampan reproduce ssld --json | jq .verdict`
"""


def reproduce(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="A paper.")] = None,
    list_all: Annotated[bool, typer.Option("--list", help="List the papers that can be repeated.")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="Seconds instead of minutes; no verdict.")] = False,
    seeds: Annotated[int | None, typer.Option(min=1, help="Runs of every variant.")] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="DIR", help="Folder; runs/reproduce/NAME by default."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Repeat a paper's claim in miniature and judge it by figures."""
    import sampan.papers.reproductions as reproductions

    if list_all:
        _list(reproductions.names(), as_json)
        return
    if name is None:
        raise OptionError("which paper? `sampan reproduce --list` names those that can be repeated")
    found = reproductions.find(name)
    from rich.console import Console

    from sampan.papers.running import reproduce as run

    folder = out or Path("runs/reproduce") / (f"{found.name}-quick" if quick else found.name)
    with Progress(Console(stderr=True)) as progress:
        report = run(found, folder, quick, seeds, progress)
    if as_json:
        typer.echo(report.model_dump_json(indent=1))
    else:
        _print(report, folder)


def _list(names: list[str], as_json: bool) -> None:
    from sampan.papers.register import load

    if as_json:
        import json

        typer.echo(json.dumps(names))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("name", "the paper's claim", box=None, pad_edge=False, header_style="bold")
    for name in names:
        table.add_row(name, load().find(name).claim)
    Console().print(table)


def _print(report: Report, folder: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    from sampan.papers.report_page import told

    console = Console(soft_wrap=True, highlight=False)
    for one in report.tables:
        heads = [f"{column.name}{f', {column.unit}' if column.unit else ''}" for column in one.columns]
        table = Table(one.variants, *heads, title=one.title, title_justify="left", box=None, pad_edge=False)
        for row in one.rows:
            cells = [
                told(row.measured[column.name], column.digits) if column.name in row.measured else ""
                for column in one.columns
            ]
            table.add_row(row.name, *cells)
        console.print(table)
        console.print()
    for finding in report.findings:
        mark = "holds" if finding.holds else "fails"
        console.print(
            f"{mark}  {finding.role}: {finding.statement}; needs {finding.needs}, found {finding.found}",
            markup=False,
        )
    console.print(f"\n{report.paper}: {report.verdict}. {report.because}", markup=False)
    console.print(f"{folder / 'report.md'}", markup=False)


class Progress:
    """A bar over the pieces on a terminal; plain lines where nobody watches."""

    def __init__(self, console: object) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bar

        assert isinstance(console, Console)
        self._console = console
        self._bar = None
        self._number, self._total = 0, 0
        if console.is_terminal:
            self._bar = Bar(
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.description}"),
                TextColumn("{task.fields[share]:.0%}"),
                TimeElapsedColumn(),
                console=console,
            )
            self._task = self._bar.add_task("", total=None, share=0.0)

    def begins(self, piece: str, number: int, total: int) -> None:
        """As `Watcher`."""
        self._number, self._total = number, total
        if self._bar is not None:
            self._bar.update(self._task, description=piece, total=total, completed=number - 1, share=0.0)

    def advances(self, done: float) -> None:
        """As `Watcher`."""
        if self._bar is not None:
            self._bar.update(self._task, share=done)

    def ends(self, piece: str, seconds: float, kept: bool) -> None:
        """As `Watcher`."""
        if self._bar is not None:
            self._bar.update(self._task, completed=self._number, share=1.0)
        else:
            how = "was finished" if kept else f"{seconds:.1f} s"
            self._console.print(
                f"{self._number}/{self._total}  {piece}  {how}", highlight=False, soft_wrap=True
            )

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
