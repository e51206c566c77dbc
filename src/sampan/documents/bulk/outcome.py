"""What became of a document, for the journal, for people and for programs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that went wrong: on a page, in a stage, or (both None) with the whole document."""

    message: str
    page: int | None = None
    stage: str | None = None

    def __str__(self) -> str:
        if self.stage is None:
            return self.message
        return f"{f'page {self.page}: ' if self.page else ''}{self.stage}: {self.message}"


@dataclass(slots=True)
class Outcome:
    """What became of a job."""

    name: str
    seconds: float = 0.0
    """Of reading and writing, summed over the workers that took part."""
    pages: int = 0
    blocks: int = 0
    tables: int = 0
    files: dict[str, str] = field(default_factory=dict)
    """Format → path."""
    failures: list[Fault] = field(default_factory=list)
    """What failed inside the document and was survived."""
    error: str | None = None
    """Why there is no result."""
    page: int | None = None
    """The page that `error` is about, where it is about one."""
    exit_code: int = 0
    attempts: int = 1
    earlier: bool = False
    """Done by an earlier run and not repeated."""

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "name": self.name, "seconds": round(self.seconds, 3), "pages": self.pages, "blocks": self.blocks,
            "tables": self.tables, "files": self.files, "failures": [str(fault) for fault in self.failures],
            "error": self.error, "page": self.page, "exit_code": self.exit_code, "attempts": self.attempts,
            "earlier": self.earlier,
        }  # fmt: skip

    def faults(self) -> list[Fault]:
        """Everything that went wrong."""
        return [Fault(self.error, self.page)] if self.error is not None else self.failures
