from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sampan.documents.evaluation.elements import extract_elements
from sampan.documents.evaluation.omnidocbench import read_omnidocbench, write_omnidocbench
from sampan.documents.evaluation.page import evaluate_page
from sampan.documents.evaluation.sources import load_prediction, load_truth, markdown_truth, pair_files
from sampan.documents.model import (
    CaptionBlock,
    Cell,
    Document,
    FormulaBlock,
    HeadingBlock,
    Page,
    Source,
    Table,
    TableBlock,
    TextBlock,
)
from sampan.errors import InputError

BOX = (0.0, 0.0, 1.0, 1.0)


def document(pages: int = 1) -> Document:
    def page(number: int) -> Page:
        table = Table(
            rows=1, columns=2, cells=[Cell(row=0, column=0, text="a"), Cell(row=0, column=1, text="<b")]
        )
        p = f"p{number}"
        return Page(
            number=number,
            width=100,
            height=100,
            unit="pt",
            blocks=[
                TextBlock(id=f"{p}-h", kind="header", box=BOX, text="Running head"),
                HeadingBlock(id=f"{p}-1", box=BOX, text=f"Part {number}", order=0),
                TextBlock(id=f"{p}-2", box=BOX, text=f"Body of page {number} with some words.", order=1),
                TableBlock(id=f"{p}-3", box=BOX, table=table, order=2),
                CaptionBlock(id=f"{p}-4", box=BOX, text="Table 1", caption_of=f"{p}-3", order=3),
                FormulaBlock(id=f"{p}-5", box=BOX, latex="x^2", order=4),
            ],
        )

    return Document(
        source=Source(name="a.pdf", media_type="application/pdf"), pages=[page(n + 1) for n in range(pages)]
    )


def omnidocbench() -> list[dict[str, Any]]:
    def det(anno_id: int, category: str, order: int | None, **content: Any) -> dict[str, Any]:
        return {
            "category_type": category, "poly": [0, 0, 1, 0, 1, 1, 0, 1], "ignore": False, "order": order,
            "anno_id": anno_id, "attribute": {"text_language": "en"}, "line_with_spans": [], **content,
        }  # fmt: skip

    parts = [det(8, "text_block", 6, text="List one"), det(9, "x", 7, text="two")]
    return [
        {
            "layout_dets": [
                det(1, "title", 1, text="A title"),
                det(2, "text_block", 2, text="The first half goes on with a hyphen-"),
                det(3, "text_block", 5, text="ated word. And ends."),
                det(4, "table", 3, html="<table><tr><td>1</td></tr></table>"),
                det(5, "figure", 4),
                det(6, "page_number", None, text="17"),
                det(7, "text_block", 6, merge_list=parts),
            ],
            "page_info": {"image_path": "images/doc_3.png", "page_attribute": {"language": "en", "layout": "single"}},
            "extra": {"relation": [{"source_anno_id": 2, "target_anno_id": 3, "relation_type": "truncated"}]},
        }
    ]  # fmt: skip


def test_omnidocbench_is_read() -> None:
    (page,) = read_omnidocbench(omnidocbench(), "x.json")
    assert page.name == "doc_3"
    assert page.attributes == {"language": "en", "layout": "single"}
    contents = {block.id: block.content for block in page.blocks}
    assert contents["2"] == "The first half goes on with a hyphenated word. And ends."
    assert "3" not in contents
    assert contents["7"] == "List one\n\ntwo"
    assert [block.scored for block in page.blocks] == ["text", "text", "table", "none", "ignored", "text"]
    prediction = (
        "# A title\n\nThe first half goes on with a hyphenated word. And ends.\n\n17\n\n"
        "| 1 |\n|---|\n\nList one\n\ntwo"
    )
    result = evaluate_page(page, extract_elements(prediction))
    assert result.text_edit() == 0
    assert result.ignored == ["6"]


