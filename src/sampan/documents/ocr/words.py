"""Words of a line: spaces checked against the ink, boxes from frames and gaps.

CTC frames tell where a character fires, not where it begins and ends, and at low resolution the recogniser drops
spaces (RapidOCR#723; PaddleOCR 3.0 card §4). The line's own blank columns settle both: a word boundary lies in a
blank run, and a blank run much wider than the line's usual gap is a space even if none was read.
Per-word grouping follows the official rule: CJK characters stand alone, everything else is cut at spaces.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sampan.documents.ocr.ctc import Reading
from sampan.documents.ocr.ink import InkRuns

_AFTER_NUMBER = frozenset("€%$£")
"""Signs that most languages set off from their number."""
_SENTENCE = re.compile(r"[^\W\d_A-ZÀ-Þ\u0400-\u042f][.!?][A-ZÀ-Þ][^\W\d_A-ZÀ-Þ]|[%)][.!?][A-ZÀ-Þ][^\W\d_]")
"""The end of one sentence and the beginning of the next."""
_LEAST_SPACE_BY_NARROW = (0.24, 0.42, 0.6)
"""Least width of an inserted space, in heights of the line's ink, with none, one or two narrow glyphs beside it:
these stand in wide cells."""
_MONOSPACED = 0.25
"""Four letters in five of a monospaced line lie so near to their places, in cells. Measured: two monospaced faces stay
below 0.22, five proportional ones above 0.35."""
_LEAST_CELLS = 12
_CELLS_APART = 1.6
"""Distance of two neighbours, in cells, from which a space lies between them."""
_SPACE_OVER_GAP = 2.6
"""An inserted space is at least so many times as wide as the line's usual gap between characters."""
_SPACE_AT_LEAST = 0.12
"""Blank runs narrower than this, in heights of the line's ink, are gaps between letters."""
_FRAME_SLACK = 0.2
"""How far a character's frames may lie from its ink, in heights of the line's ink."""
_NARROW = frozenset("1.,:;'’`|!iIljtfr()[]{}-\"“”*/\\")


_DASHES = frozenset("-‐‑–—−一")
_DASHED_NUMBER = re.compile(r"^[-–—]\s?\d+\s?[-–—]$")
"""A page number between dashes."""
_NUMBERED = re.compile(r"^\d{1,2}[A-ZÀ-Þ][\w ]")
"""A heading that begins with its number."""
_EN_DASH, _EM_DASH = 0.42, 0.8
"""Least length of an en and of an em dash, in heights of the line's ink."""


@dataclass(slots=True)
class WordSpan:
    """A word: characters [first, last) of its reading, and where it lies, as fractions of the line's length."""

    text: str
    first: int
    last: int
    start: float
    end: float
    confidence: float
    least: float
    """Probability of its least certain character."""


def is_cjk(character: str) -> bool:
    """Ideographs, kana and full-width forms: scripts set without spaces. Hangul uses spaces."""
    if character < "\u2e80":
        return False
    code = ord(character[0])
    return (
        0x2E80 <= code <= 0x303F
        or 0x3040 <= code <= 0x31FF
        or 0x3200 <= code <= 0x4DBF
        or 0x4E00 <= code <= 0x9FFF
        or 0xF900 <= code <= 0xFAFF
        or 0xFE30 <= code <= 0xFE4F
        or 0xFF00 <= code <= 0xFFEF
        or 0x20000 <= code <= 0x3FFFF
    )


def spaced(reading: Reading, ink: InkRuns | None) -> Reading:
    """The reading with the spaces that the ink shows and the recogniser dropped."""
    count = len(reading.characters)
    if ink is None or count < 2 or ink.starts.size == 0:
        return reading
    widths = ink.widths
    between_letters = widths[widths < 0.3 * ink.height]
    usual = float(np.median(between_letters)) if between_letters.size else 0.0
    least = max(_LEAST_SPACE_BY_NARROW[0] * ink.height, _SPACE_OVER_GAP * usual)
    wide = np.flatnonzero(widths >= least)
    if wide.size == 0:
        return reading
    centres = reading.columns.mean(axis=1)
    # The wide blank run between characters k − 1 and k asks for a space before k.
    before = np.searchsorted(centres, ink.middles[wide])
    cell = cell_width(reading)
    inserted: list[tuple[int, int]] = []
    for run, position in zip(wide, before, strict=True):
        if not 0 < position < count or (inserted and inserted[-1][0] == position):
            continue
        left, right = reading.characters[position - 1], reading.characters[position]
        if left.isspace() or right.isspace() or is_cjk(left) or is_cjk(right):
            continue
        if left in "'’" and position > 1 and reading.characters[position - 2].isalpha():
            continue
        if left in ",." and right.isdigit() and position > 1 and reading.characters[position - 2].isdigit():
            continue
        if cell and centres[position] - centres[position - 1] < _CELLS_APART * cell:
            continue
        narrow = (left in _NARROW) + (right in _NARROW)
        if right in _AFTER_NUMBER and left.isdigit():
            narrow = int(right == "%" and left == "1")
        if position in (1, count - 1) and _DASHED_NUMBER.match(reading.text):
            narrow = 0
        if position <= 2 and _NUMBERED.match(reading.text):
            narrow = 0
        needed = _LEAST_SPACE_BY_NARROW[narrow]
        if _SENTENCE.fullmatch("".join(reading.characters[max(position - 2, 0) : position + 2])):
            needed = _LEAST_SPACE_BY_NARROW[0]
        if widths[run] < needed * ink.height:
            continue
        inserted.append((int(position), int(run)))
    if not inserted:
        return reading
    positions = [position for position, _ in inserted]
    characters = list(reading.characters)
    for position in reversed(positions):
        characters.insert(position, " ")
    gaps = np.array([[ink.starts[run], ink.ends[run]] for _, run in inserted], np.float32)
    certainty = np.minimum(
        reading.probabilities[positions], reading.probabilities[[p - 1 for p in positions]]
    )
    return Reading(
        text="".join(characters),
        confidence=reading.confidence,
        characters=characters,
        probabilities=np.insert(reading.probabilities, positions, certainty).astype(np.float32),
        columns=np.insert(reading.columns, positions, gaps, axis=0).astype(np.float32),
        model=reading.model,
    )


