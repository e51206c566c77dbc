"""Running the command line in this process, with a parser that reads nothing but names."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.cli.stand_in import FakeParser

from sampan.cli.main import main


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


@pytest.fixture
def fake_parser(monkeypatch: pytest.MonkeyPatch) -> type[FakeParser]:
    """Puts the stand-in into this process and into the worker processes that it starts."""
    from sampan.documents.bulk import isolation

    monkeypatch.setattr("sampan.documents.parser.Parser", FakeParser)
    start = "from tests.cli.stand_in import put_in_place;put_in_place();main(settings)"
    monkeypatch.setattr(isolation, "_MAIN", isolation._MAIN.replace("main(settings)", start))
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
