"""Trace files are JSON of the documented form and keep every span's time and thread."""

import json
import os
import subprocess
import sys

from sampan.runtime.chrome_trace import FOLDER, gathered_trace, kept_trace, trace_events, trace_file
from sampan.runtime.trace import Span, span


def test_events_of_two_processes_in_one_file() -> None:
    one = [
        Span("page 1", "page", 1.5, 2.0, "MainThread", 71, {"page": 1}),
        Span("net", "model", 1.6, 1.7, "pool_0", 72, {"shapes": [[1, 3, 48, 320]]}),
    ]
    other = [Span("Seite „2“\n", "page", 1.0, 1.25, "MainThread", 81, {})]
    loaded = json.loads(trace_file([*trace_events(one, "first", 7), *trace_events(other, "second", 8)]))
    names = {(e["pid"], e["tid"]): e["args"]["name"] for e in loaded["traceEvents"] if e["ph"] == "M"}
    assert names == {
        (7, 0): "first", (7, 71): "MainThread", (7, 72): "pool_0", (8, 0): "second", (8, 81): "MainThread",
    }  # fmt: skip
    drawn = [e for e in loaded["traceEvents"] if e["ph"] == "X"]
    assert [(e["name"], e["pid"], e["tid"], e["ts"], e["dur"]) for e in drawn] == [
        ("Seite „2“\n", 8, 81, 1_000_000, 250_000),
        ("page 1", 7, 71, 1_500_000, 500_000),
        ("net", 7, 72, 1_600_000, 100_000),
    ]
    assert drawn[2]["args"] == {"shapes": [[1, 3, 48, 320]]}


def test_workers_leave_their_events_for_their_parent(tmp_path, monkeypatch) -> None:
    monkeypatch.delenv(FOLDER, raising=False)
    with kept_trace():  # nobody gathers
        span("unseen", "stage", 0.0, 1.0)
    script = (
        "from sampan.runtime.chrome_trace import kept_trace\n"
        "from sampan.runtime.trace import span\n"
        "for name in ('one', 'two'):\n"
        "    with kept_trace():\n"
        "        span(name, 'stage', 1.0, 2.0)\n"
    )
    with gathered_trace(tmp_path) as events:
        span("here", "file", 0.0, 3.0)
        worker = subprocess.run([sys.executable, "-c", script], check=True)
        (tmp_path / "9.jsonl").write_text('{"name": "whole", "ph": "X"}\n{"name": "hal')
    assert worker.returncode == 0 and FOLDER not in os.environ
    drawn = [
        (event["name"], event["pid"] == os.getpid())
        for event in events
        if event["ph"] == "X" and "pid" in event
    ]
    assert drawn == [("here", True), ("one", False), ("two", False)]
    assert "whole" in {event["name"] for event in events}


def test_a_trace_of_nothing_is_still_a_trace() -> None:
    assert json.loads(trace_file([]))["traceEvents"] == []
