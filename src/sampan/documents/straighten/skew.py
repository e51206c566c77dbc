"""Direction and small tilt of the text lines, from the sharpness of projection profiles.

Sum the ink along rows: where rows run along text lines the profile jumps between lines and gaps, at any other
angle it is smooth. Sharpness is the sum of squared steps of the profile (Postl 1986, "Detection of linear
oblique structures and skew scan in digitized documents"). Profiles are taken in strips, so columns
with different baselines and pages with a bend still show their lines. The same
measure along columns tells whether lines run across the page or down it.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from sampan.documents.straighten.ink import Gray, without_rules

RANGE = 12
"""Largest tilt looked for, in degrees to either side."""
_COARSE_STRIP, _FINE_STRIP = 192, 256
"""Widths of the strips in reduced pixels: narrow ones find lines roughly, wide ones measure them."""
_SQUEEZE = 4
"""Pixels along a line that are summed before any shear: at 12° this blurs a profile by less than a pixel."""
_INVERSE_LINEAR = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
_OFFSET = 0.5 - 12**-0.5
"""Vertical shift f of every shear, in pixels. Linear interpolation between rows blurs with variance f(1 − f),
1/6 on average over the columns of a sheared picture but 0 in an unsheared one, which would then win by
sharpness alone; f(1 − f) = 1/6 makes it equal."""
_DISTINCT = 1.7
"""Least ratio of the best sharpness to the median one: texture stays under 1.7, text mostly exceeds 3."""

Profile = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class LineDirection:
    """How text lines lie on a picture."""

    down: bool
    """Lines run down the picture: it lies on its side, or the script is written vertically."""
    margin: float
    """Natural logarithm of the sharpness along the chosen axis over that along the other one; ≥ 0."""
    skew: float
    """Clockwise tilt of the lines from the chosen axis in degrees; 0 where none can be told."""
    distinct: float
    """Sharpness at the tilt found over the median sharpness; below 1.7 neither axis nor tilt means anything."""


def find_direction(ink: Gray) -> LineDirection:
    """Axis and tilt of the lines of an ink map (`sampan.documents.straighten.ink`)."""
    half = cv2.resize(ink, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    text = without_rules(np.asarray(half, np.uint8), 50)
    if not text.any():
        text = np.asarray(half, np.uint8)
    rows = _squeezed(text, _SQUEEZE), _squeezed(text.T, _SQUEEZE)
    even = np.arange(-RANGE, RANGE + 1.0, 2)
    across, down = (_sharpness(axis, even, _SQUEEZE, _COARSE_STRIP / 2).sum(axis=1) for axis in rows)
    margin = float(np.log((across.max() + 1e-6) / (down.max() + 1e-6)))
    best = across if margin >= 0 else down
    near = even[int(best.argmax())] + np.array([-1.0, 1.0])
    between = _sharpness(rows[margin < 0], near, _SQUEEZE, _COARSE_STRIP / 2).sum(axis=1)
    angles, sharp = np.append(even, near), np.append(best, between)
    distinct = float(sharp.max() / max(float(np.median(best)), 1e-6))
    peak = float(angles[int(sharp.argmax())])
    skew = 0.0
    if distinct >= _DISTINCT and abs(peak) < RANGE:
        # Rulings are back for the fine search: nothing is straighter.
        skew = _refine(ink if margin >= 0 else ink.T, peak)
    if distinct < _DISTINCT:
        margin = 0.0
    # Transposing mirrors the picture, and with it the sense of the tilt.
    return LineDirection(margin < 0, abs(margin), skew if margin >= 0 else -skew, distinct)


def _refine(ink: NDArray[np.uint8], angle: float) -> float:
    """Narrow a tilt known to a degree down to a few hundredths: the median over the strips' own answers.

    A strip across two columns with different baselines is misled, one within a column is not.
    """
    height, width = ink.shape
    level = cv2.warpAffine(
        np.ascontiguousarray(ink), _shear(angle, 1, width), (width, height), flags=_INVERSE_LINEAR
    )
    # What is left is within a degree, so long runs may be summed first.
    rows = _squeezed(level, 16)
    angles = np.linspace(-1.0, 1.0, 21)
    sharp = _sharpness(rows, angles, 16, _FINE_STRIP)  # (21, strips)
    peak = np.clip(sharp.argmax(axis=0), 2, len(angles) - 3)
    window = sharp[peak + np.arange(-2, 3)[:, None], np.arange(sharp.shape[1])]  # (5, strips)
    bend, slope, _ = np.polyfit(0.1 * np.arange(-2, 3), window, 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        top = np.where(bend < 0, np.clip(-slope / (2 * bend), -0.2, 0.2), 0.0)
    start = _weighted_median(angles[peak] + top, sharp.max(axis=0) - sharp.min(axis=0))
    # Shears add as slopes, not as angles.
    return float(np.rad2deg(np.arctan(np.tan(np.deg2rad(angle)) + np.tan(np.deg2rad(start)))))


def _weighted_median(values: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    order = np.argsort(values)
    cumulative = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(cumulative, cumulative[-1] / 2)])


def _squeezed(ink: NDArray[np.uint8], squeeze: int) -> Profile:
    """Ink summed over short runs along the rows: (H, W) → (H, W / squeeze) float32."""
    height, width = ink.shape
    squeezed = cv2.resize(
        np.ascontiguousarray(ink), (max(1, width // squeeze), height), interpolation=cv2.INTER_AREA
    )
    # Softening takes the strokes of letters out of the profile and leaves the lines.
    return np.asarray(cv2.blur(squeezed.astype(np.float32), (1, 3)), np.float32)


def _shear(angle: float, squeeze: int, width: int) -> NDArray[np.float32]:
    slope = np.tan(np.deg2rad(angle)) * squeeze
    return np.array([[1, 0, 0], [slope, 1, _OFFSET - slope * width / 2]], np.float32)


def _sharpness(rows: Profile, angles: NDArray[np.float64], squeeze: int, strip: float) -> NDArray[np.float64]:
    """Sum of squared profile steps for each angle and strip about `strip` pixels wide: (angles, strips)"""
    height, width = rows.shape
    strips = max(1, round(width * squeeze / strip))
    result = np.empty((len(angles), strips))
    for index, angle in enumerate(angles):
        level = cv2.warpAffine(rows, _shear(angle, squeeze, width), (width, height), flags=_INVERSE_LINEAR)
        profiles = cv2.resize(level, (strips, height), interpolation=cv2.INTER_AREA)  # (H, strips)
        steps = profiles[1:] - profiles[:-1]
        result[index] = np.einsum("ij,ij->j", steps, steps)
    return result
