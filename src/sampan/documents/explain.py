"""Why a page reads as it does: stage times, models, second looks, confidences, and what went to OCR.

`explain` reads one page under a trace and turns what the stages noted into an `Explanation`, for people who
wonder about a result and for programs that gather such things.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from sampan.documents.model import Box, Page
from sampan.errors import OptionError
from sampan.runtime.trace import Span, Trace, tracing

if TYPE_CHECKING:
    from sampan.documents.options import ParseOptions

EDGES = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 1.0)
"""Of the histogram of confidences; most words of a good page are above 0.99, and what matters is how many are not."""
LOWEST = 10
"""How many of the least certain words are listed."""


class Region(BaseModel):
    """A part of the page whose text layer was not believed."""

    box: Box
    reason: str


class ModelUse(BaseModel):
    """What one network did for the page."""

    name: str
    task: str
    runs: int
    seconds: float
    """Sum over all runs; runs on several threads overlap."""
    largest_input: list[int]


class SecondLook(BaseModel):
    """Characters that the careful model read again, and whether its reading was taken."""

    before: str
    confidence_before: float
    after: str
    confidence_after: float
    taken: bool


class DoubtfulWord(BaseModel):
    text: str
    confidence: float
    box: Box
    model: str | None


class Bin(BaseModel):
    """Words with a confidence from `low` up to, and but for 1.0 without, `high`."""

    low: float
    high: float
    words: int


class Confidences(BaseModel):
    """Of the words that OCR read; a text layer's words are certain and are not counted."""

    words: int
    mean: float | None
    histogram: list[Bin]
    lowest: list[DoubtfulWord]


class Explanation(BaseModel):
    """One page, explained."""

    source: str
    media_type: str
    page: int
    pages: int
    width: float
    height: float
    unit: str
    rotation: int
    skew: float
    origin: str
    why: str
    """Why the page was read by OCR, or was not, in one sentence."""
    regions: list[Region]
    notes: list[str]
    """Other decisions, in words: the hidden layer of a scan, the choice between fast and careful model."""
    settings: dict[str, Any]
    """Options and rules that decide how the page is read."""
    seconds: dict[str, float]
    models: list[ModelUse]
    scripts: dict[str, int]
    """Letters of the page by script, commonest first."""
    lines_by_model: dict[str, int]
    second_looks: list[SecondLook]
    confidences: Confidences
    blocks: dict[str, int]


def explain(source: Path | bytes, options: ParseOptions, page: int) -> Explanation:
    """Read page `page` (counted from 1) of `source` and tell how that went."""
    from sampan.documents.parser import Parser

    if page < 1:
        raise OptionError(f"page {page} cannot be explained: pages count from 1")
    chosen = options.model_copy(update={"pages": str(page)})
    with tracing() as trace:
        document = Parser(chosen).parse(source)
    read = document.pages[0]
    why, regions = _verdict(trace, read, chosen)
    return Explanation(
        source=document.source.name,
        media_type=document.source.media_type,
        page=read.number,
        pages=document.source.pages or 1,
        width=read.width,
        height=read.height,
        unit=read.unit,
        rotation=read.rotation,
        skew=read.skew,
        origin=read.origin,
        why=why,
        regions=regions,
        notes=_notes(trace),
        settings=_settings(chosen, trace),
        seconds=read.seconds,
        models=_models(trace.spans),
        scripts=_scripts(read.text),
        lines_by_model=dict(
            Counter(line.model or line.origin for block in read.blocks for line in block.lines).most_common()
        ),
        second_looks=_second_looks(trace),
        confidences=_confidences(read),
        blocks=dict(Counter(block.kind for block in read.blocks).most_common()),
    )


