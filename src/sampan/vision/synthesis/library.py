"""Fonts and texts together: those of this system, or a folder of them gathered elsewhere.

A machine that trains often has no fonts and no texts. `Library.save` makes a folder with both, with their licences
noted, which travels there; it holds other people's files and is not for publication without looking at those.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sampan.errors import OutputError
from sampan.vision.synthesis.fonts import EVERYDAY, FontFace, FontLibrary
from sampan.vision.synthesis.texts import TextLibrary
from sampan.vision.synthesis.typefaces import able


@dataclass
class Library:
    fonts: FontLibrary
    texts: TextLibrary

    @classmethod
    def open(cls, codes: Iterable[str], folder: Path | None = None) -> Library:
        """What `folder` holds, else what the system has for the languages `codes` and for English."""
        if folder is not None:
            folder = Path(folder).expanduser()
            return cls(FontLibrary.load(folder), TextLibrary.load(folder / "texts"))
        return cls(FontLibrary.find(), TextLibrary.gather([*codes, "en"]))

    def save(self, folder: Path, codes: Iterable[str], megabytes: float | None = None) -> None:
        """Writes the texts, and the fonts that can spell any of `codes`, below `folder`.

        With `megabytes`, only as many font files as fit: of each family first a text face, then its bold and its
        italic, everyday families before the others and small files before large ones.
        """
        wanted = list(dict.fromkeys(face for code in codes for face in able(self.fonts, code)))
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self.texts.save(folder / "texts")
            FontLibrary(wanted if megabytes is None else _within(wanted, megabytes * 1e6)).save(folder)
        except OSError as error:
            raise OutputError(f"{folder} cannot be written: {error.strerror}") from error


def _within(faces: list[FontFace], room: float) -> list[FontFace]:
    """Faces whose files take no more than `room` bytes together."""
    families: dict[str, list[FontFace]] = {}
    for face in faces:
        families.setdefault(face.family, []).append(face)
    ranked: list[tuple[int, bool, int, FontFace]] = []
    for members in families.values():
        # Upright regular, upright bold, italic regular, and then the rest.
        order = sorted(members, key=lambda face: (2 * face.italic + abs(face.weight - 400) / 400, face.style))
        for rank, face in enumerate(order):
            ranked.append((rank, not face.family.startswith(EVERYDAY), face.path.stat().st_size, face))
    kept: dict[Path, int] = {}
    for _, _, size, face in sorted(ranked, key=lambda entry: (*entry[:3], entry[3].name)):
        if face.path not in kept and sum(kept.values()) + size <= room:
            kept[face.path] = size
    return [face for face in faces if face.path in kept]
