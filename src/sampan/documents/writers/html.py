"""Semantic HTML in one file: figures embedded, everything escaped, no scripts, nothing loaded from elsewhere.

Every page is a `section` with its size, every block carries its `id` and `data-box="x0 y0 x1 y1"` in page
units, so that a viewer can show where a text stands on the page.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping

from sampan.documents.model import (
    Block,
    Box,
    CodeBlock,
    Document,
    FigureBlock,
    FormulaBlock,
    HeadingBlock,
    ListBlock,
    ListItem,
    Page,
    Table,
    TableBlock,
)
from sampan.documents.tables.html import to_html
from sampan.documents.writers.characters import clean, has_rtl, one_line
from sampan.documents.writers.figures import safe_source
from sampan.documents.writers.flow import Flow, Passage
from sampan.documents.writers.options import WriteOptions

STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.55 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
section.page + section.page { border-top: 1px solid #8886; margin-top: 2.5rem; padding-top: 1.5rem; }
table { border-collapse: collapse; display: block; overflow-x: auto; margin: 1rem 0; }
td, th { border: 1px solid #8888; padding: .3rem .6rem; text-align: start; vertical-align: top; }
th { background: #8882; }
figure { margin: 1.5rem 0; }
img { max-width: 100%; height: auto; }
figcaption, .caption, .footnote, header, footer, .page-number { font-size: .875rem; opacity: .8; }
pre { overflow-x: auto; padding: .8rem; background: #8881; }
.formula { display: block; text-align: center; margin: 1rem 0; }
""".strip()

# Even if something slipped through the escaping, the file may run no script and load nothing.
POLICY = (
    "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
)

_TAGS = {
    "header": ("header", None),
    "footer": ("footer", None),
    "page_number": ("p", "page-number"),
    "footnote": ("p", "footnote"),
    "aside": ("aside", None),
    "reference": ("p", "reference"),
    "seal": ("p", "seal"),
    "caption": ("p", "caption"),
}


def render(document: Document, figures: Mapping[str, str], options: WriteOptions) -> str:
    flow = Flow(document, options.furniture)
    title = document.source.title or _first_title(document) or document.source.name
    lang = f' lang="{_attribute(options.language)}"' if options.language else ""
    parts = [
        "<!DOCTYPE html>",
        f"<html{lang}>",
        '<head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<meta name="generator" content="{_attribute(document.generator)}">',
        f"<title>{_text(one_line(title))}</title>",
        f"<style>\n{STYLE}\n</style></head>",
        "<body><article>",
    ]
    for page, passages in flow.pages():
        parts.append(_page_tag(page))
        parts += [_passage(passage, figures, flow.heading_shift) for passage in passages]
        parts.append("</section>")
    parts.append("</article></body></html>")
    return "\n".join(parts) + "\n"


def _first_title(document: Document) -> str | None:
    return next((block.text for block in document.blocks() if block.kind == "title" and block.text), None)


def _page_tag(page: Page) -> str:
    return (
        f'<section class="page" id="page-{page.number}" data-page="{page.number}" '
        f'data-width="{page.width:.2f}" data-height="{page.height:.2f}" data-unit="{page.unit}">'
    )


def _passage(passage: Passage, figures: Mapping[str, str], shift: int) -> str:
    block, captions = passage.block, passage.captions
    inner = _content(block, captions, figures, shift)
    needs_figure = isinstance(block, FigureBlock) or (
        captions and isinstance(block, CodeBlock | FormulaBlock)
    )
    if not needs_figure:
        return inner
    legend = "".join(
        f"<figcaption{_direction(caption)}>{_text(caption)}</figcaption>" for caption in captions
    )
    place = _place(block) if isinstance(block, FigureBlock) else ""
    return f"<figure{place}>{inner}{legend}</figure>"


