"""DoclingDocument as JSON, for programs that take documents from docling.

Follows the schema of docling-core (`docling_core.types.doc.DoclingDocument`, version 1.5), which reads it back
with `DoclingDocument.model_validate_json`. That package is not needed to write it.

Boxes are docling's: with the origin at the bottom left of the page for items, at the top left for table cells.
Pages are upright, as everywhere in Sampan, and have the size of our pages, in points or pixels.
"""

from __future__ import annotations

import base64
import json
import re
import struct
from collections.abc import Mapping
from typing import Any

from sampan.documents.model import (
    Block,
    Box,
    CaptionBlock,
    CodeBlock,
    Document,
    FigureBlock,
    FormulaBlock,
    HeadingBlock,
    ListBlock,
    Page,
    Table,
    TableBlock,
)
from sampan.documents.tables.html import header_rows
from sampan.documents.writers.characters import clean, one_line
from sampan.documents.writers.figures import DPI, safe_source
from sampan.documents.writers.flow import Flow
from sampan.documents.writers.options import WriteOptions
from sampan.documents.writers.places import Places

VERSION = "1.5.0"
"""Of the schema. Readers take every later minor version of it."""

Item = dict[str, Any]

_LABELS = {
    "caption": "caption", "footnote": "footnote", "reference": "reference", "header": "page_header",
    "footer": "page_footer",
}  # fmt: skip
# docling-core refuses media types that Python does not know, whose list depends on the machine.
_MEDIA_TYPES = {"application/pdf", "image/png", "image/jpeg", "image/tiff", "image/bmp", "image/gif"}
_LANGUAGES = """
Ada Awk Bash C C# C++ CMake COBOL CSS Ceylon Clojure Crystal Cuda Cython D Dart Dockerfile Elixir Erlang FORTRAN
Forth Go HTML Haskell Haxe Java JavaScript JSON Julia Kotlin Lisp Lua Matlab MoonScript Nim OCaml ObjectiveC Octave
PHP Pascal Perl Prolog Python Racket Ruby Rust SML SQL Scala Scheme Swift TypeScript VisualBasic XML YAML
"""
_CODE_LANGUAGES = {name.lower(): name for name in _LANGUAGES.split()}


def render(document: Document, figures: Mapping[str, str], options: WriteOptions) -> str:
    data = _Builder(document, figures).build()
    if options.compact:
        return json.dumps(data, ensure_ascii=False, separators=(",", ":")) + "\n"
    return json.dumps(data, ensure_ascii=False, indent=1) + "\n"


