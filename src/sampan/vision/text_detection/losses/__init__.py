"""Losses of text detection: each takes maps and masks, and knows no model."""

from __future__ import annotations

from sampan.vision.text_detection.losses.balanced import balanced, binary_cross_entropy
from sampan.vision.text_detection.losses.db import DBLoss, MainLoss
from sampan.vision.text_detection.losses.dice import dice
from sampan.vision.text_detection.losses.focal import masked_focal
from sampan.vision.text_detection.losses.masked_l1 import masked_l1
from sampan.vision.text_detection.losses.teacher_map import TeacherMapLoss, dilate

__all__ = [
    "DBLoss",
    "MainLoss",
    "TeacherMapLoss",
    "balanced",
    "binary_cross_entropy",
    "dice",
    "dilate",
    "masked_focal",
    "masked_l1",
]
