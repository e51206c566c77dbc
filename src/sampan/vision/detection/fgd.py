"""Focal and global distillation: a student's maps learn from a teacher's, objects and background apart.

With A_s = HW · softmax(mean_C |F| / T) over the places and A_c = C · softmax(mean_HW |F| / T) over the channels,
M = 1 inside true boxes, S = 1 / (places of the smallest box there), 1 / (places of the background) outside:

    focal  = α Σ M S A_s A_c (F_T − F_S)² + β Σ (1 − M) S A_s A_c (F_T − F_S)²
           + γ (‖A_s^T − A_s^S‖₁ + ‖A_c^T − A_c^S‖₁)            A_s, A_c without sign: the teacher's
    global = λ Σ (R_T(F_T) − R_S(F_S))²,   R(F) = F + W₂ relu(LN(W₁ Σ softmax(w·F) F))

all divided by the number of images. Source: FGD, arXiv 2111.11837, eqs. 2–11; weights of PP-StructureV2's layout
student (PaddleDetection). A box covers the places from ⌊start⌋ to ⌈end⌉ inclusive, as in the official code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sampan.training.distillation.losses.pair_loss import register_pair_loss


class FGDLoss(nn.Module):
    """For one level; its adapter and context blocks are trained with the student and dropped afterwards."""

    def __init__(
        self,
        student_channels: int,
        teacher_channels: int,
        alpha: float = 1e-3,
        beta: float = 5e-4,
        gamma: float = 1e-3,
        lambda_: float = 5e-6,
        temperature: float = 0.5,
    ) -> None:
        super().__init__()
        self.alpha, self.beta, self.gamma, self.lambda_ = alpha, beta, gamma, lambda_
        self.temperature = temperature
        self.adapter: nn.Module = nn.Identity()
        if student_channels != teacher_channels:
            self.adapter = nn.Conv2d(student_channels, teacher_channels, 1)
        self.student_context = ContextBlock(teacher_channels)
        self.teacher_context = ContextBlock(teacher_channels)

    def forward(
        self, student: Tensor, teacher: Tensor, boxes: Tensor, present: Tensor, size: tuple[int, int]
    ) -> dict[str, Tensor]:
        """Weighted terms `foreground`, `background`, `attention` and `global`.

        student (B, C_s, H, W); teacher (B, C_t, H, W), without gradient; boxes (B, G, 4) in pixels of the network's
        input of `size` (height, width); present (B, G) bool.
        """
        student, teacher = self.adapter(student), teacher.detach()
        spatial, channel = attention(teacher, self.temperature)
        own_spatial, own_channel = attention(student, self.temperature)
        inner, outer = region_scales(boxes, present, teacher.shape[-2:], size)
        images = len(student)
        difference = (teacher - student).square() * channel[:, :, None, None]
        by_place = difference.sum(1) * spatial  # (B, H, W)
        far = (spatial - own_spatial).abs().sum() + (channel - own_channel).abs().sum()
        related = self.teacher_context(teacher) - self.student_context(student)
        return {
            "foreground": self.alpha * (by_place * inner).sum() / images,
            "background": self.beta * (by_place * outer).sum() / images,
            "attention": self.gamma * far / images,
            "global": self.lambda_ * related.square().sum() / images,
        }


@register_pair_loss("fgd")
class FGDLevels(nn.Module):
    """FGD on all levels of two necks, for recipes: taps `neck` of a student and a frozen teacher.

    student_channels, teacher_channels: of the necks; levels: their number.
    """

    def __init__(self, student_channels: int = 128, teacher_channels: int = 128, levels: int = 4) -> None:
        super().__init__()
        self.levels = nn.ModuleList(FGDLoss(student_channels, teacher_channels) for _ in range(levels))

    def forward(
        self, first: Sequence[Tensor], second: Sequence[Tensor], batch: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """Terms summed over the levels; the batch is that of `layout-detection`."""
        height, width = batch["image"].shape[-2:]
        terms: dict[str, Tensor] = {}
        for loss, student, teacher in zip(self.levels, first, second, strict=True):
            of_level = loss(student, teacher, batch["boxes"], batch["classes"] >= 0, (height, width))
            for name, term in of_level.items():
                terms[name] = terms[name] + term if name in terms else term
        return terms


class ContextBlock(nn.Module):
    """R(F): what all places say, weighed by attention, added to each (GC block, arXiv 1904.11492).

    The last layer starts at zero, so that at first R(F) = F.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.attend = nn.Conv2d(channels, 1, 1)
        self.reduce = nn.Conv2d(channels, channels // 2, 1)
        self.normalise = nn.LayerNorm([channels // 2, 1, 1])
        self.expand = nn.Conv2d(channels // 2, channels, 1)
        nn.init.zeros_(self.expand.weight)
        assert self.expand.bias is not None
        nn.init.zeros_(self.expand.bias)

    def forward(self, x: Tensor) -> Tensor:
        weights = self.attend(x).flatten(2).softmax(dim=-1)  # (B, 1, HW)
        context = (x.flatten(2) * weights).sum(-1)[..., None, None]  # (B, C, 1, 1)
        y: Tensor = x + self.expand(F.relu(self.normalise(self.reduce(context))))
        return y


def attention(x: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    """Spatial (B, H, W), mean 1 over the places, and channel attention (B, C), mean 1 over the channels."""
    strength = x.abs()
    batch, channels, height, width = x.shape
    places = (strength.mean(1).flatten(1) / temperature).softmax(dim=1) * (height * width)
    of_channels = (strength.mean((2, 3)) / temperature).softmax(dim=1) * channels
    return places.view(batch, height, width), of_channels


@torch.no_grad()
def region_scales(
    boxes: Tensor, present: Tensor, shape: torch.Size, size: tuple[int, int]
) -> tuple[Tensor, Tensor]:
    """M · S and (1 − M) · S of a map of `shape` (H, W), each (B, H, W); see `FGDLoss.forward` for the rest."""
    height, width = shape
    factors = boxes.new_tensor([width / size[1], height / size[0]] * 2)
    on_map = boxes * factors
    low, high = on_map[..., :2].floor().clamp(min=0), on_map[..., 2:].ceil()
    columns = torch.arange(width, device=boxes.device)
    rows = torch.arange(height, device=boxes.device)
    in_columns = (columns >= low[..., :1]) & (columns <= high[..., :1])  # (B, G, W)
    in_rows = (rows >= low[..., 1:]) & (rows <= high[..., 1:])  # (B, G, H)
    covered = in_rows[..., :, None] & in_columns[..., None, :] & present[..., None, None]  # (B, G, H, W)
    share = 1 / (high - low + 1).prod(-1)  # (B, G)
    # The smallest box has the largest share, so it wins where boxes overlap.
    inner = torch.where(covered, share[..., None, None], 0.0)
    inner = inner.amax(1) if inner.shape[1] else boxes.new_zeros(len(boxes), height, width)
    empty = (inner == 0).to(boxes.dtype)
    return inner, empty / empty.sum((1, 2), keepdim=True).clamp(min=1)
