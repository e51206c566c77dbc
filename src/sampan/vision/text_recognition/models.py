"""The recognisers by name.

| name | backbone | neck | head | guide of the paper |
|---|---|---|---|---|
| `pp-ocrv2` | MobileNetV1Enhance ×0.5 | BiLSTM 2 × 64 | 128 → 96 → V | – |
| `pp-ocrv3` | MobileNetV1Enhance ×0.5 | SVTR 64 | 64 → V | SAR 512, detached |
| `pp-ocrv5-mobile` | LCNetV3 ×0.95 | SVTR 120 | 120 → V | NRTR 384, detached |
| `pp-ocrv5-server` | HGNetV2-B4 | SVTR 120 | 120 → V | NRTR 384, detached |
| `pp-ocrv6-tiny` | LCNetV4 tiny | – | two Conv1d, 160 → 80 → V | NRTR 384 |
| `pp-ocrv6-small` | LCNetV4 small | LightSVTR 120 | 120 → V | NRTR 384 |
| `pp-ocrv6-medium` | LCNetV4 medium | LightSVTR 192 | 192 → V | NRTR 512 |

Sources: cards PP-OCRv2 §3.1, PP-OCRv3 §3.1, PaddleOCR 3.0 §2 and §3.1. All read strips of height 48 but v2, which reads
32. A guide is attached with `attach_guide`, for training only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from sampan.errors import OptionError
from sampan.vision.backbones.backbone import Backbone
from sampan.vision.backbones.hgnet_v2 import HGNetV2
from sampan.vision.backbones.lcnet_v3 import LCNetV3
from sampan.vision.backbones.lcnet_v4 import LCNetV4
from sampan.vision.backbones.mobilenet_v1_enhance import MobileNetV1Enhance
from sampan.vision.text_recognition.guidance import token_count
from sampan.vision.text_recognition.heads import CTCHead, TinyHead
from sampan.vision.text_recognition.lstm import BiLSTMNeck
from sampan.vision.text_recognition.nrtr import NRTRGuide
from sampan.vision.text_recognition.recognizer import TextRecognizer
from sampan.vision.text_recognition.sar import SARGuide
from sampan.vision.text_recognition.svtr import LightSVTR, SVTREncoder


def text_recognizer(name: str, classes: int, dropout: float = 0.1) -> TextRecognizer:
    """A recogniser in training form with fresh weights.

    Args:
        name: see the table of this module.
        classes: length of the dictionary, the blank and the space counted (`len(dictionary)`).
        dropout: in the mixing blocks of the neck.

    Raises:
        OptionError: there is no model of that name.
    """
    try:
        build = _MODELS[name]
    except KeyError:
        raise OptionError(f"no recogniser {name!r}: there are {', '.join(_MODELS)}") from None
    return build(classes, dropout)


def recognizer_names() -> list[str]:
    """Names that `text_recognizer` knows."""
    return list(_MODELS)


def attach_guide(
    model: TextRecognizer, kind: Literal["nrtr", "sar"], width: int | None = None, detach: bool = False
) -> TextRecognizer:
    """Gives the model an attention decoder for its dictionary, in place.

    Args:
        kind: `nrtr` (width 384, medium 512) or `sar` (width 512).
        width: of the decoder; the paper's by default.
        detach: whether the backbone learns from the guide alone.
    """
    channels, tokens = model.channels, token_count(model.classes)
    model.guide = (
        NRTRGuide(channels, tokens, width or 384)
        if kind == "nrtr"
        else SARGuide(channels, tokens, width or 512)
    )
    model.detach = detach
    return model


def _v2(classes: int, dropout: float) -> TextRecognizer:
    del dropout
    backbone = MobileNetV1Enhance(0.5, "v2")
    return TextRecognizer(backbone, BiLSTMNeck(512), CTCHead(128, classes, mid=96), pooled=True)


def _v3(classes: int, dropout: float) -> TextRecognizer:
    neck = SVTREncoder(512, 64, reduced=64, kernel_size=(3, 3), dropout=dropout)
    return TextRecognizer(MobileNetV1Enhance(0.5, "v3"), neck, CTCHead(64, classes), pooled=True)


def _v5(backbone: Backbone, classes: int, dropout: float) -> TextRecognizer:
    neck = SVTREncoder(backbone.channels[-1], 120, dropout=dropout)
    return TextRecognizer(backbone, neck, CTCHead(120, classes))


def _v6_tiny(classes: int, dropout: float) -> TextRecognizer:
    del dropout  # it has no mixing blocks
    return TextRecognizer(LCNetV4.recogniser("tiny"), None, TinyHead(160, classes, 80))


def _v6_small(classes: int, dropout: float) -> TextRecognizer:
    neck = LightSVTR(384, 120, mlp_ratio=2.0, dropout=dropout)
    return TextRecognizer(LCNetV4.recogniser("small"), neck, CTCHead(120, classes))


def _v6_medium(classes: int, dropout: float) -> TextRecognizer:
    neck = LightSVTR(768, 192, mlp_ratio=4.0, dropout=dropout)
    return TextRecognizer(LCNetV4.recogniser("medium"), neck, CTCHead(192, classes))


_MODELS: dict[str, Callable[[int, float], TextRecognizer]] = {
    "pp-ocrv2": _v2,
    "pp-ocrv3": _v3,
    "pp-ocrv5-mobile": lambda classes, dropout: _v5(LCNetV3.recogniser(), classes, dropout),
    "pp-ocrv5-server": lambda classes, dropout: _v5(HGNetV2.recogniser(), classes, dropout),
    "pp-ocrv6-tiny": _v6_tiny,
    "pp-ocrv6-small": _v6_small,
    "pp-ocrv6-medium": _v6_medium,
}
