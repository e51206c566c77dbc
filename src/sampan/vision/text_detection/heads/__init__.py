"""Heads: from the neck's map to the probability of text at full resolution."""

from __future__ import annotations

from sampan.vision.text_detection.heads.db_head import DBHead, MapBranch
from sampan.vision.text_detection.heads.pf_head_local import PFHeadLocal

__all__ = ["DBHead", "MapBranch", "PFHeadLocal"]
