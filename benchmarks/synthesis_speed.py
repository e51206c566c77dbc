"""How fast synthetic data is drawn on one core, and with several processes.

    python -m benchmarks.synthesis_speed                     # all kinds, 20 s each
    python -m benchmarks.synthesis_speed --kinds lines --languages ru,uk,bg,sr --seconds 60

Prints a table and writes benchmarks/results/synthesis_speed.json. The first items, which open fonts and fill caches,
are drawn before the clock starts. CPU time counts beside wall time, because the machine may be shared.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cv2
from PIL import features

from sampan.cli.synthesize import parse_languages
from sampan.vision.synthesis.folders import OPTIONS, SYNTHESIZERS

RESULT = Path(__file__).parent / "results" / "synthesis_speed.json"
WARM_UP = {"lines": 400, "pages": 5, "tables": 20, "forms": 5, "scenes": 10}


def measure(kind: str, languages: dict[str, float], seconds: float, start: int = 0) -> dict[str, float]:
    """Items a second of wall and of CPU time in this process, with one thread."""
    cv2.setNumThreads(1)
    source = SYNTHESIZERS[kind](OPTIONS[kind](languages=languages))
    for index in range(WARM_UP[kind]):
        source.draw(start + 10**6 + index)
    wall, cpu, count = time.perf_counter(), time.process_time(), 0
    while time.perf_counter() - wall < seconds:
        source.draw(start + count)
        count += 1
    return {
        "count": count,
        "per_second": count / (time.perf_counter() - wall),
        "per_cpu_second": count / (time.process_time() - cpu),
    }


def _worker(arguments: tuple[str, dict[str, float], float, int]) -> dict[str, float]:
    return measure(*arguments)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kinds", default=",".join(OPTIONS))
    parser.add_argument("--languages", default="ru,uk,bg,sr,vi,el,en")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    chosen = parser.parse_args()
    languages = parse_languages(chosen.languages)
    rows: list[dict[str, Any]] = []
    for kind in chosen.kinds.split(","):
        alone = measure(kind, languages, chosen.seconds)
        jobs = [(kind, languages, chosen.seconds, 10**7 * (worker + 1)) for worker in range(chosen.workers)]
        with get_context("spawn").Pool(chosen.workers) as pool:
            together = sum(part["per_second"] for part in pool.map(_worker, jobs))
        rows.append({"kind": kind, **alone, "workers": chosen.workers, "together_per_second": together})
        print(
            f"{kind:8} {alone['per_second']:8.1f}/s on one core ({alone['per_cpu_second']:.1f} per CPU second), "
            f"{together:8.1f}/s with {chosen.workers} processes",
            flush=True,
        )
    record = {
        "languages": languages,
        "seconds": chosen.seconds,
        "load_average": os.getloadavg()[0],
        "machine": {"processor": platform.processor() or platform.machine(), "cores": os.cpu_count()},
        "versions": {
            "python": platform.python_version(),
            "opencv": cv2.__version__,
            "freetype": features.version("freetype2"),
        },
        "rows": rows,
    }
    RESULT.write_text(json.dumps(record, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
