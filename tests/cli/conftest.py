"""A parser that reads nothing but names, so that these tests are about the door and not about the house."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from sampan.cli.main import main
from sampan.documents.model import Document, Failure, Page, Source, TextBlock
from sampan.documents.options import ParseOptions
from sampan.errors import InputError, WeightsError


@dataclass
class Result:
    """What a run of the command line gave."""

    code: int
    out: str
    err: str


@pytest.fixture
def sampan(
    monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> Callable[..., Result]:
    """Runs `sampan` with the given arguments, in this process."""

    def run(*arguments: object) -> Result:
        monkeypatch.setattr(sys, "argv", ["sampan", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        sys.stdout.flush()
        out, err = capfdbinary.readouterr()
        code = ended.value.code
        return Result(code if isinstance(code, int) else 0, out.decode(), err.decode())

    return run


class FakeParser:
    """Its documents say what they were made from; names with a meaning fail in their own way."""

    seen: list[ParseOptions]

    def __init__(self, options: ParseOptions | None = None) -> None:
        self.options = options or ParseOptions()
        FakeParser.seen.append(self.options)

    def parse(self, source: Path | bytes) -> Document:
        name = source.name if isinstance(source, Path) else f"{len(source)} bytes"
        if "broken" in name:
            raise InputError(f"{name} is truncated: fetch it again")
        if "weights" in name:
            raise WeightsError("weights are missing: run `sampan weights install`")
        if "defect" in name:
            raise ZeroDivisionError("division by zero")
        if "interrupt" in name:
            raise KeyboardInterrupt
        block = TextBlock(id="p1-b1", box=(0, 0, 10, 10), order=0, text=f"Text of {name} — ünïcödé 漢字")
        failures = [Failure(stage="tables", message="no luck", page=1)] if "partly" in name else []
        return Document(
            source=Source(name=name, media_type="text/plain"),
            pages=[Page(number=1, width=100, height=100, unit="px", blocks=[block])],
            failures=failures,
        )


@pytest.fixture
def fake_parser(monkeypatch: pytest.MonkeyPatch) -> type[FakeParser]:
    monkeypatch.setattr("sampan.documents.parser.Parser", FakeParser)
    FakeParser.seen = []
    return FakeParser


@pytest.fixture
def make_files(tmp_path: Path) -> Callable[..., Path]:
    """A folder with empty files of the given names."""

    def make(*names: str) -> Path:
        folder = tmp_path / "in"
        for name in names:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"")
        return folder

    return make