def _content(block: Block, captions: list[str], figures: Mapping[str, str], shift: int) -> str:
    place = _place(block)
    if isinstance(block, HeadingBlock) or block.kind == "title":
        level = min(block.level + shift, 6) if isinstance(block, HeadingBlock) else 1
        return f"<h{level}{place}{_direction(block.text)}>{_text(block.text)}</h{level}>"
    if isinstance(block, TableBlock) and block.table.cells:
        return _table(block.table, captions, place)
    if isinstance(block, ListBlock) and block.items:
        return _list(block.items, place)
    if isinstance(block, FigureBlock):
        return _image(block, captions, figures)
    if isinstance(block, CodeBlock):
        language = f' class="language-{_attribute(block.language)}"' if block.language else ""
        # HTML drops a line break right after <pre>, so the code's own first one must not be there.
        return f"<pre{place}><code{language}>{_escape(clean(block.text)).strip(chr(10))}</code></pre>"
    if isinstance(block, FormulaBlock) and block.latex:
        number = f" {_text(block.number)}" if block.number else ""
        return f'<div class="formula"{place}><code class="latex">{_text(block.latex)}</code>{number}</div>'
    tag, name = _TAGS.get(block.kind, ("p", None))
    style = f' class="{name}"' if name else ""
    return f"<{tag}{style}{place}{_direction(block.text)}>{_text(block.text)}</{tag}>"


def _table(table: Table, captions: list[str], place: str) -> str:
    cells = [cell.model_copy(update={"text": clean(cell.text), "lines": []}) for cell in table.cells]
    source = to_html(table.model_copy(update={"cells": cells}))
    head, mark, body = source.partition("</thead>")
    if not mark:
        head, body = "", source
    # Texts are escaped, so every `<th` is a tag; header cells of the head speak for columns, others for rows.
    source = _scoped(head, "col") + mark + _scoped(body, "row")
    title = " ".join(captions)
    legend = f"<caption{_direction(title)}>{_text(title)}</caption>" if title else ""
    rtl = ' dir="rtl"' if any(has_rtl(cell.text) for cell in cells[:8]) else ""
    return source.replace("<table>", f"<table{place}{rtl}>{legend}", 1)


def _scoped(source: str, scope: str) -> str:
    return re.sub(r"<th(?=[ >])", f'<th scope="{scope}"', source)


def _list(items: list[ListItem], place: str) -> str:
    """Nested lists; ordered items keep their number as `value`, other markers stay in the text."""
    parts: list[str] = []
    open_lists: list[tuple[int, str]] = []  # (level, tag)
    for item in items:
        tag = "ol" if item.ordered else "ul"
        while open_lists and (
            open_lists[-1][0] > item.level or (open_lists[-1][0] == item.level and open_lists[-1][1] != tag)
        ):
            parts.append(f"</li></{open_lists.pop()[1]}>")
        if open_lists and open_lists[-1][0] == item.level:
            parts.append("</li>")
        else:
            # Only the first list carries the block's place: an id must not occur twice.
            parts.append(f"<{tag}{'' if parts else place}>")
            open_lists.append((item.level, tag))
        number = re.fullmatch(r"\(?(\d{1,9})[.)]*", one_line(item.marker))
        value = f' value="{int(number[1])}"' if item.ordered and number else ""
        text = item.text if not item.ordered or number else f"{item.marker} {item.text}"
        box = f' data-box="{_box(item.box)}"' if item.box else ""
        parts.append(f"<li{value}{box}{_direction(item.text)}>{_text(text)}")
    parts += [f"</li></{tag}>" for _, tag in reversed(open_lists)]
    return "".join(parts)


def _image(block: FigureBlock, captions: list[str], figures: Mapping[str, str]) -> str:
    source = figures.get(block.id) or safe_source(block.image)
    if source is None:
        return f"<p{_direction(block.text)}>{_text(block.text)}</p>" if block.text else ""
    description = block.text or (captions[0] if captions else "Figure")
    return f'<img src="{_attribute(source)}" alt="{_attribute(one_line(description))}">'


def _place(block: Block) -> str:
    # Ids may hold no white space in HTML.
    name = re.sub(r"\s+", "-", clean(block.id).strip()) or "block"
    return f' id="{_attribute(name)}" data-box="{_box(block.box)}"'


def _box(box: Box) -> str:
    return " ".join(f"{value:.2f}" for value in box)


def _direction(text: str) -> str:
    return ' dir="rtl"' if has_rtl(text) else ""


def _text(text: str) -> str:
    return _escape(clean(text).strip()).replace("\n", "<br>")


def _attribute(text: str) -> str:
    return _escape(clean(text))


def _escape(text: str) -> str:
    return html.escape(text, quote=True)
