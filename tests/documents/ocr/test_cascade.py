"""What goes to the careful recogniser and how its words are put in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from tests.documents.ocr.drawn import VERA, Drawn, font, quad

from sampan.documents.ocr.cascade import CascadeRecogniser, CascadeRules
from sampan.documents.ocr.crops import LineCrop, quad_size
from sampan.documents.ocr.ctc import Reading

SIZE, LEFT = 24, 30

NOTHING = Reading("", 0.0, [], np.zeros(0, np.float32), np.zeros((0, 2), np.float32))


def line(text: str, y: float = 20) -> LineCrop:
    drawn = Drawn(1000, 80)
    box = drawn.line(LEFT, y, text, SIZE)
    return LineCrop(drawn.image, quad((LEFT - 4, box[1] - 4, box[2] + 4, box[3] + 4)))


class Stub:
    """Reads the drawn text as it stands in the picture, by its place; letters in `wrong` come out different."""

    def __init__(self, texts: Sequence[str], name: str, wrong: dict[str, str] | None = None) -> None:
        self.texts = list(texts)
        self.name = name
        self.wrong = wrong or {}
        self.dropped: int | None = None
        self.confidence = 0.99
        self.doubtful: dict[str, float] = {}
        self.crops: list[LineCrop] = []
        self.truth: dict[int, str] = {}

    def know(self, crops: Sequence[LineCrop]) -> None:
        self.truth = {id(crop.image): text for crop, text in zip(crops, self.texts, strict=True)}

    def read(self, crops: Sequence[LineCrop]) -> list[Reading]:
        self.crops += crops
        return [self._read(crop) for crop in crops]

    quick = read

    def _read(self, crop: LineCrop) -> Reading:
        text = self.truth[id(crop.image)]
        face = font(VERA, SIZE)
        places = np.array([face.getlength(text[:k]) for k in range(len(text) + 1)]) + LEFT
        x0, length = float(crop.quad[0, 0]), quad_size(crop.quad)[0]
        inside = [k for k in range(len(text)) if x0 <= (places[k] + places[k + 1]) / 2 <= x0 + length]
        while inside and text[inside[0]] == " ":
            inside.pop(0)
        while inside and text[inside[-1]] == " ":
            inside.pop()
        inside = [k for k in inside if k != self.dropped]
        if not inside:
            return NOTHING
        part = "".join(text[k] for k in inside)
        probabilities = np.full(len(part), self.confidence, np.float32)
        for word, probability in self.doubtful.items():
            if word in part:
                start = part.index(word)
                probabilities[start : start + len(word)] = probability
        for old, new in self.wrong.items():
            assert len(old) == len(new)
            part = part.replace(old, new)
        columns = np.array([[places[k], places[k + 1]] for k in inside], np.float32)
        return Reading(
            part, float(probabilities.mean()), list(part), probabilities, ((columns - x0) / length).astype(np.float32), self.name
        )  # fmt: skip


def cascade(
    texts: Sequence[str], rules: CascadeRules | None = None, **fast: object
) -> tuple[CascadeRecogniser, Stub, Stub, list[LineCrop]]:
    crops = [line(text) for text in texts]
    quick, careful = Stub(texts, "fast"), Stub(texts, "careful")
    for key, value in fast.items():
        setattr(quick, key, value)
    for stub in (quick, careful):
        stub.know(crops)
    return CascadeRecogniser(quick, careful, rules=rules), quick, careful, crops


def test_certain_lines_are_read_once() -> None:
    texts = ["The ferry left the weir", "Coarse grains settle quickly"]
    both, _, careful, crops = cascade(texts)
    assert [reading.text for reading in both.read(crops)] == texts
    assert careful.crops == []


@pytest.mark.parametrize(
    ("word", "misread"), [("ferry", "fcrry"), ("The", "Tbe"), ("weir", "vvir"), ("grains", "qrains")]
)
def test_only_the_doubtful_word_goes_to_the_careful_one(word: str, misread: str) -> None:
    texts = ["The ferry left the weir before noon", "Coarse grains settle quickly there"]
    both, _, careful, crops = cascade(texts, wrong={word: misread}, doubtful={word: 0.4})
    readings = both.read(crops)
    assert [reading.text for reading in readings] == texts
    assert ["".join(reading.characters) for reading in readings] == texts
    (crop,) = careful.crops
    (text,) = [text for text in texts if word in text]
    face = font(VERA, SIZE)
    start, end = (
        LEFT + face.getlength(text[: text.index(word)]),
        LEFT + face.getlength(text[: text.index(word)] + word),
    )
    # The strip is that word, from the middle of one gap to the middle of the next.
    assert crop.quad[0, 0] == pytest.approx(start, abs=8) and crop.quad[1, 0] == pytest.approx(end, abs=8)
    reading = readings[texts.index(text)]
    x0, length = crops[texts.index(text)].quad[0, 0], quad_size(crops[texts.index(text)].quad)[0]
    for index in range(len(text)):
        edges = [(LEFT + face.getlength(text[: index + k]) - x0) / length for k in (0, 1)]
        np.testing.assert_allclose(reading.columns[index], edges, atol=0.004)
    assert (reading.probabilities > 0.9).all()
    assert reading.confidence == pytest.approx(reading.probabilities.mean())


def test_two_doubtful_words_of_one_line() -> None:
    text = "The ferry left the upper weir before noon yesterday"
    both, _, careful, crops = cascade(
        [text], wrong={"ferry": "fcrry", "noon": "nooo"}, doubtful={"ferry": 0.4, "noon": 0.5}
    )
    (reading,) = both.read(crops)
    assert reading.text == text and len(careful.crops) == 2
    assert (np.diff(reading.columns.mean(axis=1)) > 0).all()


def test_a_careful_word_of_another_length_is_put_in_whole() -> None:
    text = "The ferry left the upper weir before noon"
    # The fast one loses an r.
    both, _, careful, crops = cascade([text], doubtful={"fery": 0.4}, dropped=text.index("rry"))
    (reading,) = both.read(crops)
    assert reading.text == text
    assert len(reading.columns) == len(reading.probabilities) == len(reading.characters) == len(text)
    assert len(careful.crops) == 1


def test_words_of_other_lengths_do_not_move_each_other() -> None:
    text = "The ferry left the upper weir before noon yesterday"
    both, _, careful, crops = cascade(
        [text], doubtful={"fery": 0.4, "noon": 0.4}, dropped=text.index("rry"), wrong={"noon": "nnnn"}
    )
    (reading,) = both.read(crops)
    assert reading.text == text and len(careful.crops) == 2


def test_neighbours_of_a_doubtful_short_word_go_with_it() -> None:
    both, _, careful, crops = cascade(["Several readings of gauges were complete"], doubtful={"of": 0.4})
    both.read(crops)
    (crop,) = careful.crops
    face = font(VERA, SIZE)
    assert crop.quad[0, 0] == pytest.approx(LEFT + face.getlength("Several "), abs=8)
    assert crop.quad[1, 0] == pytest.approx(LEFT + face.getlength("Several readings of gauges"), abs=8)


def test_a_line_mostly_in_doubt_is_read_again_whole() -> None:
    text = "The ferry left the weir"
    both, _, careful, crops = cascade(
        [text], wrong={"ferry left the": "fcrry lcft thc"}, doubtful={"ferry left the": 0.3}
    )
    (reading,) = both.read(crops)
    assert reading.text == text and reading.model == "careful"
    assert [crop.quad.tolist() for crop in careful.crops] == [crops[0].quad.tolist()]


def test_lines_that_read_as_nothing_are_read_again() -> None:
    text = "Results"
    both, quick, careful, crops = cascade([text])
    quick.truth = dict.fromkeys(quick.truth, "")
    (reading,) = both.read(crops)
    assert reading.text == text and len(careful.crops) == 1


def test_a_worse_or_empty_second_reading_is_not_taken() -> None:
    text = "The ferry left the upper weir before noon"
    both, _, careful, crops = cascade([text], doubtful={"ferry": 0.8})
    careful.wrong, careful.confidence = {"ferry": "xxxxx"}, 0.6
    assert both.read(crops)[0].text == text
    assert len(careful.crops) == 1
    careful.truth = dict.fromkeys(careful.truth, "")
    assert both.read(crops)[0].text == text


@pytest.mark.parametrize("word", ["don't", "snake_case", "co1umn", "l", "fßen"])
def test_known_confusions_are_read_again_however_certain(word: str) -> None:
    both, _, careful, crops = cascade([f"The ferry left {word} upper weir before noon"])
    both.read(crops)
    assert len(careful.crops) == 1


def test_a_sample_sends_a_strange_page_to_the_careful_one() -> None:
    texts = [f"Line number {'abcdefghjkmnopqr'[k]} of a page" for k in range(14)]
    both, quick, careful, crops = cascade(texts, confidence=0.5)
    readings = both.read(crops)
    assert [reading.text for reading in readings] == texts
    assert {reading.model for reading in readings} == {"careful"}
    assert len(quick.crops) == CascadeRules().sample and len(careful.crops) == len(crops)


def test_short_and_certain_pages_are_not_sent() -> None:
    texts = [f"Line number {'abcdefghjkmnopqr'[k]} of a page" for k in range(14)]
    both, quick, careful, crops = cascade(texts)
    both.read(crops)
    assert careful.crops == []
    few, quick, careful, crops = cascade(texts[:4], confidence=0.5)
    few.read(crops)
    assert len(quick.crops) == 4 and len(careful.crops) == 4  # each by its own doubt
    assert few.read([]) == []


def test_the_sample_does_not_depend_on_the_order_of_lines() -> None:
    texts = [f"Line {'abcdefghjkmnopqr'[k] * (k + 1)} of a page" for k in range(14)]
    seen = []
    for order in (range(14), reversed(range(14))):
        both, quick, _, crops = cascade(texts)
        both.read([crops[k] for k in order])
        seen.append(sorted(quick.truth[id(crop.image)] for crop in quick.crops[: CascadeRules().sample]))
    assert seen[0] == seen[1]


def test_quick_asks_the_fast_one_alone() -> None:
    both, _, careful, crops = cascade(["The ferry"], confidence=0.2)
    assert both.quick(crops)[0].text == "The ferry" and careful.crops == []


class Told(Stub):
    """Reads some words as others, of any length, spread over the word's place: sure of all but `unsure` letters."""

    def __init__(self, texts: Sequence[str], name: str, said: dict[str, str], whole: bool = False) -> None:
        super().__init__(texts, name)
        self.said = said
        self.whole = whole
        self.unsure: dict[str, list[float]] = {}

    def _read(self, crop: LineCrop) -> Reading:
        reading = super()._read(crop)
        for old, new in self.said.items():
            if old not in reading.text or (self.whole and old != reading.text):
                continue
            first = reading.text.index(old)
            last = first + len(old)
            edges = np.linspace(reading.columns[first, 0], reading.columns[last - 1, 1], len(new) + 1)
            columns = np.concatenate(
                [reading.columns[:first], np.stack([edges[:-1], edges[1:]], axis=1), reading.columns[last:]]
            )
            text = reading.text[:first] + new + reading.text[last:]
            probabilities = np.full(len(text), self.confidence, np.float32)
            reading = Reading(
                text, self.confidence, list(text), probabilities, columns.astype(np.float32), self.name
            )
        for word, probabilities in self.unsure.items():
            if word in reading.text:
                first = reading.text.index(word)
                reading.probabilities[first : first + len(word)] = probabilities
                reading.confidence = float(reading.probabilities.mean())
        return reading