def cell_width(reading: Reading) -> float:
    """Distance of neighbouring characters in a monospaced line; 0 for any other line.

    In cells of one width the centres lie on a straight line over the characters' numbers. Frames are coarse, so that
    steps alone cannot tell; over a whole line the letters of other typefaces run away from it.
    """
    count = len(reading.characters)
    if count < _LEAST_CELLS or max(reading.characters) >= "\u2e80":
        return 0.0
    centres = reading.columns.mean(axis=1).astype(np.float64)
    numbers = np.arange(count) - (count - 1) / 2
    pitch = float(numbers @ centres / (numbers @ numbers))
    if pitch <= 0:
        return 0.0
    residual = np.abs(centres - centres.mean() - pitch * numbers)
    near = int(np.count_nonzero(residual < _MONOSPACED * pitch))
    return pitch if near >= 0.8 * count else 0.0


def typographic(reading: Reading, ink: InkRuns | None, usual_height: float = 0.0) -> Reading:
    """Dashes that stand alone, told apart by their length: recognisers call most of them hyphens.

    A hyphen is about a third of an em long, an en dash half an em, an em dash a whole one; the ink of a line with
    ascenders and descenders is about an em high. A dash that is the whole line is measured by `usual_height`, the
    ink height of the page's other lines as a fraction of this line's length.
    """
    if ink is None or not any(character in _DASHES for character in reading.characters):
        return reading
    characters = list(reading.characters)
    # 一 is "one" among ideographs and a misread dash elsewhere.
    chinese = any(is_cjk(character) and character not in _DASHES for character in characters)
    for span in word_spans(reading, ink):
        height = ink.height if len(reading.characters) > 1 else usual_height
        if span.text in _DASHES and height and not chinese:
            length = (span.end - span.start) / height
            characters[span.first] = "-" if length < _EN_DASH else "–" if length < _EM_DASH else "—"
    if characters == reading.characters:
        return reading
    return replace(reading, text="".join(characters), characters=characters)


_COLUMN_GAP = 1.7
"""A blank run of so many ink heights parts two texts that the detector took for one line."""


def parted(reading: Reading, ink: InkRuns | None) -> list[list[WordSpan]]:
    """The words of a reading, cut where the line runs over a gutter or from one table cell into the next."""
    spans = word_spans(reading, ink)
    groups: list[list[WordSpan]] = []
    for span in spans:
        if not groups or (ink is not None and span.start - groups[-1][-1].end > _COLUMN_GAP * ink.height):
            groups.append([])
        groups[-1].append(span)
    return groups


_LONE_ONE = re.compile(r"(?<=[a-zà-ÿ])1(?=[a-zà-ÿ])|(?<=[./])1(?=[a-zà-ÿ]{2})")
_NUMERO = re.compile(r"(?<=\b[nN]\.)°")
"""n.º: a raised o, never a degree."""
_WIDE_COMMA = re.compile(r"(?<=[0-9])，(?=[0-9]{3})")
"""A full-width comma inside a number in half-width figures."""
_DASHED_PAGE = re.compile(r"^[-–—]( ?\d+ ?)[-–—]$")
"""A page number between dashes: both are en dashes, whatever a speck made one of them."""
_WIDE_FORMS = str.maketrans(":;,!?", "：；，！？")
_NARROW_MARK = re.compile(r"(?<=[\u3040-\u30ff\u4e00-\u9fff])[:;,!?](?=[\u3040-\u30ff\u4e00-\u9fff])")
"""A mark between ideographs or kana has their width."""
_MIXED_BRACKETS = re.compile(r"（([^（）()]*)\)|\(([^（）()]*)）")
"""Brackets of a pair have one width."""
_AFTER_LETTER = re.compile(r"(?<=[^\W\d_])['’]")
_SOME_CURLY = 0.25
"""Share of apostrophes read as curly from which all of a page's are."""
_APOSTROPHE = re.compile(r"(?<=\w)['’](?=\w)")


