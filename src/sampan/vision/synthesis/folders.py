"""Writing drawn data into a folder of pictures and label files that other programs read.

    lines    images/000000000.png, labels.txt (PaddleOCR recognition)
    pages    images/, labels.txt (PaddleOCR detection), blocks.json (COCO), tables.jsonl (all tables), truth.jsonl
    tables   images/, tables.jsonl (PubTabNet), labels.txt (PaddleOCR detection), truth.jsonl
    forms    images/, labels.txt (PaddleOCR detection), truth.jsonl
    scenes   images/, labels.txt (PaddleOCR detection), truth.jsonl

Beside them `manifest.json` tells how to draw the same again: options, versions, the fonts used with their licences,
and where the texts came from. The result does not depend on how many processes draw it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from sampan.errors import OptionError, OutputError
from sampan.vision.annotations.coco import BoxLabel, write_coco
from sampan.vision.annotations.pubtabnet import TableCell, TableLabel, format_table_label
from sampan.vision.annotations.text_detection import DetectionLabel, TextRegion, format_detection_label
from sampan.vision.annotations.text_recognition import RecognitionLabel, format_recognition_label
from sampan.vision.synthesis.finishing import DrawnPage
from sampan.vision.synthesis.forms import FormOptions, FormSynthesizer
from sampan.vision.synthesis.geometry import bounds
from sampan.vision.synthesis.library import Library
from sampan.vision.synthesis.lines import LineOptions, LineSynthesizer
from sampan.vision.synthesis.pages import CLASSES, PageOptions, PageSynthesizer
from sampan.vision.synthesis.scenes import SceneOptions, SceneSynthesizer
from sampan.vision.synthesis.sheet import PageTable
from sampan.vision.synthesis.tables import TableOptions, TableSynthesizer
from sampan.vision.synthesis.typefaces import SynthesisOptions, Typefaces

OPTIONS: dict[str, type[SynthesisOptions]] = {
    "lines": LineOptions, "pages": PageOptions, "tables": TableOptions, "forms": FormOptions, "scenes": SceneOptions,
}  # fmt: skip
"""Kinds of data with their options."""

SYNTHESIZERS: dict[str, Callable[..., Any]] = {
    "lines": LineSynthesizer, "pages": PageSynthesizer, "tables": TableSynthesizer, "forms": FormSynthesizer,
    "scenes": SceneSynthesizer,
}  # fmt: skip
"""What draws each kind, from its options and a library."""


@dataclass
class Record:
    """What one picture adds to the label files."""

    labels: str
    truth: dict[str, Any]
    tables: list[str]
    boxes: BoxLabel | None
    fonts: list[str]


def write_folder(
    kind: str,
    options: SynthesisOptions,
    count: int,
    folder: Path,
    start: int = 0,
    workers: int = 1,
    progress: Callable[[int], None] | None = None,
) -> dict[str, Any]:
    """Draws `count` pictures from number `start` on, and gives the manifest.

    Raises:
        OptionError: the folder is not empty.
        OutputError: it cannot be written.
    """
    if folder.exists() and any(folder.iterdir()):
        raise OptionError(
            f"{folder} is not empty: name a new folder, so that no old pictures mix with new ones"
        )
    try:
        (folder / "images").mkdir(parents=True)
    except OSError as error:
        raise OutputError(f"{folder} cannot be made: {error.strerror}") from error
    library = Library.open(options.shares(), options.library)
    used: dict[str, int] = {}
    boxes: list[BoxLabel] = []
    with (
        (folder / "labels.txt").open("w", encoding="utf-8", newline="\n") as labels,
        (folder / "truth.jsonl").open("w", encoding="utf-8", newline="\n") as truth,
        (folder / "tables.jsonl").open("w", encoding="utf-8", newline="\n") as tables,
    ):
        for done, record in enumerate(
            _records(kind, options, count, folder, start, workers, library), start=1
        ):
            labels.write(record.labels + "\n")
            truth.write(json.dumps(record.truth, ensure_ascii=False) + "\n")
            tables.writelines(row + "\n" for row in record.tables)
            if record.boxes is not None:
                boxes.append(record.boxes)
            for name in record.fonts:
                used[name] = used.get(name, 0) + 1
            if progress is not None:
                progress(done)
    if kind == "pages":
        write_coco(CLASSES, boxes, folder / "blocks.json")
    if kind not in ("pages", "tables"):
        (folder / "tables.jsonl").unlink()
    manifest = _manifest(kind, options, count, start, library, used)
    (folder / "manifest.json").write_text(json.dumps(manifest, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return manifest


def _records(
    kind: str, options: SynthesisOptions, count: int, folder: Path, start: int, workers: int, library: Library
) -> Iterator[Record]:
    if workers <= 1:
        source = SYNTHESIZERS[kind](options, library)
        for index in range(start, start + count):
            yield _write_one(source, folder, index)
        return
    # Spawned, not forked: OpenCV's and FreeType's threads do not survive a fork everywhere.
    with ProcessPoolExecutor(
        workers, get_context("spawn"), initializer=_prepare, initargs=(kind, options, str(folder))
    ) as pool:
        yield from pool.map(_write_prepared, range(start, start + count), chunksize=16)


_prepared: list[Any] = []
"""In a worker process: its synthesizer and folder."""


def _prepare(kind: str, options: SynthesisOptions, folder: str) -> None:
    cv2.setNumThreads(1)
    _prepared[:] = [SYNTHESIZERS[kind](options), Path(folder)]


def _write_prepared(index: int) -> Record:
    return _write_one(_prepared[0], _prepared[1], index)


def _write_one(source: Any, folder: Path, index: int) -> Record:
    drawn = source.draw(index)
    name = f"images/{index:09d}.png"
    _write_png(folder / name, drawn.image)
    if isinstance(source, LineSynthesizer):
        truth = {
            "image": name, "text": drawn.text, "language": drawn.language, "kind": drawn.kind,
            "degradation": drawn.degradation, "font": drawn.face.name,
            "words": [{"text": word.text, "quad": _rounded(word.quad)} for word in drawn.words],
        }  # fmt: skip
        label = format_recognition_label(RecognitionLabel(name, drawn.text))
        return Record(label, truth, [], None, [drawn.face.name])
    return _page_record(drawn, name)


def _page_record(page: DrawnPage, name: str) -> Record:
    regions = [TextRegion(line.text, line.quad) for line in page.lines]
    truth = {
        "image": name, "language": page.language, "degradation": page.degradation,
        "lines": [
            {"text": line.text, "quad": _rounded(line.quad), "block": line.block,
             "words": [{"text": word.text, "quad": _rounded(word.quad)} for word in line.words]}
            for line in page.lines
        ],
        "blocks": [{"kind": block.kind, "quad": _rounded(block.quad)} for block in page.blocks],
        "fields": [
            {"kind": field.kind, "text": field.text, "quad": _rounded(field.quad), "of": field.of}
            for field in page.fields
        ],
        "cells": [[
            {"row": cell.row, "column": cell.column, "rows": cell.rows, "columns": cell.columns,
             "header": cell.header, "text": cell.text, "quad": _rounded(cell.quad)}
            for cell in table.cells
        ] for table in page.tables],
    }  # fmt: skip
    height, width = page.image.shape[:2]
    boxes = BoxLabel(
        name,
        width,
        height,
        np.array([clipped(block.quad, width, height) for block in page.blocks], np.float32),
        np.array([CLASSES.index(block.kind) for block in page.blocks], np.int64),
    )
    tables = [format_table_label(table_label(table, name)) for table in page.tables]
    return Record(format_detection_label(DetectionLabel(name, regions)), truth, tables, boxes, page.fonts)


def table_label(table: PageTable, name: str) -> TableLabel:
    """A drawn table in PubTabNet's form: characters as tokens, head cells in `<b>`, boxes round the ink."""
    cells = []
    for cell in sorted(table.cells, key=lambda cell: (cell.row, cell.column)):
        tokens = list(cell.text)
        if cell.header and tokens:
            tokens = ["<b>", *tokens, "</b>"]
        cells.append(TableCell(tokens, None if cell.ink is None else np.array(bounds(cell.ink), np.float32)))
    return TableLabel(name, table.structure, cells)


