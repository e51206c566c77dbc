"""Recognisers that start from given weights: known by name, or files of one's own with their dictionary beside them.

The number of classes is always read from the weights: official configurations and files disagree about it.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from sampan.errors import OptionError, WeightsError
from sampan.vision.text_recognition.dictionary import CharacterDictionary
from sampan.vision.text_recognition.models import text_recognizer
from sampan.vision.text_recognition.public_weights import classes_in, from_public
from sampan.vision.text_recognition.recognizer import TextRecognizer
from sampan.vision.weights import onnx_metadata, onnx_operators
from sampan.vision.weights.onnx_layers import load_onnx
from sampan.vision.weights.public_layout import read_safetensors
from sampan.weights import REGISTER, locate


class _Known(NamedTuple):
    model: str
    dictionary: str | None
    """Name of the dictionary's file; None where the weights hold it."""


_KNOWN = {
    "pp-ocrv6-tiny-rec": _Known("pp-ocrv6-tiny", "pp-ocrv6-tiny-dict"),
    "pp-ocrv6-small-rec": _Known("pp-ocrv6-small", "pp-ocrv6-dict"),
    "pp-ocrv6-small-rec-safetensors": _Known("pp-ocrv6-small", "pp-ocrv6-dict"),
    "pp-ocrv3-rec": _Known("pp-ocrv3", None),
}


def given_recognizer(
    weights: str | Path,
    model: str | None = None,
    dictionary: str | Path | None = None,
    dropout: float = 0.1,
) -> tuple[TextRecognizer, CharacterDictionary]:
    """The recogniser with these weights, in training form, and the dictionary that they speak.

    Args:
        weights: a name that `sampan weights list` shows, or the path of an ONNX or safetensors file.
        model: name of the architecture (`models`); known weights know theirs.
        dictionary: file of the characters; without it the known one, the file's own metadata, or a `.txt` of the
            same name beside the file.

    Raises:
        WeightsError: no such weights, or they do not fit the model.
        OptionError: the model's name is needed, or the dictionary is missing or has another length.
    """
    known = _KNOWN.get(str(weights))
    path = weights_path(weights)
    architecture = model or (known.model if known else None)
    if architecture is None:
        raise OptionError(f"say which model {path.name} holds: pp-ocrv6-tiny, pp-ocrv6-small …")
    recognizer = _load(path, architecture, dropout)
    characters = _dictionary(path, known, dictionary)
    if len(characters) != recognizer.classes:
        raise OptionError(
            f"{path.name} has {recognizer.classes} classes and its dictionary {len(characters)} "
            "(with blank and space): give the dictionary that belongs to the weights"
        )
    return recognizer, characters


def weights_path(weights: str | Path) -> Path:
    """The file of known weights, or the given path.

    Raises:
        WeightsError: there is no such file.
        OptionError: the weights are known, but no recogniser's.
    """
    if str(weights) in _KNOWN:
        return locate(str(weights))
    if str(weights) in REGISTER:
        raise OptionError(f"{weights} is no recogniser: known ones are {', '.join(_KNOWN)}")
    if not Path(weights).is_file():
        raise WeightsError(f"no weights {weights}: give a file, or one of {', '.join(_KNOWN)}")
    return Path(weights)


def _load(path: Path, model: str, dropout: float) -> TextRecognizer:
    if path.suffix == ".onnx":
        recognizer = text_recognizer(model, _classes_of(path), dropout)
        load_onnx(recognizer, path)
        return recognizer
    state = read_safetensors(path)
    return from_public(text_recognizer(model, classes_in(state), dropout), state)


def _classes_of(path: Path) -> int:
    matrices = [
        operator for operator in onnx_operators(path) if operator.kind == "MatMul" and operator.constants
    ]
    if not matrices:
        raise WeightsError(f"{path.name} holds no Linear layer: it is no recogniser")
    return int(matrices[-1].constants[1].shape[1])


def _dictionary(path: Path, known: _Known | None, given: str | Path | None) -> CharacterDictionary:
    if given is not None:
        return CharacterDictionary.from_file(given)
    if known and known.dictionary:
        return CharacterDictionary.from_file(locate(known.dictionary))
    if path.suffix == ".onnx" and "character" in (metadata := onnx_metadata(path)):
        return CharacterDictionary.from_lines(metadata["character"].split("\n"), source=path.name)
    beside = path.with_suffix(".txt")
    if not beside.is_file():
        raise OptionError(f"no dictionary for {path.name}: put it beside as {beside.name}, or name its file")
    return CharacterDictionary.from_file(beside)
