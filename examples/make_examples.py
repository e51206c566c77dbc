"""Draws the example documents beside this file, so that nobody else's work is needed to try Sampan.

    python examples/make_examples.py

`report.pdf` is digital-born: a title, two columns, a drawing with a caption, a list and a table with merged
cells over two pages. `photo.jpg` shows a printed notice as a telephone might see it: in perspective, with
uneven light and a little noise. Needs reportlab (in the dev extra); the files it made are committed.
"""

from __future__ import annotations

import io
from pathlib import Path

import cv2
import numpy as np
import pypdfium2
from reportlab.lib import colors
from reportlab.lib.enums import TA_CENTER, TA_JUSTIFY
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    FrameBreak,
    ListFlowable,
    NextPageTemplate,
    PageBreak,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
)

HERE = Path(__file__).parent

BODY = ParagraphStyle("body", fontName="Times-Roman", fontSize=10, leading=12.5, alignment=TA_JUSTIFY)
BODY.spaceAfter = 6
TITLE = ParagraphStyle("title", fontName="Times-Bold", fontSize=20, leading=24, alignment=TA_CENTER)
AUTHOR = ParagraphStyle("author", parent=BODY, alignment=TA_CENTER)
HEADING = ParagraphStyle(
    "heading", fontName="Times-Bold", fontSize=13, leading=16, spaceBefore=6, spaceAfter=4
)
CAPTION = ParagraphStyle("caption", parent=BODY, fontSize=8.5, leading=10.5, alignment=TA_CENTER)

INTRODUCTION = (
    "A sampan is a flat-bottomed boat that one person moves with one oar. It carries people, rice, "
    "bricks and news along rivers and between the ships of a harbour. Nothing on it is there for show, "
    "and a builder with three planks and a week can make another one.",
    "The hull has no keel. It draws so little water that it passes over sandbanks where larger boats "
    "wait for the tide, and it can be pulled up on any beach. The price is that wind pushes it "
    "sideways, which a good oarsman turns into an advantage when he crosses a current.",
    "This report describes how the boats of one small yard are built, what they carry and what they "
    "cost. All figures were made up for this example; the arithmetic is right.",
)
METHOD = (
    "Each boat begins with its bottom. Three planks are laid side by side, pegged with bamboo and bent "
    "over a low fire until both ends rise. The sides follow, then two bulkheads that keep the shape and "
    "divide the hold. Seams are closed with a putty of lime and tung oil.",
    "The long oar at the stern rests on a peg and is tied to the deck by a short rope. Pushing and "
    "pulling it from side to side drives the boat forward, much as the tail of a fish does, so that the "
    "oar never leaves the water.",
    "A yard of four people finishes a boat in nine days. Two of these are spent waiting for the putty "
    "to dry, which is why two boats are always built at the same time.",
)
LIST = (
    "Keep the load low and in the middle.",
    "Cross a strong current at an angle, never straight.",
    "Look at the rope of the oar every morning.",
)
TABLE = [
    ["Boat", "Length in m", "Trips a day", "", "Load in kg"],
    ["", "", "summer", "winter", ""],
    ["Harbour", "3.6", "14", "9", "250"],
    ["River", "4.5", "6", "5", "480"],
    ["Family", "6.2", "2", "1", "900"],
    ["All boats", "", "22", "15", "1 630"],
]
NOTICE = (
    ("Times-Bold", 26, "Ferry Notice"),
    ("Times-Roman", 13, ""),
    ("Times-Roman", 13, "From Monday, 4 May, the small ferry leaves from the north"),
    ("Times-Roman", 13, "steps instead of the fish market. The crossing takes twelve"),
    ("Times-Roman", 13, "minutes; in strong wind it takes twenty."),
    ("Times-Roman", 13, ""),
    ("Times-Bold", 15, "Times"),
    ("Times-Roman", 13, "Weekdays 6:30, 7:15, 8:00 and then every hour until 19:00."),
    ("Times-Roman", 13, "Sundays 9:00, 12:00 and 16:30."),
    ("Times-Roman", 13, ""),
    ("Times-Bold", 15, "Fares"),
    ("Times-Roman", 13, "One person 2.40. A bicycle 1.10. Children travel free."),
    ("Times-Roman", 13, "A book of ten tickets costs 21.00 at the harbour office."),
    ("Times-Roman", 13, ""),
    ("Times-Italic", 12, "Please do not stand up while the boat is moving."),
)


class Boat(Flowable):
    """A drawing of a sampan, in vectors."""

    def wrap(self, *_: float) -> tuple[float, float]:
        return 76 * mm, 30 * mm

    def draw(self) -> None:
        canvas = self.canv
        canvas.setFillColor(colors.HexColor("#8a5a2b"))
        hull = canvas.beginPath()
        hull.moveTo(6 * mm, 16 * mm)
        hull.curveTo(20 * mm, 5 * mm, 56 * mm, 5 * mm, 70 * mm, 17 * mm)
        hull.lineTo(66 * mm, 17 * mm)
        hull.curveTo(50 * mm, 12 * mm, 26 * mm, 12 * mm, 10 * mm, 16 * mm)
        hull.close()
        canvas.drawPath(hull, fill=1)
        canvas.setFillColor(colors.HexColor("#d8c08a"))
        canvas.wedge(26 * mm, 4 * mm, 48 * mm, 26 * mm, 20, 140, fill=1)
        canvas.setLineWidth(1.4)
        canvas.line(64 * mm, 20 * mm, 74 * mm, 3 * mm)
        canvas.setStrokeColor(colors.HexColor("#4a7ba6"))
        for x in range(2, 72, 10):
            canvas.arc(x * mm, 1 * mm, (x + 9) * mm, 6 * mm, 200, 140)


