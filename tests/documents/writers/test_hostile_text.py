"""Text made to do harm, in every block of a document, through every writer of the registry.

Nothing may become a script, a link that runs, a formula, or a file elsewhere; and none of it may be lost, nor
Hebrew, Arabic, Chinese and Japanese with it. Formats are taken from the registry, so a new writer is tested by
being there.
"""

from __future__ import annotations

import csv
import html
import io
import json
import re
import zipfile

import pytest

from sampan.documents.model import (
    CaptionBlock,
    Cell,
    CodeBlock,
    Document,
    FormulaBlock,
    HeadingBlock,
    Line,
    ListBlock,
    ListItem,
    Page,
    Source,
    Table,
    TableBlock,
    TextBlock,
    Word,
)
from sampan.documents.parser import Parser
from sampan.documents.writers import FORMATS, render, write

from ..reading.pdf_samples import SamplePage, pdf, text

HARMFUL = [
    "<script>alert('x')</script>",
    "<img src=x onerror=alert(1)>",
    "</td></table><svg/onload=alert(1)>",
    "[click](javascript:alert(1))",
    "]]><script>1</script>",
    "--><script>2</script>",
    "a | b `c` $d$ {{7*7}} ${jndi:ldap://x}",
    "=HYPERLINK(\"http://evil.example\";\"click\")",
    "=cmd|' /C calc'!A0",
    "+1+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "../../etc/passwd",
]  # fmt: skip
SCRIPTS = ["שלום עולם", "مرحبا بالعالم", "漢字かな交じり文", "한국어 문장", "zwölf Boxkämpfer"]
STRANGE = ["\ud800 half", "nul\x00byte", "\x1b[31mred\x1b[0m", "\u202egnp.exe", "a\ufffeb", "line\u2028end"]
EVERY = [*HARMFUL, *SCRIPTS, *STRANGE]
BOX = (10.0, 10.0, 190.0, 60.0)


def document() -> Document:
    blocks = []
    for number, words in enumerate(EVERY):
        cells = [
            Cell(row=row, column=column, text=words, header=row == 0)
            for row in range(2)
            for column in range(2)
        ]
        line = Line(text=words, box=BOX, words=[Word(text=words, box=BOX)])
        made = [
            TextBlock(id=f"t{number}", box=BOX, text=words, lines=[line]),
            HeadingBlock(id=f"h{number}", box=BOX, text=words, level=2),
            ListBlock(id=f"l{number}", box=BOX, items=[ListItem(text=words)]),
            CodeBlock(id=f"c{number}", box=BOX, text=words, language=words),
            FormulaBlock(id=f"f{number}", box=BOX, text=words, latex=words),
            CaptionBlock(id=f"k{number}", box=BOX, text=words),
            TableBlock(
                id=f"g{number}", box=BOX, captions=[words], table=Table(rows=2, columns=2, cells=cells)
            ),
        ]
        blocks += made
    for order, block in enumerate(blocks):
        block.order = order
    page = Page(number=1, width=200, height=200, unit="pt", blocks=blocks)
    source = Source(name="<script>.pdf", media_type="application/pdf", title=HARMFUL[0], author="=1+1")
    return Document(source=source, pages=[page])


PDF = pdf(*[SamplePage(text(20, 700, words)) for words in HARMFUL], title=HARMFUL[0])
"""The same as a file, for writers that need one."""


@pytest.fixture(scope="module")
def rendered() -> dict[str, str | bytes]:
    """Every format that can be written, rendered once."""
    from sampan.errors import SampanError

    pytest.importorskip("docx")
    pytest.importorskip("openpyxl")
    found: dict[str, str | bytes] = {}
    parsed = Parser(ocr="never").parse(PDF)
    for name in FORMATS:
        try:
            found[name] = render(document(), name)
        except SampanError:  # it needs the pages of a file
            found[name] = render(parsed, name)
    return found


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_of_a_text_runs(name: str, rendered: dict[str, str | bytes]) -> None:
    output = rendered[name]
    kind = FORMATS[name].media_type
    if isinstance(output, bytes) and output[:2] == b"PK":
        _check_archive(output)
    elif isinstance(output, bytes):
        assert not re.search(rb"/(JavaScript|JS|Launch|OpenAction|EmbeddedFile|URI)\b", output)
    elif "html" in kind or "xml" in kind or "svg" in kind:
        _check_markup(output)
    elif "markdown" in kind:
        markdown_it = pytest.importorskip("markdown_it")
        _check_markup(f"<html>{markdown_it.MarkdownIt('commonmark').enable('table').render(output)}</html>")
    elif "csv" in kind:
        _check_rows(csv.reader(io.StringIO(output)))


