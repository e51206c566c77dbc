"""`Straightener`: a picture in, the upright picture and the way back out.

    page outline → rectangle     photos on a background (`perspective`)
    direction of lines, tilt     (`skew`)
    which way up                 (`orientation`)

Everything is measured on one reduced picture, every step adds to one homography, and the full picture is
warped once: a page that is only turned is turned without interpolation, a straight one comes back untouched.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from sampan.documents.geometry import homography
from sampan.documents.geometry.homography import Matrix
from sampan.documents.options import ParseOptions
from sampan.documents.stages import Image, Upright
from sampan.documents.straighten import perspective, samples
from sampan.documents.straighten.ink import ink_map, reduce
from sampan.documents.straighten.orientation import (
    Orientation,
    OrientationClassifier,
    Scorer,
    decide,
    look,
)
from sampan.documents.straighten.skew import LineDirection, find_direction
from sampan.runtime.once import once

LEAST_SKEW = 0.15
"""Tilts below this, in degrees, stay: correcting them costs sharpness and gains nothing."""
_LEAST_INK = 40
"""Pixels of ink of the reduced picture below which a page is blank."""
_TURN_CODES = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}

Turn = Literal[0, 90, 180, 270]


@dataclass(frozen=True, slots=True)
class Position:
    """How a page lies on its picture. Applied in this order: outline, skew, turn."""

    outline: NDArray[np.float64] | None
    """Corners (4, 2) of the page in the picture, where it lies on a background."""
    skew: float
    """Clockwise tilt of the lines after the outline is made a rectangle, in degrees."""
    turn: Turn
    confidence: float
    """Confidence of `turn`."""


class Straightener:
    """Finds how a page lies and puts it straight. Opens the orientation model when it is first needed."""

    def __init__(
        self, options: ParseOptions | None = None, classifier: OrientationClassifier | None = None
    ) -> None:
        self.options = options or ParseOptions()
        self._given = classifier

    @once
    def _classifier(self) -> OrientationClassifier:
        return self._given or OrientationClassifier(threads=self.options.threads)

    def straighten(self, image: Image, score: Scorer | None = None) -> Upright:
        """`score` reads line strips and returns their mean confidences; it is asked only where in doubt."""
        return apply(image, self.find(image, score))

    def find(self, image: Image, score: Scorer | None = None) -> Position:
        """Measure without changing the picture."""
        outline: NDArray[np.float64] | None = None
        gray, scale = reduce(image)
        to_level = homography.scaling(gray.shape[1] / image.shape[1], gray.shape[0] / image.shape[0])
        if self.options.deskew:
            found = perspective.find_page(gray)
            if found is not None:
                corners, _ = found
                outline = homography.apply(homography.invert(to_level), corners)
                flat, (width, height) = perspective.rectify(corners)
                gray = _warp(gray, flat, (round(width), round(height)), cv2.INTER_LINEAR)
                to_level = homography.compose(to_level, flat)
        ink = ink_map(gray)
        if cv2.countNonZero(ink) < _LEAST_INK:
            return Position(outline, 0.0, 0, 0.0)
        direction = find_direction(ink)
        skew = direction.skew if self.options.deskew and abs(direction.skew) >= LEAST_SKEW else 0.0
        if not self.options.orientation:
            return Position(outline, skew, 0, 1.0)
        if direction.skew:
            # Views and samples are taken level whether or not the page will be.
            level, size = _levelling(direction.skew, gray.shape[1], gray.shape[0])
            gray = _warp(gray, level, size, cv2.INTER_LINEAR)
            ink = _warp(ink, level, size, cv2.INTER_LINEAR, (0.0,))
            to_level = homography.compose(to_level, level)
        way_up = self._which_way_up(image, gray, ink, direction, homography.invert(to_level), scale, score)
        return Position(outline, skew, way_up.turn, way_up.confidence)

    def _which_way_up(
        self,
        image: Image,
        gray: NDArray[np.uint8],
        ink: NDArray[np.uint8],
        direction: LineDirection,
        to_source: Matrix,
        scale: float,
        score: Scorer | None,
    ) -> Orientation:
        views = look(self._classifier, gray, ink, direction)

        def strips(count: int) -> list[Image]:
            boxes = samples.find_strips(ink, direction.down, count)
            return [samples.cut(image, box, to_source, scale) for box in boxes]

        return decide(views, direction, strips, score)


def apply(image: Image, position: Position) -> Upright:
    """Make the upright picture of a position in at most one interpolation."""
    height, width = image.shape[:2]
    if position.outline is None and position.skew == 0.0:
        if position.turn == 0:
            return Upright(image)
        turned = cv2.rotate(image, _TURN_CODES[position.turn])
        back = homography.invert(homography.quarter_turns(position.turn, width, height))
        return Upright(np.asarray(turned, np.uint8), position.turn, 0.0, homography.to_tuple(back))
    forward, size = homography.identity(), (float(width), float(height))
    if position.outline is not None:
        forward, size = perspective.rectify(position.outline)
    whole = max(1, round(size[0])), max(1, round(size[1]))
    if position.skew:
        level, whole = _levelling(position.skew, *whole)
        forward = homography.compose(forward, level)
    forward = homography.compose(forward, homography.quarter_turns(position.turn, *whole))
    if position.turn % 180:
        whole = whole[1], whole[0]
    upright = _warp(image, forward, whole, cv2.INTER_CUBIC, _edge_tone(image))
    return Upright(upright, position.turn, position.skew, homography.to_tuple(homography.invert(forward)))


def _levelling(skew: float, width: int, height: int) -> tuple[Matrix, tuple[int, int]]:
    """Turn back by `skew` onto a canvas that holds the whole picture."""
    turn = homography.rotation(-skew)
    corners = homography.apply(turn, [(0, 0), (width, 0), (width, height), (0, height)])
    low, high = corners.min(axis=0), corners.max(axis=0)
    size = int(np.ceil(high[0] - low[0])), int(np.ceil(high[1] - low[1]))
    return homography.compose(turn, homography.translation(-low[0], -low[1])), size


def _edge_tone(image: Image) -> tuple[float, ...]:
    """Median colour of the picture's edge: what lies outside should look like more of the same."""
    edge = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
    return tuple(float(value) for value in np.median(edge, axis=0))


def _warp(
    image: NDArray[np.uint8],
    forward: Matrix,
    size: tuple[int, int],
    interpolation: int,
    border: tuple[float, ...] | None = None,
) -> NDArray[np.uint8]:
    """Warp by a homography of continuous coordinates; `border` None repeats the picture's edge outside it."""
    mode = cv2.BORDER_REPLICATE if border is None else cv2.BORDER_CONSTANT
    matrix, border = homography.centred(forward), border or (0.0,)
    if np.allclose(matrix[2], (0, 0, 1), rtol=0, atol=1e-12):
        warped = cv2.warpAffine(
            image, matrix[:2], size, flags=interpolation, borderMode=mode, borderValue=border
        )
    else:
        warped = cv2.warpPerspective(
            image, matrix, size, flags=interpolation, borderMode=mode, borderValue=border
        )
    return np.asarray(warped, np.uint8)
