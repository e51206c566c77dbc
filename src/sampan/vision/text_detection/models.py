"""The text detectors of the PP-OCR family: backbone, neck and DB head, as a table of variants.

    pp-ocrv6-tiny, -small      LCNetV4 → RepLKFPN 64, 96 → DB head (auxiliary heads in training)
    pp-ocrv6-medium            LCNetV4 → RepLKPAN 256 with IntraCL → DB head (auxiliary heads in training)
    pp-ocrv5-mobile            LCNetV3 ×0.75 → 1×1 adapters → RSE-FPN 96 → DB head; v4's seal detector too
    pp-ocrv5-server            PP-HGNetV2-B4 → LK-PAN 256 with IntraCL → PFHeadLocal
    pp-ocrv3-mobile            MobileNetV3-large ×0.5 without SE → RSE-FPN 96 → DB head
    pp-ocrv3-teacher           ResNet50_vd → LK-PAN 256 → DB head with a 7×7 convolution
    pp-ocrv2-mobile            MobileNetV3-large ×0.5 without SE → DBFPN 96 → DB head
    pp-ocr-server              ResNet18_vd → DBFPN 256 → DB head; the teacher of v2
    lcnet-0.25, lcnet-0.5      PP-LCNet → DBFPN 64 → DB head: for experiments on small machines

Sources: cards of PP-OCRv2 §2.1, PP-OCRv3 §2 and PaddleOCR 3.0 §2, §3.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Literal, Self

from torch import Tensor, nn

from sampan.errors import OptionError, WeightsError
from sampan.vision.backbones.backbone import Backbone
from sampan.vision.backbones.hgnet_v2 import HGNetV2
from sampan.vision.backbones.lcnet_v3 import LCNetV3
from sampan.vision.backbones.lcnet_v4 import LCNetV4
from sampan.vision.backbones.mobilenet_v3 import MobileNetV3
from sampan.vision.backbones.pp_lcnet import PPLCNet
from sampan.vision.backbones.resnet_vd import ResNetVD
from sampan.vision.blocks.fusion import Fusable, fuse
from sampan.vision.text_detection import public_names
from sampan.vision.text_detection.heads import DBHead, PFHeadLocal
from sampan.vision.text_detection.necks import DBFPN, LKPAN, RSEFPN, Fused, Neck, RepLKFPN, RepLKPAN
from sampan.vision.weights.onnx_layers import load_onnx
from sampan.vision.weights.public_layout import load_public, public_state


class TextDetector(Fusable):
    """Pictures (B, 3, H, W), H and W multiples of 32, normalised in BGR order → `maps` (B, 1, H, W).

    In training `maps` is (B, 3, H, W) = [P, T, B] and auxiliary heads add `aux_p2`, `aux_p3`, `aux_p4`.

    Args:
        backbone: gives four levels of strides 4, 8, 16, 32.
        neck: takes the levels, gives `Fused`.
        head: takes `Fused`, gives maps by name.
        adapters: 1×1 convolutions with bias to so many channels between backbone and neck.
    """

    def __init__(
        self,
        backbone: Backbone,
        neck: Neck,
        head: DBHead,
        adapters: tuple[int, ...] = (),
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.adapters = nn.ModuleList(
            nn.Conv2d(channels, adapted, 1)
            for channels, adapted in zip(backbone.channels, adapters, strict=bool(adapters))
        )
        self.neck = neck
        self.head = head
        self.layout = public_names.detector(backbone, neck, head)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        levels: list[Tensor] = self.backbone(images)
        if len(self.adapters):
            levels = [adapter(level) for adapter, level in zip(self.adapters, levels, strict=True)]
        fused: Fused = self.neck(levels)
        maps: dict[str, Tensor] = self.head(fused)
        return maps

    def from_public(self, state: Mapping[str, Tensor]) -> Self:
        """Takes over tensors in the public layout; training-only heads keep what they have. Not for a fused model.

        Raises:
            WeightsError: a tensor is missing, unknown or of another shape.
        """
        load_public(self._reading_parts(), self.neck.from_public(state), self.layout)
        return self

    def to_public(self) -> dict[str, Tensor]:
        """The tensors that reading needs, in the public layout, on the CPU.

        Raises:
            WeightsError: the model has been fused.
        """
        if not any(isinstance(module, nn.BatchNorm2d) for module in self._reading_parts().modules()):
            raise WeightsError(
                "a fused detector has no public layout: export it to ONNX, or train it unfused"
            )
        return self.neck.to_public(public_state(self._reading_parts(), self.layout))

    def from_onnx(self, path: Path | str) -> Self:
        """Takes over the weights of a released ONNX file of this variant. Not for a fused model.

        Raises:
            WeightsError: the file is another network's.
        """
        parts = [self.backbone, *self.adapters, *self.neck.graph_order(), self.head.probability]
        load_onnx(parts, path)
        return self

    def fuse_reading(self) -> Self:
        """`fuse()` of what reading needs; heads that only training uses keep their normalisation, and can start."""
        fuse(self._reading_parts())
        return self

    def _reading_parts(self) -> nn.Module:
        """The same modules under the same names without what only training uses."""
        head: dict[str, nn.Module] = {"probability": self.head.probability}
        if isinstance(self.head, PFHeadLocal):
            head["refinement"] = self.head.refinement
        parts = {"backbone": self.backbone, "adapters": self.adapters, "neck": self.neck}
        return nn.ModuleDict({**parts, "head": nn.ModuleDict(head)})


def _pp_ocrv6(tier: Literal["tiny", "small"], width: int, kernel_size: int) -> TextDetector:
    backbone = LCNetV4.detector(tier)
    neck = RepLKFPN(backbone.channels, width, kernel_size)
    return TextDetector(backbone, neck, DBHead(width, auxiliary_channels=width))


def _pp_ocrv6_medium() -> TextDetector:
    backbone = LCNetV4.detector("medium")
    return TextDetector(backbone, RepLKPAN(backbone.channels, 256), DBHead(256, auxiliary_channels=256))


def _pp_ocrv5_mobile() -> TextDetector:
    adapters = (12, 18, 42, 360)
    return TextDetector(LCNetV3.detector(0.75), RSEFPN(adapters, 96), DBHead(96), adapters)


def _pp_ocrv5_server() -> TextDetector:
    backbone = HGNetV2.detector()
    return TextDetector(backbone, LKPAN(backbone.channels, 256, intra_cl=True), PFHeadLocal(256))


def _pp_ocr_mobile(neck: type[RSEFPN] | type[DBFPN]) -> TextDetector:
    backbone = MobileNetV3("large", 0.5, se=False)
    return TextDetector(backbone, neck(backbone.channels, 96), DBHead(96))


def _pp_ocrv3_teacher() -> TextDetector:
    backbone = ResNetVD(50)
    return TextDetector(backbone, LKPAN(backbone.channels, 256), DBHead(256, kernel_size=7))


def _pp_ocr_server() -> TextDetector:
    backbone = ResNetVD(18)
    return TextDetector(backbone, DBFPN(backbone.channels, 256), DBHead(256))


def _lcnet(scale: float) -> TextDetector:
    backbone = PPLCNet(scale)
    return TextDetector(backbone, DBFPN(backbone.channels, 64), DBHead(64))


VARIANTS: dict[str, Callable[[], TextDetector]] = {
    "pp-ocrv6-tiny": partial(_pp_ocrv6, "tiny", 64, 5),
    "pp-ocrv6-small": partial(_pp_ocrv6, "small", 96, 7),
    "pp-ocrv6-medium": _pp_ocrv6_medium,
    "pp-ocrv5-mobile": _pp_ocrv5_mobile,
    "pp-ocrv5-server": _pp_ocrv5_server,
    "pp-ocrv3-mobile": partial(_pp_ocr_mobile, RSEFPN),
    "pp-ocrv3-teacher": _pp_ocrv3_teacher,
    "pp-ocrv2-mobile": partial(_pp_ocr_mobile, DBFPN),
    "pp-ocr-server": _pp_ocr_server,
    "lcnet-0.25": partial(_lcnet, 0.25),
    "lcnet-0.5": partial(_lcnet, 0.5),
}


def text_detector(variant: str) -> TextDetector:
    """A fresh detector of a variant by its name in `VARIANTS`.

    Raises:
        OptionError: there is no such variant.
    """
    if variant not in VARIANTS:
        raise OptionError(f"text detector {variant!r} is unknown: choose one of {', '.join(VARIANTS)}")
    return VARIANTS[variant]()
