"""Ranked search inside one document: Okapi BM25 over its passages, which are small chunks (`writers.chunks`).

Scores as in Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), §3.2, with the
inverse document frequency kept above zero. A passage counts with the headings above it, so that a
section is found by its title. Words are compared without case and accents; scripts written without spaces
are cut into single characters and pairs.
"""

from __future__ import annotations

import html
import math
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass

from sampan.documents.model import Document
from sampan.documents.writers.chunks import Chunk, chunks
from sampan.documents.writers.options import WriteOptions

K1 = 1.2
"""How soon more of the same word stops counting."""
B = 0.75
"""How much long passages are held back."""
HEADING_WEIGHT = 0.5
"""What a word in the headings above a passage counts, against one in the passage."""

_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u0e00-\u0e7f\U00020000-\U0003ffff"
_TOKEN = re.compile(rf"[{_UNSPACED}]+|[^\W_{_UNSPACED}]+")


_TAG = re.compile(r"(?<!\\)</?[a-z][^<>]*>")
"""Of tables that Markdown cannot express; a `<` of the document itself stands behind a backslash."""

PASSAGE_SIZE = 800
"""Characters of Markdown in one passage, at most."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage with its headings and places, and how well it fits."""

    passage: Chunk
    score: float


class Index:
    """An inverted index over the passages of a document."""

    def __init__(self, document: Document) -> None:
        self.passages = list(chunks(document, WriteOptions(chunk_size=PASSAGE_SIZE)))
        self._postings: dict[str, dict[int, float]] = {}
        self._lengths: list[int] = []
        for number, passage in enumerate(self.passages):
            weights: dict[str, float] = dict(Counter(tokens(html.unescape(_TAG.sub(" ", passage.text)))))
            self._lengths.append(int(sum(weights.values())))
            for heading in passage.headings:
                for token in tokens(heading):
                    weights[token] = weights.get(token, 0.0) + HEADING_WEIGHT
            for token, weight in weights.items():
                self._postings.setdefault(token, {})[number] = weight
        self._mean_length = sum(self._lengths) / max(len(self._lengths), 1)

    def search(self, query: str, limit: int = 5) -> list[Hit]:
        """The best passages for `query`, best first; of equals, the earlier one."""
        scores: dict[int, float] = {}
        for token in dict.fromkeys(tokens(query)):
            postings = self._postings.get(token, {})
            rarity = math.log(1.0 + (len(self.passages) - len(postings) + 0.5) / (len(postings) + 0.5))
            for number, weight in postings.items():
                length = 1.0 - B + B * self._lengths[number] / max(self._mean_length, 1.0)
                scores[number] = scores.get(number, 0.0) + rarity * weight * (K1 + 1.0) / (
                    weight + K1 * length
                )
        best = sorted(scores.items(), key=lambda item: (-item[1], item[0]))[:limit]
        return [Hit(self.passages[number], round(score, 4)) for number, score in best]


def tokens(text: str) -> list[str]:
    """Words of `text` as they are compared."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    # Marks are dropped and what they leave is composed again: Hangul and kana would else fall apart.
    bare = "".join(c for c in plain if not unicodedata.combining(c) or c in "\u3099\u309a")
    found: list[str] = []
    for match in _TOKEN.finditer(unicodedata.normalize("NFC", bare)):
        word = match.group()
        if re.match(rf"[{_UNSPACED}]", word):
            found += [*word, *(word[i : i + 2] for i in range(len(word) - 1))]
        else:
            found.append(word)
    return found
