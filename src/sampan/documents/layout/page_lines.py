"""The lines of a page as arrays: boxes, text sizes, styles. What every rule of the layout stage looks at."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sampan.documents.layout.evidence import is_cjk, list_marker
from sampan.documents.layout.reading_order import face_right
from sampan.documents.model import Box, Direction, Line, Style

FEW = 4
"""Lines on a page that has no body text to compare with."""
SHORT = 5.0
"""Width of a text, in ems, up to which its size on a picture is doubtful."""
LINE_HEIGHT_PER_SIZE = 1.2
"""Height of a line's box over its font size, where no line of the page knows both."""


@dataclass(slots=True)
class PageLines:
    """N lines in a page that reads left to right and downwards (mirrored or turned where it does not)."""

    lines: Sequence[Line]
    boxes: NDArray[np.float64]  # (N, 4)
    text_size: NDArray[np.float64]
    """Font size (N,), from the style or guessed from the box."""
    apparent_size: NDArray[np.float64]
    """Text size (N,) as the eye sees it: where fonts are unknown, box height and width of the letters together."""
    natural_width: NDArray[np.float64]
    """Width (N,) that the text would have in an ordinary proportional font of size 1."""
    square: NDArray[np.bool_]
    """Lines mostly of Chinese or Japanese characters, each as wide as it is high."""
    bold: NDArray[np.bool_]
    monospace: NDArray[np.bool_]
    characters: NDArray[np.int64]
    styled: bool
    """Whether most lines know their fonts; then a difference in weight or size means something."""
    direction: Direction
    width: float
    height: float
    """Of the page, as the boxes see it."""

    @property
    def body_size(self) -> float:
        """Text size of most of the characters; on a page with hardly any, such as a cover, the smallest."""
        if 0 < len(self.lines) <= FEW:
            return float(self.apparent_size.min())
        return weighted_median(self.apparent_size, self.characters)

    @property
    def line_height(self) -> float:
        return weighted_median(self.boxes[:, 3] - self.boxes[:, 1], self.characters)

    def __len__(self) -> int:
        return len(self.lines)


def measure(lines: Sequence[Line], size: tuple[float, float]) -> PageLines:
    """Arrays of all lines; the page's direction is that of most characters."""
    boxes = np.array([text_box(line) for line in lines], dtype=np.float64).reshape(-1, 4)
    characters = np.array([max(len(line.text), 1) for line in lines], dtype=np.int64)
    counts: dict[Direction, int] = {"ltr": 0, "rtl": 0, "ttb": 0}
    for number, line in zip(characters.tolist(), lines, strict=True):
        counts[line.direction] += number
    direction = max(counts, key=lambda name: counts[name])
    boxes = face_right(boxes, size, direction)
    styles = [style_of(line) for line in lines]
    known = np.array([style.size or 0.0 if style else 0.0 for style in styles], dtype=np.float64)
    heights = boxes[:, 3] - boxes[:, 1]
    styled = bool((known > 0).sum() > 0.5 * len(lines)) if len(lines) else False
    ratio = (
        float(np.median(heights[known > 0] / known[known > 0])) if (known > 0).any() else LINE_HEIGHT_PER_SIZE
    )
    text_size = np.where(known > 0, known, heights / max(ratio, 0.1))
    natural = np.array([natural_width(line.text) for line in lines], dtype=np.float64)
    # Heights of boxes are off by a sixth and more; widths of ten letters, compared with the page's others, by less.
    spread = (boxes[:, 2] - boxes[:, 0]) / np.maximum(natural, 0.1)
    usual = weighted_median(spread, characters)
    by_width = spread / usual * weighted_median(text_size, characters)
    # Chinese and Japanese characters are all as wide as they are high: a few of them are evidence enough.
    square = np.array([_count_cjk(line.text) for line in lines], dtype=np.float64) > 0.7 * natural
    trust = np.clip((natural - 1.0) / np.where(square, 3.0, 6.0), 0.0, np.where(square, 0.8, 0.6))
    trust[(known > 0) | (direction == "ttb")] = 0.0
    return PageLines(
        lines=lines,
        boxes=boxes,
        text_size=text_size,
        apparent_size=np.exp(
            (1 - trust) * np.log(text_size.clip(1e-6)) + trust * np.log(by_width.clip(1e-6))
        ),
        natural_width=natural,
        square=square,
        bold=np.array([bool(style and style.bold) for style in styles], dtype=bool),
        monospace=np.array([bool(style and style.monospace) for style in styles], dtype=bool),
        characters=characters,
        styled=styled,
        direction=direction,
        width=size[1] if direction == "ttb" else size[0],
        height=size[0] if direction == "ttb" else size[1],
    )


