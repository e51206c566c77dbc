"""l, 1 and I on drawn pages: doubtful ones take the name of the page's sure examples that look the same."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image as Picture
from PIL import ImageDraw
from tests.documents.ocr.drawn import VERA, VERA_BOLD, font, quad

from sampan.documents.ocr.crops import LineCrop, quad_size
from sampan.documents.ocr.ctc import Reading
from sampan.documents.ocr.lookalikes import settle_lookalikes

_FONTS = "/usr/share/fonts/truetype"
SANS = f"{_FONTS}/liberation/LiberationSans-Regular.ttf"
SERIF = f"{_FONTS}/liberation/LiberationSerif-Regular.ttf"
MONO = f"{_FONTS}/liberation/LiberationMono-Regular.ttf"
DEJAVU_SERIF = f"{_FONTS}/dejavu/DejaVuSerif.ttf"
DEJAVU_MONO = f"{_FONTS}/dejavu/DejaVuSansMono.ttf"


def typeface(path: str) -> object:
    missing = Path(path).is_absolute() and not Path(path).is_file()
    name = Path(path).stem
    mark = pytest.mark.skipif(
        missing, reason=f"{name} is not installed (benchmarks/corpus/fonts.py names the package)"
    )
    return pytest.param(path, id=name, marks=mark)


TYPEFACES = [typeface(path) for path in (VERA, VERA_BOLD, SANS, SERIF, MONO, DEJAVU_SERIF, DEJAVU_MONO)]

PROSE = [
    "All the small mills along the hill still sold meal until 1911.",
    "In 1841, 1871 and 1914 the old wheel was locked all April.",
    "Its final toll list holds 118 bills; Ida called it careful.",
    "In all, 1,211 sails filled while India and Ireland listened.",
]


def page(
    texts: list[str], name: str, size: int = 24, read: list[str] | None = None
) -> tuple[list[LineCrop], list[Reading]]:
    """Lines one under the other, with what was read in them: the truth, or `read`."""
    face = font(name, size)
    ascent, descent = face.getmetrics()
    image = Picture.new("L", (1400, 2 * size * (len(texts) + 1)), 255)
    draw = ImageDraw.Draw(image)
    for row, text in enumerate(texts):
        draw.text((30, size * (2 * row + 1)), text, 0, face)
    picture = cv2.cvtColor(np.asarray(image), cv2.COLOR_GRAY2BGR)
    crops, readings = [], []
    for row, (text, said) in enumerate(zip(texts, read or texts, strict=True)):
        assert len(text) == len(said)
        top = size * (2 * row + 1)
        crop = LineCrop(picture, quad((26, top, 34 + face.getlength(text), top + ascent + descent)))
        places = [30 + face.getlength(text[:k]) for k in range(len(text) + 1)]
        edges = (np.array(places) - crop.quad[0, 0]) / quad_size(crop.quad)[0]
        columns = np.stack([edges[:-1], edges[1:]], axis=1).astype(np.float32)
        crops.append(crop)
        readings.append(Reading(said, 0.97, list(said), np.full(len(said), 0.97, np.float32), columns, "m"))
    return crops, readings


def settled(lines: dict[str, str], name: str, size: int = 24, prose: list[str] = PROSE) -> list[str]:
    """What becomes of lines read wrong, {truth: reading}, on a page of prose."""
    truth = [*prose, *lines]
    crops, readings = page(truth, name, size, [*prose, *lines.values()])
    found = settle_lookalikes(crops, readings)
    assert [reading.text for reading in found[: len(prose)]] == prose
    for before, after in zip(readings, found, strict=True):
        assert "".join(after.characters) == after.text
        # Only names change.
        assert after.columns is before.columns and after.probabilities is before.probabilities
        assert after.confidence == before.confidence and after.model == before.model
    return [reading.text for reading in found[len(prose) :]]


@pytest.mark.parametrize("size", [24, 36])
@pytest.mark.parametrize("name", TYPEFACES)
def test_codes_and_options(name: str, size: int) -> None:
    wrong = {
        "Lot KG-4407l was paid": "Lot KG-44071 was paid",
        "Lot KG-44071 was paid early": "Lot KG-4407l was paid early",
        "Now try wc -l on the page": "Now try wc -1 on the page",
        "Now try ls -1 on the page": "Now try ls -l on the page",
        "Berth 1B24l by the quay": "Berth lB241 by the quay",
    }
    assert settled(wrong, name, size) == list(wrong)


@pytest.mark.parametrize("name", [typeface(path) for path in (VERA, MONO, DEJAVU_MONO)])
def test_units_after_a_slash_that_stands_apart(name: str) -> None:
    wrong = {"at most 6 mg/l in spring": "at most 6 mg/1 in spring", "(mg/l) in May": "(mg/1) in May"}
    assert settled(wrong, name) == list(wrong)


@pytest.mark.parametrize("size", [20, 24, 36])
@pytest.mark.parametrize("name", TYPEFACES)
def test_what_was_read_right_stays(name: str, size: int) -> None:
    right = [
        "Lot KG-4407l and lot KG-44071 were paid",
        "Try wc -l and then ls -1 on this page",
        "at most 6 mg/l in spring, 12A1 and 3l by the quay",
        "Bay 1B, 11th pier, C1 and v2.1",
    ]
    assert settled(dict(zip(right, right, strict=True)), name, size) == right


@pytest.mark.parametrize("name", [typeface(path) for path in (SERIF, MONO, DEJAVU_SERIF, DEJAVU_MONO)])
def test_capital_i_where_the_typeface_tells_it(name: str) -> None:
    wrong = {
        "Lot KG-4407l was paid": "Lot KG-4407I was paid",
        "Lot KG-44071 was paid early": "Lot KG-4407I was paid early",
        "Part 12I by the quay": "Part 12l by the quay",
    }
    assert settled(wrong, name) == list(wrong)


@pytest.mark.parametrize("name", TYPEFACES)
def test_without_examples_of_capital_i_only_an_exact_l_is_one(name: str) -> None:
    prose = [line.replace("I", "A") for line in PROSE]
    wrong = {"Lot KG-4407l was paid": "Lot KG-4407I was paid"}
    assert settled(wrong, name, prose=prose) == list(wrong)
    kept = {"Lot KG-44071 was paid": "Lot KG-4407I was paid"}
    # Unlike every l, it may be an I.
    assert settled(kept, name, prose=prose) == list(kept.values())


@pytest.mark.parametrize("name", [VERA, VERA_BOLD])
@pytest.mark.parametrize(
    "prose",
    [
        [],
        ["The ferry was moored at the upper quay."],
        ["All the small mills along the hill still sold meal."],
        ["In 1911 and 1114 the keeper was gone."],
        ["In 17 and 31 boats were sold all April."],  # two 1s and three l
    ],
)
def test_a_page_without_examples_is_left_alone(name: str, prose: list[str]) -> None:
    wrong = {"Lot KG-4407l was paid": "Lot KG-44071 was paid"}
    assert settled(wrong, name, prose=prose) == list(wrong.values())


def test_unsure_letters_are_no_examples() -> None:
    texts = [*PROSE, "Lot KG-4407l was paid"]
    crops, readings = page(texts, VERA, read=[*PROSE, "Lot KG-44071 was paid"])
    assert settle_lookalikes(crops, readings)[-1].text == texts[-1]
    for reading in readings:
        reading.probabilities = np.full_like(reading.probabilities, 0.85)
    assert settle_lookalikes(crops, readings)[-1].text == "Lot KG-44071 was paid"


def test_lines_of_another_size_are_no_examples() -> None:
    crops, readings = page(PROSE, VERA, 48)
    more, others = page(["Lot KG-4407l was paid"], VERA, 24, ["Lot KG-44071 was paid"])
    assert settle_lookalikes(crops + more, readings + others)[-1].text == "Lot KG-44071 was paid"
    crops, readings = page(PROSE, VERA, 26)
    assert settle_lookalikes(crops + more, readings + others)[-1].text == "Lot KG-4407l was paid"


@pytest.mark.parametrize(
    "text",
    [
        "The ferry sailed at 11 in April 1911",
        "Illness and 1,211 bills",
        "A-level and all-in 1-11",
        "path/to/all and 1/2",
    ],
)
def test_readings_without_doubtful_words_are_returned_as_they_are(text: str) -> None:
    crops, readings = page([*PROSE, text], VERA)
    found = settle_lookalikes(crops, readings)
    assert all(after is before for before, after in zip(readings, found, strict=True))
    assert found is not readings
    # Nothing was looked at.
    assert all(crop._ink is None for crop in crops)
    assert settle_lookalikes([], []) == []


def test_other_lines_of_a_page_with_a_doubtful_one_are_returned_as_they_are() -> None:
    crops, readings = page([*PROSE, "Lot KG-4407l was paid"], VERA, read=[*PROSE, "Lot KG-44071 was paid"])
    before = list(readings)
    found = settle_lookalikes(crops, readings)
    assert all(after is one for one, after in zip(before[:-1], found[:-1], strict=True))
    # The readings given are not touched.
    assert readings == before and readings[-1].text == "Lot KG-44071 was paid"


def test_words_of_letters_alone_are_left_alone() -> None:
    """They are for the recogniser and its language to know; letters amid figures are not."""
    wrong = {"All the small mills": "AIl the smaIl mills", "in 1911 and 2015": "in l9ll and 20l5"}
    assert settled(wrong, VERA) == ["AIl the smaIl mills", "in 1911 and 2015"]


@pytest.mark.parametrize("name", [typeface(path) for path in (VERA, SERIF, MONO)])
def test_the_order_of_lines_does_not_matter(name: str) -> None:
    # More examples than are looked at, some of them misread.
    prose = PROSE * 3 + ["In l91l all bi1ls", "lt fell in 1l11"]
    truth = [*prose, "Lot KG-4407l was paid", "Now try wc -l on the page", "Try ls -1 on it", "Berth B24l"]
    read = [*prose, "Lot KG-44071 was paid", "Now try wc -1 on the page", "Try ls -l on it", "Berth B241"]
    crops, readings = page(truth, name, read=read)
    before = [reading.text for reading in settle_lookalikes(crops, readings)]
    assert before[len(prose) :] == truth[len(prose) :]
    rng = np.random.default_rng(0)
    for _ in range(6):
        order = rng.permutation(len(crops)).tolist()
        after = settle_lookalikes([crops[k] for k in order], [readings[k] for k in order])
        assert [reading.text for reading in after] == [before[k] for k in order]


@pytest.mark.parametrize(("ink", "paper"), [(255, 0), (90, 220), (200, 60)])
def test_any_ink_on_any_paper(ink: int, paper: int) -> None:
    texts = [*PROSE, "Lot KG-4407l was paid"]
    crops, readings = page(texts, VERA, read=[*PROSE, "Lot KG-44071 was paid"])
    table = np.linspace(ink, paper, 256).astype(np.uint8)
    image = cv2.LUT(crops[0].image, table)
    crops = [LineCrop(image, crop.quad) for crop in crops]
    assert [reading.text for reading in settle_lookalikes(crops, readings)] == texts


def test_a_blank_picture_says_nothing() -> None:
    texts = [*PROSE, "Lot KG-44071 was paid"]
    crops, readings = page(texts, VERA)
    blank = [LineCrop(np.full_like(crops[0].image, 255), crop.quad) for crop in crops]
    assert settle_lookalikes(blank, readings) == readings


def test_ligatures_leave_the_positions_unknown() -> None:
    """A reading whose characters are not its text's letters is left alone."""
    crops, readings = page([*PROSE, "Lot KG-4407l was paid"], VERA, read=[*PROSE, "Lot KG-44071 was paid"])
    odd = readings[-1]
    characters = ["Lo", *odd.characters[2:]]
    odd = Reading(odd.text, 0.97, characters, odd.probabilities[1:], odd.columns[1:], "m")
    assert settle_lookalikes(crops, [*readings[:-1], odd])[-1] is odd
