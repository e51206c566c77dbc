"""Lines → running text: spaces between words, none between Chinese or Japanese characters, hyphens undone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from sampan.documents.layout.evidence import is_cjk

SOFT_HYPHEN = "\u00ad"
_HYPHENS = "-\u2010\u00ad"
_BROKEN = re.compile(rf"(?P<head>[^\W\d_]{{2,}})[{_HYPHENS}]$")
_WORD = re.compile(r"[^\W\d_]+")
_COMPOUND = re.compile(r"[^\W\d_]+(?:[-\u2010][^\W\d_]+)+")


class Vocabulary:
    """Words and hyphenated compounds that the document itself uses: evidence for or against a hyphen."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self.words: set[str] = set()
        self.compounds: set[str] = set()
        for text in texts:
            # The last word of a line may be half a word.
            inner = text.rstrip()
            if inner[-1:] in _HYPHENS:
                inner = inner.rpartition(" ")[0]
            self.words.update(word.lower() for word in _WORD.findall(inner))
            self.compounds.update(word.lower().replace("\u2010", "-") for word in _COMPOUND.findall(inner))


def join_lines(texts: Sequence[str], vocabulary: Vocabulary | None = None) -> str:
    """One string from the texts of consecutive lines."""
    joined = ""
    for text in texts:
        joined = join(joined, text.strip(), vocabulary)
    return joined.replace(SOFT_HYPHEN, "")


def join(head: str, tail: str, vocabulary: Vocabulary | None = None) -> str:
    """Two pieces of running text across a line break."""
    if not head or not tail:
        return head or tail
    broken = _BROKEN.search(head)
    if head.endswith(SOFT_HYPHEN):
        return head[:-1] + tail
    if broken and tail[0].isalpha():
        return head[: -1 if _drops_hyphen(broken.group("head"), tail, head, vocabulary) else None] + tail
    if head[-1] in _HYPHENS and len(head) > 1 and head[-2].isalnum() and tail[0].isalnum():
        return head + tail
    if is_cjk(head[-1]) and is_cjk(tail[0]):
        return head + tail
    if tail[0].isalpha() and _ELIDED.search(head):
        return head + tail
    if head[-1] in "/" and len(head) > 1 and not head[-2].isspace():
        return head + tail
    return f"{head} {tail}"


def _drops_hyphen(last: str, tail: str, head: str, vocabulary: Vocabulary | None) -> bool:
    """Whether the hyphen at the line's end only divides a word."""
    following = _WORD.match(tail)
    first = following.group() if following else ""
    if not first or first[0].isupper():
        # "Franco-/German", "X-/Ray": printers do not divide before a capital.
        return bool(last.isupper() and first.isupper() and len(first) > 1 and len(last) > 3)
    whole, compound = (last + first).lower(), f"{last}-{first}".lower()
    if vocabulary is not None and whole in vocabulary.words:
        return True
    if vocabulary is not None and compound in vocabulary.compounds:
        return False
    # "state-of-the-/art": a chain of hyphens goes on.
    chain = re.search(rf"[^\W\d_][{_HYPHENS}]{last}[{_HYPHENS}]$", head) is not None
    return not chain and last.lower() not in _PREFIXES_KEPT


_ELIDED = re.compile(
    r"(?:^|[^\w'’‘])(?:[cdjlmnst]|(?:jus|lors|puis|quoi|presque|quel)?qu|d?all|dell|nell|sull|coll|quell|un|gl|quest)['’]$",
    re.IGNORECASE,
)
"""French and Italian words that lost their last vowel to the next word's first, at a line's end."""
_PREFIXES_KEPT = frozenset(
    [
        "well",
        "self",
        "ex",
        "non",
        "all",
        "cross",
        "high",
        "low",
        "long",
        "short",
        "full",
        "half",
        "semi",
        "quasi",
        "so",
        "left",
        "right",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "one",
        "first",
        "second",
        "third",
        "real",
        "open",
        "large",
        "small",
        "state",
        "old",
        "new",
        "mid",
        "single",
        "multi",
        "end",
        "top",
        "bottom",
        "easy",
        "hard",
        "fast",
        "slow",
        "free",
        "best",
        "better",
    ]
)
"""First parts of English compounds that keep their hyphen more often than they are cut in half."""
