"""Sampan against the programs people use, on the corpus: speed, memory and quality in one interleaved run.

    python -m benchmarks.parse_peers                       the whole run, with the bars
    python -m benchmarks.parse_peers --quick               a few pages of every class
    python -m benchmarks.parse_peers --timed 2             times two files of every class, scores them all
    python -m benchmarks.parse_peers --quality-only        scores only; answers are cached by version and file

Every program reads a file before the next file begins, in an order that rotates from file to file, so that whatever
else the machine does hits all of them alike. Models are loaded and one file is read before anything is timed.
Medians are over files; pages per second is all timed pages over their seconds. Then the programs whose speed is a bar
read lists of pictures in turn, each in its own way of reading many: that is how fast a pile of scans is read, where
the former is how long one waits for one page. The scores are defined in `benchmarks/scoring.py`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from rich.progress import Progress

from benchmarks.parse_report import bars, insert_report, markdown_report
from benchmarks.peers import PEERS, ROOT, Worker
from benchmarks.scoring import (
    Truth,
    html_of_cells,
    plain_of_markdown,
    score_tables,
    score_text,
    tables_of_markdown,
)
from sampan.documents.model import Document

Answer = dict[str, Any]
Record = dict[str, Any]
LISTED = ("sampan", "rapidocr", "faster-paddle-tiny")
"""Programs that also read lists: those whose speed is a bar."""


def load_items(folder: Path, classes: list[str], kinds: list[str], quick: int) -> list[dict[str, Any]]:
    index = folder / "index.json"
    if not index.exists():
        raise SystemExit(f"{index} is missing: run python -m benchmarks.corpus --split {folder.name}")
    items: list[dict[str, Any]] = json.loads(index.read_text(encoding="utf-8"))["items"]
    items = [i for i in items if (not classes or i["class"] in classes) and i["kind"] in kinds]
    if quick:
        seen: dict[str, int] = defaultdict(int)
        chosen = []
        for item in items:
            seen[item["class"]] += 1
            if seen[item["class"]] <= quick:
                chosen.append(item)
        items = chosen
    return items


def source_state() -> str:
    """A name for the present state of our own code, for the cache."""
    digest = hashlib.sha256()
    for path in sorted((ROOT / "src").rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


class Cache:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, name: str, version: str, file: Path) -> Path:
        digest = hashlib.sha256(file.read_bytes()).hexdigest()[:20]
        return self.folder / f"{name}-{version}" / f"{digest}.json"

    def get(self, path: Path) -> Answer | None:
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None

    def put(self, path: Path, answer: Answer) -> None:
        if "error" in answer:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(answer, ensure_ascii=False), encoding="utf-8")


def run(
    folder: Path, items: list[dict[str, Any]], names: list[str], timed_files: int, cache: Cache
) -> list[Record]:
    """Every program reads every file that it can read; gives one record for each pair.

    The first `timed_files` files of every class are read and timed by all programs in turn; of the others only
    the answers count, and these may come from the cache.
    """
    seen: dict[str, int] = defaultdict(int)
    timed_items = set()
    for item in items:
        seen[item["class"]] += 1
        if seen[item["class"]] <= timed_files:
            timed_items.add(item["id"])
    quality_only = timed_files == 0
    workers: dict[str, Worker] = {}
    versions: dict[str, str] = {}
    records: list[Record] = []
    state = source_state()

    def worker(name: str) -> Worker:
        if name not in workers:
            workers[name] = Worker(PEERS[name])
            if not quality_only:
                warm = next((i for i in items if i["kind"] in PEERS[name].reads), None)
                if warm is not None:
                    workers[name].read(folder / warm["file"], warm["language"])
        return workers[name]

    def version(name: str) -> str:
        known = cache.folder / f"{name}.version"
        if name == "sampan":
            return state
        if name not in versions:
            versions[name] = known.read_text() if quality_only and known.exists() else worker(name).version
            known.parent.mkdir(parents=True, exist_ok=True)
            known.write_text(versions[name])
        return versions[name]

    try:
        with Progress() as progress:
            task = progress.add_task("reading", total=len(items))
            for number, item in enumerate(items):
                able = [name for name in names if item["kind"] in PEERS[name].reads]
                shift = number % max(1, len(able))
                truth = Truth(Document.model_validate_json((folder / item["gt"]).read_text(encoding="utf-8")))
                for name in able[shift:] + able[:shift]:
                    progress.update(task, description=f"{item['id']} {name}")
                    file = folder / item["file"]
                    path = cache.path(name, version(name), file)
                    timed = item["id"] in timed_items
                    answer = None if timed else cache.get(path)
                    if answer is None:
                        answer = worker(name).read(file, item["language"])
                        cache.put(path, answer)
                    records.append(
                        {
                            **score(answer, truth),
                            "peer": name,
                            "version": version(name),
                            "timed": timed,
                            **_about(item, answer),
                        }
                    )
                progress.advance(task)
    finally:
        for running in workers.values():
            running.close()
    return records


def read_lists(
    folder: Path, items: list[dict[str, Any]], names: list[str], files: int, rounds: int
) -> Record:
    """How fast the programs read a list of pictures handed over at once, each in its own way for that, in turn.

    The first `files` pictures of every class; every program reads the whole list in every round. Median of rounds.
    """
    seen: dict[str, int] = defaultdict(int)
    chosen = []
    for item in items:
        if item["kind"] == "image":
            seen[item["class"]] += 1
            if seen[item["class"]] <= files:
                chosen.append((folder / item["file"], item["language"]))
    names = [name for name in names if name in LISTED]
    results: dict[str, list[Answer]] = {name: [] for name in names}
    with ExitStack() as stack, Progress() as progress:
        workers = {name: Worker(PEERS[name]) for name in names}
        for worker in workers.values():
            stack.callback(worker.close)
            worker.read(*chosen[0])
        task = progress.add_task("lists", total=rounds * len(names))
        for number in range(rounds):
            shift = number % len(names)
            for name in names[shift:] + names[:shift]:
                progress.update(task, description=f"list {number + 1} {name}")
                answer = workers[name].read_many(chosen)
                if answer.get("read") != len(chosen):
                    raise SystemExit(
                        f"{name} read {answer.get('read')} of {len(chosen)}: {answer.get('error')}"
                    )
                results[name].append(answer)
                progress.advance(task)
    return {
        "pictures": len(chosen), "rounds": rounds,
        "programs": {
            name: {
                "pages_per_second": len(chosen) / statistics.median(a["seconds"] for a in answers),
                "cpu_per_page": statistics.median(a["cpu"] for a in answers) / len(chosen),
                "peak_mb": max(a["peak_mb"] for a in answers), "seconds": [a["seconds"] for a in answers],
            }
            for name, answers in results.items()
        },
    }  # fmt: skip


def _about(item: dict[str, Any], answer: Answer) -> Record:
    return {
        "item": item["id"], "class": item["class"], "kind": item["kind"], "language": item["language"],
        "pages": item["pages"], "tags": item["tags"], "upright": item["upright"], "seconds": answer["seconds"], "cpu": answer["cpu"],
        "peak_mb": answer["peak_mb"], "error": answer.get("error"),
    }  # fmt: skip


def score(answer: Answer, truth: Truth) -> Record:
    markdown = answer.get("markdown")
    reading = plain_of_markdown(markdown) if markdown is not None else None
    text = answer.get("text")
    scores: Record = dict(score_text(text if text is not None else reading or "", truth, reading))
    if "cells" in answer:
        tables = [html_of_cells(tuple(cell) for cell in cells) for cells in answer["cells"]]
    else:
        tables = tables_of_markdown(markdown or "")
    return {**scores, **score_tables(tables, truth.tables)}


def mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def summarise(records: list[Record]) -> Record:
    """Scores of one program over some files."""
    timed = [r for r in records if r["timed"]]
    pages, seconds = sum(r["pages"] for r in timed), sum(r["seconds"] for r in timed)
    tables = sum(r["tables"] for r in records)
    return {
        "files": len(records), "timed_files": len(timed), "pages": sum(r["pages"] for r in records), "pages_per_second": pages / seconds if seconds else None,
        "median_seconds_per_page": statistics.median(r["seconds"] / r["pages"] for r in timed) if timed else None,
        "cpu_per_page": sum(r["cpu"] for r in timed) / pages if timed else None,
        "peak_mb": max((r["peak_mb"] for r in timed), default=None),
        "character_f1": mean([r["character_f1"] for r in records]), "word_f1": mean([r["word_f1"] for r in records]),
        "edit": mean([r["edit"] for r in records]), "order": mean([r["order"] for r in records]),
        "tables": tables, "teds": sum(r["teds"] for r in records) / tables if tables else None,
        "teds_s": sum(r["teds_s"] for r in records) / tables if tables else None, "surplus_tables": sum(r["surplus"] for r in records),
        "errors": sum(r["error"] is not None for r in records),
    }  # fmt: skip


def group(records: list[Record]) -> dict[str, dict[str, Record]]:
    """class (and `all images`, `all pdf`) → program → scores."""
    groups: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        groups["all images" if record["kind"] == "image" else "all pdf"].append(record)
        groups[record["class"]].append(record)
    return {
        name: {
            peer: summarise([r for r in members if r["peer"] == peer])
            for peer in dict.fromkeys(r["peer"] for r in members)
        }
        for name, members in groups.items()
    }


def whole_process(folder: Path, items: list[dict[str, Any]], rounds: int) -> Record:
    """Bar 5: the command line programs from start to end on one image, taking turns."""
    images = [i for i in items if i["kind"] == "image" and i["class"] in ("clean", "columns2", "tables")][:3]
    ours = Path(sys.executable).with_name("sampan")
    theirs = PEERS["rapidocr"].python.with_name("rapidocr")
    times: dict[str, list[float]] = {"sampan": [], "rapidocr": []}
    failed: list[str] = []
    with tempfile.TemporaryDirectory() as out:
        for number in range(rounds):
            for item in images:
                file = str((folder / item["file"]).resolve())
                commands = {
                    "sampan": [str(ours), "parse", file, "-o", out, "--to", "md"],
                    "rapidocr": [str(theirs), "-img", file],
                }
                for name in list(commands)[:: 1 if number % 2 == 0 else -1]:
                    start = time.perf_counter()
                    done = subprocess.run(commands[name], capture_output=True, cwd=out)
                    times[name].append(time.perf_counter() - start)
                    if done.returncode:
                        failed.append(f"{name}: {done.stderr.decode(errors='replace')[-200:]}")
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import sampan"], check=True)
    whole = time.perf_counter() - start
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return {
        "sampan": statistics.median(times["sampan"]), "rapidocr": statistics.median(times["rapidocr"]),
        "import_seconds": whole - (time.perf_counter() - start), "runs": len(times["sampan"]), "failed": failed,
    }  # fmt: skip


def machine() -> Record:
    model = next(
        (
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text().split("\n")
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    return {
        "cpu": model,
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "system": platform.system(),
    }


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--split", choices=["dev", "test"], default="test")
    parser.add_argument("--data", type=Path, help="folder of the split (default: benchmarks/data/SPLIT)")
    parser.add_argument(
        "--quick",
        type=int,
        nargs="?",
        const=2,
        default=0,
        metavar="N",
        help="only N (2) files of every class",
    )
    parser.add_argument(
        "--timed",
        type=int,
        default=1_000_000,
        metavar="N",
        help="time only N files of every class; the quality of the others may come from the cache",
    )
    parser.add_argument(
        "--quality-only", action="store_true", help="no timing; answers come from the cache where they can"
    )
    parser.add_argument(
        "--only", nargs="+", default=list(PEERS), choices=list(PEERS), metavar="PEER", help=", ".join(PEERS)
    )
    parser.add_argument("--classes", nargs="+", default=[], help="only these classes")
    parser.add_argument("--kinds", nargs="+", default=["image", "pdf"], choices=["image", "pdf"])
    parser.add_argument("--rounds", type=int, default=3, help="rounds of the whole-process comparison")
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        help="JSON (default: benchmarks/results/parse_peers.json for a whole test run)",
    )
    parser.add_argument(
        "--report", type=Path, help="Markdown file to put the tables into, between its markers"
    )
    parser.add_argument("--worst", type=int, default=0, help="also list sampan's worst files")
    args = parser.parse_args()
    folder = args.data or ROOT / "benchmarks" / "data" / args.split
    items = load_items(folder, args.classes, args.kinds, args.quick)
    records = run(
        folder,
        items,
        args.only,
        0 if args.quality_only else args.timed,
        Cache(ROOT / "benchmarks" / "data" / "cache"),
    )
    timed = not args.quality_only
    groups = group(records)
    lists = (
        read_lists(folder, items, args.only, min(args.timed, 2), args.rounds)
        if timed and "sampan" in args.only and "image" in args.kinds
        else None
    )
    process = (
        whole_process(folder, items, args.rounds)
        if timed and {"sampan", "rapidocr"} <= set(args.only) and "image" in args.kinds
        else None
    )
    result: Record = {
        "split": args.split, "files": len(items), "timed": timed, "machine": machine(),
        "versions": {r["peer"]: r["version"] for r in records}, "groups": groups, "lists": lists,
        "whole_process": process, "bars": bars(groups, records, process, timed, lists), "records": records,
    }  # fmt: skip
    report = markdown_report(result)
    print(report)
    for record in sorted((r for r in records if r["peer"] == "sampan"), key=lambda r: -r["edit"])[
        : args.worst
    ]:
        print(
            f"{record['item']:18s} "
            + " ".join(f"{m} {record[m]:.3f}" for m in ("character_f1", "word_f1", "edit")),
            record["error"] or "",
        )
    whole = timed and not (args.quick or args.classes) and args.only == list(PEERS) and args.split == "test"
    output = args.output or (ROOT / "benchmarks" / "results" / "parse_peers.json" if whole else None)
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(json.dumps(result, ensure_ascii=False, indent=1), encoding="utf-8")
    target = args.report or (ROOT / "docs" / "benchmarks.md" if whole else None)
    if target is not None:
        insert_report(target, report)
    return 0 if all(reached for _, reached, _ in result["bars"]) else 1


if __name__ == "__main__":
    raise SystemExit(main())
