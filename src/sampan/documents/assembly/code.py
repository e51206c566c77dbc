"""Code regions → text with its line breaks and with indentation rebuilt from where the lines begin."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sampan.documents.model import Line


def code_text(rows: Sequence[Sequence[Line]]) -> str:
    """Text of printed rows, each a sequence of line fragments from left to right.

    The width of a character is the median over the rows; in a monospaced font it is the same for all.
    Indents are then rounded to characters, and gaps between fragments filled with spaces. Wide gaps between rows
    are blank lines.
    """
    if not rows:
        return ""
    lines = [line for row in rows for line in row if len(line.text.strip()) >= 3]
    lines = lines or [line for row in rows for line in row]
    advance = float(
        np.median([(line.box[2] - line.box[0]) / max(len(line.text.strip()), 1) for line in lines])
    )
    advance = max(advance, 1e-3)
    left = min(line.box[0] for row in rows for line in row)
    indents = _settle([(min(line.box[0] for line in row) - left) / advance for row in rows])
    middles = np.array([np.mean([(line.box[1] + line.box[3]) / 2 for line in row]) for row in rows])
    # Blank lines make many of the steps larger, never smaller.
    pitch = float(np.quantile(np.diff(middles), 0.2, method="lower")) if len(rows) > 2 else 0.0
    result = []
    for k, row in enumerate(rows):
        if k and pitch > 0:
            result += [""] * min(max(round((middles[k] - middles[k - 1]) / pitch) - 1, 0), 3)
        text = ""
        end = 0.0
        for line in row:
            if text:
                text += " " * max(1, round((line.box[0] - end) / advance))
            text += line.text.strip()
            end = line.box[2]
        result.append(" " * indents[k] + text)
    return "\n".join(result)


def _settle(indents: list[float]) -> list[int]:
    """Indents in whole characters; if all are near multiples of four, or of two, exactly these."""
    for step in (4, 2):
        multiples = [round(value / step) * step for value in indents]
        if max(multiples) > 0 and all(
            abs(m - v) < 0.25 * step for m, v in zip(multiples, indents, strict=True)
        ):
            return multiples
    return [round(value) for value in indents]
