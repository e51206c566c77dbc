"""PDFium's C functions, bound for speed, and the lock around them.

PDFium is not thread-safe: every call happens under `LOCK`. The small getters that run once per
character or object are bound a second time, taking plain addresses and keeping the interpreter lock
(`PYFUNCTYPE`): `each` then drives one of them over a whole page from C, without a step of
Python bytecode per character and with results written straight into a numpy array.
"""

from __future__ import annotations

import ctypes
import threading
from collections import deque
from collections.abc import Callable, Iterable
from itertools import repeat
from typing import Any

import numpy as np
import pypdfium2.raw as raw
from numpy.typing import NDArray

LOCK = threading.RLock()
"""Held around every use of PDFium, whichever document it is about."""

_pointer, _int, _float = ctypes.c_void_p, ctypes.c_int, ctypes.c_float
Function = Callable[..., Any]


def _bind(name: str, result: Any, *arguments: Any) -> Function:
    address = ctypes.cast(getattr(raw, name), ctypes.c_void_p).value or 0
    return ctypes.PYFUNCTYPE(result, *arguments)(address)


count_characters = _bind("FPDFText_CountChars", _int, _pointer)
character_unicode = _bind("FPDFText_GetUnicode", ctypes.c_uint, _pointer, _int)
character_is_generated = _bind("FPDFText_IsGenerated", _int, _pointer, _int)
character_has_map_error = _bind("FPDFText_HasUnicodeMapError", _int, _pointer, _int)
character_object = _bind("FPDFText_GetTextObject", _pointer, _pointer, _int)
character_loose_box = _bind("FPDFText_GetLooseCharBox", _int, _pointer, _int, _pointer)
character_box = _bind("FPDFText_GetCharBox", _int, _pointer, _int, *[_pointer] * 4)
character_origin = _bind("FPDFText_GetCharOrigin", _int, _pointer, _int, _pointer, _pointer)
character_matrix = _bind("FPDFText_GetMatrix", _int, _pointer, _int, _pointer)

text_font = _bind("FPDFTextObj_GetFont", _pointer, _pointer)
text_font_size = _bind("FPDFTextObj_GetFontSize", _int, _pointer, _pointer)
text_render_mode = _bind("FPDFTextObj_GetTextRenderMode", _int, _pointer)
font_flags = _bind("FPDFFont_GetFlags", _int, _pointer)
font_weight = _bind("FPDFFont_GetWeight", _int, _pointer)
font_italic_angle = _bind("FPDFFont_GetItalicAngle", _int, _pointer, _pointer)
font_ascent = _bind("FPDFFont_GetAscent", _int, _pointer, _float, _pointer)
font_descent = _bind("FPDFFont_GetDescent", _int, _pointer, _float, _pointer)
font_name = _bind("FPDFFont_GetBaseFontName", ctypes.c_size_t, _pointer, _pointer, ctypes.c_size_t)

page_count_objects = _bind("FPDFPage_CountObjects", _int, _pointer)
page_object = _bind("FPDFPage_GetObject", _pointer, _pointer, _int)
form_count_objects = _bind("FPDFFormObj_CountObjects", _int, _pointer)
form_object = _bind("FPDFFormObj_GetObject", _pointer, _pointer, ctypes.c_ulong)
object_type = _bind("FPDFPageObj_GetType", _int, _pointer)
object_bounds = _bind("FPDFPageObj_GetBounds", _int, _pointer, *[_pointer] * 4)
object_matrix = _bind("FPDFPageObj_GetMatrix", _int, _pointer, _pointer)
object_fill_color = _bind("FPDFPageObj_GetFillColor", _int, _pointer, *[_pointer] * 4)
object_stroke_color = _bind("FPDFPageObj_GetStrokeColor", _int, _pointer, *[_pointer] * 4)
object_stroke_width = _bind("FPDFPageObj_GetStrokeWidth", _int, _pointer, _pointer)
object_clip_path = _bind("FPDFPageObj_GetClipPath", _pointer, _pointer)
clip_count_paths = _bind("FPDFClipPath_CountPaths", _int, _pointer)
clip_count_segments = _bind("FPDFClipPath_CountPathSegments", _int, _pointer, _int)
clip_segment = _bind("FPDFClipPath_GetPathSegment", _pointer, _pointer, _int, _int)
path_draw_mode = _bind("FPDFPath_GetDrawMode", _int, _pointer, _pointer, _pointer)
path_count_segments = _bind("FPDFPath_CountSegments", _int, _pointer)
path_segment = _bind("FPDFPath_GetPathSegment", _pointer, _pointer, _int)
segment_type = _bind("FPDFPathSegment_GetType", _int, _pointer)
segment_point = _bind("FPDFPathSegment_GetPoint", _int, _pointer, _pointer, _pointer)
segment_close = _bind("FPDFPathSegment_GetClose", _int, _pointer)


def address(handle: Any) -> int:
    """The plain address behind one of pypdfium2's handles (or objects with `.raw`)."""
    value = ctypes.cast(getattr(handle, "raw", handle), ctypes.c_void_p).value
    return value or 0


def each(function: Function, *arguments: Iterable[Any]) -> None:
    """Call `function` with the n-th of every argument, for every n, and drop the results."""
    deque(map(function, *arguments), maxlen=0)


def indexed(function: Function, handle: int, indices: Iterable[int]) -> list[Any]:
    """[function(handle, i) for i in indices], at C speed."""
    return list(map(function, repeat(handle), indices))


def addresses(array: NDArray[Any]) -> range:
    """Address of every row of a C-contiguous array."""
    start, step = array.ctypes.data, array.strides[0]
    return range(start, start + step * len(array), step)


def filled(function: Function, count: int, values: int, dtype: type, *leading: Iterable[Any]) -> NDArray[Any]:
    """(values, count) array from a getter that writes `values` numbers through one pointer each."""
    result: NDArray[Any] = np.zeros((values, count), dtype)
    each(function, *leading, *(addresses(row) for row in result))
    return result
