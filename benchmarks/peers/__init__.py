"""The programs that people use today, each in an environment of its own, behind one protocol.

`python -m benchmarks.peers.install` makes `.peers/NAME`. `worker.py` runs inside such an environment and reads
one request a line on stdin: `{"path": …, "language": …}`, or several at once. It answers one line a request: text in the peer's own
reading order, Markdown where the peer makes it, wall and CPU seconds, peak memory.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENTS = ROOT / ".peers"


@dataclass(frozen=True)
class Peer:
    name: str
    engine: str
    """Function of `worker.py`."""
    reads: tuple[str, ...]
    environment: str = ""
    """Folder under `.peers`; empty for this project's own environment."""
    requires: tuple[str, ...] = ()
    program: str = ""
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def python(self) -> Path:
        return (
            ENVIRONMENTS / self.environment / "bin" / "python" if self.environment else Path(sys.executable)
        )


PEERS: dict[str, Peer] = {
    peer.name: peer
    for peer in (
        Peer("sampan", "sampan", ("image", "pdf")),
        Peer("rapidocr", "rapidocr", ("image",), "rapidocr", ("rapidocr==3.10.0", "onnxruntime==1.32.0"), options={"cls": True}),
        Peer("rapidocr-nocls", "rapidocr", ("image",), "rapidocr", options={"cls": False}),
        Peer("faster-paddle-tiny", "faster_paddle", ("image",), "faster-paddle", ("faster-paddle==1.0.4",), options={"size": "tiny"}),
        Peer("faster-paddle-small", "faster_paddle", ("image",), "faster-paddle", options={"size": "small"}),
        Peer("tesseract", "tesseract", ("image",), program="tesseract"),
        Peer("pymupdf4llm", "pymupdf4llm", ("pdf",), "pymupdf4llm", ("pymupdf==2.0", "pymupdf4llm==2.0")),
        Peer("pymupdf4llm-1.28", "pymupdf4llm", ("pdf",), "pymupdf4llm-1.28", ("pymupdf4llm==1.28.2",)),
        Peer("pymupdf4llm-0.0.27", "pymupdf4llm", ("pdf",), "pymupdf4llm-0.0.27", ("pymupdf==1.28.2", "pymupdf4llm==0.0.27")),
        Peer("pdftotext", "pdftotext", ("pdf",), program="pdftotext"),
    )
}  # fmt: skip
SYSTEM_PACKAGES = (
    "tesseract-ocr tesseract-ocr-deu tesseract-ocr-fra tesseract-ocr-ita tesseract-ocr-spa tesseract-ocr-por "
    "tesseract-ocr-chi-sim tesseract-ocr-chi-tra tesseract-ocr-jpn poppler-utils"
)


class Worker:
    """A running peer."""

    def __init__(self, peer: Peer, threads: int | None = None) -> None:
        if not peer.python.exists():
            raise SystemExit(f"{peer.name} is not installed: run python -m benchmarks.peers.install")
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "src") if peer.engine == "sampan" else ""}
        if threads is not None:
            environment["OMP_NUM_THREADS"] = str(threads)
        command = [
            str(peer.python),
            str(Path(__file__).with_name("worker.py")),
            peer.engine,
            json.dumps(peer.options),
        ]
        self.peer = peer
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment,
            cwd="/tmp",
        )  # fmt: skip
        self.version = str(self._answer()["version"])

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.peer.name} ended with status {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def read(self, path: Path, language: str) -> dict[str, Any]:
        return self._asked({"path": str(path.resolve()), "language": language})

    def read_many(self, files: Sequence[tuple[Path, str]]) -> dict[str, Any]:
        """Files with their languages, in the program's own way of reading many: seconds, CPU seconds, how many."""
        paths = [str(path.resolve()) for path, _ in files]
        return self._asked({"paths": paths, "languages": [language for _, language in files]})

    def _asked(self, request: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=30)
