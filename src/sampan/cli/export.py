"""`sampan export`: takes the trained model out of a run, as safetensors or ONNX."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

EXAMPLES = """
**Examples**

`sampan export runs/cyrillic -o cyrillic.onnx` writes a graph and compares it with the model.

`sampan export runs/cyrillic -o cyrillic.onnx --precision fp16` stores the weights in half the space.

`sampan export runs/pair -o peer.safetensors --part peer` takes one model of several.

`sampan export runs/cyrillic -o model.safetensors` writes the public layout, if the model has one.
"""


class Precision(StrEnum):
    """How an ONNX file stores weights; computing is in float32 always."""

    fp32 = "fp32"
    fp16 = "fp16"
    int8 = "int8"


def export(
    run_folder: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run.")],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE", help="What to write: .onnx or .safetensors.")
    ],
    part: Annotated[
        str | None, typer.Option(metavar="NAME", help="One model of several. [default: the deployed one]")
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Other weights: safetensors, or a checkpoint's folder."),
    ] = None,
    precision: Annotated[Precision, typer.Option(help="How ONNX stores the weights.")] = Precision.fp32,
) -> None:
    """Write a trained model as ONNX, checked against the model, or as safetensors."""
    from sampan.cli.rooms import load_tasks
    from sampan.errors import OptionError

    suffix = out.suffix.lower()
    if suffix not in (".onnx", ".safetensors"):
        raise OptionError(f"{out}: the name must end in .onnx or .safetensors")
    if suffix == ".safetensors" and precision is not Precision.fp32:
        raise OptionError(f"--precision {precision.value} is for .onnx; {out} keeps the weights as they are")
    load_tasks()
    import sampan.training.run as run
    from sampan.training.start import write_weights

    recipe, whole = run.trained_model(run_folder, weights)
    task = recipe.task()
    model = run.deployed(whole, task.deploy if part is None else part)
    out.parent.mkdir(parents=True, exist_ok=True)
    if suffix == ".onnx":
        found = task.export_onnx(model, out, precision.value)
        figures = "  ".join(f"{name} {value}" for name, value in found.items())
        typer.echo(f"{out}: {figures}")
        return
    tensors = task.public_tensors(model)
    write_weights(out, tensors)
    typer.echo(
        f"{out}: {sum(value.numel() for value in tensors.values()):,} numbers in {len(tensors)} tensors"
    )