def test_omnidocbench_round_trip(tmp_path: Path) -> None:
    pages = read_omnidocbench(omnidocbench(), "x.json")
    write_omnidocbench(pages, tmp_path / "out.json")
    assert load_truth(tmp_path / "out.json") == pages


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda page: page.pop("layout_dets"), "layout_dets"),
        (lambda page: page["layout_dets"][1].update(poly=[1, 2]), "layout_dets.1.poly"),
        (lambda page: page["layout_dets"][0].pop("anno_id"), "anno_id"),
    ],
)
def test_wrong_annotation_is_refused_with_its_place(change: Any, said: str) -> None:
    data = omnidocbench()
    change(data[0])
    with pytest.raises(InputError, match=said):
        read_omnidocbench(data, "x.json")


def test_document_against_itself_and_against_its_markdown(tmp_path: Path) -> None:
    (tmp_path / "gt").mkdir()
    (tmp_path / "pred").mkdir()
    for name in ("gt", "pred"):
        (tmp_path / name / "a.json").write_text(document(2).model_dump_json(), encoding="utf-8")
    cases = pair_files(tmp_path / "pred", tmp_path / "gt")
    assert [case.truth.name for case in cases] == ["a#1", "a#2"]
    for case in cases:
        result = evaluate_page(case.truth, case.elements)
        assert (result.text_edit(), result.teds(), result.formula_edit(), result.order()) == (0, 1, 0, 0)
    markdown = "\n\n".join(
        f"# Part {n}\n\nBody of page {n} with some words.\n\n| a | <b |\n|--|--|\n\nTable 1\n\n$$x^2$$"
        for n in (1, 2)
    )
    (tmp_path / "pred" / "a.json").unlink()
    (tmp_path / "pred" / "a.md").write_text(markdown, encoding="utf-8")
    (case,) = pair_files(tmp_path / "pred", tmp_path / "gt")
    result = evaluate_page(case.truth, case.elements)
    assert (result.text_edit(), result.teds(), result.formula_edit(), result.order()) == (0, 1, 0, 0)


def test_files_pair_by_name_and_missing_ones_count(tmp_path: Path) -> None:
    gt, pred = tmp_path / "gt", tmp_path / "pred"
    gt.mkdir()
    pred.mkdir()
    for name in ("a", "b", "c"):
        (gt / f"{name}.md").write_text(f"text of {name}", encoding="utf-8")
    (pred / "a.png.md").write_text("text of a", encoding="utf-8")
    (pred / "b.html").write_text("<p>text of b</p>", encoding="utf-8")
    (pred / "z.md").write_text("nobody", encoding="utf-8")
    cases = pair_files(pred, gt)
    assert [case.elements is None for case in cases] == [False, False, True]
    assert [evaluate_page(case.truth, case.elements).text_edit() for case in cases] == [0, 0, 1]


def test_folder_of_predictions_for_one_annotation_file(tmp_path: Path) -> None:
    (tmp_path / "bench.json").write_text(json.dumps(omnidocbench()), encoding="utf-8")
    (tmp_path / "pred").mkdir()
    (tmp_path / "pred" / "doc_3.md").write_text("# A title", encoding="utf-8")
    (case,) = pair_files(tmp_path / "pred", tmp_path / "bench.json")
    assert case.elements is not None


def test_mistakes_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("x", encoding="utf-8")
    (tmp_path / "bad.json").write_text("{", encoding="utf-8")
    (tmp_path / "other.json").write_text('{"pages": 3}', encoding="utf-8")
    (tmp_path / "list.json").write_text("[1]", encoding="utf-8")
    (tmp_path / "empty").mkdir()
    for truth, said in (
        ("nothing.md", "does not exist"),
        ("bad.json", "not JSON"),
        ("other.json", "neither"),
        ("list.json", "layout_dets"),
        ("empty", "no file"),
    ):
        with pytest.raises(InputError, match=said):
            pair_files(tmp_path / "a.md", tmp_path / truth)
    with pytest.raises(InputError, match="suffix"):
        load_prediction(tmp_path / "a.docx")


def test_markdown_truth_keeps_order_and_kinds() -> None:
    page = markdown_truth("# T\n\ntext\n\n$$x$$", "n")
    assert [(b.category, b.order) for b in page.blocks] == [
        ("title", 0),
        ("text_block", 1),
        ("equation_isolated", 2),
    ]
