"""`sampan serve` as a process of its own, to be measured and to be killed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

import httpx

_MAIN = "import sys; sys.argv[0] = 'sampan'; from sampan.cli.main import main; main()"


class Served:
    """A running server with a free port and its own process group."""

    def __init__(self, data: Path, *options: str, environment: dict[str, str] | None = None) -> None:
        self.data = data
        self._log = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115
        command = [sys.executable, "-c", _MAIN, "serve", "--port", "0", "--data", str(data), *options]
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            start_new_session=True,
            env={**os.environ, **(environment or {})},
        )
        assert self.process.stdout is not None
        self.greeting = self.process.stdout.readline()
        found = re.search(r"http://\S+/", self.greeting)
        assert found, self.greeting + self.log()
        self.address = found[0]
        until(self._answers)

    def log(self) -> str:
        self._log.seek(0)
        return self._log.read()

    def signal_all(self, number: int = signal.SIGKILL) -> None:
        """To the server and all its workers."""
        os.killpg(self.process.pid, number)
        self.process.wait(60)

    def stop(self) -> int:
        """The exit status after a polite request."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.signal_all()
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._log.close()

    def _answers(self) -> bool:
        assert self.process.poll() is None, self.log()
        try:
            return httpx.get(f"{self.address}healthz").status_code == 200
        except httpx.TransportError:
            return False


def group_members(group: int) -> Sequence[int]:
    """Living processes of a process group."""
    members = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group and fields[0] != "Z":
            members.append(int(entry.parent.name))
    return members


def until(true: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait for something that is bound to happen; the time is only there to end what has gone wrong."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"it did not happen within {seconds:g} s"
        time.sleep(0.02)
