"""Which blocks of a page stand in columns: told by the reading order, which jumps up at the end of a column.

The document model has no columns. Where a block begins beside the blocks before it and above their end, these
and what follows are columns, until a block reaches across.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sampan.documents.geometry.boxes import union_box
from sampan.documents.model import Block, Box, Page

MAX_COLUMNS = 4
LEAST_WIDTH = 0.12
"""Of a column, as a part of the page's width; `LEAST_HEIGHT` of its height: less is a label beside something."""
LEAST_HEIGHT = 0.05
LEAST_START = 0.05
"""Width of the first block of a column, as a part of the page's."""
TOLERANCE = 0.01

_TEXT = ("text", "heading", "list", "reference", "code")


@dataclass(frozen=True, slots=True)
class Run:
    """Blocks in reading order, from `start` to before `end`, in so many columns side by side."""

    start: int
    end: int
    columns: int
    rtl: bool = False
    """Whether the first column is the rightmost."""


def column_runs(page: Page, blocks: Sequence[Block]) -> list[Run]:
    """The blocks of a page cut into runs of equal numbers of columns; runs of one number are one."""
    finder = _Finder(page, blocks)
    for index in range(len(blocks)):
        finder.add(index)
    finder.close()
    merged: list[Run] = []
    for run in finder.runs:
        last = merged[-1] if merged else None
        if last is not None and (last.columns, last.rtl) == (run.columns, run.rtl):
            merged[-1] = Run(last.start, run.end, run.columns, run.rtl)
        else:
            merged.append(run)
    return merged


class _Finder:
    def __init__(self, page: Page, blocks: Sequence[Block]) -> None:
        self._page = page
        self._blocks = blocks
        self._columns: list[list[int]] = []
        self._rtl = False
        self.runs: list[Run] = []

    def add(self, index: int) -> None:
        if not self._columns:
            self._columns = [[index]]
            return
        for rtl in (False, True):
            beside = self._beside(index, rtl)
            # A word that was set apart at the end of a line begins no column.
            if not beside or not self._is_column(beside) or self._width(index) < LEAST_START:
                continue
            several = len(self._columns) > 1
            if several and rtl == self._rtl and len(beside) == len(self._columns[-1]):
                self._columns.append([index])
                return
            # What stands before the column's first block reaches over both columns or above them.
            self._columns[-1] = self._columns[-1][: -len(beside)]
            self.close()
            self._columns, self._rtl = [beside, [index]], rtl
            return
        if len(self._columns) > 1 and not self._beside_all(self._columns[-2], index):
            self.close()
        if self._columns:
            self._columns[-1].append(index)
        else:
            self._columns = [[index]]

    def close(self) -> None:
        """Note what has been collected as a run, in columns if these are wide, high and hold text."""
        columns = [column for column in self._columns if column]
        self._columns = []
        if not columns:
            return
        start, end = columns[0][0], columns[-1][-1] + 1
        if 1 < len(columns) <= MAX_COLUMNS and all(map(self._is_column, columns)):
            self.runs.append(Run(start, end, len(columns), self._rtl))
        else:
            self.runs.append(Run(start, end, 1))

    def _beside(self, index: int, rtl: bool) -> list[int]:
        """The last blocks of the last column that stand wholly beside the block, if it begins above their end."""
        column = self._columns[-1]
        count = 0
        while count < len(column) and self._is_beside(column[-1 - count], index, rtl):
            count += 1
        found = column[len(column) - count :]
        above = found and self._box(index)[1] < max(self._box(other)[3] for other in found)
        return found if above else []

    def _beside_all(self, column: Sequence[int], index: int) -> bool:
        return all(self._is_beside(other, index, self._rtl) for other in column)

    def _is_beside(self, first: int, second: int, rtl: bool) -> bool:
        left, right = (self._box(second), self._box(first)) if rtl else (self._box(first), self._box(second))
        narrower = min(left[2] - left[0], right[2] - right[0])
        return left[2] - right[0] <= min(TOLERANCE * self._page.width, 0.3 * narrower)

    def _is_column(self, column: Sequence[int]) -> bool:
        x0, y0, x1, y1 = union_box([self._box(index) for index in column])
        return (
            x1 - x0 >= LEAST_WIDTH * self._page.width
            and y1 - y0 >= LEAST_HEIGHT * self._page.height
            and any(self._blocks[index].kind in _TEXT for index in column)
        )

    def _width(self, index: int) -> float:
        x0, _, x1, _ = self._box(index)
        return (x1 - x0) / self._page.width

    def _box(self, index: int) -> Box:
        return self._blocks[index].box
