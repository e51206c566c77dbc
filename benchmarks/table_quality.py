"""How well the structure of tables is recognised, apart from detection and reading.

Every upright table of the corpus goes through `TableReader` with
`exact` its true box and words, rulings from the picture or the PDF;
`jitter` the box moved by up to 0.4 text heights on each side and word boxes shaken;
`layer` (PDFs) the text layer's own lines in the box.

    python -m benchmarks.table_quality [--data benchmarks/data/dev] [--json FILE] [--only CLASS] [--verbose]

TEDS and TEDS-S are means over tables, `ms` is CPU time a table without the picture's loading.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from sampan.documents.evaluation.teds import teds
from sampan.documents.model import Box, Document, Line, TableBlock
from sampan.documents.reading.pdf import PdfFile
from sampan.documents.stages import TableInput
from sampan.documents.tables.html import to_html
from sampan.documents.tables.recogniser import TableReader


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--data", type=Path, default=Path("benchmarks/data/dev"))
    arguments.add_argument("--json", type=Path)
    arguments.add_argument("--only", default="")
    arguments.add_argument("--verbose", action="store_true")
    chosen = arguments.parse_args()
    reader = TableReader()
    scores: dict[str, dict[str, list[tuple[float, float, float]]]] = defaultdict(lambda: defaultdict(list))
    for path in sorted(chosen.data.glob("*.json")):
        if path.stem == "index" or chosen.only not in path.stem:
            continue
        truth = Document.model_validate_json(path.read_text())
        name = path.stem.rsplit("-", 1)[0]
        for mode, block, given in inputs(truth, chosen.data):
            started = time.process_time()
            found = reader.recognise(given)
            seconds = time.process_time() - started
            expected, got = to_html(block.table), "" if found is None else to_html(found)
            whole, structure = teds(got, expected), teds(got, expected, structure_only=True)
            scores[mode][name].append((whole, structure, seconds))
            if chosen.verbose and whole < 0.99:
                print(f"{path.stem} {mode} {block.id} {whole:.3f} {structure:.3f}\n  {expected}\n  {got}")
    result = {
        mode: {
            name: summary(rows)
            for name, rows in [*sorted(classes.items()), ("all", [r for c in classes.values() for r in c])]
        }
        for mode, classes in scores.items()
    }
    for mode, classes in result.items():
        print(f"\n{mode:<16}{'tables':>8}{'TEDS':>8}{'TEDS-S':>8}{'least':>8}{'ms':>8}")
        for name, row in classes.items():
            figures = "".join(f"{row[key]:>8.3f}" for key in ("teds", "teds_s", "least"))
            print(f"{name:<16}{row['tables']:>8.0f}{figures}{row['ms']:>8.1f}")
    if chosen.json:
        chosen.json.write_text(json.dumps(result, indent=1) + "\n")


def summary(rows: list[tuple[float, float, float]]) -> dict[str, float]:
    values = np.asarray(rows)
    return {
        "tables": len(rows),
        "teds": round(float(values[:, 0].mean()), 4),
        "teds_s": round(float(values[:, 1].mean()), 4),
        "least": round(float(values[:, 0].min()), 4),
        "ms": round(float(np.median(values[:, 2])) * 1000, 2),
    }


def inputs(truth: Document, folder: Path) -> Iterator[tuple[str, TableBlock, TableInput]]:
    """Every upright table of a document in every mode."""
    source = folder / truth.source.name
    pdf = PdfFile(source, source.name, None, 120_000_000) if source.suffix == ".pdf" else None
    picture = None if pdf else cv2.imread(str(source))
    for page in truth.pages:
        blocks = [block for block in page.blocks if isinstance(block, TableBlock)]
        if (
            not blocks
            or page.rotation
            or any(line.quad is not None for block in page.blocks for line in block.lines)
        ):
            continue
        if picture is not None and pdf is None and picture.shape[1] != round(page.width):
            continue
        layer = pdf.page(page.number).text_layer() if pdf else None
        turned = "rotated" in source.stem  # its text layer lies as the file shows it
        for block in blocks:
            lines = [line for cell in block.table.cells for line in cell.lines]
            rulings = layer.rulings if layer and not turned else None
            fills = layer.fills if layer else []
            yield "exact", block, TableInput(block.box, lines, picture, 1.0, rulings, fills)
            box, shaken = jittered(block, lines)
            yield "jitter", block, TableInput(box, shaken, picture, 1.0, rulings, fills)
            if layer and not turned:
                own = [part for line in layer.lines if (part := within(line, block.box)) is not None]
                yield "layer", block, TableInput(block.box, own, None, 1.0, rulings, fills)


def within(line: Line, box: Box) -> Line | None:
    """The words of a line that lie in the box."""
    words = [
        w
        for w in line.words
        if box[0] <= (w.box[0] + w.box[2]) / 2 <= box[2] and box[1] <= (w.box[1] + w.box[3]) / 2 <= box[3]
    ]
    if not words:
        return None
    if len(words) == len(line.words):
        return line
    text = " ".join(word.text for word in words)
    own = (words[0].box[0], line.box[1], words[-1].box[2], line.box[3])
    return line.model_copy(update={"text": text, "box": own, "words": words})


def jittered(block: TableBlock, lines: list[Line]) -> tuple[Box, list[Line]]:
    rng = random.Random(block.id)
    height = float(np.median([line.box[3] - line.box[1] for line in lines]))

    def shake(box: Box, by: float) -> Box:
        x0, y0, x1, y1 = (value + rng.uniform(-by, by) * height for value in box)
        return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)

    moved = [
        line.model_copy(
            update={
                "box": shake(line.box, 0.08),
                "words": [word.model_copy(update={"box": shake(word.box, 0.08)}) for word in line.words],
            }
        )
        for line in lines
    ]
    return shake(block.box, 0.4), moved


if __name__ == "__main__":
    main()
