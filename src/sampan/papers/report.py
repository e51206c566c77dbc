"""What a reproduction found: the paper's claim, what was run, what was measured, and a verdict.

The verdict is never set: it follows from findings, and those from rules that the reproduction wrote down
before it ran (`rules.py`). Nothing here knows what kind of model was measured.
"""

from __future__ import annotations

from math import sqrt
from pathlib import Path
from statistics import fmean, stdev
from typing import Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    ValidationError,
    computed_field,
    model_validator,
)

from sampan.errors import InputError

Verdict = Literal["reproduced", "partly", "not at this scale"]
Role = Literal["claim", "control", "aside"]


class Measured(BaseModel):
    """One figure, measured once for every seed, in the order of the seeds."""

    # Mean, spread and n are written for readers and computed again when read.
    model_config = ConfigDict(extra="ignore", frozen=True)

    values: tuple[FiniteFloat, ...] = Field(min_length=1)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def mean(self) -> float:
        return fmean(self.values)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def spread(self) -> float | None:
        """Standard deviation over seeds (n - 1 in the denominator); None of a single value."""
        return stdev(self.values) if len(self.values) > 1 else None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def n(self) -> int:
        return len(self.values)

    def minus(self, other: Measured) -> Measured:
        """Differences seed by seed.

        Raises:
            ValueError: the two were measured for different numbers of seeds.
        """
        return Measured(values=tuple(a - b for a, b in zip(self.values, other.values, strict=True)))

    @property
    def standard_error(self) -> float:
        """Of the mean; 0 of a single value, of which it cannot be known."""
        return 0.0 if self.spread is None else self.spread / sqrt(self.n)


class Column(BaseModel):
    """What is measured in a column of a table.

    Attributes:
        name: as a heading says it, "accuracy".
        unit: "%", "ms"; empty for pure numbers.
        digits: after the decimal point.
        better: the direction that is good, where there is one.
        drawn: whether the picture has a panel for it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    unit: str = ""
    digits: int = Field(default=2, ge=0, le=8)
    better: Literal["higher", "lower"] | None = None
    drawn: bool = True


class Row(BaseModel):
    """One variant: what was measured of it, and what the paper reports of it, by the columns' names."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    measured: dict[str, Measured]
    reported: dict[str, float | str] = {}


class Table(BaseModel):
    """Variants by figures. A row need not have every column.

    Attributes:
        name: by which rules find it, "latency".
        title: by which people find it.
        variants: heading of the first column, "network".
        reported: what the paper's figures are, if any row has them: data, machine, size.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    title: str
    variants: str = "variant"
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    reported: str = ""

    @model_validator(mode="after")
    def _cells_have_columns(self) -> Self:
        names = [column.name for column in self.columns]
        for kind, all_of in (("column", names), ("row", [row.name for row in self.rows])):
            twice = sorted({name for name in all_of if all_of.count(name) > 1})
            if twice:
                raise ValueError(f"table {self.name} has a {kind} twice: {', '.join(twice)}")
        for row in self.rows:
            strange = sorted({*row.measured, *row.reported} - set(names))
            if strange:
                raise ValueError(f"table {self.name}, row {row.name}: no column is called {strange[0]}")
        return self

    def cell(self, row: str, column: str) -> Measured:
        """What was measured there.

        Raises:
            KeyError: nothing was.
        """
        for one in self.rows:
            if one.name == row:
                return one.measured[column]
        raise KeyError(row)


class Finding(BaseModel):
    """A rule and what came of it.

    Attributes:
        statement: what the rule says, in words.
        role: a claim decides the verdict; a control must hold for claims to mean anything; an aside is told only.
        needs: the bound.
        found: the figures.
        holds: whether they keep it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    statement: str
    role: Role
    needs: str
    found: str
    holds: bool


class Setting(BaseModel):
    """What was run, on what, at which size.

    Attributes:
        what: the experiment in a few sentences.
        data: where the data come from.
        sizes: steps, images, widths, …: by name.
        seeds: one run of every variant for each.
        quick: a run that only shows that everything works.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    what: str
    data: str
    sizes: dict[str, int | float | str] = {}
    seeds: tuple[int, ...]
    quick: bool


class Machine(BaseModel):
    """Where it ran; `load` is the mean number of busy processes in the minute before (0: idle or unknown)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    processor: str
    cores: int
    load: float
    software: dict[str, str]


class Report(BaseModel):
    """All of a reproduction. `verdict` and `because` are computed, when it is read too.

    Attributes:
        paper: its name in the register.
        title: of the paper.
        claim: the paper's, from the register.
        miniature: the claim as it was tested here.
        setting: what was run.
        tables: what was measured.
        findings: what the rules say about it.
        notes: where this differs from the paper, and anything else that a reader must know.
        seconds: wall time of all pieces, also of those that were finished by earlier runs.
        cpu_seconds: processor time of the same.
        machine: where the report was made.
        date: ISO, of the day when the report was made.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    paper: str
    title: str
    claim: str
    miniature: str
    setting: Setting
    tables: tuple[Table, ...]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()
    seconds: float
    cpu_seconds: float
    machine: Machine
    date: str

    @computed_field  # type: ignore[prop-decorator]
    @property
    def verdict(self) -> Verdict:
        """Reproduced: every claim holds. Partly: some do. Not at this scale: none, or a control fails, or quick."""
        claims = [finding.holds for finding in self.findings if finding.role == "claim"]
        if self.setting.quick or self._failed("control") or not any(claims):
            return "not at this scale"
        return "reproduced" if all(claims) else "partly"

    @computed_field  # type: ignore[prop-decorator]
    @property
    def because(self) -> str:
        """The verdict's reason, in a sentence."""
        if self.setting.quick:
            return "A quick run shows that everything runs, not whether the claim holds."
        controls = self._failed("control")
        if controls:
            return f"A control failed, so the claim was not tested: {_told(controls)}."
        claims = [finding for finding in self.findings if finding.role == "claim"]
        failed = self._failed("claim")
        count = f"{len(claims) - len(failed)} of {len(claims)} statements hold"
        return f"{count}; not: {_told(failed)}." if failed else f"{count}."

    def _failed(self, role: Role) -> list[Finding]:
        return [finding for finding in self.findings if finding.role == role and not finding.holds]

    def write(self, path: Path) -> None:
        """The report as JSON."""
        part = path.with_suffix(".part")
        part.write_text(self.model_dump_json(indent=1) + "\n", encoding="utf-8")
        part.replace(path)

    @classmethod
    def read(cls, path: Path) -> Report:
        """A report that `write` wrote.

        Raises:
            InputError: there is none, or it is not valid.
        """
        try:
            return cls.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            raise InputError(f"{path}: there is no report; `sampan reproduce NAME` makes one") from None
        except ValidationError as error:
            raise InputError(f"{path} is not a report: {error.errors()[0]['msg']}") from error


def _told(findings: list[Finding]) -> str:
    return "; ".join(f"{finding.statement} (found {finding.found})" for finding in findings)
