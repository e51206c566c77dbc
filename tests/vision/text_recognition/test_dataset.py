from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from sampan.errors import InputError, OptionError
from sampan.vision.text_recognition.augmentation import RecAug
from sampan.vision.text_recognition.dataset import LineDataset, collate_lines
from sampan.vision.text_recognition.dictionary import CharacterDictionary
from sampan.vision.text_recognition.joining import RecConAug
from sampan.vision.text_recognition.sampling import multi_scale_batches
from sampan.vision.text_recognition.sources import DrawnLines, LabelFile
from sampan.vision.text_recognition.strips import Image

DICTIONARY = CharacterDictionary(tuple("abcdefgh"))


class Written:
    """Lines whose grey level tells their number."""

    def __init__(self, texts: list[str], widths: list[int] | None = None) -> None:
        self.texts = texts
        self.widths = widths or [96] * len(texts)
        self.moves = True

    def __len__(self) -> int:
        return len(self.texts)

    def line(self, index: int, epoch: int) -> tuple[Image, str]:
        return np.full((48, self.widths[index], 3), index + epoch * self.moves, np.uint8), self.texts[index]


def test_items_are_pictures_with_labels() -> None:
    data = LineDataset([Written(["ab"]), Written(["c a", "h"])], DICTIONARY, width=128)
    assert len(data) == 3
    item = data[1]
    assert item["image"].shape == (3, 48, 128) and item["image"].dtype == torch.float32
    assert item["labels"].tolist() == [3, 9, 1] and item["length"] == 3 and item["text"] == "c a"
    assert item["valid_ratio"] == pytest.approx(96 / 128)
    assert data[(2, 32, 64)]["image"].shape == (3, 32, 64)


def test_spaces_of_all_kinds_become_plain_and_texts_composed() -> None:
    data = LineDataset([Written(["a\u00a0b\u202fc"])], CharacterDictionary(("a", "b", "c")))
    assert data[0]["text"] == "a b c"


def test_lines_that_cannot_be_used_are_replaced_by_others() -> None:
    texts = ["xyz", "a" * 30, "", "ab"]
    data = LineDataset([Written(texts, [96, 96, 96, 96])], DICTIONARY, max_characters=20)
    assert {data[number]["text"] for number in range(4)} == {"ab"}
    dropped = LineDataset([Written(["axb"])], DICTIONARY, drop_unknown=True)
    assert dropped[0]["text"] == "ab"
    wide = LineDataset([Written(["a", "b"], [1000, 300])], DICTIONARY, width=320, max_squeeze=1.5)
    assert wide[0]["text"] == "b"
    assert LineDataset([Written(["a"], [1000])], DICTIONARY, width=None)[0]["image"].shape[2] == 1000
    with pytest.raises(InputError, match="cannot be used, the last one 'xyz'"):
        LineDataset([Written(["xyz"])], DICTIONARY)[0]
    with pytest.raises(InputError, match="no lines"):
        LineDataset([Written([])], DICTIONARY)


def test_an_item_depends_on_seed_epoch_and_number_alone() -> None:
    def data(seed: int) -> LineDataset:
        source = Written(list("abcdefgh"))
        source.moves = False
        return LineDataset(
            [source], DICTIONARY, width=320, join=RecConAug(gap=0.2), change=RecAug(), seed=seed
        )

    first, again = data(1), data(1)
    _ = [again[number] for number in range(5)]  # what was drawn before does not count
    assert torch.equal(first[6]["image"], again[6]["image"]) and first[6]["text"] == again[6]["text"]
    again.set_epoch(1)
    # This source has the same lines in every epoch, so it is the draws that differ.
    assert not torch.equal(first[6]["image"], again[6]["image"])
    assert any(not torch.equal(first[n]["image"], data(2)[n]["image"]) for n in range(8))
    assert {len(first[n]["text"].split()) for n in range(8)} > {1}


def test_a_batch_is_as_wide_as_its_widest() -> None:
    data = LineDataset([Written(["ab", "abcd"], [80, 160])], DICTIONARY, width=None)
    batch = collate_lines([data[0], data[1]])
    assert batch["image"].shape == (2, 3, 48, 160)
    assert (batch["image"][0, :, :, 80:] == 0).all() and (batch["image"][0, :, :, :80] != 0).all()
    assert batch["labels"].tolist() == [[1, 2, 0, 0], [1, 2, 3, 4]]
    assert batch["length"].tolist() == [2, 4] and batch["text"] == ["ab", "abcd"]
    assert batch["valid_ratio"].tolist() == [0.5, 1.0]


def test_label_files_of_paddleocr(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    picture = np.random.default_rng(0).integers(0, 256, (20, 60, 3), np.uint8)
    cv2.imwrite(str(tmp_path / "pictures" / "eins.png"), picture)
    labels = tmp_path / "labels.txt"
    labels.write_text("pictures/eins.png\ta b\tc\r\n\npictures/none.png\tx\n", encoding="utf-8")
    source = LabelFile(labels)
    assert len(source) == 2
    image, text = source.line(0, 3)
    assert np.array_equal(image, picture) and text == "a b\tc"
    with pytest.raises(InputError, match=r"none\.png cannot be read"):
        source.line(1, 0)
    assert LabelFile(labels, tmp_path).line(0, 0)[1] == "a b\tc"
    labels.write_text("eins.png a\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"line 1 of labels\.txt has no tab"):
        LabelFile(labels)
    labels.write_text("\n", encoding="utf-8")
    with pytest.raises(InputError, match="names no pictures"):
        LabelFile(labels)


def test_batches_of_several_sizes_have_equally_many_pixels() -> None:
    scales = [(48, 320), (32, 320), (64, 320), (48, 640)]
    batches = multi_scale_batches(4000, scales, 24, seed=1, epoch=2)
    assert batches == multi_scale_batches(4000, scales, 24, seed=1, epoch=2)
    assert batches != multi_scale_batches(4000, scales, 24, seed=1, epoch=3)
    numbers = [number for batch in batches for number, _, _ in batch]
    assert len(set(numbers)) == len(numbers) > 3950
    for batch in batches[:-1]:
        ((height, width),) = {(height, width) for _, height, width in batch}
        assert (height, width) in scales
        assert 0.95 * 24 * 48 * 320 < len(batch) * height * width <= 24 * 48 * 320
    counts = [sum(batch[0][1:] == scale for batch in batches) for scale in scales]
    assert min(counts) > 0.15 * len(batches)
    with pytest.raises(OptionError, match="50 × 320"):
        multi_scale_batches(10, [(50, 320)], 4, 0, 0)


def test_drawn_lines_differ_between_epochs_unless_they_are_fixed() -> None:
    from sampan.vision.synthesis.lines import LineOptions

    try:
        lines = DrawnLines(LineOptions(languages={"en": 1.0}, length=(2, 12)), count=3)
        first = lines.line(1, 0)
    except Exception as error:
        pytest.skip(f"no fonts or texts to draw with: {error}")
    again, later = lines.line(1, 0), lines.line(1, 1)
    assert np.array_equal(first[0], again[0]) and first[1] == again[1]
    assert first[0].shape[2] == 3
    assert later[1] != first[1] or later[0].shape != first[0].shape
    lines.fixed = True
    assert lines.line(1, 1)[1] == first[1]
