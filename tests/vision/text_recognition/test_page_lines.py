"""Every line of whole pages, cut out by the official rules: the same text as ONNX Runtime reads with the same weights."""

from __future__ import annotations

import copy
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from sampan.errors import SampanError
from sampan.vision.text_recognition.given import given_recognizer
from sampan.vision.text_recognition.strips import Image, strip
from sampan.weights import locate

EXAMPLES = Path(__file__).parents[3] / "examples"


def _pages() -> dict[str, Image]:
    pages = {"photo": cv2.imread(str(EXAMPLES / "photo.jpg"))}
    pypdfium2 = pytest.importorskip("pypdfium2")
    with pypdfium2.PdfDocument(EXAMPLES / "report.pdf") as document:
        drawn = document[0].render(scale=2.0).to_numpy()
        pages["report"] = np.ascontiguousarray(drawn[..., :3])
    return pages


@pytest.mark.slow
@pytest.mark.parametrize("name", ["pp-ocrv6-tiny-rec", "pp-ocrv6-small-rec", "pp-ocrv3-rec"])
def test_lines_of_pages_read_alike(name: str) -> None:
    from sampan.documents.ocr.official import OfficialDetector, official_crop
    from sampan.runtime import Model

    try:
        detector = OfficialDetector(Model(locate("pp-ocrv6-small-det"), threads=1))
        oracle = Model(locate(name), threads=1)
        model, dictionary = given_recognizer(name)
    except SampanError as error:
        pytest.skip(f"weights are not here: {error}")
    exact = copy.deepcopy(model).eval().double()
    model.eval().fuse()
    read = 0
    for page, image in _pages().items():
        for quad in detector.detect(image).quads:
            crop = official_crop(image, quad)
            batch = strip(np.ascontiguousarray(crop), width=None)[0][None]
            expected = oracle(batch)[0]
            # In undecided frames of long lines float32 has noise of 1e-4 on either side, so the difference is
            # taken from the module in float64, and the text from the module as it is used.
            with torch.inference_mode():
                truth = exact(torch.from_numpy(batch).double())["ctc"].softmax(2).numpy()
            assert np.abs(truth - expected).max() < 1e-4, page
            found = model.probabilities(torch.from_numpy(batch)).numpy()
            assert dictionary.decode_ctc(found[0]).text == dictionary.decode_ctc(expected[0]).text
            read += len(dictionary.decode_ctc(found[0]).text)
    assert read > 500
