"""`python -m benchmarks.corpus --split dev -o benchmarks/data/dev`"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from benchmarks.corpus.build import build
from benchmarks.corpus.plan import plan


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the benchmark's pages with their ground truth.")
    parser.add_argument("--split", choices=["dev", "test"], default="dev")
    parser.add_argument("-o", "--output", type=Path, help="folder (default: benchmarks/data/SPLIT)")
    parser.add_argument("--only", default="", help="only items whose name begins so")
    args = parser.parse_args()
    folder = args.output or Path("benchmarks/data") / args.split
    start, total = time.perf_counter(), len(plan())
    for number, (item, entry) in enumerate(build(args.split, folder, args.only), 1):
        print(f"{number:3d}/{total} {item.name:16s} {entry['file']} ({entry['pages']} p.)", flush=True)
    print(f"{folder}: done in {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
