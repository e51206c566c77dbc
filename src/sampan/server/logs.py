"""Log lines as JSON, one each, without a document's text, its name, or a key.

An exception is logged with where it happened and not with what it says, because that may quote a document.
"""

from __future__ import annotations

import json
import logging
import sys
import time
import traceback
from typing import Any

_log = logging.getLogger("sampan.server")


class JsonLines(logging.Formatter):
    """One object a line: `time`, `level`, `event`, and what belongs to the event."""

    def format(self, record: logging.LogRecord) -> str:
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line: dict[str, Any] = {
            "time": f"{moment}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "details", {}),
        }
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = type(record.exc_info[1]).__name__
            line["at"] = _places(record.exc_info[1])
        return json.dumps(line, ensure_ascii=True, default=str)


def log(event: str, /, **details: object) -> None:
    """One line; details without a value are left out."""
    _log.info(event, extra={"details": {name: value for name, value in details.items() if value is not None}})


def log_defect(event: str, error: BaseException, /, **details: object) -> None:
    """An error of our own, with the lines of code that it went through."""
    _log.error(event, exc_info=error, extra={"details": details})


def log_trace(event: str, trace: str, /, **details: object) -> None:
    """The same for an error in a worker, of which there is a traceback as text."""
    places = [line.strip() for line in trace.splitlines() if line.startswith('  File "')]
    _log.error(event, extra={"details": {**details, "at": places[-8:]}})


def write_to_stderr(level: int = logging.INFO) -> None:
    """The server's and uvicorn's lines, as JSON on standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    for name in ("sampan.server", "uvicorn", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers = [handler] if name != "uvicorn.error" else []
        logger.setLevel(level if name == "sampan.server" else logging.WARNING)
        logger.propagate = name == "uvicorn.error"
    logging.getLogger("python_multipart").setLevel(logging.ERROR)  # it quotes what it cannot read


def _places(error: BaseException) -> list[str]:
    return [
        f"{frame.filename}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)[-8:]
    ]
