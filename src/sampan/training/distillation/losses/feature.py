"""Distance of two models' feature maps: U-DML's third loss (PP-OCRv2, arXiv 2109.03144, §2.2; PP-LCNet's UDML).

    l2         mean (a - b)²
    l1         mean |a - b|
    smooth-l1  quadratic below 1, straight above
    cosine     1 - cosine of the channel vectors, mean over positions (channels in dimension 1)

When the learner has other channels than the guide, a 1×1 projection is trained with it and dropped afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from torch import Tensor, nn
from torch.nn import functional

from sampan.errors import OptionError
from sampan.training.distillation.losses.pair_loss import one_of, register_pair_loss

Form = Literal["l2", "l1", "smooth-l1", "cosine"]


@register_pair_loss("feature")
class FeatureDistance(nn.Module):
    """Compares maps of one shape, or of shapes that differ in channels alone.

    Args:
        form: see the module's text.
        channels: [learner's, guide's] when they differ; None when they are the same.
    """

    def __init__(
        self,
        form: Form = "l2",
        channels: tuple[int, int] | None = None,
    ) -> None:
        super().__init__()
        self.form = one_of("form", form, Form)
        self.projection = nn.Conv1d(*channels, 1) if channels is not None else nn.Identity()

    def forward(self, first: Tensor, second: Tensor, _batch: Mapping[str, Any] | None = None) -> Tensor:
        """Scalar ≥ 0. Shapes: (B, C, …) both.

        Raises:
            OptionError: the shapes do not go together.
        """
        a, b = first.flatten(2).float() if first.ndim > 2 else first.unsqueeze(2).float(), second.float()
        a = self.projection(a)  # (B, C', positions)
        b = b.flatten(2) if b.ndim > 2 else b.unsqueeze(2)
        if a.shape != b.shape:
            raise OptionError(
                f"distillation: features of the shapes {tuple(first.shape)} and {tuple(second.shape)} cannot be "
                f"compared: tap other modules, or set channels: [{first.shape[1]}, {second.shape[1]}]"
            )
        if self.form == "l2":
            return functional.mse_loss(a, b)
        if self.form == "l1":
            return functional.l1_loss(a, b)
        if self.form == "smooth-l1":
            return functional.smooth_l1_loss(a, b)
        return (1 - functional.cosine_similarity(a, b, dim=1)).mean()
