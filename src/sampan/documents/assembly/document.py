"""The pages of one document together: running heads, levels of headings, what goes on over a break.

Rule for text that goes on in a later column or page: the *first* block holds the whole text, words divided by
the break made whole; each later block keeps its lines and box, has empty `text` and names the first one in
`continues`. Tables and lists that go on keep their own cells and items and name the block before in `continues`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from sampan.documents.assembly.joining import Vocabulary, join
from sampan.documents.layout.evidence import ends_sentence, is_page_number, section_depth
from sampan.documents.layout.page_lines import LINE_HEIGHT_PER_SIZE, natural_width, style_of
from sampan.documents.model import (
    Block,
    HeadingBlock,
    Line,
    ListBlock,
    Page,
    Style,
    TableBlock,
    TextBlock,
)

STRIP = 0.13
"""Height of the strips at the top and bottom, as part of the page, in which repeated text is furniture."""


def assemble_document(pages: Sequence[Page]) -> None:
    """Revise the blocks of all pages in place."""
    _mark_repeated(pages)
    _settle_levels(pages)
    vocabulary = Vocabulary(line.text for page in pages for block in page.blocks for line in block.lines)
    _continue_text(pages, vocabulary)
    _continue_tables_and_lists(pages)


def _mark_repeated(pages: Sequence[Page]) -> None:
    """Text that stands at about the same place at the edge of several pages, numbers aside, is furniture."""
    if len(pages) < 2:
        return
    seen: dict[tuple[str, bool, int], list[tuple[int, int]]] = {}
    for p, page in enumerate(pages):
        for b, block in enumerate(page.blocks):
            if (
                block.kind not in ("text", "heading", "title", "header", "footer", "page_number")
                or len(block.lines) > 2
            ):
                continue
            top = block.box[3] < STRIP * page.height
            if not top and block.box[1] < (1 - STRIP) * page.height:
                continue
            pattern = re.sub(r"\d+", "#", block.text.casefold()).strip()
            place = round(20 * (block.box[1] + block.box[3]) / page.height)
            for near in (place - 1, place, place + 1):
                seen.setdefault((pattern, top, near), []).append((p, b))
    for (pattern, top, _), places in seen.items():
        # Left and right pages alternate, so two of up to four pages must agree, or a third of many.
        if len({p for p, _ in places}) < max(2, 0.3 * len(pages)):
            continue
        for p, b in places:
            block = pages[p].blocks[b]
            kind = "header" if top else "footer"
            if is_page_number(block.text) and "#" in pattern:
                kind = "page_number"
            if block.kind == kind or block.kind == "page_number":
                continue
            pages[p].blocks[b] = TextBlock(
                kind=kind,  # type: ignore[arg-type]
                id=block.id,
                box=block.box,
                quad=block.quad,
                confidence=block.confidence,
                lines=block.lines,
                text=block.text,
            )
    for page in pages:
        for order, block in enumerate(
            b for b in page.blocks if b.kind not in ("header", "footer", "page_number")
        ):
            block.order = order


def _size(lines: Sequence[Line]) -> float:
    """Text size of a block: of its styles, or from the height of its lines and the width of their letters."""
    sizes = [style.size for line in lines if (style := style_of(line)) and style.size]
    if sizes or not lines:
        return float(np.median(sizes or [0.0]))
    return float(np.median([_apparent_size(line) for line in lines]))


def _apparent_size(line: Line) -> float:
    width, height = line.box[2] - line.box[0], line.box[3] - line.box[1]
    natural = natural_width(line.text)
    if natural < 4 or line.direction == "ttb" or width <= 0 or height <= 0:
        return height / LINE_HEIGHT_PER_SIZE
    return float((height / LINE_HEIGHT_PER_SIZE) ** 0.4 * (width / natural) ** 0.6)


def _style(block: Block) -> Style | None:
    return style_of(block.lines[0]) if block.lines else None


def _settle_levels(pages: Sequence[Page]) -> None:
    """Section numbers give levels directly; sizes and weight are ranked, and matched to numbers where both occur."""
    headings = [b for page in pages for b in page.blocks if isinstance(b, HeadingBlock)]
    if not headings:
        return
    styles = [_style(h) for h in headings]
    styled = all(style and style.size for style in styles)
    looks = np.array([_size(h.lines) for h in headings])
    grades = _cluster(looks, 1.04 if styled else 1.13)
    bold = [bool(style and style.bold) for style in styles]
    depths = [section_depth(h.text) for h in headings]
    classes = [(int(g), not b if styled else False) for g, b in zip(grades, bold, strict=True)]
    ranked = sorted(set(classes))
    numbered: dict[tuple[int, bool], list[int]] = {}
    for look, depth in zip(classes, depths, strict=True):
        if depth is not None:
            numbered.setdefault(look, []).append(depth)
    level_of: dict[tuple[int, bool], int] = {}
    for rank, look in enumerate(ranked):
        if look in numbered:
            level_of[look] = int(np.median(numbered[look]))
        else:
            level_of[look] = (level_of[ranked[rank - 1]] + 1) if rank else 1
    for heading, depth, look in zip(headings, depths, classes, strict=True):
        heading.level = min(max(depth or level_of[look], 1), 6)


def _cluster(values: np.ndarray, ratio: float) -> np.ndarray:
    """Number of each value's size class, 0 for the largest; neighbours that differ by `ratio` part classes."""
    order = np.argsort(-values, kind="stable")
    ordered = np.maximum(values[order], 1e-6)
    steps = np.r_[0, np.cumsum(ordered[:-1] / ordered[1:] > ratio)]
    grades = np.empty(len(values), dtype=np.intp)
    grades[order] = steps
    return grades


