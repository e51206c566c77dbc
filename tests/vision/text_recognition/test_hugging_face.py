"""Forward pass and gradients against the Hugging Face classes, with random weights, every size.

Tolerance: both sides compute the same sums in another order in float32; 1e-5 on probabilities is some ten times what
is seen. Hugging Face has ε = 1e-6 in all norms of the neck, the released graphs 1e-5 in the blocks: it is set to ours.
"""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

transformers = pytest.importorskip("transformers")

from sampan.errors import WeightsError  # noqa: E402
from sampan.vision.text_recognition.models import text_recognizer  # noqa: E402
from sampan.vision.text_recognition.public_weights import classes_in, from_public, to_public  # noqa: E402
from sampan.vision.text_recognition.recognizer import TextRecognizer  # noqa: E402

CLASSES = 53


def _blocks(channels: list[int], flags: list[str], stem: int) -> list[list[list[Any]]]:
    strides: list[Any] = [1, 1, [2, 1], [2, 1]]
    stages, before = [], stem
    for width, marks, stride in zip(channels, flags, strides, strict=True):
        stage = []
        for place, mark in enumerate(marks):
            stage.append([3, before, width, stride if place == 0 else 1, mark == "t"])
            before = width
        stages.append(stage)
    return stages


def _v6(name: str) -> torch.nn.Module:
    stem, widths, flags = {
        "tiny": ([3, 24, 48], [48, 48, 96, 160], ["t", "f", "ftf", "ftff"]),
        "small": ([3, 48, 96], [96, 96, 192, 384], ["t", "ff", "ftftftf", "ftf"]),
        "medium": ([3, 64, 128], [128, 256, 512, 768], ["t", "fft", "ftftftf", "ftf"]),
    }[name]
    backbone = transformers.PPLCNetV4Config(
        block_configs=_blocks(widths, flags, stem[2]),
        stem_channels=stem,
        stem_type="small" if name == "tiny" else "large",
        out_features=["stage4"],
    )
    if name == "tiny":
        config = transformers.PPOCRV6TinyRecConfig(
            backbone_config=backbone, head_out_channels=CLASSES, hidden_size=80
        )
        return transformers.PPOCRV6TinyRecForTextRecognition(config)
    more = {"hidden_size": 192, "mlp_ratio": 4.0} if name == "medium" else {}
    config = transformers.PPOCRV6SmallRecConfig(
        backbone_config=backbone, head_out_channels=CLASSES, attn_implementation="eager", **more
    )
    return transformers.PPOCRV6SmallRecForTextRecognition(config)


def _v5(name: str) -> torch.nn.Module:
    if name == "mobile":
        strides = [[1], [1, 1], [[2, 1], 1], [[1, 2], 1, 1, 1, 1], [[2, 1], 1, [2, 1], 1]]
        backbone = transformers.PPLCNetV3Config(scale=0.95, divisor=16, out_features=["stage5"])
        for stage, along in zip(backbone.block_configs, strides, strict=True):
            for block, stride in zip(stage, along, strict=True):
                block[3] = stride
        config = transformers.PPOCRV5MobileRecConfig(backbone_config=backbone, head_out_channels=CLASSES)
        return transformers.PPOCRV5MobileRecForTextRecognition(config)
    config = transformers.PPOCRV5ServerRecConfig(head_out_channels=CLASSES)
    return transformers.PPOCRV5ServerRecForTextRecognition(config)


def _shaken(model: torch.nn.Module, seed: int) -> torch.nn.Module:
    """Statistics, norms and affine maps that are not the neutral ones that a wrong module would share."""
    generator = torch.Generator().manual_seed(seed)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1, generator=generator)
            module.running_var.uniform_(0.5, 1.5, generator=generator)
        if isinstance(module, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d | torch.nn.LayerNorm):
            with torch.no_grad():
                module.weight.uniform_(0.7, 1.3, generator=generator)
                module.bias.normal_(0, 0.1, generator=generator)
    for block in getattr(getattr(model.head, "encoder", None), "svtr_block", []):
        block.layer_norm1.eps = block.layer_norm2.eps = 1e-5
    return model.eval()


def _pair(name: str) -> tuple[torch.nn.Module, TextRecognizer]:
    torch.manual_seed(3)
    version, size = name.removeprefix("pp-ocr").split("-")
    theirs = _shaken(_v6(size) if version == "v6" else _v5(size), seed=5)
    state = {key: value.clone() for key, value in theirs.state_dict().items()}
    assert classes_in(state) == CLASSES
    return theirs, from_public(text_recognizer(name, CLASSES), state).eval()


SIZES = ["pp-ocrv6-tiny", "pp-ocrv6-small", "pp-ocrv5-mobile"]
LARGE = ["pp-ocrv6-medium", "pp-ocrv5-server"]


@pytest.mark.parametrize("name", [*SIZES, *(pytest.param(name, marks=pytest.mark.slow) for name in LARGE)])
def test_same_probabilities_and_gradients_as_hugging_face(name: str) -> None:
    theirs, ours = _pair(name)
    for width in (104, 160):
        image = torch.randn(2, 3, 48, width, generator=torch.Generator().manual_seed(width))
        with torch.no_grad():
            expected = theirs(image).last_hidden_state
        assert (ours.probabilities(image) - expected).abs().max() < 1e-5

    weights = torch.randn(2, 20, CLASSES, generator=torch.Generator().manual_seed(1))
    gradients = []
    for model, run in ((theirs, _their_probabilities), (ours, _our_probabilities)):
        leaf = image.clone().requires_grad_()
        (run(model, leaf) * weights).sum().backward()
        assert leaf.grad is not None
        gradients.append((leaf.grad, _head_gradient(model)))
    for expected, found in zip(*gradients, strict=True):
        assert (expected - found).abs().max() <= 1e-4 * expected.abs().max()


@pytest.mark.parametrize("name", SIZES)
def test_the_public_layout_goes_out_as_it_came_in(name: str) -> None:
    theirs, ours = _pair(name)
    state = {key: v for key, v in theirs.state_dict().items() if not key.endswith("num_batches_tracked")}
    published = to_public(ours)
    assert published.keys() == state.keys()
    # Fused convolutions are taken apart and put together again.
    assert all((published[key] - state[key]).abs().max() < 1e-5 for key in state)
    assert theirs.load_state_dict(published, strict=False).unexpected_keys == []


def test_weights_of_another_size_are_refused_with_the_reason() -> None:
    state = {
        key: v for key, v in to_public(text_recognizer("pp-ocrv6-tiny", CLASSES)).items() if "fc2" not in key
    }
    with pytest.raises(WeightsError, match="2 missing"):
        from_public(text_recognizer("pp-ocrv6-tiny", CLASSES), state)
    with pytest.raises(WeightsError, match="no CTC head"):
        classes_in(state)


def _their_probabilities(model: torch.nn.Module, image: Tensor) -> Tensor:
    return model(image).last_hidden_state


def _our_probabilities(model: torch.nn.Module, image: Tensor) -> Tensor:
    return model(image)["ctc"].softmax(2)


def _head_gradient(model: torch.nn.Module) -> Tensor:
    head: Any = model.head
    layer = next(
        getattr(head, name) for name in ("classify", "fc2", "head") if getattr(head, name, None) is not None
    )
    return layer.weight.grad
