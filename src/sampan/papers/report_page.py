"""A report for people: a Markdown page and a picture of its tables."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sampan.papers.report import Column, Measured, Report, Row, Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PICTURE = "report.png"


def page(report: Report, picture: str = PICTURE) -> str:
    """The report as Markdown.

    Args:
        report: of `reproduce`.
        picture: where the picture lies, seen from the page.
    """
    setting, machine = report.setting, report.machine
    count = len(setting.seeds)
    quick = " --quick" if setting.quick else ""
    sizes = "".join(f"\n* {name}: {value}" for name, value in setting.sizes.items())
    parts = [
        f"# {report.title}",
        f"**Verdict: {report.verdict}.** {report.because}",
        f"*The paper's claim:* {report.claim}\n\n*Tested here:* {report.miniature}",
        f"## Setting\n\n{setting.what}\n\nData: {setting.data}\n{sizes}\n* seeds: {count}",
        f"## Measured\n\nMean ± standard deviation over {count} {'seed' if count == 1 else 'seeds'}.\n\n"
        + "\n\n".join(_table(table) for table in report.tables),
        f"![]({picture})",
        "## Rules\n\nWritten down before the run; the verdict follows from the claims among them. A control must\n"
        "hold for claims to mean anything; an aside decides nothing.\n\n" + _findings(report),
    ]
    if report.notes:
        parts.append("## Notes\n\n" + "\n".join(f"* {note}" for note in report.notes))
    software = ", ".join(f"{name} {number}" for name, number in machine.software.items())
    parts.append(
        f"## Repeat\n\n```\nsampan reproduce {report.paper}{quick} --seeds {count}\n```\n\n"
        f"{report.seconds:.0f} s, {report.cpu_seconds:.0f} s of processor time, {report.date}; {machine.processor}, "
        f"{machine.cores} cores, load {machine.load:g} when it began; {software}."
    )
    return "\n\n".join(parts) + "\n"


def told(measured: Measured, digits: int) -> str:
    """A figure with its spread: "97.31 ± 0.12"."""
    spread = "" if measured.spread is None else f" ± {measured.spread:.{digits}f}"
    return f"{measured.mean:.{digits}f}{spread}"


def draw(report: Report, path: Path) -> None:
    """A PNG with a panel for every drawn column of every table: bars of means, dots of seeds."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    panels = [(table, column) for table in report.tables for column in table.columns if column.drawn]
    columns = min(len(panels), 3)
    deepest = max((len(table.rows) for table, _ in panels), default=1)
    lines = -(-len(panels) // max(columns, 1))
    figure = Figure(
        figsize=(4.6 * max(columns, 1), (0.9 + 0.3 * deepest) * lines + 0.5), layout="constrained"
    )
    FigureCanvasAgg(figure)
    figure.suptitle(f"{report.paper}: {report.verdict}", fontsize=11)
    for index, (table, column) in enumerate(panels):
        _panel(figure.add_subplot(lines, columns, index + 1), table, column)
    part = path.with_suffix(".part.png")
    figure.savefig(part, dpi=100)
    part.replace(path)


def _panel(axes: Axes, table: Table, column: Column) -> None:
    rows = [row for row in table.rows if column.name in row.measured]
    for height, row in enumerate(rows):
        measured = row.measured[column.name]
        axes.barh(height, measured.mean, color="tab:blue", alpha=0.45)
        axes.plot(measured.values, [height] * measured.n, "o", color="black", markersize=3)
    axes.set_yticks(range(len(rows)), [row.name for row in rows], fontsize=8)
    axes.invert_yaxis()
    values = [value for row in rows for value in row.measured[column.name].values]
    if values and min(values) > 0 and max(values) < 1.4 * min(values):
        # Bars that nearly agree are told apart only when the axis starts near them.
        margin = max(max(values) - min(values), 0.02 * max(values))
        axes.set_xlim(max(0.0, min(values) - margin), max(values) + 0.3 * margin)
    arrow = {"higher": " →", "lower": " ←", None: ""}[column.better]
    axes.set_title(f"{table.title}\n{_heading(column)}{arrow}", fontsize=8)
    axes.tick_params(axis="x", labelsize=7)
    axes.grid(axis="x", alpha=0.3)


def _heading(column: Column) -> str:
    return f"{column.name}, {column.unit}" if column.unit else column.name


def _table(table: Table) -> str:
    with_reported = [
        column.name for column in table.columns if any(column.name in row.reported for row in table.rows)
    ]
    heads = [table.variants]
    for column in table.columns:
        heads += [_heading(column)] + (["in the paper"] if column.name in with_reported else [])
    lines = [f"**{table.title}**", "", _line(heads), _line(["---"] + ["---:"] * (len(heads) - 1))]
    for row in table.rows:
        cells = [row.name]
        for column in table.columns:
            measured = row.measured.get(column.name)
            cells.append("" if measured is None else told(measured, column.digits))
            if column.name in with_reported:
                cells.append(_reported(row, column))
        lines.append(_line(cells))
    if table.reported:
        lines += ["", f"In the paper: {table.reported}"]
    return "\n".join(lines)


def _reported(row: Row, column: Column) -> str:
    value = row.reported.get(column.name, "")
    return value if isinstance(value, str) else f"{value:g}"


def _findings(report: Report) -> str:
    lines = [_line(["", "statement", "needs", "found", "holds"]), _line(["---"] * 5)]
    for finding in report.findings:
        holds = "yes" if finding.holds else "**no**"
        lines.append(_line([finding.role, finding.statement, finding.needs, finding.found, holds]))
    return "\n".join(lines)


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
