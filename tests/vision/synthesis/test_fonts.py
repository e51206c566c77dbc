"""No face draws what it does not have, and held-out families stay out."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.corpus.fonts import FAMILIES, FILES
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont

from sampan.errors import InputError, OptionError
from sampan.vision.synthesis.character_map import mapped_characters
from sampan.vision.synthesis.fonts import FontLibrary, held_out
from sampan.vision.synthesis.packages import _licence


def box_glyph(width: int, height: int, inner: int = 0):
    pen = TTGlyphPen(None)
    if width:
        pen.moveTo((50, 0))
        pen.lineTo((50, height))
        pen.lineTo((50 + width, height))
        pen.lineTo((50 + width, 0))
        pen.closePath()
    if inner:
        pen.moveTo((50 + inner, inner))
        pen.lineTo((50 + width - inner, inner))
        pen.lineTo((50 + width - inner, height - inner))
        pen.lineTo((50 + inner, height - inner))
        pen.closePath()
    return pen.glyph()


def build(path, family: str, glyphs: dict[str, object], mapped: dict[int, str]) -> None:
    builder = FontBuilder(1000, isTTF=True)
    order = [".notdef", *[name for name in glyphs if name != ".notdef"]]
    builder.setupGlyphOrder(order)
    builder.setupCharacterMap(mapped)
    builder.setupGlyf(glyphs)
    builder.setupHorizontalMetrics(dict.fromkeys(order, (700, 50)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": family, "styleName": "Regular"})
    builder.setupOS2(usWeightClass=400)
    builder.setupPost()
    builder.save(path)


@pytest.fixture
def made_font(tmp_path):
    """Digits with ink; A drawn, B empty, C drawn as the missing glyph's box, D mapped to the missing glyph."""
    missing = box_glyph(400, 700, 60)
    glyphs = {
        ".notdef": missing,
        "ink": box_glyph(300, 600),
        "small": box_glyph(300, 300),
        "empty": box_glyph(0, 0),
        "boxed": box_glyph(400, 700, 60),
    }
    mapped = dict.fromkeys(map(ord, "0123456789.,-xdpX"), "ink")
    mapped |= {ord(" "): "empty", ord("A"): "ink", ord("a"): "small", ord("B"): "empty", ord("C"): "boxed"}
    mapped[ord("D")] = ".notdef"
    build(tmp_path / "made.ttf", "Made", glyphs, mapped)
    return tmp_path


def test_a_face_covers_only_what_it_draws_with_ink_of_its_own(made_font) -> None:
    # Its only pair of letters is a box and a box; that is one case, which the next test is about.
    from sampan.vision.synthesis import font_checks

    path = made_font / "made.ttf"
    assert font_checks.all_inked(path, 0, "A0 1")
    assert not font_checks.all_inked(path, 0, "B")  # blank
    assert not font_checks.all_inked(path, 0, "C")  # looks like the missing glyph
    assert not font_checks.all_inked(path, 0, "Z")  # not there
    table = TTFont(path).reader["cmap"]
    assert ord("D") not in mapped_characters(table) and ord("A") in mapped_characters(table)


def test_fonts_with_one_case_are_left_out(made_font) -> None:
    assert len(FontLibrary.find([made_font], use_cache=False)) == 0


def test_fonts_for_formulas_are_left_out(font_folder, fonts) -> None:
    # Computer Modern's symbols and extensible signs stand at the codes of letters.
    assert {path.name for path in font_folder.glob("cm*.ttf")} >= {"cmex10.ttf", "cmsy10.ttf", "cmr10.ttf"}
    found = {face.path.name for face in fonts}
    assert not found & {"cmex10.ttf", "cmsy10.ttf"} and "cmr10.ttf" in found


