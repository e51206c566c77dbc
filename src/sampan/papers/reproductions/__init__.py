"""Reproductions, one a file, found by the names of their papers; `papers/reproduction.py` tells how to write one."""

from __future__ import annotations

import re
from difflib import get_close_matches
from importlib import import_module
from importlib.util import find_spec

from sampan.errors import OptionError
from sampan.papers.register import load
from sampan.papers.reproduction import Reproduction

HERE = "sampan.papers.reproductions"


def names() -> list[str]:
    """Papers with a reproduction, in the register's order. Imports none of them."""
    return [paper.name for paper in (*load().papers, *load().yardsticks) if find_spec(_module(paper.name))]


def find(name: str) -> Reproduction:
    """The reproduction of a paper by its name or its subject, whatever the case.

    Raises:
        OptionError: there is none; a package that it needs is not installed.
    """
    known = names()
    subjects = {load().find(one).subject.lower(): one for one in known}
    found = name.lower() if name.lower() in known else subjects.get(name.lower())
    if found is None:
        near = get_close_matches(name.lower(), [*known, *subjects], n=1, cutoff=0.5)
        hint = f"did you mean '{near[0]}'?" if near else "`sampan reproduce --list` lists all"
        raise OptionError(f"no paper called '{name}' is reproduced: {hint}")
    try:
        module = import_module(_module(found))
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("sampan"):
            raise
        raise OptionError(
            f"reproducing {found} needs {error.name}: install it with `pip install 'sampan[torch]' {error.name}`"
        ) from error
    made: Reproduction = module.Reproduce()
    return made


def _module(name: str) -> str:
    return f"{HERE}.{re.sub(r'[^a-z0-9]', '_', name)}"
