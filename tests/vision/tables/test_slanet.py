"""SLANet: parity with the released models along whole decodes, and with `transformers` on random weights."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from sampan.errors import WeightsError
from sampan.vision.tables.sla_head import SLAHead
from sampan.vision.tables.slanet import SLANet
from sampan.vision.tables.vocabulary import StructureVocabulary
from sampan.weights import locate


def released(name: str) -> Path:
    try:
        return locate(name)
    except WeightsError as error:
        pytest.skip(f"no weights: {error}")


def table_picture(rows: int, columns: int, span: bool) -> Tensor:
    """A ruled table with numbers, (1, 3, 488, 488) as the models read it."""
    image = np.full((34 * rows + 6, 110 * columns + 6, 3), 255, np.uint8)
    for row in range(rows + 1):
        cv2.line(image, (3, 3 + 34 * row), (3 + 110 * columns, 3 + 34 * row), (0, 0, 0), 1)
    for column in range(columns + 1):
        top = 3 + 34 if span and column == 1 else 3
        cv2.line(image, (3 + 110 * column, top), (3 + 110 * column, 3 + 34 * rows), (0, 0, 0), 1)
    for row in range(rows):
        for column in range(columns):
            place = (14 + 110 * column, 27 + 34 * row)
            cv2.putText(
                image,
                f"{row * 37 + column * 11}.{column}",
                place,
                cv2.FONT_HERSHEY_SIMPLEX,
                0.6,
                (20, 20, 20),
                1,
            )
    ratio = 488 / max(image.shape[:2])
    small = cv2.resize(image, None, fx=ratio, fy=ratio)
    height, width = small.shape[:2]
    square = np.zeros((488, 488, 3), np.float32)
    square[:height, :width] = (small[:488, :488] / 255.0 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    return torch.from_numpy(square.transpose(2, 0, 1)[None].copy())


def pictures() -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [
        torch.randn(1, 3, 488, 488, generator=generator),
        table_picture(4, 3, span=False),
        table_picture(6, 4, span=True),
    ]


@pytest.mark.parametrize(
    ("name", "vocabulary", "location"), [("slanet-1m", "english", 4), ("slanet-plus", "chinese", 8)]
)
def test_released_models_decode_alike(name: str, vocabulary: str, location: int) -> None:
    path = released(name)
    model, words = SLANet.from_onnx(path), StructureVocabulary.named(vocabulary)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # its loop warns about shapes at every step
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    assert session.get_modelmeta().custom_metadata_map["character"].count("\n") in (27, 47)
    lengths = []
    for picture in pictures():
        boxes, probabilities = session.run(None, {"x": picture.numpy()})
        with torch.no_grad():
            prediction = model(picture)
        steps = prediction["structure"].shape[1]
        lengths.append(steps)
        assert prediction["locations"].shape == (1, steps, location)
        assert boxes.shape[1] == steps + 1  # the graph gives a last row of zeros that no step wrote
        assert (boxes[:, -1] == 0).all()
        ours = prediction["structure"].softmax(-1).numpy()
        # Bar 1e-4; errors of float32 grow along the recurrence to some 1e-5.
        assert np.abs(ours - probabilities[:, :-1]).max() < 1e-4
        assert np.abs(prediction["locations"].numpy() - boxes[:, :-1]).max() < 1e-4
        assert words.html(ours[0].argmax(-1)) == words.html(probabilities[0].argmax(-1))
    assert lengths[1] > 15  # tables were read, not only noise


@pytest.mark.slow
def test_on_noise_only_rounding_differs() -> None:
    """A long decode of noise drives float32 apart, the released graph's no less than ours: float64 is the judge."""
    path = released("slanet-1m")
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    noise = np.random.default_rng(1).standard_normal((1, 3, 488, 488)).astype(np.float32)
    probabilities = session.run(None, {"x": noise})[1][:, :-1]
    model = SLANet.from_onnx(path)
    with torch.no_grad():
        ours = model(torch.from_numpy(noise))["structure"].softmax(-1).numpy()
        exact = model.double()(torch.from_numpy(noise).double())["structure"].softmax(-1).numpy()
    assert ours.shape == exact.shape == probabilities.shape and exact.shape[1] > 100
    assert (ours.argmax(-1) == exact.argmax(-1)).all() and (
        probabilities.argmax(-1) == exact.argmax(-1)
    ).all()
    assert np.abs(ours - exact).max() < 2 * np.abs(probabilities - exact).max() < 5e-3


def test_sizes() -> None:
    count = lambda m: sum(p.numel() for p in m.parameters())  # noqa: E731
    assert count(SLANet(30, 4)) == 1_875_714
    assert count(SLANet(50, 8)) == 1_897_242


