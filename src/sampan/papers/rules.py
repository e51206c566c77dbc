"""Rules that turn tables into findings, written down in a reproduction before it runs.

Variants are compared seed by seed: both sides of a difference saw the same data and the same draws. A
difference counts as found if its mean reaches the bound and is more than twice its standard error, so one
lucky seed of three is not enough.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sampan.papers.report import Finding, Measured, Role, Table

Tables = Mapping[str, Table]
ERRORS = 2.0
"""Standard errors that a difference must stand away from nought."""


@dataclass(frozen=True)
class Cell:
    """Where a figure stands: table, row and column by name."""

    table: str
    row: str
    column: str

    def of(self, tables: Tables) -> Measured:
        """What was measured there."""
        return tables[self.table].cell(self.row, self.column)


@dataclass(frozen=True)
class Rule:
    """A statement that figures can keep or break.

    Attributes:
        statement: what it says, without a full stop.
        needs: the bound in words.
        judge: tables by name → (whether it holds, the figures in words).
        role: as `Finding.role`.
    """

    statement: str
    needs: str
    judge: Callable[[Tables], tuple[bool, str]]
    role: Role = "claim"

    def apply(self, tables: Tables) -> Finding:
        """The finding."""
        holds, found = self.judge(tables)
        return Finding(
            statement=self.statement, role=self.role, needs=self.needs, found=found, holds=bool(holds)
        )


def gains(
    statement: str, cell: Cell, over: Cell, by: float = 0.0, unit: str = "points", role: Role = "claim"
) -> Rule:
    """`cell` exceeds `over` by at least `by`, beyond the noise of seeds. Swap the two where lower is better."""

    def judge(tables: Tables) -> tuple[bool, str]:
        difference = cell.of(tables).minus(over.of(tables))
        holds = difference.mean >= by and difference.mean > ERRORS * difference.standard_error
        return holds, _difference(difference, unit)

    return Rule(statement, f"≥ {by:g} {unit} and more than {ERRORS:g} standard errors", judge, role)


def keeps(
    statement: str, cell: Cell, of: Cell, within: float, unit: str = "points", role: Role = "claim"
) -> Rule:
    """`cell` is at most `within` below `of` in the mean. Swap the two where lower is better."""

    def judge(tables: Tables) -> tuple[bool, str]:
        difference = cell.of(tables).minus(of.of(tables))
        return difference.mean >= -within, _difference(difference, unit)

    return Rule(statement, f"≥ −{within:g} {unit}", judge, role)


def ratio(
    statement: str,
    cell: Cell,
    over: Cell,
    at_least: float | None = None,
    at_most: float | None = None,
    role: Role = "claim",
) -> Rule:
    """The mean of `cell` divided by that of `over` lies within bounds."""

    def judge(tables: Tables) -> tuple[bool, str]:
        value = cell.of(tables).mean / over.of(tables).mean
        return _within(value, at_least, at_most), f"{value:.3g}×"

    return Rule(statement, _bounds(at_least, at_most, "×"), judge, role)


def bounded(
    statement: str,
    cell: Cell,
    at_least: float | None = None,
    at_most: float | None = None,
    unit: str = "",
    role: Role = "claim",
) -> Rule:
    """Every seed's value of `cell` lies within bounds."""

    def judge(tables: Tables) -> tuple[bool, str]:
        values = cell.of(tables).values
        low, high = min(values), max(values)
        told = f"{low:.4g}" if low == high else f"{low:.4g} to {high:.4g}"
        return all(_within(value, at_least, at_most) for value in values), f"{told}{unit and ' ' + unit}"

    return Rule(statement, _bounds(at_least, at_most, unit and " " + unit), judge, role)


def _within(value: float, at_least: float | None, at_most: float | None) -> bool:
    return (at_least is None or value >= at_least) and (at_most is None or value <= at_most)


def _bounds(at_least: float | None, at_most: float | None, unit: str) -> str:
    if at_least is None and at_most is None:
        raise ValueError("a rule needs a bound: at_least, at_most, or both")
    told = [] if at_least is None else [f"≥ {at_least:g}{unit}"]
    return " and ".join(told + ([] if at_most is None else [f"≤ {at_most:g}{unit}"]))


def _difference(difference: Measured, unit: str) -> str:
    spread = "" if difference.spread is None else f" ± {difference.standard_error:.2g} (standard error)"
    return f"{difference.mean:+.3g}{spread} {unit}"
