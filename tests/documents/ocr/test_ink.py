from __future__ import annotations

import numpy as np
import pytest

from sampan.documents.ocr.ink import ink_runs


def strip(
    *bars: tuple[int, int], width: int = 200, ink: int = 0, paper: int = 255, rows: tuple[int, int] = (10, 40)
) -> np.ndarray:
    picture = np.full((48, width, 3), paper, np.uint8)
    for start, end in bars:
        picture[rows[0] : rows[1], start:end] = ink
    return picture


@pytest.mark.parametrize(("ink", "paper"), [(0, 255), (255, 0), (90, 200), (230, 40), (120, 160)])
def test_blank_runs_between_bars(ink: int, paper: int) -> None:
    runs = ink_runs(strip((12, 30), (50, 64), (65, 90), (150, 180), ink=ink, paper=paper), 0.1)
    assert runs is not None
    assert (runs.first * 200, runs.last * 200) == pytest.approx((12, 180))
    np.testing.assert_allclose(runs.starts * 200, [30, 64, 90])
    np.testing.assert_allclose(runs.ends * 200, [50, 65, 150])
    np.testing.assert_allclose(runs.widths * 200, [20, 1, 60])
    np.testing.assert_allclose(runs.middles * 200, [40, 64.5, 120])
    assert runs.height == pytest.approx(30 / 48 * 0.1)


def test_one_bar_has_no_runs() -> None:
    runs = ink_runs(strip((60, 100)), 0.2)
    assert runs is not None and runs.starts.size == 0 and runs.first == 0.3 and runs.last == 0.5


def test_faint_noise_is_no_ink() -> None:
    noisy = strip((20, 60), (100, 140)).astype(np.int16)
    noisy += np.random.default_rng(0).integers(-40, 40, noisy.shape)
    runs = ink_runs(np.clip(noisy, 0, 255).astype(np.uint8), 0.1)
    assert runs is not None
    np.testing.assert_allclose(runs.starts * 200, [60], atol=1)
    np.testing.assert_allclose(runs.ends * 200, [100], atol=1)


@pytest.mark.parametrize("contrast", [0, 10, 20])
def test_without_contrast_nothing_can_be_said(contrast: int) -> None:
    assert ink_runs(strip((20, 60), ink=200 - contrast, paper=200), 0.1) is None
