"""A parser that reads nothing but names, so that tests of the door are not about the house."""

import os
import signal
import time
from pathlib import Path

from sampan.documents.model import Document, Failure, Page, Source, TextBlock
from sampan.documents.options import ParseOptions
from sampan.errors import InputError, WeightsError


class FakeParser:
    """Its documents say what they were made from; names with a meaning fail in their own way."""

    seen: list[ParseOptions] = []  # noqa: RUF012

    def __init__(self, options: ParseOptions | None = None) -> None:
        self.options = options or ParseOptions()
        FakeParser.seen.append(self.options)

    def parse(self, source: Path | bytes, progress=None) -> Document:
        name = source.name if isinstance(source, Path) else f"{len(source)} bytes"
        if "broken" in name:
            raise InputError(f"{name} is truncated: fetch it again")
        if "weights" in name:
            raise WeightsError("weights are missing: run `sampan weights install`")
        if "defect" in name:
            raise ZeroDivisionError("division by zero")
        if "interrupt" in name:
            raise KeyboardInterrupt
        if "crash" in name:
            os.kill(os.getpid(), signal.SIGKILL)
        if "hang" in name:
            time.sleep(600)
        block = TextBlock(id="p1-b1", box=(0, 0, 10, 10), order=0, text=f"Text of {name} — ünïcödé 漢字")
        failures = [Failure(stage="tables", message="no luck", page=1)] if "partly" in name else []
        if progress is not None:
            progress(0, 1)
            progress(1, 1)
        return Document(
            source=Source(name=name, media_type="text/plain", author=str(os.getpid())),
            pages=[Page(number=1, width=self.options.threads or 99, height=100, unit="px", blocks=[block])],
            failures=failures,
        )


def put_in_place() -> None:
    """In a worker process: parse with this."""
    import sampan.documents.parser

    sampan.documents.parser.Parser = FakeParser
