"""Words too long for their letters, found on drawn and on synthetic pages, and squares left out of a line's pitch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from reportlab.pdfbase.pdfmetrics import stringWidth
from tests.documents.ocr.drawn import VERA, VERA_BOLD, VERA_ITALIC, font

from sampan.documents.ocr.advance import leaps, misfits
from sampan.documents.ocr.ctc import Reading

PROSE = """\
The keeper of the upper lock wrote a full account of every boat that passed
between the first thaw of March and the last night of October, and never missed one.
Barges with timber paid by the length, those with lime or bricks by the weight,
and a rowing boat went through for nothing if its owner worked the gates himself.
In the margin stand the names of dogs, the price of oats, and the height of the water,
which he measured with a brass rod each morning before breakfast and again at dusk.
His daughter kept the books after him and changed very little, except that she drew
a small fish beside every Friday and a jagged line under the days when the ice held.
Nobody asked for these volumes until the office in Quarry Street was cleared;
they had been used to prop up a shelf, and two of them were still damp.
Joining them page by page took three winters, and some leaves remain unread.""".splitlines()
FRENCH = """\
Le gardien de l'écluse avait noté à la fin de l'été chaque péniche chargée de blé,
le prix du pavé, la hauteur de la rivière mesurée très tôt, et même la fumée des forêts.
Für die Schüler der höheren Mädchenschule wäre natürlich größere Mühe nötig gewesen.
El año pasado la señora Ibáñez enseñó español también a los niños pequeños del pueblo.""".splitlines()

NARROW = "iljtfr.,;'"
Measure = Callable[[str], float]


def drawn(name: str) -> Measure:
    """Length of a word's ink in em, as a typeface draws it."""
    face = font(name, 200)

    def ink(word: str) -> float:
        left, _, right, _ = face.getbbox(word)
        return (right - left) / 200

    return ink


def tabled(name: str) -> Measure:
    """Length of a word in em, from the widths of one of PDF's own typefaces."""
    return lambda word: stringWidth(word, name, 1.0) - 0.08


TYPEFACES = {
    "Vera": drawn(VERA),
    "Vera bold": drawn(VERA_BOLD),
    "Vera italic": drawn(VERA_ITALIC),
    **{name: tabled(name) for name in ("Helvetica", "Helvetica-Bold", "Times-Roman", "Times-Bold", "Times-Italic")},
}  # fmt: skip

Lines = list[list[tuple[str, float]]]


def page(
    measure: Measure, rng: np.random.Generator, noise: float = 0.0, texts: list[str] | None = None
) -> Lines:
    """The words of the prose with their lengths, every line in a unit of its own."""
    texts = PROSE if texts is None else texts
    return [
        [(word, measure(word) * scale * (1 + noise * rng.standard_normal())) for word in text.split()]
        for text, scale in zip(texts, rng.uniform(8, 60, len(texts)), strict=True)
    ]


def place_of(lines: Lines, row: int, word: str) -> int:
    return [text for text, _ in lines[row]].index(word)


def read_as(lines: Lines, row: int, place: int, text: str) -> Lines:
    """The page with another reading of one word; its ink stays."""
    changed = [list(line) for line in lines]
    changed[row][place] = (text, changed[row][place][1])
    return changed


def flagged(lines: Lines) -> set[tuple[int, int]]:
    return {
        (row, int(place)) for row, errors in enumerate(misfits(lines)) for place in np.flatnonzero(errors)
    }


@pytest.mark.parametrize("name", TYPEFACES)
def test_words_that_are_read_right_fit(name: str) -> None:
    rng = np.random.default_rng(1)
    for noise, most in ((0.0, 0.01), (0.02, 0.01), (0.03, 0.025)):
        pages = [page(TYPEFACES[name], rng, noise) for _ in range(4)]
        wrong = sum(len(flagged(lines)) for lines in pages)
        assert wrong <= most * sum(len(line) for lines in pages for line in lines)


