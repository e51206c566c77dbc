"""Running a reproduction: what is finished is not run again unless its settings changed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.papers.coins import Coins
from tests.papers.test_report import HEADS

from sampan.errors import OptionError, OutputError
from sampan.papers.running import reproduce

ALL = ["loaded-0", "loaded-1", "loaded-2", "fair-0", "fair-1", "fair-2"]


class Looker:
    def __init__(self) -> None:
        self.seen: list[tuple[str, bool]] = []
        self.shares: list[float] = []

    def begins(self, piece: str, number: int, total: int) -> None:
        assert (ALL[number - 1], total) == (piece, 6)

    def advances(self, done: float) -> None:
        self.shares.append(done)

    def ends(self, piece: str, seconds: float, kept: bool) -> None:
        self.seen.append((piece, kept))


def test_finished_pieces_are_not_run_again(tmp_path: Path) -> None:
    first, second = Coins(HEADS), Coins(HEADS)
    before = reproduce(first, tmp_path)
    looker = Looker()
    after = reproduce(second, tmp_path, watcher=looker)
    assert first.thrown == ALL
    assert second.thrown == []
    assert looker.seen == [(name, True) for name in ALL]
    assert after.tables == before.tables
    assert after.seconds == before.seconds  # also of pieces that were not run this time


def test_more_seeds_run_only_the_new_ones(tmp_path: Path) -> None:
    reproduce(Coins(HEADS), tmp_path, seeds=2)
    more = Coins(HEADS)
    report = reproduce(more, tmp_path, seeds=3)
    assert more.thrown == ["loaded-2", "fair-2"]
    assert report.tables[0].cell("fair", "heads").values == (50.0, 48.0, 53.0)


def test_a_run_that_broke_off_goes_on(tmp_path: Path) -> None:
    broken = Coins({"loaded": HEADS["loaded"], "fair": [50.0]})
    with pytest.raises(IndexError):
        reproduce(broken, tmp_path)
    rest = Coins(HEADS)
    reproduce(rest, tmp_path)
    assert rest.thrown == ["fair-1", "fair-2"]


def test_other_settings_and_other_code_run_again(tmp_path: Path) -> None:
    reproduce(Coins(HEADS), tmp_path)
    longer = Coins(HEADS, steps=2)
    reproduce(longer, tmp_path)
    assert longer.thrown == ALL
    revised = Coins(HEADS, steps=2)
    revised.revision = 2  # type: ignore[misc]
    reproduce(revised, tmp_path)
    assert revised.thrown == ALL


def test_a_piece_whose_files_are_gone_or_cut_off_runs_again(tmp_path: Path) -> None:
    reproduce(Coins(HEADS), tmp_path)
    (tmp_path / "pieces" / "loaded-1.txt").unlink()
    (tmp_path / "pieces" / "fair-0.json").write_text('{"settings": {', encoding="utf-8")
    again = Coins(HEADS)
    reproduce(again, tmp_path)
    assert again.thrown == ["loaded-1", "fair-0"]


def test_figures_are_kept_as_json_with_their_settings(tmp_path: Path) -> None:
    looker = Looker()
    reproduce(Coins(HEADS), tmp_path, watcher=looker)
    kept = json.loads((tmp_path / "pieces" / "fair-1.json").read_text(encoding="utf-8"))
    assert kept["figures"] == {"heads": 48.0}
    assert kept["settings"] == {"coin": "fair", "seed": 1, "steps": 1, "shape": [1, 2]}
    assert looker.shares == [1.0] * 6


def test_a_quick_run_has_one_seed(tmp_path: Path) -> None:
    report = reproduce(Coins(HEADS), tmp_path, quick=True)
    assert report.setting.seeds == (0,)
    assert report.verdict == "not at this scale"


def test_what_cannot_be_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="at least 1"):
        reproduce(Coins(HEADS), tmp_path, seeds=0)
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(OutputError, match="cannot be made"):
        reproduce(Coins(HEADS), tmp_path / "file")
