"""Which way up a page is: a classifier's views, the direction of the lines and, in doubt, the recogniser.

The classifier is PP-LCNet ×1.0 trained on page orientation (arXiv 2109.15099; rules of the official
runtime: short side 256, centre crop 224, RGB, ImageNet normalisation; label k = the page needs k · 90°
counter-clockwise). It judges
texture more than letters: it is right on nearly every page of horizontal lines when the page is reduced by
area averaging, and takes vertical Japanese for a page on its side. Therefore it sees the page
whole and close up and must agree with the direction of the lines. Where they
disagree, a few lines are read in each possible position, and the best read one wins.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from sampan.documents.stages import Image
from sampan.documents.straighten.ink import Gray
from sampan.documents.straighten.samples import turned
from sampan.documents.straighten.skew import LineDirection
from sampan.runtime import Model, open_model
from sampan.weights import locate

SIDE = 224
_SHORT_SIDE = 256
_CLOSE_UP = 317
"""Side of the close-up in pixels of a picture reduced to 1,024: body text becomes 6 to 9 pixels high."""
_SURE = 0.6
"""Probability of the whole view from which a guess that all other evidence confirms needs no reading."""
_SURE_ALONE = 0.8
"""Mean probability of both views that turns a picture without text lines."""
_CLEAR_DIRECTION = 0.3
"""Margin from which the direction of the lines counts: texture stays below 0.1, text mostly reaches 1."""
_READABLE = 0.6
_LEAD = 0.15
"""A turn wins if its strips are read with this confidence and this lead over the next turn (a third of
the lead once six strips were read)."""
_SEEN_SHARE = 0.2
"""Confidence of reading that a sure view is worth."""
_DOWN_SHARE = 0.5
"""The same for the close-ups where lines run down: the whole view is misled by vertical writing there."""
_UNTURNED = 0.1
"""Confidence of reading that lying as it came is worth: pictures are more often right than turned."""
_TURNS: tuple[Literal[0], Literal[90], Literal[180], Literal[270]] = (0, 90, 180, 270)
_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
_STD = np.array([0.229, 0.224, 0.225], np.float32)


class OrientationClassifier:
    """PP-LCNet's view of a picture: probabilities of 0, 90, 180 and 270 degrees."""

    def __init__(self, model: Model | None = None, threads: int | None = None) -> None:
        self.model = model or open_model(locate("pp-lcnet-doc-orientation"), threads)

    def __call__(self, views: list[Gray]) -> NDArray[np.float64]:
        """(N, 4) probabilities that views of 224 × 224 need to be turned 0, 90, 180, 270° clockwise."""
        batch = np.empty((len(views), 3, SIDE, SIDE), np.float32)
        for blob, view in zip(batch, views, strict=True):
            blob[:] = view.astype(np.float32) / 255
        batch = (batch - _MEAN[:, None, None]) / _STD[:, None, None]
        scores = np.asarray(self.model(batch)[0], np.float64)
        if (scores < 0).any() or not np.allclose(scores.sum(axis=1), 1, atol=1e-3):
            scores = np.exp(scores - scores.max(axis=1, keepdims=True))
            scores /= scores.sum(axis=1, keepdims=True)
        # Labels count counter-clockwise.
        return scores[:, [0, 3, 2, 1]]


