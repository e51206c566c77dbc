"""The measure of searchable PDFs tells words at their place from words elsewhere and from words misread."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
from benchmarks.searchable_pdf import choose, measure, share
from tests.documents.writers.extraction import document_of, line, page_of

from sampan.documents.model import Document

SIZE = (400, 300)


class Reader:
    """Stands in for the parser."""

    def __init__(self, document: Document) -> None:
        self.document = document

    def parse(self, path: Path) -> Document:
        return self.document


def test_words_read_and_words_found(tmp_path: Path) -> None:
    data = cv2.imencode(".png", np.full((SIZE[1], SIZE[0], 3), 255, np.uint8))[1].tobytes()
    truth = page_of(
        line(("right", (20, 20, 100, 40)), ("moved", (120, 20, 200, 40)), ("misread", (220, 20, 320, 40))),
        line(("漢", (20, 60, 40, 80)), ("•", (60, 60, 70, 80)), text="漢 •"),
        line(("hyphen-", (20, 100, 100, 120))),
        line(("ated", (20, 130, 60, 150))),
        size=SIZE,
    )
    answer = page_of(
        line(("right", (22, 19, 101, 41)), ("moved", (150, 20, 230, 40)), ("mlsread", (240, 20, 320, 40))),
        line(("漢", (20, 60, 40, 80))),
        line(("hyphen-", (20, 100, 100, 120))),
        line(("ated", (20, 130, 60, 150))),
        size=SIZE,
    )
    (tmp_path / "a.png").write_bytes(data)
    (tmp_path / "a.json").write_text(document_of(data, truth).model_dump_json(), encoding="utf-8")
    item = {"id": "a", "class": "clean", "language": "zh-hans", "file": "a.png", "gt": "a.json"}
    row = measure(item, tmp_path, Reader(document_of(data, answer)), tmp_path / "kept")
    assert (row["words"], row["read"], row["found"]) == (6, 5, 4)  # the bullet is no word
    assert row["missed"] == ["moved", "misread"] and share(row, "found") == 4 / 6
    assert (tmp_path / "kept" / "a.pdf").read_bytes().startswith(b"%PDF-")


def test_pages_come_from_all_classes_in_turn(tmp_path: Path) -> None:
    items = [
        {"id": f"{name}-{n}", "class": name, "kind": "pdf" if name == "pdf-report" else "image"}
        for name, count in (("clean", 3), ("fax", 1), ("pdf-report", 2), ("photo", 2))
        for n in range(count)
    ]
    (tmp_path / "index.json").write_text(json.dumps({"items": items}), encoding="utf-8")
    assert [item["id"] for item in choose(tmp_path, 5)] == [
        "clean-0",
        "fax-0",
        "photo-0",
        "clean-1",
        "photo-1",
    ]
    assert [item["id"] for item in choose(tmp_path, 5, "fax")] == ["fax-0"]
