"""Small PDFs, written object by object (ISO 32000-1 §7.5), so that no producer decides what is in them.

Between them they have what the reader and PDFium take different paths for: cross-reference tables and streams,
object streams, incremental updates, every stream filter, forms, patterns, shadings, annotations, Type 3 and
unmapped fonts, invisible text, encryption, odd page trees.
"""

from __future__ import annotations

import hashlib
import io
import zlib
from base64 import a85encode

import numpy as np
from PIL import Image as Pillow

Body = bytes | tuple[bytes, bytes]
"""An object: its text, or its dictionary's entries and the stream's encoded bytes."""

_FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
_TEXT = b"BT /F1 12 Tf 20 150 Td (The quick brown fox) Tj 0 -16 Td (jumps over 42 lazy dogs.) Tj ET\n"


def pdf_seeds() -> list[tuple[str, bytes]]:
    """Name and bytes of every PDF seed."""
    deflated = (b"/Filter /FlateDecode", zlib.compress(_TEXT * 4))
    return [
        ("pdf-text", document([page(4), (b"", _TEXT)])),
        ("pdf-flate", document([page(4), deflated])),
        ("pdf-three-pages", document([page(6), page(6, b"/Rotate 90"), page(6), deflated], pages=3)),
        ("pdf-table", document([page(4), (b"", _table())])),
        ("pdf-crop", document([page(4, b"/CropBox [10 20 150 180] /Rotate 270 /UserUnit 2"), deflated])),
        ("pdf-invisible", document([page(4), (b"", b"3 Tr " + _TEXT)])),
        ("pdf-turned-text", document([page(4), (b"", _turned())])),
        ("pdf-xref-stream", with_streams([page(4), deflated])),
        ("pdf-update", updated()),
        ("pdf-encrypted", encrypted([page(4), (b"", _TEXT)])),
        ("pdf-form", document(_forms())),
        ("pdf-type3", document(_type3())),
        ("pdf-cmap", document(_cmap())),
        ("pdf-graphics", document(_graphics())),
        ("pdf-annotation", document(_annotation())),
        ("pdf-deep-tree", _deep_tree()),
        ("pdf-inline-image", document([page(4), (b"", _inline_image())])),
        *((f"pdf-image-{name}", document(_image(*image))) for name, image in _images().items()),
    ]


def page(contents: int, extra: bytes = b"", resources: bytes = b"") -> bytes:
    return (
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Contents %d 0 R "
        b"/Resources << /Font << /F1 %s >> %s >> %s >>" % (contents, _FONT, resources, extra)
    )


def document(objects: list[Body], pages: int = 1) -> bytes:
    """A PDF whose objects 3, 4, … are given, the first `pages` of them pages."""
    kids = b" ".join(b"%d 0 R" % (3 + number) for number in range(pages))
    root: list[Body] = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Count %d /Kids [%s] >>" % (pages, kids),
    ]
    return serialized(dict(enumerate([*root, *objects], 1)), b"/Root 1 0 R")


def serialized(objects: dict[int, Body], trailer: bytes, head: bytes = b"%PDF-1.7\n") -> bytes:
    """Objects with a cross-reference table that fits them."""
    out = bytearray(head)
    offsets = {}
    for number, body in objects.items():
        offsets[number] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, written(body))
    start = len(out)
    size = max(objects, default=0) + 1
    out += b"xref\n0 %d\n" % size
    for number in range(size):
        out += b"%010d 00000 n \n" % offsets[number] if number in offsets else b"0000000000 65535 f \n"
    out += b"trailer\n<< /Size %d %s >>\nstartxref\n%d\n%%%%EOF\n" % (size, trailer, start)
    return bytes(out)


def written(body: Body) -> bytes:
    if isinstance(body, bytes):
        return body
    dictionary, stream = body
    return b"<< %s /Length %d >>\nstream\n%s\nendstream" % (dictionary, len(stream), stream)


