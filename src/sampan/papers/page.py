"""`docs/papers.md`, made from the register, so that the page and the data cannot disagree."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from sampan.papers.register import Paper, Register

ROOMS = {
    "documents": "Reading documents",
    "vision": "Vision",
    "language": "Language",
    "graphs": "Graphs",
    "proteins": "Proteins",
    "training": "Training",
    "inference": "Inference",
    "distributed": "Distributed training",
    "compilers": "Compilers",
}
"""Rooms in the order of the house, with their headings."""

HEAD = """\
<!-- Made by `sampan papers --markdown`; edit src/sampan/papers/register.yaml instead. -->

# The papers

Sampan is the research line of the PaddlePaddle group as one PyTorch library: {count} papers, each of which
becomes a component. This page says how far each one has come: {planned} are planned, {partial} work in part,
{done} are done. A claim is the paper's own; what was measured here stands beside it once there is something
to measure.
"""


def markdown(register: Register) -> str:
    """The whole page."""

    def count(state: str) -> int:
        return sum(paper.state == state for paper in register.papers)

    def room(paper: Paper) -> int:
        return list(ROOMS).index(paper.room.partition("/")[0])

    sections = [
        HEAD.format(
            count=len(register.papers),
            planned=count("planned"),
            partial=count("partial"),
            done=count("done"),
        )
    ]
    in_order = sorted(register.papers, key=lambda paper: (room(paper), paper.subject.lower()))
    for _, papers in groupby(in_order, key=room):
        members = list(papers)
        sections.append(f"## {ROOMS[members[0].room.partition('/')[0]]}\n\n{_table(members)}")
    sections.append(
        "## Yardsticks\n\nNot one of the papers, but what they are measured with.\n\n"
        + _table(register.yardsticks)
    )
    return "\n".join(sections)


def _table(papers: Iterable[Paper]) -> str:
    rows = ["| paper | claim | where | state |", "|---|---|---|---|"]
    for paper in papers:
        published = paper.venue or f"arXiv {paper.year}"
        state = paper.state if paper.here is None else f"**{paper.state}**: {paper.here}"
        rows.append(
            f"| **{paper.subject}**<br>[{paper.title}]({paper.url}), {published}<br>code: {paper.licence} "
            f"| {paper.claim} | `{paper.room}` | {state} |"
        )
    return "\n".join(rows) + "\n"
