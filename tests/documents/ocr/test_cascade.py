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
