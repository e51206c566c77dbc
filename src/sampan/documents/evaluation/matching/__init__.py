"""Finds which predicted blocks stand for which annotated ones: one strategy a file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from sampan.documents.evaluation.levenshtein import Check
from sampan.documents.evaluation.matching.adaptive import adaptive_match
from sampan.documents.evaluation.matching.quick import quick_match
from sampan.documents.evaluation.matching.simple import no_split, simple_match
from sampan.documents.evaluation.matching.units import Match, Surplus, Unit, match_cost
from sampan.documents.evaluation.matching.windowed import windowed_match

Strategy = Callable[[list[Unit], list[Unit], Surplus, Check | None], list[Match]]
MatchName = Literal["adaptive", "quick", "simple", "none"]

STRATEGIES: dict[MatchName, Strategy] = {
    "adaptive": adaptive_match,
    "quick": quick_match,
    "simple": simple_match,
    "none": no_split,
}

__all__ = ["STRATEGIES", "Match", "MatchName", "Strategy", "Surplus", "Unit", "match_cost", "windowed_match"]
