"""Evaluates many pages, in several processes."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

from sampan.documents.evaluation.page import EvaluationOptions, PageResult, evaluate_page
from sampan.documents.evaluation.sources import Case
from sampan.errors import OptionError


def _one(case: Case, options: EvaluationOptions) -> PageResult:
    return evaluate_page(case.truth, case.elements, options)


def evaluate_cases(
    cases: list[Case], options: EvaluationOptions | None = None, workers: int = 1
) -> Iterator[PageResult]:
    """Results in the order of the cases, one by one as they are ready."""
    options = options or EvaluationOptions()
    if workers < 1:
        raise OptionError(f"--workers is {workers}: give 1 or more")
    if workers == 1 or len(cases) < 2:
        yield from (_one(case, options) for case in cases)
        return
    with ProcessPoolExecutor(min(workers, len(cases)), mp_context=get_context("spawn")) as pool:
        yield from pool.map(partial(_one, options=options), cases, chunksize=1 + len(cases) // (16 * workers))
