"""The characters of a recogniser, from its file or from the dictionary beside it.

The vocabulary's size is always read from the weights (PaddleOCR 3.0 card §3.4): class 0 is the CTC blank, then the
dictionary, then a space if one class is left over.
"""

from __future__ import annotations

from pathlib import Path

from sampan.errors import WeightsError
from sampan.runtime import Model


def load_vocabulary(model: Model, dictionary: Path | None = None) -> list[str]:
    """One string per class of `model`, blank first."""
    embedded = model.metadata.get("character")
    if embedded:
        characters = embedded.split("\n")
        origin = "the model's metadata"
    elif dictionary is not None:
        try:
            characters = dictionary.read_text(encoding="utf-8").split("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise WeightsError(f"dictionary {dictionary} cannot be read: {error}") from error
        origin = f"dictionary {dictionary}"
    else:
        raise WeightsError(
            "the recognition model carries no dictionary: give the file that belongs to it with --dictionary"
        )
    characters = [character.rstrip("\r") for character in characters]
    while characters and characters[-1] == "":
        characters.pop()
    classes = model.output_shapes[0][-1]
    if not isinstance(classes, int):
        raise WeightsError(
            "the recognition model does not state the number of its classes in its output shape"
        )
    missing = classes - 1 - len(characters)
    if missing == 1:
        characters.append(" ")
    elif missing != 0:
        raise WeightsError(
            f"{origin} has {len(characters)} characters but the model has {classes} classes "
            f"(blank + dictionary [+ space]): take the dictionary that belongs to the model"
        )
    return ["", *characters]
