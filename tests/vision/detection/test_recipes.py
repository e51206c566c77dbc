"""The recipes of pages and tables in `recipes/` say only what their tasks know."""

from __future__ import annotations

from pathlib import Path

import pytest

import sampan.vision.detection.task
import sampan.vision.tables.task  # noqa: F401 - registers the task
from sampan.training.recipe import load_recipe
from sampan.vision.detection.dense_loss import DenseLoss
from sampan.vision.detection.task import dense_loss

RECIPES = sorted(
    path
    for kind in ("picodet", "layout-detection", "table-structure")
    for path in (Path(__file__).parents[3] / "recipes").glob(f"{kind}*.yaml")
)


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_is_valid_and_names_a_task(path: Path) -> None:
    for recipe in load_recipe(path):
        assert recipe.task_name in ("layout-detection", "table-structure")
        recipe.task()


def test_rules_choose_assigners_and_weights() -> None:
    def loss(name: str) -> DenseLoss:
        path = next(path for path in RECIPES if path.stem == name)
        return dense_loss(load_recipe(path)[0].options.loss)  # type: ignore[attr-defined]

    paper, modern = loss("picodet-s-coco"), loss("picodet-v2-s-coco")
    assert type(paper.assigner).__name__ == "SimOTA" and not paper.weigh_by_quality
    assert (paper.class_weight, paper.box_weight, paper.side_weight) == (1, 2, 0.25)
    assert type(modern.assigner).__name__ == "SwitchingAssigner" and modern.weigh_by_quality
    assert (modern.class_weight, modern.box_weight, modern.side_weight) == (1, 2.5, 0.5)
