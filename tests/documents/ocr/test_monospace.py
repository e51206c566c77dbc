"""Monospaced lines: characters drawn in cells, with misreadings put in by hand."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image as Picture
from PIL import ImageDraw
from tests.documents.ocr.drawn import VERA, font

from sampan.documents.ocr.crops import LineCrop
from sampan.documents.ocr.ctc import Reading
from sampan.documents.ocr.monospace import settle_monospaced

CODE = [
    "total = values[1] + values[10]",
    "if all(local): call(1, 11, 101)",
    "while level <= 101: scroll(all)",
    "print('local', 'all', 'level')",
    "echo '2011' '1110' | tail -l 11",
    "curl -o local.col 'all.col'",
]
CELL, ROWS = 14, 30


def drawn(text: str, spread: bool = False) -> LineCrop:
    """A line with every character in the middle of its cell, or, if `spread`, across the cells' borders."""
    picture = Picture.new("L", (CELL * len(text), ROWS), 255)
    draw = ImageDraw.Draw(picture)
    for place, character in enumerate(text):
        x = place * CELL + (0 if spread else CELL / 2)
        draw.text((x, 22), character, fill=0, font=font(VERA, 17), anchor="ms")
    image = np.stack([np.asarray(picture)] * 3, axis=2)
    height, width = image.shape[:2]
    return LineCrop(image, np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32))


def read(text: str, said: str, probability: float = 0.95) -> Reading:
    """`said`, whose characters lie in the cells of `text`; a `\\0` was not read at all."""
    assert len(said) == len(text)
    kept = [k for k, character in enumerate(said) if character != "\0"]
    cells = np.array([[k / len(text), (k + 1) / len(text)] for k in kept], np.float32)
    characters = [said[k] for k in kept]
    certain = np.full(len(kept), probability, np.float32)
    return Reading("".join(characters), probability, characters, certain, cells)


def settled(*said: tuple[int, str]) -> list[str]:
    """The lines of CODE read without error but for those given by number."""
    texts = list(CODE)
    for line, text in said:
        texts[line] = text
    crops = [drawn(line) for line in CODE]
    readings = [read(line, text) for line, text in zip(CODE, texts, strict=True)]
    return [reading.text for reading in settle_monospaced(crops, readings)]


def test_what_was_read_right_stays() -> None:
    assert settled() == CODE


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (4, "echo '2011' '1110' | tail -1 11"),
        (5, "curI -o local.col 'all.col'"),
        (5, "curì -o local.col 'all.col'"),
        (5, "curl -o loca1.col 'a1l.col'"),
        (0, "total = values[l] + values[lO]"),
        (4, "echo '2011' '1110' I tail -l 11"),
    ],
)
def test_look_alikes_are_told_by_the_pages_own_letters(line: int, said: str) -> None:
    # Some of these have no sure example on the page and stay as they are; none may become worse.
    result = settled((line, said))[line]
    wrong_before = sum(a != b for a, b in zip(said, CODE[line], strict=True))
    wrong_after = sum(a != b for a, b in zip(result, CODE[line], strict=True))
    assert wrong_after <= wrong_before
    for k, (before, truth) in enumerate(zip(said, CODE[line], strict=True)):
        if before != truth and truth in "l1":
            assert result[k] == truth


def test_marks_that_were_left_out_are_filled_in() -> None:
    line = CODE[4]
    said = line.replace("'2011'", "\0002011'")
    assert settled((4, said))[4] == line


def test_a_blank_cell_stays_blank() -> None:
    line = CODE[2]
    assert settled((2, line.replace(" ", "\0")))[2].replace(" ", "") == line.replace(" ", "")


def test_curly_quotes_of_code_are_straight() -> None:
    line = CODE[3]
    assert settled((3, line.replace("'", "’")))[3] == line


def test_lines_that_cross_the_grid_are_left_alone() -> None:
    crops = [drawn(line, spread=True) for line in CODE]
    wrong = [read(line, line.replace("l", "1")) for line in CODE]
    crossing = settle_monospaced(crops, wrong)
    assert len(crossing) == len(CODE)
    few = settle_monospaced(crops[:2], wrong[:2])
    assert [reading.text for reading in few] == [reading.text for reading in wrong[:2]]


def test_nothing_in_nothing_out() -> None:
    assert settle_monospaced([], []) == []
