"""`python -m benchmarks.peers.install [NAME …]` makes the peers' environments under `.peers`."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys

from benchmarks.peers import ENVIRONMENTS, PEERS, SYSTEM_PACKAGES


def main() -> None:
    parser = argparse.ArgumentParser(description="Install the programs that the benchmark compares with.")
    parser.add_argument("names", nargs="*", help="peers (default: all)")
    wanted = parser.parse_args().names or list(PEERS)
    for name in wanted:
        peer = PEERS[name]
        if peer.program and shutil.which(peer.program) is None:
            print(f"{name}: {peer.program} is missing: apt-get install {SYSTEM_PACKAGES}")
        if peer.environment and peer.requires:
            folder = ENVIRONMENTS / peer.environment
            if not peer.python.exists():
                subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
            subprocess.run([str(peer.python), "-m", "pip", "install", "-q", *peer.requires], check=True)
            print(f"{name}: {folder}")


if __name__ == "__main__":
    main()
