"""Bad files at the command line: one line on standard error, the right exit code, and no traceback."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.documents.test_bad_input import CASES, GOOD

from sampan.errors import SampanError


@pytest.mark.parametrize(
    "name", [name for name in CASES if name not in ("zero byte in name", "strange password")]
)
def test_the_command_line_says_it_in_one_line(name: str, sampan, tmp_path: Path) -> None:
    make, options, kind, _ = CASES[name]
    path = make(tmp_path)
    given = [word for key, value in options.items() for word in (f"--{key.replace('_', '-')}", str(value))]
    result = sampan("parse", str(path), *given)
    if name == "folder":
        assert result.code == 3 and "no documents in" in result.err
    assert result.code == kind.exit_code, result
    assert not result.out
    assert result.err.startswith("sampan: ") and result.err.count("\n") == 1, result.err
    assert "Traceback" not in result.err and "defect" not in result.err


def test_a_folder_with_one_of_each_loses_nothing(sampan, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "good.pdf").write_bytes(GOOD)
    for number, (make, options, _, _) in enumerate(CASES.values()):
        if not options:
            own = folder / f"{number}"
            own.mkdir()
            try:
                make(own)
            except (OSError, ValueError):  # a name that no file can have
                continue
    result = sampan("parse", folder, "-o", tmp_path / "out", "--ocr", "never", "--to", "txt")
    assert result.code == 1
    assert "All is well" in (tmp_path / "out" / "good.txt").read_text()
    assert "Traceback" not in result.err and "defect of sampan" not in result.err
    assert issubclass(CASES["empty"][2], SampanError)
