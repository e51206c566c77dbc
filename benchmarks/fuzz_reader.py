"""Mutated documents through the reader: nothing but Sampan's own errors, no hang, no flood of memory.

    python -m benchmarks.fuzz_reader --count 100000 [--seed 0] [--workers 1] [--json FILE]
    python -m benchmarks.fuzz_reader --only 4711 [--save FILE]      one input again, with its traceback
    python -m benchmarks.fuzz_reader --full 200                     through the whole parser, models and all
    python -m benchmarks.fuzz_reader --table --json FILE            the table of docs/trust.md

Every input is read in a long-lived process with a limit on time and memory, so that a crash of a native library is
found and counted and the campaign goes on. A campaign that was stopped goes on where it was: it is written
down after every block of inputs. `--json` says where; the table in docs/trust.md comes from that file.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import os
import platform
import tempfile
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.fuzzing.inputs import mutant
from benchmarks.fuzzing.seeds import seeds
from benchmarks.fuzzing.trial import LIMITS, Outcome, attempt, serve

BLOCK = 250
SECONDS = 10.0
"""Processor time that one input may take."""
MEGABYTES = 256
"""Memory that one input may take beyond what the process holds."""
WALL_FACTOR = 30
"""Time on the wall, as a multiple of `SECONDS`, after which a process that does not even compute counts as hung."""
MOST_FINDINGS = 200
READER = Path(__file__).parent.parent / "src" / "sampan" / "documents" / "reading"


def main() -> None:
    arguments = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    arguments.add_argument("--count", type=int, default=2000)
    arguments.add_argument("--seed", type=int, default=0)
    arguments.add_argument("--workers", type=int, default=1)
    arguments.add_argument("--only", type=int, help="read this input alone, here, and let its error through")
    arguments.add_argument("--save", type=Path, help="with --only: write the input to a file")
    arguments.add_argument("--full", type=int, metavar="N", help="N inputs through the whole parser")
    arguments.add_argument("--json", type=Path, default=Path("out/fuzz_reader.json"))
    arguments.add_argument("--table", action="store_true", help="print the results of --json as Markdown")
    chosen = arguments.parse_args()
    if chosen.table:
        print(_table(json.loads(chosen.json.read_text())))
        return
    if chosen.only is not None:
        _show(chosen.seed, chosen.only, chosen.save, chosen.full is not None)
        return
    campaign = Campaign(
        chosen.seed, chosen.full or chosen.count, chosen.workers, chosen.full is not None, chosen.json
    )
    campaign.run()
    print(json.dumps(campaign.report(), indent=1)[:4000])
    raise SystemExit(bool(campaign.findings))


def _show(seed: int, index: int, save: Path | None, full: bool) -> None:
    chosen = mutant(seed, index)
    print(f"input {index}: {chosen.seed.name}, {' '.join(chosen.steps)}, {len(chosen.data)} bytes")
    if save is not None:
        save.write_bytes(chosen.data)
    print(*attempt(chosen.data, full=full))


def _table(found: dict[str, Any]) -> str:
    columns = ("inputs", "read", "refused", "crashed", "hung", "over time", "over memory", "broken")
    rows = [f"| | {' | '.join(columns)} |", "|---|" + "---:|" * len(columns)]
    total = Counter[str]()
    for kind, results in [*found["by_kind"].items(), ("all", None)]:
        counts = Counter[str]()
        for result, count in (results or {}).items():
            counts["refused" if result.startswith("refused") else result] += count
            counts["inputs"] += count
        total += counts
        shown = counts if results is not None else total
        rows.append(f"| {kind} | {' | '.join(f'{shown[column]:,}' for column in columns)} |")
    return "\n".join(rows)


@dataclass
class Campaign:
    """Blocks of inputs handed to workers, and what came of them."""

    seed: int
    count: int
    workers: int
    full: bool
    path: Path
    done: set[int] = field(default_factory=set)
    """Numbers of finished blocks."""
    results: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """Kind of seed → result → inputs."""
    findings: list[dict[str, Any]] = field(default_factory=list)
    cpu: float = 0.0
    wall: float = 0.0
    slowest: tuple[float, int] = (0.0, -1)
    largest: tuple[float, int] = (0.0, -1)

    def run(self) -> None:
        self._resume()
        self._lock = threading.Lock()
        self._kinds = {seed.name: seed.kind for seed in seeds()}
        self._waiting = iter([n for n in range(-(-self.count // BLOCK)) if n not in self.done])
        before, start = self.wall, time.monotonic()
        threads = [threading.Thread(target=self._drive, daemon=True) for _ in range(self.workers)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            threads[0].join(5)
            self.wall = before + time.monotonic() - start
        self.wall = before + time.monotonic() - start
        self._save()

    def report(self) -> dict[str, Any]:
        total = sum((results for results in self.results.values()), Counter[str]())
        return {
            "inputs": sum(total.values()),
            "seed": self.seed,
            "through": "the whole parser" if self.full else "the reader",
            "limits": {
                "seconds": SECONDS,
                "megabytes": MEGABYTES,
                **LIMITS.model_dump(include={"max_pixels"}),
            },
            "results": dict(sorted(total.items())),
            "by_kind": {kind: dict(sorted(found.items())) for kind, found in sorted(self.results.items())},
            "cpu_seconds": round(self.cpu, 1),
            "wall_seconds": round(self.wall, 1),
            "slowest": {"seconds": self.slowest[0], "input": self.slowest[1]},
            "most_memory": {"megabytes": self.largest[0], "input": self.largest[1]},
            "findings": self.findings,
            "seeds": {"count": len(seeds()), "sha256": _digest([seed.data for seed in seeds()])},
            "reader_sha256": _reader_digest(),
            "versions": _versions(),
            "blocks_done": _ranges(self.done),
        }

    def _drive(self) -> None:
        """One worker process after another, as each one dies, until no block is left."""
        with tempfile.TemporaryDirectory() as folder:
            worker = _Worker(self.seed, self.full, Path(folder) / "stderr")
            try:
                while (block := self._next()) is not None:
                    last = min((block + 1) * BLOCK, self.count)
                    outcomes: list[Outcome] = []
                    while block * BLOCK + len(outcomes) < last:
                        outcomes += worker.read(block * BLOCK + len(outcomes), last)
                    with self._lock:
                        for outcome in outcomes:
                            self._take(outcome)
                        self.done.add(block)
                        self._save()
            finally:
                worker.end()

    def _next(self) -> int | None:
        with self._lock:
            return next(self._waiting, None)

    def _take(self, outcome: Outcome) -> None:
        result = outcome.result
        if result in ("read",) or result.startswith("refused"):
            if outcome.megabytes > MEGABYTES:
                result = "over memory"
            elif outcome.seconds > SECONDS:
                result = "over time"
        self.results[self._kinds[outcome.seed]][result] += 1
        self.cpu += outcome.seconds
        self.slowest = max(self.slowest, (outcome.seconds, outcome.index))
        self.largest = max(self.largest, (outcome.megabytes, outcome.index))
        bad = not (result == "read" or result.startswith("refused"))
        if bad and len(self.findings) < MOST_FINDINGS:
            self.findings.append(
                {"input": outcome.index, "seed": outcome.seed, "steps": list(outcome.steps), "result": result,
                 "detail": outcome.detail, "seconds": outcome.seconds, "megabytes": outcome.megabytes}
            )  # fmt: skip

    def _save(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_suffix(".partial")
        partial.write_text(json.dumps(self.report(), indent=1) + "\n")
        partial.replace(self.path)

    def _resume(self) -> None:
        """Take up what the file says, if it is of this campaign and of this very reader."""
        if not self.path.exists():
            return
        found = json.loads(self.path.read_text())
        same = (found["seed"], found["reader_sha256"], found["seeds"]["sha256"], found["through"])
        here = self.report()
        if same != (here["seed"], here["reader_sha256"], here["seeds"]["sha256"], here["through"]):
            print("the file is of another campaign or another state of the reader: starting anew")
            return
        self.done = {number for first, last in found["blocks_done"] for number in range(first, last + 1)}
        for kind, results in found["by_kind"].items():
            self.results[kind].update(results)
        self.findings, self.cpu, self.wall = found["findings"], found["cpu_seconds"], found["wall_seconds"]
        self.slowest = (found["slowest"]["seconds"], found["slowest"]["input"])
        self.largest = (found["most_memory"]["megabytes"], found["most_memory"]["input"])


class _Worker:
    """A process that reads inputs, and what is known when it does not come back."""

    def __init__(self, seed: int, full: bool, errors: Path) -> None:
        self._arguments = (seed, full, 16 * MEGABYTES if full else MEGABYTES, errors)
        self._start()

    def read(self, first: int, last: int) -> list[Outcome]:
        """Outcomes of inputs from `first` on: up to `last`, or up to the one that the process did not survive."""
        self._connection.send((first, last))
        outcomes: list[Outcome] = []
        factor = 20 if self._arguments[1] else 1
        since, spent = time.monotonic(), self._cpu()
        while True:
            if self._connection.poll(0.5):
                try:
                    outcome = self._connection.recv()
                except (EOFError, OSError):
                    outcomes.append(self._lost(first + len(outcomes), "crashed"))
                    return outcomes
                if outcome is None:
                    return outcomes
                outcomes.append(outcome)
                since, spent = time.monotonic(), self._cpu()
            elif self._cpu() - spent > SECONDS * factor or time.monotonic() - since > SECONDS * WALL_FACTOR:
                outcomes.append(self._lost(first + len(outcomes), "hung"))
                return outcomes

    def end(self) -> None:
        self._process.kill()
        self._process.join()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        seed, full, megabytes, errors = self._arguments
        self._process = context.Process(
            target=serve, args=(theirs, seed, full, megabytes, errors), daemon=True
        )
        self._process.start()
        theirs.close()

    def _lost(self, index: int, result: str) -> Outcome:
        self.end()
        said = self._arguments[3].read_bytes()[-300:].decode(errors="replace") if result == "crashed" else ""
        detail = f"exit code {self._process.exitcode}; {said.strip()}"
        chosen = mutant(self._arguments[0], index)
        self._start()
        return Outcome(index, chosen.seed.name, chosen.steps, len(chosen.data), result, detail)

    def _cpu(self) -> float:
        """Seconds that the process has computed."""
        try:
            fields = Path(f"/proc/{self._process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        except (OSError, IndexError):
            return 0.0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _reader_digest() -> str:
    return _digest([path.read_bytes() for path in sorted(READER.glob("*.py"))])


def _digest(parts: list[bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()[:16]


def _ranges(numbers: set[int]) -> list[list[int]]:
    found: list[list[int]] = []
    for number in sorted(numbers):
        if found and found[-1][1] == number - 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return found


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    names = ("pypdfium2", "opencv-python-headless", "numpy")
    return {"python": platform.python_version(), **{name: version(name) for name in names}}


if __name__ == "__main__":
    main()