def _count_cjk(text: str) -> int:
    return 0 if text.isascii() else sum(map(is_cjk, text))


LOOSE = 0.7
"""White space at an end of a line's box, as part of its height, above which the box is taken to be wrong."""


def text_box(line: Line) -> Box:
    """The line's box, cut at the left and right to where its words stand.

    A detector may run a box on into the gutter, and a speck far from the text may have been read as a mark.
    """
    x0, y0, x1, y1 = line.box
    words = line.words
    if not words or line.origin != "ocr" or line.direction == "ttb":
        return line.box
    loose = LOOSE * (y1 - y0)
    if len(words) > 1 and _is_stray(words[0].text) and words[1].box[0] - words[0].box[2] > loose:
        words = words[1:]
    if len(words) > 1 and _is_stray(words[-1].text) and words[-1].box[0] - words[-2].box[2] > loose:
        words = words[:-1]
    left, right = min(word.box[0] for word in words), max(word.box[2] for word in words)
    margin = 0.2 * (y1 - y0)
    if left - x0 > loose:
        x0 = left - margin
    if x1 - right > loose:
        x1 = right + margin
    return x0, y0, x1, y1


def _is_stray(text: str) -> bool:
    return not any(character.isalnum() for character in text) and list_marker(text) is None


_NARROW = dict.fromkeys("iljtf.,:;'|!()[]{}I-·’‘`", 0.31)
_WIDE = dict.fromkeys("mwMWQ@%—…&", 0.84)
_WIDTHS = {" ": 0.26, "r": 0.37, "s": 0.43, "c": 0.46} | _NARROW | _WIDE


def natural_width(text: str) -> float:
    """Width of a text in ems of an ordinary serif or sans-serif font."""
    return sum(map(_character_width, text))


@functools.cache
def _character_width(character: str) -> float:
    if character in _WIDTHS:
        return _WIDTHS[character]
    return 1.0 if ord(character) > 0x2E7F else 0.66 if character.isupper() else 0.53


def style_of(line: Line) -> Style | None:
    """The line's own style, or the one that most of its characters have."""
    if line.style is not None or not line.words:
        return line.style
    counts: dict[Style, int] = {}
    for word in line.words:
        if word.style is not None:
            counts[word.style] = counts.get(word.style, 0) + len(word.text)
    return max(counts, key=lambda style: counts[style]) if counts else None


def weighted_median(values: NDArray[np.float64], weights: NDArray[np.int64]) -> float:
    """Value below which half of the weight lies; 1.0 for no values, so that ratios stay defined."""
    if not len(values):
        return 1.0
    order = np.argsort(values, kind="stable")
    total = np.cumsum(weights[order])
    return float(max(values[order][np.searchsorted(total, total[-1] / 2)], 1e-6))


def face_back(
    box: tuple[float, float, float, float], size: tuple[float, float], direction: Direction
) -> tuple[float, float, float, float]:
    """Undo the mirroring or turning of one box of `PageLines`; `size` is the page's own."""
    x0, y0, x1, y1 = box
    if direction == "rtl":
        return size[0] - x1, y0, size[0] - x0, y1
    if direction == "ttb":
        return size[0] - y1, x0, size[0] - y0, x1
    return box
