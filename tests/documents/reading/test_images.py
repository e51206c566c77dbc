"""Pictures against Pillow, an independent decoder."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import ImageOps

from sampan.documents.options import ParseOptions
from sampan.documents.reading import open_source
from sampan.errors import InputError, LimitError


def picture(width: int = 41, height: int = 23, channels: int = 3) -> np.ndarray:
    """A smooth picture without symmetry, so that lossy formats stay close and turns are seen."""
    y, x = np.mgrid[0:height, 0:width]
    planes = [4 * x + y, 6 * y + x, 255 - 3 * x - 2 * y, 40 + 5 * x]
    return np.clip(np.stack(planes[:channels], axis=2), 0, 255).astype(np.uint8).squeeze()


def saved(image: Pillow.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def read(data: bytes, page: int = 1) -> np.ndarray:
    with open_source(data) as source:
        found = source.page(page)
        image = found.image(72)
        assert (found.width, found.height, found.unit) == (image.shape[1], image.shape[0], "px")
        assert found.text_layer() is None
    assert image.dtype == np.uint8 and image.flags.c_contiguous
    return image[:, :, ::-1].astype(int)  # RGB


def by_pillow(data: bytes) -> np.ndarray:
    image = ImageOps.exif_transpose(Pillow.open(io.BytesIO(data)))
    if image.mode in ("RGBA", "LA", "PA", "P"):
        image = image.convert("RGBA")
        white = Pillow.new("RGBA", image.size, "white")
        image = Pillow.alpha_composite(white, image)
    return np.array(image.convert("RGB")).astype(int)


RGB = Pillow.fromarray(picture())


@pytest.mark.parametrize(
    ("name", "data", "tolerance"),
    [
        ("png rgb", saved(RGB, "PNG"), 0),
        ("png grey", saved(RGB.convert("L"), "PNG"), 0),
        ("png 1 bit", saved(RGB.convert("1"), "PNG"), 0),
        ("png palette", saved(RGB.quantize(30), "PNG"), 0),
        ("png alpha", saved(Pillow.fromarray(picture(channels=4)), "PNG"), 2),
        ("png grey alpha", saved(Pillow.fromarray(picture(channels=4)).convert("LA"), "PNG"), 2),
        ("png palette alpha", saved(RGB.quantize(30), "PNG", transparency=3), 2),
        ("jpeg", saved(RGB, "JPEG", quality=95), 4),
        ("jpeg grey", saved(RGB.convert("L"), "JPEG", quality=95), 4),
        ("jpeg progressive", saved(RGB, "JPEG", quality=95, progressive=True), 4),
        ("webp", saved(RGB, "WEBP", lossless=True), 0),
        ("webp alpha", saved(Pillow.fromarray(picture(channels=4)), "WEBP", lossless=True), 2),
        ("bmp", saved(RGB, "BMP"), 0),
        ("bmp palette", saved(RGB.quantize(30), "BMP"), 0),
        ("gif", saved(RGB.quantize(30), "GIF"), 0),
        ("tiff lzw", saved(RGB, "TIFF", compression="tiff_lzw"), 0),
        ("tiff 1 bit", saved(RGB.convert("1"), "TIFF", compression="group4"), 0),
        ("tiff grey", saved(RGB.convert("L"), "TIFF"), 0),
        ("tiff palette", saved(RGB.quantize(30), "TIFF"), 0),
        ("tiff alpha", saved(Pillow.fromarray(picture(channels=4)), "TIFF"), 2),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_decodes_like_pillow(name: str, data: bytes, tolerance: int) -> None:
    ours, theirs = read(data), by_pillow(data)
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).max() <= tolerance, name


def test_cmyk_jpeg_keeps_its_colours() -> None:
    data = saved(RGB.convert("CMYK"), "JPEG", quality=95)
    # Conversions of ink to light differ; an inverted one would be off by far more.
    assert np.abs(read(data) - by_pillow(data)).mean() < 12


def test_sixteen_bits_are_scaled() -> None:
    values = np.linspace(0, 65535, 41 * 23).reshape(23, 41).astype(np.uint16)
    ours = read(saved(Pillow.fromarray(values), "PNG"))
    assert np.abs(ours[:, :, 0] - values / 257).max() <= 0.5


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_exif_orientation(kind: str, orientation: int) -> None:
    exif = Pillow.Exif()
    exif[274] = orientation
    options = {"quality": 95} if kind == "JPEG" else {"lossless": True} if kind == "WEBP" else {}
    data = saved(RGB, kind, exif=exif, **options)
    ours, theirs = read(data), by_pillow(data)
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).max() <= 4


def test_every_tiff_frame_is_a_page() -> None:
    frames = [Pillow.fromarray(picture(30 + 5 * n, 20 + n)) for n in range(3)]
    data = saved(frames[0], "TIFF", save_all=True, append_images=frames[1:])
    with open_source(data, ParseOptions(pages="2-")) as source:
        assert (source.info.pages, len(source)) == (3, 2)
        assert [(p.number, p.width, p.height) for p in source.pages()] == [(2, 35, 21), (3, 40, 22)]
        assert np.array_equal(next(iter(source.pages())).image(1)[:, :, ::-1], np.array(frames[1]))


def huge_png() -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 60_000, 50_000, 8, 0, 0, 0, 0)
    data = chunk(b"IDAT", zlib.compress(b"\0" * 1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + data + chunk(b"IEND", b"")


def test_a_decompression_bomb_is_refused_from_its_header() -> None:
    with open_source(huge_png()) as source, pytest.raises(LimitError, match=r"60000 × 50000.*120,000,000"):
        source.page(1).image(72)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"])
def test_limit_holds_in_every_format(kind: str) -> None:
    data = saved(RGB, kind)
    with (
        open_source(data, ParseOptions(max_pixels=41 * 23 - 1)) as source,
        pytest.raises(LimitError, match="41 × 23 = 943 pixels"),
    ):
        source.page(1).image(72)
    with open_source(data, ParseOptions(max_pixels=41 * 23)) as source:
        assert source.page(1).image(72).shape == (23, 41, 3)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"])
def test_cut_or_scrambled_files_give_input_errors_or_a_picture(kind: str) -> None:
    data = saved(RGB, kind)
    rng = np.random.default_rng(7)
    for attempt in range(60):
        if attempt % 2:
            broken = data[: int(rng.integers(1, len(data)))]
        else:
            scrambled = np.frombuffer(data, np.uint8).copy()
            at = rng.integers(0, len(data), 4)
            scrambled[at] = rng.integers(0, 256, 4)
            broken = scrambled.tobytes()
        try:
            with open_source(broken, ParseOptions(max_pixels=100_000)) as source:
                for page in source.pages():
                    assert page.image(72).ndim == 3
        except InputError as error:
            assert str(error)
