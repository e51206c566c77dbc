"""Augmentation: pixels and corners move together, crops cut no text, CopyPaste keeps its rules."""

from __future__ import annotations

import colorsys

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from shapely.geometry import Polygon

from sampan.vision.text_detection.augmentation import (
    PP_OCRV2,
    PP_OCRV6,
    Augmentation,
    augment,
    copy_paste,
    crop_to,
    flip,
    jitter_color,
    perspective,
    rotate,
    scale,
)
from sampan.vision.text_detection.polygons import is_outside, signed_area
from sampan.vision.text_detection.sample import TextImage


def marked(seed: int, size: tuple[int, int] = (300, 400)) -> TextImage:
    """Dark ground; a blob of light at every corner of some quads, away from the border."""
    rng = np.random.default_rng(seed)
    image = np.zeros((*size, 3), np.uint8)
    polygons = []
    for _ in range(3):
        low = rng.uniform(60, 180, 2)
        quad = (low + np.array([[0, 0], [90, 5], [85, 40], [-6, 36]])).astype(np.float32)
        polygons.append(quad)
    for points in polygons:
        for x, y in points:
            cv2.circle(image, (round(x * 16), round(y * 16)), 4 * 16, (255, 255, 255), -1, cv2.LINE_AA, 4)
    return TextImage(image, polygons, np.zeros(3, np.bool_))


STEPS = {
    "flip": lambda sample, rng: flip(sample),
    "rotate": lambda sample, rng: rotate(sample, rng, (-8, 8), fit=False),
    "rotate and fit": lambda sample, rng: rotate(sample, rng, (-45, 45), fit=True),
    "enlarge": lambda sample, rng: scale(sample, rng, (1.5, 2.0)),
    "shrink": lambda sample, rng: scale(sample, rng, (0.7, 0.9)),
    "perspective": lambda sample, rng: perspective(sample, rng, 10.0, 0.0004),
}


@pytest.mark.parametrize("name", list(STEPS))
@pytest.mark.parametrize("seed", range(4))
def test_corners_move_with_the_pixels(name: str, seed: int) -> None:
    before = marked(seed)
    after = STEPS[name](before, np.random.default_rng(seed))
    assert len(after.polygons) == len(before.polygons)
    height, width = after.image.shape[:2]
    for points in after.polygons:
        for x, y in points:
            assert -1 <= x <= width and -1 <= y <= height
            # The centre of gravity of the light around a corner is that corner.
            left, top = round(x) - 5, round(y) - 5
            window = after.image[max(top, 0) : top + 11, max(left, 0) : left + 11, 0].astype(float)
            rows, columns = np.mgrid[0 : window.shape[0], 0 : window.shape[1]]
            alone = [o for other in after.polygons for o in other if np.hypot(*(o - (x, y))) < 22]
            if len(alone) > 1 or min(window.shape) < 11:
                continue
            assert window.sum() > 0, f"no light at the corner {x:.1f}, {y:.1f}"
            assert (columns * window).sum() / window.sum() + max(left, 0) == pytest.approx(x, abs=0.75)
            assert (rows * window).sum() / window.sum() + max(top, 0) == pytest.approx(y, abs=0.75)


def test_fitted_pictures_hold_all_of_the_old_one() -> None:
    white = TextImage(np.full((120, 200, 3), 255, np.uint8), [], np.zeros(0, np.bool_))
    for seed in range(6):
        turned = rotate(white, np.random.default_rng(seed), (-45, 45), fit=True)
        assert turned.image[..., 0].sum() / 255 == pytest.approx(120 * 200, rel=0.03)
        seen = perspective(white, np.random.default_rng(seed))
        assert seen.image[0].any() or seen.image[-1].any()
        assert seen.image.shape[0] <= 240 and seen.image.shape[1] <= 400


def page(seed: int, ignored: float = 0.0) -> TextImage:
    """Lines of text as coloured bars on grey, not touching each other."""
    rng = np.random.default_rng(seed)
    image = np.full((320, 480, 3), 128, np.uint8)
    polygons = []
    for row in range(6):
        x, width = int(rng.integers(10, 120)), int(rng.integers(80, 320))
        y, height = 20 + 48 * row, int(rng.integers(14, 26))
        image[y : y + height, x : x + width] = rng.integers(0, 256, 3)
        polygons.append(
            np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]], np.float32)
        )
    return TextImage(image, polygons, rng.random(6) < ignored)


