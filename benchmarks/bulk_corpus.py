"""Small documents made on the spot, for measuring runs over many files: digital PDFs, pictures, a long book, bad files.

    make(folder, files=200)         mostly PDFs of one to three pages, some pictures, two long PDFs, a few that fail
    make_pictures(folder, pages)    pages for OCR

Every document's content is its own, so that its hash names it. The same arguments give the same bytes.
"""

from __future__ import annotations

import random
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.pagesizes import A5
from reportlab.pdfgen.canvas import Canvas

WORDS = [
    "boat",
    "river",
    "oar",
    "mast",
    "plank",
    "tide",
    "harbour",
    "rope",
    "anchor",
    "keel",
    "sail",
    "rudder",
    "current",
    "bridge",
    "lantern",
    "cargo",
    "rice",
    "basket",
    "ferry",
    "bank",
    "reed",
    "heron",
    "morning",
    "evening",
    "north",
    "south",
    "heavy",
    "narrow",
    "quiet",
    "green",
    "old",
    "first",
    "second",
    "many",
    "small",
]
LONG_PAGES = 45
"""Of each of the two books, which are read in parts."""


def make(folder: Path, files: int = 200, seed: int = 1) -> None:
    """A tree of documents: every seventh a picture, two books, three that cannot be read, equal names in two folders."""
    draw = random.Random(seed)
    bad = {1: b"%PDF-1.7\n%cut off", 2: b"", 3: b"plain text"}
    for number in range(files):
        place = folder / f"box-{number % 8}" / ("deep" if number % 5 == 0 else "")
        place.mkdir(parents=True, exist_ok=True)
        stem = (
            "same-name"
            if number in (8, 9)
            else f"new\nline {number}"
            if number == 10
            else f"document-{number:03}"
        )
        if number in bad:
            (place / f"{stem}.pdf").write_bytes(bad[number])
        elif number in (files // 3, files // 2):
            _pdf(place / f"{stem}.pdf", draw, LONG_PAGES, number)
        elif number % 7 == 0:
            _picture(place / f"{stem}.png", draw, number)
        else:
            _pdf(place / f"{stem}.pdf", draw, draw.randint(1, 3), number)


def make_pictures(folder: Path, pages: int, seed: int = 2, lines: int = 30) -> None:
    """Pictures of dense pages."""
    draw = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(pages):
        _picture(folder / f"page-{number:04}.png", draw, number, (1000, 1400), lines)


def make_mixed(folder: Path, pages: int, seed: int = 3) -> None:
    """Pages of every kind and size: digital PDFs, small and large pictures."""
    draw = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    made = number = 0
    while made < pages:
        count = min(draw.choice((1, 1, 2, 5)), pages - made) if number % 2 else 1
        if number % 2:
            _pdf(folder / f"{number:05}.pdf", draw, count, number)
        else:
            size = draw.choice(((600, 400), (900, 1200), (1300, 900), (1240, 1754)))
            _picture(folder / f"{number:05}.png", draw, number, size, draw.randint(3, 14))
        made += count
        number += 1


def _sentence(draw: random.Random, words: int) -> str:
    return " ".join(draw.choice(WORDS) for _ in range(words)).capitalize() + "."


def _pdf(path: Path, draw: random.Random, pages: int, number: int) -> None:
    canvas = Canvas(str(path), pagesize=A5, invariant=True)
    for page in range(1, pages + 1):
        canvas.setFont("Helvetica-Bold", 16)
        canvas.drawString(50, 540, f"Document {number}, page {page}")
        canvas.setFont("Helvetica", 10)
        for line in range(draw.randint(8, 24)):
            canvas.drawString(50, 510 - 14 * line, _sentence(draw, 9))
        if page == 1 and number % 4 == 0:
            for row in range(4):
                for column in range(3):
                    canvas.rect(50 + 90 * column, 60 + 18 * row, 90, 18)
                    canvas.drawString(54 + 90 * column, 65 + 18 * row, draw.choice(WORDS))
        if page == 1 and number % 9 == 0:
            picture = Image.frombytes("RGB", (60, 40), draw.randbytes(60 * 40 * 3))
            canvas.drawInlineImage(picture, 250, 470, 100, 66)
        canvas.showPage()
    canvas.save()


def _picture(
    path: Path, draw: random.Random, number: int, size: tuple[int, int] = (640, 420), lines: int = 7
) -> None:
    image = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(image)
    font = ImageFont.load_default(size=24)
    pen.text((40, 30), f"Picture {number}", font=font, fill="black")
    for line in range(lines):
        pen.text((40, 90 + 42 * line), _sentence(draw, 5 + size[0] // 300), font=font, fill="black")
    image.save(path)
