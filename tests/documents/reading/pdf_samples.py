"""A tiny PDF writer for tests: objects, a cross-reference table, pages with raw content streams, RC4.

Written by hand so that every byte that a test depends on stands in the test: crop boxes, rotation,
fonts without a Unicode map, invisible text, forms, damaged pages, encryption (ISO 32000-1 §7.5, §7.6.3).
"""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass, field

HELVETICA = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
BOLD = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>"
ITALIC = b"<< /Type /Font /Subtype /Type1 /BaseFont /Times-Italic /Encoding /WinAnsiEncoding >>"
COURIER = b"<< /Type /Font /Subtype /Type1 /BaseFont /Courier /Encoding /WinAnsiEncoding >>"


@dataclass
class SamplePage:
    """`fonts` and `objects` (XObjects) map resource names to dictionaries or (dictionary, stream) pairs."""

    content: bytes
    width: float = 595
    height: float = 842
    rotate: int = 0
    crop: tuple[float, float, float, float] | None = None
    fonts: dict[str, bytes] = field(default_factory=lambda: {"F1": HELVETICA})
    objects: dict[str, tuple[bytes, bytes]] = field(default_factory=dict)
    broken: bool = False
    """The page object is replaced by a number, so that it cannot be opened."""


def text(x: float, y: float, string: str, size: float = 12, font: str = "F1", extra: str = "") -> bytes:
    """One string at a baseline, in user space (y upwards)."""
    escaped = string.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
    return f"BT /{font} {size} Tf {extra} {x} {y} Td ({escaped}) Tj ET\n".encode("cp1252")


def pdf(
    *pages: SamplePage, title: str | None = None, author: str | None = None, password: str | None = None
) -> bytes:
    objects: list[bytes | tuple[bytes, bytes]] = [b"", b""]

    def add(body: bytes | tuple[bytes, bytes]) -> int:
        objects.append(body)
        return len(objects)

    kids = []
    for page in pages:
        fonts = b" ".join(b"/%s %d 0 R" % (name.encode(), add(body)) for name, body in page.fonts.items())
        xobjects = b" ".join(
            b"/%s %d 0 R" % (name.encode(), add(body)) for name, body in page.objects.items()
        )
        content = add((b"", page.content))
        crop = b"/CropBox [%g %g %g %g]" % page.crop if page.crop else b""
        body = (
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %g %g] %s /Rotate %d /Contents %d 0 R "
            b"/Resources << /Font << %s >> /XObject << %s >> >> >>"
            % (page.width, page.height, crop, page.rotate, content, fonts, xobjects)
        )
        kids.append(add(b"42" if page.broken else body))
    objects[0] = b"<< /Type /Catalog /Pages 2 0 R >>"
    objects[1] = b"<< /Type /Pages /Count %d /Kids [%s] >>" % (
        len(kids),
        b" ".join(b"%d 0 R" % kid for kid in kids),
    )
    trailer = b"/Root 1 0 R"
    if title or author:
        info = b"<< /Title <%s> /Author <%s> >>" % (_utf16(title), _utf16(author))
        trailer += b" /Info %d 0 R" % add(info)
    key = None
    if password is not None:
        identity = b"sixteen bytes id"
        key, entry = _encryption(password.encode("latin-1"), identity)
        trailer += b" /ID [<%s> <%s>] /Encrypt %s" % (identity.hex().encode(), identity.hex().encode(), entry)
    return _serialize(objects, trailer, key)


def _serialize(objects: list[bytes | tuple[bytes, bytes]], trailer: bytes, key: bytes | None) -> bytes:
    out = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n" % number
        if isinstance(body, tuple):
            dictionary, stream = body
            if b"/Filter" not in dictionary:
                stream = zlib.compress(stream)
                dictionary += b" /Filter /FlateDecode"
            if key is not None:
                stream = _rc4(hashlib.md5(key + number.to_bytes(3, "little") + b"\0\0").digest()[:10], stream)
            out += b"<< %s /Length %d >>\nstream\n" % (dictionary, len(stream)) + stream + b"\nendstream"
        else:
            out += body
        out += b"\nendobj\n"
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    for offset in offsets:
        out += b"%010d 00000 n \n" % offset
    out += b"trailer\n<< /Size %d %s >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, trailer, start)
    return bytes(out)


_PADDING = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")


def _encryption(password: bytes, identity: bytes) -> tuple[bytes, bytes]:
    """40-bit RC4, revision 2 (algorithms 2, 3 and 4 of ISO 32000-1 §7.6.3)."""
    padded = (password + _PADDING)[:32]
    owner = _rc4(hashlib.md5(padded).digest()[:5], padded)
    permissions = (-4).to_bytes(4, "little", signed=True)
    key = hashlib.md5(padded + owner + permissions + identity).digest()[:5]
    user = _rc4(key, _PADDING)
    entry = b"<< /Filter /Standard /V 1 /R 2 /P -4 /O <%s> /U <%s> >>" % (
        owner.hex().encode(),
        user.hex().encode(),
    )
    return key, entry


def _rc4(key: bytes, data: bytes) -> bytes:
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


def _utf16(string: str | None) -> bytes:
    return (b"\xfe\xff" + (string or "").encode("utf-16-be")).hex().encode()
