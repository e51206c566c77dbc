"""`sampan parse --explain` and `--profile` at the door."""

import json
import os
import shutil
from pathlib import Path

from sampan.runtime.chrome_trace import FOLDER

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_explain_for_people_and_for_programs(sampan) -> None:
    shown = sampan("parse", EXAMPLES / "report.pdf", "--explain", 2)
    assert shown.code == 0
    assert "report.pdf, page 2 of 2" in shown.out and "not read by OCR: its text layer" in shown.out
    assert "layout" in shown.out and "text_layer" in shown.out
    told = json.loads(sampan("parse", EXAMPLES / "report.pdf", "--explain", 2, "--json").out)
    assert (told["page"], told["pages"], told["origin"]) == (2, 2, "text_layer")


def test_explain_shows_what_ocr_did(sampan) -> None:
    shown = sampan("parse", EXAMPLES / "photo.jpg", "--explain", 1).out
    for part in ("because a picture has no text layer", "pp-ocrv6-tiny-rec", "least certain", "confidence"):
        assert part in shown


def test_explain_wants_one_file(sampan) -> None:
    for inputs in ([EXAMPLES], [EXAMPLES / "photo.jpg", EXAMPLES / "report.pdf"]):
        result = sampan("parse", *inputs, "--explain", 1)
        assert result.code == 2 and "--explain 1 takes one file" in result.err


def spans(path: Path) -> list[dict]:
    return [e for e in json.loads(path.read_text(encoding="utf-8"))["traceEvents"] if e["ph"] == "X"]


def test_profile_nests_models_in_stages_in_pages_in_files(sampan, tmp_path) -> None:
    file = tmp_path / "trace.json"
    assert sampan("parse", EXAMPLES / "photo.jpg", "--profile", file).code == 0
    drawn = spans(file)
    by_category: dict[str, list[dict]] = {}
    for event in drawn:
        by_category.setdefault(event["cat"], []).append(event)
    assert by_category.keys() == {"file", "page", "stage", "model"}

    def inside(inner: dict, outer: dict) -> bool:
        slack = 0.2  # events are rounded to tenths of a microsecond
        return (
            outer["ts"] - slack <= inner["ts"]
            and inner["ts"] + inner["dur"] <= outer["ts"] + outer["dur"] + slack
        )

    (whole,), (page,) = by_category["file"], by_category["page"]
    assert inside(page, whole) and all(inside(stage, page) for stage in by_category["stage"])
    assert all(inside(run, page) for run in by_category["model"])
    names = {run["name"] for run in by_category["model"]}
    assert any(name.startswith("pp-ocrv6-tiny-rec") for name in names)


def test_profile_of_worker_processes(sampan, tmp_path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a.pdf", "b.pdf", "c.pdf"):
        shutil.copy(EXAMPLES / "report.pdf", folder / name)
    file = tmp_path / "trace.json"
    done = sampan("parse", folder, "-o", tmp_path / "out", "--workers", 2, "--profile", file)
    assert done.code == 0
    drawn = spans(file)
    assert sorted(event["name"] for event in drawn if event["cat"] == "file") == ["a.pdf", "b.pdf", "c.pdf"]
    workers = {event["pid"] for event in drawn}
    assert os.getpid() not in workers and 1 <= len(workers) <= 2
    assert sum(event["cat"] == "page" for event in drawn) == 6
    starts = [event["ts"] for event in drawn]
    assert starts == sorted(starts) and FOLDER not in os.environ


def test_profile_is_written_when_the_run_fails(sampan, tmp_path) -> None:
    bad = tmp_path / "bad.pdf"
    bad.write_bytes(b"%PDF-1.7\n")
    assert sampan("parse", bad, "--profile", tmp_path / "t.json").code == 3
    assert spans(tmp_path / "t.json") == []


def test_profile_that_cannot_be_written_is_known_before_the_work(sampan, tmp_path) -> None:
    result = sampan("parse", tmp_path / "x.pdf", "--profile", tmp_path)
    assert result.code in (3, 5) and result.err.count("\n") == 1
    wall = tmp_path / "file"
    wall.touch()
    result = sampan("parse", EXAMPLES / "photo.jpg", "--profile", wall / "t.json")
    assert (result.code, result.out) == (5, "")
