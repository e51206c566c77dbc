"""Classifiers of pages and text lines."""

from __future__ import annotations

from sampan.vision.classification.line_classifier import LineClassifier
from sampan.vision.classification.pp_lcnet_classifier import PPLCNetClassifier

__all__ = ["LineClassifier", "PPLCNetClassifier"]
