"""`curves.png`: loss terms, learning rate and validation figures of a run over its steps."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

NOT_FIGURES = {"kind", "step", "epoch", "seconds"}
TRAINING = {"lr", "gradient_norm", "items_per_second"}


def draw_curves(events: Sequence[dict[str, Any]], path: Path) -> None:
    """Draws one panel for the losses, one for the learning rate, and one for each validation figure.

    Args:
        events: of `read_events`.
        path: of the PNG; its folder must exist.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    training = [event for event in events if event["kind"] == "train"]
    validation = [event for event in events if event["kind"] == "validation"]
    terms = [name for name in _names(training) if name not in TRAINING]
    panels: list[tuple[str, list[dict[str, Any]], list[str]]] = []
    if terms:
        panels.append(("loss", training, terms))
    if training:
        panels.append(("learning rate", training, ["lr"]))
    panels += [(name, validation, [name]) for name in _names(validation)]
    if not panels:
        return
    columns = min(len(panels), 3)
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(5 * columns, 3.4 * rows), layout="constrained")
    FigureCanvasAgg(figure)
    for index, (title, source, names) in enumerate(panels):
        axes = figure.add_subplot(rows, columns, index + 1)
        for name in names:
            points = [(event["step"], event[name]) for event in source if event.get(name) is not None]
            axes.plot(
                [step for step, _ in points],
                [value for _, value in points],
                label=name,
                linewidth=1.2,
                marker="o" if source is validation else None,
                markersize=3,
            )
        values = [event[name] for event in source for name in names if event.get(name) is not None]
        if title == "loss" and values and min(values) > 0:
            axes.set_yscale("log")
        if len(names) > 1:
            axes.legend(fontsize=7)
        axes.set_title(title, fontsize=10)
        axes.set_xlabel("step", fontsize=8)
        axes.tick_params(labelsize=7)
        axes.grid(alpha=0.3)
    part = path.with_suffix(".part.png")
    figure.savefig(part, dpi=110)
    part.replace(path)


def _names(events: Sequence[dict[str, Any]]) -> list[str]:
    """Figures' names in the order in which they first come up."""
    return [
        name for name in dict.fromkeys(key for event in events for key in event) if name not in NOT_FIGURES
    ]
