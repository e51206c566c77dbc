"""The task `table-structure`: encoding of tables, loss, figures, training steps and the way out and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime
import pytest
import torch

from sampan.errors import InputError, OptionError, WeightsError
from sampan.vision.annotations.pubtabnet import TableCell, TableLabel, read_pubtabnet, write_pubtabnet
from sampan.vision.tables.dataset import collate, encode_table
from sampan.vision.tables.export import export_table_reader
from sampan.vision.tables.given import start_from
from sampan.vision.tables.metrics import StructureMetrics
from sampan.vision.tables.options import TableStructureOptions
from sampan.vision.tables.picture import as_box, as_corners, prepare, to_fractions
from sampan.vision.tables.sla_head import TablePrediction
from sampan.vision.tables.slanet import SLANet
from sampan.vision.tables.structure_loss import PAPER, StructureLoss
from sampan.vision.tables.task import TableStructureTask
from sampan.vision.tables.vocabulary import StructureVocabulary
from sampan.weights import locate

SMALL = {"scale": 0.25, "neck_channels": 16, "hidden": 32, "max_tokens": 60}


def draw_table(rows: int, columns: int, span: bool, path: Path) -> TableLabel:
    """A ruled table with a number in each cell but the last one; boxes hug the numbers."""
    image = np.full((30 * rows + 8, 60 * columns + 8, 3), 255, np.uint8)
    structure, cells = ["<tbody>"], []
    for row in range(rows):
        structure.append("<tr>")
        column = 0
        while column < columns:
            wide = 2 if span and row == 0 and column == 0 else 1
            structure += ["<td", ' colspan="2"', ">", "</td>"] if wide == 2 else ["<td>", "</td>"]
            x, y = 4 + 60 * column, 4 + 30 * row
            cv2.rectangle(image, (x, y), (x + 60 * wide, y + 30), (0, 0, 0), 1)
            if row == rows - 1 and column == columns - 1:
                cells.append(TableCell([], None))
            else:
                text = str(row * 13 + column * 7 + 10)
                cv2.putText(image, text, (x + 8, y + 22), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (0, 0, 0), 1)
                cells.append(TableCell(list(text), np.array([x + 8, y + 9, x + 32, y + 23], np.float32)))
            column += wide
        structure.append("</tr>")
    structure.append("</tbody>")
    cv2.imwrite(str(path), image)
    return TableLabel(path.name, structure, cells)


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    labels = []
    for number in range(6):
        label = draw_table(2 + number % 3, 2 + number % 2, number % 2 == 0, tmp_path / f"{number}.png")
        label.split = "val" if number > 3 else "train"
        labels.append(label)
    write_pubtabnet(labels, tmp_path / "tables.jsonl")
    return tmp_path / "tables.jsonl"


def task(tables: Path, **changes: Any) -> TableStructureTask:
    recipe: dict[str, Any] = {
        "model": {**SMALL, **changes.pop("model", {})},
        "data": {"train": tables, "validation": tables, "side": 64, **changes.pop("data", {})},
        **changes,
    }
    return TableStructureTask(TableStructureOptions.model_validate(recipe))


def test_boxes_stand_at_the_steps_of_their_cells(tables: Path) -> None:
    vocabulary = StructureVocabulary.named("english")
    label = next(read_pubtabnet(tables))
    table = encode_table(label, vocabulary, 4)
    assert table is not None
    opening = [t for t in range(len(table.tokens)) if vocabulary.opens_cell(int(table.tokens[t]))]
    assert len(opening) == len(label.cells)
    for step, cell in zip(opening, label.cells, strict=True):
        assert table.located[step] == (cell.box is not None)
        assert np.array_equal(table.boxes[step], np.zeros(4) if cell.box is None else cell.box)
    assert table.located.sum() == len(label.cells) - 1  # the empty cell has no box


@pytest.mark.parametrize(("frame", "location"), [("picture", 4), ("square", 8)])
def test_items_show_each_number_where_its_location_says(tables: Path, frame: str, location: int) -> None:
    chosen = task(tables, data={"side": 128, "frame": frame}, model={"location": location})
    item = chosen.train_data()[1]
    image, factor = item["image"], float(item["factor"])
    original = cv2.imread(str(tables.parent / "1.png"))
    height, width = original.shape[:2]
    assert factor == pytest.approx(128 / max(height, width))
    whole = (128, 128) if frame == "square" else (width * factor, height * factor)
    assert item["tokens"][0] == 0 and item["targets"][-1] == len(chosen.vocabulary) - 1
    assert torch.equal(item["tokens"][1:], item["targets"][:-1])
    grey = image.mean(0).numpy()
    for step in item["located"].nonzero().squeeze(1).tolist():
        assert chosen.vocabulary.opens_cell(int(item["targets"][step]))
        x0, y0, x1, y1 = as_box(item["locations"][step].numpy()) * np.tile(whole, 2)
        inside = grey[round(y0) : round(y1), round(x0) : round(x1)]
        assert inside.min() < 1.0 < inside.max()  # dark figures on white paper


def test_pictures_are_prepared_as_the_reader_of_pages_does() -> None:
    from sampan.documents.tables.slanet import prepare as reader

    for height, width in ((60, 131), (300, 77), (488, 488)):
        image = np.random.default_rng(height).integers(0, 256, (height, width, 3), np.uint8)
        assert np.array_equal(prepare(image)[0], reader(image)[0])


def test_corners_and_boxes() -> None:
    box = np.array([1, 2, 5, 9], np.float32)
    assert as_corners(box).tolist() == [1, 2, 5, 2, 5, 9, 1, 9]
    assert as_box(as_corners(box)).tolist() == box.tolist()
    slanted = np.array([1, 3, 6, 2, 7, 8, 2, 9], np.float32)
    assert as_corners(slanted) is slanted and as_box(slanted).tolist() == [1, 2, 7, 9]
    assert to_fractions(box[None], (10, 20), "picture").tolist() == [pytest.approx([0.05, 0.2, 0.25, 0.9])]
    assert to_fractions(box[None], (10, 20), "square").tolist() == [pytest.approx([0.05, 0.1, 0.25, 0.45])]


def test_long_tables_and_unknown_spans_are_left_out(tables: Path) -> None:
    labels = list(read_pubtabnet(tables))
    labels[0].structure = [token.replace("2", "15") for token in labels[0].structure]
    write_pubtabnet(labels, tables)
    chosen = task(tables, model={"vocabulary": "english", "location": 4, "max_tokens": 20})
    data = chosen.train_data()
    lengths = [len(StructureVocabulary.named("english").encode(x.structure)) for x in labels[1:4]]
    assert len(data) == sum(length <= 20 for length in lengths)  # type: ignore[arg-type]
    assert data.left_out == 4 - len(data)  # type: ignore[attr-defined, arg-type]
    every = task(tables, data={"train_split": None}).train_data()
    assert len(every) == 6  # type: ignore[arg-type]
    with pytest.raises(InputError, match="none of this split"):
        task(tables, data={"train_split": "test"}).train_data()
    with pytest.raises(InputError, match="no table is left"):
        task(tables, model={"max_tokens": 3}).train_data()


def test_the_loss_is_its_formula_and_padding_has_none() -> None:
    generator = torch.Generator().manual_seed(0)
    prediction: TablePrediction = {
        "structure": torch.randn(2, 4, 6, generator=generator, requires_grad=True),
        "locations": torch.rand(2, 4, 4, generator=generator).requires_grad_(),
    }
    targets = torch.tensor([[1, 2, 3, 5], [4, 5, -100, -100]])
    located = torch.tensor([[True, False, True, False], [True, False, False, False]])
    locations = torch.rand(2, 4, 4, generator=generator) * 3
    terms = StructureLoss(PAPER)(prediction, targets, locations, located)
    entropy = [
        -prediction["structure"][b, t].double().log_softmax(0)[targets[b, t]].item()
        for b in range(2)
        for t in range(4)
        if targets[b, t] >= 0
    ]
    distance = 0.0
    for b, t in located.nonzero().tolist():
        for x, y in zip(prediction["locations"][b, t].tolist(), locations[b, t].tolist(), strict=True):
            distance += 0.5 * (x - y) ** 2 if abs(x - y) < 1 else abs(x - y) - 0.5
    assert terms["structure"].item() == pytest.approx(8 * np.mean(entropy), rel=1e-5)
    assert terms["location"].item() == pytest.approx(distance / 3, rel=1e-5)
    torch.stack(list(terms.values())).sum().backward()
    assert (prediction["structure"].grad[1, 2:] == 0).all()  # type: ignore[index]
    assert torch.equal(prediction["locations"].grad.abs().sum(-1) > 0, located)  # type: ignore[union-attr]


def test_figures_of_right_and_wrong_tables(tables: Path) -> None:
    from sampan.documents.evaluation.teds import teds

    chosen = task(tables, metric={"similarity": "sampan.documents.evaluation.teds:teds"})
    data = chosen.validation_data()
    assert data is not None
    batch = chosen.collate([data[i] for i in range(2)])
    size = len(chosen.vocabulary)
    right = torch.nn.functional.one_hot(batch["targets"].clamp(min=0), size).float()
    metrics = chosen.metrics()
    metrics.update({"structure": right, "locations": batch["locations"]}, batch)
    assert metrics.compute() == {
        "structure_accuracy": 1,
        "cell_iou": pytest.approx(1),
        "teds": pytest.approx(1),
    }
    wrong = right.clone()
    row = chosen.vocabulary.tokens.index("<td></td>")
    step = int((batch["targets"][0] == row).nonzero()[0])
    wrong[0, step] = torch.nn.functional.one_hot(torch.tensor(chosen.vocabulary.tokens.index("</tr>")), size)
    metrics.reset()
    metrics.update({"structure": wrong, "locations": batch["locations"] * 0.5}, batch)
    figures = metrics.compute()
    truth, read = (chosen.vocabulary.html(x.argmax(-1).tolist()) for x in (right[0], wrong[0]))
    assert figures["structure_accuracy"] == 0.5
    assert figures["teds"] == pytest.approx((1 + teds(read, truth)) / 2)
    assert 0 <= figures["cell_iou"] < 0.5
    assert next(iter(figures)) == "structure_accuracy"
    other = StructureMetrics(chosen.vocabulary)
    other.update({"structure": right, "locations": batch["locations"]}, batch)
    whole = StructureMetrics(chosen.vocabulary)
    for structure in (right, right, wrong):
        whole.update({"structure": structure, "locations": batch["locations"]}, batch)
    parts = StructureMetrics(chosen.vocabulary)
    parts.update({"structure": right, "locations": batch["locations"]}, batch)
    parts.merge([other])
    parts.update({"structure": wrong, "locations": batch["locations"]}, batch)
    assert parts.compute() == pytest.approx(whole.compute())


@pytest.mark.parametrize("locate_boxes", ["in-loop", "after-loop"])
def test_steps_reduce_both_terms(tables: Path, locate_boxes: str) -> None:
    chosen = task(tables, model={"locate": locate_boxes, "location": 4})
    data = chosen.train_data()
    batch = chosen.collate([data[i] for i in range(4)])
    torch.manual_seed(0)
    model = chosen.model().train()
    optimizer = torch.optim.Adam(chosen.parameter_groups(model, 5e-3, 0))
    seen = []
    for _ in range(30):
        terms = chosen.losses(chosen.forward(model, batch), batch)
        optimizer.zero_grad()
        torch.stack(list(terms.values())).sum().backward()
        optimizer.step()
        seen.append({name: term.item() for name, term in terms.items()})
    assert seen[-1]["structure"] < 0.5 * seen[0]["structure"]
    assert seen[-1]["location"] < 0.7 * seen[0]["location"]
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.head.parameters())
    model.eval()
    outputs = chosen.forward(model, batch)  # greedy now
    assert outputs["structure"].shape[1] <= SMALL["max_tokens"] + 1  # type: ignore[operator]


def test_batches_are_padded_behind_the_end(tables: Path) -> None:
    data = task(tables).train_data()
    batch = collate([data[i] for i in range(3)])
    for i in range(3):
        steps = len(data[i]["targets"])
        assert torch.equal(batch["targets"][i, :steps], data[i]["targets"])
        assert (batch["targets"][i, steps:] == -100).all() and not batch["located"][i, steps:].any()


def test_weights_go_over_to_another_vocabulary() -> None:
    try:
        locate("slanet-plus")
    except WeightsError as error:
        pytest.skip(f"no weights: {error}")
    model = SLANet(30, 4)
    fresh = start_from(model, "slanet-plus")
    source = SLANet.from_onnx(locate("slanet-plus"))
    assert {name.split(".")[1] for name in fresh} == {"cell", "structure", "location"}
    assert torch.equal(model.head.attend.weight, source.head.attend.weight)
    assert torch.equal(model.head.cell.weight_ih[:, :96], source.head.cell.weight_ih[:, :96])
    assert torch.equal(model.backbone.stem.convolution.weight, source.backbone.stem.convolution.weight)
    with pytest.raises(WeightsError, match="other widths"):
        start_from(SLANet(50, 8, scale=0.5), "slanet-plus")


@pytest.mark.slow
def test_the_exported_graph_decodes_like_the_module(tables: Path, tmp_path: Path) -> None:
    chosen = task(tables, model={"location": 4})
    torch.manual_seed(2)
    model = chosen.model().eval()
    figures = chosen.export_onnx(model, tmp_path / "table.onnx")
    assert figures["difference"] < 1e-4
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        tmp_path / "table.onnx", options, providers=["CPUExecutionProvider"]
    )
    assert (
        session.get_modelmeta().custom_metadata_map["character"].split("\n") == chosen.vocabulary.tokens[1:-1]
    )
    images = torch.randn(3, 3, 64, 64)
    location, probability = session.run(None, {"x": images.numpy()})
    with torch.no_grad():
        prediction = model(images)
    assert location.shape == tuple(prediction["locations"].shape)
    assert np.abs(location - prediction["locations"].numpy()).max() < 1e-4
    assert np.abs(probability - prediction["structure"].softmax(-1).numpy()).max() < 1e-4
    after = SLANet(50, 4, 0.25, 16, 32, 20, places=4)
    with pytest.raises(OptionError, match="after-loop"):
        export_table_reader(after, tmp_path / "no.onnx", chosen.vocabulary, 64)