def with_streams(objects: list[Body]) -> bytes:
    """All objects but streams in an object stream, found through a cross-reference stream (§7.5.7, §7.5.8)."""
    root: list[Body] = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
        *objects,
    ]
    numbered = dict(enumerate(root, 1))
    packed = {number: body for number, body in numbered.items() if isinstance(body, bytes)}
    index, data = b"", b""
    for number, text in packed.items():
        index += b"%d %d " % (number, len(data))
        data += text + b"\n"
    holder, table = len(root) + 1, len(root) + 2
    numbered[holder] = (
        b"/Type /ObjStm /N %d /First %d /Filter /FlateDecode" % (len(packed), len(index)),
        zlib.compress(index + data),
    )
    out = bytearray(b"%PDF-1.7\n")
    rows = {0: (0, 0, 0)}
    for place, number in enumerate(packed):
        rows[number] = (2, holder, place)
    for number, body in numbered.items():
        if number not in packed:
            rows[number] = (1, len(out), 0)
            out += b"%d 0 obj\n%s\nendobj\n" % (number, written(body))
    start = len(out)
    rows[table] = (1, start, 0)
    raw = b"".join(
        bytes([kind]) + where.to_bytes(4, "big") + bytes([place])
        for kind, where, place in (rows[number] for number in range(table + 1))
    )
    entries = b"/Type /XRef /W [1 4 1] /Size %d /Root 1 0 R /Filter /FlateDecode" % (table + 1)
    out += b"%d 0 obj\n%s\nendobj\n" % (table, written((entries, zlib.compress(raw))))
    return bytes(out) + b"startxref\n%d\n%%%%EOF\n" % start


def updated() -> bytes:
    """A page whose text an incremental update replaces (§7.5.6)."""
    first = document([page(4), (b"", _TEXT)])
    before = first.rindex(b"xref\n0")
    start = len(first)
    body = b"4 0 obj\n%s\nendobj\n" % written((b"", _TEXT.replace(b"fox", b"cat")))
    table = b"xref\n4 1\n%010d 00000 n \n" % start
    trailer = b"trailer\n<< /Size 5 /Root 1 0 R /Prev %d >>\n" % before
    return first + body + table + trailer + b"startxref\n%d\n%%%%EOF\n" % (start + len(body))


def encrypted(objects: list[Body]) -> bytes:
    """40-bit RC4 with the empty user password (§7.6.3, algorithms 2 to 4), which opens without asking."""
    padding = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")
    identity = b"sixteen bytes id"
    owner = rc4(hashlib.md5(padding).digest()[:5], padding)
    key = hashlib.md5(padding + owner + b"\xfc\xff\xff\xff" + identity).digest()[:5]
    user = rc4(key, padding)
    root: list[Body] = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
        *objects,
    ]
    locked: dict[int, Body] = {}
    for number, body in enumerate(root, 1):
        if isinstance(body, tuple):
            own = hashlib.md5(key + number.to_bytes(3, "little") + b"\0\0").digest()[:10]
            locked[number] = (body[0], rc4(own, body[1]))
        else:
            locked[number] = body
    entry = b"/Filter /Standard /V 1 /R 2 /P -4 /O <%s> /U <%s>" % (owner.hex().encode(), user.hex().encode())
    name = identity.hex().encode()
    return serialized(locked, b"/Root 1 0 R /ID [<%s> <%s>] /Encrypt << %s >>" % (name, name, entry))


def rc4(key: bytes, data: bytes) -> bytes:
    state = list(range(256))
    j = 0
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) & 255
        state[i], state[j] = state[j], state[i]
    out = bytearray()
    i = j = 0
    for byte in data:
        i = (i + 1) & 255
        j = (j + state[i]) & 255
        state[i], state[j] = state[j], state[i]
        out.append(byte ^ state[(state[i] + state[j]) & 255])
    return bytes(out)


def _table() -> bytes:
    lines = b"".join(
        b"20 %d m 180 %d l S %d 60 m %d 160 l S " % (y, y, x, x)
        for y, x in ((60, 20), (110, 100), (160, 180))
    )
    return lines + b"BT /F1 10 Tf 30 120 Td (Port) Tj 80 0 Td (Depth) Tj ET 0.9 g 20 60 80 50 re f"


def _turned() -> bytes:
    return (
        b"BT /F1 12 Tf 0 1 -1 0 50 20 Tm (upwards) Tj ET BT /F1 9 Tf .7 .7 -.7 .7 90 20 Tm (slanted) Tj ET "
        b"BT /F1 -12 Tf 120 90 Td (negative) Tj ET BT /F1 12 Tf 5 Ts 30 TL (a)' 2 3 (b)\" [(c) -250 (d)] TJ ET"
    )


