"""Explanations name the true cause, and their counts agree with the page that they explain."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType, SimpleNamespace

import cv2
import numpy as np
import pytest

import sampan
from sampan.documents.explain import _second_looks, explain, model_name
from sampan.documents.ocr.ctc import Reading
from sampan.documents.options import ParseOptions
from sampan.errors import OptionError
from sampan.runtime.trace import note, tracing
from sampan.weights import REGISTER
from sampan.weights.cache import cached_path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PROSE = [
    "Between the lower weir and the ferry the concentration fell",
    "and the observers agreed in most of the readings they took,",
    "as one expects when coarse grains settle out quickly there.",
]
PICTURE = (
    b"/Type /XObject /Subtype /Image /Width 2 /Height 2 /ColorSpace /DeviceGray /BitsPerComponent 8",
    b"\xff\xff\xff\xff",
)
FULL_PAGE = b"q 595 0 0 842 0 0 cm /Im Do Q\n"
SOUP = str.maketrans("abcdefghijklmnopqrstuvwxyz", "qxzjkvbwgfpymcuhlrdsntiaeo")


@pytest.fixture(scope="module")
def samples() -> ModuleType:
    spec = importlib.util.spec_from_file_location("pdf_samples", HERE / "reading" / "pdf_samples.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules["pdf_samples"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def page(samples: ModuleType):
    """A PDF of one page that shows the lines, with more content before them if wanted."""

    def make(lines: list[str], before: bytes = b"", extra: str = "", top: int = 700) -> bytes:
        content = b"".join(samples.text(72, top - 16 * n, line, extra=extra) for n, line in enumerate(lines))
        return samples.pdf(samples.SamplePage(before + content, objects={"Im": PICTURE}))

    return make


def photo() -> bytes:
    return (ROOT / "examples" / "photo.jpg").read_bytes()


def test_a_trusted_text_layer(page) -> None:
    told = explain(page(PROSE), ParseOptions(), 1)
    assert told.why == "not read by OCR: its text layer of 3 lines is trusted"
    assert told.regions == [] and told.models == [] and told.origin == "text_layer"
    assert told.confidences.words == 0 and told.confidences.mean is None
    assert told.lines_by_model == {"text_layer": 3}
    assert told.scripts == {"Latin": sum(c.isalpha() for line in PROSE for c in line)}


def test_soup_is_named_with_its_font_and_only_its_region_is_read(page, samples) -> None:
    prose = b"".join(samples.text(72, 400 - 16 * n, line) for n, line in enumerate(PROSE))
    broken = b"".join(
        samples.text(72, 700 - 16 * n, line.translate(SOUP), font="F2") for n, line in enumerate(PROSE)
    )
    fonts = {"F1": samples.HELVETICA, "F2": samples.COURIER}
    told = explain(samples.pdf(samples.SamplePage(prose + broken, fonts=fonts)), ParseOptions(), 1)
    assert told.why.startswith("read from its text layer (3 lines), and by OCR in 1 regions (")
    (region,) = told.regions
    assert "Courier" in region.reason and "Helvetica" not in region.reason
    assert 842 - 720 < region.box[1] < 842 - 690
    assert told.origin == "mixed" and told.confidences.words > 20


def test_a_bad_hidden_layer_is_told_from_a_good_one_and_from_a_bare_scan(page) -> None:
    good = explain(page(PROSE, FULL_PAGE, "3 Tr"), ParseOptions(), 1)
    assert good.why.startswith("not read by OCR") and "looks like language and is kept" in good.notes[0]
    bad = explain(page([line.translate(SOUP) for line in PROSE], FULL_PAGE, "3 Tr"), ParseOptions(), 1)
    assert bad.why == "read by OCR: its text is missing or cannot be trusted on 100% of the page"
    assert "is left out" in bad.notes[0]
    assert bad.regions[0].reason == "a scan whose hidden text does not look like language"
    stamped = explain(page(["page 3"], FULL_PAGE, top=20), ParseOptions(), 1)
    assert stamped.regions[0].reason == "a picture with hardly any text on it"


def test_options_are_causes_too(page) -> None:
    assert explain(page(PROSE), ParseOptions(ocr="always"), 1).why == "read by OCR because ocr = always"
    never = explain(page(PROSE), ParseOptions(ocr="never"), 1)
    assert never.why == "not read by OCR because ocr = never; its text layer gave 3 lines"


def test_a_picture_and_its_numbers() -> None:
    told = explain(photo(), ParseOptions(), 1)
    document = sampan.parse(photo())
    words = [word for block in document.blocks() for line in block.lines for word in line.words]
    assert told.why == "read by OCR because a picture has no text layer"
    assert told.confidences.words == sum(part.words for part in told.confidences.histogram) == len(words)
    lowest = [word.confidence for word in told.confidences.lowest]
    assert lowest == sorted(word.confidence for word in words)[: len(lowest)] and len(lowest) == 10
    for part in told.confidences.histogram:
        assert part.words == sum(
            part.low <= word.confidence < part.high or word.confidence == part.high == 1 for word in words
        )
    uses = {use.name: use for use in told.models}
    assert uses["pp-ocrv6-tiny-rec"].runs == sum(told.lines_by_model.values())
    assert uses["pp-ocrv6-tiny-rec"].largest_input[:3] == [1, 3, 48]
    assert all(use.task and use.seconds > 0 for use in told.models)
    assert {"detect", "ocr", "layout"} <= told.seconds.keys()
    assert told.settings["dpi"] == 200 and 0 < told.settings["fast_squeeze"] <= 1


def test_the_official_preset_names_both_its_models() -> None:
    picture = np.full((96, 320, 3), 255, np.uint8)
    cv2.putText(picture, "two words", (20, 60), cv2.FONT_HERSHEY_SIMPLEX, 1.4, (0, 0, 0), 3, cv2.LINE_AA)
    data = cv2.imencode(".png", picture)[1].tobytes()
    told = explain(data, ParseOptions(preset="official", orientation=False, deskew=False, threads=2), 1)
    uses = {use.name: use for use in told.models}
    assert uses.keys() == {"pp-ocrv6-small-det", "pp-ocrv6-small-rec"}
    assert (
        told.notes == [] and told.second_looks == [] and told.lines_by_model.keys() == {"pp-ocrv6-small-rec"}
    )


def test_second_looks_and_the_sample_of_a_page_of_lines() -> None:
    picture = np.full((900, 1000, 3), 255, np.uint8)
    for row in range(14):
        text = f"Row {row} costs 1l0 crowns" if row % 2 else "plain words only here"
        cv2.putText(
            picture, text, (60, 60 + 60 * row), cv2.FONT_HERSHEY_SIMPLEX, 1.1, (0, 0, 0), 2, cv2.LINE_AA
        )
    told = explain(cv2.imencode(".png", picture)[1].tobytes(), ParseOptions(), 1)
    assert any(
        "lines read as a sample: mean probability" in note and "no ideographs" in note for note in told.notes
    )
    assert told.second_looks, "1l0 is a confusion that is always read again"
    for look in told.second_looks:
        assert 0 <= look.confidence_before <= 1 and 0 <= look.confidence_after <= 1
    assert "pp-ocrv6-small-rec" in {use.name for use in told.models}


def test_a_second_reading_that_was_not_taken_is_told_as_such() -> None:
    def reading(text: str, probability: float) -> Reading:
        return Reading(
            text,
            probability,
            list(text),
            np.full(len(text), probability, np.float32),
            np.zeros((len(text), 2), np.float32),
        )

    fast, merged = reading("cat sat", 0.8), reading("cot sat", 0.9)
    doubt = SimpleNamespace(first=0, last=3)
    with tracing() as trace:
        note("second look", before=fast, doubt=doubt, careful=reading("cot", 0.95), after=merged)
        note("second look", before=fast, doubt=doubt, careful=reading("c", 0.3), after=fast)
    taken, kept = _second_looks(trace)
    assert (taken.before, taken.after, taken.taken) == ("cat", "cot", True)
    assert (taken.confidence_before, taken.confidence_after) == (0.8, 0.95)
    assert (kept.before, kept.after, kept.taken) == ("cat", "c", False)


def test_it_is_json_for_programs(page) -> None:
    told = explain(page(PROSE), ParseOptions(), 1)
    assert json.loads(told.model_dump_json())["why"] == told.why


def test_a_page_that_is_not_there(page) -> None:
    with pytest.raises(OptionError, match="names page 7, but the document has 1 page"):
        explain(page(PROSE), ParseOptions(), 7)
    with pytest.raises(OptionError, match="page 0 cannot be explained"):
        explain(page(PROSE), ParseOptions(), 0)


def test_models_are_called_what_the_register_calls_them() -> None:
    for weights in REGISTER.values():
        assert model_name(cached_path(weights).stem) == weights.name
    assert model_name("my-own-model") == "my-own-model"
