"""Kills the server at random moments and counts what became of the jobs that it had accepted.

Clients hand in documents without pause, each with an idempotency key that they repeat until they hear 202. All the
while the whole process group of the server is killed (SIGKILL) at random moments and started again. At the end

    lost        accepted jobs that are unknown, have not ended, or whose result differs from an undisturbed one
    duplicated  keys with more than one job, and jobs that ended more than once
    repeated    starts of reading beyond each job's first; every one must be explained by an interruption
    reread      jobs that were read again after they were done

    python -m benchmarks.server_kill [--kills 20] [--clients 4] [--workers 2] [--seed 0] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sqlite3
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from benchmarks.served import Served, group_members, until

ROOT = Path(__file__).parents[1]
RESULT = ROOT / "benchmarks" / "results" / "server_kill.json"


@dataclass
class Ledger:
    """What the clients know."""

    ids: dict[str, set[str]] = field(default_factory=dict)
    """Idempotency key → ids that were given for it."""
    names: dict[str, str] = field(default_factory=dict)
    """Idempotency key → document."""
    done: dict[str, int] = field(default_factory=dict)
    """Id → number of starts when it was first seen to be done."""
    broken_connections: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


class Target:
    """Where the server is at present; it moves at every start."""

    def __init__(self, data: Path, workers: int) -> None:
        self.data = data
        self._options = ("--workers", str(workers), "--queue", "100000", "--grace", "30")
        self.served = Served(data, *self._options)

    def kill_and_restart(self) -> None:
        group = self.served.process.pid
        self.served.signal_all()
        until(lambda: not group_members(group))
        self.served = Served(self.data, *self._options)

    @property
    def address(self) -> str:
        return self.served.address


def documents() -> dict[str, bytes]:
    """Documents of several kinds: born digital, photographed, no document at all."""
    report = (ROOT / "examples" / "report.pdf").read_bytes()
    return {
        "report.pdf": report,
        "photo.jpg": (ROOT / "examples" / "photo.jpg").read_bytes(),
        "half.pdf": report[: len(report) // 2],
        "noise.bin": random.Random(1).randbytes(50_000),
    }


def hand_in(
    target: Target, ledger: Ledger, contents: dict[str, bytes], stop: threading.Event, number: int
) -> None:
    """One client: submits until told to stop, never giving up on a document that it has begun to hand in."""
    draw = random.Random(number)
    names = list(contents)
    count = 0
    while not stop.is_set():
        key, name = f"client{number}-{count}", draw.choices(names, (6, 1, 1, 2))[0]
        count += 1
        with ledger.lock:
            ledger.names[key] = name
        # Asking twice from time to time, as clients do that missed the answer.
        wanted = 2 if draw.random() < 0.2 else 1
        while wanted:
            try:
                answer = httpx.post(
                    f"{target.address}v1/jobs",
                    files={"file": (name, contents[name])},
                    headers={"Idempotency-Key": key},
                    timeout=30,
                )
            except httpx.TransportError:
                with ledger.lock:
                    ledger.broken_connections += 1
                time.sleep(0.05)
                continue
            if answer.status_code == 503:  # caught on its way down
                time.sleep(0.05)
                continue
            assert answer.status_code == 202, answer.text
            with ledger.lock:
                ledger.ids.setdefault(key, set()).add(answer.json()["id"])
            wanted -= 1
        time.sleep(draw.expovariate(2.5))


def look(target: Target, ledger: Ledger, stop: threading.Event) -> None:
    """Notes which jobs are done, and after how many starts."""
    while not stop.is_set():
        try:
            for job in httpx.get(f"{target.address}v1/jobs?limit=500", timeout=30).json()["jobs"]:
                if job["status"] in ("done", "failed"):
                    ledger.done.setdefault(job["id"], job["attempts"])
        except (httpx.TransportError, KeyError, ValueError):
            pass
        time.sleep(0.2)


def references(contents: dict[str, bytes], folder: Path) -> dict[str, bytes | str]:
    """What an undisturbed server makes of each document: its result, or why there is none."""
    made: dict[str, bytes | str] = {}
    with Served(folder) as served:
        for name, content in contents.items():
            made[name] = outcome(served.address, _queue(served.address, name, content))
        served.stop()
    return made


def outcome(address: str, id: str) -> bytes | str:
    job: dict = {}

    def ended() -> bool:
        job.update(httpx.get(f"{address}v1/jobs/{id}", timeout=30).json())
        return job["status"] in ("done", "failed", "cancelled")

    until(ended, 600)
    if job["status"] == "done":
        return httpx.get(f"{address}v1/jobs/{id}/result?to=json", timeout=60).content
    return f"{job['status']}: {job['error']}"


def run(kills: int, clients: int, workers: int, seed: int) -> dict:
    folder = Path(tempfile.mkdtemp(prefix="sampan-kill-"))
    contents = documents()
    expected = references(contents, folder / "reference")
    draw, ledger, stop = random.Random(seed), Ledger(), threading.Event()
    target = Target(folder / "data", workers)
    start = time.monotonic()
    threads = [
        threading.Thread(target=hand_in, args=(target, ledger, contents, stop, number), daemon=True)
        for number in range(clients)
    ]
    watching = threading.Event()
    threads.append(threading.Thread(target=look, args=(target, ledger, watching), daemon=True))
    for thread in threads:
        thread.start()
    for number in range(kills):
        time.sleep(draw.uniform(0.2, 5.0))
        target.kill_and_restart()
        print(
            f"kill {number + 1} of {kills}: {len(ledger.ids)} accepted, {len(ledger.done)} seen done",
            flush=True,
        )
    stop.set()
    for thread in threads[:-1]:
        thread.join()
    address = target.address
    ids = {id for given in ledger.ids.values() for id in given}
    until(lambda: _unfinished(address) == 0, 3600)
    watching.set()
    threads[-1].join()
    seconds = time.monotonic() - start

    lost = []
    for key, given in ledger.ids.items():
        for id in given:
            if httpx.get(f"{address}v1/jobs/{id}", timeout=30).status_code != 200:
                lost.append(f"{key}: unknown")
            elif outcome(address, id) != expected[ledger.names[key]]:
                lost.append(f"{key}: {ledger.names[key]} came out otherwise")
    served_exit = target.served.stop()
    rows = _rows(folder / "data")
    keys = Counter(row["idempotency_key"] for row in rows)
    report = {
        "kills": kills,
        "clients": clients,
        "workers": workers,
        "seed": seed,
        "seconds": round(seconds, 1),
        "accepted": len(ledger.ids),
        "broken_connections": ledger.broken_connections,
        "done": sum(row["status"] == "done" for row in rows),
        "failed_as_undisturbed": sum(row["status"] == "failed" for row in rows) - len(lost),
        "lost": len(lost),
        "duplicated": sum(count - 1 for count in keys.values())
        + sum(len(given) - 1 for given in ledger.ids.values())
        + sum(row["completions"] > 1 for row in rows)
        + len(rows) - len(ids),
        "repeated": sum(row["starts"] - 1 for row in rows),
        "interrupted": sum(row["interruptions"] for row in rows),
        "unexplained_starts": sum(row["starts"] != 1 + row["interruptions"] + row["crashes"] for row in rows),
        "reread": sum(row["starts"] != ledger.done.get(row["id"], row["starts"]) for row in rows),
        "folders_without_job": len({path.name for path in (folder / "data" / "jobs").iterdir()} - ids),
        "exit_status": served_exit,
        "problems": lost[:20],
    }  # fmt: skip
    shutil.rmtree(folder)
    return report


def passed(report: dict) -> bool:
    clean = ("lost", "duplicated", "unexplained_starts", "reread", "folders_without_job", "exit_status")
    return all(report[name] == 0 for name in clean) and report["accepted"] > 0


def _queue(address: str, name: str, content: bytes) -> str:
    answer = httpx.post(f"{address}v1/jobs", files={"file": (name, content)}, timeout=60)
    id: str = answer.json()["id"]
    return id


def _unfinished(address: str) -> int:
    page = httpx.get(f"{address}metrics", timeout=30).text.splitlines()
    states = ('sampan_jobs{status="queued"}', 'sampan_jobs{status="running"}')
    return int(sum(float(line.split()[1]) for line in page if line.startswith(states)))


def _rows(data: Path) -> list[sqlite3.Row]:
    with closing(sqlite3.connect(data / "jobs.sqlite3")) as db:
        db.row_factory = sqlite3.Row
        return db.execute("SELECT * FROM jobs").fetchall()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, default=RESULT)
    arguments = parser.parse_args()
    report = run(arguments.kills, arguments.clients, arguments.workers, arguments.seed)
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(report, indent=1))
    sys.exit(0 if passed(report) else 1)


if __name__ == "__main__":
    main()
