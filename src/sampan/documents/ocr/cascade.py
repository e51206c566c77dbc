"""Tiny first, small where needed: two recognisers, one reading.

PP-OCRv6 tiny reads a line in about a fifth of small's time and agrees with it in all but a few words. So tiny reads
every line, and small reads again only the *words* in doubt, cut out of the line between its blank columns. A
line that is mostly doubt is read again whole. Scripts that tiny does not know would be read twice: a sample of lines
decides first whether the page is one for tiny at all.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sampan.documents.ocr.advance import leaps, misfits
from sampan.documents.ocr.crops import LineCrop, quad_size
from sampan.documents.ocr.ctc import Reading
from sampan.documents.ocr.words import WordSpan, cell_width, is_cjk, spaced, word_spans
from sampan.runtime import trace

_SURE_EDGE = 0.95
"""A first or last letter that the fast model is so sure of is not given up to a narrow cut."""


class Recogniser(Protocol):
    def read(self, crops: Sequence[LineCrop]) -> list[Reading]: ...

    def quick(self, crops: Sequence[LineCrop]) -> list[Reading]:
        """A reading to judge by, not to keep."""
        ...


@dataclass(frozen=True, slots=True)
class CascadeRules:
    certain: float = 0.9
    """A word with a less certain character than this is read again."""
    whole_line: float = 0.55
    """A line is read again whole if this share of it is in doubt."""
    sample: int = 6
    """Lines read first to decide whether the page is one for the fast model."""
    sample_reject: float = 0.8
    """The page goes to the careful model at once if the sample's mean probability is lower."""
    sample_reject_ideographs: float = 0.92
    """The same where the sample reads as ideographs: kana, which tiny does not know, come out as such."""
    least_sample: int = 12
    """Pages with fewer lines are not sampled."""


SUSPICIOUS = re.compile(
    r"fß"  # tiny reads ß as fß in some typefaces
    r"|^[-–—]\d+[-–—]?$|^\d+[-–—]$"  # dashed numbers
    r"|['’`]"  # straight or curly
    r"|[a-zà-ÿ][01]|[01][a-zà-ÿ]{2}|[a-z]I[a-z]|^[lI1|]+$|/[I1l]?\)?$|-[1lI]$"  # l, 1, I, o and 0
    r"|_",  # doubled underscores run together
)
"""Confusions that tiny makes with high probability (measured on rendered pages): always read again."""


TRADITIONAL = frozenset(
    "這們來說國學會對經發關點體與兩從當實應將樣麼沒裡邊變總數轉讀價萬鐵臺還讓寫強證聲號單圖團廣"
)
"""Frequent characters of Traditional Chinese that neither Simplified Chinese nor Japanese uses."""


def _is_traditional(text: str) -> bool:
    """Whether a text is Traditional Chinese, of which tiny reads many characters as simplified ones, sure of itself."""
    ideographs = sum(is_cjk(character) for character in text)
    return ideographs >= 10 and sum(character in TRADITIONAL for character in text) > 0.02 * ideographs


@dataclass(slots=True)
class _Doubt:
    """Characters [first, last) of a line and where they lie."""

    line: int
    first: int
    last: int
    crop: LineCrop


