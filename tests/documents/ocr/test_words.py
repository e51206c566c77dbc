from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from tests.documents.ocr.drawn import SENTENCES, VERA, VERA_BOLD, VERA_ITALIC, Box, Drawn, font, iou, quad

from sampan.documents.ocr.crops import LineCrop, quad_size
from sampan.documents.ocr.ctc import Reading
from sampan.documents.ocr.engine import OcrEngine
from sampan.documents.ocr.ink import InkRuns
from sampan.documents.ocr.presets import build_engine
from sampan.documents.ocr.words import consistent, is_cjk, spaced, typographic, word_spans
from sampan.documents.options import ParseOptions


@cache
def engine() -> OcrEngine:
    built = build_engine(ParseOptions(threads=1))
    assert isinstance(built, OcrEngine)
    return built


def crop_of(drawn: Drawn, box: Box, margin: float = 4) -> LineCrop:
    return LineCrop(drawn.image, quad(box, margin))


def reading_of(text: str, centres: list[float], width: float = 0.01) -> Reading:
    """A reading whose characters fire at `centres`, in 0 … 1 of the line."""
    columns = np.array([[centre - width / 2, centre + width / 2] for centre in centres], np.float32)
    probabilities = np.linspace(0.9, 1.0, len(text), dtype=np.float32)
    return Reading(text, float(probabilities.mean()), list(text), probabilities, columns, "m")


def read_without_spaces(text: str, size: int, name: str = VERA, gap: float = 0.0) -> tuple[Reading, InkRuns]:
    """What a recogniser would read in the drawn line if it dropped the spaces."""
    drawn = Drawn(1500, 80)
    box = drawn.line(20, 20, text, size, name, gap)
    crop = crop_of(drawn, box)
    x0, length = crop.quad[0, 0], quad_size(crop.quad)[0]
    centres = []
    face, start = font(name, size), 20.0
    for word in text.split(" "):
        edges = np.array([face.getlength(word[:k]) for k in range(len(word) + 1)])
        centres += (start + (edges[:-1] + edges[1:]) / 2).tolist()
        start += face.getlength(word + " ") + gap
    ink = crop.ink()
    assert ink is not None
    return reading_of(text.replace(" ", ""), [(c - x0) / length for c in centres]), ink


@pytest.mark.parametrize("name", [VERA, VERA_BOLD, VERA_ITALIC])
@pytest.mark.parametrize("size", [12, 20, 36])
def test_dropped_spaces_are_put_back(size: int, name: str) -> None:
    for text in ["The ferry left the weir", "markers of the coins and the", "it is all (in part) over."]:
        reading, ink = read_without_spaces(text, size, name, gap=0.35 * size)
        found = spaced(reading, ink)
        assert found.text == text == "".join(found.characters)
        assert len(found.probabilities) == len(found.columns) == len(text)
        assert (np.diff(found.columns.mean(axis=1)) > 0).all()
        assert found.confidence == reading.confidence and found.model == "m"


@pytest.mark.parametrize("name", [VERA, VERA_BOLD, VERA_ITALIC])
def test_spaces_of_usual_width_are_found_between_full_letters(name: str) -> None:
    text = "many animals on a warm zoo come home"
    found = spaced(*read_without_spaces(text, 24, name)).text
    assert found.replace(" ", "") == text.replace(" ", "")
    assert set(np.cumsum([len(w) for w in found.split()])) <= set(np.cumsum([len(w) for w in text.split()]))
    assert found.count(" ") >= 5


def test_only_some_dropped() -> None:
    reading, ink = read_without_spaces("many animals on a warm zoo", 20, gap=6)
    whole = spaced(reading, ink)
    # Take out one space of the right reading: it comes back, and the others are not doubled.
    for place in [k for k, c in enumerate(whole.characters) if c == " "]:
        one = Reading(
            whole.text[:place] + whole.text[place + 1 :], 1.0, [c for k, c in enumerate(whole.characters) if k != place],
            np.delete(whole.probabilities, place), np.delete(whole.columns, place, axis=0),
        )  # fmt: skip
        assert spaced(one, ink).text == whole.text
    assert spaced(whole, ink) is whole


@pytest.mark.parametrize("text", ["Constantinople", "illimitable", "1,284.50", "(fill-in)", "l1I|", "W"])
@pytest.mark.parametrize("size", [14, 30])
def test_no_space_is_put_into_a_word(text: str, size: int) -> None:
    reading, ink = read_without_spaces(text, size)
    assert spaced(reading, ink).text == text


