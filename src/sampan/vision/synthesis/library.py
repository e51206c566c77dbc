"""Fonts and texts together: those of this system, or a folder of them gathered elsewhere.

A machine that trains often has no fonts and no texts. `Library.save` makes a folder with both, with their licences
noted, which travels there; it holds other people's files and is not for publication without looking at those.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sampan.errors import OutputError
from sampan.vision.synthesis.fonts import FontLibrary
from sampan.vision.synthesis.languages import language
from sampan.vision.synthesis.texts import TextLibrary


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

    def save(self, folder: Path, codes: Iterable[str]) -> None:
        """Writes the fonts that can spell any of `codes`, and the texts, below `folder`."""
        wanted = {
            face
            for code in codes
            for face in self.fonts.covering(language(code).alphabet[:200])
            if language(code).script == "hangul" or not face.east_asian
        }
        try:
            folder.mkdir(parents=True, exist_ok=True)
            FontLibrary(wanted).save(folder)
            self.texts.save(folder / "texts")
        except OSError as error:
            raise OutputError(f"{folder} cannot be written: {error.strerror}") from error
