from __future__ import annotations

import cv2
import numpy as np
import pytest
from tests.documents.straighten.pages import HEIGHT, WIDTH, photo, text_page

from sampan.documents.geometry import homography
from sampan.documents.straighten.ink import reduce
from sampan.documents.straighten.perspective import find_page, rectify


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("desk", [30, 120])
def test_corners_of_a_page_on_a_desk(seed: int, desk: int) -> None:
    picture, matrix = photo(text_page(seed, 1 + seed % 2), seed, desk)
    gray, scale = reduce(picture)
    found = find_page(gray)
    assert found is not None
    corners, confidence = found
    truth = homography.apply(matrix, [(0, 0), (WIDTH, 0), (WIDTH, HEIGHT), (0, HEIGHT)])
    assert np.abs(corners / scale - truth).max() < 4
    assert 0.3 < confidence <= 1


def test_rectify_takes_the_corners_to_the_rectangle() -> None:
    corners = np.array([[10, 20], [110, 30], [100, 220], [5, 200]], np.float64)
    matrix, (width, height) = rectify(corners)
    assert np.allclose(homography.apply(matrix, corners), [(0, 0), (width, 0), (width, height), (0, height)])
    assert 90 < width < 110
    assert 170 < height < 200


def test_plain_pages_have_no_outline() -> None:
    for seed in range(3):
        assert find_page(reduce(text_page(seed))[0]) is None


def test_a_page_that_leaves_the_picture_is_left_alone() -> None:
    picture, _ = photo(text_page(), 1)
    assert find_page(reduce(np.ascontiguousarray(picture[:, 300:]))[0]) is None


def test_a_bright_box_with_text_around_it_is_no_page() -> None:
    page = (text_page() * 0.6).astype(np.uint8)
    box = page[300:900, 150:750]
    box[:] = np.minimum(box.astype(int) + 100, 255)
    assert find_page(reduce(page)[0]) is None


def test_a_round_bright_piece_is_no_page() -> None:
    picture = np.full((800, 800), 60, np.uint8)
    cv2.circle(picture, (400, 400), 300, 230, -1)
    assert find_page(picture) is None
