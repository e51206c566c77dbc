"""What was found where: every page as a picture with its regions, the reading order and the text beside it.

One self-contained SVG file with the pages one below the other. SVG and not pixels, because the text beside
the page can then be in any script (OpenCV's fonts know only Latin letters), can be searched and copied, and
because lines stay sharp at any size; every browser shows it, and GitHub too. Scripts there are none.

Colours are those of Okabe and Ito ("Color Universal Design", 2008), told apart by colour-blind people too;
the kind also stands in words beside each region's number.
"""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Mapping
from itertools import pairwise
from math import atan2, degrees

from sampan.documents.model import Block, Document, Page
from sampan.documents.writers.characters import clean, one_line
from sampan.documents.writers.figures import data_uri, page_scale
from sampan.documents.writers.options import WriteOptions

WIDTH = 800.0
"""Width of a page in the drawing, in pixels; the text panel beside it is `PANEL` wide."""
PANEL = 560.0
GAP = 24.0
FONT = 13.0
JPEG_QUALITY = 80
MAX_PANEL_LINES = 4
"""Lines of text shown of each block; the rest is in the other formats."""

COLOURS = {
    "title": "#d55e00", "heading": "#d55e00", "text": "#0072b2", "list": "#009e73", "table": "#cc79a7",
    "figure": "#e69f00", "formula": "#56b4e9", "caption": "#b8a800", "code": "#5b3fa0", "seal": "#b00020",
    "reference": "#007a7a", "aside": "#7a5c00", "header": "#777777", "footer": "#777777",
    "footnote": "#555555", "page_number": "#777777",
}  # fmt: skip


def render(document: Document, figures: Mapping[str, str], options: WriteOptions) -> str:  # noqa: ARG001
    drawings: list[str] = []
    top = GAP
    for page in document.pages:
        drawing, height = _page(document, page, top)
        drawings.append(drawing)
        top += height + GAP
    width = 3 * GAP + WIDTH + PANEL
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{top:.0f}" '
            f'viewBox="0 0 {width:.0f} {top:.0f}" '
            f'font-family="system-ui, sans-serif" font-size="{FONT:.0f}">',
            f"<title>{_escape(one_line(document.source.name))}</title>",
            f'<rect width="{width:.0f}" height="{top:.0f}" fill="#f2f2f2"/>',
            *drawings,
            "</svg>",
            "",
        ]
    )


def _page(document: Document, page: Page, top: float) -> tuple[str, float]:
    """The drawing of one page at height `top`, and how high it is."""
    zoom = WIDTH / page.width
    # A page like a till receipt is made smaller rather than kilometres long.
    zoom = min(zoom, 4 * WIDTH / page.height)
    height = page.height * zoom
    parts = [
        f'<g transform="translate({GAP:.0f} {top:.1f})">',
        f'<rect width="{page.width * zoom:.1f}" height="{height:.1f}" fill="#fff" stroke="#ccc"/>',
        _picture(document, page, zoom),
    ]
    for block in page.blocks:
        parts.append(_region(block, zoom))
    parts.append(_arrows(page, zoom))
    for index, block in enumerate(page.blocks):
        parts.append(_badge(block, index, zoom))
    panel, panel_height = _panel(page)
    parts += [f'<g transform="translate({WIDTH + GAP:.0f} 0)">{panel}</g>', "</g>"]
    return "\n".join(part for part in parts if part), max(height, panel_height)


def _picture(document: Document, page: Page, zoom: float) -> str:
    scale = min(zoom * 1.5, page_scale(page, dpi=300.0))
    picture = document.image_of(page, scale)
    if picture is None:
        return ""
    import cv2

    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return (
        f'<image width="{page.width * zoom:.1f}" height="{page.height * zoom:.1f}" opacity=".8" '
        f'preserveAspectRatio="none" href="{data_uri(data.tobytes(), "image/jpeg")}"/>'
    )


def _region(block: Block, zoom: float) -> str:
    colour = COLOURS[block.kind]
    lines = "".join(
        f'<rect x="{x0 * zoom:.1f}" y="{y0 * zoom:.1f}" width="{max(0.0, x1 - x0) * zoom:.1f}" '
        f'height="{max(0.0, y1 - y0) * zoom:.1f}"/>'
        for x0, y0, x1, y1 in (line.box for line in block.lines)
    )
    x0, y0, x1, y1 = block.box
    return (
        f'<g fill="none" stroke="{colour}"><title>{_escape(one_line(block.text))}</title>'
        f'<rect x="{x0 * zoom:.1f}" y="{y0 * zoom:.1f}" width="{max(0.0, x1 - x0) * zoom:.1f}" '
        f'height="{max(0.0, y1 - y0) * zoom:.1f}" fill="{colour}" fill-opacity=".12" stroke-width="1.8"/>'
        f'<g stroke-width=".6" stroke-opacity=".7">{lines}</g></g>'
    )


