from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from sampan.cli.eval_doc import eval_doc
from sampan.documents.evaluation.assertions import Assertion, check_assertion, load_assertions
from sampan.documents.evaluation.comparison import compare_runs
from sampan.documents.evaluation.elements import extract_elements
from sampan.documents.evaluation.page import EvaluationOptions, PageResult, Pair, evaluate_page
from sampan.documents.evaluation.relative_mapping import rms_f1
from sampan.documents.evaluation.run import evaluate_cases
from sampan.documents.evaluation.sources import Case, markdown_truth
from sampan.documents.evaluation.summary import overall, summarise
from sampan.errors import InputError, OptionError

PAGE = """# Annual report

Net income rose to 4.2 million, the most since 1998.

Conclusion follows.

| Year | 2023 | 2024 |
|------|------|------|
| Sales | 4.1 | 4.2 |
| Costs | 3.0 | 3.5 |
"""


def text_pair(edit: int, longest: int) -> Pair:
    return Pair("text", ["x"], "", "", edit, longest, edit, longest, attributes={"language": "en"})


def test_three_averages() -> None:
    pages = [
        PageResult("a", [text_pair(1, 10), text_pair(0, 10)], attributes={"layout": "single"}),
        PageResult("b", [text_pair(40, 80)], attributes={"layout": "double"}),
        PageResult("empty", []),
    ]
    summary = summarise(pages)
    edit = summary["text"]["edit"]
    assert edit["page"] == pytest.approx((1 / 20 + 1 / 2) / 2)
    assert edit["whole"] == pytest.approx(41 / 100)
    assert edit["sample"] == pytest.approx((0.1 + 0 + 0.5) / 3)
    assert summary["table"]["teds"]["page"] is None
    assert summary["attributes"]["page"]["layout: double"]["text_edit"] == 0.5
    assert summary["attributes"]["block"]["text: language: en"]["blocks"] == 3


def test_overall() -> None:
    assert overall(0.033, 0.9476, 0.9749) == pytest.approx(96.3166667)
    assert overall(0.1, None, None) == pytest.approx(90)
    assert overall(None, None, None) is None
    page = evaluate_page(markdown_truth("text\n\n$$x=y$$", "p"), extract_elements("text\n\n$$x=z$$"))
    assert summarise([page])["overall"]["formula"] == "edit"
    assert summarise([page], formula_cdm=1.0)["overall"]["value"] == 100


def test_rms() -> None:
    truth = "<table><tr><td></td><td>A</td><td>B</td></tr><tr><td>x</td><td>10</td><td>20</td></tr></table>"
    turned = "<table><tr><td></td><td>x</td></tr><tr><td>A</td><td>10</td></tr><tr><td>B</td><td>20</td></tr></table>"
    assert rms_f1(truth, truth) == 1
    assert rms_f1(turned, truth) == 1
    assert rms_f1(truth.replace("20", "22"), truth) == pytest.approx((1 + 0.9) / 2)
    assert rms_f1(truth.replace("20", "200"), truth) == pytest.approx(1 / 2)
    one = "<table><tr><td></td><td>A</td></tr><tr><td>x</td><td>10</td></tr></table>"
    assert rms_f1(one, truth) == pytest.approx(2 / 3)
    assert rms_f1("", truth) == 0
    assert rms_f1("", "") == 1


@pytest.mark.parametrize(
    ("statement", "holds"),
    [
        ({"type": "present", "text": "rose to 4.2 million"}, True),
        ({"type": "present", "text": "rose to 42 million"}, False),
        ({"type": "present", "text": "rose to 42 million", "max_diffs": 1}, True),
        ({"type": "present", "text": "annual report", "case_sensitive": False}, True),
        ({"type": "present", "text": "Conclusion", "first_n": 30}, False),
        ({"type": "absent", "text": "Page 3"}, True),
        ({"type": "absent", "text": "Conclusion"}, False),
        ({"type": "order", "before": "Annual report", "after": "Conclusion"}, True),
        ({"type": "order", "before": "Conclusion", "after": "Net income"}, False),
        ({"type": "order", "before": "Conclusion", "after": "nowhere"}, False),
        ({"type": "table", "cell": "4.2", "left": "4.1", "down": "3.5", "top_heading": "2024"}, True),
        ({"type": "table", "cell": "4.2", "left_heading": "Sales"}, True),
        ({"type": "table", "cell": "4.2", "up": "2023"}, False),
        ({"type": "table", "cell": "4.2", "right": "9"}, False),
        ({"type": "table", "cell": "7"}, False),
    ],
)
def test_assertions(statement: dict[str, object], holds: bool) -> None:
    assertion = Assertion.model_validate({"page": "p", **statement})
    verdict = check_assertion(assertion, extract_elements(PAGE))
    assert verdict.holds == holds
    assert holds == (verdict.reason == "")
    assert not check_assertion(assertion, None).holds


