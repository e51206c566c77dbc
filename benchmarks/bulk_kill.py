"""Whether a run over many files survives being killed: `sampan parse FOLDER --resume` after kill -9, again and again.

    python -m benchmarks.bulk_kill [--kills 20] [--files 200] [--ray-kills 5] [--ray-files 60]

1. An undisturbed run gives the reference.
2. The same run is started, and its whole process group killed with SIGKILL at a random moment; then it is started
   again with `--resume` and killed again, until there were so many kills; where a run comes to its end before,
   another is begun from nothing. At last it may finish.
3. Under Ray (two local workers) Ray's own worker processes are killed at random moments of one run.

Checked after every round: all outputs are those of the undisturbed run, byte for byte, and nothing else is there;
nothing that the journal called finished at a kill was read again. The second is counted twice, independently: in
the journal's `attempts`, and by a hook in the worker processes that writes a line for every page that is read.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from benchmarks.bulk_corpus import make

RESULTS = Path(__file__).with_name("results") / "bulk_kill.json"
FORMATS = "md,json,html"

HOOK = '''
"""Writes "content-hash page" for every page that is begun, before anything is read of it."""
import importlib.abc, importlib.util, os, sys

class Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name != "sampan.documents.parser":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        load = spec.loader.exec_module
        def exec_module(module):
            load(module)
            read_pages, read_page = module.Parser.read_pages, module.Parser.read_page
            def counted_pages(self, opened):
                self.counted = opened.info.sha256
                return read_pages(self, opened)
            def counted_page(self, page):
                log = os.open(os.environ["PAGE_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
                os.write(log, f"{self.counted} {page.number}\\n".encode())
                os.close(log)
                return read_page(self, page)
            module.Parser.read_pages, module.Parser.read_page = counted_pages, counted_page
        spec.loader.exec_module = exec_module
        return spec

if "PAGE_LOG" in os.environ:
    sys.meta_path.insert(0, Finder())
'''


@dataclass
class Finished:
    """What a journal calls finished: files by key, pages by content hash."""

    files: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Key → state and attempts."""
    pages: set[str] = field(default_factory=set)
    parts: int = 0


class Runs:
    """One folder of documents, and runs over it."""

    def __init__(self, base: Path, corpus: Path, workers: int) -> None:
        self.base, self.corpus, self.workers = base, corpus, workers
        self.site = base / "site"
        self.site.mkdir()
        (self.site / "sitecustomize.py").write_text(HOOK)
        self.out, self.err = base / "stdout", base / "stderr"

    def start(self, output: Path, log: Path, *more: str) -> subprocess.Popen[bytes]:
        command = [
            sys.executable, "-c", "from sampan.cli.main import main; main()", "parse", str(self.corpus),
            "-o", str(output), "--to", FORMATS, "--workers", str(self.workers), "--threads", "1", "--json", *more,
        ]  # fmt: skip
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, [str(self.site), os.environ.get("PYTHONPATH")])),
            "PAGE_LOG": str(log),
            "OMP_NUM_THREADS": "1",
        }
        # To files: a pipe that nobody reads would stop the run.
        with self.out.open("wb") as out, self.err.open("wb") as err:
            return subprocess.Popen(command, stdout=out, stderr=err, start_new_session=True, env=environment)

    def finish(self, process: subprocess.Popen[bytes]) -> dict[str, Any]:
        process.wait(3600)
        if process.returncode not in (0, 1):
            raise SystemExit(f"a run ended with {process.returncode}: {self.err.read_text()[-2000:]}")
        summary: dict[str, Any] = json.loads(self.out.read_bytes())
        return summary


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--kills", type=int, default=20)
    arguments.add_argument("--files", type=int, default=200)
    arguments.add_argument("--workers", type=int, default=2)
    arguments.add_argument("--ray-kills", type=int, default=5)
    arguments.add_argument("--ray-files", type=int, default=60)
    arguments.add_argument("--seed", type=int, default=int(time.time()))
    arguments.add_argument("--json", type=Path, default=RESULTS)
    chosen = arguments.parse_args()
    draw = random.Random(chosen.seed)
    with tempfile.TemporaryDirectory(prefix="bulk-kill-") as folder:
        base = Path(folder)
        result: dict[str, Any] = {"seed": chosen.seed, "formats": FORMATS, "workers": chosen.workers}
        make(base / "corpus", chosen.files)
        result["local"] = kill_groups(Runs(base, base / "corpus", chosen.workers), chosen.kills, draw)
        if chosen.ray_kills:
            ray_base = base / "ray"
            make(ray_base / "corpus", chosen.ray_files)
            result["ray"] = kill_ray_workers(Runs(ray_base, ray_base / "corpus", 2), chosen.ray_kills, draw)
    result["passed"] = all(part["passed"] for part in (result["local"], result.get("ray", result["local"])))
    chosen.json.parent.mkdir(exist_ok=True)
    chosen.json.write_text(json.dumps(result, indent=1) + "\n")
    print(
        json.dumps({**result, "local": {**result["local"], "kills": len(result["local"]["kills"])}}, indent=1)
    )
    raise SystemExit(0 if result["passed"] else 1)