def consistent(readings: Sequence[Reading], apostrophe: str | None = None) -> list[Reading]:
    """Readings of one page, agreed on what a single word cannot tell.

    A page number stands between en dashes, and n.º has a raised o. A 1 amid lower-case letters is an l (never amid
    capitals or digits, where codes live); apostrophes inside words are all curly or all straight: as `apostrophe`
    says, or else as they were read.
    """
    shapes = Counter(mark for reading in readings for mark in _APOSTROPHE.findall(reading.text))
    # Recognisers answer ' for both, and ’ only where they see one.
    curly = shapes["’"] >= _SOME_CURLY * shapes.total()
    usual = apostrophe or ("’" if curly else "'")
    agreed = []
    for reading in readings:
        text = _LONE_ONE.sub("l", reading.text)
        text = _NUMERO.sub("º", text)
        text = _WIDE_COMMA.sub(",", text)
        text = _NARROW_MARK.sub(lambda mark: mark.group().translate(_WIDE_FORMS), text)
        text = _MIXED_BRACKETS.sub(lambda pair: f"（{pair.group(1) or pair.group(2) or ''}）", text)
        if dashed := _DASHED_PAGE.match(text):
            text = f"–{dashed.group(1)}–"
        if apostrophe and not cell_width(reading):
            # Elided at the line's end, or a closing quote, which has the same shape.
            text = _AFTER_LETTER.sub(apostrophe, text)
        elif len(shapes) > 1:
            text = _APOSTROPHE.sub(usual, text)
        # Positions stay valid only while every character is replaced by one.
        if text == reading.text or len(reading.text) != len(reading.characters):
            agreed.append(reading)
        else:
            agreed.append(replace(reading, text=text, characters=list(text)))
    return agreed


def word_spans(reading: Reading, ink: InkRuns | None) -> list[WordSpan]:
    """The words of a reading in order."""
    if not reading.characters:
        return []
    # Plain lists: words have a handful of letters, for which numpy's calls cost more than the sums.
    starts, stops = _edges(reading, ink).T.tolist()
    probabilities = reading.probabilities.tolist()
    spans: list[WordSpan] = []
    first = 0
    for index in range(len(reading.characters) + 1):
        ends = index == len(reading.characters) or reading.characters[index].isspace()
        alone = not ends and is_cjk(reading.characters[index])
        if (ends or alone or (index and is_cjk(reading.characters[index - 1]))) and first < index:
            inside = probabilities[first:index]
            spans.append(
                WordSpan(
                    text="".join(reading.characters[first:index]),
                    first=first,
                    last=index,
                    start=starts[first],
                    end=stops[index - 1],
                    confidence=sum(inside) / len(inside),
                    least=min(inside),
                )
            )
            first = index
        if ends:
            first = index + 1
    return spans


def _blank_run(
    ink: InkRuns, middles: NDArray[np.float64], widths: NDArray[np.float64], after: float, before: float
) -> int | None:
    """The widest blank run between two characters' centres.

    Frames fire up to half a letter early or late: where only a gap between letters lies between the centres, a space
    a little beyond them is meant.
    """

    def widest(low: float, high: float) -> int | None:
        first, stop = int(np.searchsorted(middles, low, "right")), int(np.searchsorted(middles, high, "left"))
        return first + int(widths[first:stop].argmax()) if stop > first else None

    inside = widest(after, before)
    if inside is not None and widths[inside] >= _SPACE_AT_LEAST * ink.height:
        return inside
    slack = _FRAME_SLACK * ink.height
    return widest(after - slack, before + slack)


def _edges(reading: Reading, ink: InkRuns | None) -> NDArray[np.float64]:
    """(len, 2) left and right edge of every character: halfway to its neighbours, at spaces the blank run's."""
    starts = reading.columns[:, 0].astype(np.float64)
    ends = reading.columns[:, 1].astype(np.float64)
    middle = (ends[:-1] + starts[1:]) / 2
    left = np.concatenate(([0.0], middle))
    right = np.concatenate((middle, [1.0]))
    if ink is not None:
        left[0] = min(ink.first, ends[0])
        right[-1] = max(ink.last, starts[-1])
        if ink.starts.size:
            centres = (starts + ends) / 2
            middles, widths = ink.middles, ink.widths
            for index, character in enumerate(reading.characters):
                if not character.isspace() or index == 0 or index == len(reading.characters) - 1:
                    continue
                run = _blank_run(ink, middles, widths, centres[index - 1], centres[index + 1])
                if run is not None:
                    right[index - 1] = ink.starts[run]
                    left[index + 1] = ink.ends[run]
    return np.stack([left, np.maximum(right, left)], axis=1)