@pytest.mark.parametrize("text", ["if(i==l){return;}", "listing.filter(i)", "1111111111"])
def test_no_space_is_put_into_monospaced_text(text: str) -> None:
    for pitch in (13.0, 15.0):
        drawn = Drawn(600, 60)
        box = drawn.cells(20, 16, text, 22, pitch)
        crop = crop_of(drawn, box)
        centres = [
            (20 + (k + 0.5) * pitch - crop.quad[0, 0]) / quad_size(crop.quad)[0] for k in range(len(text))
        ]
        assert spaced(reading_of(text, centres), crop.ink()).text == text


def test_a_missing_cell_of_monospaced_text_is_a_space() -> None:
    text = "return value or other"
    drawn = Drawn(600, 60)
    box = drawn.cells(20, 16, text, 22, 14.0)
    crop = crop_of(drawn, box)
    places = [k for k, character in enumerate(text) if character != " "]
    centres = [(20 + (k + 0.5) * 14 - crop.quad[0, 0]) / quad_size(crop.quad)[0] for k in places]
    assert spaced(reading_of(text.replace(" ", ""), centres), crop.ink()).text == text


def test_no_space_is_put_between_ideographs() -> None:
    ink = InkRuns(np.array([0.3, 0.6]), np.array([0.4, 0.7]), 0.0, 1.0, 0.15)
    assert spaced(reading_of("数据表", [0.15, 0.5, 0.85]), ink).text == "数据表"
    assert spaced(reading_of("abc", [0.15, 0.5, 0.85]), ink).text == "a b c"
    assert spaced(reading_of("abc", [0.15, 0.5, 0.85]), None).text == "abc"


@pytest.mark.parametrize(("text", "found"), [("nn", "n n"), ("nl", "nl"), ("ln", "ln"), ("ll", "ll")])
def test_a_gap_beside_narrow_letters_must_be_wider(text: str, found: str) -> None:
    ink = InkRuns(np.array([0.45]), np.array([0.55]), 0.0, 1.0, 0.1 / 0.33)
    assert spaced(reading_of(text, [0.2, 0.8]), ink).text == found


def test_wide_gaps_of_cells_of_one_width_are_no_spaces() -> None:
    text = "nomenuanoemenu"
    gaps = np.arange(1, 14) / 14
    ink = InkRuns(gaps[[4]] - 0.014, gaps[[4]] + 0.014, 0.0, 1.0, 0.07)
    places = (np.arange(14) + 0.5) / 14
    assert spaced(reading_of(text, places.tolist()), ink).text == text
    # The same gap where letters are of many widths is a space.
    uneven = places + np.where(np.arange(14) % 5 < 2, 0.03, -0.02) * (places > gaps[5])
    assert spaced(reading_of(text, uneven.tolist()), ink).text == "nomen uanoemenu"


def test_words() -> None:
    spans = word_spans(reading_of("ab  c 数据d", [0.05, 0.1, 0.2, 0.25, 0.4, 0.5, 0.6, 0.7, 0.9]), None)
    assert [span.text for span in spans] == ["ab", "c", "数", "据", "d"]
    assert [(span.first, span.last) for span in spans] == [(0, 2), (4, 5), (6, 7), (7, 8), (8, 9)]
    assert spans[0].start == 0 and spans[-1].end == 1
    assert all(a.end <= b.start + 1e-6 for a, b in pairwise(spans))
    assert spans[0].least == pytest.approx(0.9) and spans[0].confidence == pytest.approx(0.90625)
    assert [is_cjk(c) for c in "a1é한字かー。Ａ"] == [
        False,
        False,
        False,
        False,
        True,
        True,
        True,
        True,
        True,
    ]


@pytest.mark.parametrize("size", [18, 30])
def test_word_boxes_hold_the_words_ink(size: int) -> None:
    """Through the whole engine: the words of a page and their boxes."""
    texts = SENTENCES[:4] + SENTENCES[8:10]
    drawn = Drawn(1300, 70 * len(texts))
    for index, text in enumerate(texts):
        drawn.line(30, 20 + 66 * index, text, size, [VERA, VERA_BOLD, VERA_ITALIC][index % 3])
    lines = sorted(engine().read(drawn.image), key=lambda line: line.box[1])
    assert [line.text for line in lines] == texts
    found = [word for line in lines for word in line.words]
    assert [word.text for word in found] == [word for word, _ in drawn.words]
    assert np.mean([iou(a.box, b) for a, (_, b) in zip(found, drawn.words, strict=True)]) >= 0.6
    for word, (text, truth) in zip(found, drawn.words, strict=True):
        # Along the line the ink is held to within a fraction of a letter.
        assert word.box[0] <= truth[0] + 0.2 * size and word.box[2] >= truth[2] - 0.2 * size, text
        assert word.box[0] >= truth[0] - 0.4 * size and word.box[2] <= truth[2] + 0.4 * size, text