class _Builder:
    def __init__(self, document: Document, figures: Mapping[str, str]) -> None:
        self._document = document
        self._figures = figures
        self._places = Places(document)
        self._pages = {page.number: page for page in document.pages}
        self._lists: dict[str, list[Item]] = {"groups": [], "texts": [], "pictures": [], "tables": []}
        self._body = _root("#/body", "body")
        owners = {
            block.id: block
            for block in document.blocks()
            if isinstance(block, FigureBlock | TableBlock | CodeBlock)
        }
        self._bound: dict[str, list[CaptionBlock]] = {}
        for block in document.blocks():
            if isinstance(block, CaptionBlock) and block.caption_of in owners and clean(block.text).strip():
                self._bound.setdefault(block.caption_of or "", []).append(block)
        self._captions: dict[int, Item] = {}
        """Caption blocks that have been written already, each with the reference to it."""

    def build(self) -> Item:
        for page, passages in Flow(self._document, furniture=True).pages():
            written = {id(passage.block) for passage in passages}
            for block in page.blocks:
                if id(block) in written or isinstance(block, CaptionBlock):
                    self._add(block, page)
        source = self._document.source
        origin = {}
        if source.media_type in _MEDIA_TYPES:
            digest = source.sha256 or ""
            known = re.fullmatch("[0-9a-fA-F]{16,}", digest) is not None
            origin = {
                "origin": {
                    "mimetype": source.media_type,
                    "binary_hash": int(digest[-16:], 16) if known else 0,
                    "filename": one_line(source.name),
                }
            }
        return {
            "schema_name": "DoclingDocument",
            "version": VERSION,
            "name": re.sub(r"(?<=.)\.\w{1,5}$", "", one_line(source.name)) or "document",
            **origin,
            "furniture": _root("#/furniture", "furniture"),
            "body": self._body,
            **self._lists,
            "key_value_items": [],
            "form_items": [],
            "pages": {
                str(page.number): {
                    "size": {"width": round(page.width, 2), "height": round(page.height, 2)},
                    "page_no": page.number,
                }
                for page in self._document.pages
            },
        }

    def _add(self, block: Block, page: Page) -> None:
        if isinstance(block, CaptionBlock) and block.caption_of in self._bound:
            self._caption(block)
        elif isinstance(block, TableBlock) and block.table.cells:
            self._with_captions(block, self._table(block, page))
        elif isinstance(block, FigureBlock):
            self._picture(block)
        elif isinstance(block, CodeBlock):
            language = _CODE_LANGUAGES.get((block.language or "").lower(), "unknown")
            item = self._text(block, "code", clean(block.text).strip("\n"), code_language=language)
            self._with_captions(block, item)
        elif isinstance(block, ListBlock) and block.items:
            self._list(block)
        elif isinstance(block, FormulaBlock) and clean(block.latex or "").strip():
            self._text(block, "formula", _latex(block), orig=clean(block.text or block.latex or ""))
        elif text := clean(block.text).strip():
            if isinstance(block, HeadingBlock):
                self._text(block, "section_header", one_line(text), level=block.level)
            elif block.kind == "title":
                self._text(block, "title", one_line(text))
            elif block.kind == "page_number":
                top = block.box[1] + block.box[3] < page.height
                self._text(block, "page_header" if top else "page_footer", text)
            else:
                self._text(block, _LABELS.get(block.kind, "text"), text)

    def _new(self, kind: str, parent: Item, layer: str, **fields: Any) -> Item:
        item = {
            "self_ref": f"#/{kind}/{len(self._lists[kind])}",
            "parent": {"$ref": parent["self_ref"]},
            "children": [],
            "content_layer": layer,
            **fields,
        }
        self._lists[kind].append(item)
        parent["children"].append({"$ref": item["self_ref"]})
        return item

    def _text(self, block: Block, label: str, text: str, parent: Item | None = None, **fields: Any) -> Item:
        layer = "furniture" if block.order is None and label.startswith("page_") else "body"
        fields = {"prov": self._provenance(block, len(text)), "orig": text, "text": text} | fields
        return self._new("texts", parent or self._body, layer, label=label, **fields)

    def _provenance(self, block: Block, length: int) -> list[Item]:
        """Where the text stands; of text that goes on elsewhere, which part of it as its lines say."""
        places = self._places.of(block)
        sizes = [sum(len(line.text) for line in part.lines) for part in self._places.parts(block)]
        found, start = [], 0
        for index, place in enumerate(places):
            share = sum(sizes[: index + 1]) / sum(sizes) if sum(sizes) else 1.0
            end = length if index == len(places) - 1 else max(start, min(length, round(share * length)))
            found.append(self._prov(place.page, place.box, (start, end)))
            start = end
        return found

    def _prov(self, page: int, box: Box, span: tuple[int, int]) -> Item:
        left, top, right, bottom = _on_page(box, self._pages[page])
        height = round(self._pages[page].height, 2)
        bounds = {"l": left, "t": round(height - top, 2), "r": right, "b": round(height - bottom, 2)}
        return {
            "page_no": page,
            "bbox": {**bounds, "coord_origin": "BOTTOMLEFT"},
            "charspan": list(span),
        }

    def _caption(self, block: CaptionBlock) -> Item:
        if id(block) not in self._captions:
            item = self._text(block, "caption", clean(block.text).strip())
            self._captions[id(block)] = {"$ref": item["self_ref"]}
        return self._captions[id(block)]

    def _with_captions(self, block: FigureBlock | TableBlock | CodeBlock, item: Item) -> None:
        bound = self._bound.get(block.id, [])
        references = [self._caption(caption) for caption in bound]
        said = {caption.text for caption in bound}
        for text in block.captions:
            if text not in said and clean(text).strip():
                own = self._text(block, "caption", clean(text).strip())
                references.append({"$ref": own["self_ref"]})
        item.update(captions=references, references=[], footnotes=[])

    def _table(self, block: TableBlock, page: Page) -> Item:
        return self._new(
            "tables",
            self._body,
            "body",
            label="table",
            prov=self._provenance(block, 0),
            data=_table_data(block.table, page),
        )

    def _picture(self, block: FigureBlock) -> None:
        item = self._new("pictures", self._body, "body", label="picture", prov=self._provenance(block, 0))
        if (image := self._image(block)) is not None:
            item["image"] = image
        self._with_captions(block, item)
        if text := clean(block.text).strip():
            self._text(block, "text", text, parent=item)

    def _image(self, block: FigureBlock) -> Item | None:
        source = self._figures.get(block.id) or safe_source(block.image)
        size = _png_size(source or "")
        if source is None or size is None:
            return None
        in_points = any(page.unit == "pt" for page in self._document.pages)
        return {
            "mimetype": "image/png",
            "dpi": round(DPI) if in_points else 72,
            "size": {"width": size[0], "height": size[1]},
            "uri": source,
        }

    def _list(self, block: ListBlock) -> None:
        open_lists: list[tuple[int, Item]] = []  # (level, group)
        last: Item = self._body
        for item in block.items:
            while open_lists and open_lists[-1][0] > item.level:
                open_lists.pop()
            if not open_lists or open_lists[-1][0] < item.level:
                # A list in a list belongs to the item above it.
                parent = last if open_lists else self._body
                group = self._new("groups", parent, "body", name="list", label="list")
                open_lists.append((item.level, group))
            text = clean(item.text).strip()
            last = self._new(
                "texts", open_lists[-1][1], "body", label="list_item",
                prov=[self._prov(self._places.of(block)[0].page, item.box or block.box, (0, len(text)))],
                orig=text, text=text, enumerated=item.ordered,
                marker=one_line(item.marker) if item.ordered else "-",
            )  # fmt: skip


