"""Names of the detectors' tensors in the public safetensors layout (Hugging Face's PPOCRV5… and PPOCRV6…Det classes).

Training-only heads (threshold, auxiliary) have no public name: they are neither read nor written.
"""

from __future__ import annotations

from torch import nn

from sampan.vision.text_detection.heads import DBHead, PFHeadLocal
from sampan.vision.text_detection.necks import RSEFPN, RepLKFPN
from sampan.vision.text_detection.necks.lk_pan import PathAggregation
from sampan.vision.weights.public_layout import Layout

_BRANCH = Layout(
    ("conv_down.convolution", "reduce.convolution"),
    ("conv_down.norm", "reduce.normalization"),
    ("conv_up.convolution", "enlarge"),
    ("conv_up.norm", "normalization"),
    ("conv_final", "final"),
)
_REFINEMENT = Layout(
    ("convolution_backbone.convolution", "mix.convolution"),
    ("convolution_backbone.norm", "mix.normalization"),
    ("convolution_final", "final"),
)


def _residual_se(public: str, own: str) -> Layout:
    return Layout(
        (f"{public}.in_conv", f"{own}.convolution"),
        (f"{public}.squeeze_excitation_block.conv1", f"{own}.squeeze_excitation.reduce"),
        (f"{public}.squeeze_excitation_block.conv2", f"{own}.squeeze_excitation.expand"),
    )


_LATERAL = _residual_se("insert_conv.{}", "lateral.{}")
_RSE_FPN = _LATERAL + _residual_se("input_conv.{}", "output.{}")
_REP_LK_FPN = _LATERAL + Layout(
    ("input_conv.{}.depthwise_convolution", "output.{}.depthwise"),
    ("input_conv.{}.pointwise_convolution", "output.{}.pointwise"),
    ("input_conv.{}.squeeze_excitation_module.conv1", "output.{}.squeeze_excitation.reduce"),
    ("input_conv.{}.squeeze_excitation_module.conv2", "output.{}.squeeze_excitation.expand"),
)
_CROSS = {
    "square": "symmetric_conv_long",
    "tall": "vertical_long_to_small_conv",
    "wide": "horizontal_small_to_long_conv",
}
_PAN = Layout(
    ("input_channel_adjustment_convolution.{}", "lateral.{}"),
    ("input_feature_projection_convolution.{}", "project.{}"),
    ("path_aggregation_head_convolution.{}", "down.{}"),
    ("path_aggregation_lateral_convolution.{}", "refine.{}"),
    ("intraclass_blocks.{}.conv_reduce_channel", "intra.{}.reduce"),
    *(
        (f"intraclass_blocks.{{}}.{public}_{length}ratio", f"intra.{{}}.rounds.{number}.{own}")
        for number, length in enumerate(("long", "mid", "short"))
        for own, public in _CROSS.items()
    ),
    ("intraclass_blocks.{}.conv_final.convolution", "intra.{}.restore"),
    ("intraclass_blocks.{}.conv_final.norm", "intra.{}.normalization"),
)


def detector(backbone: nn.Module, neck: nn.Module, head: DBHead) -> Layout:
    """The names of a whole detector. Parts that no public class has keep our names."""
    own = getattr(backbone, "layout", Layout())
    return _head(head) + _neck(neck) + own.under("model.backbone", "backbone")


def _neck(module: nn.Module) -> Layout:
    layout = Layout()
    if isinstance(module, RSEFPN):
        layout = _RSE_FPN
    elif isinstance(module, RepLKFPN):
        layout = _REP_LK_FPN
    elif isinstance(module, PathAggregation):
        layout = _PAN
    return layout.under("model.neck", "neck")


def _head(head: DBHead) -> Layout:
    adapters = Layout(("model.layer.{}", "adapters.{}"))
    if isinstance(head, PFHeadLocal):
        return (
            adapters
            + _BRANCH.under("head.binarize_head", "head.probability")
            + _REFINEMENT.under("head.local_refinement_module", "head.refinement")
        )
    return adapters + _BRANCH.under("head", "head.probability")