@pytest.mark.parametrize(("length", "expected"), [(0.3, "-"), (0.55, "–"), (1.0, "—")])
@pytest.mark.parametrize("read", ["-", "–", "—", "一"])
def test_dashes_are_told_apart_by_their_length(read: str, length: float, expected: str) -> None:
    height = 0.1
    middle = 0.5
    gap = [(0.2, middle - length * height / 2), (middle + length * height / 2, 0.8)]
    ink = InkRuns(np.array([g[0] for g in gap]), np.array([g[1] for g in gap]), 0.0, 1.0, height)
    reading = reading_of(f"a {read} b", [0.1, 0.3, middle, 0.7, 0.9])
    assert typographic(reading, ink).text == f"a {expected} b"


def test_dashes_inside_words_and_ideographs_are_left_alone() -> None:
    ink = InkRuns(np.zeros(0), np.zeros(0), 0.0, 1.0, 0.1)
    for text in ("a-b", "第一章", "3–4"):
        reading = reading_of(text, [0.2, 0.5, 0.8])
        assert typographic(reading, ink) is reading
        assert typographic(reading, None) is reading


@pytest.mark.parametrize(("length", "expected"), [(8, "-"), (16, "–"), (30, "—")])
def test_a_dash_alone_on_its_line_is_measured_by_the_other_lines(length: int, expected: str) -> None:
    ink = InkRuns(np.zeros(0), np.zeros(0), 0.1, 0.9, 1.0)
    usual = 28 / (length / 0.8)
    assert typographic(reading_of("—", [0.5]), ink, usual).text == expected


def texts(*lines: str) -> list[str]:
    made = [reading_of(line, np.linspace(0.1, 0.9, len(line)).tolist()) for line in lines]
    agreed = consistent(made)
    assert all("".join(reading.characters) == reading.text for reading in agreed)
    return [reading.text for reading in agreed]


def test_apostrophes_follow_the_page_whatever_the_order_of_lines() -> None:
    assert texts("it's", "don’t", "we’ll") == ["it’s", "don’t", "we’ll"]
    assert texts("'quoted'", "we’ll") == ["'quoted'", "we’ll"]
    # A draw is decided alike for any order.
    assert texts("it's", "don’t") == texts("don’t", "it's")[::-1]


def test_a_one_amid_letters_is_an_l() -> None:
    assert texts("co1umn", "A1B", "v1.2", "page 1 of", "h1") == ["column", "A1B", "v1.2", "page 1 of", "h1"]


def runs(*gaps: tuple[float, float], height: float = 0.3, first: float = 0.0, last: float = 1.0) -> InkRuns:
    return InkRuns(np.array([g[0] for g in gaps]), np.array([g[1] for g in gaps]), first, last, height)


@pytest.mark.parametrize("shift", [-0.06, -0.03, 0.0, 0.03, 0.06])
def test_words_end_at_the_space_though_frames_lead_or_lag(shift: float) -> None:
    """Ink of `ab cd`, and between its letters gaps of a pixel; frames fire half a letter early or late."""
    ink = runs((0.2, 0.21), (0.42, 0.52), (0.73, 0.74))
    reading = reading_of("ab cd", [centre + shift for centre in (0.1, 0.42, 0.47, 0.52, 0.87)])
    first, second = word_spans(reading, ink)
    assert (first.text, second.text) == ("ab", "cd")
    assert (first.start, first.end) == pytest.approx((0.0, 0.42))
    assert (second.start, second.end) == pytest.approx((0.52, 1.0))