def _root(reference: str, layer: str) -> Item:
    return {
        "self_ref": reference,
        "children": [],
        "content_layer": layer,
        "name": "_root_",
        "label": "unspecified",
    }


def _on_page(box: Box, page: Page) -> Box:
    """The box as far as it lies on its page: docling-core warns of the rest and cuts it off."""
    width, height = round(page.width, 2), round(page.height, 2)
    x0, x1 = (min(max(round(x, 2), 0.0), width) for x in box[::2])
    y0, y1 = (min(max(round(y, 2), 0.0), height) for y in box[1::2])
    return x0, y0, x1, y1


def _table_data(table: Table, page: Page) -> Item:
    heads = header_rows(table)
    cells = []
    for cell in table.cells:
        data: Item = {
            "row_span": cell.row_span,
            "col_span": cell.column_span,
            "start_row_offset_idx": cell.row,
            "end_row_offset_idx": cell.row + cell.row_span,
            "start_col_offset_idx": cell.column,
            "end_col_offset_idx": cell.column + cell.column_span,
            "text": clean(cell.text).strip(),
            "column_header": cell.header and cell.row < heads,
            "row_header": cell.header and cell.row >= heads,
            "row_section": False,
        }
        if cell.box is not None:
            left, top, right, bottom = _on_page(cell.box, page)
            data["bbox"] = {"l": left, "t": top, "r": right, "b": bottom, "coord_origin": "TOPLEFT"}
        cells.append(data)
    return {"table_cells": cells, "num_rows": table.rows, "num_cols": table.columns}


def _latex(block: FormulaBlock) -> str:
    body = one_line(block.latex or "")
    number = one_line(block.number or "").strip("()")
    if number and "\\tag" not in body and re.fullmatch(r"[\w.\-]{1,20}", number):
        body += rf" \tag{{{number}}}"
    return body


def _png_size(source: str) -> tuple[int, int] | None:
    """Width and height of a PNG given as data: its first chunk says them."""
    head, mark, data = source.partition(";base64,")
    if head != "data:image/png" or not mark:
        return None
    try:
        start = base64.b64decode(data[:32], validate=True)
    except ValueError:
        return None
    if start[:8] != b"\x89PNG\r\n\x1a\n" or len(start) < 24:
        return None
    width, height = struct.unpack(">II", start[16:24])
    return width, height
