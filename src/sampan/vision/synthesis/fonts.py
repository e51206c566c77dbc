"""The fonts of this machine: which there are, what they can draw, under which licence, and which are held out.

A font that lacks a character draws a box in its place (“tofu”), and a label that names the character would then
be a lie. So a text is set only in a face that covers it: the character map has each of its characters, the map
leads to a real glyph, and that glyph has ink (checked once per face and character, by drawing it). Fonts whose
small letters look like their capitals are left out, because their labels would be guesses.

Some families are held out: training never sees them nor their near relatives, so that a reader can be measured on
type that it does not know.
"""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from PIL import ImageFont

from sampan.errors import InputError, OptionError
from sampan.vision.synthesis import font_checks
from sampan.vision.synthesis.cache import cached_json
from sampan.vision.synthesis.packages import package_of

Split = Literal["train", "held-out", "all"]

HELD_OUT = (
    "DejaVu", "Bitstream Vera", "Verdana", "Noto Sans", "Noto Mono", "Open Sans", "Droid Sans", "Lato", "Carlito",
    "Caladea", "Cambo", "Fira", "PT Serif", "Vollkorn", "GFS Didot", "Comfortaa", "Courier Prime",
    "Nanum Gothic", "NanumGothic", "NanumBarunGothic", "UnBatang", "Un Batang",
    "WenQuanYi Micro Hei", "AR PL UKai", "VL Gothic", "VL PGothic",
)  # fmt: skip
"""Beginnings of the names of the families that training never uses.

They hold the families of the benchmark's test pages, with the near relatives of each: Open Sans and Droid Sans
share Noto Sans's letters, Carlito is Lato with other widths, DejaVu grew out of Bitstream Vera.
"""

EVERYDAY = (
    "Liberation", "Arimo", "Tinos", "Cousine", "FreeSans", "FreeSerif", "FreeMono", "Noto Serif", "Nimbus", "Roboto",
    "PT Sans", "Linux Libertine", "TeX Gyre", "Inter", "Source Sans", "Charis SIL", "Gentium", "C059", "P052",
    "Nanum", "Un", "Baekmuk",
)  # fmt: skip
"""Families like those that most documents are set in: drawn `EVERYDAY_WEIGHT` times as often as the others."""