@pytest.mark.parametrize(
    ("centres", "word"),
    [
        # The last letter of the first word fires after the space, and only a gap between letters comes next.
        ((0.1, 0.48, 0.52, 0.6, 0.9), (0.4, 0.48)),
        # The first letter of the second word fires before it.
        ((0.1, 0.26, 0.3, 0.4, 0.9), (0.4, 0.48)),
    ],
)
def test_a_gap_between_letters_is_no_space_if_one_is_close_by(
    centres: tuple[float, ...], word: tuple[float, float]
) -> None:
    ink = runs((0.3, 0.31), (0.4, 0.48), (0.55, 0.56))
    first, second = word_spans(reading_of("ab cd", list(centres)), ink)
    assert (first.end, second.start) == pytest.approx(word)


def test_a_space_between_the_letters_is_taken_before_a_wider_one_beyond() -> None:
    ink = runs((0.3, 0.35), (0.45, 0.57))
    first, second = word_spans(reading_of("ab cd", [0.1, 0.28, 0.32, 0.48, 0.9]), ink)
    assert (first.end, second.start) == pytest.approx((0.3, 0.35))


def test_blank_runs_further_off_are_other_spaces() -> None:
    ink = runs((0.1, 0.2), (0.8, 0.9))
    first, second = word_spans(reading_of("ab cd", [0.05, 0.4, 0.5, 0.6, 0.95]), ink)
    # Without a blank run the frames decide.
    assert (first.end, second.start) == pytest.approx((0.45, 0.55), abs=0.01)


def test_a_page_number_stands_apart_from_its_dashes() -> None:
    gaps = runs((0.15, 0.255), (0.48, 0.49), (0.745, 0.85))
    for text in ("-28-", "–28–", "—28-"):
        assert spaced(reading_of(text, [0.07, 0.37, 0.61, 0.93]), gaps).text == f"{text[0]} 28 {text[-1]}"
    # Elsewhere a gap of this width beside a hyphen is none.
    for text in ("-2a-", "(28)", "-28)"):
        assert spaced(reading_of(text, [0.07, 0.37, 0.61, 0.93]), gaps).text == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-12-", "–12–"),
        ("- 12 -", "– 12 –"),
        ("— 7 -", "– 7 –"),
        ("–108—", "–108–"),
        ("-12", "-12"),
        ("3-12-", "3-12-"),
        ("-a-", "-a-"),
        ("- 1 2 -", "- 1 2 -"),
        ("- 12 - of", "- 12 - of"),
        ("n.° 5", "n.º 5"),
        ("el N.°5", "el N.º5"),
        ("20° en n.", "20° en n."),
        ("an.° n°", "an.° n°"),
        ("1，284，000 人", "1,284,000 人"),
        ("二，284人", "二，284人"),
        ("3，5 和 12，34", "3，5 和 12，34"),
        ("2015年，300人", "2015年，300人"),
    ],
)
def test_page_numbers_ordinals_and_commas(text: str, expected: str) -> None:
    assert texts(text) == [expected]
    # Whatever the other lines say.
    assert texts("The ferry", text, "we’ll", "-x-")[1] == expected


@pytest.mark.parametrize(
    ("straight", "curly", "expected"), [(3, 1, "’"), (4, 1, "'"), (1, 1, "’"), (6, 2, "’"), (7, 2, "'")]
)
def test_a_quarter_of_curly_apostrophes_is_enough(straight: int, curly: int, expected: str) -> None:
    lines = ["it's"] * straight + ["don’t"] * curly
    rng = np.random.default_rng(0)
    for _ in range(3):
        order = rng.permutation(len(lines)).tolist()
        found = texts(*[lines[k] for k in order])
        assert found == [lines[k].replace("'", expected).replace("’", expected) for k in order]
    # Two in one line count twice; quotes do not count.
    assert texts("it's it's it's don’t", "'a' 'b' 'c'")[0] == "it’s it’s it’s don’t"


def test_apostrophes_of_one_kind_stay() -> None:
    assert texts("it's", "we'll") == ["it's", "we'll"]
    assert texts("it’s", "we’ll") == ["it’s", "we’ll"]


@pytest.mark.parametrize("text", ["1.5", "2,8", "n'o", "n’o"])
def test_no_space_inside_numbers_or_after_elisions(text: str) -> None:
    ink = runs((0.5, 0.7))
    assert spaced(reading_of(text, [0.2, 0.4, 0.8]), ink).text == text


@pytest.mark.parametrize("text", ["n,o", "n.2", "2.n", "2'n"])
def test_the_same_gap_elsewhere_is_a_space(text: str) -> None:
    ink = runs((0.5, 0.7))
    assert spaced(reading_of(text, [0.2, 0.4, 0.8]), ink).text == f"{text[:2]} {text[2]}"
