"""Losses of recognisers; each takes tensors and gives a scalar."""

from __future__ import annotations

from sampan.vision.text_recognition.losses.ace import ACELoss
from sampan.vision.text_recognition.losses.attention import GuidanceLoss
from sampan.vision.text_recognition.losses.center import CenterLoss
from sampan.vision.text_recognition.losses.ctc import CTCLoss

__all__ = ["ACELoss", "CTCLoss", "CenterLoss", "GuidanceLoss"]