def told(
    texts: Sequence[str], fast: dict[str, str], careful: dict[str, str]
) -> tuple[CascadeRecogniser, Told, Told, list[LineCrop]]:
    """`fast` reads words as others; `careful` reads pieces as others."""
    crops = [line(text) for text in texts]
    quick, second = Told(texts, "fast", fast), Told(texts, "careful", careful, whole=True)
    for stub in (quick, second):
        stub.know(crops)
    return CascadeRecogniser(quick, second), quick, second, crops


TEXT = "They fill the ferry daily with oats"


def reread(word: str, sure: list[float], reply: str, text: str = TEXT) -> str:
    """What becomes of a word that the careful recogniser reads as `reply`."""
    both, quick, careful, crops = told([text], {}, {word: reply})
    quick.unsure = {word: sure}
    (reading,) = both.read(crops)
    assert len(careful.crops) == 1
    assert "".join(reading.characters) == reading.text
    assert len(reading.columns) == len(reading.probabilities) == len(reading.text)
    assert reading.confidence == pytest.approx(reading.probabilities.mean())
    return reading.text


DOUBT = [0.98, 0.98, 0.6, 0.98, 0.98]


@pytest.mark.parametrize("reply", ["e ferry", "ferry d"])
def test_a_neighbours_letter_that_came_with_the_cut_is_left_out(reply: str) -> None:
    assert reread("ferry", DOUBT, reply) == TEXT


