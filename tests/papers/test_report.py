"""Reports: figures over seeds, verdicts both ways, and back from JSON unchanged."""

from __future__ import annotations

import json
import statistics
from pathlib import Path

import pytest
from pydantic import ValidationError
from tests.papers.coins import Coins

from sampan.errors import InputError
from sampan.papers.report import Column, Finding, Measured, Report, Row, Setting, Table
from sampan.papers.report_page import page
from sampan.papers.rules import Cell, Rule, bounded, gains, keeps, ratio
from sampan.papers.running import reproduce, this_machine

HEADS = {"loaded": [81.0, 79.0, 83.0], "fair": [50.0, 48.0, 53.0]}


def finding(role: str, holds: bool) -> Finding:
    return Finding.model_validate(
        {"statement": f"a {role}", "role": role, "needs": "it", "found": "3", "holds": holds}
    )


def report(findings: list[Finding], quick: bool = False) -> Report:
    return Report(
        paper="pp-lcnet",
        title="A title",
        claim="A claim.",
        miniature="A small claim.",
        setting=Setting(what="What.", data="Data.", seeds=(0,), quick=quick),
        tables=(),
        findings=tuple(findings),
        seconds=1.0,
        cpu_seconds=1.0,
        machine=this_machine(),
        date="2026-01-01",
    )


def tables(**rows: list[float]) -> dict[str, Table]:
    made = tuple(
        Row(name=name, measured={"x": Measured(values=tuple(values))}) for name, values in rows.items()
    )
    return {"t": Table(name="t", title="T", columns=(Column(name="x"),), rows=made)}


def cell(row: str) -> Cell:
    return Cell("t", row, "x")


def test_mean_and_spread_are_those_of_the_statistics_module() -> None:
    values = [3.0, 4.5, 9.25, -1.0]
    measured = Measured(values=tuple(values))
    assert measured.mean == statistics.fmean(values)
    assert measured.spread == statistics.stdev(values)
    assert measured.n == 4
    assert measured.standard_error == pytest.approx(statistics.stdev(values) / 2)
    assert Measured(values=(2.0,)).spread is None
    with pytest.raises(ValidationError):
        Measured(values=(float("nan"),))


@pytest.mark.parametrize(
    ("findings", "verdict"),
    [
        ([("claim", True), ("claim", True), ("control", True), ("aside", False)], "reproduced"),
        ([("claim", True), ("claim", False)], "partly"),
        ([("claim", False), ("claim", False)], "not at this scale"),
        ([("claim", True), ("control", False)], "not at this scale"),
        ([("aside", True), ("control", True)], "not at this scale"),
        ([], "not at this scale"),
    ],
)
def test_the_verdict_follows_from_findings(findings: list[tuple[str, bool]], verdict: str) -> None:
    made = report([finding(role, holds) for role, holds in findings])
    assert made.verdict == verdict
    assert made.because.endswith(".")
    broken = [role for role, holds in findings if not holds and role != "aside"]
    assert all(f"a {role} (found 3)" in made.because for role in broken)


def test_a_quick_run_has_no_verdict_about_the_claim() -> None:
    assert report([finding("claim", True)]).verdict == "reproduced"
    assert report([finding("claim", True)], quick=True).verdict == "not at this scale"


