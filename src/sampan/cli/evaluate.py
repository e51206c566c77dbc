"""`sampan eval`: measures a trained model on its validation data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

EXAMPLES = """
**Examples**

`sampan eval runs/cyrillic` measures the best weights of a run on the validation data of its recipe.

`sampan eval runs/cyrillic data.validation.seed=7 --json scores.json` measures on other data.

`sampan eval recipes/text-recognition-cyrillic.yaml --weights model.safetensors` needs no run.

`sampan eval runs/cyrillic --weights runs/cyrillic/checkpoints/step-00001200` measures one checkpoint.
"""


def evaluate(
    what: Annotated[Path, typer.Argument(metavar="RUN|RECIPE", help="Folder of a run, or a recipe.")],
    overrides: Annotated[
        list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="Values in place of the recipe's.")
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Safetensors file, run or checkpoint with the weights."),
    ] = None,
    batch_size: Annotated[int | None, typer.Option(min=1, help="Items at once.")] = None,
    cpu: Annotated[bool, typer.Option("--cpu", help="Stay on the CPU even where there is a GPU.")] = False,
    json_file: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="The figures.")] = None,
) -> None:
    """Measure a trained model on the validation data of its recipe."""
    from rich.console import Console
    from rich.table import Table

    from sampan.cli.rooms import find_recipe, load_tasks
    from sampan.errors import OptionError

    load_tasks()
    import sampan.training.recipe as recipes
    import sampan.training.run as run
    from sampan.training.devices import accelerator
    from sampan.training.evaluation import evaluate as measure
    from sampan.training.start import start_from

    is_run = what.is_dir()
    path = what / run.RECIPE if is_run else find_recipe(what)
    if not is_run and weights is None:
        raise OptionError(f"{what} is a recipe and no run: name the weights with --weights")
    recipe = recipes.load_recipe(path, overrides or [])[-1]
    task = recipe.task()
    data = task.validation_data()
    if data is None:
        raise OptionError(f"{path}: the recipe names no validation data")
    model = task.bare_model()
    start_from(model, weights or what)
    place = accelerator(recipe.train, cpu)
    size = batch_size or recipe.train.validation_batch_size or recipe.train.batch_size
    figures = measure(task, place.prepare_model(model, evaluation_mode=True), data, place, size)
    table = Table("figure", "value")
    for name, value in figures.items():
        table.add_row(name, f"{value:.6g}")
    Console().print(table)
    if json_file is not None:
        json_file.parent.mkdir(parents=True, exist_ok=True)
        json_file.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
