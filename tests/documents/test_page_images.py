"""Pictures of pages after the fact."""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.documents.ocr.drawn import Drawn
from tests.documents.reading.pdf_samples import SamplePage, pdf

from sampan.documents.model import Document, Page, Source
from sampan.documents.options import ParseOptions
from sampan.documents.page_images import SourceImages
from sampan.documents.parser import Parser
from sampan.errors import InputError


@cache
def picture() -> np.ndarray:
    drawn = Drawn(640, 480)
    for index in range(9):
        drawn.line(60, 40 + 44 * index, "The ferry left the lower weir before noon", 22)
    image = drawn.image
    image[20:30, 600:630] = (200, 40, 10)  # a coloured mark, top right
    return image


def png(image: np.ndarray) -> bytes:
    return cv2.imencode(".png", image)[1].tobytes()


def page(width: float = 640, height: float = 480, **fields: object) -> Page:
    return Page.model_validate({"number": 1, "width": width, "height": height, "unit": "px", **fields})


def images(source: object) -> SourceImages:
    return SourceImages(source, ParseOptions())  # type: ignore[arg-type]


def test_at_its_own_scale_it_is_the_source() -> None:
    np.testing.assert_array_equal(images(png(picture()))(page(), 1.0), picture())


@pytest.mark.parametrize("scale", [0.25, 0.5, 1.7, 3.0])
def test_any_scale(scale: float) -> None:
    found = images(png(picture()))(page(), scale)
    assert found.shape == (round(480 * scale), round(640 * scale), 3) and found.dtype == np.uint8
    back = cv2.resize(found, (640, 480), interpolation=cv2.INTER_AREA)
    blurred = [cv2.GaussianBlur(image, (0, 0), 4).astype(int) for image in (back, picture())]
    assert np.abs(blurred[0] - blurred[1]).mean() < 3


@pytest.mark.parametrize("turn", [90, 180, 270])
@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_a_turned_page_is_shown_upright(turn: int, scale: float) -> None:
    source = np.ascontiguousarray(np.rot90(picture(), turn // 90))
    # Where the corners (0, 0), (w, 0), (0, h) of the upright page lie in the source.
    height, width = source.shape[:2]
    to_source = {
        90: (0, 1, 0, -1, 0, height, 0, 0, 1),
        180: (-1, 0, width, 0, -1, height, 0, 0, 1),
        270: (0, -1, width, 1, 0, 0, 0, 0, 1),
    }[turn]
    found = images(png(source))(page(rotation=turn, to_source=to_source), scale)
    assert found.shape == (480 * scale, 640 * scale, 3)
    if scale == 1:
        assert np.abs(found.astype(int) - picture())[1:-1, 1:-1].max() <= 1
    mark = found[round(25 * scale), round(615 * scale)]
    assert np.abs(mark.astype(int) - (200, 40, 10)).max() < 8


def test_pages_in_points_are_rendered_at_the_resolution_asked_for() -> None:
    file = pdf(SamplePage(b"1 0 0 rg 100 700 200 50 re f", 400, 800), SamplePage(b"", 300, 200))
    found = images(file)(page(400, 800, unit="pt"), 1.5)
    assert found.shape == (1200, 600, 3)
    red = np.argwhere((found == (0, 0, 255)).all(axis=2))
    # The rectangle of user space, upside down: y from 50 to 100 points from the top.
    assert red.min(axis=0) == pytest.approx((75, 150), abs=1)
    assert red.max(axis=0) == pytest.approx((150, 450), abs=1.5)
    second = Page(number=2, width=300, height=200, unit="pt")
    assert images(file)(second, 2.0).shape == (400, 600, 3)


def test_a_turned_page_in_points() -> None:
    file = pdf(SamplePage(b"1 0 0 rg 0 0 40 20 re f", 400, 800))
    # Upright is the file's page turned a half: its bottom left mark comes to the top right.
    turned = page(400, 800, unit="pt", rotation=180, to_source=(-1, 0, 400, 0, -1, 800, 0, 0, 1))
    found = images(file)(turned, 2.0)
    assert found.shape == (1600, 800, 3)
    red = np.argwhere((found == (0, 0, 255)).all(axis=2))
    assert red.min(axis=0) == pytest.approx((0, 720), abs=1.5) and red.max(axis=0) == pytest.approx(
        (39, 799), abs=1.5
    )


def test_through_the_document(tmp_path: Path) -> None:
    path = tmp_path / "turned.png"
    path.write_bytes(png(np.ascontiguousarray(np.rot90(picture(), 2))))
    document = Parser(threads=1).parse(path)
    (turned,) = document.pages
    assert turned.rotation == 180
    found = document.image_of(turned, 1.0)
    assert found is not None and found.shape[:2] == (round(turned.height), round(turned.width))
    small = cv2.resize(found, (640, 480)).astype(int)
    assert (
        np.abs(
            cv2.GaussianBlur(small.astype(np.uint8), (0, 0), 3).astype(int)
            - cv2.GaussianBlur(picture(), (0, 0), 3)
        ).mean()
        < 4
    )
    path.unlink()
    with pytest.raises(InputError):
        document.image_of(turned, 1.0)


def test_a_file_object_is_read_again_from_its_start() -> None:
    stream = io.BytesIO(png(picture()))
    stream.read(10)
    give = images(stream)
    for _ in range(2):
        np.testing.assert_array_equal(give(page(), 1.0), picture())


def test_a_document_without_its_source_has_no_pictures() -> None:
    document = Document(source=Source(name="x.pdf", media_type="application/pdf"), pages=[page()])
    assert document.image_of(document.pages[0], 1.0) is None
