"""Label files come back as they were written, and broken ones are refused with their line."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampan.errors import InputError, OutputError
from sampan.vision.annotations.coco import BoxLabel, read_coco, write_coco
from sampan.vision.annotations.pubtabnet import (
    TableCell,
    TableLabel,
    count_cells,
    format_table_label,
    read_pubtabnet,
    write_pubtabnet,
)  # fmt: skip
from sampan.vision.annotations.text_detection import (
    DetectionLabel,
    TextRegion,
    format_detection_label,
    read_detection_labels,
    write_detection_labels,
)  # fmt: skip
from sampan.vision.annotations.text_recognition import (
    RecognitionLabel,
    format_recognition_label,
    read_recognition_labels,
    write_recognition_labels,
)  # fmt: skip

TEXT = st.text(st.characters(blacklist_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=20)
PLACE = st.floats(-1000, 5000, width=32).map(lambda value: round(value, 2))


@given(st.lists(st.tuples(TEXT, st.lists(st.tuples(PLACE, PLACE), min_size=3, max_size=8)), max_size=4))
def test_detection_labels_come_back(tmp_path_factory, regions) -> None:
    path = tmp_path_factory.mktemp("labels") / "a.txt"
    label = DetectionLabel(
        "img/1.jpg", [TextRegion(text, np.array(points, np.float32)) for text, points in regions]
    )
    assert write_detection_labels([label, label], path) == 2
    for back in read_detection_labels(path):
        assert back.path == label.path and [region.text for region in back.regions] == [
            text for text, _ in regions
        ]
        for one, two in zip(back.regions, label.regions, strict=True):
            assert np.allclose(one.points, two.points, atol=0.006)  # written with two places


def test_detection_labels_are_what_paddleocr_writes(tmp_path) -> None:
    # A line in the form of PaddleOCR's documentation, with whole pixels and an unreadable region.
    line = 'a.jpg\t[{"transcription": "Joe\'s", "points": [[310, 104], [416, 141], [418, 216], [312, 179]]}, {"transcription": "###", "points": [[1, 2], [3, 2], [3, 4]]}]'
    path = tmp_path / "labels.txt"
    path.write_bytes(b"\xef\xbb\xbf" + line.encode() + b"\r\n\r\n")
    (label,) = read_detection_labels(path)
    assert [region.ignored for region in label.regions] == [False, True]
    assert label.regions[0].points.tolist()[2] == [418, 216]
    assert format_detection_label(label) == line


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("a.jpg [..]", "line 2: no tab"),
        ("a.jpg\t[{", "line 2: regions must be"),
        ('a.jpg\t[{"points": [[0,0],[1,0],[1,1]]}]', "line 2: regions must be"),
        ('a.jpg\t[{"transcription": "x", "points": [[0,0],[1,0]]}]', "no polygon"),
        ('a.jpg\t[{"transcription": "x", "points": [[0,0],[1],[2,2]]}]', "line 2"),
    ],
)
def test_broken_detection_labels_are_refused(tmp_path, line, fault) -> None:
    path = tmp_path / "labels.txt"
    path.write_text(f"ok.jpg\t[]\n{line}\n", "utf-8")
    labels = read_detection_labels(path)
    assert next(labels).regions == []
    with pytest.raises(InputError, match=fault):
        next(labels)


@given(st.lists(TEXT, max_size=6))
def test_recognition_labels_come_back(tmp_path_factory, texts) -> None:
    path = tmp_path_factory.mktemp("labels") / "rec.txt"
    labels = [RecognitionLabel(f"crops/{number}.png", text) for number, text in enumerate(texts)]
    assert write_recognition_labels(labels, path) == len(labels)
    assert list(read_recognition_labels(path)) == labels


def test_recognition_labels_with_several_views_and_odd_texts(tmp_path) -> None:
    path = tmp_path / "rec.txt"
    path.write_text('["a.png", "b.png"]\tтекст\n[x].png\tone\ttwo\nc.png\t\n', "utf-8")
    found = [(label.path, label.text) for label in read_recognition_labels(path)]
    assert found == [("a.png", "текст"), ("b.png", "текст"), ("[x].png", "one\ttwo"), ("c.png", "")]
    with pytest.raises(InputError, match="cannot hold"):
        format_recognition_label(RecognitionLabel("a.png", "two\nlines"))
    path.write_text("no tab here\n")
    with pytest.raises(InputError, match="line 1: no tab"):
        list(read_recognition_labels(path))
    path.write_bytes("привет\tмир".encode("cp1251"))
    with pytest.raises(InputError, match="UTF-8"):
        list(read_recognition_labels(path))
    with pytest.raises(InputError, match="cannot be read"):
        list(read_recognition_labels(tmp_path / "none.txt"))


TABLE = {
    "filename": "1.png", "split": "val", "imgid": 7,
    "html": {
        "structure": {"tokens": ["<thead>", "<tr>", "<td", ' colspan="2"', ">", "</td>", "</tr>", "</thead>",
                                 "<tbody>", "<tr>", "<td>", "</td>", "<td>", "</td>", "</tr>", "</tbody>"]},
        "cells": [{"tokens": ["<b>", "A", "</b>"], "bbox": [1, 2, 30, 12]},
                  {"tokens": ["x", "²"], "bbox": [1, 14, 9, 20, 9, 22, 1, 21]}, {"tokens": []}],
    },
}  # fmt: skip


def test_tables_come_back_with_what_the_format_does_not_name(tmp_path) -> None:
    path = tmp_path / "tables.jsonl"
    path.write_text(json.dumps(TABLE) + "\n", "utf-8")
    (label,) = read_pubtabnet(path)
    assert label.html == (
        '<table><thead><tr><td colspan="2"><b>A</b></td></tr></thead>'
        "<tbody><tr><td>x²</td><td></td></tr></tbody></table>"
    )
    assert [cell.text for cell in label.cells] == ["A", "x²", ""]
    assert label.cells[1].box.shape == (8,) and label.cells[2].box is None
    assert count_cells(label.structure) == 3 and label.extra == {"imgid": 7}
    assert write_pubtabnet([label], tmp_path / "again.jsonl") == 1
    assert json.loads((tmp_path / "again.jsonl").read_text("utf-8")) == TABLE
    assert list(read_pubtabnet(path, split="train")) == []
    assert len(list(read_pubtabnet(path, split="val"))) == 1


def test_tables_whose_cells_and_structure_disagree_are_refused(tmp_path) -> None:
    path = tmp_path / "tables.jsonl"
    path.write_text(json.dumps({**TABLE, "html": {**TABLE["html"], "cells": TABLE["html"]["cells"][:2]}}))
    with pytest.raises(InputError, match="line 1: the structure opens 3 cells and 2 are listed"):
        list(read_pubtabnet(path))
    for broken in ("{", "[]", '{"filename": "a"}', "7"):
        path.write_text(broken)
        with pytest.raises(InputError, match="line 1: not a table"):
            list(read_pubtabnet(path))
    merged = TableLabel("a", ["<tr>", "<td></td>", "</tr>"], [TableCell(["x"])])
    assert count_cells(merged.structure) == 1 and "x" in format_table_label(merged)


@given(
    st.lists(
        st.tuples(
            st.integers(0, 500),
            st.integers(0, 500),
            st.integers(1, 90),
            st.integers(1, 90),
            st.integers(0, 2),
        ),
        max_size=6,
    )
)
def test_boxes_come_back(tmp_path_factory, drawn) -> None:
    path = tmp_path_factory.mktemp("coco") / "boxes.json"
    boxes = np.array([(x, y, x + w, y + h) for x, y, w, h, _ in drawn], np.float32)
    label = BoxLabel("a.png", 600, 600, boxes, np.array([kind for *_, kind in drawn], np.int64))
    empty = BoxLabel("b.png", 10, 20, np.zeros((0, 4)), np.zeros(0))
    assert write_coco(["text", "table", "figure"], [label, empty], path) == 2
    back = read_coco(path)
    assert back.names == ["text", "table", "figure"]
    first, second = back.pictures
    assert np.array_equal(first.boxes, label.boxes) and np.array_equal(first.classes, label.classes)
    assert not first.crowds.any() and len(first.crowds) == len(drawn)
    assert (second.path, second.width, second.height, len(second.boxes)) == ("b.png", 10, 20, 0)


def test_foreign_coco_files_with_gaps_in_their_ids(tmp_path) -> None:
    record = {
        "images": [{"id": 90, "file_name": "z.jpg", "width": 5, "height": 6}],
        "annotations": [
            {"id": 1, "image_id": 90, "category_id": 44, "bbox": [1, 1, 2, 3], "iscrowd": 1},
            {"id": 2, "image_id": 90, "category_id": 7, "bbox": [0, 0, 0, 3]},
        ],
        "categories": [{"id": 44, "name": "table"}, {"id": 7, "name": "text"}],
    }
    path = tmp_path / "boxes.json"
    path.write_text(json.dumps(record))
    back = read_coco(path)
    assert back.names == ["text", "table"]  # in the order of their ids
    assert back.pictures[0].boxes.tolist() == [[1, 1, 3, 4]]  # the box without area is gone
    assert back.pictures[0].classes.tolist() == [1] and back.pictures[0].crowds.tolist() == [True]
    record["annotations"][0]["image_id"] = 1
    path.write_text(json.dumps(record))
    with pytest.raises(InputError, match="not a file of COCO boxes"):
        read_coco(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_coco(tmp_path / "none.json")
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        write_coco([], [], tmp_path / "file" / "x.json")


def test_boxes_are_written_by_left_top_width_and_height(tmp_path) -> None:
    label = BoxLabel("a.png", 100, 100, np.array([[0, 0, 50, 20], [10, 40, 90, 95]]), np.array([0, 1]))
    write_coco(["a", "b"], [label], tmp_path / "x.json")
    record = json.loads((tmp_path / "x.json").read_text())
    assert [entry["area"] for entry in record["annotations"]] == [1000.0, 4400.0]
    assert [entry["bbox"] for entry in record["annotations"]] == [
        [0.0, 0.0, 50.0, 20.0],
        [10.0, 40.0, 80.0, 55.0],
    ]
    assert [entry["category_id"] for entry in record["annotations"]] == [1, 2]
