"""Chunks lose nothing, stay within their size, keep rows whole and say truly where they stand."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from tests.documents.strategies import documents, wild_texts

from sampan.documents.model import (
    Block,
    Cell,
    CodeBlock,
    Document,
    HeadingBlock,
    Line,
    ListBlock,
    ListItem,
    Page,
    Source,
    Table,
    TableBlock,
    TextBlock,
)
from sampan.documents.tables.html import from_html
from sampan.documents.writers import WriteOptions, render
from sampan.documents.writers.chunks import chunks
from sampan.documents.writers.text_splitting import split_text

BOX = (10.0, 20.0, 110.0, 40.0)


def document(*pages: list[Block]) -> Document:
    return Document(
        source=Source(name="a.pdf", media_type="application/pdf", sha256="00ff"),
        pages=[
            Page(number=number, width=200, height=300, unit="pt", blocks=blocks)
            for number, blocks in enumerate(pages, 1)
        ],
    )


def text(id: str, content: str, order: int = 0, **more: Any) -> TextBlock:
    return TextBlock(id=id, box=BOX, text=content, order=order, **more)


def heading(id: str, content: str, level: int) -> HeadingBlock:
    return HeadingBlock(id=id, box=BOX, text=content, level=level, order=0)


def records(document: Document, **options: Any) -> list[dict[str, Any]]:
    output = render(document, "chunks", WriteOptions(**options))
    assert isinstance(output, str)
    return [json.loads(line) for line in output.splitlines()]


def shown(markdown: str) -> str:
    """What a reader sees of Markdown, without white space."""
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown)
    parts = []
    for token in tokens:
        for child in token.children or [token]:
            if child.type in ("text", "code_inline", "fence", "code_block"):
                parts.append(child.content)
            elif child.type == "html_block":
                parts.append(re.sub("<[^>]*>", "", child.content))
    return re.sub(r"\s", "", "".join(parts))


SENTENCES = [f"Sentence number {index} says something about boats, oars and rivers." for index in range(60)]


def test_sections_are_not_mixed_and_know_their_headings() -> None:
    found = records(
        document(
            [
                TextBlock(id="t", kind="title", box=BOX, text="Boats", order=0),
                heading("h1", "1 Hull", 1),
                heading("h2", "1.1 Planks", 2),
                text("a", "Three planks."),
                heading("h3", "1.2 Pegs", 2),
                text("b", "Bamboo."),
                heading("h4", "2 Oar", 1),
            ],
            [text("c", "One oar.")],
        )
    )
    assert [record["text"] for record in found] == [
        "# Boats\n\n## 1 Hull\n\n### 1.1 Planks\n\nThree planks.",
        "### 1.2 Pegs\n\nBamboo.",
        "## 2 Oar\n\nOne oar.",
    ]
    assert [record["headings"] for record in found] == [
        ["Boats", "1 Hull", "1.1 Planks"], ["Boats", "1 Hull", "1.2 Pegs"], ["Boats", "2 Oar"],
    ]  # fmt: skip
    assert [record["pages"] for record in found] == [[1], [1], [1, 2]]
    assert found[2]["places"] == [
        {"page": 1, "block": "h4", "kind": "heading", "box": list(BOX), "page_size": [200, 300]},
        {"page": 2, "block": "c", "kind": "text", "box": list(BOX), "page_size": [200, 300]},
    ]
    assert [record["index"] for record in found] == [0, 1, 2]
    assert {(record["source"], record["sha256"]) for record in found} == {("a.pdf", "00ff")}


@given(st.integers(100, 900), st.sampled_from([0, 20, 50]))
@settings(max_examples=30, deadline=None)
def test_paragraphs_are_cut_at_sentences_and_lose_nothing(size: int, overlap: int) -> None:
    paragraphs = [" ".join(SENTENCES[i : i + n]) for i, n in ((0, 30), (30, 2), (32, 1), (33, 27))]
    found = list(
        chunks(
            document([text(str(i), p) for i, p in enumerate(paragraphs)]),
            WriteOptions(chunk_size=size, chunk_overlap=overlap),
        )
    )
    assert all(len(chunk.text) <= size for chunk in found)
    whole = "\n\n".join(paragraphs)
    position = 0
    for before, chunk in pairwise([None, *found]):
        assert chunk is not None
        start = whole.index(chunk.text, max(0, position - overlap - 2))
        assert whole[position:start].strip() == ""
        if before is not None and overlap == 0:
            assert start >= position
        if start < position:
            assert position - start <= overlap + 2 and before is not None
            assert before.text.endswith(whole[start:position].strip())
        position = start + len(chunk.text)
    assert whole[position:].strip() == ""
    if size > 200:
        assert all(chunk.text.endswith(".") for chunk in found)


def test_the_overlap_is_the_end_of_the_chunk_before_and_stays_in_its_section() -> None:
    blocks: list[Block] = [text("a", " ".join(SENTENCES[:6])), heading("h", "Next", 1), text("b", "End.")]
    found = list(chunks(document(blocks), WriteOptions(chunk_size=250, chunk_overlap=70)))
    assert [chunk.text for chunk in found] == [
        " ".join(SENTENCES[:3]),
        " ".join(SENTENCES[2:5]),
        " ".join(SENTENCES[4:6]),
        "# Next\n\nEnd.",
    ]


def test_parts_of_a_paragraph_have_the_boxes_of_their_lines_over_pages() -> None:
    lines = [Line(text=s, box=(0, 10 * i, 100, 10 * i + 8)) for i, s in enumerate(SENTENCES[:8])]
    first = text("p1-b0", " ".join(SENTENCES[:8]), lines=lines[:4])
    second = text("p2-b0", "", lines=lines[4:], continues="p1-b0")
    found = list(chunks(document([first], [second]), WriteOptions(chunk_size=130)))
    assert len(found) == 4 and all(len(chunk.text) == 2 * len(SENTENCES[0]) + 1 for chunk in found)
    assert [[(p.page, p.block, p.box) for p in chunk.places] for chunk in found] == [
        [(1, "p1-b0", (0, 0, 100, 18))],
        [(1, "p1-b0", (0, 20, 100, 38))],
        [(2, "p2-b0", (0, 40, 100, 58))],
        [(2, "p2-b0", (0, 60, 100, 78))],
    ]
    whole = list(chunks(document([first], [second])))
    assert [(p.page, p.box) for chunk in whole for p in chunk.places] == [(1, BOX), (2, BOX)]


def boats(rows: int, span: bool) -> Table:
    cells = [Cell(row=0, column=c, text=f"head {c}", header=True) for c in range(3)]
    for row in range(1, rows):
        if not span or row % 4 == 1:
            height = min(4, rows - row) if span else 1
            cells.append(Cell(row=row, column=0, row_span=height, text=f"group {row}"))
        cells += [Cell(row=row, column=c, text=f"r{row} c{c}", box=(c, row, c + 1, row + 1)) for c in (1, 2)]
    return Table(rows=rows, columns=3, cells=cells)


@pytest.mark.parametrize("span", [False, True])
def test_tables_are_cut_between_rows_under_repeated_headers(span: bool) -> None:
    block = TableBlock(id="t", box=BOX, order=0, table=boats(60, span), captions=["Table 1"])
    found = list(chunks(document([block]), WriteOptions(chunk_size=500)))
    assert len(found) > 3 and all(len(chunk.text) <= 500 for chunk in found)
    rows: list[list[str]] = []
    for chunk in found:
        title, _, body = chunk.text.partition("\n\n")
        assert title == "Table 1"
        if span:
            part = from_html(body)
            texts = [[cell.text if cell else "" for cell in row] for row in part.grid()]
            assert all(cell.header for cell in part.cells if cell.row == 0)
        else:
            texts = [line.strip("| ").split(" | ") for line in body.splitlines()]
            assert texts.pop(1) == ["---"] * 3
        assert texts[0] == ["head 0", "head 1", "head 2"]
        numbers = [int(row[1][1:].split()[0]) for row in texts[1:]]
        assert chunk.places[0].box == (1, numbers[0], 3, numbers[-1] + 1)
        rows += texts[1:]
    group = (lambda row: row - (row - 1) % 4) if span else (lambda row: row)
    assert rows == [[f"group {group(r)}", f"r{r} c1", f"r{r} c2"] for r in range(1, 60)]


def test_a_row_that_is_longer_than_a_chunk_stays_whole() -> None:
    table = boats(4, False)
    table.cells[4].text = "long " * 100
    block = TableBlock(id="t", box=BOX, order=0, table=table)
    found = list(chunks(document([text("a", "Before."), block]), WriteOptions(chunk_size=200)))
    long = [chunk for chunk in found if len(chunk.text) > 200]
    assert len(long) == 1 and ("long " * 100).strip() in long[0].text and "r2 c1" not in long[0].text


def test_long_lists_code_and_items_are_cut_at_their_joints() -> None:
    items = [ListItem(text=f"item {i}", marker=f"{i}.", ordered=True, level=i % 2) for i in range(1, 80)]
    items.append(ListItem(text=" ".join(SENTENCES[:10])))
    code = "\n".join(f"    line_{i} = {i}" for i in range(50))
    blocks: list[Block] = [
        ListBlock(id="l", box=BOX, order=0, items=items),
        CodeBlock(id="c", box=BOX, order=1, text=code, language="python"),
    ]
    found = list(chunks(document(blocks), WriteOptions(chunk_size=300)))
    assert all(len(chunk.text) <= 300 for chunk in found)
    listed = re.findall(r"item (\d+)$", "\n".join(chunk.text for chunk in found), re.MULTILINE)
    assert listed == [str(i) for i in range(1, 80)]
    fenced = [chunk.text for chunk in found if "line_" in chunk.text]
    bodies = [re.findall(r"```python\n(.*?)\n```", t, re.DOTALL) for t in fenced]
    assert "\n".join(body for each in bodies for body in each) == code


@given(documents(), st.integers(100, 300), st.sampled_from([0, 50]))
@settings(max_examples=60, deadline=None)
def test_random_documents_are_all_there(document: Document, size: int, overlap: int) -> None:
    options = WriteOptions(chunk_size=size, chunk_overlap=overlap)
    whole = shown(str(render(document, "md", options)))
    found = list(chunks(document, options))
    # Markdown has addresses of pictures where chunks have the text in them; parts repeat headers and fences.
    differ = any(
        block.kind in ("table", "formula", "code") or (block.kind == "figure" and block.image is not None)
        for block in document.blocks()
    )
    if overlap == 0 and not differ:
        assert "".join(shown(chunk.text) for chunk in found) == whole
    for chunk in found:
        assert len(chunk.text) <= size or "<td>" in chunk.text or "|" in chunk.text
        assert chunk.text.strip() and chunk.places


@given(documents(wild_texts), st.integers(100, 200))
@settings(max_examples=60, deadline=None)
def test_hostile_text_stays_one_valid_line_a_chunk(document: Document, size: int) -> None:
    pages = {page.number for page in document.pages}
    for record in records(document, chunk_size=size, chunk_overlap=30):
        record["text"].encode()
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u2028\ud800-\udfff]", record["text"])
        assert set(record["pages"]) <= pages
        assert "<script" not in re.sub(r"^(```+).*?^\1$", "", record["text"], flags=re.M | re.S)


@given(
    wild_texts.map(lambda text: text.replace("\n", " ") * 8), st.integers(1, 40), st.booleans(), st.booleans()
)
@settings(max_examples=150, deadline=None)
def test_parts_of_text_cover_it(text: str, limit: int, doubled: bool, lines: bool) -> None:
    written = (lambda part: part * 2) if doubled else (lambda part: part)
    parts = list(split_text(text, limit, written, lines=lines))
    position = 0
    for start, end in parts:
        assert position <= start < end and text[position:start].strip() == ""
        assert len(written(text[start:end])) <= limit or end == start + 1
        position = end
    assert text[position:].strip() == ""


def test_a_document_without_text_gives_no_chunks() -> None:
    assert render(document([], [text("a", " ")]), "chunks") == ""


@pytest.mark.parametrize(
    ("size", "overlap"), [(99, 0), (100, 51), (100, -1), (10**7, 0)], ids=["small", "overlap", "minus", "big"]
)
def test_sizes_that_make_no_sense_are_refused(size: int, overlap: int) -> None:
    with pytest.raises(ValueError, match=r"chunk_|greater|less"):
        WriteOptions(chunk_size=size, chunk_overlap=overlap)
