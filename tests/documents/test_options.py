"""`ParseOptions`: sane defaults, values out of range and misspelt names refused, fixed once made."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from sampan.documents.options import ParseOptions
from sampan.documents.writers import WriteOptions


def test_defaults_read_everything() -> None:
    options = ParseOptions()
    assert options.ocr == "auto" and options.preset == "default" and options.pages is None
    assert options.orientation and options.deskew and options.layout and options.tables and options.furniture
    assert options.threads is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"ocr": "sometimes"},
        {"preset": "fast"},
        {"dpi": 35.9},
        {"dpi": 1201},
        {"dpi": float("nan")},
        {"dpi": float("inf")},
        {"max_pixels": 0},
        {"max_pages": 0},
        {"max_bytes": -1},
        {"threads": 0},
        {"batch_size": 0},
        {"batch_size": 1.5},
        {"page": "1"},
        {"OCR": "auto"},
    ],
)
def test_wrong_values_and_names_are_refused_by_name(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        ParseOptions(**wrong)


@given(st.floats(36, 1200), st.integers(1, 10**12), st.sampled_from(["auto", "always", "never"]))
def test_values_in_range_are_kept(dpi: float, number: int, ocr: Any) -> None:
    options = ParseOptions(
        dpi=dpi, max_pixels=number, max_pages=number, batch_size=number, threads=number, ocr=ocr
    )
    assert (options.dpi, options.max_pixels, options.threads, options.ocr) == (dpi, number, number, ocr)
    assert ParseOptions.model_validate_json(options.model_dump_json()) == options


@pytest.mark.parametrize("options", [ParseOptions(), WriteOptions()])
def test_options_are_fixed_and_hashable(options: ParseOptions | WriteOptions) -> None:
    name = next(iter(type(options).model_fields))
    with pytest.raises(ValidationError, match="frozen"):
        setattr(options, name, "x")
    assert hash(options) == hash(type(options)())


def test_write_options_refuse_misspelt_names() -> None:
    with pytest.raises(ValidationError, match="page_break"):
        WriteOptions(page_break=True)
