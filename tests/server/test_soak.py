"""The benchmarks of endurance, for minutes rather than hours."""

import os
from pathlib import Path

import pytest
from benchmarks.line_plot import Panel, line_plot
from lxml import etree

from benchmarks import server_kill, server_soak

linux = pytest.mark.skipif(not Path("/proc/self/statm").exists() or os.name != "posix", reason="needs /proc")


@pytest.mark.slow
@linux
def test_three_minutes_of_everything(tmp_path: Path) -> None:
    report = server_soak.run(minutes=3, clients=8, workers=2, seed=1)
    assert server_soak.passed(report), {name: value for name, value in report.items() if name != "samples"}
    assert report["requests"] > 100
    server_soak.draw_plot(report, tmp_path / "plot.svg")
    assert len(etree.parse(tmp_path / "plot.svg").getroot().findall("{*}polyline")) == 3


@pytest.mark.slow
@linux
def test_three_kills_lose_nothing() -> None:
    report = server_kill.run(kills=3, clients=3, workers=2, seed=1)
    assert server_kill.passed(report), report


def test_growth_and_faults_are_seen() -> None:
    flat = {"second_quarter": 100.0, "last_quarter": 100.0, "most": 110.0}
    report = {
        "minutes": 30, "survived": True, "exit_status": 0, "faults": 0, "defects": 0,
        "left": {"uploads": 0, "unfinished": 0}, "server_mb": flat, "workers_mb": flat, "open_files": flat,
    }  # fmt: skip
    assert server_soak.passed(report)
    for name, value in (
        ("survived", False), ("exit_status", -9), ("faults", 1), ("defects", 1), ("left", {"uploads": 1}),
        ("server_mb", {**flat, "last_quarter": 130.0}), ("workers_mb", {**flat, "last_quarter": 180.0}),
        ("open_files", {**flat, "last_quarter": 125.0}),
    ):  # fmt: skip
        assert not server_soak.passed({**report, name: value}), name
    samples = [{"server_mb": float(value)} for value in [900, 900, 10, 10, 20, 20, 30, 30]]
    assert server_soak.growth(samples, "server_mb") == {"second_quarter": 10, "last_quarter": 30, "most": 900}


def test_lost_and_doubled_jobs_are_seen() -> None:
    good = {
        "lost": 0, "duplicated": 0, "unexplained_starts": 0, "reread": 0, "folders_without_job": 0,
        "exit_status": 0, "accepted": 5,
    }  # fmt: skip
    assert server_kill.passed(good)
    assert not server_kill.passed({**good, "accepted": 0})
    for name in good:
        if name != "accepted":
            assert not server_kill.passed({**good, name: 1}), name


def test_a_plot_shows_its_lines_to_scale() -> None:
    svg = etree.fromstring(
        line_plot("a & b", "minutes", [0.0, 5.0, 10.0], [Panel("MB", {"<x>": [0.0, 50.0, 100.0]})])
    )
    (line,) = svg.findall("{*}polyline")
    points = [tuple(map(float, point.split(","))) for point in line.get("points").split()]
    assert points[0][0] < points[1][0] < points[2][0]
    assert points[0][1] - points[1][1] == pytest.approx(points[1][1] - points[2][1], abs=0.2)
    texts = [text.text for text in svg.findall("{*}text")]
    assert {"a & b", "<x>", "MB", "minutes", "100", "10"} <= set(texts)
