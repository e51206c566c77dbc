"""PubTabNet's JSON lines: the structure of a table as HTML tokens, and the text and box of every cell.

    {"filename": "1.png", "split": "train", "html": {
        "structure": {"tokens": ["<thead>", "<tr>", "<td>", "</td>", …]},
        "cells": [{"tokens": ["<b>", "A", "</b>"], "bbox": [x0, y0, x1, y1]}, …]}}

Cells stand in the order of their `<td` tokens; an empty cell has no box. `bbox` may hold eight numbers, four
corners, as in PaddleOCR's own table sets. Source: Zhong et al., “Image-based table recognition”, arXiv 1911.10683.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sampan.errors import InputError
from sampan.vision.annotations.lines import read_lines, write_lines

_MARKUP = re.compile(r"</?[a-z][^>]*>")


@dataclass
class TableCell:
    tokens: list[str]
    """Characters and markup such as `<b>`."""
    box: NDArray[np.float32] | None = None
    """(4,) left, top, right, bottom, or (8,) four corners; in pixels, round the cell's text. None if empty."""

    @property
    def text(self) -> str:
        return "".join(token for token in self.tokens if not _MARKUP.fullmatch(token))


@dataclass
class TableLabel:
    path: str
    structure: list[str]
    """HTML tokens: `<tr>`, `<td>`, `</td>`, or `<td`, ` colspan="2"`, `>`, `</td>`, …"""
    cells: list[TableCell]
    split: str = "train"
    extra: dict[str, Any] = field(default_factory=dict)
    """Fields that the format does not name, kept when written."""

    @property
    def html(self) -> str:
        """The table as HTML with its cells' tokens in place."""
        cells = iter(self.cells)
        out = []
        for token in self.structure:
            if token == "</td>":
                out.append("".join(next(cells).tokens))
            out.append(token)
        return f"<table>{''.join(out)}</table>"


def count_cells(structure: Iterable[str]) -> int:
    """Cells that the structure's tokens open."""
    return sum(token in ("<td>", "<td", "<td></td>") for token in structure)


def read_pubtabnet(path: Path, split: str | None = None) -> Iterator[TableLabel]:
    """The tables of a file, of one split or of all; raises `InputError` where cells and structure disagree."""
    for number, line in read_lines(path):
        try:
            record = json.loads(line)
            html = record["html"]
            structure = [str(token) for token in html["structure"]["tokens"]]
            cells = [
                TableCell([str(token) for token in cell["tokens"]], _box(cell.get("bbox")))
                for cell in html["cells"]
            ]
            name = str(record["filename"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(
                f"{path}, line {number}: not a table in PubTabNet's format ({error!r})"
            ) from error
        if count_cells(structure) != len(cells):
            raise InputError(
                f"{path}, line {number}: the structure opens {count_cells(structure)} cells and {len(cells)} are listed"
            )
        if split is None or record.get("split", "train") == split:
            extra = {key: value for key, value in record.items() if key not in ("filename", "split", "html")}
            yield TableLabel(name, structure, cells, str(record.get("split", "train")), extra)


def _box(numbers: Any) -> NDArray[np.float32] | None:
    if not numbers:
        return None
    box = np.asarray(numbers, np.float32).ravel()
    if len(box) not in (4, 8):
        raise ValueError(f"a box of {len(box)} numbers")
    return box


def write_pubtabnet(labels: Iterable[TableLabel], path: Path) -> int:
    """Writes the tables and gives their number."""
    return write_lines((format_table_label(label) for label in labels), path)


def format_table_label(label: TableLabel) -> str:
    """One line of the file, without its line end."""
    cells: list[dict[str, Any]] = []
    for cell in label.cells:
        entry: dict[str, Any] = {"tokens": cell.tokens}
        if cell.box is not None:
            entry["bbox"] = [round(float(value), 2) for value in cell.box]
        cells.append(entry)
    record = {
        "filename": label.path,
        "split": label.split,
        **label.extra,
        "html": {"structure": {"tokens": label.structure}, "cells": cells},
    }
    return json.dumps(record, ensure_ascii=False)
