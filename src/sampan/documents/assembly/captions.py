"""Captions are bound to the nearest figure, table or listing of the kind they name."""

from __future__ import annotations

from collections.abc import Sequence

from sampan.documents.layout.evidence import caption_subject
from sampan.documents.model import Block, Box, CaptionBlock, CodeBlock, FigureBlock, TableBlock


def bind_captions(blocks: Sequence[Block]) -> None:
    """Set `caption_of` of captions and `captions` of what they belong to."""
    targets = [b for b in blocks if isinstance(b, FigureBlock | TableBlock | CodeBlock)]
    taken: set[str] = set()
    for caption in blocks:
        if not isinstance(caption, CaptionBlock):
            continue
        subject = caption_subject(caption.text)
        fitting = [t for t in targets if t.kind == subject] or targets
        ranked = sorted(fitting, key=lambda t: (t.id in taken, _distance(caption.box, t.box)))
        height = caption.box[3] - caption.box[1]
        reach = max(4.0 * height / max(len(caption.lines), 1), height)
        if ranked and _distance(caption.box, ranked[0].box) < reach:
            target = ranked[0]
            taken.add(target.id)
            caption.caption_of = target.id
            target.captions.append(caption.text)


def _distance(caption: Box, target: Box) -> float:
    """White space between two boxes; beside each other counts more than above or below."""
    across = max(target[0] - caption[2], caption[0] - target[2], 0.0)
    down = max(target[1] - caption[3], caption[1] - target[3], 0.0)
    return 2.0 * across + down