class CascadeRecogniser:
    """Reads crops with `fast`, and words with `careful` where `fast` is not sure.

    `plain` is `fast` with few ideographs: it reads pages that have none.
    """

    def __init__(
        self,
        fast: Recogniser,
        careful: Recogniser,
        plain: Recogniser | None = None,
        rules: CascadeRules | None = None,
    ) -> None:
        self.fast = fast
        self.careful = careful
        self.plain = plain or fast
        self.rules = rules or CascadeRules()

    def read(self, crops: Sequence[LineCrop]) -> list[Reading]:
        """One reading per crop, in the order given."""
        sampled = self._read_sample(crops)
        if sampled is None:
            return self.careful.read(crops)
        known, fast = sampled
        known |= self._read_some(fast, crops, [index for index in range(len(crops)) if index not in known])
        if fast is not self.fast:
            # It knows some ideographs only: enough to notice that the line has any.
            unknown = [index for index, reading in known.items() if any(map(is_cjk, reading.characters))]
            known |= self._read_some(self.fast, crops, unknown)
        readings = [spaced(known[index], crop.ink()) for index, crop in enumerate(crops)]
        spans = [word_spans(reading, crop.ink()) for reading, crop in zip(readings, crops, strict=True)]
        # Monospaced lines say nothing about the widths of letters.
        lengths = [
            0.0 if cell_width(reading) else quad_size(crop.quad)[0]
            for reading, crop in zip(readings, crops, strict=True)
        ]
        misfit = misfits(
            [[(span.text, (span.end - span.start) * length) for span in line]
             for line, length in zip(spans, lengths, strict=True)]
        )  # fmt: skip
        doubts = [
            doubt
            for index in range(len(crops))
            for doubt in self._doubts(index, readings[index], crops[index], spans[index], misfit[index])
        ]
        again = self.careful.read([doubt.crop for doubt in doubts])
        # From the end of each line, so that earlier character positions stay valid.
        for doubt, careful in sorted(
            zip(doubts, again, strict=True), key=lambda pair: pair[0].first, reverse=True
        ):
            merged = _merged(readings[doubt.line], doubt, careful, crops[doubt.line])
            trace.note("second look", before=readings[doubt.line], doubt=doubt, careful=careful, after=merged)
            readings[doubt.line] = merged
        return readings

    def quick(self, crops: Sequence[LineCrop]) -> list[Reading]:
        """The fast model's readings."""
        return self.fast.read(crops)

    @staticmethod
    def _read_some(
        reader: Recogniser, crops: Sequence[LineCrop], indices: Sequence[int]
    ) -> dict[int, Reading]:
        return dict(zip(indices, reader.read([crops[index] for index in indices]), strict=True))

    def _read_sample(self, crops: Sequence[LineCrop]) -> tuple[dict[int, Reading], Recogniser] | None:
        """Fast readings of a few lines by index and the reader for the others; None if these lines say that the page
        is not for the fast model."""
        if len(crops) < self.rules.least_sample:
            return {}, self.fast
        # Lines of middle length: long enough to tell, short enough to be cheap. Ties are broken by place,
        # so that the choice does not depend on the order of the lines.
        by_length = sorted(
            range(len(crops)), key=lambda i: (quad_size(crops[i].quad)[0], *crops[i].quad[0].tolist())
        )
        places = np.linspace(0.3, 0.7, self.rules.sample) * (len(crops) - 1)
        sample = list(dict.fromkeys(by_length[round(float(place))] for place in places))
        reader = self.plain
        known = self._read_some(reader, crops, sample)
        if any(is_cjk(character) for reading in known.values() for character in reading.characters):
            reader = self.fast
            known = self._read_some(reader, crops, sample)
        readings = list(known.values())
        probabilities = np.concatenate([reading.probabilities for reading in readings])
        text = "".join(reading.text for reading in readings)
        ideographs = sum(map(is_cjk, text)) > 0.3 * len(text)
        least = self.rules.sample_reject_ideographs if ideographs else self.rules.sample_reject
        unsure = probabilities.size == 0 or probabilities.mean() < least
        traditional = _is_traditional(text)
        trace.note(
            "sample",
            readings=readings,
            least=least,
            unsure=unsure,
            traditional=traditional,
            plain=reader is not self.fast,
        )
        return None if unsure or traditional else (known, reader)

    def _doubts(
        self, index: int, reading: Reading, crop: LineCrop, spans: list[WordSpan], misfit: NDArray[np.float64]
    ) -> list[_Doubt]:
        doubtful = [
            _is_doubtful(span, self.rules.certain) or (error != 0.0 and _says_something(span))
            for span, error in zip(spans, misfit, strict=True)
        ]
        if not reading.characters:
            return [_Doubt(index, 0, 0, crop)]
        beside = leaps(reading)
        if beside.any():
            doubtful = [
                doubt or bool(beside[span.first : span.last].any())
                for doubt, span in zip(doubtful, spans, strict=True)
            ]
        if not any(doubtful):
            return []
        # Short words say little by themselves: read them with their neighbours.
        for position in [k for k, doubt in enumerate(doubtful) if doubt and len(spans[k].text) <= 2]:
            for neighbour in (position - 1, position + 1):
                if 0 <= neighbour < len(spans):
                    doubtful[neighbour] = True
        share = sum(len(span.text) for span, doubt in zip(spans, doubtful, strict=True) if doubt)
        if share > self.rules.whole_line * sum(len(span.text) for span in spans):
            return [_Doubt(index, 0, len(reading.characters), crop)]
        found = []
        position = 0
        while position < len(spans):
            if not doubtful[position]:
                position += 1
                continue
            stop = position
            while stop + 1 < len(spans) and doubtful[stop + 1]:
                stop += 1
            start = 0.0 if position == 0 else (spans[position - 1].end + spans[position].start) / 2
            end = 1.0 if stop == len(spans) - 1 else (spans[stop].end + spans[stop + 1].start) / 2
            first = 0 if position == 0 else spans[position].first
            last = len(reading.characters) if stop == len(spans) - 1 else spans[stop].last
            found.append(_Doubt(index, first, last, crop.part(start, end)))
            position = stop + 1
        return found


