"""ALTO 4.4: the pages as archives and libraries keep them, with every word's place on the page as the file shows it.

Format: ALTO schema 4.4 (loc.gov/standards/alto/v4/alto-4-4.xsd). Pictures are measured in pixels, pages of PDFs in
tenths of a millimetre. Text becomes a TextBlock, a table or a list a ComposedBlock with a TextBlock for each cell or
item, a figure an Illustration; what kind of block it is, and which cell of the table, say Tags. Running heads and page
numbers lie in the margins, everything else in the PrintSpace, and ReadingOrder says the order. A word that was
parted at a line's end is whole in SUBS_CONTENT.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from sampan.documents.geometry import homography
from sampan.documents.model import (
    Block,
    Cell,
    Document,
    FigureBlock,
    HeadingBlock,
    Line,
    Page,
    Style,
    TableBlock,
)
from sampan.documents.writers.characters import one_line
from sampan.documents.writers.glyphless_font import advance
from sampan.documents.writers.options import WriteOptions
from sampan.documents.writers.page_words import (
    Corners,
    PlacedLine,
    PlacedWord,
    baseline,
    bounds,
    corners_of,
    lines_of,
    parts_of,
    placed_lines,
    sizes_as_shown,
    to_page_as_shown,
)

MM10_PER_POINT = 254.0 / 72.0
_NAMESPACE = "http://www.loc.gov/standards/alto/ns-v4#"
_SCHEMA = "http://www.loc.gov/standards/alto/v4/alto-4-4.xsd"
_LANGUAGE = re.compile(r"[a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})*")
_HYPHENS = "-\u2010\u00ad"


def render(document: Document, figures: Mapping[str, str], options: WriteOptions) -> str:  # noqa: ARG001
    return _Alto(document, options.language).render()


class _Alto:
    """The file on its way: what the layout refers to is collected while the layout is written."""

    def __init__(self, document: Document, language: str | None) -> None:
        self._document = document
        self._language = language if language and _LANGUAGE.fullmatch(language) else None
        self._tags: dict[tuple[str, str, str], str] = {}
        """Element, type and label → identifier."""
        self._styles: dict[str, str] = {}
        """Attributes → identifier."""
        self._order: list[list[str]] = []
        """Identifiers of the blocks of every page in reading order."""

    def render(self) -> str:
        sizes = sizes_as_shown(self._document)
        pages = [
            part
            for page, size in zip(self._document.pages, sizes, strict=True)
            for part in _Page(self, page, size).lines()
        ]
        return "\n".join(
            [
                '<?xml version="1.0" encoding="UTF-8"?>',
                f'<alto xmlns="{_NAMESPACE}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
                f'xsi:schemaLocation="{_NAMESPACE} {_SCHEMA}" SCHEMAVERSION="4.4">',
                *self._description(),
                *_wrapped(
                    "Styles", (f'<TextStyle ID="{name}"{style}/>' for style, name in self._styles.items())
                ),
                *_wrapped("Tags", (_tag(*key, name) for key, name in self._tags.items())),
                *self._reading_order(),
                "<Layout>",
                *pages,
                "</Layout>",
                "</alto>",
                "",
            ]
        )

    def tag(self, element: str, kind: str, label: str) -> str:
        """Identifier of a tag, which is made when it is first asked for."""
        return self._tags.setdefault((element, kind, label), f"tag_{len(self._tags) + 1}")

    def style(self, style: Style | None, points: float) -> str | None:
        """Identifier of a text style; `points` is the length of a page unit in points."""
        if style is None:
            return None
        attributes = {
            "FONTFAMILY": one_line(style.font) if style.font else None,
            "FONTWIDTH": "fixed" if style.monospace else None,
            "FONTSIZE": _number(style.size * points) if style.size else None,
            "FONTCOLOR": style.color[1:]
            if style.color and re.fullmatch("#[0-9a-f]{6}", style.color)
            else None,
            "FONTSTYLE": " ".join(_font_styles(style)) or None,
        }
        written = _attributes(attributes)
        return self._styles.setdefault(written, f"style_{len(self._styles) + 1}") if written else None

    @property
    def language(self) -> str | None:
        return self._language

    def ordered(self, identifiers: list[str]) -> None:
        self._order.append(identifiers)

    def _description(self) -> Iterator[str]:
        source = self._document.source
        points = bool(self._document.pages) and self._document.pages[0].unit == "pt"
        program, _, version = one_line(self._document.generator).partition(" ")
        yield "<Description>"
        yield f"<MeasurementUnit>{'mm10' if points else 'pixel'}</MeasurementUnit>"
        yield f"<sourceImageInformation><fileName>{escape(one_line(source.name))}</fileName>"
        if source.sha256:
            yield f'<fileIdentifier fileIdentifierLocation="sha256">{escape(source.sha256)}</fileIdentifier>'
        yield "</sourceImageInformation>"
        yield '<Processing ID="processing_1"><processingCategory>contentGeneration</processingCategory>'
        yield f"<processingSoftware><softwareName>{escape(program)}</softwareName>"
        if version:
            yield f"<softwareVersion>{escape(version)}</softwareVersion>"
        yield "</processingSoftware></Processing>"
        yield "</Description>"

    def _reading_order(self) -> Iterator[str]:
        pages = [(number, refs) for number, refs in enumerate(self._order, start=1) if refs]
        if not pages:
            return
        yield '<ReadingOrder><OrderedGroup ID="order">'
        for number, refs in pages:
            yield f'<OrderedGroup ID="order_{number}">'
            yield from (f'<ElementRef ID="order_{ref}" REF="{ref}"/>' for ref in refs)
            yield "</OrderedGroup>"
        yield "</OrderedGroup></ReadingOrder>"


class _Page:
    """One page. Identifiers count through the page: `block_2_1` is the first of page 2."""

    def __init__(self, alto: _Alto, page: Page, size: tuple[float, float]) -> None:
        self._alto = alto
        self._page = page
        scale = MM10_PER_POINT if page.unit == "pt" else 1.0
        self._points = 1.0 if page.unit == "pt" else 0.0
        self._matrix = homography.scaling(scale) @ to_page_as_shown(page)
        self._size = size[0] * scale, size[1] * scale
        self._numbers = {kind: count(1) for kind in ("block", "line", "string")}

    def lines(self) -> Iterator[str]:
        spaces: dict[str, tuple[list[Corners], list[str]]] = {}
        order: list[str] = []
        for block in self._page.blocks:
            corners = homography.apply(self._matrix, corners_of(block.box, block.quad))
            space = "PrintSpace" if block.order is not None else self._margin(corners)
            boxes, parts = spaces.setdefault(space, ([], []))
            identifier = self._id("block")
            boxes.append(corners)
            parts += self._block(block, identifier, corners)
            if block.order is not None:
                order.append(identifier)
        self._alto.ordered(order)
        printed = [block.text for block in self._page.blocks if block.kind == "page_number" and block.text]
        attributes = {
            "ID": f"page_{self._page.number}",
            "PHYSICAL_IMG_NR": str(self._page.number),
            "PRINTED_IMG_NR": one_line(printed[0]) if printed else None,
            "WIDTH": _number(self._size[0]),
            "HEIGHT": _number(self._size[1]),
            "ROTATION": str(self._page.rotation) if self._page.rotation else None,
            "LANG": self._alto.language,
            "PC": self._confidence(),
            "PROCESSINGREFS": "processing_1",
        }
        yield f"<Page{_attributes(attributes)}>"
        whole = corners_of((0.0, 0.0, *self._size), None)
        spaces.setdefault("PrintSpace", ([whole], []))
        for name in ("TopMargin", "LeftMargin", "RightMargin", "BottomMargin", "PrintSpace"):
            if name in spaces:
                boxes, parts = spaces[name]
                yield f'<{name} ID="{name.lower()}_{self._page.number}"{self._place(np.concatenate(boxes))}>'
                yield from parts
                yield f"</{name}>"
        yield "</Page>"

    def _margin(self, corners: Corners) -> str:
        """The margin of the nearest edge."""
        x, y = corners.mean(axis=0).tolist()
        distances = {
            "TopMargin": y,
            "BottomMargin": self._size[1] - y,
            "LeftMargin": x,
            "RightMargin": self._size[0] - x,
        }
        return min(distances, key=lambda name: distances[name])

    def _block(self, block: Block, identifier: str, corners: Corners) -> Iterator[str]:
        kind = f"heading {block.level}" if isinstance(block, HeadingBlock) else block.kind
        attributes = f'{self._place(corners)} TAGREFS="{self._alto.tag("LayoutTag", "block", kind)}"'
        parts = parts_of(block)
        if isinstance(block, FigureBlock):
            if not parts:
                yield f'<Illustration ID="{identifier}"{attributes} TYPE="figure"/>'
                return
            yield f'<ComposedBlock ID="{identifier}"{attributes} TYPE="figure">'
            yield f'<Illustration ID="{self._id("block")}"{self._place(corners)} TYPE="figure"/>'
        elif block.kind in ("table", "list"):
            yield f'<ComposedBlock ID="{identifier}"{attributes} TYPE="{block.kind}">'
        else:
            yield f'<TextBlock ID="{identifier}"{attributes}>'
            yield from self._text(block.text, lines_of(block))
            yield "</TextBlock>"
            return
        cells: Sequence[Cell] = (
            [cell for cell in block.table.cells if cell.lines] if isinstance(block, TableBlock) else []
        )
        for number, lines in enumerate(parts):
            around = [homography.apply(self._matrix, corners_of(line.box, line.quad)) for line in lines]
            tag = ""
            if number < len(cells):
                tag = f' TAGREFS="{self._alto.tag("OtherTag", "cell", _cell(cells[number]))}"'
            yield f'<TextBlock ID="{self._id("block")}"{self._place(np.concatenate(around))}{tag}>'
            yield from self._text(block.text, lines)
            yield "</TextBlock>"
        yield "</ComposedBlock>"

    def _text(self, logical: str, lines: Sequence[Line]) -> Iterator[str]:
        placed = list(placed_lines(lines, self._matrix))
        joined: str | None = None
        for number, line in enumerate(placed):
            following = placed[number + 1].words[0].text if number + 1 < len(placed) else ""
            first, joined = joined, _undone(line.words[-1].text, following, logical)
            attributes = {
                "ID": self._id("line"),
                "BASELINE": " ".join(f"{_number(x)},{_number(y)}" for x, y in baseline(line)),
                "BASEDIRECTION": line.direction if line.direction != "ltr" else None,
            }
            yield f"<TextLine{_attributes(attributes)}{self._place(line.corners)}>{_shape(line.corners)}"
            yield from self._strings(line, first, joined)
            yield "</TextLine>"

    def _strings(self, line: PlacedLine, first: str | None, last: str | None) -> Iterator[str]:
        """Words and spaces; `first` and `last` are the whole words of which the line's ends are parts."""
        for number, word in enumerate(line.words):
            if number and word.spaced:
                gap = np.array([line.words[number - 1].corners[1], word.corners[0], word.corners[3]])
                yield f"<SP{self._place(gap)}/>"
            if number == 0 and first is not None:
                yield self._string(word, line.line, "HypPart2", first)
            elif number == len(line.words) - 1 and last is not None:
                whole, hyphen = _without_hyphen(word)
                yield self._string(whole, line.line, "HypPart1", last)
                yield f'<HYP CONTENT="{hyphen.text}"{self._place(hyphen.corners)}/>'
            else:
                yield self._string(word, line.line)

    def _string(self, word: PlacedWord, line: Line, part: str | None = None, whole: str | None = None) -> str:
        style = self._alto.style(word.style or line.style, self._points)
        attributes = {
            "ID": self._id("string"),
            "STYLEREFS": style,
            "CONTENT": word.text,
            "WC": _number(word.confidence),
            "SUBS_TYPE": part,
            "SUBS_CONTENT": whole,
        }
        return f"<String{_attributes(attributes)}{self._place(word.corners)}/>"

    def _confidence(self) -> str | None:
        words = [word for block in self._page.blocks for line in lines_of(block) for word in line.words]
        letters = sum(len(word.text) for word in words)
        return _number(sum(word.confidence * len(word.text) for word in words) / letters) if letters else None

    def _place(self, corners: Corners) -> str:
        x0, y0, x1, y1 = bounds(corners)
        return f' HPOS="{_number(x0)}" VPOS="{_number(y0)}" WIDTH="{_number(x1 - x0)}" HEIGHT="{_number(y1 - y0)}"'

    def _id(self, kind: str) -> str:
        return f"{kind}_{self._page.number}_{next(self._numbers[kind])}"


