"""The two ways of running PP-OCR: the official rules, and Sampan's default.

`official`  PaddleOCR 3.0's own rules (card §4): PP-OCRv6 small, native resolution, no cascade.
`default`   PP-OCRv6 tiny detector at the resolution the text needs; tiny → small cascade.

Models open when they are first needed, so a clean page never loads the careful recogniser.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from pathlib import Path
from tempfile import TemporaryDirectory

from sampan.documents.ocr.cascade import CascadeRecogniser, Recogniser
from sampan.documents.ocr.crops import LineCrop
from sampan.documents.ocr.ctc import Reading
from sampan.documents.ocr.detection import DetectionRules, TextDetector
from sampan.documents.ocr.engine import OcrEngine, worker_pool
from sampan.documents.ocr.official import OfficialDetector, OfficialEngine, OfficialRecogniser
from sampan.documents.ocr.recognition import RecognitionRules, TextRecogniser
from sampan.documents.ocr.vocabulary import load_vocabulary
from sampan.documents.ocr.words import is_cjk
from sampan.documents.options import ParseOptions
from sampan.errors import WeightsError
from sampan.runtime import Model, open_model, usable_cores
from sampan.runtime.graph import with_classes, without_final_softmax
from sampan.runtime.once import once
from sampan.weights import REGISTER, locate

DEFAULT = DetectionRules(
    threshold=0.2,
    box_threshold=0.4,
    unclip_ratio=1.4,
    limit_type="mean",
    limit_side=800,
    least_line=7.0,
    max_candidates=3000,
)
"""Thresholds that ship with PP-OCRv6 tiny (its inference.yml), at about 960 × 670 pixels for a page: on the
development pages larger maps found no more lines and cost three to six times as much."""

FAST_SQUEEZE = 0.8
"""Width of the fast pass: measured on the development pages, tiny reads no worse at 0.75 to 0.85 of the natural
width and costs that much less; the careful pass sees the full width."""

CAREFUL_WIDEST = 960
"""Widest strip of the careful pass: two at a time then need 50 MB instead of 120."""

_KEEP_EVERY = 12
"""Which ideographs a recogniser without ideographs keeps."""

_DICTIONARIES = {"pp-ocrv6-tiny-rec": "pp-ocrv6-tiny-dict", "pp-ocrv6-small-rec": "pp-ocrv6-dict"}


class LazyRecogniser:
    """A recogniser that opens its weights at the first line."""

    def __init__(
        self,
        name: str,
        options: ParseOptions,
        pool: Executor | None,
        squeeze: float = 1.0,
        ideographs: bool = True,
        widest: int = 3200,
    ) -> None:
        self.name = name
        self._widest = widest
        self._ideographs = ideographs
        self._squeeze = squeeze
        self._options = options
        self._pool = pool

    @once
    def _recogniser(self) -> TextRecogniser:
        model, vocabulary = open_recogniser(self.name, self._options, self._ideographs)
        rules = RecognitionRules(self._options.batch_size, self._squeeze, self._widest)
        return TextRecogniser(model, vocabulary, self.name, rules, self._pool)

    def read(self, crops: Sequence[LineCrop]) -> list[Reading]:
        """One reading per crop, in the order given."""
        return self._recogniser.read(crops) if crops else []

    quick = read


def weights_path(name: str) -> Path:
    """A known name's file, or a path as it is."""
    if name in REGISTER:
        return locate(name)
    path = Path(name)
    if not path.is_file():
        raise WeightsError(
            f"{name} is neither known weights nor a file: see `sampan weights list`, or give a path to an ONNX file"
        )
    return path


def open_recogniser(name: str, options: ParseOptions, ideographs: bool = True) -> tuple[Model, list[str]]:
    """A recogniser that ends in its logits, and its vocabulary.

    Without `ideographs` it knows only every twelfth of them: enough to notice that there are some, and a tenth faster.
    """
    path = weights_path(name)
    model = _open_with_logits(path)
    dictionary = None
    if options.dictionary is not None:
        dictionary = Path(options.dictionary)
    elif name in _DICTIONARIES:
        dictionary = locate(_DICTIONARIES[name])
    vocabulary = load_vocabulary(model, dictionary)
    if ideographs:
        return model, vocabulary
    classes = [
        index
        for index, text in enumerate(vocabulary)
        if not (text and is_cjk(text)) or index % _KEEP_EVERY == 0
    ]
    return _open_with_logits(path, classes), [vocabulary[index] for index in classes]


def _open_with_logits(path: Path, classes: Sequence[int] | None = None) -> Model:
    """Through a file rather than memory: an edited copy kept beside the session costs 30 MB with small."""
    with TemporaryDirectory(prefix="sampan-") as folder:
        edited = Path(folder) / path.name
        model = without_final_softmax(path.read_bytes())
        edited.write_bytes(model if classes is None else with_classes(model, classes))
        return open_model(edited, 1)


def build_engine(options: ParseOptions) -> OcrEngine | OfficialEngine:
    """The OCR engine that `options` describe."""
    threads = options.threads or usable_cores()
    pool = worker_pool(threads)
    if options.preset == "official":
        name = options.recognition_model or "pp-ocrv6-small-rec"
        return OfficialEngine(
            OfficialDetector(
                open_model(weights_path(options.detection_model or "pp-ocrv6-small-det"), threads)
            ),
            OfficialRecogniser(*open_recogniser(name, options), name, pool),
        )
    detector = TextDetector(
        open_model(weights_path(options.detection_model or "pp-ocrv6-tiny-det"), threads), DEFAULT
    )
    recogniser: Recogniser
    if options.recognition_model is not None:
        recogniser = LazyRecogniser(options.recognition_model, options, pool)
    else:
        recogniser = CascadeRecogniser(
            LazyRecogniser("pp-ocrv6-tiny-rec", options, pool, FAST_SQUEEZE),
            LazyRecogniser("pp-ocrv6-small-rec", options, pool, widest=CAREFUL_WIDEST),
            LazyRecogniser("pp-ocrv6-tiny-rec", options, pool, FAST_SQUEEZE, ideographs=False),
        )
    return OcrEngine(detector, recogniser)
