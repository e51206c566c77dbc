"""What one request may choose: the options of reading that are no danger to the server."""

from __future__ import annotations

import json
from typing import Any

from sampan.documents.options import ParseOptions
from sampan.documents.parser import make_options
from sampan.errors import OptionError
from sampan.runtime import usable_cores
from sampan.server.settings import ServerSettings

ALLOWED = (
    "pages", "password", "ocr", "preset", "orientation", "deskew", "layout", "tables", "furniture", "dpi",
    "max_pixels", "max_pages",
)  # fmt: skip
"""Everything else is the operator's: paths of models, threads, sizes of files. New options must be let in here."""


def chosen_options(text: str, settings: ServerSettings) -> ParseOptions:
    """The options of a request, given as JSON, within the server's limits. Raises `OptionError`."""
    given = _object(text) if text.strip() else {}
    for name in given:
        if name in ParseOptions.model_fields and name not in ALLOWED:
            raise OptionError(f"option {name} is chosen by whoever runs the server: leave it out")
    options = make_options(**given)
    limits = {"max_pages": settings.max_pages, "max_pixels": settings.max_pixels}
    for name, limit in limits.items():
        if name in given and getattr(options, name) > limit:
            raise OptionError(
                f"option {name} = {getattr(options, name)} is above this server's limit of {limit}"
            )
        limits[name] = min(getattr(options, name), limit)
    own = {"max_bytes": settings.max_bytes, "threads": max(1, usable_cores() // settings.workers)}
    return options.model_copy(update=limits | own)


def stored_choices(text: str, settings: ServerSettings) -> str:
    """The request's own choices in one canonical form, checked: equal ones are equal texts."""
    chosen_options(text, settings)
    return json.dumps(_object(text) if text.strip() else {}, sort_keys=True, separators=(",", ":"))


def choices_schema(settings: ServerSettings) -> dict[str, Any]:
    """JSON Schema of what a request may choose, with this server's limits."""
    schema = ParseOptions.model_json_schema()
    properties = {name: schema["properties"][name] for name in ALLOWED}
    for name, limit in (("max_pages", settings.max_pages), ("max_pixels", settings.max_pixels)):
        properties[name] = {**properties[name], "maximum": limit}
        properties[name]["default"] = min(properties[name]["default"], limit)
    return {"type": "object", "title": "Options", "properties": properties, "additionalProperties": False}


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
        # Half a surrogate pair is legal in JSON and in no text.
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise OptionError(
            f'options {text[:60]!r} are no JSON: give an object such as {{"pages": "1-3"}}'
        ) from None
    if not isinstance(value, dict):
        raise OptionError(f'options {text[:60]!r} are no JSON object: give one such as {{"pages": "1-3"}}')
    return value
