"""Every drawn character of a PDF page as arrays, in the order of the content stream.

Boxes are PDFium's loose ones: advance width along the text, font ascent to descent across it.
Spaces are not glyphs; what stood between two glyphs is kept in `separator`. Angles are clockwise
in degrees, y grows downwards, as everywhere in Sampan.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from sampan.documents.reading import pdfium
from sampan.documents.reading.fonts import FontFace, face_of
from sampan.documents.reading.pdfium import indexed

JOINED, GENERATED, SPACE, BREAK = 0, 1, 2, 3
"""Before a glyph stood: nothing, a space that PDFium inferred, a typed space, an inferred line break."""

_INVISIBLE = 3  # text render mode, ISO 32000-1 Table 106
_FILL_THEN_STROKE = 2

_SPACES = np.array([0x09, 0x0A, 0x0D, 0x20, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000])
_NOTHING = np.array([0x200B, 0x2060, 0xFEFF])
_PDFIUM_HYPHEN, _SOFT_HYPHEN, _HYPHEN = 0x02, 0xAD, 0x2D
_REPLACEMENT = 0xFFFD

Matrix = NDArray[np.float64]


@dataclass(slots=True)
class Glyphs:
    """Arrays of one length N; `faces` and `colors` are per text object, which `owner` (N,) points into."""

    code: NDArray[np.int64]
    box: NDArray[np.float64]
    """(N, 4) x0, y0, x1, y1, upright points."""
    origin: NDArray[np.float64]
    """(N, 2) start of the glyph on its baseline."""
    size: NDArray[np.float64]
    angle: NDArray[np.float64]
    separator: NDArray[np.int8]
    unmapped: NDArray[np.bool_]
    """The font says nothing about which character this glyph is."""
    invisible: NDArray[np.bool_]
    bold: NDArray[np.bool_]
    owner: NDArray[np.int64]
    faces: list[FontFace]
    objects: list[int]

    def __len__(self) -> int:
        return len(self.code)

    def subset(self, keep: NDArray[np.bool_] | NDArray[np.int64]) -> Glyphs:
        """The chosen glyphs; separators of dropped ones are not carried over."""
        return replace(
            self,
            **{
                field.name: getattr(self, field.name)[keep]
                for field in fields(self)
                if field.name not in ("faces", "objects")
            },
        )

    def string(self) -> str:
        """One character per glyph."""
        return self.code.astype("<u4").tobytes().decode("utf-32-le", "replace")


def read_glyphs(text_page: int, transform: Matrix, size: tuple[float, float]) -> Glyphs | None:
    """Glyphs of an open PDFium text page that lie on the page; None if it has none."""
    count = pdfium.count_characters(text_page)
    if count <= 0:
        return None
    code = np.array(indexed(pdfium.character_unicode, text_page, range(count)), np.int64)
    object_of = np.array(
        [o or 0 for o in indexed(pdfium.character_object, text_page, range(count))], np.int64
    )
    is_space = np.isin(code, _SPACES)
    drawn = ~is_space & ~np.isin(code, _NOTHING) & (object_of != 0)
    indices = np.flatnonzero(drawn)
    if len(indices) == 0:
        return None
    separator = _separators(text_page, code, is_space, object_of, indices)
    each_index = indices.tolist()
    handles = repeat(text_page)
    loose = np.zeros((len(indices), 4), np.float32)
    pdfium.each(pdfium.character_loose_box, handles, each_index, pdfium.addresses(loose))
    origin = pdfium.filled(pdfium.character_origin, len(indices), 2, np.float64, handles, each_index)
    unmapped = np.array(indexed(pdfium.character_has_map_error, text_page, each_index), np.int8) == 1

    objects, first, owner = np.unique(object_of[indices], return_index=True, return_inverse=True)
    traits = _object_traits(text_page, objects.tolist(), indices[first].tolist(), transform)
    box = _transformed_boxes(loose.astype(np.float64), transform)
    glyphs = Glyphs(
        code=_cleaned(code[indices]),
        box=box,
        origin=np.column_stack([*origin, np.ones(len(indices))]) @ transform,
        size=traits.size[owner],
        angle=traits.angle[owner],
        separator=separator,
        unmapped=unmapped,
        invisible=(traits.mode == _INVISIBLE)[owner],
        bold=traits.bold[owner],
        owner=owner,
        faces=traits.faces,
        objects=objects.tolist(),
    )
    width, height = size
    center = (box[:, :2] + box[:, 2:]) / 2
    on_page = (center >= 0).all(axis=1) & (center[:, 0] <= width) & (center[:, 1] <= height)
    glyphs = glyphs.subset(on_page & (glyphs.size > 0.5))
    glyphs = without_duplicates(glyphs)
    return glyphs if len(glyphs) else None


@dataclass(slots=True)
class _Traits:
    size: NDArray[np.float64]
    angle: NDArray[np.float64]
    mode: NDArray[np.int64]
    bold: NDArray[np.bool_]
    faces: list[FontFace]


def _object_traits(text_page: int, objects: list[int], first: list[int], transform: Matrix) -> _Traits:
    count = len(objects)
    matrix = np.zeros((count, 6), np.float32)
    pdfium.each(pdfium.character_matrix, repeat(text_page), first, pdfium.addresses(matrix))
    font_size = pdfium.filled(pdfium.text_font_size, count, 1, np.float32, objects)[0]
    mode = np.array(list(map(pdfium.text_render_mode, objects)), np.int64)
    fonts = list(map(pdfium.text_font, objects))
    known = {font: face_of(font) for font in set(fonts)}
    faces = [known[font] for font in fonts]
    linear = matrix[:, :4].reshape(count, 2, 2).astype(np.float64) @ transform[:2]
    # A negative font size turns the text by half a turn, as a negative matrix would.
    linear *= np.sign(font_size)[:, None, None]
    along, across = linear[:, 0], linear[:, 1]
    # Rounded, so that noise in matrices does not make a style of its own for every word.
    size = np.round(np.abs(font_size) * np.hypot(across[:, 0], across[:, 1]), 2)
    angle = np.degrees(np.arctan2(along[:, 1], along[:, 0]))
    angle = np.where(np.abs(angle - np.round(angle / 90) * 90) < 0.5, np.round(angle / 90) * 90, angle) % 360
    bold = np.array([face.bold for face in faces], bool) | (mode == _FILL_THEN_STROKE)
    return _Traits(size, angle, mode, bold, faces)


def _separators(
    text_page: int,
    code: NDArray[np.int64],
    is_space: NDArray[np.bool_],
    object_of: NDArray[np.int64],
    indices: NDArray[np.int64],
) -> NDArray[np.int8]:
    kind = np.zeros(len(code), np.int8)
    spaces = np.flatnonzero(is_space)
    generated = np.array(indexed(pdfium.character_is_generated, text_page, spaces.tolist()), np.int8) == 1
    kind[spaces] = np.where(generated | (object_of[spaces] == 0), GENERATED, SPACE)
    kind[(code == 0x0A) | (code == 0x0D)] = BREAK
    result = np.zeros(len(indices), np.int8)
    between = np.flatnonzero(kind)
    after = np.searchsorted(indices, between)
    inside = after < len(indices)
    np.maximum.at(result, after[inside], kind[between[inside]])
    return result


def _cleaned(code: NDArray[np.int64]) -> NDArray[np.int64]:
    code = code.copy()
    # PDFium reports the hyphen at a line's end as 2; a soft hyphen that is drawn is a hyphen.
    code[(code == _PDFIUM_HYPHEN) | (code == _SOFT_HYPHEN)] = _HYPHEN
    broken = (code < 0x20) | ((code >= 0x7F) & (code < 0xA0)) | ((code >= 0xD800) & (code < 0xE000))
    code[broken | (code > 0x10FFFF) | (code & 0xFFFE == 0xFFFE)] = _REPLACEMENT
    return code


def _transformed_boxes(loose: NDArray[np.float64], transform: Matrix) -> NDArray[np.float64]:
    """PDFium's (left, top, right, bottom) in user space → upright x0, y0, x1, y1."""
    one = np.ones(len(loose))
    a = np.column_stack([loose[:, 0], loose[:, 3], one]) @ transform
    b = np.column_stack([loose[:, 2], loose[:, 1], one]) @ transform
    return np.hstack([np.minimum(a, b), np.maximum(a, b)])


