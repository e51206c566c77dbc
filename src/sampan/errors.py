"""Sampan's own errors: every message names the value, the limit and the mend.

Everything raised on purpose derives from `SampanError`; doors print the message
without a traceback and exit with `exit_code`.
"""

from __future__ import annotations


class SampanError(Exception):
    """Base of all errors that are the input's or the user's, not a defect."""

    exit_code = 1

    def __init__(self, message: object = "") -> None:
        """One line that a terminal can show: names of files may hold line ends, escapes and broken characters."""
        text = str(message)
        if not text.isprintable():
            text = "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)
        super().__init__(text)


class InputError(SampanError):
    """The file cannot be read: empty, truncated, of an unknown kind, unreadable."""

    exit_code = 3


class PasswordError(InputError):
    """The PDF is encrypted and the password is missing or wrong."""


class LimitError(InputError):
    """The input is larger than a limit allows (pixels, pages, bytes)."""


class OptionError(SampanError):
    """An option has a value that cannot be used."""

    exit_code = 2


class WeightsError(SampanError):
    """A model's weights are missing, damaged, or cannot be fetched."""

    exit_code = 4


class OutputError(SampanError):
    """A result cannot be written: no such folder, no right to write, disk full."""

    exit_code = 5
