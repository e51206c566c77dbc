"""Lists: passages that begin with a bullet or number, put together with their neighbours of the same kind."""

from __future__ import annotations

import numpy as np

from sampan.documents.layout.page_lines import PageLines
from sampan.documents.layout.passages import Passage

LEAST_ITEMS = 2
REACH = 1.5
"""White space between items, in line heights, that still holds a list together."""


def join_lists(passages: list[Passage], page: PageLines) -> list[Passage]:
    """Passages with each run of items replaced by one of kind `list`; `tags` untouched elsewhere."""
    order = sorted(
        range(len(passages)), key=lambda k: (passages[k].box[0] // (0.3 * page.width), passages[k].box[1])
    )
    used: set[int] = set()
    result: list[Passage] = []
    for position, k in enumerate(order):
        first = passages[k]
        if k in used or first.kind != "text" or first.marker is None:
            continue
        run = [k]
        for other in order[position + 1 :]:
            if other in used or passages[other].kind != "text":
                continue
            if _goes_on(passages[run[0]], passages[run[-1]], passages[other], page):
                if passages[other].marker is None and not _hangs(passages[run[-1]], passages[other], page):
                    break
                run.append(other)
        if _is_list([passages[r] for r in run]):
            used.update(run)
            result.append(_joined([passages[r] for r in run]))
    return result + [p for k, p in enumerate(passages) if k not in used]


def _goes_on(first: Passage, last: Passage, other: Passage, page: PageLines) -> bool:
    em = page.body_size
    gap = other.box[1] - last.box[3]
    near = -0.6 * page.line_height < gap < REACH * page.line_height
    same_column = other.box[0] > first.box[0] - 1.0 * em and other.box[0] < first.box[0] + 9 * em
    shares = other.box[0] < last.box[2] + em and other.box[2] > last.box[0]
    return bool(near and same_column and shares)


def _hangs(last: Passage, other: Passage, page: PageLines) -> bool:
    """A further paragraph of the last item: indented under its text."""
    return bool(last.marker is not None and other.box[0] > last.box[0] + 0.7 * page.body_size)


def _is_list(run: list[Passage]) -> bool:
    items = [p for p in run if p.marker is not None]
    certain = [p for p in items if p.marker is not None and p.marker.certain]
    if len(items) >= LEAST_ITEMS:
        return len(certain) > 0 or len({p.marker.text for p in items if p.marker}) == 1
    # One item alone: only with a true bullet, or a number and hanging lines.
    marker = items[0].marker
    if marker is None or not marker.certain:
        return False
    return not marker.ordered


def _joined(run: list[Passage]) -> Passage:
    boxes = np.array([p.box for p in run])
    first = run[0]
    return Passage(
        members=[i for p in run for i in p.members],
        box=np.r_[boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)],
        text="\n".join(p.text for p in run),
        text_size=first.text_size,
        bold=False,
        monospace=first.monospace,
        rows=sum(p.rows for p in run),
        marker=first.marker,
        column=first.column,
        kind="list",
    )
