"""Wear changes pixels, not places or shapes, and is the same for the same generator."""

from __future__ import annotations

import numpy as np
import pytest

from sampan.errors import OptionError
from sampan.vision.synthesis import degradation
from sampan.vision.synthesis.backgrounds import KINDS, background
from sampan.vision.synthesis.seeds import generator


def page(channels: int) -> np.ndarray:
    """Dark bars on light paper."""
    pixels = np.full((48, 200, channels), 230, np.float32)
    for left in range(20, 180, 16):
        pixels[12:36, left : left + 6] = 20
    return pixels


@pytest.mark.parametrize("profile", degradation.PROFILES)
@pytest.mark.parametrize("channels", [1, 3])
def test_every_history_keeps_the_shape_and_the_ink(profile, channels) -> None:
    for index in range(8):
        clean = page(channels)
        worn = degradation.apply(clean.copy(), profile, generator(0, profile, index), 30)
        again = degradation.apply(clean.copy(), profile, generator(0, profile, index), 30)
        assert worn.shape == clean.shape and worn.dtype == np.uint8 and np.array_equal(worn, again)
        bars = worn[14:34, 20:180].astype(float).mean()
        paper = worn[2:8].astype(float).mean()
        assert paper - bars > 8, f"the bars are gone in number {index}"


def test_a_fax_is_black_and_white_at_its_own_resolution() -> None:
    levels = degradation.binarise(page(1), generator(0, "fax", 0))
    assert set(np.unique(levels)) == {0.0, 255.0}
    assert (levels[14:34, 20] == 0).all() and (levels[:8] == 255).all()


def test_jpeg_is_opencvs_and_motion_moves_nothing_on_the_whole() -> None:
    image = page(3)
    assert np.abs(degradation.jpeg(image, 95) - image).mean() < 4
    smeared = degradation.motion_blur(image, 7, 0.4)
    assert abs(smeared.mean() - image.mean()) < 0.5
    xs = np.arange(200)
    assert (
        abs(
            np.average(xs, weights=255 - smeared.mean((0, 2)))
            - np.average(xs, weights=255 - image.mean((0, 2)))
        )
        < 0.5
    )


def test_a_page_is_printed_with_one_ink() -> None:
    wear = degradation.page_wear(generator(0, "page", 1))
    mask = np.zeros((30, 90), np.uint8)
    mask[8:22, 10:80:9] = 255
    assert np.array_equal(wear(mask, 20.0), wear(mask, 20.0))


def test_unknown_histories_are_refused() -> None:
    with pytest.raises(OptionError, match="no degradation is called 'rain'"):
        degradation.apply(page(1), "rain", generator(0, "", 0), 20)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("colour", [False, True])
def test_backgrounds_have_the_size_and_range_asked_for(kind, colour) -> None:
    for height, width in ((7, 5), (48, 300)):
        light = background(generator(1, kind, 0), height, width, colour, kind=kind)
        dark = background(generator(1, kind, 0), height, width, colour, dark=True, kind=kind)
        assert light.shape == dark.shape == (height, width, 3 if colour else 1) and light.dtype == np.float32
        assert light.min() >= 0 and light.max() <= 255 and light.mean() > dark.mean()