def _flow(pages: Sequence[Page]) -> list[tuple[int, Block]]:
    """Blocks that running text passes through, as (page position, block); floats and notes stand aside."""
    return [
        (p, block)
        for p, page in enumerate(pages)
        for block in page.blocks
        if block.order is not None
        and block.kind not in ("figure", "table", "caption", "footnote", "aside", "seal")
    ]


def _continue_text(pages: Sequence[Page], vocabulary: Vocabulary) -> None:
    first: dict[str, Block] = {}
    for (p, above), (q, below) in pairwise(_flow(pages)):
        if above.kind != "text" or below.kind != "text" or not above.lines or not below.lines:
            continue
        if not _breaks(above, below, p != q) or not _goes_on(above, below):
            continue
        head = first.get(above.id, above)
        head.text = join(head.text, below.text, vocabulary)
        below.text = ""
        below.continues = head.id
        first[below.id] = head


def _breaks(above: Block, below: Block, new_page: bool) -> bool:
    """Whether a column or page ends between two blocks."""
    return new_page or (
        below.box[1] < above.box[1] and (below.box[0] > above.box[2] - 1 or below.box[2] < above.box[0] + 1)
    )


def _goes_on(above: Block, below: Block) -> bool:
    """Whether the last sentence of one block runs on in the next."""
    last, start = above.lines[-1].text.rstrip(), below.lines[0].text.lstrip()
    if not last or not start or section_depth(start) is not None:
        return False
    sizes = _size(above.lines), _size(below.lines)
    if max(sizes) > 1.2 * min(sizes):
        return False
    if last[-1] in "-\u2010\u00ad" and last[-2:-1].isalpha():
        return start[0].isalpha()
    if ends_sentence(last):
        return False
    if start[0].islower():
        return True
    # Scripts without capitals, names and nouns: the last line must also reach the right edge.
    edge = max(line.box[2] for line in above.lines)
    full = edge - above.lines[-1].box[2] < 1.5 * (above.lines[-1].box[3] - above.lines[-1].box[1])
    return len(above.lines) >= 2 and full


def _continue_tables_and_lists(pages: Sequence[Page]) -> None:
    for before, after in pairwise(pages):
        last = next(
            (b for b in reversed(before.blocks) if b.order is not None and b.kind != "footnote"), None
        )
        first = next((b for b in after.blocks if b.order is not None), None)
        if isinstance(last, TableBlock) and isinstance(first, TableBlock):
            width = last.box[2] - last.box[0]
            same_place = (
                abs(last.box[0] - first.box[0]) < 0.03 * before.width
                and abs(last.box[2] - first.box[2]) < 0.03 * before.width + 0.05 * width
            )
            if same_place and last.table.columns == first.table.columns:
                first.continues = last.id
        if isinstance(last, ListBlock) and isinstance(first, ListBlock) and last.items and first.items:
            one, two = last.items[-1], first.items[0]
            if one.ordered == two.ordered and (
                not two.ordered or not re.fullmatch(r"\W*[1aAiI]\W*", two.marker)
            ):
                first.continues = last.id