def _verdict(trace: Trace, page: Page, options: ParseOptions) -> tuple[str, list[Region]]:
    """Why the page went to OCR or did not, and the regions that were not believed."""
    seen = trace.about("page")[0]
    layer, digital = seen["layer"], seen["digital"]
    regions = _distrusted(trace) if layer is not None else []
    if options.ocr == "always":
        return "read by OCR because ocr = always", []
    if options.ocr == "never":
        lines = len(layer.lines) if layer is not None else 0
        return f"not read by OCR because ocr = never; its text layer gave {lines} lines", regions
    if layer is None:
        if page.unit == "px":
            return "read by OCR because a picture has no text layer", []
        return "read by OCR because the PDF holds no text on this page", []
    if not regions:
        return f"not read by OCR: its text layer of {len(layer.lines)} lines is trusted", []
    size = seen["page"].width * seen["page"].height
    share = sum((x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in layer.unreliable) / size
    if digital:
        kept = sum(line.origin == "text_layer" for block in page.blocks for line in block.lines)
        return (
            f"read from its text layer ({kept} lines), and by OCR in {len(regions)} regions "
            f"({share:.0%} of the page) whose text is missing or cannot be trusted",
            regions,
        )
    return f"read by OCR: its text is missing or cannot be trusted on {share:.0%} of the page", regions


def _distrusted(trace: Trace) -> list[Region]:
    regions: list[Region] = []
    known: set[Box] = set()
    for noted in trace.about("unreadable"):
        causes = []
        if noted["fonts"]:
            names = ", ".join(sorted(str(name) for name in noted["fonts"]))
            causes.append(f"letters that make no language in the fonts {names}")
        if noted["broken"].any():
            causes.append(f"{int(noted['broken'].sum())} characters that stand for nothing")
        regions += [Region(box=box, reason="; ".join(causes)) for box in noted["boxes"]]
    for noted in trace.about("scans"):
        regions += [Region(box=box, reason="a picture with hardly any text on it") for box in noted["boxes"]]
    known = {region.box for region in regions}
    for noted in trace.about("page"):
        # What is left was found by the hidden text of a scan, which is either good or stands for its picture.
        for box in noted["layer"].unreliable:
            if box not in known:
                regions.append(Region(box=box, reason="a scan whose hidden text does not look like language"))
    return regions


def _notes(trace: Trace) -> list[str]:
    notes = []
    for noted in trace.about("invisible"):
        if noted["layer"]:
            verdict = "looks like language and is kept" if noted["good"] else "is left out"
            notes.append(f"the hidden text of a scan ({len(noted['layer'])} lines) {verdict}")
    for noted in trace.about("sample"):
        readings, least = noted["readings"], noted["least"]
        certain = [float(value) for reading in readings for value in reading.probabilities]
        mean = sum(certain) / len(certain) if certain else 0.0
        if noted["unsure"]:
            choice = f"mean probability {mean:.3f} is below {least}: the careful model reads the page alone"
        elif noted["traditional"]:
            choice = "the text is Traditional Chinese: the careful model reads the page alone"
        else:
            choice = (
                f"mean probability {mean:.3f} (at least {least}): fast model first, careful model for doubts"
            )
        if noted["plain"]:
            choice += "; no ideographs, so the fast model reads with few of them"
        notes.append(f"{len(readings)} lines read as a sample: {choice}")
    return notes


def _settings(options: ParseOptions, trace: Trace) -> dict[str, Any]:
    from dataclasses import asdict

    names = "ocr", "preset", "dpi", "orientation", "deskew", "layout", "tables", "detection_model"
    settings: dict[str, Any] = {name: getattr(options, name) for name in (*names, "recognition_model")}
    if any(span.category == "model" for span in trace.spans) and options.preset == "default":
        from sampan.documents.ocr.cascade import CascadeRules
        from sampan.documents.ocr.presets import DEFAULT, FAST_SQUEEZE

        settings["detection"] = asdict(DEFAULT)
        if options.recognition_model is None:
            settings["fast_squeeze"] = FAST_SQUEEZE
            settings["cascade"] = asdict(CascadeRules())
    return settings


def _models(spans: list[Span]) -> list[ModelUse]:
    from sampan.weights import REGISTER

    by_model: dict[str, list[Span]] = defaultdict(list)
    for span in spans:
        if span.category == "model":
            by_model[model_name(span.name)].append(span)
    uses = [
        ModelUse(
            name=name,
            task=REGISTER[name].task if name in REGISTER else "",
            runs=len(runs),
            seconds=round(sum(run.end - run.start for run in runs), 4),
            largest_input=max((shape for run in runs for shape in run.details["shapes"]), key=_volume),
        )
        for name, runs in by_model.items()
    ]
    return sorted(uses, key=lambda use: -use.seconds)


def model_name(stem: str) -> str:
    """The register's name of a weights file, by the stem of its name in the cache or in its carrier."""
    from sampan.weights import REGISTER

    for weights in REGISTER.values():
        if stem in (f"{weights.name}-{weights.sha256[:8]}", Path(weights.file).stem):
            return weights.name
    return stem


def _volume(shape: list[int]) -> int:
    volume = 1
    for side in shape:
        volume *= side
    return volume


def _scripts(text: str) -> dict[str, int]:
    """Letters by the first word of their Unicode names, which is the script for all but a few."""
    counts: Counter[str] = Counter()
    for character, count in Counter(text).items():
        if character.isalpha():
            counts[unicodedata.name(character, "UNNAMED").split()[0].capitalize()] += count
    return dict(counts.most_common())


def _second_looks(trace: Trace) -> list[SecondLook]:
    looks = []
    for noted in trace.about("second look"):
        doubt, before, careful = noted["doubt"], noted["before"], noted["careful"]
        probabilities = before.probabilities[doubt.first : doubt.last]
        looks.append(
            SecondLook(
                before="".join(before.characters[doubt.first : doubt.last]).strip(),
                confidence_before=round(float(probabilities.mean()), 4) if probabilities.size else 0.0,
                after=careful.text.strip(),
                confidence_after=round(careful.confidence, 4),
                taken=noted["after"] is not before,
            )
        )
    return looks


def _confidences(page: Page) -> Confidences:
    words = [
        DoubtfulWord(text=word.text, confidence=word.confidence, box=word.box, model=line.model)
        for block in page.blocks
        for line in block.lines
        if line.origin != "text_layer"
        for word in line.words
    ]
    counts = [0] * (len(EDGES) - 1)
    for word in words:
        counts[min(bisect_right(EDGES, word.confidence), len(counts)) - 1] += 1
    return Confidences(
        words=len(words),
        mean=round(sum(word.confidence for word in words) / len(words), 4) if words else None,
        histogram=[
            Bin(low=low, high=high, words=count)
            for low, high, count in zip(EDGES, EDGES[1:], counts, strict=False)
        ],
        lowest=sorted(words, key=lambda word: word.confidence)[:LOWEST],
    )
