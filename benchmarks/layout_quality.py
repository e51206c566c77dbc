"""How well regions, reading order and blocks are found, apart from how well text is read.

The lines of the ground truth, shuffled, go through layout and assembly as if a perfect reader had delivered them:
with their fonts (`styled`), without (`plain`), or with jittered boxes and rows cut or run together (`noisy`);
`layer` takes the lines of the PDF's own text layer. Pictures are given where the page is one.

    python -m benchmarks.layout_quality [--data benchmarks/data/dev] [--json FILE] [--only CLASS]

Figures per class: `order` = edit distance of the sequence of lines over its length (0 is right), `blocks` = F1 of
blocks with the right kind and at least half of their lines right, `levels` and `items` = share of headings with the
right level and of list items with the right text, `tables` = recall and precision at IoU 0.7, `ms` = CPU time a page.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from rapidfuzz.distance import Levenshtein

from sampan.documents.assembly import assemble_document, assemble_page
from sampan.documents.geometry.boxes import iou
from sampan.documents.layout import RuleLayout
from sampan.documents.model import Block, Document, Line, Page, Table
from sampan.documents.options import ParseOptions
from sampan.documents.reading.pdf import PdfFile
from sampan.documents.stages import TextLayer

FURNITURE = ("header", "footer", "page_number")
SET_APART = ("table", "figure")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--data", type=Path, default=Path("benchmarks/data/dev"))
    arguments.add_argument("--json", type=Path)
    arguments.add_argument("--only", default="")
    arguments.add_argument("--modes", default="styled,plain,noisy,layer")
    arguments.add_argument("--verbose", action="store_true")
    chosen = arguments.parse_args()
    modes = chosen.modes.split(",")
    counts: dict[str, dict[str, Counter[str]]] = {mode: defaultdict(Counter) for mode in modes}
    for path in sorted(chosen.data.glob("*.json")):
        name = path.stem.rsplit("-", 1)[0]
        if path.stem == "index" or chosen.only not in path.stem:
            continue
        truth = Document.model_validate_json(path.read_text())
        if any(line.quad is not None for block in truth.blocks() for line in block.lines):
            continue  # The page does not stand upright: straightening comes first.
        for mode in modes:
            if mode == "layer" and not truth.source.name.endswith(".pdf"):
                continue
            scores = measure_document(truth, chosen.data, mode)
            counts[mode][name].update(scores)
            if chosen.verbose:
                print(path.stem, mode, summary(scores))
    result = {}
    for mode in modes:
        total: Counter[str] = Counter()
        for scores in counts[mode].values():
            total.update(scores)
        rows = {name: summary(scores) for name, scores in sorted(counts[mode].items())} | {
            "all": summary(total)
        }
        result[mode] = rows
        print(
            f"\n{mode:14s}{'pages':>6s}{'order':>8s}{'blocks':>8s}{'levels':>8s}{'items':>8s}{'recall':>8s}{'prec.':>8s}{'ms':>7s}"
        )
        for name, row in rows.items():
            print(
                f"{name:14s}{row['pages']:6d}"
                + "".join(f"{_shown(row[k]):>8s}" for k in _COLUMNS)
                + f"{row['ms']:7.1f}"
            )
    if chosen.json:
        chosen.json.write_text(json.dumps(result, indent=1) + "\n")


_COLUMNS = ("order", "blocks", "levels", "items", "table_recall", "table_precision")


def _shown(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def summary(c: Counter[str]) -> dict[str, Any]:
    def ratio(a: float, b: float) -> float | None:
        return round(a / b, 4) if b else None

    return {
        "pages": c["pages"],
        "order": ratio(c["order_edits"], c["order_lines"]),
        "blocks": ratio(2 * c["block_hits"], c["blocks_true"] + c["blocks_found"]),
        "levels": ratio(c["level_hits"], c["headings"]),
        "items": ratio(c["item_hits"], c["items"]),
        "table_recall": ratio(c["table_hits"], c["tables_true"]),
        "table_precision": ratio(c["table_hits"], c["tables_found"]),
        "ms": round(1000 * c["seconds"] / max(c["pages"], 1), 2),
    }


def measure_document(truth: Document, folder: Path, mode: str) -> Counter[str]:
    scores: Counter[str] = Counter()
    file = folder / truth.source.name
    pdf = PdfFile(file, truth.source.name, None, 10**9) if file.suffix == ".pdf" else None
    pages: list[Page] = []
    layout = RuleLayout(ParseOptions())
    for page in truth.pages:
        size = (page.width, page.height)
        layer = pdf.page(page.number).text_layer() if pdf is not None else None
        image = cv2.imread(str(file)) if pdf is None else None
        lines = list(layer.lines) if mode == "layer" and layer is not None else given_lines(page, mode)
        evidence = layer and TextLayer(lines, layer.rulings, layer.images, layer.fills, layer.drawings, [])
        start = time.process_time()
        regions = layout.find(lines, size, image, evidence)
        tables = {k: Table(rows=0, columns=0) for k, region in enumerate(regions) if region.kind == "table"}
        blocks = assemble_page(lines, regions, size, page_number=page.number, tables=tables, unit=page.unit)
        scores["seconds"] += time.process_time() - start  # type: ignore[assignment]
        pages.append(
            Page(number=page.number, width=page.width, height=page.height, unit=page.unit, blocks=blocks)
        )
    start = time.process_time()
    assemble_document(pages)
    scores["seconds"] += time.process_time() - start  # type: ignore[assignment]
    for true, found in zip(truth.pages, pages, strict=True):
        scores.update(compare(true, found))
    if pdf is not None:
        pdf.close()
    return scores


def given_lines(page: Page, mode: str) -> list[Line]:
    """The page's true lines in random order, as the mode says."""
    chance = random.Random(page.number)
    lines = [line.model_copy(deep=True) for block in page.blocks for line in block.lines]
    if mode != "styled":
        for line in lines:
            line.style = None
            for word in line.words:
                word.style = None
    if mode == "noisy":
        lines = [piece for line in lines for piece in _noisy(line, chance)]
    chance.shuffle(lines)
    return lines


