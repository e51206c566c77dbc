"""The documents that are mutated: small, made on the spot, one for every path through the reader.

Pictures come from Pillow in every kind and mode that it writes; PDFs are written object by object in
`pdf_seeds`.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from PIL import Image as Pillow

from benchmarks.fuzzing.pdf_seeds import pdf_seeds


@dataclass(frozen=True, slots=True)
class Seed:
    """`kind` chooses the mutators: pdf, png, jpeg, tiff, webp, gif or bmp."""

    name: str
    kind: str
    data: bytes


@cache
def seeds() -> tuple[Seed, ...]:
    """All seeds, in an order that never changes: input i of a campaign depends on it."""
    made = [Seed(name, "pdf", data) for name, data in pdf_seeds()]
    made += [Seed(name, name.split("-")[0], data) for name, data in _pictures()]
    return tuple(made)


def _pictures() -> list[tuple[str, bytes]]:
    y, x = np.mgrid[0:33, 0:47]
    planes = np.stack([5 * x, 7 * y, 3 * (x + y), 255 - 4 * x], axis=2)
    rgba = Pillow.fromarray(np.clip(planes, 0, 255).astype(np.uint8))
    rgb, grey = rgba.convert("RGB"), rgba.convert("L")
    deep = Pillow.fromarray((np.clip(planes[:, :, 0], 0, 255).astype(np.uint16)) * 257)
    bilevel, palette = grey.convert("1"), rgb.quantize(17)
    exif = Pillow.Exif()
    exif[274] = 6
    frames = {"save_all": True, "append_images": [rgb.rotate(90, expand=True), rgb.resize((20, 60))]}
    wanted: list[tuple[str, Pillow.Image, dict[str, Any]]] = [
        ("png-rgb", rgb, {}),
        ("png-rgba", rgba, {}),
        ("png-grey-alpha", rgba.convert("LA"), {}),
        ("png-palette", palette, {"transparency": 3}),
        ("png-one-bit", bilevel, {}),
        ("png-deep", deep, {}),
        ("png-exif", rgb, {"exif": exif, "dpi": (300, 300)}),
        ("png-animated", rgb, {"save_all": True, "append_images": [rgb.rotate(180)], "duration": 40}),
        ("jpeg-rgb", rgb, {"quality": 80}),
        ("jpeg-grey", grey, {"quality": 60}),
        ("jpeg-progressive", rgb, {"progressive": True}),
        ("jpeg-cmyk", rgb.convert("CMYK"), {}),
        ("jpeg-exif", rgb, {"exif": exif}),
        ("jpeg-restart", rgb, {"restart_marker_blocks": 2, "subsampling": 0}),
        ("tiff-raw", rgb, {}),
        ("tiff-lzw", rgb, {"compression": "tiff_lzw", "tiffinfo": {317: 2}}),
        ("tiff-deflate", rgba, {"compression": "tiff_adobe_deflate"}),
        ("tiff-packbits", grey, {"compression": "packbits"}),
        ("tiff-group3", bilevel, {"compression": "group3"}),
        ("tiff-group4", bilevel, {"compression": "group4"}),
        ("tiff-jpeg", rgb, {"compression": "jpeg"}),
        ("tiff-palette", palette, {}),
        ("tiff-deep", deep, {}),
        ("tiff-float", Pillow.fromarray(planes[:, :, 1].astype(np.float32) / 255), {}),
        ("tiff-cmyk", rgb.convert("CMYK"), {"compression": "tiff_lzw"}),
        ("tiff-frames", rgb, {**frames, "compression": "tiff_lzw"}),
        ("tiff-turned", rgb, {"tiffinfo": {274: 6}}),
        ("tiff-big", rgb, {"big_tiff": True}),
        ("webp-lossy", rgb, {"quality": 60}),
        ("webp-lossless", rgba, {"lossless": True}),
        ("webp-alpha", rgba, {"quality": 50}),
        ("webp-exif", rgb, {"exif": exif}),
        ("webp-animated", rgba, {"save_all": True, "append_images": [rgba.rotate(180)], "duration": 40}),
        ("gif-palette", palette, {}),
        ("gif-animated", palette, {"save_all": True, "append_images": [palette.rotate(180)], "duration": 40}),
        ("gif-interlaced", palette, {"interlace": 1, "transparency": 2}),
        ("bmp-rgb", rgb, {}),
        ("bmp-rgba", rgba, {}),
        ("bmp-palette", palette, {}),
        ("bmp-one-bit", bilevel, {}),
    ]  # fmt: skip
    return [(name, _saved(image, name.split("-")[0], options)) for name, image, options in wanted]


def _saved(image: Pillow.Image, kind: str, options: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind.upper(), **options)
    return buffer.getvalue()
