"""The written texts, divided between the splits, with their figures filled in from the seed.

Sections take turns: even ones belong to `dev`, odd ones to `test`; so do list entries, captions and names.
"""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any

import numpy as np
import yaml

LATIN = ("en", "de", "fr", "it", "es", "pt")
_MONTHS = {
    "en": ["January", "March", "April", "June", "September", "October"],
    "de": ["Januar", "März", "April", "Juni", "September", "Oktober"],
    "fr": ["janvier", "mars", "avril", "juin", "août", "décembre"],
    "it": ["gennaio", "marzo", "aprile", "giugno", "agosto", "ottobre"],
    "es": ["enero", "marzo", "abril", "junio", "agosto", "octubre"],
    "pt": ["janeiro", "março", "abril", "junho", "agosto", "outubro"],
}


@functools.cache
def _load(language: str) -> dict[str, Any]:
    path = Path(__file__).parent / "texts" / f"{language}.yaml"
    loaded: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return loaded


class Texts:
    """Hands out text of one language for one document; no paragraph twice until all have been used."""

    def __init__(self, language: str, split: str, rng: np.random.Generator) -> None:
        self.language, self.rng = language, rng
        self._data = _load(language)
        self._half = 0 if split == "dev" else 1
        sections = self._share(self._data["sections"])
        self._sections = [sections[i] for i in rng.permutation(len(sections))]
        self._next = 0

    def _share(self, entries: list[Any]) -> list[Any]:
        share = entries[self._half :: 2]
        return share or entries

    def _pick(self, entries: list[Any]) -> Any:
        share = self._share(entries)
        return share[int(self.rng.integers(len(share)))]

    def title(self) -> str:
        return str(self._pick(self._data["titles"]))

    def author(self) -> str:
        return str(self._pick(self._data["authors"]))

    def header(self) -> str:
        return str(self._pick(self._data["headers"]))

    def abstract(self) -> str:
        return self.fill(self._data["abstract"])

    def section(self) -> tuple[str, list[str]]:
        """Heading and paragraphs of the next section."""
        entry = self._sections[self._next % len(self._sections)]
        self._next += 1
        return str(entry["heading"]), [self.fill(text) for text in entry["paragraphs"]]

    def list(self) -> tuple[str, list[tuple[str, int]]]:
        """Introduction and (text, level) of the items of a list."""
        entry = self._pick(self._data["lists"])
        items: list[tuple[str, int]] = []
        for item in entry["items"]:
            if isinstance(item, str):
                items.append((self.fill(item), 0))
            else:
                items.append((self.fill(item[0]), 0))
                items.extend((self.fill(text), 1) for text in item[1])
        return self.fill(entry["intro"]), items

    def caption(self, of: str) -> str:
        return str(self._pick(self._data["captions"][of]))

    def footnote(self) -> str:
        return str(self._pick(self._data["footnotes"]))

    def table(self, key: str) -> Any:
        return self._data["table"][key]

    def fill(self, text: str) -> str:
        return re.sub(r"\{(\w+)\}", lambda match: self.figure(match.group(1)), text)

    def figure(self, kind: str) -> str:
        """A random number, price, date … written as the language writes it."""
        rng, cjk = self.rng, self.language not in LATIN
        if kind == "small":
            return str(rng.integers(3, 48))
        if kind == "int":
            return str(rng.integers(60, 980))
        if kind == "big":
            return self.number(float(rng.integers(1200, 98000)), 0)
        if kind == "dec":
            return self.number(float(rng.uniform(0.1, 9.9)), 1)
        if kind == "pct":
            value = self.number(float(rng.uniform(2, 78)), 1)
            return f"{value} %" if self.language in ("de", "fr", "es") else f"{value}%"
        if kind == "year":
            return str(rng.integers(1871, 2019)) + ("年" if cjk else "")
        if kind == "time":
            hour, minute = rng.integers(10, 20), rng.integers(0, 6) * 10
            return f"{hour} h {minute:02d}" if self.language == "fr" else f"{hour}:{minute:02d}"
        if kind == "code":
            letters = "".join(rng.choice(list("ABDEGKLMRSTX"), 2))
            return f"{letters}-{rng.integers(100, 9999)}{rng.choice(['', '/B', '.1', 'l'])}"
        if kind == "money":
            return self.money(float(rng.uniform(20, 48000)))
        if kind == "date":
            day = int(rng.integers(1, 29))
            if cjk:
                return f"{rng.integers(1, 13)}月{day}日"
            month = str(rng.choice(_MONTHS[self.language]))
            return {
                "en": f"{day} {month}",
                "de": f"{day}. {month}",
                "es": f"{day} de {month}",
                "pt": f"{day} de {month}",
            }.get(self.language, f"{day} {month}")
        raise KeyError(kind)

    def number(self, value: float, decimals: int) -> str:
        text = f"{value:,.{decimals}f}"
        if self.language in ("de", "it", "es", "pt"):
            return text.translate(str.maketrans(",.", ".,"))
        if self.language == "fr":
            return text.replace(",", " ").replace(".", ",")
        return text

    def money(self, value: float) -> str:
        if self.language == "ja":
            return f"{value * 100:,.0f}円"
        if self.language in ("zh-hans", "zh-hant"):
            return f"{value:,.0f}元"
        amount = self.number(value, 2)
        return f"€{amount}" if self.language == "en" else f"{amount} €"
