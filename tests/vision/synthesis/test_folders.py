"""Folders of drawn data hold what their label files say, and the command makes them."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from sampan.cli.synthesize import make_options, parse_languages
from sampan.errors import OptionError
from sampan.vision.annotations.coco import read_coco
from sampan.vision.annotations.pubtabnet import read_pubtabnet
from sampan.vision.annotations.text_detection import read_detection_labels
from sampan.vision.annotations.text_recognition import read_recognition_labels
from sampan.vision.synthesis.folders import OPTIONS, write_folder
from sampan.vision.synthesis.library import Library
from sampan.vision.synthesis.lines import LineOptions, LineSynthesizer
from sampan.vision.synthesis.pages import CLASSES

SMALL = {
    "lines": {}, "pages": {"width": (400, 500)}, "tables": {"rows": (2, 5)}, "forms": {"width": (400, 500)},
    "scenes": {"side": (240, 300)},
}  # fmt: skip


@pytest.fixture(scope="module")
def gathered(library, tmp_path_factory):
    """The tests' library in a folder, as another machine would get it."""
    folder = tmp_path_factory.mktemp("library")
    library.save(folder, ["en", "ru"])
    return folder


def options(kind: str, gathered, **more):
    return OPTIONS[kind](
        languages={"ru": 1.0, "en": 1.0}, fonts="all", split="all", library=gathered, **SMALL[kind], **more
    )


def test_lines_and_their_labels(gathered, tmp_path) -> None:
    chosen = options("lines", gathered)
    told: list[int] = []
    manifest = write_folder("lines", chosen, 6, tmp_path / "lines", start=3, progress=told.append)
    assert told == [1, 2, 3, 4, 5, 6]
    source = LineSynthesizer(chosen)
    labels = list(read_recognition_labels(tmp_path / "lines" / "labels.txt"))
    for number, label in enumerate(labels, start=3):
        line = source.draw(number)
        image = cv2.imread(str(tmp_path / "lines" / label.path), cv2.IMREAD_COLOR)
        assert label.text == line.text and np.array_equal(image, line.image)
    assert len(labels) == 6 and manifest["first"] == 3
    assert LineOptions(**manifest["options"]) == chosen
    assert sum(font["used"] for font in manifest["fonts"]) == 6
    # DejaVu says its licence; Computer Modern, as matplotlib has it, says nothing.
    assert all(font["licence"] for font in manifest["fonts"] if font["family"].startswith("DejaVu"))
    assert {row["origin"] for row in manifest["texts"]} == {"Sampan"}
    with pytest.raises(OptionError, match="is not empty"):
        write_folder("lines", chosen, 1, tmp_path / "lines")


def test_a_small_library_has_a_text_face_of_each_family_first(library, tmp_path) -> None:
    library.save(tmp_path / "all", ["ru"])
    library.save(tmp_path / "few", ["ru"], megabytes=2.0)
    everything, few = (Library.open(["ru"], tmp_path / name).fonts for name in ("all", "few"))
    size = sum(path.stat().st_size for path in (tmp_path / "few" / "fonts").rglob("*.ttf"))
    assert (
        1e6 < size <= 2e6 < sum(path.stat().st_size for path in (tmp_path / "all" / "fonts").rglob("*.ttf"))
    )
    assert set(few.families) == set(everything.families)
    assert all(
        any(face.weight == 400 and not face.italic for face in faces) for faces in few.families.values()
    )


@pytest.mark.parametrize("kind", ["pages", "tables", "forms", "scenes"])
def test_pages_and_their_labels(kind, gathered, tmp_path) -> None:
    folder = tmp_path / kind
    write_folder(kind, options(kind, gathered), 2, folder)
    labels = list(read_detection_labels(folder / "labels.txt"))
    truth = [json.loads(row) for row in (folder / "truth.jsonl").read_text("utf-8").splitlines()]
    assert len(labels) == len(truth) == 2
    for label, row in zip(labels, truth, strict=True):
        assert (folder / label.path).is_file() and row["image"] == label.path
        assert [region.text for region in label.regions] == [line["text"] for line in row["lines"]]
    if kind == "tables":
        tables = list(read_pubtabnet(folder / "tables.jsonl"))
        assert [table.path for table in tables] == [label.path for label in labels]
        assert all(len(table.cells) == len(row["cells"][0]) for table, row in zip(tables, truth, strict=True))
    if kind == "pages":
        boxes = read_coco(folder / "blocks.json")
        assert boxes.names == list(CLASSES)
        assert [len(picture.boxes) for picture in boxes.pictures] == [len(row["blocks"]) for row in truth]
        for picture in boxes.pictures:
            assert (picture.boxes >= 0).all() and (picture.boxes[:, 2] <= picture.width).all()


@pytest.mark.slow
def test_the_number_of_processes_changes_nothing(gathered, tmp_path) -> None:
    chosen = options("lines", gathered)
    for name, workers in (("one", 1), ("two", 2)):
        write_folder("lines", chosen, 40, tmp_path / name, workers=workers)
    files = sorted(
        path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*") if path.is_file()
    )
    assert len(files) == 43
    for file in files:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes(), file


def test_the_commands_options_are_the_recipes() -> None:
    assert parse_languages("ru=2, uk") == {"ru": 2.0, "uk": 1.0}
    with pytest.raises(OptionError, match="must be a number"):
        parse_languages("ru=much")
    with pytest.raises(OptionError, match="names none"):
        parse_languages(" ,")
    made = make_options(LineOptions, {"seed": 4}, ["length=[2, 9]", "degradations={scan: 1}", "height=null"])
    assert made == LineOptions(seed=4, length=(2, 9), degradations={"scan": 1.0}, height=None)
    with pytest.raises(OptionError, match="did you mean degradations"):
        make_options(LineOptions, {}, ["degradation=scan"])
    with pytest.raises(OptionError, match="height: "):
        make_options(LineOptions, {}, ["height=2"])
    with pytest.raises(OptionError, match="is not KEY=VALUE"):
        make_options(LineOptions, {}, ["height"])


def test_synthetic_data_needs_no_torch() -> None:
    import subprocess
    import sys

    code = (
        "import sys, sampan.cli.synthesize, sampan.vision.synthesis.folders, sampan.vision.annotations.coco;"
        "sys.exit(any(name == 'torch' or name.startswith('torch.') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