def _undone(last: str, following: str, logical: str) -> str | None:
    """The whole word of which a line's last and the next line's first are parts, if the block's text joins them."""
    if len(last) < 2 or last[-1] not in _HYPHENS or not following:
        return None
    whole = last[:-1] + following
    if whole not in logical or last + following in logical:
        return None
    return whole.rstrip(".,;:!?…)]»”’\"'")


def _without_hyphen(word: PlacedWord) -> tuple[PlacedWord, PlacedWord]:
    widths = [advance(character) for character in word.text]
    share = 1 - widths[-1] / sum(widths)
    a, b, c, d = word.corners
    top, bottom = a + share * (b - a), d + share * (c - d)
    return (
        PlacedWord(word.text[:-1], np.array([a, top, bottom, d]), word.confidence, word.spaced, word.style),
        PlacedWord(word.text[-1], np.array([top, b, c, bottom]), word.confidence, False, word.style),
    )


def _shape(corners: Corners) -> str:
    """The outline of what does not lie level."""
    level = np.abs(np.diff(corners, axis=0, append=corners[:1])).min(axis=1).max() < 0.5
    if level:
        return ""
    points = " ".join(f"{_number(x)},{_number(y)}" for x, y in corners.tolist())
    return f'<Shape><Polygon POINTS="{points}"/></Shape>'


def _cell(cell: Cell) -> str:
    spans = f" spanning {cell.row_span} × {cell.column_span}" if cell.row_span * cell.column_span > 1 else ""
    return f"{'header ' if cell.header else ''}row {cell.row + 1} column {cell.column + 1}{spans}"


def _font_styles(style: Style) -> Iterator[str]:
    for name in ("bold", "italic", "superscript", "subscript"):
        if getattr(style, name):
            yield "italics" if name == "italic" else name


def _tag(element: str, kind: str, label: str, identifier: str) -> str:
    return f"<{element}{_attributes({'ID': identifier, 'TYPE': kind, 'LABEL': label})}/>"


def _wrapped(name: str, parts: Iterator[str]) -> list[str]:
    inside = list(parts)
    return [f"<{name}>", *inside, f"</{name}>"] if inside else []


def _attributes(values: Mapping[str, str | None]) -> str:
    return "".join(f" {name}={quoteattr(value)}" for name, value in values.items() if value is not None)


def _number(value: float) -> str:
    text = f"{value:.2f}".rstrip("0").rstrip(".") if np.isfinite(value) else "0"
    return "0" if text == "-0" else text
