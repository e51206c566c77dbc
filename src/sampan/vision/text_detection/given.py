"""Detectors that start from given weights: known by name, or ONNX and safetensors files of one's own."""

from __future__ import annotations

from pathlib import Path

from sampan.errors import OptionError, WeightsError
from sampan.vision.text_detection.models import TextDetector, text_detector
from sampan.vision.weights.public_layout import read_safetensors
from sampan.weights import REGISTER, locate

KNOWN = {
    "pp-ocrv6-tiny-det": "pp-ocrv6-tiny",
    "pp-ocrv6-small-det": "pp-ocrv6-small",
    "pp-ocrv6-small-det-safetensors": "pp-ocrv6-small",
    "pp-ocrv4-seal-det": "pp-ocrv5-mobile",
    "pp-ocrv3-det": "pp-ocrv3-mobile",
}
"""Variant of each released detector."""


def given_detector(weights: str, variant: str | None = None) -> TextDetector:
    """A detector in training form with these weights; heads that only training uses are fresh.

    Args:
        weights: a name that `sampan weights list` shows, or the path of an ONNX or safetensors file in the public
            layout.
        variant: of `models.VARIANTS`; known weights know theirs.

    Raises:
        WeightsError: no such weights, or they do not fit the variant.
        OptionError: the weights are no detector's, or the variant is missing.
    """
    if weights in REGISTER and weights not in KNOWN:
        raise OptionError(f"{weights} is no text detector: known ones are {', '.join(KNOWN)}")
    path = locate(weights) if weights in KNOWN else Path(weights)
    if not path.is_file():
        raise WeightsError(f"no weights {weights}: give a file, or one of {', '.join(KNOWN)}")
    variant = variant or KNOWN.get(weights)
    if variant is None:
        raise OptionError(f"say which variant {path.name} holds: pp-ocrv6-tiny, pp-ocrv6-small …")
    detector = text_detector(variant)
    if path.suffix == ".onnx":
        return detector.from_onnx(path)
    return detector.from_public(read_safetensors(path))
