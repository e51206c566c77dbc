"""Mutations that know what a PDF is made of: objects, streams, numbers, names, references, the table of objects.

Streams are unfolded, changed and folded again, and the cross-reference table is written anew after most
mutations: a broken table makes every reader rebuild it, and what lies behind it would never be reached.
"""

from __future__ import annotations

import random
import re
import zlib

from benchmarks.fuzzing.byte_mutations import INTERESTING, MUTATIONS, Mutation

_OBJECT = re.compile(rb"(\d+) 0 obj\b(.*?)\bendobj", re.DOTALL)
# Matched from the start: a search would try every place again, for minutes.
_STREAM = re.compile(rb"(.*?)/Length \d+ >>\nstream\n(.*)\nendstream", re.DOTALL)
_NUMBER = re.compile(rb"(?<![\w.<])-?\d+(?:\.\d+)?(?![\w.])")
_NAME = re.compile(rb"/[A-Za-z]\w*")
_REFERENCE = re.compile(rb"\d+ 0 R")

_NAMES = (
    b"/Type /Subtype /Page /Pages /Kids /Count /Parent /MediaBox /CropBox /Rotate /UserUnit /Contents /Resources /Font "
    b"/XObject /Pattern /Shading /ColorSpace /ExtGState /Properties /Group /Annots /AP /N /Form /Image /Width /Height "
    b"/BitsPerComponent /Decode /DecodeParms /Filter /FlateDecode /LZWDecode /ASCII85Decode /ASCIIHexDecode "
    b"/RunLengthDecode /CCITTFaxDecode /DCTDecode /JPXDecode /JBIG2Decode /Crypt /Predictor /Columns /Colors "
    b"/EarlyChange /K /Rows /SMask /Mask /ImageMask /Length /Length1 /DeviceRGB /DeviceGray /DeviceCMYK /Indexed "
    b"/ICCBased /Separation /DeviceN /Lab /CalRGB /Type0 /Type1 /Type3 /TrueType /CIDFontType2 /ToUnicode /Encoding "
    b"/Identity-H /Identity-V /WMode /W /DW /W2 /Widths /FirstChar /LastChar /FontMatrix /CharProcs /FontDescriptor "
    b"/FontFile /FontFile2 /FontFile3 /DescendantFonts /Root /Info /Prev /Size /XRefStm /Encrypt /ID /ObjStm /First "
    b"/Extends /XRef /Index /OCProperties /PatternType /PaintType /TilingType /XStep /YStep /Matrix /BBox /FunctionType "
    b"/Functions /Bounds /Encode /Domain /Range /Size /Order /ShadingType /Coords /Extend"
).split()
_OPERATORS = (
    b"q Q cm w J j M d ri i gs m l c v y h re S s f F f* B B* b b* n W W* BT ET Tc Tw Tz TL Tf Tr Ts Td TD Tm T* Tj "
    b"TJ ' \" d0 d1 CS cs SC SCN sc scn G g RG rg K k sh BI ID EI Do MP DP BMC BDC EMC BX EX"
).split()
_VALUES = (b"null", b"true", b"[]", b"<<>>", b"()", b"<>", b"(\xfe\xff\xd8\x00)", b"[0 0 0 0]", b"[[[[[[[[]]]]]]]]", b"<< /A << /A << >> >> >>",
           b"-1", b"0.0000001", b"1e309", b"99999999999999999999", b"2147483648", b"-2147483648", b"4294967296", b"0 0 R", b"1 0 R",
           b"2 0 R", b"3 0 R", b"4 0 R", b"99 0 R")  # fmt: skip


def change_number(rng: random.Random, data: bytes) -> bytes:
    value = rng.choice((b"%d" % rng.choice(INTERESTING), b"-%d" % rng.choice(INTERESTING), *_VALUES[10:17]))
    return _replaced(rng, _NUMBER, data, value)


def change_name(rng: random.Random, data: bytes) -> bytes:
    return _replaced(rng, _NAME, data, rng.choice(_NAMES))


def change_reference(rng: random.Random, data: bytes) -> bytes:
    """Any reference to any object, its own included: cycles, pages for fonts, fonts for pages."""
    return _replaced(rng, _REFERENCE, data, b"%d 0 R" % rng.choice((0, 1, 2, 3, 4, 5, 6, 7, 8, 99)))


