"""How a task in a worker process may end, other than well."""

from __future__ import annotations

import os
from typing import Any

from sampan import errors
from sampan.errors import InputError, LimitError, SampanError


class TaskEndedError(InputError):
    """The task did not come to its own end; `page` was in hand."""

    exit_code = 1
    page: int | None = None
    cause = "the process that read it died"
    """The same in few words, and always the same words."""
    may_go_around = True
    """Whether the other pages may be read without this one."""

    def __str__(self) -> str:
        return super().__str__() if self.page is None else f"page {self.page}: {super().__str__()}"


class WorkerDiedError(TaskEndedError):
    """The process that did the task crashed or was killed."""


class WorkerLostError(WorkerDiedError):
    """The machine or program beside the process is gone, through no fault of the task."""


class TimeLimitError(TaskEndedError, LimitError):
    """The task took longer than allowed and was ended."""

    cause = "it took longer than the limit for a page"


class FileTimeLimitError(TimeLimitError):
    """All pages together took longer than allowed."""

    may_go_around = False


class MemoryLimitError(TaskEndedError, LimitError):
    """The task took more memory than allowed and was ended."""

    cause = "it took more memory than the limit"


class CancelledError(SampanError):
    """The task was cancelled."""


class DefectError(SampanError):
    """An error in the task that is neither the input's nor the user's; `trace` is its traceback."""

    trace = ""


_KNOWN: dict[str, type[SampanError]] = {
    name: kind
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, SampanError)
}


def error_from(message: dict[str, Any]) -> SampanError:
    """What was raised inside, raised outside as the class that both sides know."""
    kind = _KNOWN.get(message["kind"])
    if kind is None:
        defect = DefectError(message["message"])
        defect.trace = message["trace"]
        return defect
    error = kind(message["message"])
    if message["errno"] is not None:
        # Callers tell a full disk, which stops everything, from a name that is too long.
        error.__cause__ = OSError(message["errno"], os.strerror(message["errno"]))
    return error
