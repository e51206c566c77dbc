"""PicoDet as an ONNX graph in the form of the released layout models, which `sampan parse` reads.

Input `image` (B, 3, H, W); for each level probabilities (B, H·W, C), then for each level distance logits (B, H·W, 32);
the names of the classes in the file's `character`, one a line.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from torch import Tensor, nn

from sampan.vision.detection.picodet import PicoDet
from sampan.vision.weights.export import ExportForm, ExportReport, export_onnx
from sampan.vision.weights.precision import Precision

STRIDE = 32
"""Sizes of inputs are multiples of this; the level of stride 64 takes its half columns too."""


def export_detector(
    model: PicoDet,
    path: Path | str,
    classes: Sequence[str],
    size: tuple[int, int] = (800, 608),
    precision: Precision = "fp32",
) -> ExportReport:
    """Write the detector with free batch, height and width; `size` is an ordinary input's.

    Raises:
        WeightsError: the graph computes something else than the module.
    """
    strides = model.head.strides
    outputs: dict[str, Callable[[dict[str, Tensor]], Tensor]] = {
        f"{kind}_{stride}": _take(f"{kind}_{stride}")
        for kind in ("scores", "distances")
        for stride in strides
    }
    form = ExportForm((3, *size), outputs, multiple=STRIDE, input="image")
    return export_onnx(
        LevelOutputs(model), path, form, metadata={"character": "\n".join(classes)}, precision=precision
    )


class LevelOutputs(nn.Module):
    """The detector's predictions level by level, by the names of the graph's outputs."""

    def __init__(self, model: PicoDet) -> None:
        super().__init__()
        self.model = model

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        head = self.model.head
        outputs: dict[str, Tensor] = {}
        for number, features in enumerate(self.model.neck(self.model.backbone(image))):
            scores, distances = head.level_scores(number, features)
            outputs[f"scores_{head.strides[number]}"] = scores
            outputs[f"distances_{head.strides[number]}"] = distances
        return outputs


def _take(name: str) -> Callable[[dict[str, Tensor]], Tensor]:
    return lambda outputs: outputs[name]
