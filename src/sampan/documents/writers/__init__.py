"""Writers: a `Document` as Markdown, JSON, HTML, plain text, office files, or a picture of what was found where.

`write` puts files into a folder, `render` returns the same as text or bytes. Each format is a module with one
function `render(document, figures, options)`; it is imported when it is first used.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from sampan.documents.model import Document
from sampan.documents.writers.options import WriteOptions
from sampan.errors import OptionError

__all__ = ["ALIASES", "FORMATS", "WriteOptions", "Writer", "render", "resolve", "write"]


@dataclass(frozen=True, slots=True)
class Writer:
    """One output format. `module` has `render(document, figures, options) -> str | bytes`."""

    name: str
    suffix: str
    media_type: str
    module: str
    summary: str
    embeds: bool = False
    """Its figures are inside the file: `figures` gives them as `data:` addresses, not as paths."""
    binary: bool = False
    """`render` gives bytes that are no text: nothing for a terminal."""

    def render(
        self,
        document: Document,
        figures: Mapping[str, str] | None = None,
        options: WriteOptions | None = None,
    ) -> str | bytes:
        """The document in this format; `figures` gives the address of each cut-out figure by block id."""
        text: str | bytes = import_module(self.module).render(
            document, figures or {}, options or WriteOptions()
        )
        return text


_HERE = "sampan.documents.writers"

FORMATS: dict[str, Writer] = {
    writer.name: writer
    for writer in (
        Writer("md", ".md", "text/markdown", f"{_HERE}.markdown", "GitHub Markdown, figures beside it"),
        Writer("json", ".json", "application/json", f"{_HERE}.json_writer", "the document model, complete"),
        Writer("html", ".html", "text/html", f"{_HERE}.html", "semantic HTML in one file", embeds=True),
        Writer("txt", ".txt", "text/plain", f"{_HERE}.text", "plain text, tables as tab-separated rows"),
        Writer(
            "overlay", ".overlay.svg", "image/svg+xml", f"{_HERE}.overlay", "pages with regions and order"
        ),
        Writer(
            "pdf",
            ".searchable.pdf",
            "application/pdf",
            f"{_HERE}.searchable_pdf",
            "the original pages, with text to find and select",
            binary=True,
        ),
        Writer("hocr", ".hocr", "application/xhtml+xml", f"{_HERE}.hocr", "words and their places as XHTML"),
        Writer(
            "alto",
            ".alto.xml",
            "application/xml",
            f"{_HERE}.alto",
            "words and their places as archives keep them",
        ),
        Writer(
            "docx",
            ".docx",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            f"{_HERE}.docx",
            "Word, to be edited",
            embeds=True,
            binary=True,
        ),
        Writer("csv", ".csv", "text/csv", f"{_HERE}.csv_writer", "the tables; each by itself beside it"),
        Writer(
            "xlsx",
            ".xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            f"{_HERE}.xlsx",
            "the tables, a sheet for each",
            binary=True,
        ),
        Writer(
            "docling",
            ".docling.json",
            "application/json",
            f"{_HERE}.docling",
            "DoclingDocument, with figures inside",
            embeds=True,
        ),
        Writer(
            "chunks",
            ".chunks.jsonl",
            "application/x-ndjson",
            f"{_HERE}.chunks",
            "Markdown chunks for retrieval, one JSON object a line",
        ),
    )
}

ALIASES = {"markdown": "md", "htm": "html", "text": "txt", "svg": "overlay", "word": "docx", "excel": "xlsx"}


def resolve(name: str) -> Writer:
    """The writer of a format, by name or alias. Raises `OptionError` with the nearest right name."""
    wanted = name.strip().lower().lstrip(".")
    wanted = ALIASES.get(wanted, wanted)
    if wanted in FORMATS:
        return FORMATS[wanted]
    near = difflib.get_close_matches(wanted, [*FORMATS, *ALIASES], n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise OptionError(f"unknown output format {name!r}: {hint}Choose from {', '.join(FORMATS)}")


def render(document: Document, format: str, options: WriteOptions | None = None) -> str | bytes:
    """The document in one format. HTML and DOCX carry their figures; Markdown, having no files, says their text."""
    writer = resolve(format)
    return writer.render(document, _embedded(document) if writer.embeds else {}, options)


def write(
    document: Document,
    directory: str | Path,
    stem: str,
    formats: Sequence[str],
    options: WriteOptions | None = None,
) -> dict[str, Path]:
    """Write `<directory>/<stem><suffix>` for every format; returns format → path.

    Markdown puts its figures into `<stem>_figures/`, and JSON written with it names them. CSV holds all tables;
    where there are several, each is also a file of its own in `<stem>_tables/`.
    Raises `OptionError` for an unknown format or a stem that is no file name (before anything is written)
    and `OutputError` where the folder cannot be written to.
    """
    from sampan.documents.writers.files import write_whole

    if stem in ("", ".", "..") or any(sign in stem for sign in "/\\\0"):
        raise OptionError(f"output name {stem!r} is no file name: give one without / and \\")
    writers = {writer.name: writer for writer in map(resolve, formats)}
    folder = Path(directory)
    linked: dict[str, str] = {}
    embedded: dict[str, str] = {}
    if "md" in writers:
        linked = _cut_to_files(document, folder, stem)
    if "csv" in writers:
        _tables_to_files(document, folder, stem, options or WriteOptions())
    if any(writer.embeds for writer in writers.values()):
        embedded = _embedded(document)
    return {
        name: write_whole(
            folder / f"{stem}{writer.suffix}",
            writer.render(document, embedded if writer.embeds else linked, options),
        )
        for name, writer in writers.items()
    }


def _cut_to_files(document: Document, folder: Path, stem: str) -> dict[str, str]:
    from sampan.documents.writers.figures import cut_figures, figure_names
    from sampan.documents.writers.files import write_whole

    names = figure_names(document)
    linked: dict[str, str] = {}
    for figure, data in cut_figures(document) if names else ():
        write_whole(folder / f"{stem}_figures" / names[figure.id], data)
        linked[figure.id] = f"{stem}_figures/{names[figure.id]}"
    return linked


def _tables_to_files(document: Document, folder: Path, stem: str, options: WriteOptions) -> None:
    from sampan.documents.writers.csv_writer import to_csv
    from sampan.documents.writers.files import write_whole
    from sampan.documents.writers.joined_tables import joined_tables

    tables = joined_tables(document, options)
    for number, joined in enumerate(tables if len(tables) > 1 else (), 1):
        name = f"table-{number}-page-{joined.page}.csv"
        write_whole(folder / f"{stem}_tables" / name, to_csv(joined.table))


def _embedded(document: Document) -> dict[str, str]:
    from sampan.documents.writers.figures import cut_figures, data_uri

    if not any(block.kind == "figure" for block in document.blocks()):
        return {}
    return {figure.id: data_uri(data) for figure, data in cut_figures(document)}