def _arrows(page: Page, zoom: float) -> str:
    """From the centre of each block in reading order to that of the next."""
    ordered = [block.box for block in page.blocks if block.order is not None]
    centres = [((x0 + x1) / 2 * zoom, (y0 + y1) / 2 * zoom) for x0, y0, x1, y1 in ordered]
    # Heads are drawn and not `marker`s, which not every program that shows SVG knows.
    lines = "".join(
        f'<line x1="{ax:.1f}" y1="{ay:.1f}" x2="{bx:.1f}" y2="{by:.1f}"/><path d="M0 0-10 4V-4z" '
        f'transform="translate({bx:.1f} {by:.1f}) rotate({degrees(atan2(by - ay, bx - ax)):.1f})"/>'
        for (ax, ay), (bx, by) in pairwise(centres)
    )
    return f'<g stroke="#111" fill="#111" opacity=".55" stroke-width="1.4">{lines}</g>' if lines else ""


def _badge(block: Block, index: int, zoom: float) -> str:
    """The number left of the region's first line; furniture has none, only its index in brackets."""
    label = _label(block, index)
    width = 8.0 * len(label) + 8
    x, y = block.box[0] * zoom, block.box[1] * zoom
    return (
        f'<g transform="translate({x - width - 1:.1f} {y:.1f})"><rect width="{width:.0f}" height="16" rx="4" '
        f'fill="{COLOURS[block.kind]}"/><text x="{width / 2:.0f}" y="12.5" fill="#fff" '
        f'text-anchor="middle" font-weight="bold">{label}</text></g>'
    )


def _label(block: Block, index: int) -> str:
    return f"({index})" if block.order is None else str(block.order + 1)


def _panel(page: Page) -> tuple[str, float]:
    """The text of every block beside the page, and how high that is."""
    step = FONT * 1.35
    parts = [f'<text y="{FONT:.0f}" font-weight="bold">Page {page.number}</text>']
    y = FONT + step * 1.3
    for index, block in enumerate(page.blocks):
        level = f" {block.level}" if block.kind == "heading" else ""
        about = f"{_label(block, index)} {block.kind.replace('_', ' ')}{level} · {block.confidence:.2f}"
        parts.append(f'<text y="{y:.1f}" fill="{COLOURS[block.kind]}" font-weight="bold">{about}</text>')
        y += step
        for line in _wrapped(clean(block.text)):
            parts.append(f'<text x="12" y="{y:.1f}" xml:space="preserve">{_escape(line)}</text>')
            y += step
        y += step * 0.4
    return "".join(parts), y


def _wrapped(text: str) -> list[str]:
    """At most `MAX_PANEL_LINES` lines that fit the panel, the last one ending in … where more follows."""
    room = (PANEL - 24) / FONT  # in ems
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line, used = "", 0.0
        for word in paragraph.replace("\t", "    ").split(" "):
            # Words longer than a line, as all of a Chinese paragraph, break anywhere.
            for piece in _pieces(word, room):
                width = _width(piece)
                if line and used + width > room:
                    lines.append(line.rstrip())
                    line, used = "", 0.0
                    if len(lines) > MAX_PANEL_LINES:
                        return [*lines[: MAX_PANEL_LINES - 1], lines[MAX_PANEL_LINES - 1] + " …"]
                line, used = line + piece, used + width
            line, used = line + " ", used + _width(" ")
        if line.strip():
            lines.append(line.rstrip())
        if len(lines) > MAX_PANEL_LINES:
            return [*lines[: MAX_PANEL_LINES - 1], lines[MAX_PANEL_LINES - 1] + " …"]
    return lines


def _pieces(word: str, room: float) -> list[str]:
    if _width(word) <= room / 3:
        return [word]
    return list(word)


def _width(text: str) -> float:
    """Estimate in ems: wide characters take one (Unicode Standard Annex 11), others somewhat over a half."""
    return sum(
        0.3 if sign == " " else 1.0 if unicodedata.east_asian_width(sign) in "WF" else 0.56 for sign in text
    )


def _escape(text: str) -> str:
    return html.escape(text, quote=True)
