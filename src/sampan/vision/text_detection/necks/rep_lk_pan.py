"""RepLKPAN: LK-PAN whose dense 9×9 convolutions are factored into depthwise 9×9 and 1×1, with IntraCL.

Source: PP-OCRv6 medium (arXiv 2606.13108), card of PaddleOCR 3.0 §3.2. The public safetensors multiply each pair out
to a dense 9×9 kernel; since every input channel of it is an outer product, `factor_dense` takes it apart again.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import torch
from torch import Tensor

from sampan.errors import WeightsError
from sampan.vision.blocks.conv import ConvBN
from sampan.vision.blocks.fusion import Fusable, kernel_of
from sampan.vision.blocks.rep import DilatedReparam
from sampan.vision.text_detection.necks.lk_pan import PathAggregation
from sampan.vision.weights.public_layout import take_kernel


class FactoredLargeKernel(Fusable):
    """BN(1×1(dw k×k(x))), the depthwise kernel with dilated branches in training; no activation.

    Shapes: (B, in_channels, H, W) → (B, out_channels, H, W).
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int = 9) -> None:
        super().__init__()
        self.depthwise = DilatedReparam(in_channels, kernel_size)
        self.pointwise = ConvBN(in_channels, out_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.pointwise(self.depthwise(x))
        return y

    @torch.no_grad()
    def dense(self) -> tuple[Tensor, Tensor]:
        """Weight (out, in, k, k) and bias (out,) of the one dense convolution that the fused layer equals."""
        assert self.depthwise.fused is not None
        kernel, inner_bias = kernel_of(self.depthwise.fused)  # (in, 1, k, k), (in,)
        mix, bias = kernel_of(self.pointwise.convolution)  # (out, in, 1, 1), (out,)
        return mix * kernel.transpose(0, 1), bias + mix[:, :, 0, 0] @ inner_bias

    def dense_shape(self) -> tuple[int, int, int, int]:
        """Shape of the dense kernel (out, in, k, k)."""
        channels, _, height, width = self.depthwise.kernel_like().shape
        return self.pointwise.convolution.out_channels, channels, height, width

    @torch.no_grad()
    def load_dense(self, weight: Tensor, bias: Tensor) -> None:
        """Take over a dense convolution that is such a product."""
        kernel, mix = factor_dense(weight)
        self.depthwise.load_fused(kernel, torch.zeros(len(kernel)))
        self.pointwise.load_fused(mix, bias)


def factor_dense(weight: Tensor, tolerance: float = 1e-4) -> tuple[Tensor, Tensor]:
    """Depthwise (in, 1, k, k) and pointwise (out, in, 1, 1) kernels whose product is a dense one (out, in, k, k).

    For every input channel the (out × k²) matrix must have rank 1; its singular value is shared evenly.

    Raises:
        WeightsError: a channel's remainder is above `tolerance` of its norm, so the kernel is no such product.
    """
    out_channels, in_channels, height, width = weight.shape
    matrices = weight.double().transpose(0, 1).reshape(in_channels, out_channels, height * width)
    left, values, right = torch.linalg.svd(matrices, full_matrices=False)
    rest = values[:, 1:].norm(dim=1) / values.norm(dim=1).clamp_min(1e-30)
    if bool((rest > tolerance).any()):
        raise WeightsError(
            f"the {height}×{width} kernel is no product of a depthwise and a pointwise one: remainder "
            f"{float(rest.max()):.2g} of a channel (limit {tolerance:.0e})"
        )
    root = values[:, 0].sqrt()  # (in,)
    depthwise = (right[:, 0] * root[:, None]).reshape(in_channels, 1, height, width)
    pointwise = (left[:, :, 0] * root[:, None]).t().reshape(out_channels, in_channels, 1, 1)
    return depthwise.to(weight.dtype), pointwise.to(weight.dtype)


class RepLKPAN(PathAggregation):
    """Path aggregation with `FactoredLargeKernel`, and IntraCL on every level.

    Shapes: levels (B, in_channels[i], H/s, W/s), s = 4, 8, 16, 32 → (B, width, H/4, W/4).
    """

    def __init__(
        self, in_channels: Sequence[int], width: int = 256, kernel_size: int = 9, intra_cl: bool = True
    ) -> None:
        super().__init__(in_channels, width, partial(FactoredLargeKernel, kernel_size=kernel_size), intra_cl)

    def from_public(self, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Takes the dense kernels apart; the factors stand under our names then."""
        own = dict(state)
        for public, name, layer in self._large_kernels():
            if f"{public}.weight" in own:
                layer.load_dense(*take_kernel(own, public, layer.dense_shape()))
                own |= {f"{name}.{key}": tensor for key, tensor in layer.state_dict().items()}
        return own

    def to_public(self, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Multiplies the factors out to dense kernels."""
        public_state = dict(state)
        for public, _, layer in self._large_kernels():
            for key in [key for key in public_state if key.startswith(f"{public}.")]:
                del public_state[key]
            weight, bias = copy.deepcopy(layer).fuse().dense()
            dtype = layer.pointwise.convolution.weight.dtype
            public_state[f"{public}.weight"] = weight.to("cpu", dtype).contiguous()
            public_state[f"{public}.bias"] = bias.to("cpu", dtype)
        return public_state

    def _large_kernels(self) -> Iterator[tuple[str, str, FactoredLargeKernel]]:
        """Public name, own name from the detector's root, and the layer."""
        for public, own, layers in (
            ("input_feature_projection_convolution", "project", self.project),
            ("path_aggregation_lateral_convolution", "refine", self.refine),
        ):
            for index, layer in enumerate(layers):
                assert isinstance(layer, FactoredLargeKernel)
                yield f"model.neck.{public}.{index}", f"neck.{own}.{index}", layer
