"""Runs over many files: what is done, what is not done twice, and what is left when a run ends badly.

Most of it with readers that are threads of this process and read nothing but names; the last tests use real ones.
"""

import errno
import json
import os
import re
import shutil
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest

from sampan.documents.bulk import isolation
from sampan.documents.bulk.crew import LocalCrew
from sampan.documents.bulk.engine import Engine, Settings
from sampan.documents.bulk.isolation import (
    CancelledError,
    Limits,
    TimeLimitError,
    WorkerDiedError,
    WorkerLostError,
)
from sampan.documents.bulk.jobs import find_jobs
from sampan.documents.bulk.outcome import Outcome
from sampan.documents.bulk.output import open_output
from sampan.documents.options import ParseOptions
from sampan.errors import InputError, OutputError

EXAMPLES = Path(__file__).parents[3] / "examples"


class FakeCrew:
    """Writes each document's bytes into its output. Names with a meaning behave in their own way."""

    wants_files = True

    def __init__(self, long: int = 0) -> None:
        self.long = long
        """Pages of documents whose name begins with `long`."""
        self.done: list[str] = []
        self.died: Counter[str] = Counter()
        self.lock = threading.Lock()
        self.at_once = self.most_at_once = 0
        self.gate: threading.Event | None = None

    def hire(self):
        return self

    def close(self) -> None:
        pass

    def read(self, task, progress, cancelled):
        name = task.job.file_name
        with self.lock:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            return self._read(name, task, progress, cancelled)
        finally:
            with self.lock:
                self.at_once -= 1

    def _read(self, name, task, progress, cancelled):
        if "wait" in name and self.gate is not None:
            while not self.gate.wait(0.01):
                if cancelled.is_set():
                    raise CancelledError("cancelled")
        if "die" in name:
            self.died[name] += 1
            if "twice" in name or self.died[name] == 1:
                raise WorkerDiedError("it died")
        if "lost" in name:
            self.died[name] += 1
            if self.died[name] <= 4:
                raise WorkerLostError("its machine is gone")
        if "torn" in name:
            raise InputError("it is torn and worn")
        if "slow" in name:
            raise TimeLimitError("too slow")
        if "full" in name:
            raise OutputError("no room") from OSError(errno.ENOSPC, "No space left on device")
        if "defect" in name:
            raise ZeroDivisionError("division by zero")
        if name.startswith("long") and task.kind == "file":
            return {"long": list(range(1, self.long + 1)), "sha256": "hash"}
        self.done.append(f"{name} {task.label}")
        if task.kind == "part":
            pages = task.pages.split(",")
            for number in range(len(pages)):
                progress(number + 1, len(pages))
            task.parts[0].write_text(task.pages + "\n")
            return {"pages": len(pages), "sha256": "hash"}
        task.directory.mkdir(parents=True, exist_ok=True)
        text = "".join(path.read_text() for path in task.parts) if task.parts else task.source.read_text()
        (task.directory / f"{task.job.stem}.txt").write_text(text)
        progress(1, 1)
        return {
            "pages": 1, "blocks": 1, "tables": 0, "failures": [], "sha256": "hash", "seconds": {},
            "files": {"txt": f"{task.job.stem}.txt"},
        }  # fmt: skip


@pytest.fixture
def run(tmp_path: Path):
    """Runs an engine over files of the given names; gives outcomes by stem, in the order in which they came."""

    def start(*names: str, crew=None, into="out", inputs=None, **settings) -> dict[str, Outcome]:
        (tmp_path / "in").mkdir(exist_ok=True)
        for name in names:
            path = tmp_path / "in" / name
            path.parent.mkdir(exist_ok=True, parents=True)
            path.write_text(f"Text of {name}")
        output = open_output(into if "://" in into else tmp_path / into)
        settings = {"limits": Limits(), "workers": 2, **settings}
        engine = Engine(
            find_jobs(inputs or [str(tmp_path / "in")]), output, Settings(ParseOptions(), ["txt"], **settings),
            crew or FakeCrew(),
        )  # fmt: skip
        events = list(engine.run())
        assert sum(event.pages for event in events) >= 0
        return {event.job.stem: event.outcome for event in events if event.what == "done"}

    return start


def results(tmp_path: Path) -> dict[str, str]:
    return {
        str(path.relative_to(tmp_path / "out")): path.read_text()
        for path in (tmp_path / "out").rglob("*")
        if path.is_file() and ".sampan" not in path.parts
    }


def test_every_file_is_read_and_mirrored(run, tmp_path) -> None:
    outcomes = run("a.pdf", "x/a.pdf", "x/y/b.png")
    assert all(outcome.error is None and outcome.pages == 1 for outcome in outcomes.values())
    expected = {"a.txt": "Text of a.pdf", "x/a.txt": "Text of x/a.pdf", "x/y/b.txt": "Text of x/y/b.png"}
    assert results(tmp_path) == expected


