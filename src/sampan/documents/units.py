"""Coordinates of lines in other units: pixels of a rendered page to points, parts of a page to the page."""

from __future__ import annotations

from typing import Any

from sampan.documents.model import Homography, Line, Word


def scaled_line(line: Line, factor: float, shift: tuple[float, float] = (0.0, 0.0)) -> Line:
    """The line in other units: coordinates times `factor`, then moved by `shift`."""
    return line.model_copy(
        update={
            "box": _scaled_box(line.box, factor, shift),
            "quad": _scaled_quad(line.quad, factor, shift),
            "words": [
                Word.model_construct(
                    text=word.text,
                    box=_scaled_box(word.box, factor, shift),
                    quad=_scaled_quad(word.quad, factor, shift),
                    confidence=word.confidence,
                    style=word.style,
                )
                for word in line.words
            ],
        }
    )


def _scaled_box(box: Any, factor: float, shift: tuple[float, float]) -> Any:
    return tuple(round(value * factor + shift[i % 2], 2) for i, value in enumerate(box))


def _scaled_quad(quad: Any, factor: float, shift: tuple[float, float]) -> Any:
    if quad is None:
        return None
    return tuple((round(x * factor + shift[0], 2), round(y * factor + shift[1], 2)) for x, y in quad)


def in_page_units(matrix: Homography, scale: float) -> Homography:
    """A homography between pixel coordinates, made one between page units of `scale` pixels."""
    a, b, c, d, e, f, g, h, i = matrix
    return (a, b, c / scale, d, e, f / scale, g * scale, h * scale, i)
