"""What single strings say: markers, section numbers, captions, page numbers, code."""

from __future__ import annotations

import pytest

from sampan.documents.layout import evidence


@pytest.mark.parametrize(
    ("text", "marker", "ordered", "rest"),
    [
        ("• Apples", "•", False, "Apples"),
        ("•Apples", "•", False, "Apples"),
        ("– Pears", "–", False, "Pears"),
        ("1. First", "1.", True, "First"),
        ("12) Twelfth", "12)", True, "Twelfth"),
        ("(a) Alpha", "(a)", True, "Alpha"),
        ("iv. Fourth", "iv.", True, "Fourth"),
        ("[3] A reference", "[3]", True, "A reference"),
        ("・りんご", "・", False, "りんご"),
        ("一、总则", "一、", True, "总则"),
        (". misread bullet", ".", False, "misread bullet"),
        ("o misread bullet", "o", False, "misread bullet"),
    ],
)
def test_list_markers(text: str, marker: str, ordered: bool, rest: str) -> None:
    found = evidence.list_marker(text)
    assert found is not None
    assert (found.text, found.ordered, text[found.end :]) == (marker, ordered, rest)


@pytest.mark.parametrize(
    "text", ["Apples", "1984 was a year", "3.14 is pi", "-5 degrees", "other things", "1.5 m"]
)
def test_no_marker(text: str) -> None:
    assert evidence.list_marker(text) is None


@pytest.mark.parametrize(
    ("text", "depth"),
    [
        ("2 Methods", 1), ("2. Methods", 1), ("2.1 Data", 2), ("3.2.1 Details", 3), ("A. Appendix", 1), ("IV. Results", 1),
        ("Chapter 3 The sea", 1), ("Kapitel 2", 1), ("第三章 方法", 1), ("第二节 数据", 2),
        ("Methods", None), ("1984", None), ("2.5", None),
    ],
)  # fmt: skip
def test_section_depth(text: str, depth: int | None) -> None:
    assert evidence.section_depth(text) == depth


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("Figure 3: A boat", "figure"), ("Fig. 2. A boat", "figure"), ("Abb. 1: Ein Boot", "figure"), ("图 1 小船", "figure"),
        ("図1　船", "figure"), ("Table 2 | Prices", "table"), ("Tabelle 4: Preise", "table"), ("Tableau 1. Prix", "table"),
        ("表2　价格", "table"), ("Listing 1: Sorting", "code"),
        ("Figures are fun", None), ("The table 2", None), ("Tables", None),
    ],
)  # fmt: skip
def test_caption_subject(text: str, subject: str | None) -> None:
    assert evidence.caption_subject(text) == subject


@pytest.mark.parametrize(
    "text", ["7", "- 12 -", "– 89 –", "Page 3", "Seite 4 von 10", "3 / 12", "xiv", "第3页", "第12ページ"]
)
def test_page_numbers(text: str) -> None:
    assert evidence.is_page_number(text)


@pytest.mark.parametrize("text", ["Chapter 7", "12 boats", "3.5", "12345", "a sentence"])
def test_other_numbers(text: str) -> None:
    assert not evidence.is_page_number(text)


@pytest.mark.parametrize(
    "text",
    [
        "def main():",
        "    return x + 1",
        "for (int i = 0; i < n; i++) {",
        "x = f(y)",
        "}",
        "#include <math.h>",
    ],
)
def test_code(text: str) -> None:
    assert evidence.looks_like_code(text)


@pytest.mark.parametrize(
    "text", ["The boat left the harbour at nine.", "We measured it again", "Prices rose, as expected,"]
)
def test_prose_is_no_code(text: str) -> None:
    assert not evidence.looks_like_code(text)