@pytest.mark.parametrize("noise", [0.0, 0.025])
@pytest.mark.parametrize("name", TYPEFACES)
def test_dropped_letters_are_found(name: str, noise: float) -> None:
    rng = np.random.default_rng(2)
    lines = page(TYPEFACES[name], rng, noise)
    asked, found, slim, slim_found = 0, 0, 0, 0
    errors, widths = [], []
    for row, line in enumerate(lines):
        for place in rng.choice(len(line), 6, replace=False).tolist():
            word = line[place][0]
            if len(word) < 4:
                continue
            cut = int(rng.integers(0, len(word)))
            error = misfits(read_as(lines, row, place, word[:cut] + word[cut + 1 :]))[row][place]
            assert error >= 0  # never too short
            if word[cut] in NARROW:
                slim, slim_found = slim + 1, slim_found + (error > 0)
                continue
            asked, found = asked + 1, found + (error > 0)
            if error:
                errors.append(error)
                widths.append(stringWidth(word[cut], "Helvetica", 1.0))
    assert asked > 20 and found >= 0.9 * asked
    # The error is the width of the letter, in em.
    assert np.mean(errors) == pytest.approx(np.mean(widths), rel=0.2)
    # An i is hardly wider than the noise.
    assert slim > 5 and slim_found >= 0.4 * slim


@pytest.mark.parametrize("name", TYPEFACES)
def test_a_doubled_letter_makes_the_word_too_short(name: str) -> None:
    rng = np.random.default_rng(3)
    lines = page(TYPEFACES[name], rng, 0.02)
    for row, place, text in ((0, 1, "keepper"), (6, 3, "boooks"), (9, 3, "useed"), (10, 0, "Jooining")):
        errors = misfits(read_as(lines, row, place, text))
        assert errors[row][place] < 0, text


def test_several_dropped_letters_of_a_page() -> None:
    lines = page(TYPEFACES["Times-Roman"], np.random.default_rng(4), 0.02)
    right = flagged(lines)
    dropped = {
        (0, 1): "keper",
        (2, 2): "tiber",
        (3, 6): "nothng",
        (5, 2): "measred",
        (8, 2): "fr",
        (10, 1): "the",
    }
    for (row, place), text in dropped.items():
        lines = read_as(lines, row, place, text)
    assert set(dropped) <= flagged(lines) | {(3, 6)}  # the i may be too slim
    assert len(flagged(lines) - set(dropped) - right) <= 2