def _is_doubtful(span: WordSpan, certain: float) -> bool:
    if not _says_something(span):
        return False
    return span.least < certain or SUSPICIOUS.search(span.text) is not None


def _says_something(span: WordSpan) -> bool:
    """A lone dash or bullet says nothing by its look; `typographic` measures it instead."""
    return any(character.isalnum() for character in span.text)


def _merged(reading: Reading, doubt: _Doubt, careful: Reading, whole: LineCrop) -> Reading:
    """`reading` with the doubtful characters replaced, unless the careful reading is clearly the worse one."""
    before = reading.probabilities[doubt.first : doubt.last]
    careful = _without_neighbours(reading, doubt, careful)
    if not careful.characters:
        return reading
    if before.size and careful.confidence < float(before.mean()) - 0.05:
        return reading
    offset, length = _place(doubt.crop, whole)
    characters = [
        *reading.characters[: doubt.first], *careful.characters, *reading.characters[doubt.last :]
    ]  # fmt: skip
    probabilities = np.concatenate(
        [reading.probabilities[: doubt.first], careful.probabilities, reading.probabilities[doubt.last :]]
    )
    columns = np.concatenate(
        [reading.columns[: doubt.first], offset + careful.columns * length, reading.columns[doubt.last :]]
    )
    return Reading(
        text="".join(characters),
        confidence=float(probabilities.mean()),
        characters=characters,
        probabilities=probabilities.astype(np.float32),
        columns=columns.astype(np.float32),
        model=careful.model if len(careful.characters) == len(characters) else reading.model,
    )


_BARS = str.maketrans("1I|", "lll")


def _without_neighbours(reading: Reading, doubt: _Doubt, careful: Reading) -> Reading:
    """The careful reading of a piece without letters of the words beside it that the cut took along.

    If both readings agree but for one letter at an end, set off by a space, and that letter is the neighbour's, it
    came with the cut. If the careful one lacks just the first or last letter, the cut lost it.
    """
    own = "".join(reading.characters[doubt.first : doubt.last]).strip()
    text = careful.text
    if len(text) != len(careful.characters) or not own:
        return careful
    left = "".join(reading.characters[: doubt.first]).rstrip()[-1:].translate(_BARS)
    right = "".join(reading.characters[doubt.last :]).lstrip()[:1].translate(_BARS)
    if text[1:2] == " " and text[2:] == own and text[0].translate(_BARS) == left:
        return _sliced(careful, 2, len(text))
    if text[-2:-1] == " " and text[:-2] == own and text[-1].translate(_BARS) == right:
        return _sliced(careful, 0, len(text) - 2)
    if len(own) > 3 and text in (own[1:], own[:-1]):
        edge = reading.probabilities[doubt.first if text == own[1:] else doubt.last - 1]
        return Reading("", 0.0, [], *_nothing()) if edge >= _SURE_EDGE else careful
    return careful


def _nothing() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    return np.zeros(0, np.float32), np.zeros((0, 2), np.float32)


def _sliced(reading: Reading, first: int, last: int) -> Reading:
    """Characters [first, last) of a reading."""
    return Reading(
        text=reading.text[first:last],
        confidence=float(reading.probabilities[first:last].mean()),
        characters=reading.characters[first:last],
        probabilities=reading.probabilities[first:last],
        columns=reading.columns[first:last],
        model=reading.model,
    )


def _place(part: LineCrop, whole: LineCrop) -> tuple[float, float]:
    """Where a part begins and how long it is, as fractions of the whole."""
    length = max(quad_size(whole.quad)[0], 1e-6)
    return float(np.linalg.norm(part.quad[0] - whole.quad[0])) / length, quad_size(part.quad)[0] / length
