"""The corpus: its ground truth is valid, lies where the ink is, and says what the file says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("reportlab")
pytest.importorskip("fontTools")
if (
    not Path("/usr/share/fonts/truetype/liberation").exists()
    or not Path("/usr/share/fonts/truetype/crosextra").exists()
):
    pytest.skip(
        "the fonts of the corpus are not installed (benchmarks.corpus.fonts.PACKAGES)",
        allow_module_level=True,
    )

import cv2
import pypdfium2
from benchmarks.corpus.breaking import Style, break_lines, join_rows, tokenise
from benchmarks.corpus.build import lay_out, make_item
from benchmarks.corpus.degrade import degrade
from benchmarks.corpus.plan import Item, plan

from sampan.documents.model import Document, Line, TableBlock


def load(folder: Path, entry: dict) -> Document:
    return Document.model_validate_json((folder / entry["gt"]).read_text(encoding="utf-8"))


def lines_of(document: Document) -> list[Line]:
    return [line for block in document.blocks() for line in block.lines]


def characters(text: str) -> str:
    return "".join(sorted("".join(text.split())))


@pytest.mark.parametrize(
    ("design", "language", "rotation", "options"),
    [
        ("paper", "de", 0, {"pages": 2, "table": True}),
        ("lists", "en", 0, {}),
        ("tables", "fr", 90, {"looks": [("ruled", "both"), ("horizontal", "columns")]}),
        ("report", "it", 180, {"extras": ("list",)}),
        ("tables", "en", 270, {"looks": [("shaded", "none")]}),
        ("listing", "en", 0, {}),
    ],
)
def test_pdf_says_what_the_truth_says(tmp_path, design, language, rotation, options):
    entry = make_item(
        Item("a", "a", design, language, "pdf", rotation=rotation, options=options), "dev", tmp_path
    )
    document = load(tmp_path, entry)
    pdf = pypdfium2.PdfDocument(tmp_path / entry["file"])
    assert len(pdf) == len(document.pages)
    for page, truth in zip(pdf, document.pages, strict=True):
        assert page.get_size() == pytest.approx((truth.width, truth.height))
        printed = page.get_textpage().get_text_bounded().replace("\ufffe", "-").replace("\u0002", "-")
        said = "".join(word.text for block in truth.blocks for line in block.lines for word in line.words)
        assert characters(printed) == characters(said)


@pytest.mark.parametrize("how", ["clean", "scan", "photo", "fax"])
@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_ink_lies_inside_the_words(tmp_path, how, rotation):
    item = Item(
        "a", "a", "report", "pt", dpi=100, how=how, rotation=rotation, options={"extras": ("subheadings", "list")}, size=11.0
    )  # fmt: skip
    entry = make_item(item, "test", tmp_path)
    document = load(tmp_path, entry)
    page = document.pages[0]
    gray = cv2.imread(str(tmp_path / entry["file"]), cv2.IMREAD_GRAYSCALE)
    assert (page.width, page.height) == (gray.shape[1], gray.shape[0])
    covered = np.zeros_like(gray)
    for line in lines_of(document):
        for word in line.words:
            x0, y0, x1, y1 = word.box
            corners = word.quad or ((x0, y0), (x1, y0), (x1, y1), (x0, y1))
            shape = np.array(corners) - 0.5
            cv2.fillPoly(covered, [shape.round().astype(np.int32)], 255)
            near = cv2.boundingRect(shape.round().astype(np.int32))
            patch = gray[near[1] : near[1] + near[3], near[0] : near[0] + near[2]]
            # Dots and dashes are faint; real words have ink that stands out from their own paper.
            if len(word.text) > 3:
                assert int(patch.max()) - int(patch.min()) > 40, word.text
    grown = cv2.dilate(covered, np.ones((7, 7), np.uint8))
    if how == "clean":
        ruled = cv2.erode(255 - gray, np.ones((1, 120), np.uint8))
        ruled |= cv2.erode(255 - gray, np.ones((120, 1), np.uint8))
        stray = (gray < 128) & (grown == 0) & (cv2.dilate(ruled, np.ones((241, 241), np.uint8)) < 50)
        assert stray.sum() <= 0.002 * (gray < 128).sum()
    # Turned wrongly, the boxes would lie on paper: ink must be much denser inside than outside.
    if how != "photo":
        dark = gray < 128
        assert dark[covered > 0].mean() > 10 * dark[grown == 0].mean()


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    item = Item("a", "a", "invoice", "es", how="scan", dpi=72)
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        make_item(item, "dev", tmp_path / folder)
    for name in ("a.jpg", "a.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_the_splits_share_no_paragraph():
    def paragraphs(split: str) -> set[str]:
        pages = lay_out(Item("a", "a", "report", "en", options={"pages": 4}), split)
        return {
            "".join(c for c in block.text if c.isalpha())[:60]
            for page in pages
            for block in page.blocks
            if block.kind == "text"
        }

    dev, test = paragraphs("dev"), paragraphs("test")
    assert len(dev) > 6
    assert not dev & test


def test_the_plan_is_large_and_varied():
    items = plan()
    images = [item for item in items if item.kind == "image"]
    assert len(images) >= 60
    assert len(items) - len(images) >= 30
    assert len({item.language for item in items}) == 9
    assert {item.rotation for item in images} == {0, 90, 180, 270}
    assert len({item.name for item in items}) == len(items)
    upright = {item.name: item for item in images}
    assert all(upright[item.upright].rotation == 0 for item in images if item.rotation)


def test_tables_fill_their_grid_and_keep_their_spans(tmp_path):
    item = Item("a", "a", "tables", "en", "pdf", options={"looks": [("ruled", "both")]})
    document = load(tmp_path, make_item(item, "dev", tmp_path))
    table = next(block.table for block in document.blocks() if isinstance(block, TableBlock))
    assert all(cell is not None for row in table.grid() for cell in row)
    assert any(cell.row_span > 1 for cell in table.cells)
    assert any(cell.column_span > 1 for cell in table.cells)


def test_hyphenation_is_undone_in_the_logical_text():
    text = "Untersuchungen verschiedener Wasserstrassenverwaltungen bestaetigen Niederschlagsmengen im Jahresmittel."
    style = Style("liberation-serif", 10.0, 12.0, "justify", hyphenate=True)
    rows = break_lines(tokenise(text, style), 105.0, style)
    assert any(row.hyphenated for row in rows)
    assert join_rows(rows) == text


def test_the_homography_follows_the_picture():
    image = np.full((300, 200, 3), 255, np.uint8)
    image[100:106, 50:56] = 0
    for how in ("scan", "photo"):
        for rotation in (0, 90, 180, 270):
            done = degrade(image, how, rotation, "dev", np.random.default_rng(3))
            gray = done.image if done.image.ndim == 2 else cv2.cvtColor(done.image, cv2.COLOR_BGR2GRAY)
            x, y, w = done.matrix @ [52.5, 102.5, 1.0]
            x, y = x / w, y / w
            around = gray[int(y) - 12 : int(y) + 13, int(x) - 12 : int(x) + 13].astype(float)
            weight = np.clip(np.median(around) - 40 - around, 0, None)
            ys, xs = np.nonzero(weight)
            centre = np.average(np.stack([xs, ys]), axis=1, weights=weight[ys, xs]) - 12 + [int(x), int(y)]
            assert np.abs(centre - [x, y]).max() < 1.0, (how, rotation)
