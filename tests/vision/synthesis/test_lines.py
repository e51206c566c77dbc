"""Lines say what they show, wherever and in whatever order they are drawn."""

from __future__ import annotations

import pickle
from collections import Counter

import cv2
import numpy as np
import pytest
from pydantic import ValidationError

from sampan.errors import InputError, OptionError, WeightsError
from sampan.vision.synthesis.languages import language
from sampan.vision.synthesis.lines import LineOptions, LineSynthesizer
from sampan.vision.synthesis.phrases import KINDS, Phrases
from sampan.vision.synthesis.seeds import generator

ALL = {"fonts": "all", "split": "all"}


def source(library, **options) -> LineSynthesizer:
    return LineSynthesizer(LineOptions(**{"languages": {"ru": 1.0, "vi": 1.0}, **ALL, **options}), library)


def test_a_line_depends_on_its_number_alone(library) -> None:
    first, second = source(library), source(library)
    second = pickle.loads(pickle.dumps(second))
    there = [first.draw(index) for index in range(12)]
    back = [second.draw(index) for index in reversed(range(12))][::-1]
    for one, two in zip(there, back, strict=True):
        assert one.text == two.text and one.face == two.face
        assert np.array_equal(one.image, two.image)
        assert all(np.array_equal(a.quad, b.quad) for a, b in zip(one.words, two.words, strict=True))
    assert len({line.text for line in there}) > 9
    other = source(library, seed=1).draw(0)
    assert other.text != there[0].text or other.image.shape != there[0].image.shape


def test_pictures_have_the_height_asked_for(library) -> None:
    for index in range(20):
        line = source(library).draw(index)
        assert line.image.dtype == np.uint8 and line.image.ndim == 3 and line.image.shape[2] == 3
        assert line.image.shape[0] == 48 and line.image.shape[1] >= 4
    cut = source(library, height=None, size=(20, 20)).draw(0)
    assert 14 < cut.image.shape[0] < 60


@pytest.mark.parametrize("size", [(16.0, 16.0), (36.0, 36.0)])
def test_ink_lies_in_the_words_and_nowhere_else(library, size) -> None:
    """Black on plain white: every word's quad holds ink, and outside of all quads there is none."""
    chosen = {"degradations": {"clean": 1.0}, "kinds": {"words": 1.0, "sentence": 1.0}, "height": None}
    drawn = source(library, size=size, **chosen)
    seen = 0
    for index in range(60):
        line = drawn.draw(index)
        assert [word.text for word in line.words] == line.text.split(" ")
        grey = line.image.min(axis=2).astype(int)
        paper = int(np.median(grey))
        # Only dark ink on an even ground; the other grounds have a pattern of their own.
        if (
            paper < 150
            or grey.max() - paper > 3
            or (np.abs(grey - paper) <= 1).mean() < 0.4
            or grey.min() > paper - 150
        ):
            continue
        ink = grey < paper - 60
        room = np.zeros(grey.shape, np.uint8)
        for word in line.words:
            quad = np.zeros(grey.shape, np.uint8)
            cv2.fillPoly(quad, [np.round(word.quad).astype(np.int32)], 1)
            assert ink[quad > 0].any(), f"no ink in the quad of {word.text!r}"
            room |= cv2.dilate(quad, np.ones((5, 5), np.uint8))
        outside = ink & (room == 0)
        if outside.mean() > 0.002:  # rules and neighbouring lines belong to a cut: then it is at an edge
            rows = np.flatnonzero(outside.any(axis=1))
            columns = np.flatnonzero(outside.any(axis=0))
            near = max(4, round(0.3 * size[0]))
            at_edge = rows.min() < near or rows.max() > grey.shape[0] - near
            assert at_edge or columns.min() < near or columns.max() > grey.shape[1] - near
        seen += 1
    assert seen > 8


def test_only_characters_of_the_dictionary_are_drawn(library) -> None:
    known = "абвгдежзийклмнопрстуфхцчшщыьэюя"
    drawn = source(library, languages={"ru": 1.0}, characters=known, kinds={"words": 1.0})
    for index in range(40):
        assert set(drawn.draw(index).text) <= set(known) | {" "}
    with pytest.raises(OptionError, match="could not be drawn"):
        source(library, languages={"ru": 1.0}, characters="xyz", kinds={"words": 1.0}).draw(0)


