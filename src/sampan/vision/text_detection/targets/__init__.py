"""What a detector must predict for a picture: the maps of differentiable binarisation."""

from __future__ import annotations

from sampan.vision.text_detection.targets.db_maps import DBTargets, TargetRules, db_targets, shrink_ratio
from sampan.vision.text_detection.targets.shrink_map import shrink_map
from sampan.vision.text_detection.targets.threshold_map import threshold_map

__all__ = ["DBTargets", "TargetRules", "db_targets", "shrink_map", "shrink_ratio", "threshold_map"]