def make_report(path: Path) -> None:
    width, height = A4
    left, column, gap = 20 * mm, 80 * mm, 10 * mm

    def furniture(canvas: Canvas, document: BaseDocTemplate) -> None:
        canvas.setFont("Times-Italic", 9)
        canvas.drawString(left, height - 14 * mm, "The Yard at Willow Bend")
        canvas.drawRightString(width - left, height - 14 * mm, "Annual report")
        canvas.setFont("Times-Roman", 9)
        canvas.drawCentredString(width / 2, 12 * mm, str(document.page))

    def columns(top: float) -> list[Frame]:
        return [
            Frame(x, 20 * mm, column, height - top - 20 * mm, 0, 0, 0, 0) for x in (left, left + column + gap)
        ]

    first = [Frame(left, height - 48 * mm, width - 2 * left, 26 * mm, 0, 0, 0, 0), *columns(52 * mm)]
    whole = Frame(left, 20 * mm, width - 2 * left, height - 42 * mm, 0, 0, 0, 0)
    document = BaseDocTemplate(str(path), pagesize=A4, title="Small Boats", author="Sampan", invariant=1)
    document.addPageTemplates(
        [PageTemplate("first", first, furniture), PageTemplate("second", [whole], furniture)]
    )
    table = Table(TABLE, colWidths=[34 * mm, 28 * mm, 26 * mm, 26 * mm, 30 * mm])
    table.setStyle(
        [
            ("GRID", (0, 0), (-1, -1), 0.6, colors.black),
            ("SPAN", (0, 0), (0, 1)),
            ("SPAN", (1, 0), (1, 1)),
            ("SPAN", (2, 0), (3, 0)),
            ("SPAN", (4, 0), (4, 1)),
            ("SPAN", (0, 5), (1, 5)),
            ("FONT", (0, 0), (-1, 1), "Times-Bold", 10),
            ("FONT", (0, 2), (-1, -1), "Times-Roman", 10),
            ("ALIGN", (1, 0), (-1, -1), "CENTER"),
            ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
            ("BACKGROUND", (0, 0), (-1, 1), colors.HexColor("#e8eef4")),
        ]
    )
    bullets = ListFlowable([Paragraph(item, BODY) for item in LIST], bulletType="bullet", leftIndent=14)
    document.build(
        [
            Paragraph("Small Boats", TITLE),
            Spacer(1, 3 * mm),
            Paragraph("The Yard at Willow Bend", AUTHOR),
            FrameBreak(),
            Paragraph("1 What a sampan is", HEADING),
            *(Paragraph(text, BODY) for text in INTRODUCTION),
            Boat(),
            Paragraph("Figure 1: A sampan with its mat roof, seen from the left.", CAPTION),
            FrameBreak(),
            Paragraph("2 How it is built", HEADING),
            *(Paragraph(text, BODY) for text in METHOD),
            NextPageTemplate("second"),
            PageBreak(),
            Paragraph("3 What it carries", HEADING),
            Paragraph("Table 1 counts the trips of one day and the load of one trip.", BODY),
            table,
            Spacer(1, 2 * mm),
            Paragraph("Table 1: Trips and loads of the three kinds of boat.", CAPTION),
            Paragraph("4 Advice", HEADING),
            bullets,
        ]
    )


def make_photo(path: Path) -> None:
    page = io.BytesIO()
    canvas = Canvas(page, pagesize=(420, 400), invariant=1)
    y = 350.0
    for font, size, text in NOTICE:
        canvas.setFont(font, size)
        canvas.drawString(36, y, text)
        y -= size * 1.55
    canvas.save()
    picture = pypdfium2.PdfDocument(page.getvalue())[0].render(scale=3).to_numpy()[:, :, :3]
    height, width = picture.shape[:2]
    # A paper on a wooden table, seen from slightly below and to the right.
    corners = np.array([[150, 120], [1330, 70], [1400, 1240], [90, 1170]], np.float32)
    sheet = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    size = (1500, 1320)
    warp = cv2.getPerspectiveTransform(sheet, corners)
    rng = np.random.default_rng(7)
    grain = cv2.GaussianBlur(rng.normal(0, 18, (size[1], 1, 1)).repeat(size[0], 1), (1, 9), 0)
    scene = np.clip(np.array([62, 92, 128]) + grain[..., None], 0, 255)
    paper = cv2.warpPerspective(picture, warp, size, flags=cv2.INTER_AREA)
    inside = cv2.warpPerspective(np.ones((height, width), np.float32), warp, size)[..., None]
    scene = scene * (1 - inside) + paper * inside
    y_axis, x_axis = np.mgrid[0 : size[1], 0 : size[0]] / np.array([size[1], size[0]])[:, None, None]
    light = (
        1.0 - 0.35 * x_axis - 0.15 * y_axis + 0.1 * np.exp(-((x_axis - 0.3) ** 2 + (y_axis - 0.3) ** 2) * 9)
    )
    scene = cv2.GaussianBlur(scene * light[..., None], (3, 3), 0.7) + rng.normal(
        0, 2.5, (size[1], size[0], 1)
    )
    cv2.imwrite(str(path), np.clip(scene, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 72])


if __name__ == "__main__":
    make_report(HERE / "report.pdf")
    make_photo(HERE / "photo.jpg")
