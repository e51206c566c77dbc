from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from tests.documents.straighten.pages import table_page, text_page, tilted

from sampan.documents.straighten.ink import ink_map, reduce, without_rules
from sampan.documents.straighten.skew import find_direction


@pytest.mark.parametrize("angle", [-9.3, -2.45, -0.3, 0.0, 0.7, 4.9, 8.1])
@pytest.mark.parametrize("columns", [1, 2])
def test_tilt_is_measured_to_a_tenth_of_a_degree(angle: float, columns: int) -> None:
    page = tilted(text_page(int(angle * 10) % 7, columns), angle)
    found = find_direction(ink_map(reduce(page)[0]))
    assert not found.down
    assert found.margin > 0.3
    assert found.skew == pytest.approx(angle, abs=0.1)


@pytest.mark.parametrize("angle", [-6.2, 0.0, 3.3])
@pytest.mark.parametrize("make", [text_page, table_page])
def test_pages_on_their_side_have_lines_that_run_down(angle: float, make: Callable[[], np.ndarray]) -> None:
    page = np.ascontiguousarray(np.rot90(tilted(make(), angle)))
    found = find_direction(ink_map(reduce(page)[0]))
    assert found.down
    assert found.skew == pytest.approx(angle, abs=0.1)


def test_light_text_on_dark_paper_is_ink_too() -> None:
    page = 255 - tilted(text_page(), 2.0)
    assert find_direction(ink_map(reduce(page)[0])).skew == pytest.approx(2.0, abs=0.1)


@pytest.mark.parametrize("cells", [10, 60, 200, 1000])
def test_texture_has_no_direction(cells: int) -> None:
    rng = np.random.default_rng(cells)
    texture = cv2.resize(rng.integers(0, 255, (cells, cells), dtype=np.uint8), (1000, 1000))
    found = find_direction(ink_map(texture))
    assert found.margin < 0.3


def test_a_blank_page_has_no_tilt() -> None:
    found = find_direction(ink_map(np.full((800, 600), 255, np.uint8)))
    assert found.skew == 0


def test_rules_go_and_text_stays() -> None:
    rows = tilted(table_page(), 3.0)
    ink = ink_map(reduce(rows)[0])
    bare = without_rules(ink)
    assert 0.2 < (bare > 0).sum() / (ink > 0).sum() < 0.8
    _, _, stats, _ = cv2.connectedComponentsWithStats((bare > 0).astype(np.uint8))
    assert stats[1:, cv2.CC_STAT_WIDTH].max() < 100


def test_reduce_keeps_small_pictures() -> None:
    small = np.zeros((40, 30, 3), np.uint8)
    gray, scale = reduce(small)
    assert gray.shape == (40, 30)
    assert scale == 1.0