def whole_view(gray: Gray) -> Gray:
    """Short side 256, centre crop 224 × 224, reduced by area averaging."""
    height, width = gray.shape
    scale = _SHORT_SIDE / min(height, width)
    size = (round(width * scale), round(height * scale))
    shrunk = cv2.resize(gray, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    left, top = (size[0] - SIDE) // 2, (size[1] - SIDE) // 2
    return np.asarray(shrunk[top : top + SIDE, left : left + SIDE], np.uint8)


def close_views(gray: Gray, ink: Gray) -> list[Gray]:
    """Four windows within the printed area, at about two thirds of the scale of the reduced picture."""
    side = min(_CLOSE_UP, *gray.shape)
    views: list[Gray] = []
    top, bottom = _extent(ink, axis=1)
    left, right = _extent(ink, axis=0)
    for down, across in ((0.3, 0.5), (0.5, 0.3), (0.5, 0.7), (0.7, 0.5)):
        y = int(np.clip(top + down * (bottom - top) - side / 2, 0, gray.shape[0] - side))
        x = int(np.clip(left + across * (right - left) - side / 2, 0, gray.shape[1] - side))
        window = gray[y : y + side, x : x + side]
        views.append(np.asarray(cv2.resize(window, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8))
    return views


def _extent(ink: Gray, axis: int) -> tuple[int, int]:
    """Where ink begins and ends along an axis, but for one percent at either end."""
    share = np.cumsum(np.count_nonzero(ink, axis=axis))
    first, last = np.searchsorted(share, (0.01 * share[-1], 0.99 * share[-1]))
    return int(first), int(last)


def look(
    classifier: OrientationClassifier, gray: Gray, ink: Gray, direction: LineDirection
) -> NDArray[np.float64]:
    """Probabilities (2, 4) of the four turns: of the whole page and of its close-ups.

    One close-up will do where it confirms the whole page; else, and where lines run down, all four
    are averaged.
    """
    close = close_views(gray, ink)
    whole, first = classifier([whole_view(gray), close[0]])
    if direction.down or whole.argmax() != first.argmax():
        first = np.mean([first, *classifier(close[1:])], axis=0)
    return np.stack([whole, first])


Scorer = Callable[[list[Image]], list[float]]
"""Mean confidence with which a recogniser reads each strip."""


@dataclass(frozen=True, slots=True)
class Orientation:
    turn: Literal[0, 90, 180, 270]
    """Clockwise turn that makes the page upright."""
    confidence: float
    readings: int = 0
    """Strips that the recogniser was asked for."""


def decide(
    views: NDArray[np.float64],
    direction: LineDirection,
    strips: Callable[[int], list[Image]],
    score: Scorer | None,
) -> Orientation:
    """Combine the evidence.

    `views` are the classifier's probabilities (2, 4) for the whole page and the close-up, `strips(n)`
    cuts up to n line strips from the level page.
    """
    whole, close = views
    guess = int(whole.argmax())
    along = guess % 2 == int(direction.down)
    clear = direction.margin >= _CLEAR_DIRECTION
    if clear and along and guess == int(close.argmax()) and min(whole[guess], close[guess]) >= _SURE:
        return Orientation(_TURNS[guess], float(whole[guess]))
    if score is not None:
        reading = _by_reading(
            strips, score, _DOWN_SHARE * close if direction.down else _SEEN_SHARE * (close + whole)
        )
        if reading is not None:
            return reading
    return _without_reading(whole, close, direction, clear)


def _by_reading(
    strips: Callable[[int], list[Image]], score: Scorer, seen: NDArray[np.float64]
) -> Orientation | None:
    """The turn at which sample lines are read best, or None if no line is read clearly better one way.

    Recognisers also know vertical Japanese lying on its side, so for it two turns read about equally well;
    `seen`, what the classifier makes of each turn, tells them apart.
    """
    asked = 0
    for count in (2, 6):
        lines = strips(count)
        if not lines:
            return None
        readings = score([turned(line, turn) for turn in _TURNS for line in lines])
        asked += len(readings)
        table = np.reshape(readings, (len(_TURNS), len(lines)))
        # A strip has as much say as its best turn leads: one that reads badly every way tells nothing.
        ranked = np.sort(table, axis=0)
        say = ranked[-1] - ranked[-2] + 0.02
        read = table @ (say / say.sum())
        scores = read + seen
        scores[0] += _UNTURNED
        best = int(scores.argmax())
        lead = float(scores[best] - np.delete(scores, best).max())
        if read[best] >= _READABLE and lead >= (_LEAD if count == 2 else _LEAD / 3):
            return Orientation(_TURNS[best], min(1.0, 0.5 + lead), asked)
    return None


def _without_reading(
    whole: NDArray[np.float64], close: NDArray[np.float64], direction: LineDirection, clear: bool
) -> Orientation:
    if not clear:
        # No lines to speak of: only a sure classifier may turn a picture.
        both = (whole + close) / 2
        guess = int(both.argmax())
        return Orientation(_TURNS[guess if both[guess] >= _SURE_ALONE else 0], float(both[guess]))
    # Lines that run down are a page on its side, unless the close-up sees letters standing upright.
    vertical = direction.down and close[[0, 2]].sum() > close[[1, 3]].sum()
    allowed = [0, 2] if vertical or not direction.down else [1, 3]
    evidence = close[allowed] if vertical else whole[allowed]
    return Orientation(_TURNS[allowed[int(evidence.argmax())]], float(evidence.max() / evidence.sum()))
