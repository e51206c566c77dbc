"""Files: whole or not at all, figures beside them, mistakes in plain words; and importing costs little."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from sampan.documents.model import Document, FigureBlock, Page, Source, TextBlock
from sampan.documents.options import ParseOptions
from sampan.documents.page_images import SourceImages
from sampan.documents.writers import FORMATS, render, resolve, write
from sampan.documents.writers.figures import MAX_PIXELS, figure_names, page_scale
from sampan.documents.writers.files import write_whole
from sampan.errors import OptionError, OutputError, SampanError


def document_with_figures(*ids: str) -> Document:
    picture = np.random.default_rng(0).integers(0, 256, (60, 100, 3), np.uint8)
    blocks = [
        FigureBlock(id=id, box=(10 + index, 20, 50.5, 200), captions=[f"Figure {index}"], order=index)
        for index, id in enumerate(ids)
    ]
    page = Page(number=1, width=100, height=60, unit="px", blocks=blocks)
    document = Document(source=Source(name="a.png", media_type="image/png"), pages=[page])
    document._images = lambda page, scale: picture
    return document


def test_every_format_is_written_and_equals_what_is_rendered(tmp_path: Path) -> None:
    page = Page(
        number=1, width=9, height=9, unit="px", blocks=[TextBlock(id="a", box=(0, 0, 1, 1), text="x")]
    )
    document = Document(source=Source(name="a.png", media_type="image/png"), pages=[page])
    _, png = cv2.imencode(".png", np.full((9, 9, 3), 255, np.uint8))
    document._images = SourceImages(png.tobytes(), ParseOptions())
    paths = write(document, tmp_path / "new" / "folder", "a.b", list(FORMATS))
    assert {name: path.name for name, path in paths.items()} == {
        name: f"a.b{writer.suffix}" for name, writer in FORMATS.items()
    }
    for name, path in paths.items():
        content = render(document, name)
        assert isinstance(content, bytes) == FORMATS[name].binary
        assert path.read_bytes() == (content.encode() if isinstance(content, str) else content)
    assert len(list((tmp_path / "new" / "folder").iterdir())) == len(FORMATS)


def test_figures_are_cut_out_and_linked(tmp_path: Path) -> None:
    document = document_with_figures("p1-b0", "p1-b1")
    paths = write(document, tmp_path, "scan 1", ["md", "json", "html"])
    assert "![Figure 0](scan%201_figures/p1-b0.png)" in paths["md"].read_text()
    blocks = json.loads(paths["json"].read_text())["pages"][0]["blocks"]
    assert [block["image"] for block in blocks] == [f"scan 1_figures/p1-b{i}.png" for i in (0, 1)]
    assert paths["html"].read_text().count('src="data:image/png;base64,') == 2
    cut = cv2.imread(str(tmp_path / "scan 1_figures" / "p1-b0.png"))
    picture = document.image_of(document.pages[0], 1.0)
    assert picture is not None and np.array_equal(cut, picture[20:60, 10:51])
    assert document.pages[0].blocks[0].image is None  # the document itself is left as it was


def test_figures_stay_in_their_folder_under_names_of_their_own(tmp_path: Path) -> None:
    document = document_with_figures("../../x", "a b", "A-b", "a/b", "", "漢")
    names = figure_names(document)
    assert len({name.lower() for name in names.values()}) == 6
    write(document, tmp_path / "out", "s", ["md"])
    files = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert files == {"out/s.md", *(f"out/s_figures/{name}" for name in names.values())}


def test_figures_off_the_page_are_left_out(tmp_path: Path) -> None:
    document = document_with_figures("a")
    document.pages[0].blocks[0].box = (200, 0, 300, 10)
    write(document, tmp_path, "s", ["md"])
    assert [path.name for path in tmp_path.iterdir()] == ["s.md"]


@pytest.mark.parametrize(("width", "height"), [(612, 792), (1e6, 1e6), (1e200, 1e200), (1, 1e9)])
def test_pictures_of_huge_pages_stay_within_the_limit(width: float, height: float) -> None:
    scale = page_scale(Page(number=1, width=width, height=height, unit="pt"))
    assert 0 < scale <= 200 / 72
    assert width * scale * height * scale <= MAX_PIXELS * 1.001


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("markdwn", "did you mean 'markdown'"),
        ("jsn", "did you mean 'json'"),
        ("odt", "Choose from md, json"),
    ],
)
def test_unknown_formats_get_the_nearest_right_name(name: str, hint: str, tmp_path: Path) -> None:
    document = document_with_figures("a")
    with pytest.raises(OptionError, match=hint):
        write(document, tmp_path, "a", ["md", name])
    assert list(tmp_path.iterdir()) == []
    assert resolve("Markdown") is resolve(".md") is FORMATS["md"]


@pytest.mark.parametrize("stem", ["", ".", "..", "a/b", "..\\x", "a\0"])
def test_stems_that_leave_the_folder_are_refused(stem: str, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="no file name"):
        write(document_with_figures(), tmp_path, stem, ["txt"])


def test_folders_that_cannot_be_written_are_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match=r"cannot write .*a\.txt.*choose another") as raised:
        write(document_with_figures(), tmp_path / "file", "a", ["txt"])
    assert isinstance(raised.value, SampanError) and raised.value.exit_code == 5


def test_a_full_disk_leaves_the_old_file_and_no_litter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.txt"
    write_whole(path, "old")
    write_whole(path, "older")

    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OutputError, match="No space left on device"):
        write_whole(path, "new")
    assert path.read_text() == "older"
    assert [found.name for found in tmp_path.iterdir()] == ["a.txt"]


def test_importing_the_registry_loads_nothing_heavy() -> None:
    code = (
        "import sys, sampan.documents.writers as w; w.resolve('md');"
        "print([m for m in ('cv2', 'numpy', 'onnxruntime', 'torch', 'pypdfium2') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
