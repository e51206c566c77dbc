"""Captions are bound to the nearest figure, table or listing of the kind they name."""

from __future__ import annotations

from collections.abc import Sequence

from sampan.documents.layout.evidence import caption_subject
from sampan.documents.model import Block, Box, CaptionBlock, CodeBlock, FigureBlock, TableBlock


def bind_captions(blocks: Sequence[Block]) -> None:
    """Set `caption_of` of captions and `captions` of what they belong to."""
    targets = [b for b in blocks if isinstance(b, FigureBlock | TableBlock | CodeBlock)]
    free = list(targets)
    for caption in blocks:
        if not isinstance(caption, CaptionBlock):
            continue
        reach = 3.0 * (caption.box[3] - caption.box[1]) / max(len(caption.lines), 1)
        for candidates in (free, targets):
            boxes = [target.box for target in candidates]
            found = nearest_subject(caption.text, caption.box, [t.kind for t in candidates], boxes, reach)
            if found is not None:
                target = candidates[found]
                caption.caption_of = target.id
                target.captions.append(caption.text)
                free = [t for t in free if t is not target]
                break


def nearest_subject(
    text: str, box: Box, kinds: Sequence[str], boxes: Sequence[Box], reach: float
) -> int | None:
    """Index of the figure, table or listing that a caption belongs to, or None if there is none within reach.

    The kind that the caption names goes before the others.
    """
    subject = caption_subject(text)
    near = [
        (kinds[k] != subject, _distance(box, other), k)
        for k, other in enumerate(boxes)
        if kinds[k] in ("figure", "table", "code") and _distance(box, other) < reach
    ]
    return min(near)[2] if near else None


def _distance(caption: Box, target: Box) -> float:
    """White space between two boxes; beside each other counts more than above or below."""
    across = max(target[0] - caption[2], caption[0] - target[2], 0.0)
    down = max(target[1] - caption[3], caption[1] - target[3], 0.0)
    return 2.0 * across + down