def test_a_verdict_cannot_be_written_into_the_file(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    report([finding("claim", False)]).write(path)
    text = path.read_text(encoding="utf-8")
    assert '"verdict": "not at this scale"' in text
    path.write_text(text.replace('"not at this scale"', '"reproduced"'), encoding="utf-8")
    assert Report.read(path).verdict == "not at this scale"


@pytest.mark.parametrize(
    ("rule", "rows", "holds"),
    [
        (gains("s", cell("a"), cell("b"), by=1), {"a": [5.0, 6.0, 7.1], "b": [3.0, 4.0, 5.0]}, True),
        (gains("s", cell("a"), cell("b"), by=3), {"a": [5.0, 6.0, 7.1], "b": [3.0, 4.0, 5.0]}, False),
        # The mean is above the bound, but only because of one seed.
        (gains("s", cell("a"), cell("b"), by=1), {"a": [14.0, 4.0, 5.0], "b": [3.0, 4.0, 5.0]}, False),
        # The same lift everywhere is found although the seeds themselves lie far apart.
        (gains("s", cell("a"), cell("b"), by=1), {"a": [12.0, 52.0, 93.0], "b": [10.0, 50.0, 90.0]}, True),
        (gains("s", cell("a"), cell("b")), {"a": [4.0], "b": [4.0]}, False),
        (keeps("s", cell("a"), cell("b"), within=0.5), {"a": [3.6, 4.0], "b": [4.0, 4.4]}, True),
        (keeps("s", cell("a"), cell("b"), within=0.5), {"a": [3.4, 3.4], "b": [4.0, 4.4]}, False),
        (ratio("s", cell("a"), cell("b"), at_least=1.5), {"a": [3.0, 3.2], "b": [2.0, 2.0]}, True),
        (ratio("s", cell("a"), cell("b"), at_most=1.5), {"a": [3.0, 3.2], "b": [2.0, 2.0]}, False),
        (bounded("s", cell("a"), at_most=4), {"a": [3.0, 4.0]}, True),
        (bounded("s", cell("a"), at_least=3.5, at_most=4), {"a": [3.0, 4.0]}, False),
    ],
)
def test_rules_hold_and_break(rule: Rule, rows: dict[str, list[float]], holds: bool) -> None:
    assert rule.apply(tables(**rows)).holds is holds


def test_a_rule_without_bounds_or_with_seeds_that_do_not_match_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="needs a bound"):
        bounded("s", cell("a"))
    with pytest.raises(ValueError):
        gains("s", cell("a"), cell("b")).apply(tables(a=[1.0], b=[1.0, 2.0]))
    with pytest.raises(KeyError):
        bounded("s", cell("c"), at_most=1).apply(tables(a=[1.0]))


def test_a_table_refuses_cells_without_a_column_and_names_twice() -> None:
    row = Row(name="a", measured={"y": Measured(values=(1.0,))})
    with pytest.raises(ValidationError, match="no column is called y"):
        Table(name="t", title="T", columns=(Column(name="x"),), rows=(row,))
    with pytest.raises(ValidationError, match="row twice: a"):
        Table(name="t", title="T", columns=(Column(name="y"),), rows=(row, row))


def test_a_report_comes_back_from_json_as_it_was(tmp_path: Path) -> None:
    made = reproduce(Coins(HEADS), tmp_path)
    assert Report.read(tmp_path / "report.json") == made
    written = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert written["verdict"] == made.verdict == "reproduced"
    heads = written["tables"][0]["rows"][0]["measured"]["heads"]
    assert heads == {"values": HEADS["loaded"], "mean": 81.0, "spread": 2.0, "n": 3}
    assert (tmp_path / "report.png").read_bytes().startswith(b"\x89PNG")


def test_what_is_no_report_is_refused_in_a_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no report"):
        Report.read(tmp_path / "report.json")
    (tmp_path / "report.json").write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match="is not a report"):
        Report.read(tmp_path / "report.json")


def test_the_page_says_what_was_measured_beside_what_the_paper_says(tmp_path: Path) -> None:
    text = page(reproduce(Coins(HEADS), tmp_path))
    assert (tmp_path / "report.md").read_text(encoding="utf-8") == text
    assert "**Verdict: reproduced.** 1 of 1 statements hold." in text
    assert "| coin | heads, % | in the paper |" in text
    assert "| loaded | 81.00 ± 2.00 |  |" in text
    assert "| fair | 50.33 ± 2.52 | 50 |" in text
    assert "| control | the fair coin is fair | ≥ 30 % and ≤ 70 % | 48 to 53 % | yes |" in text
    assert "sampan reproduce pp-lcnet --seeds 3" in text
    assert "Coins are not thrown." in text
