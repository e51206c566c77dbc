"""Draws laid-out pages into a PDF."""

from __future__ import annotations

import io

from reportlab.pdfgen.canvas import Canvas

from benchmarks.corpus.breaking import Run
from benchmarks.corpus.pages import PageDrawn


def write_pdf(pages: list[PageDrawn], rotate: int = 0, title: str = "") -> bytes:
    """`rotate` is the page's /Rotate entry: the content is drawn turned, so that a viewer shows it upright."""
    buffer = io.BytesIO()
    canvas = Canvas(buffer, invariant=1, pageCompression=1)
    canvas.setTitle(title)
    for page in pages:
        width, height = page.width, page.height
        # reportlab swaps the sides of the MediaBox itself where the page is turned by 90 or 270 degrees.
        canvas.setPageSize((width, height))
        if rotate:
            canvas.setPageRotation(rotate)
        canvas.saveState()
        if rotate == 90:
            canvas.transform(0, 1, -1, 0, height, 0)
        elif rotate == 180:
            canvas.transform(-1, 0, 0, -1, width, height)
        elif rotate == 270:
            canvas.transform(0, -1, 1, 0, 0, width)
        # From here on y runs downwards from the top of the upright page.
        canvas.transform(1, 0, 0, -1, 0, height)
        for block in page.blocks:
            canvas.saveState()
            for paint in block.paint:
                paint(canvas)
            canvas.restoreState()
        for block in page.blocks:
            for line in block.lines:
                for run in line.runs:
                    _draw(canvas, run)
        canvas.restoreState()
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def _draw(canvas: Canvas, run: Run) -> None:
    text = canvas.beginText()
    text.setTextTransform(1, 0, 0, -1, run.x, run.baseline)
    text.setFont(run.face.name, run.size)
    text.setFillColorRGB(*run.color)
    text.setCharSpace(run.spacing)
    text.textOut(run.text)
    canvas.drawText(text)
