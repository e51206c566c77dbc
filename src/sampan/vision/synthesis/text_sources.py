"""Real text in many languages that systems carry anyway: where it lies and how it is read.

Gettext catalogues hold the sentences that programs say, help pages and manuals hold prose, spelling dictionaries
and word lists hold words. All of it is found when the program runs; none of it is part of Sampan. The readers
give raw text, which `cleaning` turns into sentences.
"""

from __future__ import annotations

import gzip
import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Literal

from sampan.vision.synthesis.languages import Language

Kind = Literal["sentences", "words"]
SAMPLES = Path(__file__).parent / "samples"
SHARE = Path("/usr/share")
PACKAGES = (
    "iso-codes gnome-user-docs installation-guide-amd64 debian-handbook aptitude-doc-ru manpages-ru manpages-uk "
    "manpages-sr manpages-vi manpages-el hunspell-ru hunspell-uk hunspell-bg hunspell-sr hunspell-vi hunspell-el "
    "hunspell-ko"
)
"""Debian packages that are rich in text of the languages whose readers Sampan trains."""


@dataclass(frozen=True)
class Source:
    """One file, what it holds and how to read it."""

    path: Path
    kind: Kind
    reader: str

    def read(self) -> Iterator[str]:
        """Raw pieces of text; nothing if the file is broken."""
        try:
            yield from _READERS[self.reader](self.path)
        except (OSError, ValueError, EOFError, struct.error):
            return


def find_sources(language: Language, share: Path = SHARE) -> list[Source]:
    """What this system holds in a language, in a fixed order, with our own sample first."""
    sources = [
        Source(path, "sentences", "text") for path in (SAMPLES / f"{language.code}.txt",) if path.is_file()
    ]
    names = (language.code, *language.folders)
    for name in names:
        sources += _all(share / "locale" / name / "LC_MESSAGES", "*.mo", "sentences", "gettext")
        sources += _all(share / "help" / name, "**/*.page", "sentences", "markup")
        sources += _all(share / "help" / name, "**/*.docbook", "sentences", "markup")
        sources += _all(share / "man" / name, "man*/*.gz", "sentences", "roff")
        for tag in dict.fromkeys((name, name.replace("_", "-"))):
            for pattern in (f"*/{tag}/**/*.html*", f"*/html/{tag}/**/*.html*"):
                sources += _all(share / "doc", pattern, "sentences", "markup")
        sources += _all(share / "hunspell", f"{name}.dic", "words", "hunspell")
        sources += _all(share / "myspell" / "dicts", f"{name}.dic", "words", "hunspell")
    sources += _all(share / "dict", f"{language.name.lower()}*", "words", "text")
    if language.code == "en":
        sources += _all(share / "dict", "american-english", "words", "text")
    found: dict[Path, Source] = {}
    for source in sources:
        found.setdefault(source.path.resolve(), source)
    return list(found.values())


def _all(folder: Path, pattern: str, kind: Kind, reader: str) -> list[Source]:
    if not folder.is_dir():
        return []
    return [Source(path, kind, reader) for path in sorted(folder.glob(pattern)) if path.is_file()]


def _open(path: Path) -> str:
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return raw.decode("utf-8", "replace")


def _read_text(path: Path) -> Iterator[str]:
    yield from _open(path).splitlines()


def _read_gettext(path: Path) -> Iterator[str]:
    """The translations of a .mo file (GNU gettext manual, “The Format of GNU MO Files”)."""
    raw = path.read_bytes()
    order = {b"\xde\x12\x04\x95": "<", b"\x95\x04\x12\xde": ">"}.get(raw[:4])
    if order is None:
        return
    count, _, table = struct.unpack_from(f"{order}3I", raw, 8)
    for number in range(1, count):  # entry 0 is the header
        length, offset = struct.unpack_from(f"{order}2I", raw, table + 8 * number)
        text = raw[offset : offset + length].decode("utf-8", "replace")
        for form in text.split("\0"):  # plural forms
            yield _without_mnemonics(form)


def _without_mnemonics(text: str) -> str:
    """Menu texts without the `_` or `&` that underlines a letter."""
    return (
        re.sub(r"(?<!\w)[_&](?=\w)|(?<=\w)[_&](?=\w)", "", text)
        if text.count("_") + text.count("&") == 1
        else text
    )


_INLINE_TAGS = (
    "a abbr acronym app b cmd code command em emphasis file filename gui guiseq i key keyseq link literal media option "
    "productname quote small span strong sub sup systemitem tt u ulink var xref"
)
_CODE_TAGS = "script style pre code screen programlisting info head revision"


class _Prose(HTMLParser):
    """Text between tags, with a break wherever a block ends; code and styles are left out."""

    _INLINE = frozenset(_INLINE_TAGS.split())
    _SKIPPED = frozenset(_CODE_TAGS.split())

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._skipping = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        if tag in self._SKIPPED:
            self._skipping += 1
        if tag not in self._INLINE:
            self.parts.append("\n\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._SKIPPED and self._skipping:
            self._skipping -= 1
        if tag not in self._INLINE:
            self.parts.append("\n\n")

    def handle_data(self, data: str) -> None:
        if not self._skipping:
            self.parts.append(data)


def _read_markup(path: Path) -> Iterator[str]:
    prose = _Prose()
    prose.feed(_open(path))
    prose.close()
    for block in "".join(prose.parts).split("\n\n"):
        yield " ".join(block.split())


_ROFF_INLINE = re.compile(r"\\f(?:\[[^]]*\]|\(..|.)|\\[&:/,|^%]|\\s[+-]?\d|\\\*\[[^]]*\]")


def _read_roff(path: Path) -> Iterator[str]:
    """Paragraphs of a manual page: its lines without requests, font changes and escapes."""
    paragraph: list[str] = []
    literal = False
    for line in _open(path).splitlines():
        if line.startswith((".nf", ".EX", ".TS")):
            literal = True
        elif line.startswith((".fi", ".EE", ".TE")):
            literal = False
        elif line.startswith((".", "'")) or not line.strip():
            yield " ".join(paragraph)
            paragraph = []
        elif not literal:
            plain = _ROFF_INLINE.sub("", line).replace("\\-", "-").replace("\\(bu", "•").replace("\\ ", " ")
            if "\\" not in plain:
                paragraph.append(plain.strip())
    yield " ".join(paragraph)


def _read_hunspell(path: Path) -> Iterator[str]:
    """Stems of a spelling dictionary, without their affix flags; the .aff file beside names the encoding."""
    encoding = "utf-8"
    affixes = path.with_suffix(".aff")
    if affixes.is_file():
        named = re.search(rb"^\s*SET\s+(\S+)", affixes.read_bytes()[:4096], re.M)
        if named:
            encoding = named[1].decode("ascii", "replace").lower().replace("microsoft-", "")
    try:
        text = path.read_bytes().decode(encoding, "replace")
    except LookupError:
        return
    for line in text.splitlines()[1:]:
        yield line.partition("/")[0].partition("\t")[0].strip()


_READERS: dict[str, Callable[[Path], Iterator[str]]] = {
    "text": _read_text,
    "gettext": _read_gettext,
    "markup": _read_markup,
    "roff": _read_roff,
    "hunspell": _read_hunspell,
}
