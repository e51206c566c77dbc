"""The recogniser: backbone → pooling → neck → CTC head, and in training a guiding attention decoder."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor
from torch.nn import functional

from sampan.vision.backbones.backbone import Backbone
from sampan.vision.blocks import Fusable
from sampan.vision.text_recognition.heads import CTCHead, TinyHead
from sampan.vision.text_recognition.lstm import BiLSTMNeck
from sampan.vision.text_recognition.nrtr import NRTRGuide
from sampan.vision.text_recognition.sar import SARGuide
from sampan.vision.text_recognition.svtr import LightSVTR, SVTREncoder


class TextRecognizer(Fusable):
    """A line picture to logits of its columns: (B, 3, H, W) → (B, W // 8, classes).

    Input: BGR, (x / 255 − 0.5) / 0.5, height 48 (other heights work in training), padded with zeros on the right.

    Args:
        backbone: gives pyramid levels, the last of which is read.
        neck: mixes columns; None where the head does it (PP-OCRv6 tiny).
        head: names characters.
        guide: attention decoder that is used if `tokens` are given; it is not part of the public layout.
        detach: stop the CTC branch's gradient before the neck, so that the guide alone teaches the backbone
            (PP-OCRv3 … v5; v6 lets it through).
        pooled: whether the backbone's last level has one row already (PP-OCRv3).
    """

    def __init__(
        self,
        backbone: Backbone,
        neck: SVTREncoder | LightSVTR | BiLSTMNeck | None,
        head: CTCHead | TinyHead,
        *,
        guide: NRTRGuide | SARGuide | None = None,
        detach: bool = False,
        pooled: bool = False,
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.neck = neck
        self.head = head
        self.guide: NRTRGuide | SARGuide | None = guide
        self.detach = detach
        self.pooled = pooled

    @property
    def classes(self) -> int:
        """Width of the CTC head: the dictionary's characters, the blank and the space."""
        return self.head.classify.out_features

    @property
    def channels(self) -> int:
        """Channels of the map that neck and guide read."""
        return self.backbone.channels[-1]

    def forward(
        self, image: Tensor, tokens: Tensor | None = None, valid_ratio: Tensor | None = None
    ) -> dict[str, Tensor]:
        """`ctc` logits (B, T, classes), and what losses and teachers tap.

        `features` (B, T, d) go into the last Linear, `neck` (B, T, d) out of the neck, `backbone` (B, C, 1, T) into it.
        With `tokens` (B, L) also `guide`: logits (B, L − 1, tokens) of the tokens after the first.
        """
        x = self.feature_map(image)
        seen = x.detach() if self.detach and self.guide is not None else x
        sequence = seen.squeeze(2).transpose(1, 2) if self.neck is None else self.neck(seen)  # (B, T, d)
        logits, features = self.head(sequence)
        outputs = {"ctc": logits, "features": features, "neck": sequence, "backbone": x}
        if tokens is not None and self.guide is not None:
            read = tokens[:, :-1]
            outputs["guide"] = (
                self.guide(x, read, valid_ratio) if isinstance(self.guide, SARGuide) else self.guide(x, read)
            )
        return outputs

    def feature_map(self, image: Tensor) -> Tensor:
        """(B, C, 1, W // 8): the backbone's last level, its rows averaged and its columns averaged in pairs.

        At height 48 that is the 3×2 pooling of PP-OCR; at heights 32 and 64 of multi-scale training the window
        has two or four rows.
        """
        x = cast(Tensor, self.backbone(image)[-1])
        return x if self.pooled else functional.avg_pool2d(x, (x.shape[2], 2))

    @torch.inference_mode()
    def probabilities(self, image: Tensor) -> Tensor:
        """(B, W // 8, classes) probabilities in float32, the model being left in the mode that it was in."""
        training = self.training
        self.eval()
        try:
            return torch.softmax(self(image)["ctc"].float(), dim=2)
        finally:
            self.train(training)
