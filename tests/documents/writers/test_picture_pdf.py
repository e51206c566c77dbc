"""Pictures as pages of a searchable PDF: the file's own bytes where PDF can take them, the same pixels, the right size."""

from __future__ import annotations

import io
import struct
from typing import Any

import cv2
import numpy as np
import pypdfium2
import pypdfium2.raw as raw
import pytest
from PIL import Image, ImageCms
from pypdf import PdfReader
from tests.documents.writers.extraction import document_of, iou, line, page_of, places, text_of

from sampan.documents.reading import open_source
from sampan.documents.writers import WriteOptions, render
from sampan.documents.writers.resolution import resolution

RNG = np.random.default_rng(3)
COLOURS = RNG.integers(0, 256, (60, 90, 3), np.uint8)
MODES = {"RGB": "RGB", "grey": "L", "palette": "P", "one bit": "1", "alpha": "RGBA", "CMYK": "CMYK"}


def saved(picture: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def as_pdf(data: bytes, media: str, *pages: Any) -> bytes:
    result = render(document_of(data, *pages, media=media), "pdf")
    assert isinstance(result, bytes)
    return result


def picture_of(pdf: bytes, page: int = 1) -> Any:
    (picture,) = PdfReader(io.BytesIO(pdf), strict=True).pages[page - 1]["/Resources"]["/XObject"].values()
    return picture.get_object()


def rendered(pdf: bytes, width: int, height: int, page: int = 1) -> np.ndarray:
    """The page with one pixel for each of the picture's."""
    opened = pypdfium2.PdfDocument(pdf)
    try:
        shown = opened[page - 1]
        assert shown.get_width() / width == pytest.approx(shown.get_height() / height, rel=1e-4)
        bitmap = pypdfium2.PdfBitmap.new_native(width, height, raw.FPDFBitmap_BGR)
        bitmap.fill_rect((255, 255, 255, 255), 0, 0, width, height)
        raw.FPDF_RenderPageBitmap(bitmap, shown, 0, 0, width, height, 0, raw.FPDF_RENDER_NO_SMOOTHIMAGE)
        return bitmap.to_numpy().copy()
    finally:
        opened.close()


def as_read(data: bytes, page: int = 1) -> np.ndarray:
    with open_source(data) as source:
        return source.page(page).image(200)


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_is_embedded_as_it_is(mode: str, progressive: bool) -> None:
    smooth = cv2.GaussianBlur(COLOURS, (0, 0), 6)
    data = saved(Image.fromarray(smooth).convert(mode), "JPEG", quality=95, progressive=progressive)
    pdf = as_pdf(data, "image/jpeg")
    picture = picture_of(pdf)
    assert picture._data == data and picture["/Filter"] == "/DCTDecode"
    difference = rendered(pdf, 90, 60).astype(int) - as_read(data).astype(int)
    assert np.abs(difference).max() <= (
        3 if mode != "CMYK" else 40
    )  # readers turn ink into light differently


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_the_colour_profile_goes_along(kind: str) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = saved(Image.fromarray(COLOURS), kind, icc_profile=profile)
    pdf = as_pdf(data, f"image/{kind.lower()}")
    name, stream = picture_of(pdf)["/ColorSpace"]
    assert (
        name == "/ICCBased" and stream.get_object().get_data() == profile and stream.get_object()["/N"] == 3
    )
    # A profile for other colours than the picture's would make it unreadable.
    grey = saved(Image.fromarray(COLOURS[:, :, 0]), kind, icc_profile=profile)
    assert picture_of(as_pdf(grey, f"image/{kind.lower()}"))["/ColorSpace"] == "/DeviceGray"
    damaged = saved(Image.fromarray(COLOURS), kind, icc_profile=profile[:-9])
    assert picture_of(as_pdf(damaged, f"image/{kind.lower()}"))["/ColorSpace"] == "/DeviceRGB"


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_the_way_up_that_exif_says(orientation: int, kind: str) -> None:
    quarters = np.zeros((40, 60, 3), np.uint8)
    quarters[:20, :30], quarters[:20, 30:], quarters[20:, :30] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    exif = Image.Exif()
    exif[274] = orientation
    data = saved(
        Image.fromarray(quarters),
        kind,
        exif=exif,
        **({"quality": 95, "subsampling": 0} if kind == "JPEG" else {}),
    )
    expected = as_read(data)
    height, width = expected.shape[:2]
    pdf = as_pdf(data, f"image/{kind.lower()}")
    shown = rendered(pdf, width, height)
    inner = [(y, x) for y in (5, height - 6) for x in (5, width - 6)]
    for place in inner:
        assert np.abs(shown[place].astype(int) - expected[place]).max() < 12, place


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "I;16"])
def test_a_png_keeps_its_compressed_rows(mode: str) -> None:
    grey = COLOURS[:, :, 0]
    picture = (
        Image.fromarray(grey.astype(np.uint16) * 257)
        if mode == "I;16"
        else Image.fromarray(COLOURS).convert(
            mode, **({"palette": Image.Palette.ADAPTIVE} if mode == "P" else {})
        )
    )
    data = saved(picture, "PNG")
    pdf = as_pdf(data, "image/png")
    assert picture_of(pdf)._data in data
    difference = rendered(pdf, 90, 60).astype(int) - as_read(data)
    assert np.abs(difference).max() <= (1 if mode == "I;16" else 0)  # of 16 bits PDFium shows the upper eight


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_a_png_of_few_bits(bits: int) -> None:
    picture = Image.fromarray((COLOURS[:, :, 0] % (1 << bits)).astype(np.uint8)).convert("P")
    picture.putpalette(
        [value for index in range(256) for value in (index * 13 % 256, index * 57 % 256, index * 91 % 256)]
    )
    data = saved(picture, "PNG", bits=bits)
    pdf = as_pdf(data, "image/png")
    assert picture_of(pdf)["/BitsPerComponent"] == bits
    assert np.array_equal(rendered(pdf, 90, 60), as_read(data))