def _forms() -> list[Body]:
    inner = b"/Type /XObject /Subtype /Form /BBox [0 0 100 100] /Matrix [.5 0 0 .5 10 10]"
    fonts = b"/Resources << /Font << /F1 %s >> /XObject << /G 6 0 R >> >>" % _FONT
    return [
        page(4, b"", b"/XObject << /F 5 0 R /G 6 0 R >>"),
        (b"", b"q /F Do Q q 1 0 0 1 50 50 cm /F Do /G Do Q"),
        (inner + fonts, b"/G Do " + _TEXT),
        (inner + b"/Group << /S /Transparency >>", b"0 0 80 80 re f"),
    ]


def _type3() -> list[Body]:
    font = (
        b"<< /Type /Font /Subtype /Type3 /FontBBox [0 0 9 9] /FontMatrix [.1 0 0 .1 0 0] /FirstChar 97 "
        b"/LastChar 98 /Widths [9 9] /Encoding << /Differences [97 /a /b] >> /CharProcs << /a 6 0 R /b 7 0 R >> "
        b"/Resources << >> >>"
    )
    body = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>"
    return [
        body,
        (b"", b"BT /F1 20 Tf 20 100 Td (abba) Tj ET"),
        font,
        (b"", b"9 0 d0 0 0 8 8 re f"),
        (b"", b"9 0 0 0 9 9 d1 0 0 m 8 8 l S"),
    ]


def _cmap() -> list[Body]:
    cmap = (
        b"/CIDInit /ProcSet findresource begin 1 begincodespacerange <0000> <ffff> endcodespacerange "
        b"2 beginbfrange <0041> <005a> <0061> <0100> <0102> [<4e00> <4e8c> <d83dde00>] endbfrange "
        b"1 beginbfchar <0003> <05d0> endbfchar end"
    )
    font = (
        b"<< /Type /Font /Subtype /Type0 /BaseFont /Made /Encoding /Identity-H /ToUnicode 6 0 R /DescendantFonts "
        b"[<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Made /CIDSystemInfo << /Registry (Adobe) /Ordering "
        b"(Identity) /Supplement 0 >> /DW 700 /W [65 [600 610] 70 80 500] >>] >>"
    )
    return [
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        (b"", b"BT /F1 12 Tf 20 100 Td <00410042004301000101010200030003> Tj ET"),
        font,
        (b"", cmap),
    ]


def _graphics() -> list[Body]:
    shading = b"<< /ShadingType 2 /ColorSpace /DeviceRGB /Coords [0 0 99 99] /Function << /FunctionType 2 /N 1 /Domain [0 1] /C0 [1 0 0] /C1 [0 0 1] >> >>"
    pattern = b"/PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 9 9] /XStep 9 /YStep 9 /Resources << >>"
    resources = (
        b"/Shading << /S %s >> /Pattern << /P 5 0 R >> /ExtGState << /E << /ca .5 /BM /Multiply >> >> "
        b"/ColorSpace << /C [/Indexed /DeviceRGB 1 <ff000000ff00>] >>" % shading
    )
    draw = (
        b"q 10 10 99 99 re W n /S sh Q /E gs /Pattern cs /P scn 120 20 60 60 re f /C cs 1 sc 9 w [4 2] 0 d "
        b"20 150 m 60 190 100 110 180 180 c b* 1 0 0 RG 0 0 m 200 200 l S"
    )
    return [page(4, b"", resources), (b"", draw), (pattern, b"1 0 0 rg 0 0 4 4 re f")]


def _annotation() -> list[Body]:
    note = (
        b"<< /Type /Annot /Subtype /Stamp /Rect [20 20 120 60] /AP << /N 6 0 R >> /F 4 >>"
        b" << /Type /Annot /Subtype /Highlight /Rect [20 140 120 160] /QuadPoints [20 160 120 160 20 140 120 140] /C [1 1 0] >>"
    )
    return [
        page(4, b"/Annots [%s 5 0 R]" % note),
        (b"", _TEXT),
        b"<< /Type /Annot /Subtype /Widget /FT /Tx /Rect [20 80 120 100] /V (field) /DA (/F1 9 Tf) >>",
        (b"/Type /XObject /Subtype /Form /BBox [0 0 100 40]", b"0 1 0 rg 0 0 100 40 re f"),
    ]


def _deep_tree() -> bytes:
    objects: dict[int, Body] = {1: b"<< /Type /Catalog /Pages 2 0 R >>"}
    for number in range(2, 12):
        objects[number] = b"<< /Type /Pages /Count 1 /Parent %d 0 R /Kids [%d 0 R] >>" % (
            max(number - 1, 2),
            number + 1,
        )
    objects[12] = page(13).replace(b"/Parent 2", b"/Parent 11")
    objects[13] = (b"", _TEXT)
    return serialized(objects, b"/Root 1 0 R /Info << /Title <feff00420061> /Author (A) >>")


