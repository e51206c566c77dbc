"""The watcher reads what comes, once, when it is complete, and keeps on whatever happens."""

from __future__ import annotations

import hashlib
import os
import queue
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("watchfiles")

from sampan.documents.bulk.engine import Settings
from sampan.documents.bulk.isolation import Limits
from sampan.documents.options import ParseOptions
from sampan.documents.watch import News, Watcher, WatchSettings
from sampan.errors import InputError, OptionError, OutputError, SampanError

PATIENCE = 30.0
"""Seconds that a test waits for what must happen; none of them need even two."""


class FakeCrew:
    """Workers that write a file's content as its text; names with a meaning fail in their own way."""

    wants_files = True

    def __init__(self) -> None:
        self.read_files: list[str] = []
        self.hired = 0
        self.on_read: Callable[[Path], None] = lambda path: None

    def hire(self):
        self.hired += 1
        return self

    def read(self, task, progress, cancelled):
        self.read_files.append(task.source.name)
        self.on_read(task.source)
        data = task.source.read_bytes()
        if b"broken" in data:
            raise InputError(f"{task.source.name} is damaged: fetch it again")
        if b"defect" in data:
            raise SampanError("unexpected")
        task.directory.mkdir(parents=True, exist_ok=True)
        (task.directory / f"{task.job.stem}.md").write_bytes(data)
        return {
            "pages": 1, "blocks": 1, "tables": 0, "failures": [], "seconds": {},
            "sha256": hashlib.sha256(data).hexdigest(), "files": {"md": f"{task.job.stem}.md"},
        }  # fmt: skip

    def close(self) -> None:
        pass