@pytest.mark.parametrize(
    ("kind", "mode", "options"),
    [
        ("PNG", "RGBA", {}),
        ("GIF", "P", {}),
        ("BMP", "RGB", {}),
        ("WEBP", "RGB", {"lossless": True}),
        ("TIFF", "RGB", {"compression": "tiff_lzw"}),
        ("TIFF", "1", {"compression": "group4"}),
        ("TIFF", "L", {}),
    ],
)
def test_other_pictures_keep_their_pixels(kind: str, mode: str, options: dict[str, Any]) -> None:
    picture = Image.fromarray(COLOURS).convert(mode)
    if mode == "RGBA":
        picture.putalpha(Image.fromarray(COLOURS[:, :, 1]))
    data = saved(picture, kind, **options)
    pdf = as_pdf(data, f"image/{kind.lower()}")
    assert np.array_equal(rendered(pdf, 90, 60), as_read(data))
    embedded = picture_of(pdf)
    assert embedded["/BitsPerComponent"] == (1 if mode == "1" else 8)
    assert embedded["/ColorSpace"] == ("/DeviceGray" if mode in "1L" else "/DeviceRGB")


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {"dpi": (300, 150)}),
        ("JPEG", {"dpi": (300, 150)}),
        ("TIFF", {"dpi": (300, 150)}),
        ("BMP", {"dpi": (300, 150)}),
    ],
)
def test_the_page_is_as_large_as_the_paper(kind: str, options: dict[str, Any]) -> None:
    data = saved(Image.new("RGB", (1200, 900), "white"), kind, **options)
    words = line(("word", (300, 300, 600, 360)))
    pdf = as_pdf(data, f"image/{kind.lower()}", page_of(words, size=(1200, 900)))
    opened = pypdfium2.PdfDocument(pdf)
    assert opened[0].get_size() == pytest.approx((4 * 72, 6 * 72), rel=1e-3)
    opened.close()
    (found,) = places(pdf, "word")
    assert iou(found, (72, 144, 144, 172.8)) > 0.9


def test_a_picture_on_its_side_has_its_resolution_turned_too() -> None:
    exif = Image.Exif()
    exif[274] = 6
    data = saved(Image.new("RGB", (1200, 900), "white"), "JPEG", dpi=(300, 150), exif=exif)
    opened = pypdfium2.PdfDocument(as_pdf(data, "image/jpeg"))
    assert opened[0].get_size() == pytest.approx((6 * 72, 4 * 72), rel=1e-3)
    opened.close()


