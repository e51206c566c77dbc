"""Limits hold before memory is spent: peak memory of every bomb, measured in a process of its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from benchmarks.fuzzing.pdf_seeds import document, page

from sampan.documents.options import ParseOptions
from sampan.documents.reading import open_source
from sampan.documents.reading.stream_filters import exceeds, unfolded

from . import bombs

ROOT = Path(__file__).parents[3]
MOST_MEGABYTES = 160
"""Beyond what the process held. The largest are parts of 64 MB that are unfolded to be counted."""


@cache
def outcomes() -> dict[str, dict[str, object]]:
    done = subprocess.run(
        [sys.executable, bombs.__file__],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, f"died after {lines[-1:]}: {done.stderr[-500:]}"
    return {line["name"]: line for line in lines}


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="peak memory is reset through /proc")
@pytest.mark.parametrize("name", bombs.BOMBS)
def test_a_bomb_takes_no_memory(name: str) -> None:
    found = outcomes()[name]
    assert re.match(bombs.BOMBS[name][1], str(found["result"])), found
    assert isinstance(found["megabytes"], float) and found["megabytes"] < MOST_MEGABYTES, found


def test_who_trusts_the_file_can_raise_the_limit() -> None:
    data = document([page(4), (b"", b"0 0 5 5 re f " * 1000)])
    with pytest.raises(bombs.InputError, match="more than 900 commands"):
        open_source(data, ParseOptions(max_commands=900))
    with open_source(data, ParseOptions(max_commands=1000)) as source:
        assert source.page(1).image(36).shape == (100, 100, 3)


def test_forms_are_counted_as_often_as_they_are_drawn() -> None:
    form = b"/Type /XObject /Subtype /Form /BBox [0 0 9 9]"
    resources = b"/XObject << /A#20 5 0 R /B 6 0 R >>"
    data = document(
        [
            page(4, b"", resources),
            (b"", b"/B Do " * 20),
            (form, b"0 0 5 5 re f"),
            (form, b"0 0 5 5 re f " * 50),
        ]
    )
    # 20 drawings of 50 squares, each weighing as 20 more; a name that is not drawn counts nothing.
    with pytest.raises(bombs.InputError, match="commands"):
        open_source(data, ParseOptions(max_commands=1419))
    open_source(data, ParseOptions(max_commands=1420)).close()


@pytest.mark.parametrize("size", [0, 1, 100, 5000])
def test_filters_unfold_as_others_folded(size: int) -> None:
    import zlib
    from base64 import a85encode

    plain = bytes(value * value % 251 for value in range(size))
    for filters, data in [
        ([b"FlateDecode"], zlib.compress(plain)),
        ([b"Fl", b"FlateDecode"], zlib.compress(zlib.compress(plain))),
        ([b"ASCII85Decode"], a85encode(plain) + b"~>"),
        ([b"AHx"], plain.hex().encode() + b">"),
        ([b"LZWDecode"], lzw(plain)),
        ([b"RunLengthDecode"], b"".join(bytes([0, value]) for value in plain) + b"\x80"),
    ]:
        assert unfolded(data, filters, 10_000) == (plain, None), filters
        if len(filters) == 1:  # else a packed stage may be larger than what comes out in the end
            assert exceeds(data, filters, size - 1), filters
            assert not exceeds(data, filters, size), filters
    assert unfolded(b"raw", [b"DCTDecode"], 10) == (b"raw", b"DCTDecode")


def lzw(plain: bytes) -> bytes:
    """Text-book LZW as PDF has it: 9 to 12 bits, early change, clear code first."""
    table = {bytes([value]): value for value in range(256)}
    codes, width, size = [(256, 9)], 9, 258
    held = b""
    for value in plain:
        longer = held + bytes([value])
        if longer in table:
            held = longer
            continue
        codes.append((table[held], width))
        table[longer] = size
        size += 1
        # The decoder's table is one entry behind, and the width grows one code early: the two even out.
        width = 9 if size < 512 else 10 if size < 1024 else 11 if size < 2048 else 12
        if size == 4094:
            codes.append((256, width))
            table, size, width = {bytes([value]): value for value in range(256)}, 258, 9
        held = bytes([value])
    codes += [(table[held], width)] if held else []
    size += 1
    codes.append((257, 9 if size < 512 else 10 if size < 1024 else 11 if size < 2048 else 12))
    bits = "".join(format(code, f"0{wide}b") for code, wide in codes)
    return int(bits + "0" * (-len(bits) % 8), 2).to_bytes((len(bits) + 7) // 8, "big")
