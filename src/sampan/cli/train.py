"""`sampan train`: trains what a recipe describes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

EXAMPLES = """
**Examples**

`sampan train recipes/text-recognition-cyrillic.yaml -o runs/cyrillic` trains; Ctrl-C ends it with a checkpoint.

`sampan train recipes/text-recognition-cyrillic.yaml -o runs/cyrillic --resume --minutes 25` goes on for 25 minutes.

`sampan train my.yaml -o runs/a train.lr=3e-4 train.epochs=5` replaces single values of the recipe.

`sampan train my.yaml -o runs/pair distillation.preset=u-dml` trains two models that teach each other.

`sampan train my.yaml --print-recipe` prints the recipe with all defaults and trains nothing.

`torchrun --no-python --nproc-per-node 4 sampan train my.yaml -o runs/a train.precision=bf16` uses four GPUs.
"""


def train(
    recipe: Annotated[Path, typer.Argument(metavar="RECIPE", help="YAML file, or a name in ./recipes.")],
    overrides: Annotated[
        list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="Values in place of the recipe's.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="RUN", help="Folder of the run. [default: runs/RECIPE]"),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the folder's last checkpoint.")
    ] = False,
    print_recipe: Annotated[
        bool, typer.Option("--print-recipe", help="Print the recipe with all defaults and end.")
    ] = False,
    cpu: Annotated[bool, typer.Option("--cpu", help="Stay on the CPU even where there is a GPU.")] = False,
    threads: Annotated[int | None, typer.Option(min=1, help="Threads of the CPU. [default: all]")] = None,
    minutes: Annotated[
        float | None, typer.Option(min=0.0, help="End with a checkpoint after so long; --resume goes on.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Train a model by a recipe: with checkpoints, validation, curves, and exact resuming."""
    from rich.console import Console

    from sampan.cli.rooms import find_recipe, load_tasks

    load_tasks()
    path = find_recipe(recipe)
    import sampan.training.recipe as recipes
    import sampan.training.run as run

    stages = recipes.load_recipe(path, overrides or [])
    if print_recipe:
        typer.echo(recipes.as_yaml(stages), nl=False)
        return
    folder = out or Path("runs") / path.stem
    console = None if quiet else Console(stderr=True)
    seconds = None if minutes is None else minutes * 60
    outcome = run.train(stages, folder, resume, console, cpu, seconds, threads)
    figures = "  ".join(f"{name} {value:.4f}" for name, value in outcome.figures.items())
    state = "trained" if outcome.finished else "stopped; go on with --resume"
    typer.echo(f"{folder}: {state} at step {outcome.step}{'  best: ' + figures if figures else ''}")