def clipped(quad: NDArray[np.float32], width: int, height: int) -> list[float]:
    """The upright box round a quad, within the picture."""
    left, top, right, bottom = bounds(quad)
    return [max(0.0, left), max(0.0, top), min(float(width), right), min(float(height), bottom)]


def _rounded(quad: NDArray[np.float32]) -> list[list[float]]:
    return [[round(float(x), 2), round(float(y), 2)] for x, y in quad]


def _write_png(path: Path, image: NDArray[np.uint8]) -> None:
    grey = image[..., 0] if np.array_equal(image[..., 0], image[..., 1]) else image
    if grey.ndim == 2 and not np.array_equal(image[..., 0], image[..., 2]):
        grey = image
    written, data = cv2.imencode(".png", grey, [cv2.IMWRITE_PNG_COMPRESSION, 3])
    try:
        if not written:
            raise OSError(0, "OpenCV could not encode it")
        path.write_bytes(data.tobytes())
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}") from error


def _manifest(
    kind: str, options: SynthesisOptions, count: int, start: int, library: Library, used: dict[str, int]
) -> dict[str, Any]:
    from PIL import __version__ as pillow
    from PIL import features

    faces = {face.name: face for face in Typefaces(library.fonts, options.shares(), options).all()}
    return {
        "kind": kind,
        "first": start,
        "count": count,
        "options": options.model_dump(mode="json"),
        "versions": {
            "sampan": version("sampan"), "numpy": np.__version__, "opencv": cv2.__version__, "pillow": pillow,
            "freetype": features.version("freetype2"),
        },
        "fonts": [{**faces[name].record(), "used": used[name]} for name in sorted(used) if name in faces],
        "texts": library.texts.origins,
    }  # fmt: skip