@pytest.mark.parametrize("bar", ["l", "1", "I", "|"])
def test_a_neighbours_bar_has_any_name(bar: str) -> None:
    text = "They fill ferry boats, large and small"
    assert reread("ferry", DOUBT, f"{bar} ferry", text) == text
    text = "They fill some ferry lately with oats"
    assert reread("ferry", DOUBT, f"ferry {bar}", text) == text


@pytest.mark.parametrize("reply", ["x ferry", "ferry x", "d ferry", "ferry e", "a ferries", "1 ferry"])
def test_letters_that_are_no_neighbours_are_kept(reply: str) -> None:
    assert reread("ferry", DOUBT, reply) == TEXT.replace("ferry", reply)


def test_the_places_of_a_word_freed_from_its_neighbour_are_its_own() -> None:
    both, quick, _, crops = told([TEXT], {}, {"ferry": "e ferry"})
    quick.unsure = {"ferry": DOUBT}
    (reading,) = both.read(crops)
    first = TEXT.index("ferry")
    assert (np.diff(reading.columns.mean(axis=1)) > 0).all()
    # The careful one's letters, not the fast one's: all of them sure.
    assert (reading.probabilities > 0.9).all()
    # What it read begins after the two characters that are not the word's.
    assert reading.columns[first, 0] > quick.read(crops)[0].columns[first, 0]


