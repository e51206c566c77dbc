"""A small library of fonts that matplotlib brings and of our own sample texts: the same on every machine."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import cv2
import pytest

from sampan.vision.synthesis.fonts import FontLibrary
from sampan.vision.synthesis.library import Library
from sampan.vision.synthesis.texts import TextLibrary

LANGUAGES = ("en", "ru", "uk", "bg", "sr", "vi", "el", "de", "pl")


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    cv2.setNumThreads(1)


@pytest.fixture(scope="session")
def font_folder() -> Path:
    """DejaVu and STIX, as matplotlib installs them."""
    spec = find_spec("matplotlib")
    if spec is None or spec.origin is None:
        pytest.skip("matplotlib, whose fonts the tests draw with, is not installed")
    return Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf"


@pytest.fixture(scope="session")
def fonts(font_folder) -> FontLibrary:
    return FontLibrary.find([font_folder], use_cache=False)


@pytest.fixture(scope="session")
def library(fonts, tmp_path_factory) -> Library:
    nowhere = tmp_path_factory.mktemp("empty")
    return Library(fonts, TextLibrary.gather(LANGUAGES, share=nowhere, use_cache=False))
