"""Makes the files of a split from its plan."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pypdfium2

from benchmarks.corpus.degrade import Degraded, degrade
from benchmarks.corpus.designs import DESIGNS
from benchmarks.corpus.maker import Maker
from benchmarks.corpus.pages import PageDrawn
from benchmarks.corpus.pdf import write_pdf
from benchmarks.corpus.plan import Item, plan
from benchmarks.corpus.truth import Mapping, truth_of

VERSION = 1


def seed_of(split: str, name: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{VERSION}/{split}/{name}".encode()).digest()[:8], "big")


def lay_out(item: Item, split: str) -> list[PageDrawn]:
    # A turned copy shares everything with its upright original but the turn.
    rng = np.random.default_rng(seed_of(split, item.upright or item.name))
    make = Maker(item.language, split, rng, size=item.size)
    pages: list[PageDrawn] = DESIGNS[item.design](make, **item.options)  # type: ignore[operator]
    return pages


def picture(item: Item, split: str, pdf: bytes) -> Degraded:
    document = pypdfium2.PdfDocument(pdf)
    try:
        clean = document[0].render(scale=item.dpi / 72).to_numpy()
    finally:
        document.close()
    rng = np.random.default_rng(seed_of(split, f"degrade/{item.upright or item.name}"))
    return degrade(np.ascontiguousarray(clean[..., :3]), item.how, item.rotation, split, rng)


def make_item(item: Item, split: str, folder: Path) -> dict[str, Any]:
    """Writes the file and its truth; gives its entry of the index."""
    pages = lay_out(item, split)
    pdf = write_pdf(pages, item.rotation if item.kind == "pdf" else 0, title=item.name)
    matrix = None
    if item.kind == "pdf":
        file = folder / f"{item.name}.pdf"
        file.write_bytes(pdf)
        data, media, mapping, size = pdf, "application/pdf", Mapping(), None
        skew = 0.0
    else:
        pages = pages[:1]
        done = picture(item, split, pdf)
        file = folder / f"{item.name}{done.suffix}"
        _, encoded = cv2.imencode(done.suffix, done.image, done.params)
        data = encoded.tobytes()
        file.write_bytes(data)
        # Pixel centres: a point p of the page lies at p × scale − 0.5 on the pixel grid that warping uses.
        scale = item.dpi / 72
        to_grid = np.array([[scale, 0, -0.5], [0, scale, -0.5], [0, 0, 1.0]])
        from_grid = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1.0]])
        matrix = from_grid @ done.matrix @ to_grid
        matrix /= matrix[2, 2]
        media, mapping, size = (
            f"image/{'png' if done.suffix == '.png' else 'jpeg'}",
            Mapping(matrix),
            (done.image.shape[1], done.image.shape[0]),
        )
        skew = done.skew
    truth = truth_of(pages, file.name, media, data, mapping, size)
    path = folder / f"{item.name}.json"
    path.write_text(truth.model_dump_json(exclude_none=True), encoding="utf-8")
    kinds = sorted({block.kind for page in truth.pages for block in page.blocks})
    return {
        "id": item.name, "file": file.name, "gt": path.name, "kind": item.kind, "class": item.primary, "language": item.language,
        "dpi": item.dpi if item.kind == "image" else None, "design": item.design, "degradation": item.how, "rotation": item.rotation,
        "skew": round(skew, 4), "upright": item.upright, "pages": len(pages),
        "points_to_image": None if matrix is None else [round(float(v), 9) for v in matrix.reshape(-1)],
        "tags": sorted({item.primary, item.language, item.design, *kinds} | ({item.how} if item.how != "clean" else set())),
    }  # fmt: skip


def build(split: str, folder: Path, only: str = "") -> Iterator[tuple[Item, dict[str, Any]]]:
    folder.mkdir(parents=True, exist_ok=True)
    index = folder / "index.json"
    entries: dict[str, dict[str, Any]] = {}
    if only and index.exists():
        entries = {entry["id"]: entry for entry in json.loads(index.read_text(encoding="utf-8"))["items"]}
    for item in plan():
        if item.name.startswith(only):
            entries[item.name] = make_item(item, split, folder)
            yield item, entries[item.name]
    ordered = [entries[item.name] for item in plan() if item.name in entries]
    text = json.dumps({"split": split, "version": VERSION, "items": ordered}, ensure_ascii=False, indent=1)
    index.write_text(text, encoding="utf-8")
