"""The recognisers by name: PP-OCRv6 tiny, small and medium.

| name | backbone | neck | head | guide |
|---|---|---|---|---|
| `pp-ocrv6-tiny` | LCNetV4 tiny | – | two Conv1d, 160 → 80 → V | NRTR 384 |
| `pp-ocrv6-small` | LCNetV4 small | LightSVTR 120 | 120 → V | NRTR 384 |
| `pp-ocrv6-medium` | LCNetV4 medium | LightSVTR 192 | 192 → V | NRTR 512 |
"""

from __future__ import annotations

from collections.abc import Callable

from sampan.errors import OptionError
from sampan.vision.backbones.lcnet_v4 import LCNetV4
from sampan.vision.text_recognition.heads import CTCHead, TinyHead
from sampan.vision.text_recognition.recognizer import TextRecognizer
from sampan.vision.text_recognition.svtr import LightSVTR


def text_recognizer(name: str, classes: int, dropout: float = 0.1) -> TextRecognizer:
    """A recogniser in training form with fresh weights.

    Args:
        name: see the table of this module.
        classes: length of the dictionary, the blank and the space counted (`len(dictionary)`).

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
    "pp-ocrv6-tiny": _v6_tiny,
    "pp-ocrv6-small": _v6_small,
    "pp-ocrv6-medium": _v6_medium,
}