def test_one_bad_file_is_one_failure(run, tmp_path) -> None:
    outcomes = run("1.pdf", "torn.pdf", "defect.pdf", "slow.pdf", "die-twice.pdf", "die.pdf", "lost.pdf")
    errors = {name: outcome.error for name, outcome in outcomes.items() if outcome.error}
    assert set(errors) == {"torn", "defect", "slow", "die-twice"}
    assert errors["torn"] == "it is torn and worn" and outcomes["torn"].exit_code == 3
    assert "unexpected ZeroDivisionError" in errors["defect"]
    assert outcomes["die"].attempts == outcomes["die-twice"].attempts == 2 and outcomes["slow"].attempts == 1
    assert set(results(tmp_path)) == {"1.txt", "lost.txt", "die.txt"}


def test_resuming_repeats_nothing_that_is_finished(run, tmp_path) -> None:
    run("a.pdf", "torn.pdf", "slow.pdf", "die-twice.pdf")
    crew = FakeCrew()
    outcomes = run("new.pdf", crew=crew, resume=True)
    assert crew.done == ["new.pdf file"] and crew.died == {"die-twice.pdf": 2}
    assert {name for name, outcome in outcomes.items() if outcome.earlier} == {"a", "torn"}
    assert len(outcomes) == 5
    again = FakeCrew()
    outcomes = run(crew=again, resume=True, retry_failed=True)
    assert again.done == [] and {name for name, outcome in outcomes.items() if outcome.earlier} == {
        "a",
        "new",
    }
    afresh = FakeCrew()
    run(crew=afresh)
    assert sorted(afresh.done) == ["a.pdf file", "new.pdf file"]


@pytest.mark.parametrize("after", range(12))
def test_a_run_that_is_left_at_any_event_goes_on(run, tmp_path, after) -> None:
    names = ["a.pdf", "b.pdf", "long.pdf", "x/c.pdf"]
    for name in names:
        path = tmp_path / "in" / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(f"Text of {name}")
    first = FakeCrew(long=20)
    engine = Engine(
        find_jobs([str(tmp_path / "in")]), open_output(tmp_path / "out"),
        Settings(ParseOptions(), ["txt"], Limits(), part_pages=8), first,
    )  # fmt: skip
    events = engine.run()
    seen = [next(events) for _ in range(after)]
    finished = {str(event.job.place / f"{event.job.stem}.txt") for event in seen if event.what == "done"}
    assert all((tmp_path / "out" / name).is_file() for name in finished)
    events.close()
    second = FakeCrew(long=20)
    outcomes = run(crew=second, resume=True)
    assert {f"{job}.txt" for job in ("a", "b", "long", "x/c")} == set(results(tmp_path))
    assert results(tmp_path)["long.txt"] == "1,2,3,4,5,6,7,8\n9,10,11,12,13,14,15,16\n17,18,19,20\n"
    read_again = {done.split()[0].replace(".pdf", ".txt").replace("c.", "x/c.") for done in second.done}
    assert not (finished & read_again)
    assert len(outcomes) == 4


def test_what_was_put_in_place_but_not_entered_is_read_again(run, tmp_path, monkeypatch) -> None:
    """The narrow moment between the last rename and the journal's commit."""
    from sampan.documents.bulk.journal import Journal

    finish = Journal.finish

    def killed(*arguments) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Journal, "finish", killed)
    with pytest.raises(KeyboardInterrupt):
        run("a.pdf")
    assert results(tmp_path) == {"a.txt": "Text of a.pdf"}
    monkeypatch.setattr(Journal, "finish", finish)
    crew = FakeCrew()
    run(crew=crew, resume=True)
    assert crew.done == ["a.pdf file"] and results(tmp_path) == {"a.txt": "Text of a.pdf"}


def test_a_long_document_is_shared_by_all_workers_and_its_parts_are_kept(run, tmp_path) -> None:
    crew = FakeCrew(long=20)
    outcomes = run("long.pdf", crew=crew, part_pages=8)
    assert sorted(crew.done) == sorted(
        ["long.pdf pages 1,2,3,4,5,6,7,8", "long.pdf pages 9,10,11,12,13,14,15,16",
         "long.pdf pages 17,18,19,20", "long.pdf join"]
    )  # fmt: skip
    assert results(tmp_path)["long.txt"].splitlines()[-1] == "17,18,19,20"
    assert outcomes["long"].error is None
    assert not list((tmp_path / "out").rglob("*.json")) and not list((tmp_path / "out").rglob("under-way"))
    huge = FakeCrew(long=1000)
    run("long-2.pdf", crew=huge, part_pages=1)
    assert sum("long-2" in done for done in huge.done) == 63 + 1  # 1000 pages, 16 a part, and the joining


