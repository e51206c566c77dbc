"""Finds pages to compare: files or folders on both sides, paired by name.

Truth: OmniDocBench JSON, our Document JSON, Markdown, HTML. Prediction: Document JSON, Markdown,
HTML, plain text. A Document with several pages stands page against page where the other side has
pages too, and as one long page otherwise.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import ValidationError

from sampan.documents.evaluation.elements import Element, extract_elements, html_to_markdown
from sampan.documents.evaluation.omnidocbench import is_omnidocbench, read_omnidocbench
from sampan.documents.evaluation.truth import TruthBlock, TruthPage
from sampan.documents.model import Block, Document, Page
from sampan.errors import InputError

SUFFIXES = (".md", ".markdown", ".html", ".htm", ".json", ".txt")

_CATEGORY = {
    "title": "title",
    "heading": "title",
    "text": "text_block",
    "aside": "text_block",
    "list": "text_block",
    "reference": "reference",
    "seal": "seal",
    "code": "code_txt",
    "table": "table",
    "formula": "equation_isolated",
    "figure": "figure",
    "header": "header",
    "footer": "footer",
    "footnote": "page_footnote",
    "page_number": "page_number",
}
_FURNITURE = frozenset(("header", "footer", "page_number"))


@dataclass(frozen=True)
class Prediction:
    """What a system made of one page, or of a whole document (`pages` is then None)."""

    name: str
    elements: list[Element]
    pages: list[list[Element]] | None = None


@dataclass(frozen=True)
class Case:
    """One page to score. `elements` is None where the prediction is missing."""

    truth: TruthPage
    elements: list[Element] | None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None


def _read_json(path: Path) -> object:
    try:
        return json.loads(_read(path))
    except (json.JSONDecodeError, RecursionError) as error:
        raise InputError(f"{path} is not JSON: {error}") from None


def _document(data: object, path: Path) -> Document:
    try:
        return Document.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise InputError(
            f"{path} is neither OmniDocBench JSON nor a Document: {place or 'top'}: {first['msg']}"
        ) from None


def _content(block: Block) -> str:
    if block.kind == "table":
        from sampan.documents.tables.html import to_html

        return to_html(block.table)
    if block.kind == "formula":
        return block.latex or block.text
    if block.kind == "list" and block.items:
        return "\n".join(item.text for item in block.items)
    return block.text


def page_elements(page: Page) -> list[Element]:
    """Elements of a parsed page, without what the system itself calls page furniture."""
    elements = []
    for position, block in enumerate(page.blocks):
        content = _content(block)
        if block.kind in _FURNITURE or not content.strip():
            continue
        match block.kind:
            case "table" | "code":
                elements.append(Element(block.kind, content, position))
            case "formula" if block.latex:
                elements.append(Element("formula", content, position))
            case _:
                elements.append(Element("text", content, position))
    return elements


def document_truth(document: Document, name: str) -> list[TruthPage]:
    """Pages of a Document taken as the truth."""
    pages = []
    for page in document.pages:
        owners = {block.id: block.kind for block in page.blocks}
        blocks = []
        for block in page.blocks:
            category = _CATEGORY.get(block.kind, "text_block")
            if block.kind == "caption":
                owner = owners.get(block.caption_of or "", "figure")
                category = {
                    "table": "table_caption",
                    "code": "code_txt_caption",
                    "formula": "equation_caption",
                }.get(owner, "figure_caption")
            if block.kind == "formula" and not block.latex:
                category = "text_block"
            content = "" if category == "figure" else _content(block)
            blocks.append(TruthBlock(block.id, category, content, block.order))
        stem = name if len(document.pages) == 1 else f"{name}#{page.number}"
        pages.append(TruthPage(stem, blocks))
    return pages


def markdown_truth(markdown: str, name: str) -> TruthPage:
    """A Markdown page taken as the truth; the order is that of the file."""
    category = {"text": "text_block", "code": "code_txt", "table": "table", "formula": "equation_isolated"}
    blocks = []
    for order, element in enumerate(extract_elements(markdown)):
        heading = element.kind == "text" and element.content.startswith("#")
        kind = "title" if heading else category[element.kind]
        blocks.append(TruthBlock(f"b{order}", kind, element.content, order))
    return TruthPage(name, blocks)


def load_truth(path: Path) -> list[TruthPage]:
    """Annotated pages of one file."""
    suffix = path.suffix.lower()
    if suffix == ".json":
        data = _read_json(path)
        if isinstance(data, list):
            return read_omnidocbench(data, str(path)) if is_omnidocbench(data) or not data else _refuse(path)
        return document_truth(_document(data, path), path.stem)
    if suffix not in SUFFIXES:
        raise InputError(f"{path} has the suffix {suffix!r}; expected one of {', '.join(SUFFIXES)}")
    text = _read(path)
    if suffix in (".html", ".htm"):
        text = html_to_markdown(text)
    return [markdown_truth(text, path.stem)]


def _refuse(path: Path) -> list[TruthPage]:
    raise InputError(f"{path} is a list without `layout_dets`: pass OmniDocBench JSON or a Document")


def load_prediction(path: Path) -> Prediction:
    """What a system made of one file."""
    suffix = path.suffix.lower()
    if suffix == ".json":
        document = _document(_read_json(path), path)
        pages = [page_elements(page) for page in document.pages]
        return Prediction(path.stem, chain_pages(pages), pages)
    if suffix not in SUFFIXES:
        raise InputError(f"{path} has the suffix {suffix!r}; expected one of {', '.join(SUFFIXES)}")
    text = _read(path)
    if suffix in (".html", ".htm"):
        text = html_to_markdown(text)
    return Prediction(path.stem, extract_elements(text))


def chain_pages(pages: list[list[Element]]) -> list[Element]:
    """Elements of all pages, positions rising over the whole document."""
    chained: list[Element] = []
    base = 0
    for elements in pages:
        chained += [replace(element, position=base + element.position) for element in elements]
        base += 1 + max((element.position for element in elements), default=0)
    return chained


def _join_truth(pages: list[TruthPage], name: str) -> TruthPage:
    blocks: list[TruthBlock] = []
    base = 0
    for page in pages:
        orders = [block.order for block in page.blocks if block.order is not None]
        blocks += [
            replace(
                block,
                id=f"{page.name}/{block.id}",
                order=None if block.order is None else base + block.order,
            )
            for block in page.blocks
        ]
        base += 1 + max(orders, default=0)
    return TruthPage(name, blocks, pages[0].attributes if pages else {})


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        files = sorted(f for f in path.iterdir() if f.is_file() and f.suffix.lower() in SUFFIXES)
        if not files:
            raise InputError(f"{path} holds no file with one of the suffixes {', '.join(SUFFIXES)}")
        return files
    if not path.exists():
        raise InputError(f"{path} does not exist")
    return [path]


def _key(name: str) -> str:
    """Name for pairing: `page.png.md` and `page.md` are the same page."""
    stem = Path(name)
    return stem.stem if stem.suffix.lower() in (".png", ".jpg", ".jpeg", ".pdf", ".tif", ".tiff") else name


def pair_files(prediction: Path, truth: Path) -> list[Case]:
    """All pages of the truth, each with its prediction. Two single files pair whatever their names are."""
    truth_files, files = _files(truth), _files(prediction)
    truths = {file: load_truth(file) for file in truth_files}
    by_key: dict[str, Path] = {}
    for file in files:  # of several formats of one page, Markdown first: SUFFIXES is the order of preference
        key = _key(file.stem)
        if key not in by_key or SUFFIXES.index(file.suffix.lower()) < SUFFIXES.index(
            by_key[key].suffix.lower()
        ):
            by_key[key] = file
    single = len(truth_files) == 1 and prediction.is_file()
    cases = []
    for file, pages in truths.items():
        partner = files[0] if single else by_key.get(_key(file.stem))
        if partner is not None:
            cases += _pair_pages(pages, load_prediction(partner), file.stem)
            continue
        for page in pages:
            own = by_key.get(_key(page.name)) or by_key.get(page.name)
            cases.append(Case(page, load_prediction(own).elements if own else None))
    if not any(case.elements is not None for case in cases):
        raise InputError(
            f"no prediction in {prediction} has the name of a page in {truth}, "
            f"such as {cases[0].truth.name if cases else '(none)'}: rename one side"
        )
    return cases


def _pair_pages(pages: list[TruthPage], prediction: Prediction, name: str) -> list[Case]:
    if len(pages) == 1:
        return [Case(pages[0], prediction.elements)]
    if prediction.pages is not None and len(prediction.pages) == len(pages):
        return [Case(page, own) for page, own in zip(pages, prediction.pages, strict=True)]
    return [Case(_join_truth(pages, name), prediction.elements)]


def load_predictions(path: Path) -> dict[str, list[Element]]:
    """Elements of every predicted file, by name."""
    return {_key(file.stem): load_prediction(file).elements for file in reversed(_files(path))}
