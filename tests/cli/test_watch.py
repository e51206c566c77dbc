"""`sampan watch` as a process: real files, a hard end, a clean one."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("watchfiles")

EXAMPLES = Path(__file__).parents[2] / "examples"
RUN = "import sys; sys.argv[0] = 'sampan'; from sampan.cli.main import main; main()"


class Process:
    """A running `sampan watch --json`."""

    def __init__(self, folder: Path, output: Path, *more: str) -> None:
        command = ["watch", str(folder), "-o", str(output), "--settle", "0.2", "--json", *more]
        self.process = subprocess.Popen(
            [sys.executable, "-c", RUN, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        # A watcher that says nothing would be waited for without end.
        self.guard = threading.Timer(90, self.process.kill)
        self.guard.start()

    def lines(self) -> Iterator[dict[str, Any]]:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            yield json.loads(line)

    def end(self, how: signal.Signals) -> tuple[int, str]:
        self.process.send_signal(how)
        _, err = self.process.communicate()
        self.guard.cancel()
        return self.process.returncode, err


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_reading_a_kill_and_a_clean_stop(tmp_path: Path) -> None:
    folder, output = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    shutil.copy(EXAMPLES / "report.pdf", folder / "a.pdf")
    (folder / "b.pdf").write_bytes(b"%PDF-1.7")
    watching = Process(folder, output, "--to", "md,json", "--option", "tables=false")
    said = {}
    for line in watching.lines():
        said[Path(line["name"]).name] = line
        if {"a.pdf", "b.pdf"} <= said.keys():
            break
    assert said["a.pdf"]["what"] == "read" and said["a.pdf"]["pages"] == 2
    assert said["b.pdf"]["what"] == "failed" and "b.pdf" in said["b.pdf"]["error"]
    text = (output / "a.md").read_text(encoding="utf-8")
    assert "Small Boats" in text and "<table>" not in text, "options reach the parser"
    assert json.loads((output / "a.json").read_text(encoding="utf-8"))["source"]["name"] == "a.pdf"
    assert watching.end(signal.SIGKILL)[0] == -signal.SIGKILL

    shutil.copy(EXAMPLES / "report.pdf", folder / "c.pdf")
    watching = Process(folder, output, "--to", "md,json", "--option", "tables=false")
    names = []
    for line in watching.lines():
        names.append((line["what"], Path(line["name"]).name))
        if names[-1][1] == "c.pdf":
            break
    assert names == [("ready", "in"), ("read", "c.pdf")]
    code, err = watching.end(signal.SIGTERM)
    assert code == 0
    assert err == "sampan: stopped; 1 files read, 0 failed; what is unfinished is read next time\n"


def test_wrong_use_is_told_in_a_line(sampan, tmp_path) -> None:
    out = tmp_path / "out"
    for arguments, code, said in (
        ((tmp_path / "none", "-o", out), 3, "is no folder: name the folder to watch"),
        ((tmp_path, "-o", out, "--to", "nonsense"), 2, "unknown output format 'nonsense'"),
        ((tmp_path, "-o", out, "--option", "dpi"), 2, "--option 'dpi' is no pair: write NAME=VALUE"),
        ((tmp_path, "-o", out, "--option", "dpy=3"), 2, "unknown option 'dpy': did you mean 'dpi'?"),
        ((tmp_path, "-o", out, "--option", "dpi=lots"), 2, "option dpi = 'lots'"),
        ((tmp_path, "-o", out, "--max-memory", "much"), 2, "--max-memory 'much'"),
    ):
        result = sampan("watch", *arguments)
        assert result.code == code and said in result.err and result.err.count("\n") == 1