def test_a_part_that_fails_fails_its_document_once(run, tmp_path, monkeypatch) -> None:
    crew = FakeCrew(long=40)
    read = crew._read

    def fail_in_the_middle(name, task, progress, cancelled):
        if task.kind == "part" and task.number == 2:
            raise TimeLimitError("page 17 hangs")
        return read(name, task, progress, cancelled)

    crew._read = fail_in_the_middle
    outcomes = run("long.pdf", "a.pdf", "b.pdf", crew=crew)
    assert outcomes["long"].error == "page 17 hangs" and len(outcomes) == 3
    assert set(results(tmp_path)) == {"a.txt", "b.txt"}
    assert not list((tmp_path / "out").rglob("under-way"))


def test_a_full_disk_ends_the_run_and_loses_nothing(run, tmp_path) -> None:
    with pytest.raises(OutputError, match="no room"):
        run("1.pdf", "2.pdf", "3-full.pdf", *(f"{number}.pdf" for number in range(4, 30)), workers=1)
    done = set(results(tmp_path))
    assert {"1.txt", "2.txt"} <= done and len(done) < 29
    (tmp_path / "in" / "3-full.pdf").rename(tmp_path / "in" / "3.pdf")
    crew = FakeCrew()
    run(crew=crew, resume=True)
    assert len(results(tmp_path)) == 29 and len(crew.done) == 29 - len(done)
    assert not list((tmp_path / "out").glob(".sampan-*"))


def test_a_changed_document_replaces_all_its_results(run, tmp_path) -> None:
    run("a.pdf", "b.pdf")
    (tmp_path / "in" / "a.pdf").write_text("Another text of a")
    (tmp_path / "in" / "a.png").write_text("A picture beside it")  # so that a.txt is called a.pdf.txt
    run(resume=True)
    assert results(tmp_path) == {
        "a.pdf.txt": "Another text of a", "a.png.txt": "A picture beside it", "b.txt": "Text of b.pdf",
    }  # fmt: skip


def test_workers_are_busy_side_by_side_and_queues_are_short(run) -> None:
    crew = FakeCrew()
    crew.gate = threading.Event()
    threading.Timer(0.3, crew.gate.set).start()
    run("wait-1.pdf", "wait-2.pdf", "wait-3.pdf", "wait-4.pdf", crew=crew, workers=3)
    assert crew.most_at_once == 3


def test_ending_a_run_does_not_wait_for_its_workers(run, tmp_path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "wait.pdf").write_text("")
    crew = FakeCrew()
    crew.gate = threading.Event()
    settings = Settings(ParseOptions(), ["txt"], Limits())
    engine = Engine(find_jobs([str(tmp_path / "in")]), open_output(tmp_path / "out"), settings, crew)
    events = engine.run()
    assert next(events).what == "begun"
    events.close()
    assert engine.cancelled.is_set() and results(tmp_path) == {}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="POSIX pipes")
def test_pipes_loops_and_missing_files_are_failures(run, tmp_path) -> None:
    (tmp_path / "in").mkdir()
    os.mkfifo(tmp_path / "in" / "pipe.pdf")
    (tmp_path / "in" / "loop.pdf").symlink_to("loop.pdf")
    settings = Settings(ParseOptions(), ["txt"], Limits(page_seconds=30))
    crew = LocalCrew(ParseOptions(), ["txt"], Limits(page_seconds=30))
    engine = Engine(find_jobs([str(tmp_path / "in")]), open_output(tmp_path / "out"), settings, crew)
    errors = {event.job.stem: event.outcome.error for event in engine.run() if event.outcome}
    assert "is no regular file" in errors["pipe"]
    assert "symbolic links" in errors["loop"]


def test_documents_and_results_in_a_store(run, tmp_path, monkeypatch) -> None:
    fsspec = pytest.importorskip("fsspec")
    monkeypatch.setenv("SAMPAN_HOME", str(tmp_path / "home"))
    system = fsspec.filesystem("memory")
    system.store.clear()
    for name in ("a.pdf", "x/b.pdf", "x/torn.pdf", "x/new\nline.pdf"):
        system.pipe_file(f"/lake/in/{name}", f"Text of {name}".encode())
    crew = FakeCrew()
    outcomes = run(inputs=["memory://lake/in"], into="memory://lake/out", crew=crew)
    assert {outcome.name for outcome in outcomes.values() if outcome.error} == {"memory://lake/in/x/torn.pdf"}
    assert outcomes["b"].files == {"txt": "memory://lake/out/x/b.txt"}
    assert system.cat_file("/lake/out/x/b.txt") == b"Text of x/b.pdf"
    assert system.cat_file("/lake/out/x/new_line.txt") == b"Text of x/new\nline.pdf"
    assert not list((tmp_path / "home").rglob("*.pdf"))  # what was fetched is gone
    system.pipe_file("/lake/in/a.pdf", b"Changed")
    again = FakeCrew()
    run(inputs=["memory://lake/in"], into="memory://lake/out", crew=again, resume=True)
    assert again.done == ["a.pdf file"]
    assert system.cat_file("/lake/out/a.txt") == b"Changed"
    system.store.clear()