def _noisy(line: Line, chance: random.Random) -> list[Line]:
    height = line.box[3] - line.box[1]
    x0, y0, x1, y1 = (v + chance.gauss(0, 0.05) * height for v in line.box)
    line.box = (x0 - 0.1 * height, y0 - 0.1 * height, max(x1, x0 + 1), max(y1, y0 + 1) + 0.1 * height)
    if len(line.words) >= 4 and chance.random() < 0.04:
        cut = chance.randrange(1, len(line.words))
        parts = [line.words[:cut], line.words[cut:]]
        return [
            line.model_copy(
                update={
                    "text": " ".join(w.text for w in part),
                    "words": part,
                    "box": (
                        part[0].box[0],
                        line.box[1],
                        max(part[-1].box[2], part[0].box[0] + 1),
                        line.box[3],
                    ),
                }
            )
            for part in parts
        ]
    return [line]


def compare(true: Page, found: Page) -> Counter[str]:
    c: Counter[str] = Counter(pages=1)
    lines = [line for block in true.blocks for line in block.lines]
    where = dict(enumerate(b for b, block in enumerate(true.blocks) for _ in block.lines))
    members: list[set[int]] = []
    seen: set[int] = set()
    sequence: list[int] = []
    boxes = np.array([line.box for line in lines]).reshape(-1, 4)
    for block in found.blocks:
        own: list[int] = []
        for line in block.lines:
            overlap = iou(np.array([line.box]), boxes)[0]
            if len(overlap) and overlap.max() > 0.05:
                own.append(int(overlap.argmax()))
        members.append(set(own))
        for k in own:
            kind = true.blocks[where[k]].kind
            if k not in seen and kind not in FURNITURE and kind not in SET_APART:
                sequence.append(k)
            seen.add(k)
    expected = [k for k, b in where.items() if true.blocks[b].kind not in (*FURNITURE, *SET_APART)]
    c["order_edits"] += Levenshtein.distance(expected, sequence)
    c["order_lines"] += len(expected)

    true_members = [{k for k, b in where.items() if b == number} for number in range(len(true.blocks))]
    c["blocks_true"] += len(true.blocks)
    c["blocks_found"] += len(found.blocks)
    for block, own in zip(true.blocks, true_members, strict=True):
        match = _match(block, own, found.blocks, members)
        if match is None:
            continue
        c["block_hits"] += 1
        if block.kind == "heading" and match.kind == "heading":
            c["level_hits"] += block.level == match.level
        if block.kind == "list" and match.kind == "list":
            texts = Counter(item.text for item in match.items)
            c["item_hits"] += sum(min(n, texts[t]) for t, n in Counter(i.text for i in block.items).items())
    c["headings"] += sum(block.kind == "heading" for block in true.blocks)
    c["items"] += sum(len(block.items) for block in true.blocks if block.kind == "list")

    tables = [
        np.array([b.box for b in page.blocks if b.kind == "table"]).reshape(-1, 4) for page in (true, found)
    ]
    c["tables_true"] += len(tables[0])
    c["tables_found"] += len(tables[1])
    if len(tables[0]) and len(tables[1]):
        c["table_hits"] += int((iou(tables[0], tables[1]).max(axis=1) > 0.7).sum())
    return c


def _match(block: Block, own: set[int], found: list[Block], members: list[set[int]]) -> Block | None:
    """A found block of the same kind with at least half of the lines in common, or for blocks without text, place."""
    for other, theirs in zip(found, members, strict=True):
        if other.kind != block.kind:
            continue
        if own and theirs and len(own & theirs) >= 0.5 * len(own | theirs):
            return other
        if block.kind in SET_APART and iou(np.array([block.box]), np.array([other.box]))[0, 0] > 0.5:
            return other
    return None


if __name__ == "__main__":
    main()
