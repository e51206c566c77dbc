"""Lines into running text: spaces, scripts without them, hyphens that divide and hyphens that belong."""

from __future__ import annotations

import pytest

from sampan.documents.assembly.joining import Vocabulary, join_lines


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (["a boat", "on a river"], "a boat on a river"),
        (["meas-", "urement"], "measurement"),
        (["meas\u00ad", "urement"], "measurement"),
        (["co\u00adop", "erate"], "coop erate"),
        (["a well-", "known boat"], "a well-known boat"),
        (["state-of-the-", "art boats"], "state-of-the-art boats"),
        (["Franco-", "German"], "Franco-German"),
        (["1990-", "2000"], "1990-2000"),
        (["pause -", "then on"], "pause - then on"),
        (["小船在", "河上"], "小船在河上"),
        (["船は", "boat と"], "船は boat と"),
        (["한국어는", "띄어 쓴다"], "한국어는 띄어 쓴다"),
        (["", "alone", ""], "alone"),
        ([], ""),
    ],
)
def test_joining(lines: list[str], text: str) -> None:
    assert join_lines(lines) == text


def test_the_document_itself_decides_about_hyphens() -> None:
    assert join_lines(["a long-", "boat"], Vocabulary(["The longboat sank."])) == "a longboat"
    assert join_lines(["the re-", "sort"], Vocabulary(["to re-sort the list"])) == "the re-sort"
    # Half a word at a line's end is no evidence.
    assert join_lines(["the re-", "sort"], Vocabulary(["we re-", "the re-"])) == "the resort"
