"""`sampan mine`: chooses images without labels for distillation, by the opinion of a trained teacher."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

EXAMPLES = """
**Examples**

`sampan mine runs/teacher photos/ -o mined.jsonl --per-class 400` keeps the 400 best scored images of each class.

`sampan mine runs/teacher photos/ -o mined.jsonl --held-out data/validation` leaves out what is in a validation set.

Then `sampan train student.yaml distillation.unlabelled.manifests=[mined.jsonl]` trains on them.
"""


def mine(
    run_folder: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of the teacher's run.")],
    pool: Annotated[list[Path], typer.Argument(metavar="FOLDER...", help="Images to choose from.")],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE", help="The list to write, one JSON a line.")
    ],
    per_class: Annotated[int, typer.Option(min=1, help="Images of each class.")] = 4000,
    held_out: Annotated[
        list[Path] | None, typer.Option(metavar="FOLDER", help="Images that must not be chosen, nor copies.")
    ] = None,
    key: Annotated[str, typer.Option(help="The teacher's output with logits.")] = "logits",
    batch_size: Annotated[int, typer.Option(min=1, help="Images at once.")] = 64,
    workers: Annotated[int, typer.Option(min=0, help="Processes that read images.")] = 0,
    cpu: Annotated[bool, typer.Option("--cpu", help="Stay on the CPU even where there is a GPU.")] = False,
) -> None:
    """Choose unlabelled images for distillation: the best scored of each class, without held-out ones."""
    from sampan.cli.rooms import load_tasks

    load_tasks()
    import sampan.training.distillation.mining as mining
    import sampan.training.run as run
    from sampan.training.devices import accelerator
    from sampan.training.distillation.options import UnlabelledPool
    from sampan.training.distillation.pool import pictures_in, pool_files

    files = pool_files(UnlabelledPool(folders=pool))
    kept_away = mining.HeldOut(file for folder in held_out or () for file in pictures_in(folder))
    recipe, whole = run.trained_model(run_folder)
    task = recipe.task()
    device = accelerator(recipe.train, cpu).device
    teacher = run.deployed(whole, task.deploy).to(device)
    left_out: list[str] = []
    scored = mining.score(task, teacher, files, key, batch_size, workers, device)
    chosen = mining.mine(scored, per_class, kept_away, left_out.append)
    out.parent.mkdir(parents=True, exist_ok=True)
    count = mining.write_manifest(out, chosen)
    classes = len({one.label for one in chosen})
    typer.echo(f"{out}: {count} of {len(files)} images, {classes} classes, {len(left_out)} held out")
