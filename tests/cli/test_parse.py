"""`sampan parse` as its users meet it: what is printed, what is written, and how it ends."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from sampan.cli.batch import parse_bytes
from sampan.cli.summary import Tally
from sampan.documents.bulk.outcome import Outcome

EXAMPLES = Path(__file__).parents[2] / "examples"


def files_below(folder: Path) -> set[Path]:
    """Results, without the journal."""
    return {path for path in folder.rglob("*") if path.is_file() and ".sampan" not in path.parts}


def test_one_file_is_printed_as_markdown(sampan, fake_parser, make_files) -> None:
    result = sampan("parse", make_files("a.pdf") / "a.pdf")
    assert result.code == 0
    assert "Text of a.pdf — ünïcödé 漢字" in result.out
    assert not result.err


def test_standard_input_is_read_as_bytes(sampan, fake_parser, monkeypatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xff\xfe123")))
    assert "Text of 5 bytes" in sampan("parse", "-", "--to", "txt").out
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
    result = sampan("parse", "-")
    assert (result.code, result.err) == (3, "sampan: standard input is empty\n")


def test_a_folder_is_written_with_a_summary(sampan, fake_parser, make_files, tmp_path) -> None:
    folder = make_files("a.pdf", "x/b.png")
    result = sampan("parse", folder, "-o", tmp_path / "out", "--to", "md,json,html,txt")
    assert result.code == 0
    written = {str(path.relative_to(tmp_path / "out")) for path in files_below(tmp_path / "out")}
    assert written == {f"{stem}.{kind}" for stem in ("a", "x/b") for kind in ("md", "json", "html", "txt")}
    assert "2 of 2 files, 2 pages" in result.err
    assert json.loads((tmp_path / "out/x/b.json").read_text())["source"]["name"] == "b.png"


def test_the_summary_of_many_files_lists_only_the_failed_ones(
    sampan, fake_parser, make_files, tmp_path
) -> None:
    folder = make_files("broken.pdf", *(f"good{number}.pdf" for number in range(100)))
    result = sampan("parse", folder, "-o", tmp_path / "out")
    assert "broken.pdf is truncated" in result.err and "good" not in result.err
    assert "101 of 101 files, 100 pages" in result.err and "1 failed" in result.err


def test_one_bad_file_never_stops_the_rest(sampan, fake_parser, make_files, tmp_path) -> None:
    folder = make_files("1.pdf", "2-broken.pdf", "3-defect.pdf", "4-partly.pdf", "5.pdf")
    result = sampan("parse", folder, "-o", tmp_path / "out", "--json")
    assert result.code == 1
    summary = json.loads(result.out)
    assert summary["failed"] == 3 and not summary["interrupted"]
    files = {Path(file["name"]).stem: file for file in summary["files"]}
    assert files["2-broken"]["error"] == "2-broken.pdf is truncated: fetch it again"
    assert "unexpected ZeroDivisionError" in files["3-defect"]["error"]
    assert files["4-partly"]["failures"] == ["page 1: tables: no luck"]
    assert {name for name, file in files.items() if file["files"]} == {"1", "4-partly", "5"}
    assert {path.name for path in files_below(tmp_path / "out")} == {"1.md", "4-partly.md", "5.md"}
    assert "Traceback" not in result.err


def test_a_defect_shows_itself_when_asked_to(sampan, fake_parser, make_files, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("SAMPAN_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        sampan("parse", make_files("defect.pdf") / "defect.pdf", "-o", tmp_path / "out")
    result = sampan("parse", make_files("defect.pdf"), "-o", tmp_path / "out")
    assert result.code == 1 and "stand_in.py" in result.err  # from a worker, which goes on


@pytest.mark.parametrize(
    ("name", "code"), [("broken.pdf", 3), ("weights.pdf", 4), ("partly.pdf", 1), ("defect.pdf", 1)]
)
@pytest.mark.parametrize("written", [False, True])
def test_the_exit_code_names_the_cause(
    sampan, fake_parser, make_files, tmp_path, name, code, written
) -> None:
    output = ["-o", tmp_path / "out"] if written else []
    assert sampan("parse", make_files(name) / name, *output).code == code


def test_an_interrupt_ends_with_what_was_done(sampan, fake_parser, make_files, tmp_path) -> None:
    folder = make_files("1.pdf", "2-hang.pdf", "3.pdf")

    def interrupt() -> None:
        while not (tmp_path / "out" / "1.md").exists():
            time.sleep(0.01)
        time.sleep(0.3)  # until the journal has it
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    result = sampan("parse", folder, "-o", tmp_path / "out")
    thread.join()
    assert result.code == 130
    assert "1 of 3 files" in result.err and "interrupted" in result.err
    assert f"Go on with sampan parse {folder} -o {tmp_path / 'out'} --resume" in result.err
    (folder / "2-hang.pdf").rename(folder / "2.pdf")
    result = sampan("parse", folder, "-o", tmp_path / "out", "--resume", "--json")
    assert result.code == 0
    assert [file["earlier"] for file in json.loads(result.out)["files"]] == [True, False, False]


def test_an_interrupt_of_a_single_file(sampan, fake_parser, make_files) -> None:
    assert sampan("parse", make_files("interrupt.pdf") / "interrupt.pdf").code == 130


def test_every_option_arrives(sampan, fake_parser, make_files) -> None:
    result = sampan(
        "parse", make_files("a.pdf") / "a.pdf", "--pages", "1-3,7", "--password", "pw", "--ocr", "never",
        "--dpi", "300", "--no-orientation", "--no-deskew", "--no-layout", "--no-tables", "--no-furniture",
        "--preset", "official", "--detection-model", "d", "--recognition-model", "r", "--dictionary", "x",
        "--threads", "3", "--batch-size", "7", "--max-pixels", "1", "--max-pages", "2", "--max-bytes", "3",
    )  # fmt: skip
    assert result.code == 0
    expected = {
        "pages": "1-3,7",
        "password": "pw",
        "ocr": "never",
        "dpi": 300.0,
        "orientation": False,
        "deskew": False,
        "layout": False,
        "tables": False,
        "furniture": False,
        "preset": "official",
        "detection_model": "d",
        "recognition_model": "r",
        "dictionary": "x",
        "threads": 3,
        "batch_size": 7,
        "max_pixels": 1,
        "max_pages": 2,
        "max_bytes": 3,
    }
    assert expected.items() <= fake_parser.seen[0].model_dump().items()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a.pdf", "--dpi", "5"], "option dpi = 5.0: Input should be greater than or equal to 36"),
        (["a.pdf", "--to", "papyrus"], "unknown output format 'papyrus'"),
        (["a.pdf", "--to", ","], "names no format"),
        (["a.pdf", "--to", "md,json"], "add -o DIR"),
        (["a.pdf", "--json"], "add -o DIR"),
        (
            ["a.pdf", "--resume", "--max-memory", "2G"],
            "--resume, --max-memory need a folder to write to: add -o DIR",
        ),
        (["a.pdf", "-o", "out", "--max-memory", "lots"], "--max-memory 'lots' is no amount of memory"),
        (["a.pdf", "-o", "out", "--ray-address", "auto"], "--ray-address auto needs --engine ray"),
        (["a.pdf", "-o", "out", "--engine", "ray", "--profile", "t.json"], "leave out --engine ray"),
        (["a.pdf", "b.pdf"], "2 files need a folder to write to"),
        (["a.pdf", "-o", "b.pdf"], "b.pdf is a file"),
        (["a.pdf", "--ocr", "maybe"], "maybe"),
        (["a.pdf", "--workers", "0"], "--workers"),
        (["a.pdf", "--colour"], "--colour"),
        ([], "FILE"),
    ],
)
def test_wrong_use_is_answered_in_words(
    sampan, fake_parser, make_files, monkeypatch, arguments, message
) -> None:
    monkeypatch.chdir(make_files("a.pdf", "b.pdf"))
    result = sampan("parse", *arguments)
    assert result.code == 2
    assert message in result.err
    assert "Traceback" not in result.err


def test_a_failure_list_names_file_page_and_cause(sampan, fake_parser, make_files, tmp_path) -> None:
    folder = make_files("=cmd|x broken.pdf", "good.pdf", "partly.pdf")
    for name in ("failed.csv", "failed.jsonl"):
        assert sampan("parse", folder, "-o", tmp_path / name[-3:], "--failures", tmp_path / name).code == 1
    with (tmp_path / "failed.csv").open(encoding="utf-8", newline="") as file:
        rows = {Path(row["file"]).name: row for row in csv.DictReader(file)}
    assert set(rows) == {"=cmd|x broken.pdf", "partly.pdf"}
    assert (rows["partly.pdf"]["page"], rows["partly.pdf"]["stage"], rows["partly.pdf"]["cause"]) == (
        "1", "tables", "no luck",
    )  # fmt: skip
    # A spreadsheet must not take a file's name for a formula.
    assert rows["=cmd|x broken.pdf"]["cause"] == "'=cmd|x broken.pdf is truncated: fetch it again"
    lines = [json.loads(line) for line in (tmp_path / "failed.jsonl").read_text("utf-8").splitlines()]
    assert {Path(line["file"]).name: line["page"] for line in lines} == {
        "=cmd|x broken.pdf": None,
        "partly.pdf": 1,
    }
    result = sampan("parse", folder, "-o", tmp_path / "csv", "--failures", tmp_path / "csv")
    assert result.code == 5 and "name another --failures" in result.err


def test_resuming_reports_what_was_done_earlier(sampan, fake_parser, make_files, tmp_path) -> None:
    folder = make_files("a.pdf", "broken.pdf")
    assert sampan("parse", folder, "-o", tmp_path / "out").code == 1
    make_files("b.pdf")
    result = sampan("parse", folder, "-o", tmp_path / "out", "--resume", "--json")
    assert "Everything is read again" not in result.err
    summary = json.loads(result.out)
    assert result.code == 1
    assert (summary["total"], summary["done"], summary["earlier"], summary["failed"]) == (3, 3, 2, 1)
    assert (summary["pages"], summary["pages_now"]) == (2, 1)
    result = sampan("parse", folder, "-o", tmp_path / "out", "--resume")
    assert "3 of 3 files, 2 pages" in result.err and "3 files done earlier, 1 failed" in result.err
    assert "Everything is read again; --resume would" in sampan("parse", folder, "-o", tmp_path / "out").err


def test_limits_reach_the_workers(sampan, fake_parser, make_files, tmp_path) -> None:
    folder = make_files("hang.pdf", "good.pdf")
    result = sampan("parse", folder, "-o", tmp_path / "out", "--max-seconds", "0.5")
    assert result.code == 1
    assert "not done after 0.5 s" in result.err and (tmp_path / "out" / "good.md").exists()
    single = sampan("parse", folder / "hang.pdf", "-o", tmp_path / "out", "--max-page-seconds", "0.5")
    assert single.code == 1 and "no page done for 0.5 s" in single.err


@pytest.mark.parametrize(
    ("text", "expected"), [("500M", 500_000_000), ("2G", 2_000_000_000), ("1.5 GB", 1_500_000_000), ("7", 7)]
)
def test_amounts_of_memory(text: str, expected: int) -> None:
    assert parse_bytes(text) == expected


def test_the_exit_code_names_a_common_cause() -> None:
    for codes, expected in (([0, 0], 0), ([0, 3], 1), ([3, 3], 3), ([4], 4), ([3, 4], 1), ([1], 1), ([], 0)):
        tally = Tally(len(codes))
        for code in codes:
            tally.add(Outcome("", exit_code=code))
        assert tally.exit_code == expected


def test_the_time_left_is_that_of_this_run() -> None:
    tally = Tally(10)
    assert tally.seconds_left is None
    tally.add(Outcome("", earlier=True))
    assert tally.seconds_left is None
    tally.start -= 8.0
    tally.add(Outcome(""))
    assert tally.seconds_left == pytest.approx(64.0, rel=0.01)


def test_help_has_examples_and_exit_codes(sampan) -> None:
    result = sampan("parse", "--help")
    assert result.code == 0
    assert "sampan parse report.pdf" in result.out and "Exit codes" in result.out


def run_real(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from sampan.cli.main import main; main()", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, **options)


def test_the_real_thing_reads_the_examples(tmp_path: Path) -> None:
    result = run_real("parse", EXAMPLES, "-o", tmp_path, "--to", "md,json")
    assert result.returncode == 0, result.stderr
    assert "The crossing takes twelve minutes" in (tmp_path / "photo.md").read_text(encoding="utf-8")
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "Small Boats" in text
    assert text.index("the arithmetic is right") < text.index("Each boat begins with its bottom")
    assert {path.name for path in tmp_path.glob(".sampan*")} == {".sampan"}  # the journal


@pytest.mark.slow
def test_two_processes_read_what_one_reads_and_survive_a_bad_file(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a.pdf", "b.pdf"):
        (folder / name).write_bytes((EXAMPLES / "report.pdf").read_bytes())
    (folder / "bad.pdf").write_bytes(b"%PDF-1.7 nothing")
    for workers in (1, 2):
        result = run_real("parse", folder, "-o", tmp_path / str(workers), "--workers", workers, "--json")
        assert result.returncode == 1, result.stderr
        summary = json.loads(result.stdout)
        assert [Path(file["name"]).name for file in summary["files"] if file["error"]] == ["bad.pdf"]
    for name in ("a.md", "b.md"):
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()