@pytest.mark.parametrize(("reply", "edge"), [("ferr", -1), ("erry", 0)])
def test_a_cut_that_loses_a_sure_letter_is_not_believed(reply: str, edge: int) -> None:
    sure = list(DOUBT)
    for probability, expected in ((0.98, "ferry"), (0.951, "ferry"), (0.94, reply), (0.5, reply)):
        sure[edge] = probability
        assert reread("ferry", sure, reply) == TEXT.replace("ferry", expected)


@pytest.mark.parametrize("reply", ["fery", "ferrys", "fer", "berry", "Ferry"])
def test_other_differences_are_the_careful_ones_to_decide(reply: str) -> None:
    assert reread("ferry", DOUBT, reply) == TEXT.replace("ferry", reply)


PAGE = [
    "The first keeper filled in a full list of all mills",
    "until the little pier fell in with its last lift",
    "All light timber still lay at the gate till April",
    "and it will fill a little rowing boat for nothing",
    "In it stand all lists of tiles, bricks and lilies",
    "he tried it with a little brass rod till it fitted",
    "His little daughter still filled it in till fifty",
    "We will still call for all fifteen volumes of it",
]


def test_words_too_long_for_their_letters_are_read_again_however_sure() -> None:
    both, _, careful, crops = told(PAGE, {"timber": "timer", "daughter": "dauhter"}, {})
    readings = both.read(crops)
    assert [reading.text for reading in readings] == PAGE
    pieces = [careful._read(crop).text for crop in careful.crops]
    assert sorted(pieces) == ["daughter", "timber"]
    # A page read right needs no second look.
    both, _, careful, crops = told(PAGE, {}, {})
    assert [reading.text for reading in both.read(crops)] == PAGE and careful.crops == []


def test_a_misfit_of_marks_alone_says_nothing() -> None:
    page = [*PAGE, "Oats and lime ------ on Friday"]
    both, _, careful, crops = told(page, {"------": "--"}, {})
    assert both.read(crops)[-1].text == "Oats and lime -- on Friday"
    assert careful.crops == []


@pytest.mark.parametrize("repeat", [1, 2])
def test_the_order_of_lines_does_not_matter(repeat: int) -> None:
    """Pages that are not sampled, and longer ones that are."""
    page = [f"{text} {'abcdefgh'[k] * 4}" for text in PAGE for k in range(repeat)]
    results = []
    rng = np.random.default_rng(0)
    crops = [line(text) for text in page]
    for _ in range(4):
        order = rng.permutation(len(page)).tolist()
        texts = [page[k] for k in order]
        said = {
            "timber": "timer",
            "daughter": "dauhter",
            "volumes": "volurnes",
            "nothing": "nothng",
            "full": "ful",
        }
        both, quick, careful, _ = told(texts, said, {"volumes": "s volumes", "brass": "bras"})
        quick.unsure = {"brass": DOUBT, "volurnes": [0.8] * 8, "tiles, ": [0.7] * 7}
        shuffled = [crops[k] for k in order]
        for stub in (quick, careful):
            stub.know(shuffled)
        readings = both.read(shuffled)
        results.append(dict(zip(order, readings, strict=True)))
        assert len(careful.crops) >= 5
    for result in results[1:]:
        for k, reading in result.items():
            assert reading.text == results[0][k].text
            np.testing.assert_array_equal(reading.columns, results[0][k].columns)
            np.testing.assert_array_equal(reading.probabilities, results[0][k].probabilities)
