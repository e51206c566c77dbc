"""Random tables with spans, for the property tests of this folder."""

from __future__ import annotations

from hypothesis import strategies as st

from sampan.documents.model import Cell, Table

TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp", "Cn", "Co")), max_size=6
)


@st.composite
def tables(
    draw: st.DrawFn, max_rows: int = 6, max_columns: int = 6, text: st.SearchStrategy[str] = TEXT
) -> Table:
    """A fully covered grid; spans are drawn greedily in row-major order, so they never overlap."""
    rows = draw(st.integers(1, max_rows))
    columns = draw(st.integers(1, max_columns))
    taken: set[tuple[int, int]] = set()
    cells = []
    for row in range(rows):
        for column in range(columns):
            if (row, column) in taken:
                continue
            width = 1
            limit = draw(st.integers(1, 3)) if draw(st.integers(0, 3)) == 0 else 1
            while width < limit and column + width < columns and (row, column + width) not in taken:
                width += 1
            height = draw(st.integers(1, min(3, rows - row))) if draw(st.integers(0, 3)) == 0 else 1
            cell = Cell(row=row, column=column, row_span=height, column_span=width, text=draw(text))
            taken.update(cell.slots())
            cells.append(cell)
    return Table(rows=rows, columns=columns, cells=cells)


def shape(table: Table) -> list[tuple[int, int, int, int, str]]:
    """What a table says, without boxes and confidences."""
    return [(c.row, c.column, c.row_span, c.column_span, c.text) for c in table.cells]
