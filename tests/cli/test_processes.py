"""`sampan parse --workers`: processes that die, hang or are interrupted.

The processes are real; what they parse with is a stand-in, put in its place by a `sitecustomize` module.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")

SITECUSTOMIZE = """
import importlib.util, pathlib, sys

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "sampan.documents.parser":
            here = pathlib.Path(__file__).with_name("stand_in.py")
            return importlib.util.spec_from_file_location(name, here)

sys.meta_path.insert(0, Finder())
"""

STAND_IN = """
import os, signal, time
from sampan.documents.model import Document, Page, Source
from sampan.documents.options import ParseOptions
from sampan.errors import InputError

make_options = ParseOptions

class Parser:
    def __init__(self, options):
        self.options = options

    def parse(self, source, progress):
        if "crash" in source.name:
            os.kill(os.getpid(), signal.SIGKILL)
        if "broken" in source.name:
            raise InputError("it is broken")
        if "hang" in source.name:
            time.sleep(600)
        page = Page(number=1, width=self.options.threads or 99, height=1, unit="px")
        source = Source(name=source.name, media_type="text/plain", author=str(os.getpid()))
        return Document(source=source, pages=[page])
"""


@pytest.fixture
def start(tmp_path: Path) -> Callable[..., subprocess.Popen[str]]:
    """Starts `sampan parse` on a folder with files of the given names."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(SITECUSTOMIZE)
    (tmp_path / "site" / "stand_in.py").write_text(STAND_IN)
    (tmp_path / "in").mkdir()

    def run(*names: str, workers: int = 2) -> subprocess.Popen[str]:
        for name in names:
            (tmp_path / "in" / name).write_bytes(b"")
        return subprocess.Popen(
            [
                sys.executable, "-c", "from sampan.cli.main import main; main()", "parse",
                str(tmp_path / "in"), "-o", str(tmp_path / "out"), "--to", "json", "--json",
                "--workers", str(workers),
            ],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
            env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        )  # fmt: skip

    return run


def test_a_process_that_dies_takes_only_its_own_file_with_it(start, tmp_path) -> None:
    process = start("1.pdf", "2-crash.pdf", "3.pdf", "4-broken.pdf", "5-crash.pdf", "6.pdf")
    out, err = process.communicate(timeout=120)
    assert process.returncode == 1, err
    files = {Path(file["name"]).stem: file for file in json.loads(out)["files"]}
    assert set(files) == {"1", "2-crash", "3", "4-broken", "5-crash", "6"}
    for name in ("2-crash", "5-crash"):
        assert "the process that read it was killed (SIGKILL)" in files[name]["error"]
        assert files[name]["attempts"] == 2 and files[name]["exit_code"] == 1
    assert files["4-broken"]["error"] == "it is broken" and files["4-broken"]["exit_code"] == 3
    assert {path.stem for path in (tmp_path / "out").glob("*.json")} == {"1", "3", "6"}
    assert "Traceback" not in err


def test_work_is_shared_by_processes_with_a_share_of_the_cores(start, tmp_path) -> None:
    process = start(*(f"{number}.pdf" for number in range(8)))
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    documents = [json.loads(path.read_text()) for path in (tmp_path / "out").glob("*.json")]
    assert len(documents) == 8
    assert str(process.pid) not in {document["source"]["author"] for document in documents}
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    assert {document["pages"][0]["width"] for document in documents} == {max(1, cores // 2)}


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 60
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.05)


def assert_group_is_empty(group: int) -> None:
    """Nothing of what was started is still there after five seconds."""
    for _ in range(100):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    os.killpg(group, signal.SIGKILL)
    pytest.fail("a process was left behind")


@pytest.mark.parametrize("workers", [1, 2])
def test_an_interrupt_ends_everything_and_keeps_what_was_done(start, tmp_path, workers) -> None:
    process = start("1.pdf", "2-hang.pdf", "3-hang.pdf", "4.pdf", workers=workers)
    wait_for(tmp_path / "out" / "1.json")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    summary = json.loads(out)
    assert summary["interrupted"]
    assert {Path(file["name"]).name for file in summary["files"]} <= {"1.pdf"}
    assert "Traceback" not in err
    assert_group_is_empty(process.pid)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_workers_do_not_outlive_a_parent_that_was_killed(start, tmp_path, number) -> None:
    process = start("1.pdf", "2-hang.pdf", "3-hang.pdf")
    wait_for(tmp_path / "out" / "1.json")
    process.send_signal(number)
    assert process.wait(timeout=60) == -number
    assert_group_is_empty(process.pid)