def test_every_line_has_a_scale_of_its_own() -> None:
    rng = np.random.default_rng(5)
    lines = read_as(page(TYPEFACES["Vera"], rng, 0.02), 4, 5, "nmes")
    before = misfits(lines)
    assert before[4][5] > 0.3
    units = rng.uniform(0.001, 1000, len(lines))
    scaled = [
        [(text, length * unit) for text, length in line] for line, unit in zip(lines, units, strict=True)
    ]
    # Errors are in em, whatever the units.
    for one, other in zip(before, misfits(scaled), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_the_order_of_lines_does_not_matter() -> None:
    rng = np.random.default_rng(6)
    lines = page(TYPEFACES["Times-Roman"], rng, 0.03)
    for row, place, text in ((0, 1, "keper"), (5, 2, "measued"), (7, 2, "fis")):
        lines = read_as(lines, row, place, text)
    before = misfits(lines)
    assert before[0][1] > 0 and before[5][2] > 0
    for _ in range(5):
        order = rng.permutation(len(lines)).tolist()
        after = misfits([lines[row] for row in order])
        for row, errors in zip(order, after, strict=True):
            np.testing.assert_allclose(errors, before[row], atol=1e-9)


def test_the_page_teaches_the_widths_of_its_letters() -> None:
    """In a typeface with a very wide a, words with it fit, and one whose a was dropped does not."""

    def measure(word: str) -> float:
        return stringWidth(word, "Helvetica", 1.0) + 0.3 * word.count("a") - 0.08

    lines = page(measure, np.random.default_rng(7), 0.01)
    many = sum(text.count("a") for line in lines for text, _ in line)
    assert many > 30 and len(flagged(lines)) <= 3
    assert misfits(read_as(lines, 0, 12, "bot"))[0][12] > 0


def test_accents_add_no_width() -> None:
    lines = page(TYPEFACES["Helvetica"], np.random.default_rng(8), 0.01, PROSE + FRENCH)
    assert len(flagged(lines)) <= 2
    row = len(PROSE)
    for line, word, text in (
        (0, "péniche", "péiche"),
        (1, "mesurée", "mesuré"),
        (2, "höheren", "heren"),
        (3, "señora", "seora"),
    ):
        place = place_of(lines, row + line, word)
        assert misfits(read_as(lines, row + line, place, text))[row + line][place] > 0, text
    # With and without its accent, a word is as long.
    place = place_of(lines, row, "noté")
    assert misfits(read_as(lines, row, place, "note"))[row][place] == 0


def test_a_line_in_another_typeface_is_not_all_wrong() -> None:
    rng = np.random.default_rng(9)
    lines = page(TYPEFACES["Times-Roman"], rng, 0.01)
    lines += [[(word, 0.6 * len(word) - 0.08) for word in PROSE[0].split()]]
    typewritten = {place for place in flagged(lines) if place[0] == len(lines) - 1}
    assert len(typewritten) <= 2


def test_ideographs_and_other_scripts_are_left_out() -> None:
    rng = np.random.default_rng(10)
    lines = read_as(page(TYPEFACES["Vera"], rng, 0.02), 0, 1, "keper")
    alone = misfits(lines)
    assert alone[0][1] > 0
    foreign = ["数", "据", "船", "лодка", "水a", "한국어", "", "が"]
    mixed: Lines = []
    for line in lines:
        words = list(line)
        for word in foreign:
            words.append((word, float(rng.uniform(0, 500))))
        mixed.append(words)
    for one, other in zip(alone, misfits(mixed), strict=True):
        np.testing.assert_allclose(other[: len(one)], one, atol=1e-9)
        assert not other[len(one) :].any()


def test_few_words_teach_nothing() -> None:
    lines = read_as(page(TYPEFACES["Helvetica"], np.random.default_rng(11)), 0, 1, "keer")
    (long,) = lines[:1]
    assert misfits([long])[0][1] > 0
    assert not misfits([long[:11]])[0].any()
    assert misfits([long[:12]])[0][1] > 0
    # Ideographs and words without ink do not count towards the least number.
    assert not misfits([long[:11], [("数", 1.0)] * 20, [("word", 0.0)] * 20])[0].any()


def test_nothing_to_measure() -> None:
    assert misfits([]) == []
    assert [errors.tolist() for errors in misfits([[], [("a", 1.0)], []])] == [[], [0.0], []]
    lines = page(TYPEFACES["Vera"], np.random.default_rng(0))
    assert [len(errors) for errors in misfits(lines)] == [len(line) for line in lines]


def squares(text: str, places: list[float], noise: float = 0.0, seed: int = 0) -> Reading:
    """A reading whose characters fire around `places`, in squares."""
    rng = np.random.default_rng(seed)
    centres = np.array(places, np.float64) + noise * rng.standard_normal(len(places))
    length = max(places, default=0) + 1
    columns = np.stack([centres - 0.15, centres + 0.15], axis=1) / length
    return Reading(text, 0.9, list(text), np.full(len(text), 0.9, np.float32), columns.astype(np.float32))


def beside(reading: Reading) -> list[int]:
    found = leaps(reading)
    assert found.shape == (len(reading.characters),)
    return np.flatnonzero(found).tolist()


LINE = "二人は夏の朝に小さな船で川を下って海へ向かった"


@pytest.mark.parametrize("missing", [1, 5, 11, 20])
@pytest.mark.parametrize("seed", range(3))
def test_a_left_out_ideograph_leaves_a_gap(missing: int, seed: int) -> None:
    places = [k + 0.5 for k in range(len(LINE))]
    assert beside(squares(LINE, places, 0.05, seed)) == []
    text = LINE[:missing] + LINE[missing + 1 :]
    kept = places[:missing] + places[missing + 1 :]
    assert beside(squares(text, kept, 0.05, seed)) == [missing - 1, missing]


def test_two_left_out_and_gaps_apart() -> None:
    kept = [k for k in range(len(LINE)) if k not in (4, 5, 15)]
    text = "".join(LINE[k] for k in kept)
    assert beside(squares(text, [k + 0.5 for k in kept])) == [3, 4, 12, 13]


@pytest.mark.parametrize("at", [2, 9, 19])
def test_two_read_as_one_stand_too_far_from_both_sides(at: int) -> None:
    """木 and 寸 read as 村: it fires in the middle of two squares."""
    text = LINE[:at] + "村" + LINE[at + 2 :]
    places = [k + 0.5 for k in range(len(LINE))]
    places[at : at + 2] = [at + 1.0]
    assert beside(squares(text, places)) == [at - 1, at, at + 1]


def test_punctuation_is_set_in_squares_too() -> None:
    text = "朝、二人は「海へ」と言った。船は小さい。"
    # Its ink stands at one side of its square.
    aside = {"、": -0.25, "。": -0.25, "「": 0.2, "」": -0.2}
    places = [k + 0.5 + aside.get(character, 0.0) for k, character in enumerate(text)]
    assert beside(squares(text, places)) == []
    cut = text.index("言")
    assert beside(squares(text[:cut] + text[cut + 1 :], places[:cut] + places[cut + 1 :])) == [cut - 1, cut]


def mixed(text: str) -> list[float]:
    """Centres in squares; figures and Latin letters are half a square wide."""
    places, x = [], 0.0
    for character in text:
        width = 0.5 if ord(character) < 0x2E80 else 1.0
        places.append(x + width / 2)
        x += width
    return places


def test_figures_amid_ideographs_are_narrower() -> None:
    text = "第12回の会議は2015年10月3日に本館のA室で開く予定"
    places = mixed(text)
    assert beside(squares(text, places)) == []
    # 年 is left out between a figure and a figure: neither is a square. 日 beside 3 is seen.
    cut = text.index("日")
    assert beside(squares(text[:cut] + text[cut + 1 :], places[:cut] + places[cut + 1 :])) == [cut - 1, cut]


def test_spaces_are_no_gaps() -> None:
    text = "第一章 船の作り方と川の渡り方　第二章 海"
    places, x = [], 0.0
    for character in text:
        width = 2.0 if character.isspace() else 1.0
        places.append(x + width / 2)
        x += width
    assert beside(squares(text, places)) == []


def test_short_lines_and_lines_without_squares_say_nothing() -> None:
    gap = [0.5, 1.5, 2.5, 4.5, 5.5, 6.5, 7.5]
    assert beside(squares("二人は船で川へ", gap)) == []
    assert beside(squares("二人は船で川へ行", [*gap, 8.5])) == [2, 3]
    latin = "All mills will still fill it with millet"
    places = [2 * stringWidth(latin[:k], "Times-Roman", 1.0) + 3 * (k > 19) for k in range(len(latin))]
    assert beside(squares(latin, places)) == []
    assert beside(squares("", [])) == []
    # Squares that never stand side by side have no pitch.
    assert beside(squares("数a据b表c船d川e海f朝g夏h", mixed("数a据b表c船d川e海f朝g夏h"))) == []


@pytest.mark.parametrize(("step", "found"), [(1.35, []), (1.45, [6, 7])])
def test_marks_at_the_far_side_of_their_squares_are_no_gap(step: float, found: list[int]) -> None:
    places = np.cumsum([0.5, *[1.0] * 6, step, *[1.0] * 6]).tolist()
    assert beside(squares(LINE[:14], places)) == found


def test_gaps_between_latin_letters_are_left_to_their_words() -> None:
    text = "二人は夏の朝に小さなABへ船で川を"
    places = mixed(text)
    assert beside(squares(text, [place + 2 * (k > text.index("A")) for k, place in enumerate(places)])) == []
    assert beside(squares(text, [place + (k > text.index("B")) for k, place in enumerate(places)])) == [
        11,
        12,
    ]
