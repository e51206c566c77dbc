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


@pytest.mark.parametrize("mark", ["'", "’"])
@pytest.mark.parametrize(
    ("head", "tail"),
    [
        ("au bord de l", "eau"),
        ("parce qu", "elle dort"),
        ("Jusqu", "ici"),
        ("puisqu", "on part"),
        ("il n", "y a rien"),
        ("et d", "Orléans"),
        ("L", "ÉTÉ"),
        ("(c", "était hier"),
        ("nous l", "avons vu"),
        ("il livello dell", "acqua"),
        ("fino all", "alba"),
        ("Nell", "anno"),
        ("dall", "alto"),
        ("sull", "argine"),
        ("è un", "altra barca"),
        ("quest", "anno"),
        ("quell", "uomo"),
        ("c", "è vento"),
    ],
)
def test_elided_words_hold_to_the_next_line(head: str, tail: str, mark: str) -> None:
    assert join_lines([head + mark, tail]) == head + mark + tail
    # Inside a paragraph too.
    assert join_lines(["Prima", head + mark, tail, "poi"]) == f"Prima {head}{mark}{tail} poi"


@pytest.mark.parametrize("mark", ["'", "’"])
@pytest.mark.parametrize(
    ("head", "tail"),
    [
        ("un po", "di pane"),
        ("a mo", "di esempio"),
        ("the boats", "crews"),
        ("James", "ferry"),
        ("he called it 'fine", "and left"),
        ("he wrote ‘meal", "and left"),
        ("the letters 's", "and others"),
        ("the letters ‘s", "and others"),
        ("he called it ‘un", "and left"),
        ("he chose the ‘hard sell", "and left"),
        ("in a ‘prison cell", "for a week"),
        ("rock 'n", "roll"),
        ("she couldn", "they said"),
        ("the seal", "of office"),
        ("l", "1914"),
        ("l", "«eau»"),
    ],
)
def test_other_marks_at_a_lines_end_keep_the_space(head: str, tail: str, mark: str) -> None:
    assert join_lines([head + mark, tail]) == f"{head}{mark} {tail}"


def test_elided_words_without_their_mark_are_words() -> None:
    assert join_lines(["fino all", "alba"]) == "fino all alba"
    assert join_lines(["du l", "eau"]) == "du l eau"
