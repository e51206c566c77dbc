"""Every published size against the class of `transformers`: maps, gradients, the public layout and back, and fusing.

In float64, where a difference is a mistake and not rounding: chains of fifty layers amplify float32's.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from tests.vision.blocks.randomised import randomise, relative
from torch import nn

from sampan.vision.backbones import lcnet_v4
from sampan.vision.backbones.backbone import Backbone
from sampan.vision.backbones.hgnet_v2 import HGNetV2
from sampan.vision.backbones.lcnet_v3 import RECOGNISER_STRIDES, LCNetV3
from sampan.vision.backbones.lcnet_v4 import LCNetV4
from sampan.vision.backbones.pp_lcnet import LINE_STRIDES, SCALES, SQUARE_STRIDES, PPLCNet
from sampan.vision.weights.public_layout import load_public, public_state

transformers = pytest.importorskip("transformers")
torch.set_num_threads(1)


def _plain(stride: int | tuple[int, int]) -> int | list[int]:
    return list(stride) if isinstance(stride, tuple) else stride


def _lcnet(scale: float, strides: tuple = SQUARE_STRIDES) -> tuple[Backbone, nn.Module]:
    config = transformers.PPLCNetConfig(scale=scale, out_features=["stage2", "stage3", "stage4", "stage5"])
    for blocks, stride in zip(config.block_configs[1:], strides[1:], strict=True):
        blocks[0][3] = _plain(stride)
    return PPLCNet(scale, strides), transformers.PPLCNetBackbone(config)


def _lcnet_v3(recogniser: bool) -> tuple[Backbone, nn.Module]:
    names = ["stage5"] if recogniser else ["stage2", "stage3", "stage4", "stage5"]
    scale = 0.95 if recogniser else 0.75
    blocks = transformers.PPLCNetV3Config().block_configs
    if recogniser:
        for stage, strides in zip(blocks, RECOGNISER_STRIDES, strict=True):
            for block, stride in zip(stage, strides, strict=True):
                block[3] = _plain(stride)
    config = transformers.PPLCNetV3Config(scale=scale, divisor=16, block_configs=blocks, out_features=names)
    ours = LCNetV3.recogniser() if recogniser else LCNetV3.detector()
    return ours, transformers.PPLCNetV3Backbone(config)


def _lcnet_v4(shape: lcnet_v4.Shape) -> tuple[Backbone, nn.Module]:
    channels, stages = shape.stem[1], []
    for blocks in shape.stages:
        stage = []
        for block in blocks:
            stage.append([3, channels, block.channels, _plain(block.stride), block.se])
            channels = block.channels
        stages.append(stage)
    config = transformers.PPLCNetV4Config(
        block_configs=stages,
        stem_channels=[3, *shape.stem],
        stem_type="large" if shape.branched_stem else "small",
        out_features=["stage1", "stage2", "stage3", "stage4"],
    )
    return LCNetV4(shape), transformers.PPLCNetV4Backbone(config)


def _hgnet(recogniser: bool) -> tuple[Backbone, nn.Module]:
    if not recogniser:
        config = transformers.HGNetV2Config(out_features=["stage1", "stage2", "stage3", "stage4"])
        return HGNetV2.detector(), transformers.HGNetV2Backbone(config)
    config = transformers.HGNetV2Config(
        out_features=["stage4"],
        stage_downsample=[True] * 4,
        stem_strides=[2, 1, 1, 1, 1],
        stage_downsample_strides=[[2, 1], [1, 2], [2, 1], [2, 1]],
    )
    return HGNetV2.recogniser(), transformers.HGNetV2Backbone(config)


PAIRS: dict[str, Callable[[], tuple[Backbone, nn.Module]]] = {
    **{f"pp-lcnet x{scale}": lambda scale=scale: _lcnet(scale) for scale in SCALES},
    "pp-lcnet x0.5 for lines": lambda: _lcnet(0.5, LINE_STRIDES),
    "lcnet v3 detector": lambda: _lcnet_v3(False),
    "lcnet v3 recogniser": lambda: _lcnet_v3(True),
    **{f"lcnet v4 {t} detector": lambda s=s: _lcnet_v4(s) for t, s in lcnet_v4.DETECTORS.items()},
    **{f"lcnet v4 {t} recogniser": lambda s=s: _lcnet_v4(s) for t, s in lcnet_v4.RECOGNISERS.items()},
    "hgnet v2 detector": lambda: _hgnet(False),
    "hgnet v2 recogniser": lambda: _hgnet(True),
}


@pytest.mark.parametrize("name", PAIRS)
def test_backbone_equals_the_public_class(name: str) -> None:
    torch.manual_seed(0)
    ours, theirs = PAIRS[name]()
    randomise(theirs.double(), torch.rand(4, 3, 48, 64, dtype=torch.float64))
    state = {key: value for key, value in theirs.state_dict().items() if not key.endswith("batches_tracked")}
    load_public(ours.double().eval(), state, ours.layout)
    images = torch.rand(1, 3, 48, 64, dtype=torch.float64, requires_grad=True)
    same_images = images.detach().clone().requires_grad_()

    expected, maps = theirs(same_images).feature_maps, ours(images)
    assert [m.shape for m in maps] == [e.shape for e in expected]
    for ours_map, their_map in zip(maps, expected, strict=True):
        assert relative(their_map, ours_map) < 1e-9
    assert ours.channels == [m.shape[1] for m in maps]
    heights = [-(-48 // stride) for stride in ours.strides]
    assert heights == [m.shape[2] for m in maps]
    assert ours.width_strides == [64 // m.shape[3] for m in maps]

    sum(m.square().mean() for m in maps).backward()
    sum(e.square().mean() for e in expected).backward()
    assert relative(same_images.grad, images.grad) < 1e-9
    gradients = {key: p.grad for key, p in ours.named_parameters()}
    theirs_by_own = {ours.layout.own(key): p.grad for key, p in theirs.named_parameters()}
    shared = gradients.keys() & theirs_by_own.keys()
    assert len(shared) > 0.5 * len(gradients)
    for key in shared:
        if theirs_by_own[key] is not None:  # affine maps behind a stride of 2 take no part
            assert relative(theirs_by_own[key], gradients[key]) < 1e-8, key

    published = public_state(ours, ours.layout)
    assert published.keys() == state.keys()
    for key, tensor in published.items():
        torch.testing.assert_close(tensor, state[key], rtol=1e-9, atol=1e-9)

    with torch.no_grad():
        ours.fuse()
        assert not any(isinstance(module, nn.BatchNorm2d) for module in ours.modules())
        for fused, plain in zip(ours(images), maps, strict=True):
            assert relative(plain, fused) < 1e-9