def test_resolution_from_exif_where_jfif_has_no_unit() -> None:
    exif = Image.Exif()
    exif[282], exif[283], exif[296] = 118.0, 118.0, 3
    data = saved(Image.new("RGB", (20, 20)), "JPEG", exif=exif)
    # Pillow writes what EXIF says into JFIF too; take it out again.
    at = data.index(b"JFIF\0")
    data = data[: at + 7] + b"\0\0\1\0\1" + data[at + 12 :]
    assert resolution(data, "image/jpeg") == pytest.approx((118 * 2.54, 118 * 2.54))
    turned = bytearray(data)
    assert resolution(bytes(turned[: at - 6]), "image/jpeg") is None


@pytest.mark.parametrize(
    "data", [b"", b"\x89PNG\r\n\x1a\n", b"II*\0\xff\xff\xff\xff", b"\xff\xd8\xff\xe0\0", b"BM" + b"\0" * 12]
)
@pytest.mark.parametrize(
    "media", ["image/png", "image/jpeg", "image/tiff", "image/bmp", "image/webp", "image/gif"]
)
def test_a_broken_header_names_no_resolution(data: bytes, media: str) -> None:
    assert resolution(data, media) is None


def test_nonsense_about_the_size_is_not_believed() -> None:
    data = saved(Image.new("RGB", (1000, 500), "white"), "PNG", dpi=(1, 1))
    opened = pypdfium2.PdfDocument(as_pdf(data, "image/png"))
    assert opened[0].get_size() == pytest.approx((360, 180), abs=0.1)  # 200 dots per inch
    opened.close()


def test_every_frame_of_a_tiff_is_a_page() -> None:
    frames = [Image.fromarray(np.full((100 + 20 * n, 200, 3), 50 * n, np.uint8)) for n in range(3)]
    data = saved(frames[0], "TIFF", save_all=True, append_images=frames[1:], dpi=(100, 100))
    pages = [
        page_of(line((f"frame{n}", (20, 20, 120, 40))), size=(200, 100 + 20 * n), number=n + 1)
        for n in (0, 2)
    ]
    pdf = as_pdf(data, "image/tiff", *pages)
    assert [text_of(pdf, number) for number in (1, 2, 3)] == ["frame0", "", "frame2"]
    for number in (1, 2, 3):
        assert np.array_equal(rendered(pdf, 200, 80 + 20 * number, number), as_read(data, number))
    (found,) = places(pdf, "frame2", 3)
    assert iou(found, (20 * 0.72, 20 * 0.72, 120 * 0.72, 40 * 0.72)) > 0.85


def test_the_language_is_said_if_it_is_known() -> None:
    data = saved(Image.new("L", (20, 20)), "PNG")
    for options, expected in ((None, None), (WriteOptions(language="de-CH"), "de-CH")):
        pdf = render(document_of(data), "pdf", options)
        assert PdfReader(io.BytesIO(pdf)).root_object.get("/Lang") == expected


def test_a_jpeg_that_pdf_does_not_know_is_decoded() -> None:
    data = saved(Image.fromarray(cv2.GaussianBlur(COLOURS, (0, 0), 6)), "JPEG")
    at = data.index(b"\xff\xc0")
    arithmetic = data[:at] + b"\xff\xc9" + data[at + 2 :]
    from sampan.documents.writers.embedded_picture import embedded_file

    assert embedded_file(data, "image/jpeg", 1) is not None
    assert embedded_file(arithmetic, "image/jpeg", 1) is None


def test_a_damaged_frame_is_an_empty_page() -> None:
    frames = [Image.new("L", (200, 100), 255), Image.new("L", (200, 100), 255)]
    data = bytearray(
        saved(frames[0], "TIFF", save_all=True, append_images=frames[1:], compression="tiff_lzw")
    )
    order = "<" if data[:2] == b"II" else ">"
    (first,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, first)
    (second,) = struct.unpack_from(order + "I", data, first + 2 + 12 * count)
    (count,) = struct.unpack_from(order + "H", data, second)
    for at in range(second + 2, second + 2 + 12 * count, 12):
        if struct.unpack_from(order + "H", data, at)[0] == 273:  # StripOffsets
            struct.pack_into(order + "I", data, at + 8, 10_000_000)
    page = page_of(line(("word", (20, 20, 120, 40))), size=(200, 100))
    pdf = as_pdf(bytes(data), "image/tiff", page)
    reader = PdfReader(io.BytesIO(pdf), strict=True)
    assert text_of(pdf) == "word" and len(reader.pages) == 2
    assert "/XObject" in reader.pages[0]["/Resources"] and "/XObject" not in reader.pages[1]["/Resources"]
