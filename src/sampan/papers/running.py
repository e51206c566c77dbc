"""Runs a reproduction piece by piece, keeps what is finished, and writes the report."""

from __future__ import annotations

import json
import os
import platform
import re
import time
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Protocol

from sampan.errors import OptionError, OutputError
from sampan.papers.register import load
from sampan.papers.report import Machine, Report
from sampan.papers.reproduction import Piece, Place, Reproduction

SOFTWARE = ("sampan", "torch", "onnxruntime", "transformers")


class Watcher(Protocol):
    """Who looks on while pieces run."""

    def begins(self, piece: str, number: int, total: int) -> None:
        """Piece `number` (from 1) of `total` starts."""

    def advances(self, done: float) -> None:
        """A share, 0 … 1, of the present piece is done."""

    def ends(self, piece: str, seconds: float, kept: bool) -> None:
        """It is finished; `kept`: it was already."""


def reproduce(
    reproduction: Reproduction,
    out: Path,
    quick: bool = False,
    seeds: int | None = None,
    watcher: Watcher | None = None,
) -> Report:
    """Runs what is not yet finished in `out` and writes `report.json`, `report.md` and `report.png` there.

    Args:
        reproduction: what to run.
        out: the folder; pieces are kept in `out/pieces`.
        quick: seconds instead of minutes, and no verdict about the claim.
        seeds: how many; the reproduction's own number by default, 1 if quick.
        watcher: is told of progress.

    Raises:
        OptionError: fewer than one seed.
        OutputError: the folder cannot be written.
    """
    if seeds is not None and seeds < 1:
        raise OptionError(f"--seeds {seeds}: at least 1 is needed")
    chosen = tuple(range(seeds or (1 if quick else reproduction.seeds)))
    folder = out / "pieces"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder} cannot be made: {error.strerror}") from error
    machine = this_machine()
    kept: dict[str, dict[str, Any]] = {}
    pieces = reproduction.pieces(quick, chosen)
    for number, piece in enumerate(pieces, start=1):
        if piece.name in kept or not re.fullmatch(r"[A-Za-z0-9._-]+", piece.name):
            raise ValueError(
                f"piece {piece.name!r} of {reproduction.name}: the name is taken or has odd signs"
            )
        if watcher is not None:
            watcher.begins(piece.name, number, len(pieces))
        found = _finished(folder, piece, reproduction.revision)
        kept[piece.name] = found or _run(folder, piece, reproduction.revision, watcher)
        if watcher is not None:
            watcher.ends(piece.name, kept[piece.name]["seconds"], found is not None)
    tables = reproduction.tables({name: one["figures"] for name, one in kept.items()}, quick, chosen)
    by_name = {table.name: table for table in tables}
    paper = load().find(reproduction.name)
    report = Report(
        paper=paper.name,
        title=paper.title,
        claim=paper.claim,
        miniature=reproduction.miniature,
        setting=reproduction.setting(quick, chosen),
        tables=tuple(tables),
        findings=tuple(rule.apply(by_name) for rule in reproduction.rules),
        notes=reproduction.notes,
        seconds=sum(one["seconds"] for one in kept.values()),
        cpu_seconds=sum(one["cpu_seconds"] for one in kept.values()),
        machine=machine,
        date=date.today().isoformat(),
    )
    _write(report, out)
    return report


def this_machine() -> Machine:
    """What this runs on."""
    processor = platform.processor() or platform.machine()
    description = Path("/proc/cpuinfo")
    if description.exists():
        named = re.search(r"^model name\s*:\s*(.+)$", description.read_text(encoding="utf-8"), re.MULTILINE)
        processor = named.group(1) if named else processor
    software = {"python": platform.python_version()}
    for name in SOFTWARE:
        try:
            software[name] = version(name)
        except PackageNotFoundError:
            continue
    load_of_minute = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    return Machine(
        processor=processor, cores=os.cpu_count() or 1, load=round(load_of_minute, 1), software=software
    )


def _finished(folder: Path, piece: Piece, revision: int) -> dict[str, Any] | None:
    """What an earlier run kept of this very piece, or None."""
    try:
        kept = json.loads((folder / f"{piece.name}.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    same = kept["settings"] == _comparable(piece) and kept["revision"] == revision
    return kept if same and all((folder / file).exists() for file in piece.leaves) else None


def _run(folder: Path, piece: Piece, revision: int, watcher: Watcher | None) -> dict[str, Any]:
    place = Place(folder) if watcher is None else Place(folder, watcher.advances)
    wall, processor = time.perf_counter(), time.process_time()
    figures = {name: float(value) for name, value in piece.compute(place).items()}
    kept = {
        "piece": piece.name,
        "revision": revision,
        "settings": _comparable(piece),
        "figures": figures,
        "seconds": round(time.perf_counter() - wall, 3),
        "cpu_seconds": round(time.process_time() - processor, 3),
    }
    part = folder / f"{piece.name}.part"
    part.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    part.replace(folder / f"{piece.name}.json")
    return kept


def _comparable(piece: Piece) -> Any:
    """The settings as JSON gives them back: lists for tuples."""
    return json.loads(json.dumps(piece.settings))


def _write(report: Report, out: Path) -> None:
    from sampan.papers.report_page import draw, page

    report.write(out / "report.json")
    (out / "report.md").write_text(page(report), encoding="utf-8")
    draw(report, out / "report.png")
