"""`Maker`: the habits of one document (language, fonts, sizes) and short names for its elements."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from benchmarks.corpus.breaking import Style
from benchmarks.corpus.elements import Captioned, Code, Drawn, Element, ListElement, Paragraph, Rule
from benchmarks.corpus.figures import Figure
from benchmarks.corpus.fonts import CJK, FAMILIES
from benchmarks.corpus.pages import Setting
from benchmarks.corpus.tables import CellSpec, Look, TableElement
from benchmarks.corpus.texts import Texts

_WORDS = {
    "en": ("Figure", "Table", "Abstract", "Page", "Invoice", "Form"), "de": ("Abbildung", "Tabelle", "Zusammenfassung", "Seite", "Rechnung", "Formular"),
    "fr": ("Figure", "Tableau", "Résumé", "Page", "Facture", "Formulaire"), "it": ("Figura", "Tabella", "Sommario", "Pagina", "Fattura", "Modulo"),
    "es": ("Figura", "Tabla", "Resumen", "Página", "Factura", "Formulario"), "pt": ("Figura", "Tabela", "Resumo", "Página", "Fatura", "Formulário"),
    "zh-hans": ("图", "表", "摘要", "页", "发票", "登记表"), "zh-hant": ("圖", "表", "摘要", "頁", "發票", "登記表"),
    "ja": ("図", "表", "要旨", "ページ", "請求書", "申込書"),
}  # fmt: skip


@dataclass
class Maker:
    """Everything random about one document: fonts, sizes, habits; and short names for its elements."""

    language: str
    split: str
    rng: np.random.Generator
    size: float = 0.0
    align: str = ""
    numbered: bool | None = None
    texts: Texts = field(init=False)

    def __post_init__(self) -> None:
        rng, fonts = self.rng, FAMILIES[self.split]
        self.cjk = self.language in CJK
        self.texts = Texts(self.language, self.split, rng)
        choices = fonts[self.language if self.cjk else "latin"]
        self.family = str(rng.choice(choices))
        self.heading_family = self.family if rng.random() < 0.6 else str(rng.choice(choices))
        self.mono = str(rng.choice(fonts["mono"]))
        self.size = self.size or float(rng.choice([9.5, 10.0, 10.5, 11.0, 12.0]))
        self.leading = self.size * float(rng.uniform(1.5, 1.75) if self.cjk else rng.uniform(1.2, 1.4))
        self.align = self.align or ("justify" if self.cjk else str(rng.choice(["left", "justify"])))
        self.indented = self.cjk or bool(rng.random() < 0.3)
        if self.numbered is None:
            self.numbered = bool(rng.random() < 0.5)
        self.ink = (0.0, 0.0, 0.0) if rng.random() < 0.6 else (0.13, 0.13, 0.13)
        self.accent = self.ink if rng.random() < 0.6 else tuple(float(v) for v in rng.uniform(0.05, 0.4, 3))
        self._counts = [0, 0, 0]
        self._figures = self._tables = 0
        words = _WORDS[self.language]
        self.word = dict(zip(("figure", "table", "abstract", "page", "invoice", "form"), words, strict=True))

    def body(self, scale: float = 1.0, align: str | None = None, bold: bool = False) -> Style:
        align = align or self.align
        return Style(
            self.family, self.size * scale, self.leading * scale, align, bold=bold, color=self.ink,
            hyphenate=align == "justify" and not self.cjk,
        )  # fmt: skip

    def paragraph(self, text: str, kind: str = "text", gap: float | None = None) -> Paragraph:
        style = self.body()
        if self.indented and kind == "text":
            style.first_indent = self.size * (2.0 if self.cjk else 1.4)
        if not self.cjk and self.rng.random() < 0.25 and kind == "text":
            words = text.split(" ")
            at = int(self.rng.integers(1, len(words)))
            words[at] = f"**{words[at]}**"
            text = " ".join(words)
        return Paragraph(
            text,
            style,
            kind,
            space_before=(2.0 if self.indented else self.size * 0.6) if gap is None else gap,
        )

    def heading(self, text: str, level: int) -> Paragraph:
        self._counts[level - 1] += 1
        self._counts[level:] = [0] * (3 - level)
        if self.numbered:
            number = ".".join(str(max(1, n)) for n in self._counts[:level])
            text = f"{number} {text}"
        size = self.size * (1.5, 1.22, 1.06)[level - 1]
        style = Style(self.heading_family, size, size * 1.3, bold=not self.cjk, color=self.accent)
        return Paragraph(text, style, "heading", size * 0.9, level, keep_with_next=True, unbreakable=True)

    def title(self, text: str, align: str = "left", scale: float = 2.0) -> Paragraph:
        style = Style(
            self.heading_family,
            self.size * scale,
            self.size * scale * 1.2,
            align,
            bold=not self.cjk,
            color=self.accent,
        )
        return Paragraph(text, style, "title", 0.0, unbreakable=True)

    def plain(
        self, text: str, align: str = "left", scale: float = 1.0, bold: bool = False, gap: float = 4.0
    ) -> Paragraph:
        return Paragraph(text, self.body(scale, align, bold), space_before=gap)

    def sections(self, count: int, level: int = 1) -> list[Element]:
        elements: list[Element] = []
        for _ in range(count):
            heading, paragraphs = self.texts.section()
            elements.append(self.heading(heading, level))
            elements.extend(self.paragraph(text) for text in paragraphs)
        return elements

    def list(self, ordered: bool | None = None) -> list[Element]:
        intro, items = self.texts.list()
        ordered = bool(self.rng.random() < 0.5) if ordered is None else ordered
        return [
            self.paragraph(intro),
            ListElement(items, self.body(align="left"), ordered, self.bullets(), indent=self.size * 1.7),
        ]

    def bullets(self) -> tuple[str, str]:
        """Marks of the first and second level that the font has."""
        face = self.body().face
        first = next(mark for mark in "•●・-" if face.has(mark))
        return first, next(mark for mark in ("–・-" if not self.cjk else "・-") if face.has(mark))

    def code(self, width: float) -> Element:
        bank: list[dict[str, str]] = yaml.safe_load(
            (Path(__file__).parent / "texts" / "code.yaml").read_text()
        )
        bank = bank[0 if self.split == "dev" else 1 :: 2]
        entry = bank[int(self.rng.integers(len(bank)))]
        longest = max(len(line) for line in entry["source"].split("\n"))
        size = min(self.size * 0.92, (width - 14) / (0.605 * longest))
        ground = (0.95, 0.95, 0.94) if self.rng.random() < 0.6 else None
        return Code(
            entry["source"], Style(self.mono, size, size * 1.25, color=self.ink), entry["language"], ground
        )

    def caption(self, of: str) -> Paragraph:
        if of == "figure":
            self._figures += 1
        else:
            self._tables += 1
        number = self._figures if of == "figure" else self._tables
        label = f"{self.word[of]}{'' if self.cjk else ' '}{number}"
        mark = "　" if self.cjk else str(self.rng.choice([": ", ". "]))
        style = self.body(0.9, "left")
        return Paragraph(f"{label}{mark}{self.texts.caption(of)}", style, "caption", 0.0, unbreakable=True)

    def figure(self, variety: str | None = None, height: float = 130.0) -> Element:
        variety = variety or str(self.rng.choice(["bars", "lines", "pie", "boxes", "picture"]))
        groups = list(self.texts.table("words"))
        style = Style(self.family, max(7.5, self.size * 0.8), self.size, color=self.ink)
        body = Figure(variety, height, style, int(self.rng.integers(1 << 30)), groups)
        caption = self.caption("figure")
        caption.caption_of = body.key
        return Captioned(body, caption, above=False)

    def table(
        self,
        look: Look,
        spans: str = "none",
        rows: int = 6,
        columns: int = 5,
        captioned: bool = True,
        notes: bool = False,
        scale: float = 0.95,
        stretch: bool = True,
    ) -> Element:
        """`spans`: none, columns (grouped header), rows (groups at the left), both."""
        rng, texts = self.rng, self.texts
        names = [texts.table("columns")[i] for i in np.sort(rng.permutation(5)[: columns - 1])]
        places = [texts.table("rows")[i] for i in rng.permutation(10)[:rows]]
        header = [
            CellSpec(texts.table("corner"), header=True, align="left"),
            *(CellSpec(n, header=True) for n in names),
        ]
        if notes:
            header.append(CellSpec(texts.table("columns")[5], header=True, align="left"))
        aligns = ["left", *["right"] * (columns - 1), *(["left"] if notes else [])]
        total = len(header)
        body: list[list[CellSpec]] = []
        for place in places:
            row = [CellSpec(place)]
            row.extend(CellSpec(self._value()) for _ in names)
            if notes:
                source = texts.table("notes") if rng.random() < 0.6 else texts.table("words")
                row.append(CellSpec(str(rng.choice(source))))
            body.append(row)
        heads = [header]
        groups = texts.table("groups")
        if spans in ("columns", "both") and total >= 4:
            cut = 1 + (total - 1) // 2
            top = [CellSpec(header[0].text, row_span=2, header=True, align="left")]
            top.append(CellSpec(groups[0], column_span=cut - 1, header=True))
            top.append(CellSpec(groups[1], column_span=total - cut, header=True))
            heads = [top, header[1:]]
        if spans in ("rows", "both"):
            half = rows // 2
            for head in heads[:1]:
                head.insert(0, CellSpec("", row_span=len(heads), header=True))
            body[0].insert(0, CellSpec(groups[2], row_span=half, align="left"))
            body[half].insert(0, CellSpec(groups[3], row_span=rows - half, align="left"))
            aligns.insert(0, "left")
            total += 1
        elif rng.random() < 0.4:
            body.append(
                [
                    CellSpec(texts.table("total"), header=False),
                    *(CellSpec(self._value()) for _ in names),
                    *([CellSpec("")] if notes else []),
                ]
            )
        style = self.body(scale, "left")
        element = TableElement(
            [*heads, *body], total, aligns, style, look, stretch, pad=float(rng.uniform(3.5, 6))
        )
        if not captioned:
            return element
        caption = self.caption("table")
        caption.caption_of = element.key
        return Captioned(element, caption, above=True)

    def _value(self) -> str:
        kind = str(self.rng.choice(["small", "int", "big", "dec", "dec", "pct"]))
        if self.rng.random() < 0.04:
            return "–"
        return self.texts.figure(kind)

    def setting(
        self, furniture: bool = True, pages: int = 1, first: int | None = None, **changes: Any
    ) -> Setting:
        rng = self.rng
        start = int(rng.integers(1, 180)) if first is None else first
        made = Setting(
            left=float(rng.uniform(50, 76)), right=float(rng.uniform(50, 76)), top=float(rng.uniform(66, 84)),
            bottom=float(rng.uniform(64, 84)), max_pages=pages,
        )  # fmt: skip
        for name, value in changes.items():
            setattr(made, name, value)
        if furniture:
            header = self.texts.header() if rng.random() < 0.75 else ""
            where = str(rng.choice(["center", "right", "outer"]))
            form = str(rng.choice(["{}", "{}", "– {} –", "page"]))
            ruled = bool(rng.random() < 0.4)
            style = self.body(0.85, "left")

            def draw(number: int, setting: Setting) -> list[Drawn]:
                width = setting.width - setting.left - setting.right
                out: list[Drawn] = []
                if header:
                    out.extend(_furniture(header, "header", style, setting.left, 34.0, width))
                    if ruled:
                        rule = Rule(4.0, 0.5).place(setting.left, 34.0 + style.leading, width, 50.0)
                        out.extend(rule.drawn if rule else [])
                value = str(start + number - 1)
                if form == "page":
                    value = (
                        f"{self.word['page']} {value}" if not self.cjk else f"第{value}{self.word['page']}"
                    )
                else:
                    value = form.format(value)
                align = where if where != "outer" else ("left" if number % 2 else "right")
                aligned = Style(style.family, style.size, style.leading, align, color=style.color)
                out.extend(
                    _furniture(value, "page_number", aligned, setting.left, setting.height - 44.0, width)
                )
                return out

            made.furniture = draw
        return made

    def footnote(self, elements: list[Element], setting: Setting, page: int = 1) -> None:
        """Marks the first paragraph with an asterisk and puts a footnote on the page."""
        for element in elements:
            if isinstance(element, Paragraph) and element.kind == "text":
                element.text += "*"
                break
        setting.footnotes[page] = [
            Paragraph(f"* {self.texts.footnote()}", self.body(0.82, "left"), "footnote", unbreakable=True)
        ]


def _furniture(text: str, kind: str, style: Style, x: float, y: float, width: float) -> list[Drawn]:
    placed = Paragraph(text, style, kind).place(x, y, width, 60.0)
    for drawn in placed.drawn if placed else []:
        drawn.ordered = False
        drawn.key = 0
    return placed.drawn if placed else []
