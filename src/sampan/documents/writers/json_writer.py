"""The document model as JSON, and back. The schema is published as docs/schema/document-1.0.json.

Coordinates and sizes have two decimals, confidences, angles and seconds four; `to_source` is exact.
Fields without a value are left out; `kind` and `schema_version` never are.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sampan.documents.model import SCHEMA_VERSION, Document
from sampan.documents.writers.characters import whole
from sampan.documents.writers.options import WriteOptions
from sampan.errors import InputError

_DECIMALS = {
    "box": 2, "quad": 2, "width": 2, "height": 2, "size": 2, "confidence": 4, "skew": 4, "seconds": 4,
}  # fmt: skip


class SchemaVersionError(InputError):
    """The JSON was written for another version of the document model."""


def render(document: Document, figures: Mapping[str, str], options: WriteOptions) -> str:
    data = _plain(document.model_dump(mode="python", exclude_none=True), None)
    for page in data["pages"]:
        for block in page["blocks"]:
            if block["kind"] == "figure" and block["id"] in figures:
                block["image"] = figures[block["id"]]
    if options.compact:
        return json.dumps(data, ensure_ascii=False, separators=(",", ":")) + "\n"
    return _one_block_a_line(data) + "\n"


def read_json(source: str | Path | bytes) -> Document:
    """Read a document from a path, or from JSON itself as bytes.

    Raises `SchemaVersionError` for another version of the model and `InputError` for everything else
    that is no such document.
    """
    if isinstance(source, bytes):
        name, data = "JSON", source
    else:
        name = str(source)
        try:
            data = Path(source).read_bytes()
        except OSError as error:
            raise InputError(f"cannot read {name}: {error.strerror or error}; check the path") from error
    try:
        return Document.model_validate_json(data)
    except ValidationError as error:
        _check_version(name, data)
        raise InputError(_explain(name, error)) from error


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a written document."""
    published = Document.model_json_schema(mode="validation")
    # Both are always written and tell a reader what it has in hand, so the schema asks for them.
    published["required"] = ["schema_version", *published["required"]]
    for definition in published["$defs"].values():
        if "kind" in definition["properties"]:
            definition["required"] = ["kind", *definition["required"]]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"https://sampan.invalid/schema/document-{SCHEMA_VERSION}.json",
        **published,
    }


def schema_text() -> str:
    """The published file."""
    return json.dumps(schema(), ensure_ascii=False, indent=2) + "\n"


def _plain(value: Any, key: str | None) -> Any:
    """`value` rounded as its key asks, with valid Unicode."""
    if isinstance(value, float):
        decimals = _DECIMALS.get(key or "")
        rounded = value if decimals is None else round(value, decimals)
        return int(rounded) if rounded.is_integer() and abs(rounded) < 2**53 else rounded
    if isinstance(value, str):
        return whole(value)
    if isinstance(value, list | tuple):
        return [_plain(item, key) for item in value]
    if isinstance(value, dict):
        # Stages' names are free, so below `seconds` its own key counts.
        return {
            whole(name): _plain(item, "seconds" if key == "seconds" else name) for name, item in value.items()
        }
    return value


def _one_block_a_line(data: dict[str, Any]) -> str:
    """Short enough to keep, and a changed block is one changed line; `jq .` spreads it out further."""
    fields = [f"{json.dumps(name)}: {_json(value)}" for name, value in data.items() if name != "pages"]
    pages = []
    for page in data["pages"]:
        head = _json({name: value for name, value in page.items() if name != "blocks"})
        blocks = ",\n  ".join(_json(block) for block in page["blocks"])
        pages.append(f'{head[:-1]}, "blocks": [\n  {blocks}]}}')
    return "{" + ",\n".join([*fields, '"pages": [\n ' + ",\n ".join(pages) + "]"]) + "}"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _check_version(name: str, data: bytes) -> None:
    try:
        found = json.loads(data)["schema_version"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return
    if found != SCHEMA_VERSION:
        raise SchemaVersionError(
            f"{name} has schema version {str(found)[:40]!r}, this Sampan reads {SCHEMA_VERSION!r}: "
            "install the Sampan that wrote it, or parse the source file again"
        )


def _explain(name: str, error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "the whole text"
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return (
        f"{name} is no Sampan document: {where}: {first['msg']}{more}; "
        f"compare it with docs/schema/document-{SCHEMA_VERSION}.json"
    )


if __name__ == "__main__":
    print(schema_text(), end="")
