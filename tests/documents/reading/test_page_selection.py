from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampan.documents.reading.page_selection import select_pages
from sampan.errors import OptionError


def test_ranges_numbers_and_open_ends() -> None:
    assert select_pages(None, 3) == [1, 2, 3]
    assert select_pages("1-3,7,10-", 12) == [1, 2, 3, 7, 10, 11, 12]
    assert select_pages(" 5 , -2 ", 5) == [1, 2, 5]
    assert select_pages("3,1,3", 3) == [1, 3]


@pytest.mark.parametrize(
    "selection", ["", "0", "4", "2-9", "3-1", "a", "1,,2", "-", "1 2", "1--2", "1.5", "٣", "9" * 30]
)
def test_what_does_not_fit_is_refused_by_name(selection: str) -> None:
    with pytest.raises(OptionError, match="pages"):
        select_pages(selection, 3)


@given(st.integers(1, 60).flatmap(lambda n: st.tuples(st.just(n), st.sets(st.integers(1, n), min_size=1))))
def test_any_set_of_pages_can_be_written_and_read_back(case: tuple[int, set[int]]) -> None:
    total, pages = case
    parts, wanted = [], sorted(pages)
    while wanted:
        first = last = wanted.pop(0)
        while wanted and wanted[0] == last + 1:
            last = wanted.pop(0)
        parts.append(str(first) if first == last else f"{first}-{'' if last == total else last}")
    assert select_pages(",".join(reversed(parts)), total) == sorted(pages)


@given(st.text(max_size=12), st.integers(1, 20))
def test_any_text_gives_pages_or_an_option_error(selection: str, total: int) -> None:
    try:
        pages = select_pages(selection, total)
    except OptionError:
        return
    assert pages == sorted(set(pages)) and pages and pages[0] >= 1 and pages[-1] <= total
