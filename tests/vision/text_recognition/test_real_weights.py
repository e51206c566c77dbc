"""The released recognisers, loaded from their files, against ONNX Runtime on the same files.

Bound: 1e-4 on probabilities (the project's bar; about 2e-5 is seen), for random strips and for drawn lines, and the
same text.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import nn

from sampan.errors import OptionError, SampanError, WeightsError
from sampan.vision.text_recognition.dictionary import CharacterDictionary
from sampan.vision.text_recognition.given import given_recognizer
from sampan.vision.text_recognition.public_weights import to_public
from sampan.vision.text_recognition.recognizer import TextRecognizer
from sampan.vision.text_recognition.strips import strip
from sampan.vision.weights.public_layout import read_safetensors, write_safetensors
from sampan.weights import locate

ort = pytest.importorskip("onnxruntime")

ORACLE = {
    "pp-ocrv6-tiny-rec": "pp-ocrv6-tiny-rec",
    "pp-ocrv6-small-rec": "pp-ocrv6-small-rec",
    "pp-ocrv6-small-rec-safetensors": "pp-ocrv6-small-rec",
    "pp-ocrv3-rec": "pp-ocrv3-rec",
}
PARAMETERS = {
    "pp-ocrv6-tiny-rec": 1_106_702,
    "pp-ocrv6-small-rec": 5_275_238,
    "pp-ocrv6-small-rec-safetensors": 5_275_238,
}
"""In the public layout, in which some convolutions are fused: 1.107 M and 5.275 M (PaddleOCR 3.0 card §3.1)."""
TEXTS = ("Region-based segmentation", "markers = np.zeros_like(coins)", "Total: 1,234.50 EUR", "x")


def _given(name: str) -> tuple[TextRecognizer, CharacterDictionary]:
    _locate(name)
    _locate(ORACLE[name])
    model, dictionary = given_recognizer(name)
    return model.eval(), dictionary


def _locate(name: str) -> Path:
    try:
        return locate(name)
    except SampanError as error:
        pytest.skip(f"weights {name} are not here: {error}")


def _drawn(text: str) -> np.ndarray:
    """A line as a page has it: dark letters on uneven paper."""
    rng = np.random.default_rng(len(text))
    paper = np.full((40, 18 * len(text) + 24, 3), 235, np.uint8)
    cv2.putText(paper, text, (8, 29), cv2.FONT_HERSHEY_DUPLEX, 0.85, (40, 30, 30), 1, cv2.LINE_AA)
    paper = cv2.GaussianBlur(paper, (3, 3), 0.6) + rng.integers(-12, 12, paper.shape)
    return np.clip(paper, 0, 255).astype(np.uint8)


def _page_lines() -> list[np.ndarray]:
    """Lines of a photographed page, if scikit-image brings it."""
    data = pytest.importorskip("skimage.data")
    page = cv2.cvtColor(data.page(), cv2.COLOR_GRAY2BGR)
    return [page[top : top + 20, 15:360] for top in (5, 30, 55, 73)]


@pytest.mark.parametrize("name", ORACLE)
def test_probabilities_and_texts_are_those_of_onnx_runtime(name: str) -> None:
    model, dictionary = _given(name)
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(str(_locate(ORACLE[name])), options, ["CPUExecutionProvider"])
    feed = session.get_inputs()[0].name

    rng = np.random.default_rng(0)
    noise = [rng.uniform(-1, 1, (1, 3, 48, width)).astype(np.float32) for width in (72, 320)]
    noise.append(rng.uniform(-1, 1, (3, 3, 48, 104)).astype(np.float32))
    lines = [strip(image)[0][None] for image in [*map(_drawn, TEXTS), *_page_lines()]]
    texts = []
    for batch in [*noise, *lines]:
        expected = session.run(None, {feed: batch})[0]
        found = model.probabilities(torch.from_numpy(batch)).numpy()
        assert found.shape == expected.shape
        assert np.abs(found - expected).max() < 1e-4
        for ours, theirs in zip(found, expected, strict=True):
            assert dictionary.decode_ctc(ours).text == dictionary.decode_ctc(theirs).text
        texts.append(dictionary.decode_ctc(found[0]).text)
    # It does read, so the comparison is of something.
    assert texts[3] == TEXTS[0] and texts[5] == TEXTS[2]
    assert "Region-based segmentation" in texts or name == "pp-ocrv3-rec"


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters_are_as_many_as_published(name: str) -> None:
    model, dictionary = _given(name)
    trained = {
        key: v for key, v in to_public(model).items() if not key.endswith(("running_mean", "running_var"))
    }
    assert sum(tensor.numel() for tensor in trained.values()) == PARAMETERS[name]
    assert model.classes == len(dictionary) == {"t": 6906, "s": 18710}[name.split("-")[2][0]]


def test_small_is_the_same_from_both_files_and_goes_out_as_it_came(tmp_path: Path) -> None:
    from_onnx, _ = _given("pp-ocrv6-small-rec")
    from_tensors, dictionary = _given("pp-ocrv6-small-rec-safetensors")
    image = torch.rand(1, 3, 48, 160, generator=torch.Generator().manual_seed(0)) * 2 - 1
    expected = from_tensors.probabilities(image)
    assert (from_onnx.probabilities(image) - expected).abs().max() < 1e-4
    assert (from_onnx.fuse().probabilities(image) - expected).abs().max() < 1e-4
    assert not any(isinstance(module, nn.BatchNorm2d) for module in from_onnx.modules())

    state = read_safetensors(_locate("pp-ocrv6-small-rec-safetensors"))
    published = to_public(from_tensors)
    assert published.keys() == state.keys()
    # Fused convolutions are taken apart and put together again, in float64.
    assert max(float((published[key] - state[key]).abs().max()) for key in state) < 1e-5
    write_safetensors(published, tmp_path / "small.safetensors")
    dictionary.save(tmp_path / "small.txt")
    again, same = given_recognizer(tmp_path / "small.safetensors", "pp-ocrv6-small")
    assert same == dictionary
    assert (again.probabilities(image) - expected).abs().max() < 1e-5


def test_what_does_not_fit_is_refused_with_the_reason(tmp_path: Path) -> None:
    tiny = _locate("pp-ocrv6-tiny-rec")
    with pytest.raises(WeightsError, match="does not fit the model"):
        given_recognizer(tiny, "pp-ocrv6-small")
    with pytest.raises(OptionError, match="say which model"):
        given_recognizer(tiny)
    with pytest.raises(WeightsError, match=r"no weights .*nothing\.onnx"):
        given_recognizer(tmp_path / "nothing.onnx", "pp-ocrv6-tiny")
    with pytest.raises(OptionError, match="is no recogniser"):
        given_recognizer("pp-ocrv6-tiny-det")
    short = tmp_path / "short.txt"
    short.write_text("a\nb\n", encoding="utf-8")
    with pytest.raises(OptionError, match="6906 classes and its dictionary 4"):
        given_recognizer(tiny, "pp-ocrv6-tiny", short)
    with pytest.raises(OptionError, match="no dictionary for"):
        given_recognizer(tiny, "pp-ocrv6-tiny")
