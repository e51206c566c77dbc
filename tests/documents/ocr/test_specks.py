"""Dust on pictures of two colours."""

from __future__ import annotations

import cv2
import numpy as np
from tests.documents.ocr.drawn import VERA, Drawn

from sampan.documents.ocr.specks import stroke_width, without_specks


def page() -> np.ndarray:
    drawn = Drawn(900, 300)
    for number, line in enumerate(["The ferry is idle; it will sail in July.", "i.e. 1.5 l, or ü: ö. ä!"]):
        drawn.line(40, 80 + 70 * number, line, 40, VERA)
    grey = cv2.cvtColor(drawn.image, cv2.COLOR_BGR2GRAY)
    _, hard = cv2.threshold(grey, 140, 255, cv2.THRESH_BINARY)
    return cv2.cvtColor(hard, cv2.COLOR_GRAY2BGR)


def dusty(image: np.ndarray, size: int = 1, count: int = 300) -> np.ndarray:
    random = np.random.default_rng(3)
    result = image.copy()
    free = cv2.dilate((image[..., 0] == 0).astype(np.uint8), np.ones((7, 7), np.uint8)) == 0
    for y, x in zip(random.integers(2, 290, count), random.integers(2, 890, count), strict=True):
        if free[y : y + size, x : x + size].all():
            result[y : y + size, x : x + size] = 0
    return result


def test_specks_go_and_every_mark_stays() -> None:
    clean = page()
    assert (dusty(clean) != clean).any()
    assert (without_specks(dusty(clean)) == clean).all()
    assert without_specks(clean) is clean


def test_marks_as_large_as_a_full_stop_are_no_specks() -> None:
    clean = page()
    width = stroke_width((clean[..., 0] == 0).astype(np.uint8))
    assert width >= 3
    marked = dusty(clean, width, 20)
    assert (without_specks(marked) == marked).all()


def test_the_picture_given_is_not_changed() -> None:
    given = dusty(page())
    before = given.copy()
    without_specks(given)
    assert (given == before).all()


def test_grey_pictures_are_left_alone() -> None:
    grey = cv2.GaussianBlur(dusty(page()), (5, 5), 0)
    assert without_specks(grey) is grey


def test_stroke_width_is_the_usual_run() -> None:
    ink = np.zeros((60, 100), np.uint8)
    ink[:, 10:14] = ink[:, 30:34] = ink[:, 50:57] = ink[:, 80:81] = 1
    assert stroke_width(ink) == 4
    assert stroke_width(np.zeros((9, 9), np.uint8)) == 0
    assert stroke_width(np.ones((9, 90), np.uint8)) == 0


def test_blank_and_black_pages() -> None:
    for value in (0, 255):
        image = np.full((100, 200, 3), value, np.uint8)
        assert without_specks(image) is image
