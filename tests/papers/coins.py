"""A reproduction of nothing, for tests: coins of which one is loaded; every throw is counted."""

from __future__ import annotations

from functools import partial

from sampan.papers.report import Column, Row, Setting, Table
from sampan.papers.reproduction import Piece, Place, Reproduction, over_seeds
from sampan.papers.rules import Cell, bounded, gains

LOADED = Cell("coins", "loaded", "heads")
FAIR = Cell("coins", "fair", "heads")


class Coins(Reproduction):
    name = "pp-lcnet"
    miniature = "A loaded coin shows heads more often."
    rules = (
        gains("the loaded coin shows more heads", LOADED, FAIR, by=10),
        bounded("the fair coin is fair", FAIR, at_least=30, at_most=70, unit="%", role="control"),
    )
    notes = ("Coins are not thrown.",)

    def __init__(self, heads: dict[str, list[float]], steps: int = 1) -> None:
        self.heads, self.steps = heads, steps
        self.thrown: list[str] = []

    def setting(self, quick: bool, seeds: tuple[int, ...]) -> Setting:
        return Setting(what="Coins.", data="None.", sizes={"throws": 100}, seeds=seeds, quick=quick)

    def pieces(self, quick: bool, seeds: tuple[int, ...]) -> list[Piece]:
        return [
            Piece(
                f"{coin}-{seed}",
                {"coin": coin, "seed": seed, "steps": self.steps, "shape": (1, 2)},
                partial(self._throw, coin, seed),
                leaves=(f"{coin}-{seed}.txt",),
            )
            for coin in self.heads
            for seed in seeds
        ]

    def tables(self, results, quick: bool, seeds: tuple[int, ...]) -> list[Table]:  # type: ignore[no-untyped-def]
        rows = [
            Row(
                name=coin,
                measured={"heads": over_seeds(results, coin + "-{seed}", seeds, "heads")},
                reported={"heads": 50.0} if coin == "fair" else {},
            )
            for coin in self.heads
        ]
        columns = (Column(name="heads", unit="%", better="higher"),)
        return [Table(name="coins", title="Coins", variants="coin", columns=columns, rows=tuple(rows))]

    def _throw(self, coin: str, seed: int, place: Place) -> dict[str, float]:
        self.thrown.append(f"{coin}-{seed}")
        (place.folder / f"{coin}-{seed}.txt").write_text("heads", encoding="utf-8")
        place.advance(1.0)
        return {"heads": self.heads[coin][seed]}