def change_value(rng: random.Random, data: bytes) -> bytes:
    """What stands after a name becomes a value of another kind."""
    names = list(_NAME.finditer(data))
    if not names:
        return data
    at = rng.choice(names).end()
    stop = re.compile(rb"\s*[^\s/<>\[\]]*").match(data, at)
    return (
        data[:at]
        + b" "
        + rng.choice(_VALUES)
        + b" "
        + data[stop.end() if stop and rng.random() < 0.7 else at :]
    )


def insert_entry(rng: random.Random, data: bytes) -> bytes:
    places = [match.end() for match in re.finditer(rb"<<", data)]
    if not places:
        return data
    at = rng.choice(places)
    return data[:at] + b" %s %s " % (rng.choice(_NAMES), rng.choice((*_VALUES, *_NAMES))) + data[at:]


def change_objects(rng: random.Random, data: bytes) -> bytes:
    """Whole objects left out, doubled under another number, or exchanged."""
    objects = list(_OBJECT.finditer(data))
    if len(objects) < 2:
        return data
    one, two = rng.sample(objects, 2)
    match rng.randrange(3):
        case 0:
            return data[: one.start()] + data[one.end() :]
        case 1:
            copy = b"%d 0 obj%sendobj\n" % (int(two[1]), one[2])
            return data[: one.start()] + copy + data[one.start() :]
        case _:
            first, second = sorted((one, two), key=lambda match: match.start())
            return (
                data[: first.start(2)]
                + second[2]
                + data[first.end(2) : second.start(2)]
                + first[2]
                + data[second.end(2) :]
            )


def change_stream(rng: random.Random, data: bytes) -> bytes:
    """A stream's content, unfolded first and folded again, with an honest or a lying length."""
    streams = [match for match in _OBJECT.finditer(data) if _STREAM.match(match[2])]
    if not streams:
        return data
    chosen = rng.choice(streams)
    found = _STREAM.match(chosen[2])
    assert found is not None
    head, content = found[1], found[2]
    folded = b"/FlateDecode" in head
    if folded:
        try:
            content = zlib.decompress(content)
        except zlib.error:
            folded = False
    if content:
        content = rng.choice((_change_commands, rng.choice(MUTATIONS)))(rng, content)
    if folded:
        content = zlib.compress(content, rng.choice((1, 9)))
    if rng.random() < 0.1:
        head = head.replace(b"/Filter", b"/Filter [/FlateDecode] /Was")
    length = len(content) if rng.random() < 0.85 else rng.choice(INTERESTING)
    body = b"%s/Length %d >>\nstream\n%s\nendstream\n" % (head, length, content)
    return data[: chosen.start(2)] + body + data[chosen.end(2) :]


def _change_commands(rng: random.Random, content: bytes) -> bytes:
    words = content.split(b" ")
    for _ in range(rng.choice((1, 1, 3, 10))):
        at = rng.randrange(len(words) + 1)
        match rng.randrange(4):
            case 0:
                words.insert(at, rng.choice(_OPERATORS))
            case 1:
                words.insert(at, b"%d" % rng.choice((*INTERESTING, -1, -200)))
            case 2 if at < len(words):
                del words[at]
            case _:
                words[at:at] = words[at : at + 6] * rng.choice((1, 4, 50))
    return b" ".join(words)


STRUCTURAL: tuple[Mutation, ...] = (
    change_number,
    change_number,
    change_name,
    change_reference,
    change_value,
    insert_entry,
    change_objects,
    change_stream,
    change_stream,
    change_stream,
)


def repaired(data: bytes) -> bytes:
    """The file with a cross-reference table that fits where its objects now lie; streamed ones stay as they are."""
    at = data.rfind(b"xref\n0 ")
    trailer = data.find(b"trailer", max(at, 0))
    if at < 0 or trailer < 0:
        return data
    offsets = {int(match[1]): match.start() for match in re.finditer(rb"\b(\d{1,4}) 0 obj\b", data[:at])}
    size = max(offsets, default=0) + 1
    rows = [
        b"%010d 00000 n \n" % offsets[n] if n in offsets else b"0000000000 65535 f \n" for n in range(size)
    ]
    table = b"xref\n0 %d\n" % size + b"".join(rows)
    tail = re.sub(rb"startxref\s+\d+", b"startxref\n%d" % at, data[trailer:], count=1)
    return data[:at] + table + tail


def _replaced(rng: random.Random, pattern: re.Pattern[bytes], data: bytes, value: bytes) -> bytes:
    found = list(pattern.finditer(data))
    if not found:
        return data
    chosen = rng.choice(found)
    return data[: chosen.start()] + value + data[chosen.end() :]
