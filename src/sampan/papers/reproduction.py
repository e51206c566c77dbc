"""A reproduction: a paper's claim in miniature, cut into pieces that are run once and kept.

How to write one. The file is `reproductions/NAME.py`, NAME being the paper's name in the register with `_` for
`-` and `.`; it holds one subclass of `Reproduction` and may import torch at its top. The subclass says

* `miniature`, `notes` and `rules`: what is tested and by which bounds, before anything runs (`rules.py`);
* `setting`: what is run, on what, at which size;
* `pieces`: one for each variant and seed, each with *all* settings that its figures depend on and a function
  that computes them. A piece whose JSON lies in the output folder with equal settings is not run again. Pieces
  run in the order given, so a student may load the file that its teacher's piece left;
* `tables`: the figures of all pieces laid out as tables, the values of a cell in the order of the seeds.

    class Reproduce(Reproduction):
        name = "some-paper"
        miniature = "The trick lifts accuracy by more than two points."
        rules = (gains("the trick helps", Cell("main", "with", "accuracy"), Cell("main", "without", "accuracy"), by=2),)

        def setting(self, quick, seeds): return Setting(what=…, data=…, sizes=…, seeds=seeds, quick=quick)

        def pieces(self, quick, seeds):
            return [
                Piece(f"{arm}-seed{seed}", {"arm": arm, "seed": seed, "steps": steps}, partial(train, arm, seed, steps))
                for arm in ("with", "without") for seed in seeds
            ]

        def tables(self, results, quick, seeds):
            rows = [
                Row(name=arm, measured={"accuracy": over_seeds(results, arm + "-seed{seed}", seeds, "accuracy")})
                for arm in ("with", "without")
            ]
            return [Table(name="main", title="…", columns=(Column(name="accuracy", unit="%"),), rows=tuple(rows))]

`train(arm, seed, steps, place: Place) -> dict[str, float]`. A quick run takes seconds and the same path.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from sampan.papers.report import Measured, Setting, Table
from sampan.papers.rules import Rule

Json = str | int | float | bool | None | Sequence["Json"] | Mapping[str, "Json"]
Figures = Mapping[str, float]
Results = Mapping[str, Figures]
"""Figures of all pieces, by the pieces' names."""


@dataclass(frozen=True)
class Place:
    """What a piece is given while it runs.

    Attributes:
        folder: where it may leave files for later pieces.
        advance: tell how much of the piece is done, 0 … 1.
    """

    folder: Path
    advance: Callable[[float], None] = lambda _: None


@dataclass(frozen=True)
class Piece:
    """A part that runs by itself and whose figures are kept.

    Attributes:
        name: unique, and the name of its file: letters, digits, `.`, `_` and `-`.
        settings: everything that the figures depend on; other settings, another run.
        compute: the work.
        leaves: files in `Place.folder` that later pieces need; if one is missing the piece runs again.
    """

    name: str
    settings: Mapping[str, Json]
    compute: Callable[[Place], Figures]
    leaves: tuple[str, ...] = ()


class Reproduction(ABC):
    """One paper's claim in miniature: at most ten minutes on two cores; seconds if quick.

    Attributes:
        name: of the paper in the register.
        miniature: the claim as it is tested here.
        rules: what decides the verdict.
        notes: differences from the paper, and whatever readers must know.
        seeds: how many, unless the user says.
        revision: raise it when a change of code changes figures, so that old pieces are not taken for new.
    """

    name: ClassVar[str]
    miniature: ClassVar[str]
    rules: ClassVar[tuple[Rule, ...]]
    notes: ClassVar[tuple[str, ...]] = ()
    seeds: ClassVar[int] = 3
    revision: ClassVar[int] = 1

    @abstractmethod
    def setting(self, quick: bool, seeds: tuple[int, ...]) -> Setting:
        """What is run."""

    @abstractmethod
    def pieces(self, quick: bool, seeds: tuple[int, ...]) -> Sequence[Piece]:
        """All parts, in the order in which they run."""

    @abstractmethod
    def tables(self, results: Results, quick: bool, seeds: tuple[int, ...]) -> Sequence[Table]:
        """The figures as tables."""


def over_seeds(results: Results, piece: str, seeds: Sequence[int], figure: str) -> Measured:
    """A figure of the pieces called `piece.format(seed=…)`, seed by seed."""
    return Measured(values=tuple(results[piece.format(seed=seed)][figure] for seed in seeds))
