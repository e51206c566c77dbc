"""Exported recognisers in `parse`'s own reader: the same text from every precision, with and without ideographs."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch
from tests.documents.ocr.drawn import PLAIN, SENTENCES, VERA, page, quad

from sampan.documents.ocr.crops import LineCrop
from sampan.documents.ocr.presets import open_recogniser
from sampan.documents.ocr.recognition import TextRecogniser
from sampan.documents.options import ParseOptions
from sampan.errors import SampanError
from sampan.vision.text_recognition.export import export_recognizer
from sampan.vision.text_recognition.given import given_recognizer
from sampan.vision.weights.precision import Precision, stored

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """PP-OCRv6 tiny through the module and out again, traced once and stored in each precision."""
    import onnx

    try:
        model, dictionary = given_recognizer("pp-ocrv6-tiny-rec")
    except SampanError as error:
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("readers")
    paths = {precision: folder / f"{precision}.onnx" for precision in get_args(Precision)}
    export_recognizer(model.eval(), dictionary, paths["fp32"])
    traced = onnx.load(paths["fp32"])
    for precision, path in paths.items():
        if precision != "fp32":
            path.write_bytes(stored(traced, precision).SerializeToString())
    return paths


def crops() -> list[LineCrop]:
    lines = []
    for face in (VERA, PLAIN):
        drawn, boxes = page([text for text in SENTENCES if text.isascii()], name=face)
        lines += [LineCrop(drawn.image, quad(box, 3)) for box in boxes]
    return lines


@pytest.mark.parametrize("ideographs", [True, False])
def test_every_precision_reads_the_same_text(exported: dict[str, Path], ideographs: bool) -> None:
    readings = {}
    for precision, path in exported.items():
        model, vocabulary = open_recogniser(str(path), ParseOptions(), ideographs)
        assert len(vocabulary) == 6906 if ideographs else len(vocabulary) < 2000
        readings[precision] = TextRecogniser(model, vocabulary, precision).read(crops())
    texts = {precision: [reading.text for reading in read] for precision, read in readings.items()}
    assert sum(map(len, texts["fp32"])) > 800
    assert texts["fp16"] == texts["int8"] == texts["fp32"]
    # Half precision keeps eleven bits of a weight, eight bits seven: seen were 1e-4 and 0.016.
    for precision, difference in (("fp16", 1e-3), ("int8", 0.05)):
        pair = [[reading.confidence for reading in readings[p]] for p in (precision, "fp32")]
        assert 0 < np.abs(np.subtract(*pair)).max() < difference
