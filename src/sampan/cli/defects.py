"""What the command line says of errors that are Sampan's own fault."""

from __future__ import annotations

import os


def show_traceback() -> bool:
    """Whether the user asked for tracebacks, by setting SAMPAN_DEBUG."""
    return bool(os.environ.get("SAMPAN_DEBUG"))


def describe(error: Exception) -> str:
    """One line that names the error and how to learn more."""
    return (
        f"unexpected {type(error).__name__}: {error} (this is a defect of sampan; "
        "SAMPAN_DEBUG=1 shows where it happened)"
    )
