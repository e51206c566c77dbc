"""Sources of lines as a recipe chooses them."""

from __future__ import annotations

from collections.abc import Sequence

from sampan.vision.text_recognition.dictionary import CharacterDictionary
from sampan.vision.text_recognition.options import SourceOptions
from sampan.vision.text_recognition.sources import DrawnLines, LabelFile, LineSource

_SPACES_IN_PRICES = "\u00a0\u202f"
"""Drawn texts have spaces that do not break; the data set makes them plain."""


def sources_of(
    chosen: Sequence[SourceOptions], dictionary: CharacterDictionary | None = None, *, fixed: bool = False
) -> list[LineSource]:
    """The sources, in their order.

    Args:
        chosen: by the recipe.
        dictionary: what drawn lines may be spelt with, unless the recipe says so; anything if None.
        fixed: whether drawn lines are the same in every epoch.
    """
    return [_source(options, dictionary, fixed) for options in chosen]


def _source(options: SourceOptions, dictionary: CharacterDictionary | None, fixed: bool) -> LineSource:
    if options.labels is not None:
        return LabelFile(options.labels, options.root)
    assert options.drawn is not None
    drawn = options.drawn
    if drawn.characters is None and dictionary is not None:
        known = "".join(dictionary.characters) + _SPACES_IN_PRICES
        drawn = drawn.model_copy(update={"characters": known})
    return DrawnLines(drawn, drawn.lines, fixed)