def kill_groups(runs: Runs, kills: int, draw: random.Random) -> dict[str, Any]:
    """Bar: kill -9 of the whole process group at random moments, then `--resume`."""
    reference = runs.base / "reference"
    summary = runs.finish(runs.start(reference, runs.base / "reference.log"))
    seconds = summary["seconds"]
    expected = contents(reference)
    print(f"undisturbed: {summary['done']} files, {summary['pages']} pages in {seconds:.0f} s", flush=True)
    told: list[dict[str, Any]] = []
    wrong: list[str] = []
    rounds = 0
    while len(told) < kills:
        rounds += 1
        output, log = runs.base / f"killed-{rounds}", runs.base / f"killed-{rounds}.log"
        log.touch()
        before = Finished()
        counted = 0
        while True:
            start = time.perf_counter()
            process = runs.start(output, log, "--resume")
            if len(told) < kills:
                # One in six is killed while it starts, the others at any moment of their share of the work.
                if draw.random() > 1 / 6:
                    wait_for_pages(log, counted + draw.randint(1, 2 * summary["pages"] // kills), process)
                    time.sleep(draw.uniform(0.0, 0.5))
                else:
                    time.sleep(draw.uniform(0.0, 1.5))
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
            else:
                runs.finish(process)
            killed = process.wait() == -signal.SIGKILL
            wait_until_gone(process.pid)
            lines = log.read_text().splitlines()
            again = before.pages & set(lines[counted:])
            wrong += [f"page read again after kill {len(told)}: {line}" for line in sorted(again)]
            counted = len(lines)
            now = finished(output)
            wrong += [
                f"{key} was {state} and has {now.files.get(key, ('lost', 0))[1]} attempts, had {attempts}"
                for key, (state, attempts) in before.files.items()
                if now.files.get(key) != (state, attempts)
            ]
            before = now
            if not killed:
                wrong += compare(expected, contents(output))
                break
            told.append(
                {
                    "after_s": round(time.perf_counter() - start, 2),
                    "files_finished": len(now.files),
                    "parts_kept": now.parts,
                }
            )
            print(f"kill {len(told)}: {told[-1]}", flush=True)
        pages = Counter(log.read_text().splitlines())
        repeated = sum(pages.values()) - len(pages)
    return {
        "undisturbed_s": seconds, "files": summary["done"], "pages": summary["pages"], "rounds": rounds,
        "kills": told, "outputs": len(expected), "outputs_equal": not any("output" in line for line in wrong),
        "finished_read_again": sum("again" in line or "attempts" in line for line in wrong),
        "unfinished_pages_read_again_in_last_round": repeated, "wrong": wrong, "passed": not wrong,
    }  # fmt: skip


def kill_ray_workers(runs: Runs, kills: int, draw: random.Random) -> dict[str, Any]:
    """The same with Ray: its worker processes are killed; and once a whole driver, which is then resumed."""
    reference = runs.base / "reference"
    summary = runs.finish(runs.start(reference, runs.base / "reference.log", "--engine", "ray"))
    seconds = summary["seconds"]
    expected = contents(reference)
    print(f"undisturbed under Ray: {summary['done']} files in {seconds:.0f} s", flush=True)
    wrong: list[str] = []
    killed = rounds = 0
    driver_killed = False
    while killed < kills or not driver_killed:
        rounds += 1
        if rounds > 3 * kills + 5:
            raise SystemExit(
                f"only {killed} of {kills} workers could be killed in {rounds - 1} runs: they are too short"
            )
        output, log = runs.base / f"killed-{rounds}", runs.base / f"killed-{rounds}.log"
        log.touch()
        process = runs.start(output, log, "--resume", "--engine", "ray")
        while killed < kills and process.poll() is None:
            time.sleep(draw.uniform(0.3, 1.5))
            actors = ray_actors(process.pid) if log.stat().st_size else []
            if actors and process.poll() is None:
                draw.choice(actors).kill()
                killed += 1
                print(f"killed Ray worker {killed}", flush=True)
        before, counted = Finished(), 0
        if not driver_killed and killed >= kills:
            while not log.stat().st_size and process.poll() is None:
                time.sleep(0.1)
            time.sleep(draw.uniform(0.2, 1.5))
            if process.poll() is None:
                family = [
                    process.pid,
                    *(each.pid for each in psutil.Process(process.pid).children(recursive=True)),
                ]
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                for pid in family:
                    wait_until_gone(pid, group=False)
                driver_killed = True
                before, counted = finished(output), len(log.read_text().splitlines())
                print(f"killed the driver with {len(before.files)} files finished", flush=True)
                process = runs.start(output, log, "--resume", "--engine", "ray")
        runs.finish(process)
        again = before.pages & set(log.read_text().splitlines()[counted:])
        wrong += [f"page read again: {line}" for line in sorted(again)]
        now = finished(output)
        wrong += [
            f"{key} has new attempts" for key, facts in before.files.items() if now.files.get(key) != facts
        ]
        wrong += compare(expected, contents(output))
    return {
        "undisturbed_s": seconds, "files": summary["done"], "rounds": rounds, "workers_killed": killed,
        "drivers_killed": int(driver_killed), "outputs": len(expected), "wrong": wrong, "passed": not wrong,
    }  # fmt: skip


def ray_actors(driver: int) -> list[psutil.Process]:
    found = []
    try:
        children = psutil.Process(driver).children(recursive=True)
    except psutil.Error:
        return []
    for child in children:
        try:
            if child.cmdline()[:1] and child.cmdline()[0].startswith("ray::Actor"):
                found.append(child)
        except psutil.Error:
            continue
    return found


def finished(output: Path) -> Finished:
    """What the journal says, read from a copy so that the original is found as the kill left it."""
    with tempfile.TemporaryDirectory() as folder:
        for path in (output / ".sampan").glob("journal.sqlite*"):
            shutil.copy(path, folder)
        if not (Path(folder) / "journal.sqlite").exists():
            return Finished()
        base = sqlite3.connect(Path(folder) / "journal.sqlite")
        try:
            rows = base.execute(
                "SELECT key, state, attempts, sha256, outcome FROM files WHERE state = 'done' OR lasting"
            ).fetchall()
            parts = base.execute("SELECT sha256, pages FROM parts").fetchall()
        except sqlite3.OperationalError:  # killed before its tables were made
            return Finished()
        finally:
            base.close()
    result = Finished(parts=len(parts))
    for key, state, attempts, sha256, outcome in rows:
        result.files[key] = (state, attempts)
        result.pages |= {f"{sha256} {page}" for page in range(1, json.loads(outcome)["pages"] + 1)}
    for sha256, pages in parts:
        result.pages |= {f"{sha256} {page}" for page in pages.split(",")}
    return result


def contents(output: Path) -> dict[str, bytes]:
    """Everything below the output folder but the journal."""
    return {
        str(path.relative_to(output)): path.read_bytes()
        for path in output.rglob("*")
        if path.is_file() and path.relative_to(output).parts[0] != ".sampan"
    }


def compare(expected: dict[str, bytes], found: dict[str, bytes]) -> list[str]:
    names = sorted(expected.keys() | found.keys())
    return [f"output {name!r} differs" for name in names if expected.get(name) != found.get(name)]


def wait_for_pages(log: Path, pages: int, process: subprocess.Popen[bytes]) -> None:
    """Until so many pages have been begun by all runs, or this one is over."""
    while log.read_bytes().count(b"\n") < pages and process.poll() is None:
        time.sleep(0.02)


def wait_until_gone(pid: int, group: bool = True) -> None:
    for _ in range(600):
        try:
            if group:
                os.killpg(pid, 0)
            elif not psutil.pid_exists(pid):
                return
        except ProcessLookupError:
            return
        time.sleep(0.05)


if __name__ == "__main__":
    main()
