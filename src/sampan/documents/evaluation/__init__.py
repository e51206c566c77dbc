"""Measures how well pages were read: matching of blocks, text edit distance, TEDS, reading order."""

from __future__ import annotations

from sampan.documents.evaluation.levenshtein import edit_distance, normalised_edit_distance
from sampan.documents.evaluation.teds import teds

__all__ = ["edit_distance", "normalised_edit_distance", "teds"]