EVERYDAY_WEIGHT = 3.0
MANIFEST = "fonts.json"
_SUFFIXES = (".ttf", ".otf", ".ttc", ".otc", ".woff", ".woff2", ".pfb")
_NOT_FOR_TEXT = re.compile(
    r"emoji|symbol|dingbat|ornament|music|math|barcode|keyboard|icons?\b|awesome|initials?\b|small ?caps|\bsc\b|caps\b"
    r"|capitals|lastresort|fallback|siyaq|outline|tifinagh|hieroglyph|powerline|ui\b.*mono|unifont|upper|slanted|triod",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class FontFace:
    """One face: a file and, in a collection, its place there."""

    path: Path
    index: int
    family: str
    style: str
    weight: int
    """100 thin … 400 regular … 900 black."""
    italic: bool
    mono: bool
    licence: str
    package: str
    """Debian package and version that brought it, or an empty string."""
    characters: frozenset[int] = field(repr=False, hash=False, compare=False)

    @property
    def name(self) -> str:
        return f"{self.family} {self.style}"

    @property
    def east_asian(self) -> bool:
        """Whether it has ideographs or Korean syllables; such fonts often draw Greek and Cyrillic a full em wide."""
        return 0x4E00 in self.characters or 0xAC00 in self.characters

    @property
    def held_out(self) -> bool:
        return held_out(self.family)

    def record(self) -> dict[str, Any]:
        """What a manifest says of the face."""
        return {
            "family": self.family, "style": self.style, "path": self.path.name, "index": self.index,
            "weight": self.weight, "italic": self.italic, "mono": self.mono, "package": self.package,
            "licence": self.licence, "held_out": self.held_out,
        }  # fmt: skip

    def covers(self, text: str) -> bool:
        """Whether each character of `text` is drawn with ink of its own (or is a space)."""
        return self.characters.issuperset(map(ord, text)) and font_checks.all_inked(
            self.path, self.index, text
        )

    def at(self, size: float) -> ImageFont.FreeTypeFont:
        """The face opened at `size` pixels per em; the last 256 (face, size) pairs stay open."""
        return open_face(self.path, self.index, round(size * 4))


@functools.lru_cache(maxsize=256)
def open_face(path: Path, index: int, quarters: int) -> ImageFont.FreeTypeFont:
    """A face of a font file at `quarters` of a pixel per em."""
    try:
        # The basic layout is FreeType's alone: one glyph per character, kerned by the font's own table.
        return ImageFont.truetype(str(path), quarters / 4, index=index, layout_engine=ImageFont.Layout.BASIC)
    except OSError as error:
        raise InputError(
            f"{path}: FreeType cannot open face {index} ({error}); leave the font out"
        ) from error


def held_out(family: str) -> bool:
    """Whether training never uses fonts of this family."""
    return family.startswith(HELD_OUT)


class FontLibrary:
    """Faces in an order that does not depend on the folder they lie in."""

    def __init__(self, faces: Iterable[FontFace]) -> None:
        self.faces: tuple[FontFace, ...] = tuple(
            sorted(faces, key=lambda face: (face.family, face.style, face.path.name, face.index))
        )

    @classmethod
    def find(cls, folders: Sequence[Path | str] | None = None, *, use_cache: bool = True) -> FontLibrary:
        """The faces for text in `folders` and below, by default where the system keeps fonts.

        What the font files say is remembered in Sampan's cache, because reading a thousand character maps takes
        half a minute. A file that cannot be read is passed over.
        """
        places = [Path(folder).expanduser() for folder in folders] if folders else system_folders()
        for place in places:
            if folders and not place.is_dir():
                raise OptionError(f"fonts folder {place} is not there: name a folder that exists")
        files = sorted({file for place in places for file in _font_files(place)})
        records = cached_json("fonts", 5, files, _read_file, use_cache)
        sets: dict[str, frozenset[int]] = {}
        faces = []
        seen: set[tuple[str, str, str]] = set()
        for file, record in zip(files, records, strict=True):
            for face in record:
                spans = face["characters"]
                mark = (face["family"], face["style"], spans)
                if mark in seen:  # the same face in a second file or format
                    continue
                seen.add(mark)
                if spans not in sets:
                    sets[spans] = _set_of(spans)
                faces.append(
                    FontFace(
                        **{
                            **face,
                            "path": file,
                            "characters": sets[spans],
                        }
                    )
                )
        return cls(faces)

    @classmethod
    def load(cls, folder: Path) -> FontLibrary:
        """What `save` wrote: nothing is scanned again."""
        manifest = folder / MANIFEST
        if not manifest.is_file():
            raise InputError(
                f"{folder} holds no {MANIFEST}: make the folder with `sampan synthesize library`"
            )
        sets: dict[str, frozenset[int]] = {}
        faces = []
        for row in json.loads(manifest.read_text("utf-8")):
            spans = row.pop("characters")
            row.pop("held_out")
            if spans not in sets:
                sets[spans] = _set_of(spans)
            faces.append(FontFace(**{**row, "path": folder / row["path"]}, characters=sets[spans]))
        return cls(faces)

    def save(self, folder: Path) -> None:
        """Copies the font files below `folder/fonts` and writes a manifest with licences, for other machines."""
        rows = []
        for face in self.faces:
            place = Path("fonts") / face.path.parent.name / face.path.name
            (folder / place).parent.mkdir(parents=True, exist_ok=True)
            if not (folder / place).exists():
                shutil.copyfile(face.path, folder / place)
            rows.append({**face.record(), "path": place.as_posix(), "characters": _spans_of(face.characters)})
        (folder / MANIFEST).write_text(
            json.dumps(rows, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
        )

    def split(self, split: Split) -> FontLibrary:
        """The faces for training, the held-out ones, or all."""
        if split == "all":
            return self
        return FontLibrary(face for face in self.faces if face.held_out == (split == "held-out"))

    def covering(self, text: str) -> FontLibrary:
        """The faces that have a glyph for every character of `text`."""
        wanted = frozenset(map(ord, text))
        return FontLibrary(face for face in self.faces if wanted <= face.characters)

    @functools.cached_property
    def families(self) -> dict[str, tuple[FontFace, ...]]:
        found: dict[str, list[FontFace]] = {}
        for face in self.faces:
            found.setdefault(face.family, []).append(face)
        return {family: tuple(faces) for family, faces in found.items()}

    def __len__(self) -> int:
        return len(self.faces)

    def __iter__(self) -> Iterator[FontFace]:
        return iter(self.faces)


def system_folders() -> list[Path]:
    """Where this platform keeps fonts; `$SAMPAN_FONTS` (folders parted as in `$PATH`) comes instead if set."""
    chosen = os.environ.get("SAMPAN_FONTS")
    if chosen:
        return [Path(part).expanduser() for part in chosen.split(os.pathsep) if part]
    if sys.platform == "win32":
        return [Path(os.environ.get("WINDIR", r"C:\Windows")) / "Fonts"]
    home = Path.home()
    if sys.platform == "darwin":
        return [Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library" / "Fonts"]
    return [
        Path("/usr/share/fonts"),
        Path("/usr/local/share/fonts"),
        home / ".local/share/fonts",
        home / ".fonts",
    ]


def _font_files(place: Path) -> Iterator[Path]:
    if not place.is_dir():
        return
    for folder, _, names in os.walk(place):
        for name in names:
            file = Path(folder) / name
            if file.suffix.lower() in _SUFFIXES and not file.is_symlink():
                yield file


def _read_file(path: Path) -> list[dict[str, Any]]:
    """What each face of the file says of itself; faces that are not for text are left out."""
    records = []
    for index, font in enumerate(font_checks.tables(path)):
        record = font_checks.describe(font)
        if record is None or _NOT_FOR_TEXT.search(f"{record['family']} {record['style']}"):
            continue
        if not font_checks.has_letter_shapes(path, index):
            continue
        if not font_checks.has_two_cases(path, index, record["characters"]):
            continue
        package = package_of(path)
        record |= {
            "index": index,
            "characters": _spans_of(record["characters"]),
            "licence": record["licence"] or package.licence,
            "package": package.label,
        }
        records.append(record)
    return records


def _spans_of(characters: Iterable[int]) -> str:
    """Code points as `65-90,97-122`."""
    spans: list[list[int]] = []
    for code in sorted(characters):
        if spans and code == spans[-1][1] + 1:
            spans[-1][1] = code
        else:
            spans.append([code, code])
    return ",".join(f"{first}-{last}" for first, last in spans)


def _set_of(spans: str) -> frozenset[int]:
    parts = (span.split("-") for span in spans.split(",") if span)
    return frozenset(code for first, last in parts for code in range(int(first), int(last) + 1))
