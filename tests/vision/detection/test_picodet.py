"""PicoDet: published sizes, shapes at odd inputs, parity with the released layout model, exact fusing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from torch import nn

from sampan.errors import OptionError, WeightsError
from sampan.vision.backbones.esnet import ESNet, ShuffleBlock
from sampan.vision.detection.dense import expected_distances, grid_points
from sampan.vision.detection.picodet import VARIANTS, PicoDet, class_names, picodet
from sampan.weights import locate


def released() -> Path:
    try:
        return locate("picodet-layout-cdla")
    except WeightsError as error:
        pytest.skip(f"no weights: {error}")


def parameters(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize(
    ("name", "count"),
    [("s", 992_715), ("m", 2_152_554), ("l", 3_305_009)],  # 0.99, 2.15 and 3.30 M in the paper's Table 4
)
def test_the_papers_sizes_have_their_parameters(name: str, count: int) -> None:
    assert parameters(picodet(name, 80)) == count


@pytest.mark.parametrize(
    ("name", "published"), [("v2-xs", 0.70), ("v2-s", 1.18), ("v2-m", 3.46), ("v2-l", 5.80)]
)
def test_the_sizes_of_2022_have_the_published_millions(name: str, published: float) -> None:
    assert parameters(picodet(name, 80)) / 1e6 == pytest.approx(published, abs=0.01)


def test_an_unknown_variant_names_the_known_ones() -> None:
    with pytest.raises(OptionError, match=r"xxl.*v2-xs"):
        picodet("xxl", 3)


@pytest.mark.parametrize("name", ["s", "v2-xs", "layout"])
def test_every_point_of_every_level_is_predicted_and_gradients_reach_all(name: str) -> None:
    torch.manual_seed(0)
    model = picodet(name, 3)
    prediction = model(torch.randn(2, 3, 136, 200))  # 17 × 25, 9 × 13, 5 × 7, 3 × 4
    count = 17 * 25 + 9 * 13 + 5 * 7 + 3 * 4
    assert prediction["scores"].shape == (2, count, 3)
    assert prediction["distances"].shape == (2, count, 32)
    assert prediction["points"].shape == (count, 2)
    assert prediction["strides"].unique().tolist() == [8, 16, 32, 64]
    assert 0.001 < prediction["scores"].mean() < 0.2  # the prior: nearly all is background
    (prediction["scores"].sum() + prediction["distances"].square().sum()).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())


def test_points_are_cell_centres_row_by_row() -> None:
    points, strides = grid_points([(2, 3), (1, 2)], [8, 16], torch.zeros(()))
    assert points.tolist() == [[4, 4], [12, 4], [20, 4], [4, 12], [12, 12], [20, 12], [8, 8], [24, 8]]
    assert strides.tolist() == [8] * 6 + [16] * 2


def test_half_floats_do_not_blur_the_points() -> None:
    points, _ = grid_points([(100, 76)], [8], torch.zeros((), dtype=torch.bfloat16))
    assert points[:, 0].unique().numel() == 76


def test_expected_distance_is_the_mean_bin() -> None:
    logits = torch.full((1, 32), -100.0)
    logits[0, [0, 8 + 3, 16 + 7, 24 + 2, 24 + 3]] = 100.0
    assert expected_distances(logits).tolist() == [[0, 3, 7, 2.5]]


def test_a_shuffle_block_passes_half_of_its_channels_to_the_even_places() -> None:
    torch.manual_seed(0)
    x = torch.randn(1, 8, 4, 4)
    y = ShuffleBlock(8, 8).eval()(x)
    assert torch.equal(y[:, 0::2], x[:, :4])


def test_esnet_says_what_it_returns() -> None:
    backbone = ESNet(0.75)
    maps = backbone(torch.randn(1, 3, 64, 96))
    assert backbone.channels == [level.shape[1] for level in maps] == [96, 192, 384]
    assert backbone.strides == [64 // level.shape[2] for level in maps] == [8, 16, 32]


@pytest.mark.parametrize("name", ["s", "v2-xs", "layout"])
def test_fusing_changes_nothing(name: str) -> None:
    torch.manual_seed(1)
    model = picodet(name, 4)
    with torch.no_grad():
        for _ in range(2):
            model(torch.randn(2, 3, 96, 96))  # statistics away from 0 and 1
    model.eval()
    image = torch.randn(1, 3, 96, 128)
    with torch.no_grad():
        before = model(image)
        after = model.fuse()(image)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in model.modules())
    for key in ("scores", "distances"):
        assert torch.allclose(before[key], after[key], atol=1e-5)


def page(size: tuple[int, int]) -> np.ndarray:
    """Blocks of grey lines on white, a dark picture and a grid: something to find. (3, H, W) normalised."""
    height, width = size
    image = np.full((height, width), 1.0, np.float32)
    for y in range(height // 10, height // 2, 14):
        image[y : y + 7, width // 8 : -width // 8] = np.random.default_rng(y).choice(
            [0.2, 1.0], width - width // 8 * 2
        )
    image[height * 5 // 9 : height * 7 // 9, width // 4 : -width // 4] = 0.4
    mean, deviation = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    return ((image[None] - mean[:, None, None]) / deviation[:, None, None]).astype(np.float32)


@pytest.mark.parametrize("kind", ["random", "page"])
def test_the_released_layout_model_is_reproduced(kind: str) -> None:
    path = released()
    model = PicoDet.from_onnx(path)
    assert parameters(model) == 1_794_568
    rng = np.random.default_rng(0)
    image = rng.standard_normal((3, 800, 608)).astype(np.float32) if kind == "random" else page((800, 608))
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    reference = session.run(None, {"image": image[None]})
    with torch.no_grad():
        prediction = model(torch.from_numpy(image[None]))
    scores, distances = np.concatenate(reference[:4], 1), np.concatenate(reference[4:], 1)
    # The bar is 1e-4; float32 sums in another order differ by some 1e-6 on scores and 1e-5 on logits up to 13.
    assert np.abs(prediction["scores"].numpy() - scores).max() < 1e-5
    assert np.abs(prediction["distances"].numpy() - distances).max() < 1e-4
    if kind == "page":
        assert scores.max() > 0.5  # the comparison covers a page where something is found


def test_class_names_come_from_the_file() -> None:
    names = class_names(released())
    assert len(names) == 10 and names[0] == "text" and names[-1] == "equation"


def test_weights_of_another_model_are_refused() -> None:
    try:
        other = locate("slanet-plus")
    except WeightsError as error:
        pytest.skip(f"no weights: {error}")
    with pytest.raises(WeightsError, match="convolutions"):
        PicoDet.from_onnx(other)


def test_all_variants_are_documented() -> None:
    from sampan.vision.detection import picodet as module

    assert module.__doc__ is not None
    assert all(name in module.__doc__ for name in VARIANTS)