@pytest.mark.parametrize("lost", [1, 3, 4])
def test_pages_that_bring_down_their_worker_are_left_out(run, lost) -> None:
    crew = FakeCrew()
    seen = []

    def read(task, progress, cancelled):
        seen.append(dict(task.lost))
        left = [page for page in range(1, lost + 1) if page not in task.lost]
        if left:
            error = TimeLimitError("it hangs")
            error.page = left[0]
            raise error
        return crew._read("a.pdf", task, progress, cancelled)

    crew.read = read
    outcome = run("a.pdf", crew=crew)["a"]
    if lost > 3:
        assert outcome.error == "page 4: it hangs" and outcome.page == 4
    else:
        assert outcome.error is None and outcome.attempts == lost + 1
        assert seen[-1] == {
            page: f"page {page} was given up: it took longer than the limit for a page" for page in range(1, lost + 1)
        }  # fmt: skip


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_good_pages_are_kept_around_one_that_crashes(tmp_path, monkeypatch) -> None:
    start = "from tests.documents.bulk.stand_ins import break_page_two;break_page_two();main(settings)"
    monkeypatch.setattr(isolation, "_MAIN", isolation._MAIN.replace("main(settings)", start))
    source = tmp_path / "report.pdf"
    shutil.copy(EXAMPLES / "report.pdf", source)
    whole = read_really(source, tmp_path / "whole", 8, 1)
    assert whole == read_really(source, tmp_path / "parts", 1, 1)
    document = json.loads(whole["report.json"])
    assert [page["number"] for page in document["pages"]] == [1]
    assert document["failures"] == [
        {"stage": "reading", "message": "page 2 was given up: the process that read it died", "page": 2}
    ]


def read_really(source: Path, output: Path, part_pages: int, workers: int) -> dict[str, bytes]:
    options, formats = ParseOptions(), ["md", "json", "html", "overlay"]
    settings = Settings(options, formats, Limits(), workers, part_pages=part_pages)
    crew = LocalCrew(options, formats, Limits(), 1, part_pages)
    events = list(Engine(find_jobs([str(source)]), open_output(output), settings, crew).run())
    assert [event.outcome.error for event in events if event.outcome] == [None]
    return {
        str(path.relative_to(output)): path.read_bytes()
        for path in output.rglob("*")
        if path.is_file() and ".sampan" not in path.parts
    }


def test_parts_give_the_same_bytes_as_the_whole(tmp_path) -> None:
    source = tmp_path / "report.pdf"
    shutil.copy(EXAMPLES / "report.pdf", source)
    whole = read_really(source, tmp_path / "whole", 8, 1)
    parts = read_really(source, tmp_path / "parts", 1, 2)
    assert whole == parts and any(name.endswith(".png") for name in whole)
    assert b'"seconds": {}' in whole["report.json"]
    assert not re.search(rb'"seconds": \{"', whole["report.json"])


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="process groups")
def test_a_killed_run_goes_on_to_the_same_bytes(tmp_path) -> None:
    import random

    from benchmarks.bulk_corpus import make
    from benchmarks.bulk_kill import Runs, kill_groups

    make(tmp_path / "corpus", 24)
    result = kill_groups(Runs(tmp_path, tmp_path / "corpus", 2), 3, random.Random(7))
    assert result["passed"], result["wrong"]
    assert len(result["kills"]) == 3 and result["files"] == 24


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="process groups")
def test_ray_gives_the_same_bytes_and_survives_the_death_of_a_worker(tmp_path) -> None:
    pytest.importorskip("ray")
    import random

    from benchmarks.bulk_corpus import make
    from benchmarks.bulk_kill import Runs, contents, kill_ray_workers

    make(tmp_path / "corpus", 16)
    runs = Runs(tmp_path, tmp_path / "corpus", 2)
    result = kill_ray_workers(runs, 1, random.Random(7))
    assert result["passed"], result["wrong"]
    runs.finish(runs.start(tmp_path / "local", tmp_path / "local.log"))
    assert contents(tmp_path / "local") == contents(tmp_path / "reference")
