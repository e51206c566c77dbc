"""The papers as data: what each one claims, where it lives in Sampan, and how far it has come."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sampan.errors import OptionError, SampanError

State = Literal["planned", "partial", "done"]


class Paper(BaseModel):
    """One paper. `register.yaml` says what the fields mean."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")
    subject: str
    title: str
    authors: str
    arxiv: str = Field(pattern=r"^\d{4}\.\d{5}$")
    year: int = Field(ge=2018)
    venue: str | None = None
    licence: str
    claim: str
    room: str
    state: State
    here: str | None = None
    files: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _says_what_works(self) -> Self:
        if (self.state == "planned") != (self.here is None and not self.files):
            raise ValueError(
                f"{self.name}: `here` and `files` are for papers that are no longer only planned"
            )
        return self

    @property
    def url(self) -> str:
        return f"https://arxiv.org/abs/{self.arxiv}"


class Register(BaseModel):
    """All papers, and the yardsticks, by name and without repetition."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    papers: tuple[Paper, ...]
    yardsticks: tuple[Paper, ...]

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        names = [paper.name for paper in (*self.papers, *self.yardsticks)]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"named twice: {', '.join(twice)}")
        return self

    def find(self, name: str) -> Paper:
        """The paper called `name` (or its subject, whatever the case), or an error with the nearest name."""
        known = {paper.name: paper for paper in (*self.papers, *self.yardsticks)}
        subjects = {paper.subject.lower(): paper for paper in known.values()}
        found = known.get(name.lower()) or subjects.get(name.lower())
        if found is not None:
            return found
        from difflib import get_close_matches

        near = get_close_matches(name.lower(), [*known, *subjects], n=1, cutoff=0.5)
        hint = f"did you mean '{near[0]}'?" if near else "`sampan papers` lists all"
        raise OptionError(f"no paper is called '{name}': {hint}")


@cache
def load() -> Register:
    """The register that is part of the package."""
    import yaml

    text = files("sampan.papers").joinpath("register.yaml").read_text(encoding="utf-8")
    try:
        return Register.model_validate(yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    except ValidationError as error:
        raise SampanError(f"the register of papers is not valid: {error}") from error