def _inline_image() -> bytes:
    return (
        b"q 90 0 0 90 20 20 cm BI /W 4 /H 4 /BPC 8 /CS /G /F /AHx ID 00112233445566778899aabbccddeeff> EI Q "
        + _TEXT
    )


def _images() -> dict[str, tuple[bytes, bytes]]:
    """Dictionary entries and encoded data of a 24 × 16 picture, once for every filter."""
    y, x = np.mgrid[0:16, 0:24]
    grey = (10 * x + 4 * y).clip(0, 255).astype(np.uint8)
    rgb = np.stack([grey, grey[::-1], 255 - grey], axis=2)
    plain = b"/ColorSpace /DeviceGray /BitsPerComponent 8"
    predicted = b"".join(b"\2" + row.tobytes() for row in np.diff(grey, axis=0, prepend=np.uint8(0)))
    fax = io.BytesIO()
    Pillow.fromarray(grey > 99).save(fax, "TIFF", compression="group4")
    with Pillow.open(fax) as tiff:
        offset, length = tiff.tag_v2[273][0], tiff.tag_v2[279][0]  # type: ignore[attr-defined]
    parameters = b"/DecodeParms << /K -1 /Columns 24 /Rows 16 >>"
    return {
        "flate": (plain + b" /Filter /FlateDecode", zlib.compress(grey.tobytes())),
        "nested": (
            plain + b" /Filter [/FlateDecode /FlateDecode]",
            zlib.compress(zlib.compress(grey.tobytes())),
        ),
        "predictor": (
            plain + b" /Filter /FlateDecode /DecodeParms << /Predictor 15 /Columns 24 >>",
            zlib.compress(predicted),
        ),
        "ascii85": (plain + b" /Filter [/ASCII85Decode]", a85encode(grey.tobytes()) + b"~>"),
        "hex": (plain + b" /Filter /ASCIIHexDecode", grey.tobytes().hex().encode() + b">"),
        "run-length": (plain + b" /Filter /RunLengthDecode", _run_length(grey.tobytes())),
        "fax": (
            b"/ColorSpace /DeviceGray /BitsPerComponent 1 /Filter /CCITTFaxDecode " + parameters,
            fax.getvalue()[offset : offset + length],
        ),
        "jpeg": (b"/ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /DCTDecode", _encoded(rgb, "JPEG")),
        "jpeg2000": (b"/Filter /JPXDecode", _encoded(rgb, "JPEG2000")),
        "jbig2": (b"/ColorSpace /DeviceGray /BitsPerComponent 1 /Filter /JBIG2Decode", _jbig2()),
        "mask": (b"/ImageMask true /BitsPerComponent 1 /Decode [1 0]", bytes(3 * 16)),
        "palette": (
            b"/ColorSpace [/Indexed /DeviceRGB 3 <000000ff000000ff000000ff>] /BitsPerComponent 2",
            bytes(range(6 * 16)),
        ),
    }


def _image(entries: bytes, data: bytes) -> list[Body]:
    return [
        page(4, b"", b"/XObject << /I 5 0 R >>"),
        (b"", b"q 180 0 0 120 10 40 cm /I Do Q"),
        (b"/Type /XObject /Subtype /Image /Width 24 /Height 16 " + entries, data),
    ]


def _encoded(pixels: np.ndarray, kind: str) -> bytes:
    buffer = io.BytesIO()
    Pillow.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


def _run_length(data: bytes) -> bytes:
    parts = [data[at : at + 128] for at in range(0, len(data), 128)]
    return b"".join(bytes([len(part) - 1]) + part for part in parts) + b"\x80"


def _jbig2() -> bytes:
    """Page information and a generic region coded by MMR that ends at once (ITU-T T.88 §7.4.8, §7.4.6)."""

    def segment(number: int, kind: int, body: bytes) -> bytes:
        return number.to_bytes(4, "big") + bytes([kind, 0, 1]) + len(body).to_bytes(4, "big") + body

    size = (24).to_bytes(4, "big") + (16).to_bytes(4, "big")
    information = size + bytes(8) + b"\x00" + bytes(2)
    region = size + bytes(8) + b"\x00" + b"\x01" + bytes(16)
    return segment(0, 48, information) + segment(1, 38, region) + segment(2, 49, b"")
