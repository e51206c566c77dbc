"""Can the words of a searchable PDF be found, by a program that is not ours, where they are printed?

Pages of the corpus that are pictures (scanned, faxed, photographed, turned, clean …) are parsed and written as searchable
PDF; PDFium then extracts every character with its box. A word of the truth is

    read    if its text occurs anywhere in the extracted text, and
    found   if it occurs at its place: the box around the characters of one occurrence and the word's
            box in the truth have an intersection over union of at least 0.5

The truth's boxes are those that the corpus knows from laying the page out, mapped through the page's own degradation
(`benchmarks/corpus/truth.py`): the word's ink, at least as high as the font's letters; for turned and tilted
words the upright box around the four corners. They are scaled from pixels to the points of the PDF's page and
nothing else. Texts are compared after NFKC; bullets, which are marks and no words, are left out, as in the other
scores. `poppler` is the same for words as `pdftotext -bbox` gives them, where it is installed and the language
sets spaces between words.

    python -m benchmarks.searchable_pdf [--split dev] [--pages 30] [--class CLASS] [--keep FOLDER]

Pages are taken from all classes in turn, in the order of the corpus. Written are
`benchmarks/results/searchable_pdf.json` (one part a split) and the table in `docs/writers.md`.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import time
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pypdfium2

from sampan.documents.model import Box, Document
from sampan.documents.parser import Parser
from sampan.documents.writers import render

IOU = 0.5
BAR = 0.95
RESULTS = Path("benchmarks/results/searchable_pdf.json")
PAGE = Path("docs/writers.md")
BEGIN, END = "<!-- searchable-pdf:begin -->", "<!-- searchable-pdf:end -->"
_BULLETS = re.compile(r"[•●◦▪‣○■□·∙]")
_XHTML = "{http://www.w3.org/1999/xhtml}"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--split", choices=["dev", "test"], default="dev")
    arguments.add_argument("--pages", type=int, default=30)
    arguments.add_argument("--class", dest="only", default="")
    arguments.add_argument("--keep", type=Path, help="folder for the PDFs")
    arguments.add_argument("--threads", type=int)
    chosen = arguments.parse_args()
    folder = Path("benchmarks/data") / chosen.split
    parser = Parser(threads=chosen.threads)
    rows = []
    for item in choose(folder, chosen.pages, chosen.only):
        rows.append(measure(item, folder, parser, chosen.keep))
        print(
            f"{rows[-1]['id']:14s} words {rows[-1]['words']:5d}  read {share(rows[-1], 'read'):.4f}  "
            f"found {share(rows[-1], 'found'):.4f}  {rows[-1]['missed'][:6]}",
            flush=True,
        )
    result = summary(rows)
    print(f"{'all':14s} words {result['words']:5d}  read {result['read']:.4f}  found {result['found']:.4f}")
    print(f"bar: found ≥ {BAR}: {'met' if result['found'] >= BAR else 'missed'}")
    if not chosen.only:
        write(chosen.split, result)


def choose(folder: Path, count: int, only: str = "") -> list[dict[str, Any]]:
    """Items that are pictures: one of every class, then a second of every class, and so on."""
    index = folder / "index.json"
    if not index.exists():
        raise SystemExit(
            f"{folder} has no corpus: make it with python -m benchmarks.corpus --split {folder.name}"
        )
    classes: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for item in json.loads(index.read_text(encoding="utf-8"))["items"]:
        if item["kind"] == "image" and only in item["class"]:
            classes[item["class"]].append(item)
    turns = [item for turn in zip_longest(*classes.values()) for item in turn if item is not None]
    return turns[:count]


def measure(item: dict[str, Any], folder: Path, parser: Parser, keep: Path | None) -> dict[str, Any]:
    """Counts for one page."""
    document = parser.parse(folder / item["file"])
    start = time.process_time()
    pdf = render(document, "pdf")
    seconds = time.process_time() - start
    assert isinstance(pdf, bytes)
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        (keep / f"{item['id']}.pdf").write_bytes(pdf)
    truth = Document.model_validate_json((folder / item["gt"]).read_text(encoding="utf-8"))
    page = truth.pages[0]
    extracted = Extracted(pdf)
    scale = extracted.width / page.width, extracted.height / page.height
    words = list(true_words(truth, scale))
    read = sum(text in extracted.text for text, _ in words)
    missed = [text for text, box in words if not any(iou(box, at) >= IOU for at in extracted.find(text))]
    row = {
        "id": item["id"], "class": item["class"], "language": item["language"], "words": len(words), "read": read,
        "found": len(words) - len(missed), "seconds": round(seconds, 4), "bytes": len(pdf),
        "source_bytes": (folder / item["file"]).stat().st_size, "missed": missed,
    }  # fmt: skip
    if item["language"] not in ("zh-hans", "zh-hant", "ja") and shutil.which("pdftotext"):
        row["poppler"] = in_poppler(pdf, words)
        row["poppler_words"] = len(words)
    return row


def true_words(truth: Document, scale: tuple[float, float]) -> Iterator[tuple[str, Box]]:
    """Words of the truth with their boxes in points of the PDF's page, y downwards."""
    for block in truth.pages[0].blocks:
        for line in block.lines:
            for word in line.words:
                text = plain(word.text)
                if text:
                    x0, y0, x1, y1 = word.box
                    yield text, (x0 * scale[0], y0 * scale[1], x1 * scale[0], y1 * scale[1])


