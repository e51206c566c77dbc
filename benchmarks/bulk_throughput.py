"""How well several workers use several cores, and whether memory stays flat.

    python -m benchmarks.bulk_throughput [--pictures 120] [--mixed 1000] [--rounds 2] [--fresh]

speed    picture pages of dense text, read by one worker that is held to one core (`sched_setaffinity`, one thread)
         and by as many workers of one thread as there are cores, in turn. *One worker is one core* here: a process
         left to itself overlaps some of its stages on two cores and would hide what the second worker brings; how
         fast it is that way, and with all cores as threads, is reported beside.
busy     CPU time of all processes of the run over wall time times cores: of the whole run, with start and end, and
         while every worker had work (from the second worker's first page to the first worker's last file).
memory   resident bytes of driver and workers while pages of every kind and size are read: the mean over the last 200
         pages against the mean over pages 100 to 300. Workers are not replaced meanwhile.

Wants an otherwise idle machine. Each part is written to the results as it is done, and not repeated unless asked to.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, median
from typing import Any

import psutil
from PIL import Image, ImageDraw, ImageFont

from benchmarks.bulk_corpus import make_mixed, make_pictures

RESULTS = Path(__file__).with_name("results") / "bulk_throughput.json"
BARS = {"speedup": 1.8, "busy": 0.95, "growth": 0.05}
_SAMPLE_SECONDS = 0.25


@dataclass
class Run:
    """What was seen of one run."""

    seconds: float = 0.0
    pages: int = 0
    cpu: float = 0.0
    samples: list[tuple[float, int, float, float]] = field(default_factory=list)
    """Seconds, pages done, CPU seconds so far, resident bytes of all processes."""

    @property
    def pages_per_second(self) -> float:
        return self.pages / self.seconds


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--pictures", type=int, default=120)
    arguments.add_argument("--mixed", type=int, default=1000)
    arguments.add_argument("--rounds", type=int, default=2)
    arguments.add_argument("--fresh", action="store_true", help="measure again what the results already have")
    arguments.add_argument("--json", type=Path, default=RESULTS)
    chosen = arguments.parse_args()
    cores = len(os.sched_getaffinity(0))
    result: dict[str, Any] = {}
    if chosen.json.exists() and not chosen.fresh:
        result = json.loads(chosen.json.read_text())
    load = os.getloadavg()[0]
    if load > 0.5:
        print(f"warning: the machine is not idle (load {load:.1f}); figures will be low", flush=True)
    with tempfile.TemporaryDirectory(prefix="bulk-throughput-") as folder:
        base = Path(folder)
        if "speed" not in result:
            make_pictures(base / "pictures", chosen.pictures)
            result["speed"] = speed(base, cores, chosen.rounds)
            _keep(result, chosen.json)
        if "memory" not in result:
            make_mixed(base / "mixed", chosen.mixed)
            result["memory"] = memory(base, cores, chosen.json.with_suffix(".png"))
            _keep(result, chosen.json)
    facts, flat = result["speed"], result["memory"]
    result["passed"] = {
        "speedup": facts["speedup"] >= BARS["speedup"], "busy": facts["busy"] >= BARS["busy"],
        "growth": flat["growth"] < BARS["growth"],
    }  # fmt: skip
    _keep(result, chosen.json)
    shown = {name: {**part, "curve": "…"} if name == "memory" else part for name, part in result.items()}
    print(json.dumps(shown, indent=1))
    raise SystemExit(0 if all(result["passed"].values()) else 1)


def speed(base: Path, cores: int, rounds: int) -> dict[str, Any]:
    ways = {
        "one worker, one core": (1, 1, {min(os.sched_getaffinity(0))}),
        f"{cores} workers": (cores, 1, None),
        "one worker, one thread, any core": (1, 1, None),
        f"one worker, {cores} threads": (1, cores, None),
    }
    seen: dict[str, list[Run]] = {name: [] for name in ways}
    for number in range(rounds):
        for name, (workers, threads, held) in ways.items():
            if number and name.startswith("one worker, ") and name != "one worker, one core":
                continue  # for information, once is enough
            run = follow(base / "pictures", base / f"out-{time.time_ns()}", workers, threads, held)
            seen[name].append(run)
            print(
                f"{name}: {run.pages_per_second:.3f} pages/s, {run.cpu:.1f} CPU-s in {run.seconds:.1f} s",
                flush=True,
            )
    one = median(run.pages_per_second for run in seen["one worker, one core"])
    all_cores = seen[f"{cores} workers"]
    many = median(run.pages_per_second for run in all_cores)
    return {
        "cores": cores, "load_before": round(os.getloadavg()[0], 2), "pages": all_cores[0].pages,
        "pages_per_second": {name: [round(run.pages_per_second, 3) for run in runs] for name, runs in seen.items()},
        "speedup": round(many / one, 3),
        "busy": round(median(steady_share(run, cores) for run in all_cores), 4),
        "busy_with_start_and_end": round(median(run.cpu / run.seconds / cores for run in all_cores), 4),
        "cpu_seconds_per_page": {
            name: round(median(run.cpu / run.pages for run in runs), 3) for name, runs in seen.items()
        },
    }  # fmt: skip


def memory(base: Path, cores: int, plot: Path) -> dict[str, Any]:
    run = follow(base / "mixed", base / "out-mixed", cores, 1, None)
    # The samples of the last second see workers that have ended.
    end = run.samples[-1][0] - 1.0
    curve = [(pages, round(resident / 1e6, 1)) for second, pages, _, resident in run.samples if second < end]
    first, window = min(100, run.pages // 4), min(200, run.pages // 4)
    spans = (first, first + window), (run.pages - window, run.pages)
    early, late = (mean(value for pages, value in curve if low <= pages <= high) for low, high in spans)
    draw_plot(curve, ((spans[0], early), (spans[1], late)), plot)
    return {
        "workers": cores, "pages": run.pages, "seconds": round(run.seconds, 1),
        "pages_per_second": round(run.pages_per_second, 3), "mb_pages_100_to_300": round(early, 1),
        "mb_last_200_pages": round(late, 1), "growth": round(late / early - 1, 4),
        "mb_most": max(value for _, value in curve), "curve": curve[:: max(1, len(curve) // 200)],
    }  # fmt: skip


def follow(documents: Path, output: Path, workers: int, threads: int, held: set[int] | None) -> Run:
    """One run of the command line, watched."""
    command = [
        sys.executable, "-c", "from sampan.cli.main import main; main()", "parse", str(documents), "-o", str(output),
        "--to", "md,json", "--workers", str(workers), "--threads", str(threads), "--json",
    ]  # fmt: skip
    run = Run()
    children = _children_cpu()
    start = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        preexec_fn=None if held is None else lambda: os.sched_setaffinity(0, held),
    )  # fmt: skip
    watcher = threading.Thread(target=_watch, args=(process, run, start), daemon=True)
    watcher.start()
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("    {"):
            run.pages += json.loads(line.strip().rstrip(","))["pages"]
    process.wait()
    run.seconds = time.perf_counter() - start
    run.cpu = _children_cpu() - children
    watcher.join()
    return run


def steady_share(run: Run, cores: int) -> float:
    """Share of the cores used between the first tenth and the last twentieth of the pages."""
    inside = [sample for sample in run.samples if run.pages * 0.1 <= sample[1] <= run.pages * 0.95]
    if len(inside) < 2:
        return 0.0
    return (inside[-1][2] - inside[0][2]) / (inside[-1][0] - inside[0][0]) / cores


def _watch(process: subprocess.Popen[str], run: Run, start: float) -> None:
    """CPU and memory of the whole family, as long as it lives."""
    gone, last = 0.0, {}
    while process.poll() is None:
        now: dict[int, float] = {}
        resident = 0
        try:
            family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        except psutil.Error:
            break
        for member in family:
            try:
                times = member.cpu_times()
                now[member.pid] = times.user + times.system
                resident += member.memory_info().rss
            except psutil.Error:
                continue
        gone += sum(cpu for pid, cpu in last.items() if pid not in now)
        last = now
        run.samples.append((time.perf_counter() - start, run.pages, gone + sum(now.values()), resident))
        time.sleep(_SAMPLE_SECONDS)


def _children_cpu() -> float:
    times = os.times()
    return times.children_user + times.children_system


def draw_plot(
    curve: list[tuple[int, float]], means: Sequence[tuple[tuple[int, int], float]], path: Path
) -> None:
    """Resident memory over pages, with the two means that are compared over the pages that they are of."""
    width, height, left, bottom = 900, 420, 70, 50
    image = Image.new("RGB", (width, height), "white")
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(size=14)
    most_pages, most = max(pages for pages, _ in curve) or 1, 1.15 * max(value for _, value in curve)

    def at(pages: float, value: float) -> tuple[float, float]:
        return (
            left + (width - left - 20) * pages / most_pages,
            height - bottom - (height - bottom - 40) * value / most,
        )

    for step in range(6):
        value = most * step / 5
        pen.line([at(0, value), at(most_pages, value)], fill="#dddddd")
        pen.text((8, at(0, value)[1] - 8), f"{value:.0f} MB", fill="#444444", font=font)
        pages = most_pages * step / 5
        pen.text((at(pages, 0)[0] - 12, height - bottom + 10), f"{pages:.0f}", fill="#444444", font=font)
    pen.line([at(pages, value) for pages, value in curve], fill="#2563a8", width=2)
    for (low, high), value in means:
        pen.line([at(low, value), at(high, value)], fill="#c2410c", width=3)
    said = " and ".join(f"{value:.0f} MB over pages {low} to {high}" for (low, high), value in means)
    pen.text(
        (left, 8), f"Resident memory of driver and workers over pages read: {said}", fill="black", font=font
    )
    image.save(path)


def _keep(result: dict[str, Any], path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
