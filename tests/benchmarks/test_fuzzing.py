"""The campaign of mutated inputs: its mutants, a few hundred of them through the reader, and its bookkeeping."""

from __future__ import annotations

import json
import zlib
from pathlib import Path

import pytest
from benchmarks.fuzzing import trial
from benchmarks.fuzzing.inputs import mutant
from benchmarks.fuzzing.pdf_mutations import repaired
from benchmarks.fuzzing.seeds import seeds

from benchmarks import fuzz_reader
from sampan.documents.reading import open_source


def test_every_seed_is_a_good_document() -> None:
    kinds = set()
    for seed in seeds():
        with open_source(seed.data) as source:
            page = source.page(1)
            page.text_layer()
            assert page.image(36).size, seed.name
        kinds.add(seed.kind)
    assert kinds == {"pdf", "png", "jpeg", "tiff", "webp", "gif", "bmp"}
    assert len(seeds()) >= 60


def test_an_input_is_the_same_whatever_came_before() -> None:
    forwards = [mutant(5, index).data for index in range(40)]
    backwards = [mutant(5, index).data for index in reversed(range(40))]
    assert forwards == backwards[::-1]
    assert len(set(forwards)) > 35
    assert mutant(6, 0).data != forwards[0]


def test_mutants_are_neither_all_refused_nor_all_read() -> None:
    results = [trial.attempt(mutant(11, index).data) for index in range(400)]
    assert not [result for result in results if result[0] == "broken"]
    read = sum(result[0] == "read" for result in results)
    assert 80 < read < 320


def test_mended_files_have_checksums_and_tables_that_fit() -> None:
    pngs = [one.data for one in (mutant(3, index) for index in range(1500)) if one.steps == ("change_png",)]
    assert len(pngs) > 10
    # In a few a length lies on purpose, and what follows cannot be found.
    assert sum(map(_checksums_fit, pngs)) > 0.8 * len(pngs)
    moved = repaired(b"%PDF-1.7\n" + b" " * 77 + seeds()[0].data[9:])
    place = int(moved[moved.rindex(b"startxref") :].split()[1])
    assert moved[place : place + 4] == b"xref"
    assert moved[int(moved[place:].split()[6]) :].startswith(b"1 0 obj")


def _checksums_fit(data: bytes) -> bool:
    at = 8
    while at + 12 <= len(data):
        end = at + 8 + int.from_bytes(data[at : at + 4], "big")
        if zlib.crc32(data[at + 4 : end]) != int.from_bytes(data[end : end + 4], "big"):
            return False
        at = end + 4
    return at == len(data)


def test_what_is_not_an_error_of_ours_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise KeyError("deep inside")

    monkeypatch.setattr(trial, "open_source", fails)
    result, detail = trial.attempt(b"")
    assert result == "broken" and "KeyError at test_fuzzing.py" in detail


def test_a_campaign_counts_goes_on_and_does_not_mix(tmp_path: Path) -> None:
    def campaign(count: int, seed: int = 0) -> fuzz_reader.Campaign:
        made = fuzz_reader.Campaign(seed, count, 1, False, tmp_path / "f.json")
        made.run()
        return made

    first = campaign(250)
    assert first.report()["inputs"] == 250 and not first.findings
    again = campaign(250)  # nothing is left to do
    assert again.report()["results"] == first.report()["results"]
    assert json.loads((tmp_path / "f.json").read_text())["blocks_done"] == [[0, 0]]
    assert campaign(250, seed=1).report()["results"] != first.report()["results"]


def test_a_process_that_dies_or_hangs_is_one_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import benchmarks.fuzzing.trial as trial, os, time\n"
        "before = trial._measured\n"
        "def measured(campaign, index, full):\n"
        "    if index == 3: os.abort()\n"
        "    while index == 5: pass\n"
        "    return before(campaign, index, full)\n"
        "trial._measured = measured\n"
    )
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{Path.cwd()}")
    monkeypatch.setattr(fuzz_reader, "SECONDS", 1.0)
    campaign = fuzz_reader.Campaign(0, 8, 1, False, tmp_path / "f.json")
    campaign.run()
    assert [(found["input"], found["result"]) for found in campaign.findings] == [(3, "crashed"), (5, "hung")]
    assert "exit code -6" in campaign.findings[0]["detail"]
    assert campaign.report()["inputs"] == 8