def plain(text: str) -> str:
    return "".join(_BULLETS.sub("", unicodedata.normalize("NFKC", text)).split())


class Extracted:
    """What PDFium finds on the first page: characters in its order, each with its box."""

    def __init__(self, pdf: bytes) -> None:
        document = pypdfium2.PdfDocument(pdf)
        try:
            page = document[0]
            self.width, self.height = page.get_size()
            found = page.get_textpage()
            characters: list[str] = []
            self._boxes: list[Box] = []
            for index in range(found.count_chars()):
                # PDFium marks a hyphen at a line's end by a control character.
                text = found.get_text_range(index, 1)
                text = "-" if text in ("\x02", "\ufffe") else plain_space(text)
                left, bottom, right, top = found.get_charbox(index)
                for character in text:
                    characters.append(character)
                    self._boxes.append((left, self.height - top, right, self.height - bottom))
            self.text = "".join(characters)
        finally:
            document.close()

    def find(self, text: str) -> Iterator[Box]:
        """The box around every occurrence."""
        at = self.text.find(text)
        while at >= 0:
            boxes = self._boxes[at : at + len(text)]
            yield (
                min(box[0] for box in boxes), min(box[1] for box in boxes),
                max(box[2] for box in boxes), max(box[3] for box in boxes),
            )  # fmt: skip
            at = self.text.find(text, at + 1)


def plain_space(text: str) -> str:
    return " " if not text.strip() else unicodedata.normalize("NFKC", text)


def in_poppler(pdf: bytes, words: list[tuple[str, Box]]) -> int:
    """How many words `pdftotext -bbox` has at their place."""
    ran = subprocess.run(["pdftotext", "-bbox", "-", "-"], input=pdf, capture_output=True, check=True)
    found: dict[str, list[Box]] = defaultdict(list)
    for word in ElementTree.fromstring(ran.stdout).iter(f"{_XHTML}word"):
        x0, y0, x1, y1 = (float(word.get(name, "nan")) for name in ("xMin", "yMin", "xMax", "yMax"))
        found[plain(word.text or "")].append((x0, y0, x1, y1))
    return sum(any(iou(box, other) >= IOU for other in found[text]) for text, box in words)


def iou(one: Box, other: Box) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    common = width * height
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return common / (areas - common)


def share(row: dict[str, Any], what: str) -> float:
    return float(row[what] / max(row["words"], 1))


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Shares over all words, by class, and every page."""
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        groups[row["class"]].append(row)

    def shares(of: list[dict[str, Any]]) -> dict[str, Any]:
        words = sum(row["words"] for row in of)
        poppler = sum(row.get("poppler_words", 0) for row in of)
        return {
            "pages": len(of),
            "words": words,
            "read": round(sum(row["read"] for row in of) / max(words, 1), 4),
            "found": round(sum(row["found"] for row in of) / max(words, 1), 4),
            "poppler": round(sum(row.get("poppler", 0) for row in of) / poppler, 4) if poppler else None,
        }

    return {
        **shares(rows),
        "bytes_over_source": round(sum(r["bytes"] for r in rows) / sum(r["source_bytes"] for r in rows), 4),
        "milliseconds_a_page": round(1000 * sum(row["seconds"] for row in rows) / len(rows), 1),
        "classes": {name: shares(of) for name, of in groups.items()},
        "items": rows,
    }


def write(split: str, result: dict[str, Any]) -> None:
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    results[split] = result
    RESULTS.write_text(json.dumps(results, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    text = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    if BEGIN in text and END in text:
        before, after = text.split(BEGIN)[0], text.split(END)[1]
        PAGE.write_text(f"{before}{BEGIN}\n{table(results)}\n{END}{after}", encoding="utf-8")


def table(results: dict[str, Any]) -> str:
    lines = []
    for split, result in sorted(results.items()):
        lines += [
            f"Split `{split}`, made by `python -m benchmarks.searchable_pdf --split {split} --pages {result['pages']}`:",
            "",
            "| class | pages | words | read | found at their place | the same by Poppler |",
            "|---|---|---|---|---|---|",
        ]
        for name, row in [*result["classes"].items(), ("**all**", result)]:
            poppler = "–" if row["poppler"] is None else f"{row['poppler']:.3f}"
            lines.append(
                f"| {name} | {row['pages']} | {row['words']} | {row['read']:.3f} | {row['found']:.3f} | {poppler} |"
            )
        lines += [
            "",
            f"Writing takes {result['milliseconds_a_page']:.0f} ms of CPU time a page; the PDFs are "
            f"{result['bytes_over_source']:.2f} times as large as the pictures.",
            "",
        ]
    return "\n".join(lines).rstrip()


if __name__ == "__main__":
    main()
