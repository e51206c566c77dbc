"""Centres for centre loss, and labels that a strong model gives."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
import yaml
from tests.vision.text_recognition.lines import label_file, picture
from torch import nn

from sampan.errors import InputError, OptionError, SampanError
from sampan.training.start import write_weights
from sampan.vision.text_recognition import center_extraction, pseudo_labels
from sampan.vision.text_recognition.center_extraction import extract_centers, read_centers, write_centers
from sampan.vision.text_recognition.given import given_recognizer
from sampan.vision.text_recognition.pseudo_labels import Provenance, mine, read_lines
from sampan.vision.text_recognition.task import TextRecognitionTask
from sampan.weights import locate


class Fixed(nn.Module):
    """Gives prepared outputs, whatever it sees."""

    classes = 4

    def __init__(self, outputs: dict[str, torch.Tensor]) -> None:
        super().__init__()
        self.outputs = outputs

    def forward(self, image: torch.Tensor) -> dict[str, torch.Tensor]:
        return self.outputs


def test_centres_are_means_over_frames_of_lines_read_right(tmp_path: Path) -> None:
    torch.manual_seed(0)
    read = torch.tensor([[1, 1, 0, 2], [1, 0, 2, 2], [2, 2, 2, 0]])
    logits = nn.functional.one_hot(read, 4).float()
    features = torch.randn(3, 4, 5)
    batch = {
        "image": torch.zeros(3),
        "labels": torch.tensor([[1, 2, 0], [1, 3, 0], [2, 9, 9]]),  # the second line is read wrong
        "length": torch.tensor([2, 2, 1]),
    }
    model = Fixed({"ctc": logits, "features": features})
    centers, known, right = extract_centers(model, [batch])  # type: ignore[arg-type]
    assert right == 2 and known.tolist() == [True, True, True, False]
    frames = [(line, frame) for line in (0, 2) for frame in range(4)]
    for number in range(3):
        mine = torch.stack([features[place] for place in frames if read[place] == number])
        assert torch.allclose(centers[number], mine.mean(0), atol=1e-6)
    write_centers(centers, known, tmp_path / "centers.safetensors")
    back = read_centers(tmp_path / "centers.safetensors")
    assert torch.equal(back[0], centers) and torch.equal(back[1], known)
    batch["labels"] = torch.full((3, 3), 3)
    with pytest.raises(OptionError, match="no line was read without a mistake"):
        extract_centers(model, [batch])  # type: ignore[arg-type]


def test_centres_are_extracted_from_a_recipe_and_a_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _tiny()
    labels = label_file(tmp_path, 12)
    recipe = {
        "task": "text-recognition",
        "model": {
            "dictionary": str(tmp_path / "dictionary.txt"),
            "given": {"weights": "pp-ocrv6-tiny-rec", "calibration": 0},
        },
        "data": {"train": [{"labels": str(labels)}], "scales": [[48, 128]]},
        "train": {"steps": 1},
    }
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(recipe), encoding="utf-8")
    task = TextRecognitionTask(TextRecognitionTask.Options(**{key: recipe[key] for key in ("model", "data")}))
    write_weights(tmp_path / "model.safetensors", task.model().state_dict())
    out = tmp_path / "centers.safetensors"
    arguments = [str(tmp_path / "recipe.yaml"), str(tmp_path / "model.safetensors"), str(out)]
    center_extraction.main([*arguments, "--lines", "10", "--batch-size", "4"])
    right = int(capsys.readouterr().out.split(" of ")[0])
    assert 8 <= right <= 10
    centers, known = read_centers(out)
    assert centers.shape == (10, 80) and known[0]  # the blank stands in every line
    recipe["loss"] = {"center": {"centers": str(out)}}
    trained = TextRecognitionTask(
        TextRecognitionTask.Options(**{key: recipe[key] for key in ("model", "data", "loss")})
    )
    batch = trained.collate([trained.train_data()[number] for number in range(4)])
    terms = trained.losses(trained.forward(task.model().eval(), batch), batch)
    # These very lines made the centres, so their frames lie near them.
    spread = float(centers[known].var(0).sum())
    assert 0 < terms["center"].item() / 0.05 < spread


def _tiny():  # type: ignore[no-untyped-def]
    try:
        locate("pp-ocrv6-tiny-rec"), locate("pp-ocrv6-tiny-dict")
    except SampanError as error:
        pytest.skip(str(error))
    return given_recognizer("pp-ocrv6-tiny-rec")


def test_readings_do_not_depend_on_batch_mates() -> None:
    model, dictionary = _tiny()
    images = [picture(text, seed) for seed, text in enumerate(("ABC", "HEAD", "CAB", "FEED", "G"))]
    together = read_lines(model, dictionary, images)
    assert [reading.text for reading in together][:4] == ["ABC", "HEAD", "CAB", "FEED"]
    for image, reading in zip(images, together, strict=True):
        alone = read_lines(model, dictionary, [image])[0]
        assert alone.text == reading.text and alone.confidence == pytest.approx(reading.confidence, abs=1e-4)


def test_sure_lines_are_kept_and_their_origin_written_down(tmp_path: Path) -> None:
    _tiny()
    folder = tmp_path / "lines"
    (folder / "more").mkdir(parents=True)
    cv2.imwrite(str(folder / "a.png"), picture("HEAD", 1))
    cv2.imwrite(str(folder / "more" / "b.png"), picture("CAFE", 2))
    cv2.imwrite(str(folder / "noise.png"), np.random.default_rng(0).integers(0, 256, (20, 150, 3), np.uint8))
    (folder / "broken.png").write_bytes(b"no picture")
    out = tmp_path / "out"
    pseudo_labels.main(["pp-ocrv6-tiny-rec", str(folder), str(out), "--threshold", "0.9"])
    labels = (out / "labels.txt").read_text(encoding="utf-8").splitlines()
    assert set(labels) >= {"a.png\tHEAD", "more/b.png\tCAFE"} and not any("noise" in row for row in labels)
    record = json.loads((out / "provenance.json").read_text(encoding="utf-8"))
    assert record["weights"] == "pp-ocrv6-tiny-rec" and record["threshold"] == 0.9
    assert record["sha256"].startswith("9ef676d6")
    assert record["pictures"] == 3 and record["kept"] == 2 and record["unreadable"] == ["broken.png"]
    counts = list(record["kept_at"].values())
    assert counts == sorted(counts, reverse=True) and record["kept_at"]["0.9"] == 2
    assert min(record["confidences"].values()) >= 0.9
    between = str(sum(record["confidences"].values()) / 2)  # one line is surer than the mean of both
    pseudo_labels.main(["pp-ocrv6-tiny-rec", str(folder), str(out), "--threshold", between])
    assert len((out / "labels.txt").read_text(encoding="utf-8").splitlines()) == 1


def test_nothing_to_label_is_an_error(tmp_path: Path) -> None:
    model, dictionary = _tiny()
    with pytest.raises(InputError, match="no pictures below"):
        mine(model, dictionary, tmp_path, tmp_path / "out", Provenance("x", "y", 0.9))
    with pytest.raises(OptionError, match=r"threshold 1\.5"):
        mine(model, dictionary, tmp_path, tmp_path / "out", Provenance("x", "y", 1.5))
