"""The page's apostrophes by their ink: drawn marks with and without a tail that swings left."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from sampan.documents.ocr.apostrophes import page_apostrophe
from sampan.documents.ocr.crops import LineCrop
from sampan.documents.ocr.ctc import Reading
from sampan.documents.ocr.words import consistent


def drawn_line(shape: str, marks: int) -> tuple[LineCrop, Reading]:
    """Letters as blocks, and between them marks that are straight or swing left."""
    text = "l'" * marks + "l"
    image = np.full((48, 24 * len(text), 3), 255, np.uint8)
    for place, character in enumerate(text):
        x = 24 * place + 12
        if character == "l":
            cv2.rectangle(image, (x - 2, 6), (x + 2, 40), (0, 0, 0), -1)
        elif shape == "straight":
            cv2.rectangle(image, (x - 2, 6), (x + 1, 17), (0, 0, 0), -1)
        else:
            cv2.circle(image, (x + 1, 8), 3, (0, 0, 0), -1)
            cv2.line(image, (x + 2, 9), (x - 2, 17), (0, 0, 0), 2)
    height, width = image.shape[:2]
    quad = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    edges = np.arange(len(text) + 1, dtype=np.float32) / len(text)
    reading = Reading(
        text, 0.9, list(text), np.full(len(text), 0.9, np.float32), np.stack([edges[:-1], edges[1:]], axis=1)
    )
    return LineCrop(image, quad), reading


def test_marks_that_swing_left_are_curly() -> None:
    crop, reading = drawn_line("curly", 5)
    assert page_apostrophe([crop], [reading]) == "’"


def test_even_marks_decide_nothing() -> None:
    crop, reading = drawn_line("straight", 5)
    assert page_apostrophe([crop], [reading]) is None


def test_a_few_marks_prove_nothing() -> None:
    crop, reading = drawn_line("curly", 2)
    assert page_apostrophe([crop], [reading]) is None


@pytest.mark.parametrize(("said", "expected"), [("’", "l’eau et l’"), (None, "l'eau et l'")])
def test_what_the_ink_says_holds_for_all(said: str | None, expected: str) -> None:
    text = "l'eau et l'"
    columns = np.zeros((len(text), 2), np.float32)
    reading = Reading(text, 0.9, list(text), np.full(len(text), 0.9, np.float32), columns)
    assert consistent([reading], said)[0].text == expected


def said(text: str) -> tuple[LineCrop, Reading]:
    """A line whose ink cannot be told from its paper."""
    columns = np.linspace(0, 1, 2 * len(text), dtype=np.float32).reshape(-1, 2) ** 2
    reading = Reading(text, 0.9, list(text), np.full(len(text), 0.9, np.float32), columns)
    quad = np.array([[0, 0], [400, 0], [400, 30], [0, 30]], np.float32)
    return LineCrop(np.full((30, 400, 3), 200, np.uint8), quad), reading


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["l'année passée, l'objectif", "d'une autre, qu'il n'a pas"], "’"),
        (["dell'acqua un po' più", "nell'anno"], "’"),
        (["a further reading of the gauge", "they don't know, it's late, O'Brien"], None),
        (["don't, can't, won't, it's", "l'eau"], None),
        (["no marks at all"], None),
    ],
)
def test_elisions_speak_where_the_ink_is_silent(lines: list[str], expected: str | None) -> None:
    crops, readings = zip(*map(said, lines), strict=True)
    assert page_apostrophe(crops, readings) == expected


def test_wide_marks_between_ideographs() -> None:
    texts = ["测站:平均(见表2）在大风", "45%，在（表1)上", "see (Table 2): it", "第3,456号;完"]
    readings = [said(text)[1] for text in texts]
    assert [reading.text for reading in consistent(readings)] == [
        "测站：平均（见表2）在大风", "45%，在（表1）上", "see (Table 2): it", "第3,456号；完",
    ]  # fmt: skip
