"""hOCR: well-formed, every word once, boxes of the picture as the file shows it, the classes that readers look for."""

from __future__ import annotations

import re

import cv2
import numpy as np
from hypothesis import given, settings
from lxml import etree
from tests.documents.strategies import documents, wild_texts
from tests.documents.writers.extraction import document_of, line, page_of
from tests.documents.writers.test_alto import sample

from sampan.documents.geometry import homography
from sampan.documents.model import Document
from sampan.documents.options import ParseOptions
from sampan.documents.page_images import SourceImages
from sampan.documents.writers import WriteOptions, render

XHTML = "{http://www.w3.org/1999/xhtml}"
KNOWN = {
    "ocr_page", "ocr_carea", "ocr_par", "ocr_line", "ocrx_word", "ocr_header", "ocr_footer", "ocr_pageno",
    "ocr_caption", "ocr_table", "ocr_title", "ocr_section", "ocr_image",
}  # fmt: skip


def written(document: Document, options: WriteOptions | None = None) -> etree._Element:
    text = render(document, "hocr", options)
    assert isinstance(text, str)
    return etree.fromstring(text.encode())


def all_of(root: etree._Element, kind: str) -> list[etree._Element]:
    return [element for element in root.iter() if element.get("class") == kind]


def properties(element: etree._Element) -> dict[str, list[str]]:
    return {name: values for name, *values in (part.split() for part in element.get("title").split("; "))}


def box(element: etree._Element) -> list[int]:
    return [int(value) for value in properties(element)["bbox"]]


def words_of(root: etree._Element) -> list[str]:
    return ["".join(word.itertext()) for word in all_of(root, "ocrx_word")]


def test_every_word_with_its_box_and_confidence() -> None:
    root = written(sample(), WriteOptions(language="en"))
    assert words_of(root) == [
        "Journal", "Intro", "A", "repre-", "sentation,", "well-", "known", "مرحبا", "axis", "item", "Head", "a", "7",
    ]  # fmt: skip
    assert root.get("lang") == "en"
    (page,) = all_of(root, "ocr_page")
    assert page.get("title") == "image \"a 'b' & c.png\"; bbox 0 0 200 300; ppageno 2"
    word = all_of(root, "ocrx_word")[1]
    assert box(word) == [10, 30, 50, 42] and properties(word)["x_wconf"] == ["100"]
    assert [" ".join("".join(each.itertext()).split()) for each in all_of(root, "ocr_line")][2:5] == [
        "A repre-", "sentation, well-", "known مرحبا",
    ]  # fmt: skip


def test_areas_paragraphs_and_lines_hold_each_other() -> None:
    root = written(sample())
    for word in all_of(root, "ocrx_word"):
        chain = [element.get("class") for element in word.iterancestors() if element.get("class")]
        wanted = [kind for kind in chain if kind in ("ocr_line", "ocr_par", "ocr_carea", "ocr_page")]
        assert wanted == ["ocr_line", "ocr_par", "ocr_carea", "ocr_page"]
    for kind, count in {
        "ocr_table": 1,
        "ocr_header": 1,
        "ocr_pageno": 1,
        "ocr_section": 1,
        "ocr_image": 2,
    }.items():
        assert len(all_of(root, kind)) == count, kind
    (table,) = all_of(root, "ocr_table")
    assert ["".join(cell.itertext()).strip() for cell in all_of(table, "ocr_par")] == ["Head", "a"]
    orders = [properties(area).get("order") for area in all_of(root, "ocr_carea")]
    assert orders == [None, ["0"], ["1"], ["3"], ["4"], ["5"], None]


def test_pages_of_pdfs_are_pictures_of_300_dots_an_inch() -> None:
    root = written(sample(unit="pt"))
    (page,) = all_of(root, "ocr_page")
    assert box(page) == [0, 0, 833, 1250] and properties(page)["scan_res"] == ["300", "300"]
    assert box(all_of(root, "ocrx_word")[1]) == [41, 125, 208, 175]


def test_lines_say_how_they_lie() -> None:
    level = all_of(written(sample()), "ocr_line")
    assert properties(level[1])["baseline"] == ["0.0000", "0.0"]
    slope, offset = map(float, properties(level[2])["baseline"])  # "A repre-" has a descender
    assert slope == 0 and -4 < offset < -1
    tilted = sample(skew=5.0, to_source=homography.to_tuple(homography.rotation(5, (100, 150))))
    assert abs(float(properties(all_of(written(tilted), "ocr_line")[2])["baseline"][0]) - 0.0875) < 0.002
    turned = sample(rotation=90, to_source=homography.to_tuple(homography.quarter_turns(270, 200, 300)))
    for each in all_of(written(turned), "ocr_line"):
        assert properties(each)["textangle"] == ["90.0"]


def test_right_to_left_lines_are_in_logical_order() -> None:
    words = line(("שלום", (60, 10, 90, 20)), ("עולם", (20, 10, 50, 20)))
    root = written(document_of(b"", page_of(words, size=(100, 100))))
    assert words_of(root) == ["שלום", "עולם"]
    assert all_of(root, "ocr_line")[0].get("dir") == all_of(root, "ocr_par")[0].get("dir") == "rtl"


def test_a_straightened_page_has_the_size_of_the_file() -> None:
    data = cv2.imencode(".png", np.zeros((120, 210, 3), np.uint8))[1].tobytes()
    shift = homography.to_tuple(homography.translation(7, 5))
    page = page_of(line(("word", (10, 20, 60, 40))), size=(150, 100), to_source=shift)
    root = written(document_of(data, page))
    assert box(all_of(root, "ocr_page")[0]) == [0, 0, 210, 120]
    assert box(all_of(root, "ocrx_word")[0]) == [17, 25, 67, 45]
    gone = document_of(data, page)
    gone._images = SourceImages("no such file", ParseOptions())
    assert box(all_of(written(gone), "ocr_page")[0]) == [0, 0, 157, 105]


@given(documents(wild_texts))
@settings(max_examples=80, deadline=None)
def test_any_document_is_well_formed(document: Document) -> None:
    root = written(document)
    assert len(all_of(root, "ocr_page")) == len(document.pages)
    for element in root.iter():
        kind = element.get("class")
        if kind is None:
            continue
        assert kind in KNOWN and not any(name.startswith("on") for name in element.attrib)
        x0, y0, x1, y1 = (
            box(element)
            if kind != "ocr_page"
            else map(int, re.findall(r"bbox (\d+) (\d+) (\d+) (\d+)", element.get("title"))[0])
        )
        assert 0 <= x0 < x1 and 0 <= y0 < y1
