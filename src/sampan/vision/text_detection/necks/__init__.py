"""Necks: four pyramid levels (strides 4, 8, 16, 32) fused into one map of stride 4."""

from __future__ import annotations

from sampan.vision.text_detection.necks.dbfpn import DBFPN
from sampan.vision.text_detection.necks.intra_cl import IntraCL
from sampan.vision.text_detection.necks.lk_pan import LKPAN
from sampan.vision.text_detection.necks.pyramid import Fused, Neck
from sampan.vision.text_detection.necks.rep_lk_fpn import RepLKFPN
from sampan.vision.text_detection.necks.rep_lk_pan import RepLKPAN
from sampan.vision.text_detection.necks.rse_fpn import RSEFPN, ResidualSE

__all__ = ["DBFPN", "LKPAN", "RSEFPN", "Fused", "IntraCL", "Neck", "RepLKFPN", "RepLKPAN", "ResidualSE"]
