"""The released layout and table models on the benchmark's pages: the same regions and the same table HTML."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import pytest
import torch

from sampan.documents.layout.picodet import normalise
from sampan.documents.model import Document
from sampan.documents.tables.slanet import prepare
from sampan.errors import WeightsError
from sampan.vision.detection.decoding import detections
from sampan.vision.detection.dense import DensePrediction
from sampan.vision.detection.picodet import PicoDet
from sampan.vision.tables.slanet import SLANet
from sampan.vision.tables.vocabulary import StructureVocabulary
from sampan.weights import locate

pytest.importorskip("reportlab")
pytest.importorskip("fontTools")
build = pytest.importorskip("benchmarks.corpus.build")
plan = pytest.importorskip("benchmarks.corpus.plan")

FONTS = Path("/usr/share/fonts/truetype")
Page = tuple[np.ndarray, Document]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> list[Page]:
    """The first page of each design that holds a table, as a picture."""
    if not all((FONTS / package).exists() for package in ("liberation", "crosextra")):
        pytest.skip("the fonts of the corpus are not installed (benchmarks.corpus.fonts.PACKAGES)")
    folder, drawn = tmp_path_factory.mktemp("pages"), []
    items = [item for item in plan.plan() if item.kind == "image" and item.how in ("clean", "scan")]
    for design in ("tables", "report", "paper"):
        item = next(item for item in items if item.design == design)
        entry = build.make_item(item, "test", folder)
        truth = Document.model_validate_json((folder / entry["gt"]).read_text(encoding="utf-8"))
        drawn.append((cv2.imread(str(folder / entry["file"])), truth))
    return drawn


def session(name: str) -> tuple[Path, onnxruntime.InferenceSession]:
    try:
        path = locate(name)
    except WeightsError as error:
        pytest.skip(f"no weights: {error}")
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return path, onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def table_pictures(pages: list[Page]) -> Iterator[np.ndarray]:
    for image, truth in pages:
        for block in truth.pages[0].blocks:
            if block.kind == "table" and block.box is not None:
                x0, y0, x1, y1 = (round(v) for v in block.box)
                yield np.ascontiguousarray(image[max(y0 - 4, 0) : y1 + 4, max(x0 - 4, 0) : x1 + 4])


@pytest.mark.slow
def test_regions_are_the_same(pages: list[Page]) -> None:
    path, released = session("picodet-layout-cdla")
    model, found = PicoDet.from_onnx(path), 0
    for image, _ in pages:
        batch = normalise(image)
        outputs = released.run(None, {"image": batch})
        with torch.no_grad():
            ours = model(torch.from_numpy(batch))
        theirs: DensePrediction = {
            "scores": torch.from_numpy(np.concatenate(outputs[:4], 1)),
            "distances": torch.from_numpy(np.concatenate(outputs[4:], 1)),
            "points": ours["points"],
            "strides": ours["strides"],
        }
        assert (ours["scores"] - theirs["scores"]).abs().max() < 1e-4
        assert (ours["distances"] - theirs["distances"]).abs().max() < 1e-4
        first, second = (detections(p, 0.4, 0.5, size=(800, 608))[0] for p in (ours, theirs))
        assert first.classes.tolist() == second.classes.tolist()
        assert torch.allclose(first.boxes, second.boxes, atol=0.01)  # pixels
        found += len(first.scores)
    assert found >= len(pages)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "vocabulary"), [("slanet-plus", "chinese"), ("slanet-1m", "english")])
def test_tables_have_the_same_html(pages: list[Page], name: str, vocabulary: str) -> None:
    path, released = session(name)
    model, words = SLANet.from_onnx(path), StructureVocabulary.named(vocabulary)
    compared = 0
    for picture in table_pictures(pages):
        batch = prepare(picture)
        location, probability = released.run(None, {"x": batch})
        with torch.no_grad():
            ours = model(torch.from_numpy(batch))
        steps = ours["structure"].shape[1]
        assert words.html(ours["structure"][0].argmax(-1).tolist()) == words.html(
            probability[0].argmax(-1).tolist()
        )
        assert np.abs(ours["structure"].softmax(-1).numpy() - probability[:, :steps]).max() < 1e-4
        assert np.abs(ours["locations"].numpy() - location[:, :steps]).max() < 1e-4
        compared += 1
    assert compared >= 2
