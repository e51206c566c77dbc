"""JSON holds the whole model, is valid by the published schema, and bad JSON is refused in plain words."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from tests.documents.strategies import documents, wild_texts

from sampan.documents.model import Document, FigureBlock, Page, Source, TextBlock
from sampan.documents.writers import WriteOptions, render
from sampan.documents.writers.json_writer import SchemaVersionError, read_json, schema
from sampan.errors import InputError

VALIDATOR = jsonschema.Draft202012Validator(schema())
SMALL = Document(source=Source(name="a.pdf", media_type="application/pdf"))


def dumped(document: Document, **options: bool) -> str:
    text = render(document, "json", WriteOptions(**options))
    assert isinstance(text, str)
    return text


@given(documents())
@settings(max_examples=60, deadline=None)
def test_what_is_written_reads_back_as_it_was(document: Document) -> None:
    for compact in (False, True):
        text = dumped(document, compact=compact)
        assert read_json(text.encode()) == document
        assert dumped(read_json(text.encode()), compact=compact) == text


@given(documents(wild_texts))
@settings(max_examples=60, deadline=None)
def test_everything_written_is_valid_by_the_schema(document: Document) -> None:
    text = dumped(document)
    VALIDATOR.validate(json.loads(text))
    # Control characters survive; halves of surrogate pairs, which no JSON can carry, become U+FFFD.
    again = read_json(text.encode())
    for before, after in zip(document.blocks(), again.blocks(), strict=True):
        expected = before.text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        assert after.text == expected


def test_schema_asks_for_kind_and_version() -> None:
    block = TextBlock(id="p1-b0", box=(0, 0, 1, 1), text="a", order=0)
    page = Page(number=1, width=1, height=1, unit="px", blocks=[block])
    data = json.loads(dumped(SMALL.model_copy(update={"pages": [page]})))
    VALIDATOR.validate(data)
    assert data["schema_version"] == "1.0"
    assert data["pages"][0]["blocks"][0]["kind"] == "text"
    assert not VALIDATOR.is_valid({k: v for k, v in data.items() if k != "schema_version"})
    del data["pages"][0]["blocks"][0]["kind"]
    assert not VALIDATOR.is_valid(data)


def test_rounding_and_missing_values() -> None:
    homography = (1 / 3, 0, 0, 0, 1 / 3, 0, 1e-9, 0, 1)
    page = Page(
        number=1,
        width=595.27559,
        height=841.88976,
        unit="pt",
        to_source=homography,
        seconds={"box": 0.123456},
        blocks=[TextBlock(id="p1-b0", box=(1 / 3, 2.0, 3.005001, 4), confidence=2 / 3, text="a", order=0)],
    )
    data = json.loads(dumped(SMALL.model_copy(update={"pages": [page]})))["pages"][0]
    assert (data["width"], data["height"]) == (595.28, 841.89)
    assert data["to_source"] == list(homography)
    assert data["seconds"] == {"box": 0.1235}
    assert data["blocks"][0]["box"] == [0.33, 2, 3.01, 4]
    assert data["blocks"][0]["confidence"] == 0.6667
    assert "continues" not in data["blocks"][0] and "quad" not in data["blocks"][0]


def test_layout_of_the_file_does_not_touch_texts() -> None:
    text = '"box": [\n 1,\n 2\n]'
    block = TextBlock(id="p1-b0", box=(0, 0, 1, 1), text=text, order=0)
    page = Page(number=1, width=1, height=1, unit="px", blocks=[block])
    written = dumped(SMALL.model_copy(update={"pages": [page]}))
    (line,) = [line for line in written.split("\n") if '"p1-b0"' in line]
    assert json.loads(line.removesuffix("]}]}"))["text"] == text
    assert read_json(written.encode()).text == text
    assert dumped(SMALL, compact=True).count("\n") == 1


def test_cut_out_figures_are_named() -> None:
    from sampan.documents.writers import FORMATS

    figure = FigureBlock(id="p1-b0", box=(0, 0, 1, 1), order=0)
    page = Page(number=1, width=1, height=1, unit="px", blocks=[figure])
    text = FORMATS["json"].render(SMALL.model_copy(update={"pages": [page]}), {"p1-b0": "x/p1-b0.png"})
    assert json.loads(text)["pages"][0]["blocks"][0]["image"] == "x/p1-b0.png"
    assert figure.image is None


def test_another_schema_version_is_named_with_the_mend() -> None:
    data = {**json.loads(dumped(SMALL)), "schema_version": "2.0"}
    with pytest.raises(SchemaVersionError, match=r"version '2\.0'.*reads '1\.0'.*install.*parse the source"):
        read_json(json.dumps(data).encode())


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no Sampan document"),
        (b"{", "no Sampan document"),
        (b"[]", "no Sampan document"),
        (b"null", "no Sampan document"),
        (b"\xff\xfe", "no Sampan document"),
        (b"[" * 100_000, "no Sampan document"),
        (b'{"schema_version": "1.0"}', "source: Field required"),
        (b'{"source": {"name": "a", "media_type": "b"}, "extra": 1}', "extra: Extra inputs"),
        (b'{"source": {"name": "\\ud800", "media_type": "b"}}', "no Sampan document"),
        (b'{"source": {"name": "a", "media_type": "b", "bytes": 1e999}}', "no Sampan document"),
    ],
)
def test_bad_json_is_refused_in_plain_words(data: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message) as raised:
        read_json(data)
    assert len(str(raised.value)) < 400


def test_reading_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(dumped(SMALL), encoding="utf-8")
    assert read_json(path) == read_json(str(path)) == SMALL
    with pytest.raises(InputError, match=r"cannot read .*nowhere\.json"):
        read_json(tmp_path / "nowhere.json")
