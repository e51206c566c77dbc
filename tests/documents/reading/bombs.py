"""Small files that want to become huge, and a reading of each with its memory and time measured.

Run as a program it reads every bomb in this one process, under a hard limit of address space, and prints one line
of JSON for each. `test_bombs` runs it and looks at the lines.
"""

from __future__ import annotations

import io
import json
import resource
import struct
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from benchmarks.fuzzing.pdf_seeds import Body, document, page, serialized
from PIL import Image as Pillow

from sampan.documents.options import ParseOptions
from sampan.documents.reading import open_source
from sampan.errors import InputError, SampanError


def png_chunks(*chunks: tuple[bytes, bytes]) -> bytes:
    written = [
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(written)


def huge_png() -> bytes:
    header = struct.pack(">IIBBBBB", 60_000, 50_000, 16, 6, 0, 0, 0)
    return png_chunks((b"IHDR", header), (b"IDAT", zlib.compress(bytes(100_000))), (b"IEND", b""))


def png_with_a_late_header() -> bytes:
    small = b"tEXt" + struct.pack(">IIBBBBB", 4, 4, 8, 0, 0, 0, 0)
    header = struct.pack(">IIBBBBB", 60_000, 50_000, 8, 0, 0, 0, 0)
    return png_chunks((small[:4], small[4:]), (b"IHDR", header), (b"IEND", b""))


def huge_jpeg() -> bytes:
    return _jpeg_of(65_500, 65_500)


def jpeg_of_many_passes() -> bytes:
    data = _jpeg_of(12_000, 10_000, progressive=True)
    scan = data.rindex(b"\xff\xda")
    return data[:scan] + data[scan:-2] * 3000 + data[-2:]


def _jpeg_of(width: int, height: int, progressive: bool = False) -> bytes:
    buffer = io.BytesIO()
    Pillow.new("RGB", (24, 16), "white").save(buffer, "JPEG", progressive=progressive)
    data = bytearray(buffer.getvalue())
    at = data.index(b"\xff\xc2" if progressive else b"\xff\xc0")
    struct.pack_into(">HH", data, at + 5, height, width)
    return bytes(data)


def huge_gif() -> bytes:
    buffer = io.BytesIO()
    Pillow.new("P", (16, 16)).save(buffer, "GIF")
    data = bytearray(buffer.getvalue())
    struct.pack_into("<HH", data, 6, 65_535, 65_535)
    return bytes(data)


def huge_bmp() -> bytes:
    buffer = io.BytesIO()
    Pillow.new("RGB", (16, 16)).save(buffer, "BMP")
    data = bytearray(buffer.getvalue())
    struct.pack_into("<ii", data, 18, 60_000, -60_000)
    return bytes(data)


def huge_webp() -> bytes:
    body = b"VP8X" + struct.pack("<I", 10) + bytes(4) + b"\xff\xff\xff" * 2
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def tiff(*directories: dict[int, int]) -> bytes:
    """Grey TIFF pages of given tags, each with one byte of picture data."""
    out = bytearray(b"II*\0" + struct.pack("<I", 16) + bytes(8))
    for number, given in enumerate(directories):
        tags = {256: 8, 257: 8, 258: 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: 8, 279: 1, **given}
        out += struct.pack("<H", len(tags))
        for tag, value in sorted(tags.items()):
            out += struct.pack("<HHII", tag, 4 if tag in (256, 257, 322, 323) else 3, 1, value)
        last = number + 1 == len(directories)
        out += struct.pack("<I", 0 if last else len(out) + 4)
    return bytes(out)


def tiff_of_overlapping_directories() -> bytes:
    """Directories of 4,000 tags, each starting two bytes after the one before: every byte is read thousands of times."""
    count = 4000
    data = bytearray(200_000)
    data[:8] = b"II*\0" + struct.pack("<I", 8)
    for at in range(8, 140_000, 12):
        struct.pack_into("<H", data, at, count)
        # The link stands where the tags end; the next directory starts one entry on.
        struct.pack_into("<I", data, at + 2 + count * 12, at + 12)
    return bytes(data)


def _tags(content: bytes, filters: bytes = b"/FlateDecode") -> list[Body]:
    return [page(4), (b"/Filter [%s]" % filters, content)]


def flate_bomb() -> bytes:
    return document(_tags(zlib.compress(b"0 0 5 5 re f\n" * 8_000_000, 9)))


def nested_flate_bomb() -> bytes:
    return document(_tags(zlib.compress(zlib.compress(bytes(100_000_000), 9), 9), b"/FlateDecode /Fl"))


def lzw_bomb() -> bytes:
    """A clear code, then a zero and ever longer runs of zeros: the table's newest entry again and again."""
    width, size = 9, 258
    out = [format(256, "09b"), format(0, "09b")]
    for _ in range(60_000):
        out.append(format(min(size, 4095), f"0{width}b"))
        size = min(size + 1, 4096)
        width = 9 if size < 511 else 10 if size < 1023 else 11 if size < 2047 else 12
    bits = "".join(out)
    data = int(bits + "0" * (-len(bits) % 8), 2).to_bytes((len(bits) + 7) // 8, "big")
    return document(_tags(data, b"/LZWDecode"))


def million_commands() -> bytes:
    return document(_tags(zlib.compress(b"BT /F1 9 Tf 20 20 Td " + b"(a)Tj " * 2_000_000, 9)))


def million_saves() -> bytes:
    return document(_tags(zlib.compress(b"q " * 5_000_000, 9)))


def repeated_contents() -> bytes:
    body = page(4).replace(b"/Contents 4 0 R", b"/Contents [" + b"4 0 R " * 300 + b"]")
    return document([body, (b"/Filter /FlateDecode", zlib.compress(b"0 0 5 5 re f " * 100_000))])


def laughing_forms(own_resources: bool = True) -> bytes:
    """Eight forms, each of which draws the next ten times: 10⁸ little squares."""
    inside = [b"/X%d Do " % (depth + 1) * 10 for depth in range(8)] + [b"0 0 5 5 re f "]
    names = b"/XObject << %s >>" % b" ".join(b"/X%d %d 0 R" % (depth, 5 + depth) for depth in range(9))
    resources = b"/Resources << %s >>" % names if own_resources else b""
    form = b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] "
    forms: list[Body] = [(form + resources, commands) for commands in inside]
    return document([page(4, b"", names), (b"", b"/X0 Do "), *forms])


def form_inside_itself(times: int) -> bytes:
    form = b"/Type /XObject /Subtype /Form /BBox [0 0 99 99] /Resources << /XObject << /X 5 0 R >> >>"
    text = b"BT /F1 12 Tf 20 20 Td (still here) Tj ET "
    return document(
        [page(4, b"", b"/XObject << /X 5 0 R >>"), (b"", text + b"/X Do"), (form, b"/X Do " * times)]
    )


def picture(entries: bytes, data: bytes, width: int, height: int, *others: Body) -> bytes:
    body = b"/Type /XObject /Subtype /Image /Width %d /Height %d %s" % (width, height, entries)
    draw = b"q 180 0 0 120 10 40 cm /I Do Q"
    return document([page(4, b"", b"/XObject << /I 5 0 R >>"), (b"", draw), (body, data), *others])


GREY = b"/ColorSpace /DeviceGray /BitsPerComponent 8 "


def huge_pdf_picture() -> bytes:
    data = zlib.compress(zlib.compress(bytes(30_000_000), 9), 9)
    return picture(GREY + b"/Filter [/FlateDecode /FlateDecode]", data, 30_000, 30_000)


def huge_soft_mask() -> bytes:
    mask = b"/Type /XObject /Subtype /Image /Width 30000 /Height 30000 /Filter /FlateDecode " + GREY
    return picture(GREY + b"/SMask 6 0 R", b"0123", 2, 2, (mask, zlib.compress(bytes(1_000_000))))


def lying_jpeg() -> bytes:
    data = _jpeg_of(30_000, 30_000, progressive=True)
    return picture(b"/ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /DCTDecode", data, 24, 16)


def lying_jpeg2000() -> bytes:
    buffer = io.BytesIO()
    Pillow.fromarray(np.zeros((16, 24, 3), np.uint8)).save(buffer, "JPEG2000")
    data = bytearray(buffer.getvalue())
    struct.pack_into(">IIIIIIII", data, data.index(b"\xff\x51") + 6, *(30_000, 30_000, 0, 0) * 2)
    return picture(b"/Filter [/FlateDecode /JPXDecode]", zlib.compress(bytes(data)), 24, 16)


def lying_jbig2() -> bytes:
    sides = (60_000).to_bytes(4, "big") * 2
    segment = bytes(4) + b"\x30\x00\x01" + (19).to_bytes(4, "big") + sides + bytes(11)
    return picture(b"/ColorSpace /DeviceGray /BitsPerComponent 1 /Filter /JBIG2Decode", segment, 24, 16)


def narrow_tiles() -> bytes:
    pattern = (
        b"/PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 9 9] /XStep .001 /YStep .001 /Resources << >>"
    )
    draw = b"/Pattern cs /P scn 0 0 200 200 re f"
    return document([page(4, b"", b"/Pattern << /P 5 0 R >>"), (b"", draw), (pattern, b"0 0 4 4 re f")])


def laughing_annotation() -> bytes:
    inside = [b"/X%d Do " % (depth + 1) * 10 for depth in range(6)] + [b"0 0 5 5 re f "]
    names = b"/XObject << %s >>" % b" ".join(b"/X%d %d 0 R" % (depth, 5 + depth) for depth in range(7))
    form = b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << %s >>" % names
    stamp = b"/Annots [<< /Type /Annot /Subtype /Stamp /Rect [0 0 99 99] /AP << /N 5 0 R >> /F 4 >>]"
    forms: list[Body] = [(form, commands) for commands in inside]
    return document([page(4, stamp), (b"", b""), *forms])


def patterns_in_patterns() -> bytes:
    pattern = (
        b"/PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 9 9] /XStep 9 /YStep 9 /Resources << %s >>"
    )
    inner: list[Body] = [
        (
            pattern % (b"/Pattern << /P %d 0 R >>" % (6 + depth)),
            b"/Pattern cs /P scn " + b"0 0 4 4 re f " * 20,
        )
        for depth in range(6)
    ]
    draw = b"/Pattern cs /P scn 0 0 200 200 re f"
    return document(
        [page(4, b"", b"/Pattern << /P 5 0 R >>"), (b"", draw), *inner, (pattern % b"", b"0 0 4 4 re f")]
    )


def glyphs_of_glyphs() -> bytes:
    font = (
        b"<< /Type /Font /Subtype /Type3 /FontBBox [0 0 9 9] /FontMatrix [.1 0 0 .1 0 0] /FirstChar 97 /LastChar 97 "
        b"/Widths [9] /Encoding << /Differences [97 /a] >> /CharProcs << /a %d 0 R >> /Resources << /Font << /F1 "
        b"%d 0 R >> >> >>"
    )
    body = page(4).replace(b"/F1 <<", b"/F1 5 0 R /F2 <<")
    objects: list[Body] = [body, (b"", b"BT /F1 20 Tf 20 100 Td (aaaaaaaaaa) Tj ET")]
    for number in range(5, 21, 2):
        objects += [font % (number + 1, number + 2), (b"", b"9 0 d0 BT /F1 5 Tf (aaaaaaaaaa) Tj ET")]
    return document([*objects, font % (22, 21), (b"", b"9 0 d0 0 0 8 8 re f")])


def inline_picture(filters: bytes, data: bytes) -> bytes:
    entries = b"/W 24 /H 16 /BPC 8 /CS /RGB /F %s" % filters
    return document([page(4), (b"", b"q 90 0 0 90 0 0 cm BI %s ID %s EI Q" % (entries, data))])


def object_stream_bomb() -> bytes:
    entries = b"/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode"
    return document([page(4), (b"", b""), (entries, zlib.compress(b"9 0 " + bytes(100_000_000), 9))])


def page_box(side: int) -> bytes:
    curve = b"BT /F1 99 Tf 20 20 Td (abc) Tj ET 0 0 m 99 9000 20000 500 6000 800 c S"
    return document([page(4).replace(b"[0 0 200 200]", b"[0 0 %d %d]" % (side, side)), (b"", curve)])


def table_loop() -> bytes:
    data = document([page(4), (b"", b"BT /F1 12 Tf 20 20 Td (still here) Tj ET")])
    return data.replace(b"/Root 1 0 R", b"/Root 1 0 R /Prev %d" % data.rindex(b"xref\n0"))


def deep_tree() -> bytes:
    depth = 20_000
    objects: dict[int, Body] = {1: b"<< /Type /Catalog /Pages 2 0 R >>"}
    for number in range(2, depth):
        objects[number] = b"<< /Type /Pages /Count 1 /Kids [%d 0 R] >>" % (number + 1)
    objects[depth] = page(depth + 1)
    objects[depth + 1] = (b"", b"")
    return serialized(objects, b"/Root 1 0 R")


def circular_tree() -> bytes:
    kids = b"<< /Type /Pages /Count 100000 /Kids [2 0 R 2 0 R 2 0 R] >>"
    return serialized({1: b"<< /Type /Catalog /Pages 2 0 R >>", 2: kids}, b"/Root 1 0 R")


def deep_arrays() -> bytes:
    return document([page(4, b"/A " + b"[" * 200_000), (b"", b"[" * 200_000 + b"<<" * 100_000)])


def heads_without_ends() -> bytes:
    return b"%PDF-1.7\n" + b"1 0 obj\n" * 500_000


def arrays_without_ends() -> bytes:
    return document([page(4, b"/Contents [ 1 0 R /Filter [ 1 /Matrix [ 2 " * 50_000), (b"", b"")])


def pictures_without_ends() -> bytes:
    return document(_tags(zlib.compress(b"BI " * 2_500_000)))


BOMBS: dict[str, tuple[Callable[[], bytes], str]] = {
    "png": (huge_png, r"LimitError.*60000 × 50000.*limit 120,000,000.*max_pixels"),
    "png late header": (png_with_a_late_header, "InputError.*does not open with its header"),
    "png lying chunk": (
        lambda: huge_png()[:33].replace(struct.pack(">II", 60_000, 50_000), struct.pack(">II", 9, 9))
        + struct.pack(">I", 0x10000000) + b"IDAT" + bytes(20),
        "InputError.*declares more data than it holds",
    ),
    "jpeg": (huge_jpeg, r"LimitError.*65500 × 65500.*max_pixels"),
    "jpeg passes": (jpeg_of_many_passes, r"LimitError.*30\d\d passes.*save it again"),
    "gif": (huge_gif, r"LimitError.*65535 × 65535"),
    "bmp": (huge_bmp, r"LimitError.*60000 × 60000"),
    "webp": (huge_webp, r"LimitError.*16777216 × 16777216"),
    "tiff": (lambda: tiff({256: 60_000, 257: 60_000}), r"LimitError.*60000 × 60000"),
    "tiff tiles": (lambda: tiff({322: 60_000, 323: 60_000}), r"LimitError.*3,600,000,000 bytes.*smaller tiles"),
    "tiff samples": (lambda: tiff({256: 8000, 257: 8000, 277: 65_535}), r"LimitError.*bytes to decode"),
    "tiff pages": (lambda: tiff(*[{}] * 20_000), r"LimitError.*20000 pages.*limit 10000.*max_pages"),
    "tiff overlap": (tiff_of_overlapping_directories, r"LimitError.*1,000,000 tags.*split it"),
    "flate": (flate_bomb, r"LimitError.*64,000,000 bytes.*max_stream_bytes"),
    "nested flate": (nested_flate_bomb, r"LimitError.*64,000,000 bytes.*max_stream_bytes"),
    "lzw": (lzw_bomb, r"LimitError.*64,000,000 bytes.*max_stream_bytes"),
    "text commands": (million_commands, r"LimitError.*3,000,000 commands.*max_commands"),
    "graphics states": (million_saves, r"LimitError.*3,000,000 commands.*max_commands"),
    "repeated contents": (repeated_contents, r"LimitError.*3,000,000 commands.*max_commands"),
    "laughing forms": (laughing_forms, r"LimitError.*3,000,000 commands.*max_commands"),
    "laughing forms of the page": (lambda: laughing_forms(False), r"LimitError.*3,000,000 commands"),
    "form inside itself": (lambda: form_inside_itself(1), "read still here"),
    "form twice inside itself": (lambda: form_inside_itself(2), r"LimitError.*3,000,000 commands"),
    "pdf picture": (huge_pdf_picture, r"LimitError.*30000 × 30000.*max_pixels"),
    "soft mask": (huge_soft_mask, r"LimitError.*object 6.*30000 × 30000"),
    "lying jpeg": (lying_jpeg, r"LimitError.*30000 × 30000"),
    "lying jpeg 2000": (lying_jpeg2000, r"LimitError.*30000 × 30000"),
    "lying jbig2": (lying_jbig2, r"LimitError.*60000 × 60000"),
    "narrow tiles": (narrow_tiles, r"LimitError.*tiles 0.001 × 0.001"),
    "laughing annotation": (laughing_annotation, r"LimitError.*3,000,000 commands"),
    "patterns in patterns": (patterns_in_patterns, r"LimitError.*3,000,000 commands"),
    "glyphs of glyphs": (glyphs_of_glyphs, r"LimitError.*letters are written in such a font"),
    "inline picture": (lambda: inline_picture(b"/DCT", _jpeg_of(30_000, 30_000, True)), r"LimitError.*30000 × 30000"),
    "object stream": (object_stream_bomb, r"LimitError.*64,000,000 bytes.*max_stream_bytes"),
    "page of a kilometre": (lambda: page_box(900_000), r"LimitError.*36 dpi.*lower dpi or raise max_pixels"),
    "page of a planet": (lambda: page_box(2_147_483_648), r"LimitError.*limit 1,000,000 a side"),
    "table loop": (table_loop, "read still here"),
    "deep tree": (deep_tree, "InputError.*page 1 .*cannot be opened"),
    "circular tree": (circular_tree, r"LimitError.*100000 pages.*limit 10000"),
    "heads without ends": (heads_without_ends, "InputError.*cannot be read as PDF"),
    "arrays without ends": (arrays_without_ends, "InputError|read"),
    "pictures without ends": (pictures_without_ends, "read|LimitError"),
    "deep arrays": (deep_arrays, "read"),
}  # fmt: skip
"""Name → maker, and what reading it must come to."""


def read(data: bytes) -> str:
    """What comes of a file: its first text, or its error."""
    try:
        with open_source(data, ParseOptions(dpi=36)) as source:
            found = source.page(source.numbers[0])
            layer = found.text_layer()
            found.image(36)
            return (
                "read " + " ".join(line.text for line in layer.lines if layer is not None)
                if layer
                else "read"
            )
    except InputError as error:
        return f"{type(error).__name__} {error}"
    except SampanError as error:
        return f"no InputError but {type(error).__name__} {error}"


def _peak() -> float:
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


if __name__ == "__main__":
    made = {name: maker() for name, (maker, _) in BOMBS.items()}
    read(table_loop())
    read(huge_png())
    Path("/proc/self/clear_refs").write_text("5")
    before = _peak()
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    for name, data in made.items():
        Path("/proc/self/clear_refs").write_text("5")
        start = time.process_time()
        result = read(data)
        line = {
            "name": name,
            "bytes": len(data),
            "result": result,
            "megabytes": round(_peak() - before, 1),
            "seconds": round(time.process_time() - start, 2),
        }
        json.dump(line, sys.stdout)
        print(flush=True)