@pytest.mark.parametrize("seed", range(20))
def test_crops_cut_no_text(seed: int) -> None:
    before = page(seed)
    after = crop_to(before, np.random.default_rng(seed), (128, 192))
    assert after.image.shape == (128, 192, 3)
    assert len(after.polygons) == len(after.ignored) >= 1
    for points in after.polygons:
        assert points.min() > -0.51 and points[:, 0].max() <= 192.51 and points[:, 1].max() <= 128.51
        x, y = points.mean(axis=0)
        colour = after.image[round(float(y)), round(float(x))].astype(int)
        assert any(
            np.abs(colour - before.image[round(float(y0)), round(float(x0))]).max() < 30
            for x0, y0 in (quad.mean(axis=0) for quad in before.polygons)
        )


def test_crops_of_pictures_without_gaps_or_text() -> None:
    full = np.array([[0, 0], [99, 0], [99, 79], [0, 79]], np.float32)
    covered = TextImage(np.full((80, 100, 3), 9, np.uint8), [full], np.zeros(1, np.bool_))
    after = crop_to(covered, np.random.default_rng(0), (64, 64))
    np.testing.assert_allclose(after.polygons[0], full * 0.64, atol=1e-4)
    assert after.image[60:].max() == 0, "what the picture does not fill stays black"
    empty = TextImage(np.full((80, 100, 3), 9, np.uint8), [], np.zeros(0, np.bool_))
    assert crop_to(empty, np.random.default_rng(0), (64, 64)).image.max() == 9


def sides(points: NDArray[np.float32]) -> list[float]:
    return sorted(np.linalg.norm(points - np.roll(points, -1, axis=0), axis=1))


@pytest.mark.parametrize("seed", range(12))
def test_copy_paste_keeps_its_rules(seed: int) -> None:
    target, other = page(seed), page(seed + 100, ignored=0.3)
    plain = TextImage(target.image.copy(), target.polygons[:2], target.ignored[:2])
    after = copy_paste(plain, other, np.random.default_rng(seed), share=1.0)
    pasted = after.polygons[2:]
    assert len(after.polygons) == len(after.ignored) <= 2 + int((~other.ignored).sum())
    assert not after.ignored[2:].any(), "unreadable regions are not pasted"
    np.testing.assert_array_equal(np.stack(after.polygons[:2]), np.stack(plain.polygons))
    shapes = [Polygon(points) for points in after.polygons]
    for index, shape in enumerate(shapes):
        for earlier in shapes[:index]:
            if index >= 2:  # a whole pixel of each counts, so that outlines may meet
                assert shape.intersection(earlier).area < 0.02 * shape.area + 2
    changed = (after.image != target.image).any(axis=2)
    inside = np.zeros(changed.shape, np.uint8)
    for points in pasted:
        assert points.min() >= 0 and points[:, 0].max() <= 480 and points[:, 1].max() <= 320
        cv2.fillPoly(inside, [np.round(points).astype(np.int32)], 1)
        x, y = points.mean(axis=0)
        colour = after.image[int(y), int(x)].astype(int)
        colours = [
            other.image[int(q[:, 1].mean()), int(q[:, 0].mean())]
            for q, unread in zip(other.polygons, other.ignored, strict=True)
            if not unread
        ]
        assert min(np.abs(colour - c).max() for c in colours) <= 3, "the region's own colour lies there"
    grown = cv2.dilate(inside, np.ones((5, 5), np.uint8))
    assert not changed[grown == 0].any(), "nothing else is changed"


def test_copy_paste_pastes_the_share_it_is_told() -> None:
    room = TextImage(np.full((2000, 2000, 3), 128, np.uint8), [], np.zeros(0, np.bool_))
    many = [
        np.array([[x, y], [x + 20, y], [x + 20, y + 8], [x, y + 8]], np.float32)
        for x in range(0, 300, 30)
        for y in range(0, 300, 15)
    ]
    for count, expected in ((1, 1), (4, 1), (14, 2), (50, 10), (200, 30)):
        other = TextImage(np.full((320, 320, 3), 50, np.uint8), many[:count], np.zeros(count, np.bool_))
        assert len(copy_paste(room, other, np.random.default_rng(count)).polygons) == expected
    unread = TextImage(np.zeros((320, 320, 3), np.uint8), many[:5], np.ones(5, np.bool_))
    assert copy_paste(room, unread, np.random.default_rng(0)).polygons == []