def test_character_maps_are_those_that_fonttools_reads(font_folder) -> None:
    for path in sorted(font_folder.glob("*.ttf")):
        font = TTFont(path)
        try:
            best = font.getBestCmap()
        except KeyError:
            continue
        if best is None or "LastResort" in path.name:  # format 13: one glyph for all, of no use here
            continue
        oracle = {code for code, name in best.items() if font.getGlyphID(name) != 0}
        assert mapped_characters(font.reader["cmap"]) == oracle, path.name


def test_what_is_found_covers_what_it_says(fonts) -> None:
    assert {"DejaVu Sans", "DejaVu Serif", "DejaVu Sans Mono"} <= set(fonts.families)
    for face in fonts.covering("Żółw"):
        assert face.covers("Żółw")
    sans = next(face for face in fonts if face.name == "DejaVu Sans Book")
    assert sans.covers("Съешь ещё этих мягких булок") and not sans.covers("汉") and not sans.italic
    names = [(face.family, face.style) for face in fonts]
    assert names == sorted(names)


def test_every_family_of_the_benchmarks_test_pages_is_held_out() -> None:
    names = {
        "caladea": "Caladea", "lato": "Lato", "noto-sans": "Noto Sans", "dejavu-serif": "DejaVu Serif",
        "dejavu-sans": "DejaVu Sans", "dejavu-mono": "DejaVu Sans Mono", "fira-code": "Fira Code",
        "microhei": "WenQuanYi Micro Hei", "ukai-cn": "AR PL UKai CN", "ukai-tw": "AR PL UKai TW",
        "vl-gothic": "VL Gothic", "vl-pgothic": "VL PGothic",
    }  # fmt: skip
    used = {family for families in FAMILIES["test"].values() for family in families}
    assert used == set(names) and used <= set(FILES)
    assert all(held_out(name) for name in names.values())
    assert held_out("Carlito") and held_out("Noto Sans Mono CJK KR")  # relatives
    assert not held_out("Liberation Serif") and not held_out("Noto Serif")


def test_splits_part_the_families(fonts) -> None:
    train, out = fonts.split("train"), fonts.split("held-out")
    assert len(train) + len(out) == len(fonts.split("all"))
    assert not set(train.families) & set(out.families)
    assert all(face.family.startswith("DejaVu") for face in out)


def test_a_saved_library_is_the_same_elsewhere(fonts, tmp_path) -> None:
    fonts.covering("Щ").save(tmp_path)
    loaded = FontLibrary.load(tmp_path)
    assert [face.record() for face in loaded] == [face.record() for face in fonts.covering("Щ")]
    assert [face.characters for face in loaded] == [face.characters for face in fonts.covering("Щ")]
    first = next(iter(loaded))
    assert first.path.is_relative_to(tmp_path) and first.covers("Щука")
    assert np.isclose(first.at(20.0).getlength("Щ"), next(iter(fonts.covering("Щ"))).at(20.0).getlength("Щ"))


def test_wrong_folders_are_named(tmp_path) -> None:
    with pytest.raises(OptionError, match="not there"):
        FontLibrary.find([tmp_path / "none"])
    with pytest.raises(InputError, match=r"fonts\.json"):
        FontLibrary.load(tmp_path)


def test_a_broken_font_file_is_passed_over(tmp_path, font_folder) -> None:
    (tmp_path / "broken.ttf").write_bytes((font_folder / "DejaVuSans.ttf").read_bytes()[:3000])
    (tmp_path / "empty.otf").write_bytes(b"")
    assert len(FontLibrary.find([tmp_path], use_cache=False)) == 0


def test_licences_are_read_from_copyright_files(tmp_path) -> None:
    modern = tmp_path / "modern"
    modern.write_text("Files: *\nLicense: OFL-1.1\n text\n\nFiles: debian/*\nLicense: GPL-2+\n")
    old = tmp_path / "old"
    old.write_text("This font is under the SIL Open\n Font License, version 1.1.\n")
    assert _licence(modern) == "OFL-1.1, GPL-2+"
    assert _licence(old) == "OFL" and _licence(tmp_path / "none") == ""
