"""Recognisers out as ONNX graphs that `sampan parse` reads, with the dictionary inside and beside them."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from sampan.errors import OptionError
from sampan.vision.text_recognition.dictionary import CharacterDictionary
from sampan.vision.text_recognition.recognizer import TextRecognizer
from sampan.vision.text_recognition.strips import HEIGHT, STRIDE
from sampan.vision.weights.export import ExportForm, ExportReport, export_onnx
from sampan.vision.weights.precision import Precision

OUTPUT = "fetch_name_0"
"""What PP-OCR's graphs call their probabilities."""


def export_recognizer(
    model: TextRecognizer,
    dictionary: CharacterDictionary,
    path: Path | str,
    precision: Precision = "fp32",
    height: int = HEIGHT,
) -> ExportReport:
    """Writes `x` (B, 3, height, W) → probabilities (B, W // 8, V); any batch, any width that is a multiple of eight.

    The characters go into the metadata under `character`, one a line, without the space that comes last, and beside
    the graph as a `.txt` of its name. The guide is left out.

    Raises:
        OptionError: the dictionary is not the model's.
        WeightsError: the graph does not compute what the model computes.
    """
    if len(dictionary) != model.classes:
        raise OptionError(
            f"the model has {model.classes} classes and the dictionary {len(dictionary)} (with blank and space): "
            "export it with its own"
        )
    path = Path(path)
    guide, model.guide = model.guide, None
    form = ExportForm((3, height, 320), {OUTPUT: _probabilities}, ("batch", "width"), multiple=STRIDE)
    metadata = {"character": "\n".join(dictionary.characters)}
    try:
        report = export_onnx(model, path, form, metadata=metadata, precision=precision)
    finally:
        model.guide = guide
    dictionary.save(path.with_suffix(".txt"))
    return report


def _probabilities(outputs: dict[str, Tensor]) -> Tensor:
    return torch.softmax(outputs["ctc"], dim=2)
