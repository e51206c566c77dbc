"""Bricks that the networks share, with one exact `fuse()` for every re-parameterised one."""

from __future__ import annotations

from sampan.vision.blocks.conv import ConvBN, LearnableAffine, activation, make_divisible
from sampan.vision.blocks.fusion import Fusable, fuse
from sampan.vision.blocks.rep import DilatedReparam, RepConv, RepDepthwise
from sampan.vision.blocks.se import SqueezeExcitation
from sampan.vision.blocks.statistics import restore_statistics

__all__ = [
    "ConvBN",
    "DilatedReparam",
    "Fusable",
    "LearnableAffine",
    "RepConv",
    "RepDepthwise",
    "SqueezeExcitation",
    "activation",
    "fuse",
    "make_divisible",
    "restore_statistics",
]
