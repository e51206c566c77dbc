"""The pages as the file shows them, with text that can be found, selected and copied lying unseen on what is printed.

    PDF     the file itself, byte for byte, with an update behind it: pages that were read by OCR get a second content
            stream and a font; pages (and parts of pages) whose own text is trusted get nothing
    image   a PDF with the file's own pixels at their physical size: JPEG and PNG data as they are, others
            compressed without loss; every frame of a TIFF is a page

All pages of the file are in the result, those that were not selected or could not be read without text.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from pypdf.generic import (
    ArrayObject,
    DictionaryObject,
    NameObject,
    NumberObject,
    PdfObject,
    StreamObject,
    TextStringObject,
)

from sampan.documents.geometry import homography
from sampan.documents.model import Box, Document, Page
from sampan.documents.page_images import SourceImages
from sampan.documents.reading import OpenSource
from sampan.documents.reading.image_header import ImageHeader, read_header
from sampan.documents.writers.embedded_picture import EmbeddedPicture, embedded_file, embedded_pixels
from sampan.documents.writers.glyphless_font import Fonts
from sampan.documents.writers.invisible_text import content
from sampan.documents.writers.options import WriteOptions
from sampan.documents.writers.page_words import PlacedLine, bounds, lines_of, placed_lines, to_page_as_shown
from sampan.documents.writers.pdf_objects import PdfObjects, dictionary, numbers, packed
from sampan.documents.writers.pdf_places import PdfPlaces
from sampan.documents.writers.resolution import resolution
from sampan.errors import InputError, OutputError

DEFAULT_DPI = 200.0
"""Resolution of pictures whose file names none."""
_LARGEST, _SMALLEST = 14_400.0, 3.0
"""Limits of a page's sides in points (ISO 32000-1 Annex C)."""


def render(document: Document, figures: Mapping[str, str], options: WriteOptions) -> bytes:  # noqa: ARG001
    images = document._images
    if not isinstance(images, SourceImages):
        raise OutputError(
            f"a searchable PDF of {document.source.name} needs the file that was read, and a document from JSON "
            "has none: parse the file again"
        )
    with images.open() as source:
        if document.source.sha256 not in (None, source.info.sha256):
            raise OutputError(f"{document.source.name} has changed since it was read: parse it again")
        if source.info.media_type == "application/pdf":
            return _of_pdf(document, source, images.data(), images.options.password)
        return _of_pictures(document, source, images.data(), options.language)


def _of_pdf(document: Document, source: OpenSource, data: bytes, password: str | None) -> bytes:
    with PdfPlaces(data, password) as places:
        layers = {
            page.number: content_lines
            for page in document.pages
            if (content_lines := _unsaid_lines(page, source, places))
        }
        if not layers:
            return data
        try:
            return _updated(layers, data, len(places))
        except MemoryError:
            raise
        except Exception as error:  # pypdf raises errors of many kinds for damaged and encrypted files
            cause = error
        # PDFium has opened the file, so its own copy of it is sound and open.
        try:
            return _updated(layers, places.plain_copy(), len(places))
        except MemoryError:
            raise
        except Exception as error:
            raise OutputError(
                f"{document.source.name} cannot take a text layer ({' '.join(str(cause).split())}): "
                "print it into a new PDF and parse that"
            ) from error


def _unsaid_lines(page: Page, source: OpenSource, places: PdfPlaces) -> list[PlacedLine]:
    """Lines, in user space, of what the page does not say itself."""
    read = [line for block in page.blocks for line in lines_of(block) if line.origin != "text_layer"]
    if not read:
        return []
    layer = source.page(page.number).text_layer()
    said = []
    if layer is not None:
        said = [line.box for line in layer.lines if not _centre_in(line.box, layer.unreliable)]
    to_user_space = places.from_shown(page.number)
    lines = []
    for line in placed_lines(read, to_page_as_shown(page)):
        line.words = [word for word in line.words if not _centre_in(bounds(word.corners), said)]
        if line.words:
            lines.append(line.moved(to_user_space))
    return lines


def _centre_in(box: Box, boxes: list[Box]) -> bool:
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return any(x0 <= x <= x1 and y0 <= y <= y1 for x0, y0, x1, y1 in boxes)