def test_faces_and_texts_keep_to_their_splits(library) -> None:
    drawn = source(library, fonts="held-out", split="train")
    assert drawn.faces() and all(face.held_out for face in drawn.faces())
    for index in range(20):
        line = drawn.draw(index)
        assert line.face.held_out and line.face.covers(line.text)
    # matplotlib's other families (STIX, Computer Modern) have no Vietnamese.
    with pytest.raises(InputError, match="no font here can write Vietnamese"):
        source(library, fonts="train", languages={"vi": 1.0})


@pytest.mark.parametrize("code", ["ru", "uk", "sr", "vi", "el"])
def test_rare_words_bring_every_letter(library, code) -> None:
    phrases = Phrases(language(code), library.texts, "all", (1, 60), {"rare": 1.0})
    letters = Counter(
        char for index in range(2500) for char in phrases.draw(generator(0, "rare", index)).text
    )
    missing = set(language(code).alphabet) - set(letters)
    # Greek writes no accents in capitals, and no word begins with ς or ends with its capital.
    assert missing <= (set("ΆΈΉΊΌΎΏΪΫ") if code == "el" else set())


@pytest.mark.parametrize("code", ["en", "ru", "vi", "el"])
def test_phrases_keep_to_their_length_and_kinds(library, code) -> None:
    phrases = Phrases(language(code), library.texts, "train", (3, 20))
    drawn = [phrases.draw(generator(3, "phrase", index)) for index in range(800)]
    assert {phrase.kind for phrase in drawn} == set(KINDS)
    for phrase in drawn:
        assert 3 <= len(phrase.text) <= 20
        assert phrase.text == " ".join(phrase.text.split())


def test_greek_capitals_have_no_accents(library) -> None:
    phrases = Phrases(language("el"), library.texts, "all", (1, 60), {"capitals": 1.0})
    text = "".join(phrases.draw(generator(0, "capitals", index)).text for index in range(100))
    assert not set(text) & set("ΆΈΉΊΌΎΏάέήίόύώ") and set(text) & set("ΑΕΗΙΟΥΩ")


def test_wrong_options_are_refused(library) -> None:
    with pytest.raises(ValidationError, match="degradations are clean"):
        LineOptions(degradations={"crumpled": 1.0})
    with pytest.raises(ValidationError):
        LineOptions(heigth=32)
    with pytest.raises(OptionError, match="must be positive"):
        source(library, languages={"ru": 0.0})
    with pytest.raises(OptionError, match="no kind of line"):
        source(library, kinds={"haiku": 1.0}).draw(0)


def test_a_recogniser_that_never_saw_them_reads_the_lines(library) -> None:
    """The labels are true: PP-OCRv6 tiny reads clean lines of English with few errors."""
    from rapidfuzz.distance import Levenshtein

    from sampan.weights import locate

    ort = pytest.importorskip("onnxruntime")
    try:
        model, dictionary = locate("pp-ocrv6-tiny-rec"), locate("pp-ocrv6-tiny-dict")
    except WeightsError as error:
        pytest.skip(str(error))
    session = ort.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    known = dictionary.read_text("utf-8").split("\n")
    drawn = source(
        library, languages={"en": 1.0}, degradations={"print": 1.0}, size=(24, 40), length=(4, 30),
        kinds={"sentence": 3.0, "words": 1.0},
    )  # fmt: skip
    wrong = total = 0
    for index in range(30):
        line = drawn.draw(index)
        values = (line.image.astype(np.float32) / 255 - 0.5) / 0.5
        # A line as short as a word is padded, as the reader does it.
        padded = np.zeros((48, max(320, line.image.shape[1]), 3), np.float32)
        padded[:, : values.shape[1]] = values
        probabilities = session.run(None, {session.get_inputs()[0].name: padded.transpose(2, 0, 1)[None]})[0][
            0
        ]
        best = probabilities.argmax(axis=1)
        kept = [
            int(index)
            for place, index in enumerate(best)
            if index and (place == 0 or index != best[place - 1])
        ]
        text = "".join(
            known[index - 1] if index <= len(known) and known[index - 1] else " " for index in kept
        )
        wrong += Levenshtein.distance("".join(text.split()), "".join(line.text.split()))
        total += len("".join(line.text.split()))
    assert wrong / total < 0.08
