"""`sampan eval-doc`: measures parsed pages against annotated ones."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from sampan.documents.evaluation.comparison import Difference
    from sampan.documents.evaluation.summary import Summary

EXAMPLES = """
**Examples**

`sampan eval-doc out/ truth/` pairs files by name: out/a.md with truth/a.md (or .html, or a Document's .json).

`sampan eval-doc out/ OmniDocBench.json --mode official --match quick --workers 2` follows the benchmark.

`sampan eval-doc new/ truth/ --compare old/ --json scores.json --html audit.html` tells whether new is better.

`sampan eval-doc out/ assertions.yaml` checks statements such as "this text is on the page".
"""


class Mode(StrEnum):
    """How surplus text is counted."""

    strict = "strict"
    official = "official"


class Matcher(StrEnum):
    """How predicted blocks find annotated ones."""

    adaptive = "adaptive"
    quick = "quick"
    simple = "simple"
    none = "none"


def eval_doc(
    pred: Annotated[
        Path,
        typer.Argument(metavar="PRED", help="Predicted file or folder: .md, .html, .txt, Document .json."),
    ],
    gt: Annotated[
        Path,
        typer.Argument(
            metavar="GT",
            help="Truth, file or folder: OmniDocBench or Document .json, .md, .html; or assertions.",
        ),
    ],
    mode: Annotated[
        Mode, typer.Option(help="strict: surplus text costs its full length; official: OmniDocBench's rule.")
    ] = Mode.strict,
    match: Annotated[
        Matcher,
        typer.Option(
            help="adaptive: any paragraph cut; quick: up to v1.5; simple: 1 to 1; none: whole page."
        ),
    ] = Matcher.adaptive,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Scores and all pairs.")
    ] = None,
    html_file: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="All pairs side by side, for audit.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 1,
    compare: Annotated[
        Path | None,
        typer.Option(metavar="OTHER", help="Another prediction: differences with 95 % bootstrap intervals."),
    ] = None,
    page_seconds: Annotated[
        float, typer.Option(min=0.1, help="Time for matching one page, then near neighbours only.")
    ] = 300.0,
    formula_cdm: Annotated[
        float | None,
        typer.Option(min=0.0, max=1.0, help="Mean CDM from another program, for Overall."),
    ] = None,
    attributes: Annotated[bool, typer.Option(help="Also scores per attribute of pages and blocks.")] = False,
) -> None:
    """Measure parsed documents: text and formula edit distance, TEDS, reading order, Overall."""
    from rich.console import Console

    from sampan.documents.evaluation.assertions import are_assertions

    console = Console()
    if are_assertions(gt):
        _check_assertions(console, pred, gt, json_file)
        return
    from dataclasses import asdict

    from sampan.documents.evaluation.comparison import compare_runs
    from sampan.documents.evaluation.dump import write_html, write_json
    from sampan.documents.evaluation.page import EvaluationOptions
    from sampan.documents.evaluation.run import evaluate_cases
    from sampan.documents.evaluation.sources import pair_files
    from sampan.documents.evaluation.summary import summarise

    options = EvaluationOptions(match.value, mode.value, page_seconds)
    pages = list(evaluate_cases(pair_files(pred, gt), options, workers))
    summary = summarise(pages, formula_cdm)
    _print_summary(console, summary, options.match, options.surplus)
    if attributes:
        _print_attributes(console, summary)
    extra = {}
    if compare is not None:
        others = list(evaluate_cases(pair_files(compare, gt), options, workers))
        differences = compare_runs(others, pages)
        _print_differences(console, differences, pred, compare)
        extra["comparison"] = {"other": str(compare), "differences": [asdict(d) for d in differences]}
    for file in (json_file, html_file):
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
    if json_file is not None:
        write_json(json_file, summary, pages, options, **extra)
    if html_file is not None:
        write_html(html_file, pages)


def _figure(value: float | None, percent: bool = False) -> str:
    if value is None:
        return "–"
    return f"{value:.2f}" if percent else f"{value:.4f}"


def _print_summary(console: Console, summary: Summary, match: str, mode: str) -> None:
    from rich.table import Table

    table = Table("metric", box=None, pad_edge=False, header_style="bold")
    for name in ("page mean", "whole", "sample mean"):
        table.add_column(name, justify="right")
    for label, entry in (
        ("text edit ↓", summary["text"]["edit"]),
        ("strict text edit ↓", summary["text"]["strict_edit"]),
        ("formula edit ↓", summary["formula"]["edit"]),
        ("table TEDS ↑", summary["table"]["teds"]),
        ("table TEDS-S ↑", summary["table"]["teds_structure"]),
        ("order edit ↓", {"page": summary["order"]["edit"]}),
    ):
        table.add_row(label, *(_figure(entry.get(key)) for key in ("page", "whole", "sample")))
    total = summary["overall"]
    table.add_row("[bold]Overall ↑[/]", f"[bold]{_figure(total['value'], percent=True)}[/]", "", "")
    console.print(table)
    console.print(f"{summary['pages']} pages, match {match}, mode {mode}")
    if total["formula"] == "edit":
        console.print(
            "Overall uses 1 − formula edit in the place of CDM: not comparable with published values."
        )
    if summary["missing_predictions"]:
        console.print(
            f"[yellow]{summary['missing_predictions']} pages have no prediction and count as empty.[/]"
        )
    if summary["fallbacks"]:
        console.print(
            f"[yellow]{summary['fallbacks']} pages took too long and were matched by neighbours.[/]"
        )


def _print_attributes(console: Console, summary: Summary) -> None:
    from rich.table import Table

    for title, groups in summary["attributes"].items():
        if not groups:
            continue
        names = list(next(iter(groups.values())))
        table = Table(f"by {title} attribute", *names, box=None, pad_edge=False, header_style="bold")
        for label, values in groups.items():
            cells = (str(v) if isinstance(v, int) else _figure(v) for v in values.values())
            table.add_row(label, *cells)
        console.print(table)


def _print_differences(console: Console, differences: list[Difference], pred: Path, other: Path) -> None:
    from rich.table import Table

    table = Table(
        "metric", "pages", str(other), str(pred), "difference", "95 % interval", box=None, pad_edge=False
    )
    for d in differences:
        style = "bold" if d.certain else "dim"
        interval = f"{d.low:+.4f} … {d.high:+.4f}"
        table.add_row(
            d.metric,
            str(d.pages),
            f"{d.first:.4f}",
            f"{d.second:.4f}",
            f"{d.difference:+.4f}",
            interval,
            style=style,
        )
    console.print(table)


def _check_assertions(console: Console, pred: Path, gt: Path, json_file: Path | None) -> None:
    import json

    from rich.table import Table

    from sampan.documents.evaluation.assertions import check_assertion, load_assertions
    from sampan.documents.evaluation.sources import load_predictions

    predictions = load_predictions(pred)
    only = next(iter(predictions.values())) if pred.is_file() else None
    verdicts = [
        check_assertion(assertion, only or predictions.get(assertion.page))
        for assertion in load_assertions(gt)
    ]
    table = Table("type", "hold", "of", box=None, pad_edge=False, header_style="bold")
    for kind in sorted({verdict.assertion.type for verdict in verdicts}):
        own = [verdict.holds for verdict in verdicts if verdict.assertion.type == kind]
        table.add_row(kind, str(sum(own)), str(len(own)))
    table.add_row("[bold]all[/]", str(sum(v.holds for v in verdicts)), str(len(verdicts)))
    console.print(table)
    for verdict in verdicts:
        if not verdict.holds:
            said = verdict.assertion.model_dump(exclude_defaults=True)
            console.print(f"[red]fails[/] {verdict.reason}: ", end="")
            console.print(json.dumps(said, ensure_ascii=False), markup=False)
    if json_file is not None:
        entries = [
            {**v.assertion.model_dump(exclude_defaults=True), "holds": v.holds, "reason": v.reason}
            for v in verdicts
        ]
        json_file.write_text(json.dumps(entries, ensure_ascii=False, indent=1), encoding="utf-8")
