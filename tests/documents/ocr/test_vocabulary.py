from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from sampan.documents.ocr.vocabulary import load_vocabulary
from sampan.errors import WeightsError
from sampan.runtime import Model, open_model
from sampan.weights import locate


class Stand:
    """A model of so many classes with a dictionary in its metadata or without one."""

    def __init__(self, classes: int | str, character: str | None = None) -> None:
        self.metadata = {} if character is None else {"character": character}
        self.output_shapes = [("N", "T", classes)]


def load(classes: int | str, character: str | None = None, dictionary: Path | None = None) -> list[str]:
    return load_vocabulary(cast(Model, Stand(classes, character)), dictionary)


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("last", ["", "end"])
def test_from_the_metadata(ending: str, last: str) -> None:
    characters = ending.join("abc") + (ending if last else "")
    assert load(4, characters) == ["", "a", "b", "c"]
    assert load(5, characters) == ["", "a", "b", "c", " "]


@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
def test_from_the_file_beside_the_model(tmp_path: Path, ending: bytes) -> None:
    path = tmp_path / "dict.txt"
    path.write_bytes(ending.join(character.encode() for character in "aé字\u3000") + ending)
    assert load(6, dictionary=path) == ["", "a", "é", "字", "\u3000", " "]
    # What stands in the model itself is the model's.
    assert load(3, "x\ny", path) == ["", "x", "y"]


def test_a_dictionary_of_another_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "dict.txt"
    path.write_text("a\nb\nc\n")
    for classes in (3, 6, 7000):
        with pytest.raises(WeightsError, match=rf"dict\.txt has 3 characters.* {classes} classes"):
            load(classes, dictionary=path)


def test_without_a_dictionary_the_option_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="--dictionary"):
        load(10)
    with pytest.raises(WeightsError, match=r"missing\.txt cannot be read"):
        load(10, dictionary=tmp_path / "missing.txt")
    (tmp_path / "latin.txt").write_bytes("é\nö".encode("latin-1"))
    with pytest.raises(WeightsError, match=r"latin\.txt cannot be read"):
        load(10, dictionary=tmp_path / "latin.txt")


def test_a_model_that_hides_its_classes_is_refused() -> None:
    with pytest.raises(WeightsError, match="number of its classes"):
        load("C", "a\nb")


@pytest.mark.parametrize(
    ("model", "dictionary"),
    [("pp-ocrv6-tiny-rec", "pp-ocrv6-tiny-dict"), ("pp-ocrv6-small-rec", "pp-ocrv6-dict")],
)
def test_of_the_shipped_weights(model: str, dictionary: str) -> None:
    opened = open_model(locate(model), 1)
    vocabulary = load_vocabulary(opened, locate(dictionary))
    assert len(vocabulary) == opened.output_shapes[0][-1]
    assert vocabulary[0] == "" and vocabulary[-1] == " " and len(set(vocabulary)) == len(vocabulary)
    assert {"a", "Z", "0", "é"} <= set(vocabulary)