def without_duplicates(glyphs: Glyphs) -> Glyphs:
    """Drop glyphs printed again a hair's breadth away (fake bold, shadows); the kept one becomes bold.

    Two glyphs are one if they are the same character of about the same size and their origins
    are closer than 0.15 em and than 0.4 of the advance, so that `ll` stays two letters.
    """
    if len(glyphs) < 2:
        return glyphs
    reach = 0.15 * glyphs.size
    drop = np.zeros(len(glyphs), bool)
    bold = glyphs.bold.copy()
    advance = np.maximum(glyphs.box[:, 2] - glyphs.box[:, 0], 1e-6)
    for offset in (0.0, 0.5):  # two shifted grids, so that no near pair is parted by a cell's border in both
        cell = np.floor(glyphs.origin / np.maximum(2 * reach, 0.5)[:, None] + offset).astype(np.int64)
        order = np.lexsort((np.arange(len(glyphs)), cell[:, 0], cell[:, 1], glyphs.code))
        one, two = order[:-1], order[1:]
        step = np.abs(glyphs.origin[one] - glyphs.origin[two])
        near = (
            (glyphs.code[one] == glyphs.code[two])
            & (step < reach[one, None]).all(axis=1)
            & (step.max(axis=1) < 0.4 * advance[one])
            & (np.abs(glyphs.size[one] - glyphs.size[two]) < 0.1 * glyphs.size[one])
            & (glyphs.angle[one] == glyphs.angle[two])
        )
        first, second = np.minimum(one[near], two[near]), np.maximum(one[near], two[near])
        # Of a visible and an invisible print of the same glyph the visible one stays.
        swap = glyphs.invisible[first] & ~glyphs.invisible[second]
        kept, dropped = np.where(swap, second, first), np.where(swap, first, second)
        drop[dropped] = True
        bold[kept[~glyphs.invisible[first] & ~glyphs.invisible[second]]] = True
    if not drop.any():
        return glyphs
    glyphs = replace(glyphs, bold=bold)
    # A dropped glyph's separator must not be lost to the next kept one.
    separator = glyphs.separator.copy()
    for index in np.flatnonzero(drop[:-1]):
        separator[index + 1] = max(separator[index + 1], separator[index])
    return replace(glyphs, separator=separator).subset(~drop)
