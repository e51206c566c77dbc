"""Plane homographies as 3 × 3 float64 matrices acting on columns (x, y, 1).

Coordinates are continuous: pixel (i, j) covers the square from (i, j) to (i + 1, j + 1), so a picture of
width w spans 0 … w, as boxes in the document model do. OpenCV counts from pixel centres instead;
`centred` converts a matrix for its warps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from sampan.documents.model import Homography

Matrix = NDArray[np.float64]


def identity() -> Matrix:
    return np.eye(3)


def translation(x: float, y: float) -> Matrix:
    return np.array([[1.0, 0.0, x], [0.0, 1.0, y], [0.0, 0.0, 1.0]])


def scaling(x: float, y: float | None = None) -> Matrix:
    return np.diag([x, x if y is None else y, 1.0])


def rotation(degrees: float, centre: tuple[float, float] = (0.0, 0.0)) -> Matrix:
    """Turn by `degrees` clockwise as seen (y points down) about `centre`."""
    angle = np.deg2rad(degrees)
    cosine, sine = float(np.cos(angle)), float(np.sin(angle))
    turn = np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]])
    return compose(translation(-centre[0], -centre[1]), turn, translation(*centre))


def quarter_turns(clockwise: int, width: float, height: float) -> Matrix:
    """Turn a width × height picture clockwise by a multiple of 90°; its top left corner is the origin again.

    Exact: the entries are integers and the picture's own sizes.
    """
    match clockwise % 360:
        case 0:
            return identity()
        case 90:
            return np.array([[0.0, -1.0, height], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
        case 180:
            return np.array([[-1.0, 0.0, width], [0.0, -1.0, height], [0.0, 0.0, 1.0]])
        case 270:
            return np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, width], [0.0, 0.0, 1.0]])
    raise ValueError(f"a quarter turn is a multiple of 90 degrees, not {clockwise}")


def compose(*steps: Matrix) -> Matrix:
    """One matrix for several, in the order in which they act: `compose(a, b)` does a first."""
    result = identity()
    for step in steps:
        result = step @ result
    return result


def invert(matrix: Matrix) -> Matrix:
    inverse = np.linalg.inv(matrix)
    return np.asarray(inverse / inverse[2, 2], np.float64)


def apply(matrix: Matrix, points: ArrayLike) -> NDArray[np.float64]:
    """Map (…, 2) points."""
    xy = np.asarray(points, np.float64)
    mapped = xy @ matrix[:2, :2].T + matrix[:2, 2]
    weight = xy @ matrix[2, :2] + matrix[2, 2]
    return np.asarray(mapped / weight[..., None])


def from_quads(source: ArrayLike, target: ArrayLike) -> Matrix:
    """The homography that takes four points (4, 2) to four others: a linear system in 8 unknowns."""
    x, y = np.asarray(source, np.float64).T
    u, v = np.asarray(target, np.float64).T
    one, zero = np.ones(4), np.zeros(4)
    system = np.vstack(
        [
            np.stack([x, y, one, zero, zero, zero, -u * x, -u * y], axis=1),
            np.stack([zero, zero, zero, x, y, one, -v * x, -v * y], axis=1),
        ]
    )
    entries = np.linalg.solve(system, np.concatenate([u, v]))
    return np.append(entries, 1.0).reshape(3, 3)


def centred(matrix: Matrix) -> Matrix:
    """The same map between pixel-centre coordinates, as `cv2.warpPerspective` takes it."""
    return compose(translation(0.5, 0.5), matrix, translation(-0.5, -0.5))


def to_tuple(matrix: Matrix) -> Homography:
    """Row-major tuple of the document model."""
    a, b, c, d, e, f, g, h, i = (float(value) for value in matrix.ravel())
    return (a, b, c, d, e, f, g, h, i)


def from_tuple(homography: Homography | None) -> Matrix:
    """The matrix of a document model's tuple; None is the identity."""
    return identity() if homography is None else np.array(homography, np.float64).reshape(3, 3)
