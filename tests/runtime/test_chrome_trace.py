"""Trace files are JSON of the documented form and keep every span's time and thread."""

import json

from sampan.runtime.chrome_trace import trace_events, trace_file
from sampan.runtime.trace import Span


def test_events_of_two_processes_in_one_file() -> None:
    one = [
        Span("page 1", "page", 1.5, 2.0, "MainThread", {"page": 1}),
        Span("net", "model", 1.6, 1.7, "pool_0", {"shapes": [[1, 3, 48, 320]]}),
    ]
    other = [Span("Seite „2“\n", "page", 1.0, 1.25, "MainThread", {})]
    loaded = json.loads(trace_file([*trace_events(one, "first", 7), *trace_events(other, "second", 8)]))
    names = {(e["pid"], e["tid"]): e["args"]["name"] for e in loaded["traceEvents"] if e["ph"] == "M"}
    assert names == {
        (7, 0): "first", (7, 1): "MainThread", (7, 2): "pool_0", (8, 0): "second", (8, 1): "MainThread",
    }  # fmt: skip
    drawn = [e for e in loaded["traceEvents"] if e["ph"] == "X"]
    assert [(e["name"], e["pid"], e["tid"], e["ts"], e["dur"]) for e in drawn] == [
        ("Seite „2“\n", 8, 1, 1_000_000, 250_000),
        ("page 1", 7, 1, 1_500_000, 500_000),
        ("net", 7, 2, 1_600_000, 100_000),
    ]
    assert drawn[2]["args"] == {"shapes": [[1, 3, 48, 320]]}


def test_a_trace_of_nothing_is_still_a_trace() -> None:
    assert json.loads(trace_file([]))["traceEvents"] == []
