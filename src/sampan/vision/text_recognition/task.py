"""The task `text-recognition`: a recogniser with its lines, its losses and its figures, for the trainer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Sized
from pathlib import Path
from typing import Any, cast

from torch import Tensor, nn
from torch.utils.data import Dataset

from sampan.errors import WeightsError
from sampan.training.start import read_weights
from sampan.training.task import Precision, Task, register_task
from sampan.vision.blocks.statistics import restore_statistics
from sampan.vision.text_recognition.alphabets import alphabet, alphabet_names
from sampan.vision.text_recognition.augmentation import RecAug
from sampan.vision.text_recognition.center_extraction import read_centers
from sampan.vision.text_recognition.chosen_sources import sources_of
from sampan.vision.text_recognition.dataset import LineDataset, UnlabelledLines, collate_lines
from sampan.vision.text_recognition.dictionary import CharacterDictionary
from sampan.vision.text_recognition.export import export_recognizer
from sampan.vision.text_recognition.given import given_recognizer
from sampan.vision.text_recognition.guidance import guidance_tokens
from sampan.vision.text_recognition.joining import RecConAug
from sampan.vision.text_recognition.losses import ACELoss, CenterLoss, CTCLoss, GuidanceLoss
from sampan.vision.text_recognition.metrics import RecognitionMetrics
from sampan.vision.text_recognition.models import attach_guide, text_recognizer
from sampan.vision.text_recognition.options import ModelOptions, TextRecognitionOptions
from sampan.vision.text_recognition.public_weights import to_public
from sampan.vision.text_recognition.recognizer import TextRecognizer
from sampan.vision.text_recognition.sampling import multi_scale_batches
from sampan.vision.text_recognition.sources import SortedLines
from sampan.vision.text_recognition.vocabulary_surgery import replace_dictionary

_CALIBRATION_BATCH = 32


@register_task("text-recognition")
class TextRecognitionTask(Task):
    """Trains any recogniser of `models` on label files and drawn lines.

    A batch is what `collate_lines` makes. Outputs are those of `TextRecognizer`; distillation taps `ctc`, `guide`,
    `neck` and `backbone`.
    """

    Options = TextRecognitionOptions

    def __init__(self, options: TextRecognitionOptions) -> None:
        self.options = options
        self.dictionary = dictionary_of(options.model)
        loss = options.loss
        self._ctc = CTCLoss(loss.focal_gamma)
        self._ace = ACELoss()
        self._guidance = GuidanceLoss(loss.smoothing)
        self._center: CenterLoss | None = None
        if loss.center is not None:
            self._center = CenterLoss(*read_centers(loss.center.centers))

    def model(self) -> TextRecognizer:
        """The recogniser in training form, from given weights or a pre-trained backbone if the recipe says so."""
        chosen = self.options.model
        given = chosen.given
        if given is None:
            model = text_recognizer(chosen.name, len(self.dictionary), chosen.dropout)
            if chosen.backbone is not None:
                _start_backbone(model, chosen.backbone)
            return self._with_guide(model)
        model, old = given_recognizer(given.weights, chosen.name, given.dictionary, chosen.dropout)
        if old != self.dictionary:
            replace_dictionary(model, old, self.dictionary)
        if given.calibration:
            restore_statistics(model, self._calibration_images(given.calibration))
        return self._with_guide(model)

    def bare_model(self) -> TextRecognizer:
        """The recogniser in training form with fresh weights."""
        chosen = self.options.model
        return self._with_guide(text_recognizer(chosen.name, len(self.dictionary), chosen.dropout))

    def _change(self) -> RecAug | None:
        change = self.options.data.change
        return None if change is None else RecAug(**change.model_dump())

    def _with_guide(self, model: TextRecognizer) -> TextRecognizer:
        guide = self.options.model.guide
        return model if guide is None else attach_guide(model, guide.kind, guide.width, guide.detach)

    def train_data(self) -> Dataset[dict[str, Any]]:
        """The lines of `data.train`, joined and changed."""
        data = self.options.data
        height, width = data.scales[0]
        return LineDataset(
            sources_of(data.train, self.dictionary),
            self.dictionary,
            height=height,
            width=width,
            join=RecConAug(**data.join.model_dump()) if data.join else None,
            change=self._change(),
            max_characters=data.max_characters,
            max_squeeze=data.max_squeeze,
            drop_unknown=data.drop_unknown,
            seed=data.seed,
        )

    def validation_data(self) -> Dataset[dict[str, Any]] | None:
        """The lines of `data.validation` as they are, the same in every epoch, by width; None if there are none."""
        data = self.options.data
        if not data.validation:
            return None
        return LineDataset(
            [SortedLines(source) for source in sources_of(data.validation, self.dictionary, fixed=True)],
            self.dictionary,
            height=data.scales[0][0],
            width=data.validation_width,
            max_characters=10_000,
            drop_unknown=data.drop_unknown,
            seed=data.seed,
        )

    def unlabelled_data(self, files: Sequence[Path]) -> Dataset[dict[str, Any]]:
        """Pictures of lines for distillation, in the first of the recipe's sizes."""
        data = self.options.data
        height, width = data.scales[0]
        return UnlabelledLines(files, height, width, self._change(), data.seed)

    def collate(self, samples: list[dict[str, Any]]) -> dict[str, Any]:
        return collate_lines(samples)

    def batch_sampler(
        self, dataset: Sized, batch_size: int, seed: int, epoch: int
    ) -> Iterable[list[int]] | None:
        """Batches of several sizes if the recipe has more than one; else the trainer's own."""
        scales = self.options.data.scales
        if len(scales) == 1:
            return None
        batches = multi_scale_batches(len(dataset), scales, batch_size, seed, epoch)
        return cast(Iterable[list[int]], batches)

    def forward(self, model: Any, batch: Mapping[str, Any]) -> dict[str, Any]:
        """The model's outputs; in training its guide reads the true text."""
        if self.options.model.guide is None or not model.training:
            outputs: dict[str, Any] = model(batch["image"])
        else:
            tokens = guidance_tokens(batch["labels"], batch["length"])
            outputs = model(batch["image"], tokens, batch["valid_ratio"])
        return outputs

    def losses(self, outputs: Mapping[str, Any], batch: Mapping[str, Any]) -> dict[str, Tensor]:
        """`ctc`, and `guide`, `ace` and `center` where they have a weight.

        Lines without a text (length 0), which come from a pool of unlabelled pictures, count in none of them.
        """
        loss = self.options.loss
        told = batch["length"] > 0
        logits, labels, lengths = outputs["ctc"][told], batch["labels"][told], batch["length"][told]
        terms: dict[str, Tensor] = {}
        if not len(labels):
            return {"ctc": outputs["ctc"].sum() * 0}
        if loss.ctc:
            terms["ctc"] = loss.ctc * self._ctc(logits, labels, lengths)
        if loss.guide and "guide" in outputs:
            targets = guidance_tokens(labels, lengths)[:, 1:]
            terms["guide"] = loss.guide * self._guidance(outputs["guide"][told], targets)
        if loss.ace:
            terms["ace"] = loss.ace * self._ace(logits, labels, lengths)
        if loss.center is not None and self._center is not None:
            self._center.to(logits.device)
            terms["center"] = loss.center.weight * self._center(outputs["features"][told], logits)
        return terms

    def public_tensors(self, model: nn.Module) -> dict[str, Tensor]:
        """The tensors in the public layout, without the guide."""
        assert isinstance(model, TextRecognizer)
        return to_public(model)

    def export_onnx(self, model: nn.Module, path: Path, precision: Precision = "fp32") -> Mapping[str, Any]:
        """Writes a graph like PP-OCR's: `x` (B, 3, 48, W) → probabilities (B, W // 8, V), its characters inside.

        The dictionary goes beside it as a `.txt` of the same name too.
        """
        assert isinstance(model, TextRecognizer)
        report = export_recognizer(model, self.dictionary, path, precision)
        return {
            "size": report.size,
            "difference": f"{report.difference:.2g}",
            "characters": len(self.dictionary.characters),
        }

    def metrics(self) -> RecognitionMetrics:
        metric = self.options.metric
        return RecognitionMetrics(self.dictionary, metric.ignore_spaces, metric.watch)

    def _calibration_images(self, lines: int) -> Iterator[Tensor]:
        dataset = self.train_data()
        count = min(lines, len(cast(Sized, dataset)))
        for start in range(0, count, _CALIBRATION_BATCH):
            batch = [dataset[number] for number in range(start, min(start + _CALIBRATION_BATCH, count))]
            yield collate_lines(batch)["image"]


def dictionary_of(options: ModelOptions) -> CharacterDictionary:
    """The dictionary that a recipe names: an alphabet or a file."""
    if options.dictionary in alphabet_names():
        characters = alphabet(options.dictionary)
    else:
        characters = CharacterDictionary.from_file(Path(options.dictionary))
    return CharacterDictionary(characters.characters, options.space)


def _start_backbone(model: TextRecognizer, origin: Path) -> None:
    """Copies the backbone out of a run of `text-rotation`, or of another recogniser of the same architecture."""
    tensors, _ = read_weights(origin)
    own = {name: tensor for name, tensor in tensors.items() if name.startswith("backbone.")}
    expected = {f"backbone.{name}": tensor.shape for name, tensor in model.backbone.state_dict().items()}
    if {name: tensor.shape for name, tensor in own.items()} != expected:
        raise WeightsError(
            f"the backbone in {origin} is not that of the model: train it with the same model.name"
        )
    model.load_state_dict(own, strict=False)
