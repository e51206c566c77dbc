"""Many clients for a long time: does the server stay up, and do memory and file descriptors stay flat?

Clients act side by side, each choosing again and again: good documents and hostile ones, waited for and queued,
followed, fetched in every format, cancelled, removed; broken forms, options, addresses; connections that stall or
break. Every two seconds the memory (RSS) and the open files of the server's processes are written down.

It fails if the server dies, an answer is 5xx, a good document is not read, memory or open files grow from the second
quarter to the last, or anything is left over at the end.

    python -m benchmarks.server_soak [--minutes 30] [--clients 8] [--workers 2] [--seed 0] [--json FILE] [--svg FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import socket
import statistics
import struct
import sys
import tempfile
import threading
import time
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from benchmarks.line_plot import Panel, line_plot
from benchmarks.served import Served, group_members, until

ROOT = Path(__file__).parents[1]
RESULT = ROOT / "benchmarks" / "results" / "server_soak.json"
PLOT = ROOT / "docs" / "images" / "server_soak.svg"
LIMITS = (
    "--queue", "6", "--max-mb", "3", "--max-pages", "40", "--max-pixels", "20000000", "--max-seconds", "30",
    "--max-memory-mb", "1500", "--grace", "30",
)  # fmt: skip
GOOD = {200, 202, 204, 429}
"""429 is an honest answer to anybody."""
REFUSED = {400, 404, 408, 409, 413, 415, 422, 429}


def good_documents() -> dict[str, bytes]:
    return {
        path.name: path.read_bytes()
        for path in sorted((ROOT / "examples").glob("*.*"))
        if path.suffix != ".py"
    }


def hostile_documents() -> dict[str, bytes]:
    """None of these can be read; each tries something."""
    draw = random.Random(5)
    report = (ROOT / "examples" / "report.pdf").read_bytes()
    photo = (ROOT / "examples" / "photo.jpg").read_bytes()
    return {
        "empty.pdf": b"",
        "noise.pdf": b"%PDF-1.7\n" + draw.randbytes(20_000),
        "cut.pdf": report[: len(report) // 3],
        "cut.jpg": photo[:300],
        "bomb.png": _png(30_000, 30_000),
        "ribbon.png": _png(1, 60_000),
        "text.png": b"this is no picture\n" * 100,
        "pages.pdf": _pdf_of_pages(500),
        "nested.pdf": b"%PDF-1.4\n1 0 obj\n" + b"[" * 50_000 + b"\nendobj\ntrailer << /Root 1 0 R >>",
        "../../etc/pass\twd.tiff": b"II*\0\x08\0\0\0" + b"\xff" * 40,
        "large.bin": draw.randbytes(3_200_000),
    }


def _png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(2_000_000), 9))


def _pdf_of_pages(count: int) -> bytes:
    kids = " ".join(f"{number} 0 R" for number in range(3, count + 3))
    body = f"%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n<< /Type /Pages /Count {count} /Kids [{kids}] >>\nendobj\n"
    for number in range(3, count + 3):
        body += f"{number} 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 99 99] >>\nendobj\n"
    return (body + "trailer << /Root 1 0 R >>\n").encode()


class Record:
    """What all clients met."""

    def __init__(self) -> None:
        self.statuses: defaultdict[str, Counter[int]] = defaultdict(Counter)
        self.seconds: defaultdict[str, list[float]] = defaultdict(list)
        self.faults: list[str] = []
        self.lock = threading.Lock()

    def note(self, act: str, answer: httpx.Response, expected: set[int], seconds: float) -> None:
        with self.lock:
            self.statuses[act][answer.status_code] += 1
            self.seconds[act].append(seconds)
            if answer.status_code not in expected:
                self.faults.append(f"{act}: {answer.status_code} {answer.text[:300]}")

    def fault(self, text: str) -> None:
        with self.lock:
            self.faults.append(text)


class Client:
    """One of those who act."""

    def __init__(self, address: str, record: Record, seed: int) -> None:
        self.address = address
        self.record = record
        self.draw = random.Random(seed)
        self.http = httpx.Client(base_url=address, timeout=120)
        self.good = good_documents()
        self.hostile = hostile_documents()
        self.formats = [format["name"] for format in self.http.get("/v1/info").json()["formats"]]
        self.acts: list[tuple[int, Callable[[], None]]] = [
            (5, self.read), (6, self.queue), (6, self.read_hostile), (4, self.queue_hostile), (3, self.cancel),
            (3, self.ask_nonsense), (2, self.break_form), (2, self.hang_up), (1, self.stall), (2, self.look),
        ]  # fmt: skip

    def live(self, stop: threading.Event) -> None:
        weights, acts = zip(*self.acts, strict=True)
        while not stop.is_set():
            act = self.draw.choices(acts, weights)[0]
            try:
                act()
            except Exception as error:
                if not stop.is_set():
                    self.record.fault(f"{act.__name__}: {type(error).__name__}: {error}")
            time.sleep(self.draw.uniform(0, 0.1))
        self.http.close()

    def ask(self, act: str, expected: set[int], method: str, path: str, **rest: Any) -> httpx.Response:
        start = time.perf_counter()
        answer = self.http.request(method, path, **rest)
        self.record.note(act, answer, expected, time.perf_counter() - start)
        return answer

    def document(self, of: dict[str, bytes]) -> dict[str, tuple[str, bytes]]:
        name = self.draw.choice(sorted(of))
        return {"file": (name, of[name])}

    def read(self) -> None:
        to = self.draw.choice(self.formats)
        self.ask("read", GOOD, "POST", f"/v1/parse?to={to}", files=self.document(self.good))

    def queue(self) -> None:
        answer = self.ask("queue", GOOD, "POST", "/v1/jobs", files=self.document(self.good))
        if answer.status_code != 202:
            time.sleep(min(2.0, float(answer.headers["retry-after"])))
            return
        id = answer.json()["id"]
        if self.draw.random() < 0.5:
            with self.http.stream("GET", f"/v1/jobs/{id}/events") as events:
                for line in events.iter_lines():
                    if line.startswith("data: ") and json.loads(line[6:])["status"] in ("done", "failed"):
                        break
        until(lambda: self.http.get(f"/v1/jobs/{id}").json()["status"] in ("done", "failed"), 300)
        for to in self.draw.sample(self.formats, 2):
            self.ask("fetch", GOOD, "GET", f"/v1/jobs/{id}/result?to={to}&download=1")
        self.ask(
            "picture", GOOD, "GET", f"/v1/jobs/{id}/pages/1.png?width={self.draw.choice([100, 600, 1200])}"
        )
        self.ask("remove", GOOD, "DELETE", f"/v1/jobs/{id}")

    def read_hostile(self) -> None:
        self.ask("read hostile", REFUSED, "POST", "/v1/parse", files=self.document(self.hostile))

    def queue_hostile(self) -> None:
        answer = self.ask(
            "queue hostile", REFUSED | {202}, "POST", "/v1/jobs", files=self.document(self.hostile)
        )
        if answer.status_code == 202:
            id = answer.json()["id"]
            until(lambda: self.http.get(f"/v1/jobs/{id}").json()["status"] in ("done", "failed"), 300)
            self.ask("fetch hostile", REFUSED, "GET", f"/v1/jobs/{id}/result")
            self.ask("remove", GOOD, "DELETE", f"/v1/jobs/{id}")

    def cancel(self) -> None:
        answer = self.ask("queue", GOOD, "POST", "/v1/jobs", files=self.document(self.good))
        if answer.status_code == 202:
            time.sleep(self.draw.uniform(0, 0.5))
            id = answer.json()["id"]
            answer = self.ask("cancel", GOOD, "DELETE", f"/v1/jobs/{id}")
            if answer.status_code == 200:
                self.ask("remove", GOOD, "DELETE", f"/v1/jobs/{id}")

    def ask_nonsense(self) -> None:
        path = self.draw.choice([
            "/v1/jobs/" + "0" * 32, "/v1/jobs/..%2f..%2fetc%2fpasswd", "/v1/jobs?limit=-1", "/nowhere",
            "/page/../../settings.py", f"/v1/jobs/{'9' * 32}/pages/99999999999999999999.png", "/v1/jobs?after=%00",
        ])  # fmt: skip
        self.ask("nonsense", REFUSED | {200}, "GET", path)
        options = self.draw.choice(
            ['{"dictionary": "/etc/passwd"}', "[" * 9000, "\x00", '{"pages": "0"}', '{"dpi": 1e999}']
        )
        self.ask(
            "nonsense",
            REFUSED,
            "POST",
            "/v1/parse",
            files=self.document(self.good),
            data={"options": options},
        )

    def break_form(self) -> None:
        body = self.draw.choice([b"", b"--X\r\n", b"--X--\r\n", b"x" * 100_000, b"--X\r\nA: " + b"b" * 9000])
        headers = {"content-type": "multipart/form-data; boundary=X"}
        self.ask("broken form", REFUSED, "POST", "/v1/jobs", content=body, headers=headers)

    def hang_up(self) -> None:
        """Hands a document in and does not wait for the answer."""
        with self._connection() as raw:
            raw.sendall(
                self._head("/v1/parse", 10_000_000)[:-2] if self.draw.random() < 0.3 else self._whole()
            )
            time.sleep(self.draw.uniform(0, 0.3))

    def stall(self) -> None:
        """Begins an upload and leaves it for a while."""
        with self._connection() as raw:
            raw.sendall(self._head("/v1/jobs", 100_000) + b"--X\r\nContent-Disp")
            time.sleep(self.draw.uniform(0.5, 2))

    def look(self) -> None:
        for path in ("/", "/healthz", "/readyz", "/metrics", "/v1/info", "/v1/jobs", "/openapi.json"):
            self.ask("look", GOOD | {404}, "GET", path)

    def _connection(self) -> socket.socket:
        parts = urlsplit(self.address)
        return socket.create_connection((parts.hostname, parts.port), 10)

    def _head(self, path: str, length: int) -> bytes:
        return (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary=X\r\n"
            f"Content-Length: {length}\r\n\r\n"
        ).encode()

    def _whole(self) -> bytes:
        name = self.draw.choice(sorted(self.good))
        body = b'--X\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' + self.good[name]
        body += b"\r\n--X--\r\n"
        return self._head("/v1/parse", len(body)) + body


def sample(served: Served, start: float) -> dict[str, float]:
    """Memory and open files of the server and its workers, now."""
    server, sizes, files = served.process.pid, {}, 0
    for pid in group_members(server):
        try:
            sizes[pid] = (
                int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
            )
            files += len(os.listdir(f"/proc/{pid}/fd")) if pid == server else 0  # noqa: PTH208
        except (OSError, IndexError):
            continue
    own = sizes.pop(server, 0.0)
    return {
        "minute": round((time.monotonic() - start) / 60, 3),
        "server_mb": round(own, 1),
        "workers_mb": round(sum(sizes.values()), 1),
        "open_files": files,
        "processes": 1 + len(sizes),
    }


def growth(samples: list[dict[str, float]], name: str) -> dict[str, float]:
    """Medians of the second and of the last quarter: the first is for warming up."""
    quarter = max(1, len(samples) // 4)
    values = [sample[name] for sample in samples]
    early, late = (
        statistics.median(values[quarter : 2 * quarter] or values),
        statistics.median(values[-quarter:]),
    )
    return {"second_quarter": early, "last_quarter": late, "most": max(values)}


def run(minutes: float, clients: int, workers: int, seed: int) -> dict[str, Any]:
    folder = Path(tempfile.mkdtemp(prefix="sampan-soak-"))
    record, stop, samples = Record(), threading.Event(), []
    with Served(folder / "data", "--workers", str(workers), *LIMITS) as served:
        people = [Client(served.address, record, seed * 1000 + number) for number in range(clients)]
        threads = [threading.Thread(target=client.live, args=(stop,), daemon=True) for client in people]
        start = time.monotonic()
        for thread in threads:
            thread.start()
        while time.monotonic() - start < minutes * 60 and served.process.poll() is None:
            time.sleep(2)
            samples.append(sample(served, start))
            if len(samples) % 30 == 0:
                print(f"{samples[-1]} {sum(map(len, record.seconds.values()))} requests", flush=True)
        alive = served.process.poll() is None
        stop.set()
        for thread in threads:
            thread.join(300)
        left = _left(served) if alive else {}
        status = served.stop() if alive else served.process.returncode
        defects = sum('"event": "defect' in line for line in served.log().splitlines())
    leftover = len(list((folder / "data" / "incoming").iterdir()))
    shutil.rmtree(folder)
    every = max(1, len(samples) // 300)
    return {
        "minutes": minutes,
        "clients": clients,
        "workers": workers,
        "seed": seed,
        "survived": alive,
        "exit_status": status,
        "requests": sum(map(len, record.seconds.values())),
        "statuses": {act: dict(sorted(found.items())) for act, found in sorted(record.statuses.items())},
        "milliseconds": {
            act: {name: round(1000 * _quantile(taken, share), 1) for name, share in (("median", 0.5), ("p95", 0.95), ("p99", 0.99))}
            for act, taken in sorted(record.seconds.items())
        },
        "server_mb": growth(samples, "server_mb"),
        "workers_mb": growth(samples, "workers_mb"),
        "open_files": growth(samples, "open_files"),
        "left": {**left, "uploads": leftover},
        "defects": defects,
        "faults": len(record.faults),
        "first_faults": record.faults[:20],
        "samples": samples[::every],
    }  # fmt: skip


def passed(report: dict[str, Any]) -> bool:
    """Short runs are still warming up, and get more room."""
    room = 1.10 if report["minutes"] >= 10 else 1.35
    flat = all(
        report[name]["last_quarter"] <= report[name]["second_quarter"] * room + slack
        for name, slack in (("server_mb", 8), ("workers_mb", 60), ("open_files", 12))
    )
    clean = (
        report["survived"] and report["exit_status"] == 0 and not report["faults"] and not report["defects"]
    )
    return bool(flat and clean and not report["left"]["uploads"] and not report["left"].get("unfinished"))


def _left(served: Served) -> dict[str, int]:
    """What is still in hand when everybody has gone."""

    def unfinished() -> int:
        page = httpx.get(f"{served.address}metrics", timeout=60).text.splitlines()
        states = ('sampan_jobs{status="queued"}', 'sampan_jobs{status="running"}')
        return int(sum(float(line.split()[1]) for line in page if line.startswith(states)))

    until(lambda: unfinished() == 0, 300)
    return {
        "unfinished": unfinished(),
        "jobs": len(httpx.get(f"{served.address}v1/jobs?limit=500").json()["jobs"]),
    }


def _quantile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def draw_plot(report: dict[str, Any], path: Path) -> None:
    minutes = [sample["minute"] for sample in report["samples"]]

    def series(name: str) -> list[float]:
        return [sample[name] for sample in report["samples"]]

    path.parent.mkdir(parents=True, exist_ok=True)
    title = f"{report['clients']} clients, {report['workers']} workers, {report['requests']:,} requests"
    memory = Panel("memory, MB", {"workers": series("workers_mb"), "server": series("server_mb")})
    files = Panel("open files of the server", {"open files": series("open_files")})
    path.write_text(line_plot(title, "minutes", minutes, [memory, files]), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, default=RESULT)
    parser.add_argument("--svg", type=Path, default=PLOT)
    arguments = parser.parse_args()
    report = run(arguments.minutes, arguments.clients, arguments.workers, arguments.seed)
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    draw_plot(report, arguments.svg)
    print(json.dumps({name: value for name, value in report.items() if name != "samples"}, indent=1))
    sys.exit(0 if passed(report) else 1)


if __name__ == "__main__":
    main()
