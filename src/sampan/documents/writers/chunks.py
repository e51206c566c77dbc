"""Markdown in chunks for retrieval: JSON Lines, each with its heading path and where it stands on which pages.

A chunk never mixes sections: every heading begins a new one, headings with nothing below them stay with what
follows. `chunk_size` is in characters of Markdown; only a table row longer than that makes a longer chunk.
With `chunk_overlap` a chunk that goes on in the same section begins with the end of the one before.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sampan.documents.model import Block, Document, HeadingBlock
from sampan.documents.writers.characters import one_line
from sampan.documents.writers.chunk_pieces import Piece, Pieces
from sampan.documents.writers.flow import Flow, Passage
from sampan.documents.writers.options import WriteOptions
from sampan.documents.writers.places import Place, Places

GLUE = "\n\n"


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a document to be found by itself."""

    text: str
    headings: tuple[str, ...]
    """The title and headings above it, outermost first; those that it begins with are among them."""
    places: tuple[Place, ...]

    @property
    def pages(self) -> list[int]:
        return sorted({place.page for place in self.places})


def render(document: Document, figures: Mapping[str, str], options: WriteOptions) -> str:  # noqa: ARG001
    sizes = {page.number: page for page in document.pages}
    lines = []
    for index, chunk in enumerate(chunks(document, options)):
        record = {
            "index": index,
            "text": chunk.text,
            "headings": list(chunk.headings),
            "pages": chunk.pages,
            "places": [
                {
                    "page": place.page,
                    "block": one_line(place.block),
                    "kind": place.kind,
                    "box": [round(value, 2) for value in place.box],
                    "page_size": [round(sizes[place.page].width, 2), round(sizes[place.page].height, 2)],
                }
                for place in chunk.places
            ],
            "source": one_line(document.source.name),
            "sha256": document.source.sha256,
        }
        lines.append(json.dumps(record, ensure_ascii=False) + "\n")
    return "".join(lines)


def chunks(document: Document, options: WriteOptions | None = None) -> Iterator[Chunk]:
    """The document in chunks, in reading order."""
    return _Chunker(document, options or WriteOptions()).run()


class _Chunker:
    def __init__(self, document: Document, options: WriteOptions) -> None:
        self._flow = Flow(document, options.furniture)
        self._size, self._overlap = options.chunk_size, options.chunk_overlap
        # What goes on in the next chunk must find room beside the overlap.
        room = self._size - (self._overlap + len(GLUE) if self._overlap else 0)
        self._cut = Pieces(Places(document), room, self._flow.heading_shift)
        self._path: list[tuple[int, str]] = []
        self._pending: list[Piece] = []
        self._repeated = 0
        """How many of the first pending pieces the chunk before has said already."""

    def run(self) -> Iterator[Chunk]:
        for _, passages in self._flow.pages():
            for passage in passages:
                yield from self._add(passage)
        yield from self._end()

    def _add(self, passage: Passage) -> Iterator[Chunk]:
        level = _level(passage.block)
        if level is not None:
            if not self._only_headings():
                yield from self._end()
            text = one_line(passage.block.text)
            self._path = [*(above for above in self._path if above[0] < level), (level, text)]
        for piece in self._cut.of(passage, self._first_room()):
            if self._pending and (piece.goes_on is not None or len(piece.text) > self._room()):
                yield from self._end(goes_on=level is None)
                if self._pending and len(piece.text) > self._room():
                    self._pending, self._repeated = [], 0
            self._pending.append(piece)

    def _first_room(self) -> int:
        """Room for the beginning of what does not fit into one chunk, or for something whole."""
        room = self._room()
        # Rather a shorter chunk than a paragraph in two; but headings do not stand alone.
        if self._pending and self._only_headings() and 3 * room > self._size:
            return room
        return self._size if room == self._size else self._cut.size

    def _room(self) -> int:
        return self._size - (len(_joined(self._pending)) + len(GLUE) if self._pending else 0)

    def _only_headings(self) -> bool:
        return all(piece.is_heading for piece in self._pending)

    def _end(self, goes_on: bool = False) -> Iterator[Chunk]:
        pieces, repeated = self._pending, self._repeated
        self._pending, self._repeated = [], 0
        if len(pieces) == repeated:
            return
        yield Chunk(
            _joined(pieces),
            tuple(text for _, text in self._path if text),
            tuple(dict.fromkeys(place for piece in pieces for place in piece.places)),
        )
        if goes_on and self._overlap:
            self._pending = _tails(pieces, self._overlap)
            self._repeated = len(self._pending)


def _joined(pieces: list[Piece]) -> str:
    text = ""
    for piece in pieces:
        between = GLUE if piece.goes_on is None else piece.goes_on
        text = f"{text}{between}{piece.text}" if text else piece.text
    return text


def _level(block: Block) -> int | None:
    """How deep a heading is, a title being above all; None for everything else."""
    return block.level if isinstance(block, HeadingBlock) else 0 if block.kind == "title" else None


def _tails(pieces: list[Piece], limit: int) -> list[Piece]:
    """The ends of the last pieces, together at most `limit` characters long."""
    found: list[Piece] = []
    for piece in reversed(pieces):
        tail = piece.tail(limit)
        if tail is None:
            break
        if tail.text != piece.text:
            found.insert(0, tail)
            break
        found.insert(0, piece)
        limit -= len(piece.text) + len(GLUE)
    return found