class Watching:
    """A watcher at work in a thread, and what it has said."""

    def __init__(self, watcher: Watcher, crew: FakeCrew, folder: Path, output: Path) -> None:
        self.watcher, self.crew, self.folder, self.output = watcher, crew, folder, output
        self.news: queue.Queue[News | BaseException] = queue.Queue()
        self.said: list[News] = []
        """News that no one asked for yet."""
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        self.expect("ready")

    def _run(self) -> None:
        try:
            for news in self.watcher.run():
                self.news.put(news)
        except BaseException as error:
            self.news.put(error)

    def expect(self, what: str, name: str = "") -> News:
        """Waits for news of this kind, or takes earlier news of it that no one asked for yet."""
        deadline = time.monotonic() + PATIENCE
        while True:
            for news in self.said:
                if news.what == what and news.name.endswith(name):
                    self.said.remove(news)
                    return news
            news = self.news.get(timeout=max(0.0, deadline - time.monotonic()))
            if isinstance(news, BaseException):
                raise news
            self.said.append(news)

    def put(self, name: str, content: bytes = b"text") -> Path:
        """A file that appears whole."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        hidden = path.parent / f".{path.name}.part"
        hidden.write_bytes(content)
        hidden.rename(path)
        return path

    def stop(self) -> None:
        self.watcher.stopped.set()
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive()

    def text(self, name: str) -> bytes:
        return (self.output / name).read_bytes()


def counted_looks(watching: Watching) -> threading.Semaphore:
    """Released whenever the watcher has looked at the folder."""
    looks, look = threading.Semaphore(0), watching.watcher._look

    def counted():
        again = yield from look()
        looks.release()
        return again

    watching.watcher._look = counted
    return looks


def wait_for(looks: threading.Semaphore, count: int) -> None:
    """Waits for so many more looks."""
    while looks.acquire(blocking=False):
        pass
    for _ in range(count):
        assert looks.acquire(timeout=PATIENCE)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Watching]]:
    running: list[Watching] = []
    folder, output = tmp_path / "in", tmp_path / "out"
    folder.mkdir()

    def start(crew: FakeCrew | None = None, settle: float = 0.1, **more: object) -> Watching:
        crew = crew or FakeCrew()
        bulk = Settings(ParseOptions(), ["md"], Limits())
        watcher = Watcher(folder, output, bulk, crew, WatchSettings(settle=settle, **more))
        running.append(Watching(watcher, crew, folder, output))
        return running[-1]

    start.folder = folder
    yield start
    for watching in running:
        watching.stop()


def test_what_is_there_and_what_comes_is_read_once(start) -> None:
    watching = start()
    watching.put("a.pdf", b"one")
    watching.expect("read", "a.pdf")
    watching.put("deep/er/b.png", b"two")
    watching.put("notes.txt")
    watching.put(".hidden.pdf")
    assert watching.expect("read", "b.png").outcome.pages == 1
    assert (watching.text("a.md"), watching.text("deep/er/b.md")) == (b"one", b"two")
    watching.put("last.pdf")
    watching.expect("read", "last.pdf")
    assert sorted(watching.crew.read_files) == ["a.pdf", "b.png", "last.pdf"]
    assert watching.crew.hired == 1, "the worker stays from one file to the next"


class Clock:
    """Stands still until it is moved on. Files seem to come from the future, so that their own times do not count."""

    def __init__(self) -> None:
        self.now = time.monotonic()

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return 0.0


def test_a_file_that_is_being_written_is_waited_for(start, monkeypatch) -> None:
    clock = Clock()
    monkeypatch.setattr("sampan.documents.watch.time", clock)
    watching = start(settle=0.4)
    looks = counted_looks(watching)
    path = watching.folder / "slow.pdf"
    for part in range(4):
        with path.open("ab") as file:
            file.write(b"%d " % part)
        wait_for(looks, 2)
        clock.now += 0.38
        wait_for(looks, 2)
    assert watching.crew.read_files == []
    clock.now += 0.04
    watching.expect("read", "slow.pdf")
    assert watching.crew.read_files == ["slow.pdf"] and watching.text("slow.md") == b"0 1 2 3 "


def test_a_file_that_has_stood_still_for_long_is_not_waited_for(start) -> None:
    folder = start.folder
    old = folder / "old.pdf"
    old.write_bytes(b"old")
    os.utime(old, (time.time() - 5000, time.time() - 5000))
    watching = start(settle=1000.0)
    watching.expect("read", "old.pdf")


def test_a_rewritten_file_is_read_again_even_while_it_is_read(start) -> None:
    watching = start()
    watching.put("a.pdf", b"one")
    watching.expect("read", "a.pdf")
    watching.put("a.pdf", b"three")
    watching.expect("read", "a.pdf")
    assert watching.text("a.md") == b"three"
    changed = threading.Event()

    def change(path: Path) -> None:
        if not changed.is_set():
            changed.set()
            watching.put("b.pdf", b"late, but not lost")

    watching.crew.on_read = change
    watching.put("b.pdf", b"early")
    watching.expect("read", "b.pdf")
    if watching.text("b.md") != b"late, but not lost":
        watching.expect("read", "b.pdf")
    assert watching.text("b.md") == b"late, but not lost"


def test_bad_files_are_told_and_the_rest_goes_on(start) -> None:
    watching = start()
    watching.put("bad.pdf", b"broken")
    news = watching.expect("failed", "bad.pdf")
    assert news.outcome.error == "bad.pdf is damaged: fetch it again"
    watching.put("worse.pdf", b"defect")
    watching.expect("failed", "worse.pdf")
    watching.put("good.pdf")
    watching.expect("read", "good.pdf")
    assert watching.crew.read_files == ["bad.pdf", "worse.pdf", "good.pdf"], (
        "no failure is tried again unchanged"
    )
    watching.put("bad.pdf", b"mended")
    watching.expect("read", "bad.pdf")
    assert watching.text("bad.md") == b"mended"


def test_after_a_restart_only_what_is_new_is_read(start) -> None:
    first = start()
    first.put("a.pdf", b"one")
    first.put("b.pdf", b"broken")
    first.expect("read", "a.pdf")
    first.expect("failed", "b.pdf")
    first.stop()
    first.put("c.pdf", b"while away")
    (first.folder / "d.pdf").write_bytes(b"also")
    second = start()
    names = {Path(second.expect("read").name).name for _ in range(2)}
    assert names == {"c.pdf", "d.pdf"} and sorted(second.crew.read_files) == ["c.pdf", "d.pdf"]


def test_a_moved_file_has_its_output_where_it_is_now(start) -> None:
    watching = start()
    path = watching.put("a.pdf", b"one")
    watching.expect("read", "a.pdf")
    (watching.folder / "done").mkdir()
    path.rename(watching.folder / "done" / "a.pdf")
    watching.expect("read", "a.pdf")
    assert watching.text("done/a.md") == b"one"
    assert watching.text("a.md") == b"one", "without --mirror nothing is removed"


def test_mirror_removes_the_outputs_of_what_is_gone(start) -> None:
    watching = start(mirror=True)
    for name in ("a.pdf", "b.pdf", "sub/c.pdf"):
        watching.put(name)
        watching.expect("read", name)
    (watching.folder / "a.pdf").unlink()
    watching.expect("removed", "a.pdf")
    assert not (watching.output / "a.md").exists() and (watching.output / "b.md").exists()
    watching.stop()
    (watching.folder / "sub" / "c.pdf").unlink()
    again = start(mirror=True)
    again.expect("removed", "c.pdf")
    assert not (again.output / "sub" / "c.md").exists() and again.crew.read_files == []
    again.put("a.pdf", b"back")
    again.expect("read", "a.pdf")
    assert again.text("a.md") == b"back"


def test_an_empty_folder_may_be_a_share_that_is_not_mounted(start) -> None:
    watching = start(mirror=True, settle=0.05)
    path = watching.put("a.pdf")
    watching.expect("read", "a.pdf")
    path.unlink()
    looks = counted_looks(watching)
    watching.put("not-a-document.txt")
    wait_for(looks, 1)
    watching.stop()
    assert watching.text("a.md") == b"text"


def test_files_that_come_to_share_a_name_keep_outputs_apart(start) -> None:
    watching = start()
    watching.put("scan.pdf", b"pdf")
    watching.expect("read", "scan.pdf")
    assert watching.text("scan.md") == b"pdf"
    watching.put("scan.png", b"png")
    for _ in range(2):
        watching.expect("read")
    assert (watching.text("scan.pdf.md"), watching.text("scan.png.md")) == (b"pdf", b"png")
    assert not (watching.output / "scan.md").exists()


def test_a_full_disk_is_waited_out(start, monkeypatch) -> None:
    from sampan.documents.bulk.output import FolderOutput

    publish, full = FolderOutput.publish, threading.Event()

    def refuse(self, job):
        if not full.is_set():
            full.set()
            raise OutputError("cannot write: No space left on device") from OSError(
                28, "No space left on device"
            )
        return publish(self, job)

    monkeypatch.setattr(FolderOutput, "publish", refuse)
    watching = start(retry=0.05)
    watching.put("a.pdf", b"one")
    assert "trying again in 0.05 s" in watching.expect("trouble").message
    watching.expect("read", "a.pdf")
    assert watching.text("a.md") == b"one"


def test_looking_instead_of_listening(start) -> None:
    watching = start(poll=True)
    watching.put("a.pdf", b"one")
    watching.expect("read", "a.pdf")


def test_what_cannot_be_watched_is_refused(tmp_path) -> None:
    def watcher(folder: Path, output: Path, formats: list[str]) -> Watcher:
        return Watcher(
            folder, output, Settings(ParseOptions(), formats, Limits()), FakeCrew(), WatchSettings()
        )

    with pytest.raises(InputError, match="is no folder"):
        watcher(tmp_path / "nowhere", tmp_path / "out", ["md"])
    with pytest.raises(OptionError, match="would be read again for ever"):
        watcher(tmp_path, tmp_path, ["md", "pdf"])
    watcher(tmp_path, tmp_path / "out", ["md", "pdf"])