def test_assertion_files(tmp_path: Path) -> None:
    entries = [
        {"pdf": "dir/p.pdf", "page": 1, "type": "present", "text": "x"},
        {"page": "q", "type": "absent", "text": "y"},
    ]
    (tmp_path / "a.json").write_text(json.dumps(entries), encoding="utf-8")
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, entries)), encoding="utf-8")
    (tmp_path / "a.yaml").write_text(
        "- {pdf: dir/p.pdf, type: present, text: x}\n- {page: q, type: absent, text: y}", encoding="utf-8"
    )
    for name in ("a.json", "a.jsonl", "a.yaml"):
        assert [a.page for a in load_assertions(tmp_path / name)] == ["p", "q"]
    (tmp_path / "bad.yaml").write_text("- {page: q, type: order, before: y}", encoding="utf-8")
    with pytest.raises(InputError, match=r"assertion 0.*'after'"):
        load_assertions(tmp_path / "bad.yaml")
    (tmp_path / "bad.yaml").write_text("- {page: q, type: maths}", encoding="utf-8")
    with pytest.raises(InputError, match="type"):
        load_assertions(tmp_path / "bad.yaml")


def test_comparison_finds_a_real_difference_and_only_that() -> None:
    rng = random.Random(1)
    first = [PageResult(str(i), [text_pair(rng.randint(10, 40), 100)]) for i in range(60)]
    better = [PageResult(p.name, [text_pair(p.pairs[0].edit - rng.randint(0, 8), 100)]) for p in first]
    (edit, strict) = compare_runs(first, better)
    assert (edit.metric, strict.metric) == ("text edit", "strict text edit")
    assert edit.certain
    assert edit.low < edit.difference < edit.high < 0
    jitter = [PageResult(p.name, [text_pair(p.pairs[0].edit + (-1) ** i, 100)]) for i, p in enumerate(first)]
    assert not compare_runs(first, jitter)[0].certain
    assert compare_runs(first, better, seed=3)[0].difference == edit.difference
    with pytest.raises(InputError, match="no page in common"):
        compare_runs(first, [PageResult("other", [])])


def test_workers_give_the_same_results() -> None:
    cases = [
        Case(
            markdown_truth(f"page {i} has words\n\nand more", f"p{i}"),
            extract_elements(f"page {i} has w0rds"),
        )
        for i in range(5)
    ]
    alone = list(evaluate_cases(cases))
    several = list(evaluate_cases(cases, EvaluationOptions(), workers=2))
    assert [(p.name, p.pairs) for p in alone] == [(p.name, p.pairs) for p in several]
    with pytest.raises(OptionError):
        list(evaluate_cases(cases, workers=0))


@pytest.fixture
def door() -> typer.Typer:
    app = typer.Typer()
    app.command()(eval_doc)
    return app


def test_command(door: typer.Typer, tmp_path: Path) -> None:
    gt, pred, other = tmp_path / "gt", tmp_path / "pred", tmp_path / "other"
    for folder, change in ((gt, ""), (pred, "x"), (other, "yyyyyyy")):
        folder.mkdir()
        for name in ("a", "b"):
            (folder / f"{name}.md").write_text(PAGE + f"\n\ntail <script>{change}", encoding="utf-8")
    files = ["--json", str(tmp_path / "out" / "s.json"), "--html", str(tmp_path / "out" / "s.html")]
    result = CliRunner().invoke(door, [str(pred), str(gt), *files, "--compare", str(other), "--attributes"])
    assert result.exit_code == 0, result.output
    assert "Overall" in result.output
    data = json.loads((tmp_path / "out" / "s.json").read_text(encoding="utf-8"))
    assert data["summary"]["pages"] == 2
    assert data["summary"]["table"]["teds"]["page"] == 1
    assert data["options"] == {"match": "adaptive", "surplus": "strict", "page_seconds": 300.0}
    assert data["pages"][0]["pairs"][0]["truth_ids"]
    assert data["comparison"]["differences"][0]["difference"] < 0
    page = (tmp_path / "out" / "s.html").read_text(encoding="utf-8")
    assert "<ins>x</ins>" in page
    assert "<script>" not in page


def test_command_with_assertions(door: typer.Typer, tmp_path: Path) -> None:
    (tmp_path / "p.md").write_text(PAGE, encoding="utf-8")
    (tmp_path / "tests.yaml").write_text(
        "- {page: p, type: present, text: Conclusion}\n- {page: p, type: present, text: Nothing}",
        encoding="utf-8",
    )
    arguments = [str(tmp_path / "p.md"), str(tmp_path / "tests.yaml"), "--json", str(tmp_path / "v.json")]
    result = CliRunner().invoke(door, arguments)
    assert result.exit_code == 0, result.output
    assert [v["holds"] for v in json.loads((tmp_path / "v.json").read_text(encoding="utf-8"))] == [
        True,
        False,
    ]