def test_copy_paste_turns_and_lays_down() -> None:
    room = TextImage(np.full((900, 900, 3), 128, np.uint8), [], np.zeros(0, np.bool_))
    image = np.zeros((200, 100, 3), np.uint8)
    upright = np.array([[40, 20], [60, 20], [60, 120], [40, 120]], np.float32)  # five times as high as wide
    angles = []
    for seed in range(30):
        other = TextImage(image, [upright], np.zeros(1, np.bool_))
        after = copy_paste(room, other, np.random.default_rng(seed))
        (points,) = after.polygons
        short, _, _, long = sides(points)
        assert long / short == pytest.approx(5.0, rel=0.15)
        edge = points[1] - points[0]
        assert np.linalg.norm(edge) == pytest.approx(long, rel=0.05), "the text runs along the first side"
        assert signed_area(points) > 0, "clockwise, as one reads"
        angles.append(np.degrees(np.arctan2(edge[1], edge[0])) % 360)
    assert len({int(angle // 90) for angle in angles}) == 4, "all directions occur"


def test_crowded_or_too_small_pictures_get_nothing() -> None:
    other = page(3)
    full = np.array([[0, 0], [479, 0], [479, 319], [0, 319]], np.float32)
    covered = TextImage(page(1).image, [full], np.zeros(1, np.bool_))
    assert len(copy_paste(covered, other, np.random.default_rng(1)).polygons) == 1
    tiny = TextImage(np.zeros((4, 4, 3), np.uint8), [], np.zeros(0, np.bool_))
    assert copy_paste(tiny, other, np.random.default_rng(1)).polygons == []


def test_no_jitter_changes_nothing_and_each_part_does_its_own() -> None:
    sample = page(2)
    rng = np.random.default_rng(0)
    np.testing.assert_allclose(jitter_color(sample, rng, 0, 0, 0, 0).image.astype(int), sample.image, atol=1)
    for seed in range(5):
        bright = jitter_color(sample, np.random.default_rng(seed), 0.4, 0, 0, 0).image.astype(float)
        dark = sample.image.astype(float) > 0
        ratio = bright[dark & (bright < 250)] / sample.image[dark & (bright < 250)]
        assert np.ptp(ratio[sample.image[dark & (bright < 250)] > 50]) < 0.05, "one factor for all"
        flat = jitter_color(sample, np.random.default_rng(seed), 0, 0.4, 0, 0).image.astype(float)
        assert cv2.cvtColor(flat.astype(np.float32), cv2.COLOR_BGR2GRAY).mean() == pytest.approx(
            cv2.cvtColor(sample.image, cv2.COLOR_BGR2GRAY).mean(), abs=6
        )
        pale = jitter_color(sample, np.random.default_rng(seed), 0, 0, 0.7, 0).image
        unclipped = (pale > 2) & (pale < 253)
        rows = unclipped.all(axis=2)
        grey = [cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(int)[rows] for image in (pale, sample.image)]
        assert np.abs(grey[0] - grey[1]).max() <= 2, "grey values stay"


def test_hue_turns_as_colorsys_has_it() -> None:
    sample = page(4)
    for seed in range(3):
        after = jitter_color(sample, np.random.default_rng(seed), 0, 0, 0, 0.1).image
        turns = []
        for points in sample.polygons:
            x, y = points.mean(axis=0).astype(int)
            before_hsv, after_hsv = (
                colorsys.rgb_to_hsv(*(image[y, x, ::-1] / 255)) for image in (sample.image, after)
            )
            if before_hsv[1] > 0.4 and before_hsv[2] > 0.4:
                turns.append((after_hsv[0] - before_hsv[0] + 0.5) % 1 - 0.5)
                assert after_hsv[1:] == pytest.approx(before_hsv[1:], abs=0.02)
        assert np.ptp(turns) < 0.02 and abs(turns[0]) <= 0.11


@pytest.mark.parametrize("steps", [PP_OCRV2, PP_OCRV6, Augmentation(crop=(96, 160), scales=(0.2, 0.4))])
def test_recipes_are_repeatable_and_keep_to_their_size(steps: Augmentation) -> None:
    for seed in range(3):
        one, two = (augment(page(seed), page(seed + 9), np.random.default_rng(seed), steps) for _ in range(2))
        np.testing.assert_array_equal(one.image, two.image)
        assert one.image.shape == (*steps.crop, 3) and one.image.dtype == np.uint8
        assert len(one.polygons) == len(two.polygons) == len(one.ignored)
        for points, again in zip(one.polygons, two.polygons, strict=True):
            np.testing.assert_array_equal(points, again)
            assert points.dtype == np.float32 and np.isfinite(points).all()
            assert not is_outside(points, 0, 0, steps.crop[1], steps.crop[0])


def test_what_is_longer_than_the_picture_is_not_pasted_even_turned() -> None:
    room = TextImage(np.full((300, 300, 3), 128, np.uint8), [], np.zeros(0, np.bool_))
    long = np.array([[0, 10], [700, 10], [700, 20], [0, 20]], np.float32)  # 350 or more after resizing
    for seed in range(20):
        other = TextImage(np.zeros((40, 720, 3), np.uint8), [long], np.zeros(1, np.bool_))
        assert copy_paste(room, other, np.random.default_rng(seed)).polygons == []