def _updated(layers: Mapping[int, list[PlacedLine]], data: bytes, count: int) -> bytes:
    """The file with an update that gives the pages their layers."""
    pdf = PdfObjects(data)
    assert pdf.reader is not None
    pages = pdf.reader.pages
    if len(pages) != count:
        raise InputError(f"it has {count} pages to one reader and {len(pages)} to another")
    fonts = Fonts(pdf)
    written = []
    for number, lines in layers.items():
        page = pages[number - 1]
        place = page.indirect_reference
        if place is None:
            raise InputError(f"page {number} is no object of its own")
        written.append((page, place, pdf.add(packed(content(lines, fonts)))))
    for page, place, stream in written:
        changed = DictionaryObject({key: page.raw_get(key) for key in page})
        # In front, where the graphics state is as the page begins, whatever its own content leaves behind.
        changed[NameObject("/Contents")] = ArrayObject([stream, *_contents(page)])
        changed[NameObject("/Resources")] = _with_fonts(page, fonts)
        pdf.replace(place, changed)
    fonts.finish()
    result = pdf.finish()
    with PdfPlaces(result, None) as places:
        if len(places) != count:
            raise InputError("its updated copy does not open")
    return result


def _contents(page: DictionaryObject) -> list[PdfObject]:
    """References to the page's own content streams."""
    if "/Contents" not in page:
        return []
    own = page["/Contents"]
    if isinstance(own, ArrayObject):
        return list(own)
    return [page.raw_get("/Contents")] if isinstance(own, StreamObject) else []


def _with_fonts(page: DictionaryObject, fonts: Fonts) -> DictionaryObject:
    own = page.get("/Resources")
    own = own.get_object() if own is not None else None
    resources = DictionaryObject(
        {key: own.raw_get(key) for key in own} if isinstance(own, DictionaryObject) else {}
    )
    known = resources.get("/Font")
    known = known.get_object() if known is not None else None
    entries = DictionaryObject(
        {key: known.raw_get(key) for key in known} if isinstance(known, DictionaryObject) else {}
    )
    entries.update(fonts.resources())
    resources[NameObject("/Font")] = entries
    return resources


def _of_pictures(document: Document, source: OpenSource, data: bytes, language: str | None) -> bytes:
    pdf = PdfObjects()
    fonts = Fonts(pdf)
    read = {page.number: page for page in document.pages}
    header = read_header(data, source.info.media_type)
    tree = pdf.add(DictionaryObject())
    kids = ArrayObject()
    for number in range(1, (source.info.pages or 1) + 1):
        size, scale = _physical_size(data, source.info.media_type, header, number - 1)
        page = dictionary(
            Type=NameObject("/Page"),
            Parent=tree,
            MediaBox=numbers(0, 0, round(size[0], 3), round(size[1], 3)),
        )
        streams = ArrayObject()
        resources = DictionaryObject()
        if number in read:
            to_user_space = homography.compose(
                to_page_as_shown(read[number]),
                homography.scaling(*scale),
                np.array([[1.0, 0, 0], [0, -1, size[1]], [0, 0, 1]]),
            )
            lines = placed_lines(
                (line for block in read[number].blocks for line in lines_of(block)), to_user_space
            )
            streams.append(pdf.add(packed(content(lines, fonts))))
            resources[NameObject("/Font")] = fonts.resources()
        picture = _picture(source, data, header, number)
        if picture is not None:
            resources[NameObject("/XObject")] = dictionary(Page=picture.add_to(pdf))
            matrix = " ".join(f"{value:.3f}" for value in picture.matrix(*size))
            streams.append(pdf.add(packed(f"q {matrix} cm /Page Do Q\n".encode())))
        page.update(dictionary(Contents=streams, Resources=resources))
        kids.append(pdf.add(page))
    fonts.finish()
    pdf.replace(tree, dictionary(Type=NameObject("/Pages"), Kids=kids, Count=NumberObject(len(kids))))
    catalogue = dictionary(Type=NameObject("/Catalog"), Pages=tree)
    if language:
        catalogue[NameObject("/Lang")] = TextStringObject(language)
    return pdf.finish(pdf.add(catalogue), document.generator)


def _physical_size(
    data: bytes, media_type: str, header: ImageHeader, frame: int
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Size in points of a picture as it is shown, and points a pixel across and down."""
    width, height = header.frames[frame]
    dpi = resolution(data, media_type, frame) or (DEFAULT_DPI, DEFAULT_DPI)
    if header.orientation >= 5:
        width, height, dpi = height, width, dpi[::-1]
    scale = 72.0 / dpi[0], 72.0 / dpi[1]
    size = width * scale[0], height * scale[1]
    if max(size) > _LARGEST or min(size) < _SMALLEST:
        # No page can be so large or small: the file's resolution is nonsense.
        one = min(72.0 / DEFAULT_DPI, _LARGEST / max(width, height))
        scale = one, one
        size = max(width * one, _SMALLEST), max(height * one, _SMALLEST)
    return size, scale


def _picture(source: OpenSource, data: bytes, header: ImageHeader, number: int) -> EmbeddedPicture | None:
    """The picture of one page; None for a frame that cannot be decoded."""
    as_it_is = embedded_file(data, source.info.media_type, header.orientation)
    if as_it_is is not None:
        return as_it_is
    try:
        return embedded_pixels(source.page(number).image(DEFAULT_DPI))
    except InputError:
        return None