@pytest.mark.parametrize(("scale", "size"), [(1.0, (96, 64)), (1.0, (70, 97)), (0.5, (64, 64))])
def test_equals_transformers_forward_and_gradients(scale: float, size: tuple[int, int]) -> None:
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(3)
    config = transformers.SLANetConfig(
        max_text_length=12,
        out_channels=31,
        hidden_size=64,
        post_conv_out_channels=48,
        backbone_config=transformers.PPLCNetConfig(
            scale=scale, out_features=["stage2", "stage3", "stage4", "stage5"], divisor=8
        ),
    )
    theirs = transformers.SLANetForTableRecognition(config).eval()
    with torch.no_grad():
        for module in theirs.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.running_mean.normal_(std=0.1)
                module.running_var.uniform_(0.5, 2)
    ours = SLANet(31, 8, scale=scale, neck_channels=48, hidden=64, max_tokens=12)
    ours = load(ours, theirs.state_dict()) if scale != 1 else SLANet.from_public(theirs.state_dict())
    ours.head.max_tokens = 12
    ours.eval()
    image = torch.randn(2, 3, *size, requires_grad=True)
    reference = theirs(image).last_hidden_state
    weights = torch.randn_like(reference)
    (reference * weights).sum().backward()
    expected = image.grad
    image.grad = None
    got = ours(image)["structure"].softmax(-1)
    (got * weights).sum().backward()
    assert torch.allclose(got, reference, atol=1e-6)
    assert expected is not None and image.grad is not None
    assert torch.allclose(image.grad, expected, atol=1e-6)
    public = ours.to_public()
    for key, value in theirs.state_dict().items():
        if not key.endswith("num_batches_tracked"):
            assert torch.equal(public[key], value)
    assert {key for key in public if key not in theirs.state_dict()} == {
        f"head.location_generator.{layer}.{kind}" for layer in ("fc1", "fc2") for kind in ("weight", "bias")
    }


def load(model: SLANet, state: dict[str, Tensor]) -> SLANet:
    from sampan.vision.tables.slanet import LAYOUT
    from sampan.vision.weights.public_layout import load_public

    fresh = {f"head.location.{k}": v for k, v in model.head.location.state_dict().items()}
    load_public(model, {LAYOUT.public(k): v for k, v in fresh.items()} | state, LAYOUT)
    return model


def test_weights_of_another_model_are_refused() -> None:
    state = SLANet(vocabulary=9, location=4, scale=1.0).to_public()
    for key in ("head.structure_generator.fc2.bias", "head.structure_attention_cell.input_to_hidden.weight"):
        with pytest.raises(WeightsError, match=f"no SLANet: they lack {key}"):
            SLANet.from_public({name: tensor for name, tensor in state.items() if name != key})


def test_forcing_its_own_tokens_repeats_the_greedy_decode() -> None:
    torch.manual_seed(5)
    head = SLAHead(12, 9, hidden=16, location=4, max_tokens=20).eval()
    features = torch.randn(3, 10, 12) * 3
    greedy = head(features)
    tokens = greedy["structure"].argmax(-1)
    before = torch.cat([torch.zeros(3, 1, dtype=torch.long), tokens[:, :-1]], 1)
    forced = head(features, before)
    assert torch.allclose(forced["structure"], greedy["structure"], atol=1e-6)
    assert torch.allclose(forced["locations"], greedy["locations"], atol=1e-6)
    assert ((greedy["locations"] > 0) & (greedy["locations"] < 1)).all()


def test_decoding_stops_when_all_have_ended_and_not_before() -> None:
    torch.manual_seed(0)
    head = SLAHead(4, 5, hidden=8, max_tokens=30)
    with torch.no_grad():
        head.structure[1].weight.zero_()
        head.structure[1].bias.copy_(torch.tensor([0.0, 1, 0, 0, 0]))
    assert head(torch.randn(2, 6, 4))["structure"].shape[1] == 31  # never ends: the limit and one
    with torch.no_grad():
        head.structure[1].bias.copy_(torch.tensor([0.0, 0, 0, 0, 1]))
    assert head(torch.randn(2, 6, 4))["structure"].shape[1] == 1


def test_one_step_is_the_paper_in_float64() -> None:
    """Attention and gates written out, against the modules."""
    torch.manual_seed(1)
    head = SLAHead(6, 7, hidden=5).double()
    features, state, token = torch.randn(1, 4, 6).double(), torch.randn(1, 5).double(), torch.tensor([3])
    w = {name: value.detach().numpy() for name, value in head.named_parameters()}
    f, h = features[0].numpy(), state[0].numpy()
    energy = np.tanh(
        f @ w["attend_features.weight"].T + w["attend_state.weight"] @ h + w["attend_state.bias"]
    )
    a = np.exp(energy @ w["attend.weight"][0])
    x = np.concatenate([a / a.sum() @ f, np.eye(7)[3]])
    gi = w["cell.weight_ih"] @ x + w["cell.bias_ih"]
    gh = w["cell.weight_hh"] @ h + w["cell.bias_hh"]
    r, z = (1 / (1 + np.exp(-(gi + gh)[k * 5 : k * 5 + 5])) for k in (0, 1))
    n = np.tanh(gi[10:] + r * gh[10:])
    expected = (1 - z) * n + z * h
    got = head.step(features, head.attend_features(features), token, state)
    assert got.detach().numpy()[0] == pytest.approx(expected, abs=1e-12)
    assert F.one_hot(token, 7).argmax() == 3


def test_fusing_changes_nothing() -> None:
    torch.manual_seed(2)
    model = SLANet(12, 4, scale=0.25, max_tokens=6)
    with torch.no_grad():
        model(torch.randn(2, 3, 64, 64), torch.zeros(2, 2, dtype=torch.long))
        model.eval()
        image = torch.randn(1, 3, 96, 64)
        before = model(image)
        after = model.fuse()(image)
    assert torch.allclose(before["structure"], after["structure"], atol=1e-5)
    assert torch.allclose(before["locations"], after["locations"], atol=1e-5)


def test_a_file_of_another_model_is_refused() -> None:
    with pytest.raises(WeightsError, match="no SLANet"):
        SLANet.from_onnx(released("picodet-layout-cdla"))