def _check_markup(output: str) -> None:
    lxml_html = pytest.importorskip("lxml.html")
    for element in lxml_html.document_fromstring(output.encode()).iter():
        if not isinstance(element.tag, str):
            continue
        tag = element.tag.rsplit("}")[-1].lower()
        # A writer's own script would be found too; none needs one.
        assert tag not in ("script", "iframe", "object", "embed", "foreignobject"), tag
        for key, value in element.attrib.items():
            assert not key.lower().startswith("on"), (tag, key)
            address = re.sub(r"[\s\x00-\x1f]", "", html.unescape(value)).lower()
            if key.rsplit("}")[-1].lower() in ("href", "src", "action", "xlink:href"):
                assert not address.startswith(("javascript:", "vbscript:", "data:text")), value


def _check_archive(output: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(output)) as archive:
        names = archive.namelist()
        for name in names:
            assert not name.startswith(("/", "\\")) and ".." not in name.split("/")
            if name.endswith(".rels"):
                assert 'TargetMode="External"' not in archive.read(name).decode()
        assert not [name for name in names if "vba" in name.lower() or "externalLink" in name]
    if any(name.startswith("xl/") for name in names):
        openpyxl = pytest.importorskip("openpyxl")
        for sheet in openpyxl.load_workbook(io.BytesIO(output)):
            for row in sheet.iter_rows():
                assert not [cell.value for cell in row if cell.data_type == "f" or cell.hyperlink]
    else:
        with zipfile.ZipFile(io.BytesIO(output)) as archive:
            body = archive.read("word/document.xml").decode()
        assert not re.search(r"<w:(instrText|fldSimple|hyperlink)\b[^>]*>[^<]*(evil|cmd|javascript)", body)


def _check_rows(rows: object) -> None:
    for row in rows:  # type: ignore[attr-defined]
        for field in row:
            assert not field.startswith(("=", "@", "\t", "\r")), field
            if field.startswith(("+", "-")):
                float(field)  # a number may; anything else would be a formula


@pytest.mark.parametrize("name", FORMATS)
def test_no_script_of_the_world_is_lost(name: str, rendered: dict[str, str | bytes]) -> None:
    said = _visible(name, rendered[name])
    if isinstance(rendered[name], bytes) and rendered[name][:4] == b"%PDF":  # type: ignore[comparison-overlap]
        assert "alert" in said
        return
    for words in SCRIPTS:
        assert words in said, words


@pytest.mark.parametrize("name", FORMATS)
def test_what_is_written_is_valid_unicode_without_controls(
    name: str, rendered: dict[str, str | bytes]
) -> None:
    output = rendered[name]
    if isinstance(output, str):
        output.encode()
        assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", output)
        if FORMATS[name].media_type == "application/json":
            json.loads(output)


def test_every_format_is_written_to_files_of_its_folder_alone(tmp_path) -> None:
    folder = tmp_path / "inner"
    written = write(Parser(ocr="never").parse(PDF), folder, "a", list(FORMATS))
    assert all(path.is_relative_to(folder) for path in written.values())
    assert [path.name for path in tmp_path.iterdir()] == ["inner"]


def _visible(name: str, output: str | bytes) -> str:
    if isinstance(output, str):
        if "json" in FORMATS[name].media_type or name == "chunks":
            lines = output.splitlines() if name == "chunks" else [output]
            return " ".join(
                json.dumps(json.loads(line), ensure_ascii=False) for line in lines if line.strip()
            )
        return html.unescape(output)
    if output[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(output)) as archive:
            parts = [archive.read(part).decode() for part in archive.namelist() if part.endswith(".xml")]
        return html.unescape(re.sub(r"<[^>]+>", "", " ".join(parts)))
    import pypdfium2

    with pypdfium2.PdfDocument(output) as opened:
        return " ".join(page.get_textpage().get_text_range() for page in opened)
