from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.documents.ocr.drawn import Drawn, quad

from sampan.documents.ocr.crops import (
    HEIGHT,
    MAX_WIDTH,
    MIN_WIDTH,
    LineCrop,
    cut,
    ladder_width,
    quad_size,
    slice_quad,
)

NATURAL = st.floats(0.01, 20_000)


@given(NATURAL)
def test_widths_are_multiples_of_eight_near_the_natural_one(natural: float) -> None:
    width = ladder_width(natural)
    assert width % 8 == 0 and MIN_WIDTH <= width <= MAX_WIDTH
    if 100 <= natural <= MAX_WIDTH:
        assert abs(width - natural) <= 0.045 * natural
    assert ladder_width(width) == width


@given(NATURAL, NATURAL)
def test_longer_lines_are_never_narrower(a: float, b: float) -> None:
    assert ladder_width(min(a, b)) <= ladder_width(max(a, b))


def test_there_are_few_widths() -> None:
    assert len({ladder_width(natural) for natural in range(1, 4000)}) < 90


@settings(max_examples=50)
@given(st.floats(-60, 60), st.floats(10, 300), st.floats(5, 60), st.floats(0, 0.5), st.floats(0.5, 1))
def test_parts_lie_on_the_line(angle: float, width: float, height: float, start: float, end: float) -> None:
    turn = np.deg2rad(angle)
    along, down = np.array([np.cos(turn), np.sin(turn)]), np.array([-np.sin(turn), np.cos(turn)])
    origin = np.array([100.0, 80.0])
    line = np.array(
        [origin, origin + width * along, origin + width * along + height * down, origin + height * down]
    )
    part = slice_quad(line.astype(np.float32), start, end)
    np.testing.assert_allclose(part[0], origin + start * width * along, atol=1e-2)
    np.testing.assert_allclose(part[2], origin + end * width * along + height * down, atol=1e-2)
    assert quad_size(part) == pytest.approx(((end - start) * width, height), abs=1e-2)
    np.testing.assert_allclose(slice_quad(line.astype(np.float32), 0, 1), line, atol=1e-2)


def turned(image: np.ndarray, corners: np.ndarray, degrees: float) -> tuple[np.ndarray, np.ndarray]:
    """Picture and corners turned about the picture's centre."""
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2 - 0.5, height / 2 - 0.5), degrees, 1.0)
    moved = cv2.warpAffine(image, matrix, (width, height), flags=cv2.INTER_CUBIC, borderValue=(255, 255, 255))
    return moved, (np.c_[corners - 0.5, np.ones(4)] @ matrix.T + 0.5).astype(np.float32)


def textured(size: int, top: float = 140) -> tuple[np.ndarray, np.ndarray]:
    drawn = Drawn(600, 400)
    box = drawn.line(80, top, "Coarse grains settle 1904", size)
    return drawn.image, np.round(quad(box, 4))


def difference(a: np.ndarray, b: np.ndarray) -> float:
    """Mean distance in grey levels after a blur of a pixel or so."""
    blurred = [cv2.GaussianBlur(x, (5, 5), 1.2).astype(np.float32) for x in (a, b)]
    return float(np.abs(blurred[0] - blurred[1]).mean())


@pytest.mark.parametrize("size", [12, 24, 36])
@pytest.mark.parametrize("degrees", [1, -4, 10, 90, 180])
def test_a_turned_line_is_cut_like_a_level_one(size: int, degrees: float) -> None:
    image, corners = textured(size)
    level = LineCrop(image, corners).strip()
    moved, moved_corners = turned(image, corners, degrees)
    strip = LineCrop(moved, moved_corners).strip()
    assert strip.shape == level.shape == (HEIGHT, level.shape[1], 3) and strip.dtype == np.uint8
    beside = LineCrop(moved, slice_quad(moved_corners, 0.02, 1.02)).strip()
    assert difference(level, strip) < 8 < 20 < difference(level, beside)


@pytest.mark.parametrize("scale", [2, 4])
def test_a_large_warped_line_is_reduced_without_skipping_pixels(scale: int) -> None:
    image, corners = textured(30)
    large = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    # Fine noise, which sampling would let through and reducing averages out.
    noise = np.random.default_rng(0).integers(-60, 60, large.shape[:2])
    noisy = np.clip(large.astype(np.int16) // 2 + 64 + noise[..., None], 0, 255).astype(np.uint8)
    tilted, tilted_corners = turned(noisy, corners * scale, 5)
    clean, _ = turned(large // 2 + 64, corners * scale, 5)
    noisy_strip = LineCrop(tilted, tilted_corners).strip().astype(np.float32)
    clean_strip = LineCrop(clean, tilted_corners).strip().astype(np.float32)
    assert (noisy_strip - clean_strip).std() < 60 / np.sqrt(3) / scale * 2


def test_beyond_the_picture_its_border_goes_on() -> None:
    image = np.full((40, 60, 3), 200, np.uint8)
    beyond = np.array([[-10, -5], [80, 5], [78, 35], [-12, 25]], np.float32)
    assert (cut(image, beyond, 96) == 200).all()
    level = quad((-10, -10, 90, 60))
    assert (cut(image, level, 96) == 200).all()


@pytest.mark.parametrize("corners", [quad((5, 5, 5, 5)), quad((70, 50, 90, 60)), quad((3, 3, 4, 30))])
def test_empty_and_outside_quads_give_a_strip(corners: np.ndarray) -> None:
    crop = LineCrop(np.full((40, 60, 3), 255, np.uint8), corners)
    assert crop.strip().shape[0] == HEIGHT and crop.ink() is None


def test_squeezing_makes_it_narrower_only() -> None:
    image, corners = textured(24)
    crop = LineCrop(image, corners)
    assert crop.strip(0.5).shape[1] == pytest.approx(crop.strip().shape[1] / 2, rel=0.1)
    assert crop.strip(0.5).shape[0] == HEIGHT


def test_a_part_shows_its_share_of_the_line() -> None:
    image, corners = textured(24)
    part = LineCrop(image, corners).part(0.25, 0.5)
    assert quad_size(part.quad)[0] == pytest.approx(quad_size(corners)[0] / 4, abs=0.01)
    x0, x1 = part.quad[0, 0], part.quad[1, 0]
    rows = slice(int(corners[0, 1]), int(corners[2, 1]))
    expected = cv2.resize(image[rows, round(x0) : round(x1)], part.strip().shape[1::-1])
    assert difference(part.strip(), expected) < 12
