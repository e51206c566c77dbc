"""Every format can be asked for, and what is no text goes to files and pipes but not to a terminal."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from sampan.documents.writers import FORMATS

REPORT = Path(__file__).parents[2] / "examples" / "report.pdf"
COMMAND = [sys.executable, "-c", "from sampan.cli.main import main; main()", "parse"]


def test_the_help_names_every_format() -> None:
    done = subprocess.run(
        [*COMMAND, "--help"], capture_output=True, text=True, check=True,
        env={"COLUMNS": "250", "TERM": "dumb", "PATH": ""},
    )  # fmt: skip
    named = re.search(r"With commas: ([\w, ]+)\.", done.stdout)
    assert named is not None and set(named[1].split(", ")) == set(FORMATS)


def test_bytes_go_to_a_pipe_unchanged() -> None:
    done = subprocess.run([*COMMAND, str(REPORT), "--to", "docx"], capture_output=True, check=True)
    with zipfile.ZipFile(io.BytesIO(done.stdout)) as package:
        assert package.testzip() is None
    # A ZIP file ends with its directory, whose last field is the length of a comment: none.
    assert done.stdout[-22:-18] == b"PK\x05\x06" and done.stdout[-2:] == b"\0\0"


def test_lines_get_no_empty_line_at_the_end() -> None:
    done = subprocess.run([*COMMAND, str(REPORT), "--to", "chunks"], capture_output=True, check=True)
    assert done.stdout.endswith(b"}\n") and b"\n\n" not in done.stdout


@pytest.mark.skipif(os.name != "posix", reason="needs pseudo-terminals")
def test_bytes_are_kept_off_a_terminal() -> None:
    import pty

    reader, terminal = pty.openpty()
    try:
        done = subprocess.run(
            [*COMMAND, str(REPORT), "--to", "xlsx"], stdout=terminal, stderr=subprocess.PIPE, text=True
        )
    finally:
        os.close(terminal)
        os.close(reader)
    assert done.returncode == 2 and "xlsx is no text for a terminal: add -o DIR" in done.stderr
