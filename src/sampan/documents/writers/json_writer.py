"""The document model as JSON, and back. The schema is published as docs/schema/document-1.0.json.

Coordinates and sizes have two decimals, confidences, angles and seconds four; `to_source` is exact.
Fields without a value are left out; `kind` and `schema_version` never are.
"""

from __future__ import annotations

import json
import re
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
    return _numbers_on_one_line(json.dumps(data, ensure_ascii=False, indent=1)) + "\n"


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


_NUMBERS = re.compile(r"(?m)^( *\"(?:box|quad|to_source)\": )(\[[-+\d.eE,\[\]\s]+\])")


def _numbers_on_one_line(text: str) -> str:
    """Coordinates on one line each: a box is one thing, and the file has a fifth of the lines."""
    return _NUMBERS.sub(
        lambda match: match[1] + " ".join(match[2].split()).replace("[ ", "[").replace(" ]", "]"), text
    )


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
