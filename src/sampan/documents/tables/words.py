"""The words of a table as arrays, and their grouping into text rows.

A word takes its vertical extent from its line: glyph boxes of "-" or "a" say little about where a
row runs, the line's box does. Text rows are printed rows; a table row may hold several of them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sampan.documents.model import Box, Line, Word

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Scripts written without spaces between words: kana, Han, full-width signs; Thai, Lao, Khmer, Burmese.
_SPACELESS = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u303f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]"
)
_NUMBER = re.compile(
    r"[-+−–(]?[\s$€£¥]*[\d][\d.,\s'’%/:()×x*†‡±–-]*(?:[A-Za-z%°]{0,2}|[$€£¥])[)*]*|[-–—]+|n/?a", re.IGNORECASE
)

SAME_ROW = 0.35
"""Words whose centres differ by less than this share of the text height stand in one text row."""


@dataclass(slots=True)
class TableWords:
    """All words of a table, in order of their lines."""

    lines: list[Line]
    words: list[Word]
    line_of: Ints
    """(N,) index into `lines`."""
    boxes: Floats
    """(N, 4) x0, y0, x1, y1; y from the line."""
    height: float
    """Median height of a line of text."""

    def __len__(self) -> int:
        return len(self.words)

    @property
    def centre_x(self) -> Floats:
        return (self.boxes[:, 0] + self.boxes[:, 2]) / 2

    @property
    def centre_y(self) -> Floats:
        return (self.boxes[:, 1] + self.boxes[:, 3]) / 2


def table_words(lines: Sequence[Line]) -> TableWords:
    """Words of `lines`. A line without words is split at its spaces, with boxes in proportion to the text."""
    words: list[Word] = []
    line_of: list[int] = []
    kept: list[Line] = []
    boxes: list[tuple[float, float, float, float]] = []
    for line in lines:
        parts = [word for word in line.words if word.text.strip()] or split_line(line)
        if not parts:
            continue
        for word in parts:
            words.append(word)
            line_of.append(len(kept))
            boxes.append((word.box[0], line.box[1], max(word.box[2], word.box[0]), line.box[3]))
        kept.append(line)
    heights = [line.box[3] - line.box[1] for line in kept]
    return TableWords(
        lines=kept,
        words=words,
        line_of=np.asarray(line_of, np.int64),
        boxes=np.asarray(boxes, np.float64).reshape(-1, 4),
        height=max(float(np.median(heights)), 1e-6) if heights else 1.0,
    )


def split_line(line: Line) -> list[Word]:
    """Words of a line whose reader gave none: x in proportion to the characters."""
    x0, y0, x1, y1 = line.box
    step = (x1 - x0) / max(len(line.text), 1)
    return [
        Word(
            text=match.group(),
            box=(x0 + match.start() * step, y0, x0 + match.end() * step, y1),
            confidence=line.confidence,
            style=line.style,
        )
        for match in re.finditer(r"\S+", line.text)
    ]


def text_rows(words: TableWords) -> list[Ints]:
    """Indices of the words of every text row, top to bottom, each from left to right."""
    if not len(words):
        return []
    centres = words.centre_y
    order = np.argsort(centres, kind="stable")
    rows: list[list[int]] = []
    mean = 0.0
    for index in order:
        if rows and centres[index] - mean < SAME_ROW * words.height:
            rows[-1].append(int(index))
            mean += (centres[index] - mean) / len(rows[-1])
        else:
            rows.append([int(index)])
            mean = float(centres[index])
    left = words.boxes[:, 0]
    return [np.asarray(sorted(row, key=lambda index: left[index]), np.int64) for row in rows]


def text_of(words: TableWords, indices: Sequence[int]) -> str:
    """Text of some words of one line, with the spaces that the line has between them."""
    line = words.lines[words.line_of[indices[0]]]
    spans = []
    position = 0
    for index in indices:
        found = line.text.find(words.words[index].text, position)
        if found < 0:
            return " ".join(words.words[index].text for index in indices)
        position = found + len(words.words[index].text)
        spans.append((found, position))
    text: str = line.text[spans[0][0] : spans[-1][1]]
    kept = sum(end - start for start, end in spans)
    # Words of other cells may lie between the first and the last one.
    if kept < len(text.replace(" ", "")):
        return " ".join(words.words[index].text for index in indices)
    return text


def join_lines(texts: Sequence[str]) -> str:
    """Lines of one cell as running text: a space between them, none between spaceless scripts or at a hyphen."""
    joined = ""
    for text in texts:
        text = text.strip()
        if not joined or not text or (_SPACELESS.match(joined[-1]) and _SPACELESS.match(text[0])):
            joined += text
        elif joined[-1] in "-\u2010\u00ad" and joined[-2:-1].isalpha() and text[0].isalpha():
            joined = joined.removesuffix("\u00ad") + text
        else:
            joined += " " + text
    return joined


def is_number(text: str) -> bool:
    """Whether a cell holds a figure: an amount, a percentage, a date, a dash for "none"."""
    return _NUMBER.fullmatch(text.strip()) is not None


def inside(box: Box, outer: Box) -> bool:
    """Whether the centre of `box` lies in `outer`."""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return outer[0] <= x <= outer[2] and outer[1] <= y <= outer[3]
