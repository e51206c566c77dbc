"""PicoDet: backbone → narrow path aggregation with four levels → a dense head on each level.

Source: PP-PicoDet, arXiv 2111.00902. `PicoDet` is any such chain; the variants by name are at the bottom:

    s, m, l                  ESNet + CSP-PAN + PicoHead, trained with SimOTA          (the paper)
    v2-xs, v2-s, v2-m, v2-l  PP-LCNet + LC-PAN + PicoHeadV2, trained with ATSS → TAL  (release of March 2022)
    layout                   PP-LCNet ×1.0 + CSP-PAN + PicoHead                       (PP-StructureV2's page layout)
    layout-teacher           the same with PP-LCNet ×2.5                              (the teacher of its FGD)
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from torch import Tensor, nn

from sampan.errors import OptionError, WeightsError
from sampan.vision.backbones.backbone import Backbone
from sampan.vision.backbones.esnet import ESNet
from sampan.vision.backbones.pp_lcnet import PPLCNet
from sampan.vision.blocks import Fusable
from sampan.vision.detection.creation_order import convolutions, load_convolutions
from sampan.vision.detection.dense import DensePrediction
from sampan.vision.detection.path_aggregation import CSPPAN, LCPAN, PathAggregation
from sampan.vision.detection.pico_head import PicoHead
from sampan.vision.detection.pico_head_v2 import PicoHeadV2
from sampan.vision.weights.onnx_tensors import onnx_metadata, onnx_tensors


class PicoDet(Fusable):
    """(B, 3, H, W), normalised, any size → `DensePrediction`; levels at strides 8, 16, 32, 64."""

    def __init__(self, backbone: Backbone, neck: PathAggregation, head: PicoHead | PicoHeadV2) -> None:
        super().__init__()
        self.backbone, self.neck, self.head = backbone, neck, head

    def forward(self, image: Tensor) -> DensePrediction:
        prediction: DensePrediction = self.head(self.neck(self.backbone(image)))
        return prediction

    @classmethod
    def from_onnx(cls, path: Path | str) -> PicoDet:
        """The layout model with weights of a released file; its classes are counted in the file's `character`.

        Raises WeightsError if the file is no PicoDet with PP-LCNet ×1.0.
        """
        tensors = onnx_tensors(path)
        model = layout(len(class_names(path)))
        load_convolutions(list(convolutions(model._creation_order())), tensors)
        return model.eval()

    def _creation_order(self) -> list[nn.Module]:
        """Parts in the order in which the official code creates them."""
        head = self.head
        assert isinstance(head, PicoHead)
        return [self.backbone, *self.neck.creation_order(), head.towers, head.outputs]


def class_names(path: Path | str) -> list[str]:
    """Names of a released layout model's classes, in the order of its scores."""
    names = onnx_metadata(path).get("character", "")
    if not names:
        raise WeightsError(f"{Path(path).name} does not name its classes: its metadata lack `character`")
    return names.split("\n")


RATIOS_S = (0.875, 0.5, 0.5, 0.5, 0.625, 0.5, 0.625, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5)
RATIOS_M = (0.875, 0.5, 1.0, 0.625, 0.5, 0.75, 0.625, 0.625, 0.5, 0.625, 1.0, 0.625, 0.75)
"""Found by the paper's architecture search on detection itself; L uses those of M."""


def picodet(name: str, num_classes: int) -> PicoDet:
    """A variant by name (see the file's head) with fresh weights."""
    if name not in VARIANTS:
        raise OptionError(f"PicoDet {name!r} is unknown: choose one of {', '.join(VARIANTS)}")
    return VARIANTS[name](num_classes)


def paper(
    scale: float, ratios: tuple[float, ...], channels: int, num_convs: int, num_classes: int
) -> PicoDet:
    """ESNet ×`scale`, a neck and head of `channels`."""
    backbone = ESNet(scale, ratios)
    return PicoDet(backbone, CSPPAN(backbone.channels, channels), PicoHead(channels, num_classes, num_convs))


def release_2022(scale: float, channels: int, num_convs: int, num_classes: int) -> PicoDet:
    """PP-LCNet ×`scale`, a neck and head of `channels`."""
    backbone = PPLCNet(scale, out_stages=(3, 4, 5))
    return PicoDet(backbone, LCPAN(backbone.channels, channels), PicoHeadV2(channels, num_classes, num_convs))


def layout(num_classes: int, scale: float = 1.0, channels: int = 128) -> PicoDet:
    """PP-StructureV2's detector of page regions."""
    backbone = PPLCNet(scale, out_stages=(3, 4, 5))
    return PicoDet(backbone, CSPPAN(backbone.channels, channels), PicoHead(channels, num_classes, 4))


VARIANTS: dict[str, Callable[[int], PicoDet]] = {
    "s": lambda classes: paper(0.75, RATIOS_S, 96, 2, classes),
    "m": lambda classes: paper(1.0, RATIOS_M, 128, 4, classes),
    "l": lambda classes: paper(1.25, RATIOS_M, 160, 4, classes),
    "v2-xs": lambda classes: release_2022(0.35, 96, 2, classes),
    "v2-s": lambda classes: release_2022(0.75, 96, 2, classes),
    "v2-m": lambda classes: release_2022(1.5, 128, 4, classes),
    "v2-l": lambda classes: release_2022(2.0, 160, 4, classes),
    "layout": layout,
    "layout-teacher": lambda classes: layout(classes, scale=2.5),
}
