"""The detectors against Hugging Face's classes: random weights in the public layout, outputs and gradients."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from sampan.errors import WeightsError
from sampan.vision.text_detection.models import TextDetector, text_detector
from sampan.vision.text_detection.necks import RepLKPAN

transformers = pytest.importorskip("transformers")

CROSS = {
    "reduce_channel": [1, 1, 0],
    "return_channel": [1, 1, 0],
    **{
        f"{kind}_{length}ratio": [kernel(size), 1, margin(size)]
        for size, length in ((7, "long"), (5, "mid"), (3, "short"))
        for kind, kernel, margin in (
            ("vertical_long_to_small_conv", lambda k: [k, 1], lambda k: [k // 2, 0]),
            ("horizontal_small_to_long_conv", lambda k: [1, k], lambda k: [0, k // 2]),
            ("symmetric_conv_long", lambda k: [k, k], lambda k: [k // 2, k // 2]),
        )
    },
}


def lcnet_v4(stem: tuple[int, int], channels: tuple[int, ...]) -> transformers.PreTrainedConfig:
    stages, before = [], stem[1]
    for number, (width, flags) in enumerate(zip(channels, ("tf", "ftf", "ftftf", "ftf"), strict=True)):
        blocks = []
        for place, flag in enumerate(flags):
            blocks.append([3, before, width, 2 if number and not place else 1, flag == "t"])
            before = width
        stages.append(blocks)
    return transformers.PPLCNetV4Config(
        block_configs=stages,
        stem_channels=[3, *stem],
        stem_strides=[2, 1, 1, 2, 1],
        out_features=["stage1", "stage2", "stage3", "stage4"],
        stem_type="large",
    )


def small(stem: tuple[int, int], channels: tuple[int, ...], width: int, kernel_size: int) -> nn.Module:
    config = transformers.PPOCRV6SmallDetConfig(
        backbone_config=lcnet_v4(stem, channels),
        neck_out_channels=width,
        layer_list_out_channels=channels,
        dilated_kernel_size=kernel_size,
    )
    return transformers.PPOCRV6SmallDetForObjectDetection(config)


def medium() -> nn.Module:
    config = transformers.PPOCRV6MediumDetConfig(
        backbone_config=lcnet_v4((64, 128), (128, 256, 512, 896)),
        intraclass_block_config=CROSS,
        scale_factor_list=[1, 2, 4, 8],
        kernel_list=[3, 2, 2],
    )
    return transformers.PPOCRV6MediumDetForObjectDetection(config)


def server() -> nn.Module:
    config = transformers.PPOCRV5ServerDetConfig(
        intraclass_block_config=CROSS, scale_factor_list=[1, 2, 4, 8], kernel_list=[3, 2, 2]
    )
    return transformers.PPOCRV5ServerDetForObjectDetection(config)


def mobile() -> nn.Module:
    return transformers.PPOCRV5MobileDetForObjectDetection(transformers.PPOCRV5MobileDetConfig())


ORACLES = {
    "pp-ocrv6-tiny": lambda: small((16, 32), (32, 48, 64, 160), 64, 5),
    "pp-ocrv6-small": lambda: small((24, 48), (48, 96, 192, 384), 96, 7),
    "pp-ocrv6-medium": medium,
    "pp-ocrv5-mobile": mobile,
    "pp-ocrv5-server": server,
}


def randomise(model: nn.Module, seed: int) -> None:
    """Weights and statistics at random, of a size that keeps activations in reach of float32."""
    generator = torch.Generator().manual_seed(seed)
    for module in model.modules():
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
            fan_in = module.weight[0].numel() if isinstance(module, nn.Conv2d) else module.weight.shape[0]
            module.weight.data.copy_(torch.randn(module.weight.shape, generator=generator) * fan_in**-0.5)
            if module.bias is not None:
                module.bias.data.copy_(torch.randn(module.bias.shape, generator=generator) * 0.1)
        elif isinstance(module, nn.BatchNorm2d):
            for tensor, low in (
                (module.weight.data, 0.5),
                (module.bias.data, -0.5),
                (module.running_mean, -0.5),
                (module.running_var, 0.5),
            ):
                tensor.copy_(torch.rand(tensor.shape, generator=generator) + low)


@pytest.mark.parametrize(
    "variant",
    [
        "pp-ocrv6-tiny",
        "pp-ocrv6-small",
        "pp-ocrv5-mobile",
        pytest.param("pp-ocrv6-medium", marks=pytest.mark.slow),  # large: ten seconds each in float64
        pytest.param("pp-ocrv5-server", marks=pytest.mark.slow),
    ],
)
def test_equals_the_public_class(variant: str) -> None:
    torch.manual_seed(0)
    # In float64, so that rounding through a hundred layers of random weights does not hide a difference.
    oracle, ours = ORACLES[variant]().eval().double(), text_detector(variant).eval().double()
    randomise(oracle, 1)
    if variant == "pp-ocrv6-medium":  # its dense kernels must be products to be taken apart
        randomise(ours, 2)
        oracle.load_state_dict(ours.to_public(), strict=False)
    ours.from_public(oracle.state_dict())
    check_tensors_go_out_as_they_came_in(ours, oracle)
    images = torch.randn(2, 3, 32, 64).double()
    theirs_in, ours_in = images.clone().requires_grad_(), images.clone().requires_grad_()
    weights = torch.randn(2, 1, 32, 64).double()
    expected, given = oracle(theirs_in).last_hidden_state, ours(ours_in)["maps"]
    assert expected.std() > 0.02, "the maps must say something"
    torch.testing.assert_close(given, expected, atol=1e-9, rtol=0)
    (expected * weights).sum().backward()
    (given * weights).sum().backward()
    scale = float(theirs_in.grad.abs().max())
    torch.testing.assert_close(ours_in.grad, theirs_in.grad, atol=1e-8 * scale, rtol=0)
    compared = compare_parameter_gradients(ours, oracle)
    assert compared > 20, "too few parameters have a public name"


def check_tensors_go_out_as_they_came_in(ours: TextDetector, oracle: nn.Module) -> None:
    public = {name: tensor for name, tensor in oracle.state_dict().items() if "num_batches" not in name}
    repeated = ours.to_public()
    assert repeated.keys() == public.keys()
    for name, tensor in public.items():
        scale = float(tensor.abs().max()) + 1e-9  # fused kernels and factors are equal up to rounding
        torch.testing.assert_close(repeated[name], tensor, atol=1e-9 * scale, rtol=0, msg=name)


def compare_parameter_gradients(ours: TextDetector, oracle: nn.Module) -> int:
    public = dict(oracle.named_parameters())
    compared = 0
    for name, parameter in ours.named_parameters():
        twin = public.get(ours.layout.public(name))
        if twin is None or twin.shape != parameter.shape or parameter.grad is None or "large" in name:
            continue
        scale = float(twin.grad.abs().max()) + 1e-9
        torch.testing.assert_close(parameter.grad, twin.grad, atol=1e-7 * scale, rtol=0, msg=name)
        compared += 1
    return compared


def test_another_size_is_refused() -> None:
    with pytest.raises(
        WeightsError, match=r"has shape .* in the weights and .* in the model: choose the size"
    ):
        text_detector("pp-ocrv6-tiny").from_public(text_detector("pp-ocrv6-small").to_public())


def test_dense_kernels_of_another_size_are_refused() -> None:
    neck = RepLKPAN([4, 4, 4, 4], 8, kernel_size=5)
    name = "model.neck.input_feature_projection_convolution.0"
    state = {f"{name}.weight": torch.randn(2, 8, 5, 5), f"{name}.bias": torch.zeros(2)}
    with pytest.raises(
        WeightsError, match=r"weight has shape \(2, 8, 7, 7\) in the weights and \(2, 8, 5, 5\)"
    ):
        neck.from_public({**state, f"{name}.weight": torch.zeros(2, 8, 7, 7)})
    with pytest.raises(WeightsError, match=r"bias has shape \(3,\) in the weights and \(2,\) in the model"):
        neck.from_public({**state, f"{name}.bias": torch.zeros(3)})
    with pytest.raises(WeightsError, match=r"1 missing \(model\.neck\..*\.0\.bias\)"):
        neck.from_public({f"{name}.weight": state[f"{name}.weight"]})
