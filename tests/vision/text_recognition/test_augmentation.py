from __future__ import annotations

import cv2
import numpy as np
import pytest

from sampan.vision.text_recognition.augmentation import RecAug, bend, perspective, smear, stretch
from sampan.vision.text_recognition.joining import RecConAug
from sampan.vision.text_recognition.strips import strip
from sampan.vision.text_recognition.warping import warp_by_points

NONE = dict.fromkeys(("bend", "cut", "blur", "brightness", "smear", "noise", "invert"), 0.0)


def _picture(height: int = 48, width: int = 200, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (height // 8, width // 8, 3), np.uint8)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)


def test_points_that_stay_leave_the_picture_as_it_is() -> None:
    image = _picture()
    points = np.array([[0, 0], [200, 0], [200, 48], [0, 48], [100, 0], [100, 48]], float)
    warped = warp_by_points(image, points, points).astype(int)
    assert np.abs(warped - image).max() <= 1


def test_points_moved_by_a_similarity_move_the_picture_by_it() -> None:
    image = _picture(seed=1)
    points = np.array([[0, 0], [200, 0], [200, 48], [0, 48]], float)
    turn = np.deg2rad(4)
    matrix = 0.95 * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    moved = points @ matrix.T + (3.5, -2.0)
    affine = np.concatenate([matrix, [[3.5], [-2.0]]], axis=1)
    expected = cv2.warpAffine(image, affine, (200, 48), borderMode=cv2.BORDER_REPLICATE)
    # cv2 interpolates on a grid of 1/32 pixel.
    difference = np.abs(warp_by_points(image, points, moved).astype(int) - expected)
    assert np.percentile(difference, 99) <= 6 and difference.mean() < 1


def test_a_moved_point_takes_its_pixel_along() -> None:
    image = np.zeros((48, 160, 3), np.uint8)
    image[20:28, 76:84] = 255
    points = np.array([[0, 0], [160, 0], [160, 48], [0, 48], [80, 24]], float)
    moved = points.copy()
    moved[4] = (95, 18)
    warped = warp_by_points(image, points, moved)[..., 0]
    rows, columns = np.nonzero(warped > 128)
    assert abs(columns.mean() - 95) < 3 and abs(rows.mean() - 18) < 3


@pytest.mark.parametrize("change", [bend, stretch, perspective, smear])
def test_bent_lines_keep_their_size_and_change(change) -> None:  # type: ignore[no-untyped-def]
    image = _picture(200, 900)
    found = change(image, np.random.default_rng(3))
    assert found.shape == image.shape and found.dtype == np.uint8
    assert not np.array_equal(found, image)


def test_the_same_generator_makes_the_same_change_and_nothing_is_changed_in_place() -> None:
    image = _picture()
    kept = image.copy()
    always = RecAug(**dict.fromkeys(NONE, 1.0))
    first, second = (always(image, np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(first, second)
    assert not np.array_equal(always(image, np.random.default_rng(6)), first)
    assert np.array_equal(image, kept)
    assert np.array_equal(RecAug(**NONE)(image, np.random.default_rng(5)), image)
    assert np.array_equal(RecAug(**NONE | {"invert": 1.0})(image, np.random.default_rng(0)), 255 - image)
    cut = RecAug(**NONE | {"cut": 1.0})(image, np.random.default_rng(0))
    assert 40 <= len(cut) < 48 and cut.shape[1] == 200


def test_official_amounts_of_noise_and_brightness_cannot_be_seen() -> None:
    image = np.full((48, 100, 3), 128, np.uint8)
    official = RecAug.official()
    for seed in range(20):
        rng = np.random.default_rng(seed)
        quiet = RecAug(
            **NONE
            | {
                "noise": 1.0,
                "brightness": 1.0,
                "noise_range": official.noise_range,
                "brightness_range": official.brightness_range,
            }
        )
        assert np.abs(quiet(image, rng).astype(int) - 128).max() <= 1


def test_tiny_pictures_pass_through() -> None:
    for size in ((1, 1), (3, 40), (19, 200)):
        image = _picture(48, 200)[: size[0], : size[1]]
        for seed in range(30):
            assert RecAug()(image, np.random.default_rng(seed)).size > 0


def _others(*texts: str):  # type: ignore[no-untyped-def]
    for text in texts:
        yield _picture(24, 30), text


def test_lines_are_joined_until_they_are_too_long() -> None:
    rng = np.random.default_rng(0)
    image = _picture(48, 100)
    always = RecConAug(probability=1.0)
    joined, text = always(image, "abc", _others("de", "fg", "hi"), rng)
    assert text == "abcdefg"
    assert joined.shape == (48, 100 + 60 + 60, 3)
    assert np.array_equal(joined[:, :100], image)
    assert always(image, "a" * 24, _others("de"), rng)[1] == "a" * 24
    assert RecConAug(probability=1.0, max_ratio=3.0)(image, "abc", _others("de"), rng)[1] == "abc"
    assert RecConAug(probability=0.0)(image, "abc", _others("de"), rng) == (image, "abc")
    assert always(image, "abc", _others(), rng)[1] == "abc"


def test_a_gap_is_a_space() -> None:
    rng = np.random.default_rng(0)
    image = np.full((48, 100, 3), 200, np.uint8)
    joined, text = RecConAug(probability=1.0, extra=1, gap=0.25)(image, "ab", _others("cd"), rng)
    assert text == "ab cd" and joined.shape[1] == 100 + 12 + 60
    assert (joined[:, 100] == 200).all()
    assert np.abs(joined[:, 111].astype(int) - joined[:, 112]).max() <= 1


def test_strips_keep_proportions_and_are_padded_with_mid_grey() -> None:
    picture, filled = strip(np.full((30, 100, 3), 255, np.uint8), 48, 320)
    assert picture.shape == (3, 48, 320) and filled == 0.5
    assert (picture[:, :, :160] == 1).all() and (picture[:, :, 160:] == 0).all()
    squeezed, filled = strip(_picture(48, 400), 48, 320)
    assert squeezed.shape == (3, 48, 320) and filled == 1
    assert strip(_picture(48, 201))[0].shape == (3, 48, 208)
    blue = np.zeros((48, 48, 3), np.uint8)
    blue[..., 0] = 255
    assert (strip(blue)[0][0] == 1).all() and (strip(blue)[0][1:] == -1).all()  # BGR as it is
