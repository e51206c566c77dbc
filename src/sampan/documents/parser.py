"""`Parser`: a file in, a `Document` out. Puts the stages of `sampan.documents.stages` together.

    page with a trusted text layer   its lines as they are; OCR only in regions that cannot be trusted
    any other page                   picture → straightened → OCR
    both                             layout → tables → blocks in reading order

A parser keeps its models open, so reuse one for many files. A broken page becomes an entry in
`Document.failures`; the pages around it are kept.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from sampan import __version__
from sampan.documents.many import Outcome, parse_many
from sampan.documents.model import Document, Failure, Line, Page
from sampan.documents.options import ParseOptions
from sampan.documents.units import in_page_units, scaled_line
from sampan.errors import InputError, OptionError, SampanError
from sampan.runtime import trace, usable_cores
from sampan.runtime.in_order import done, in_order
from sampan.runtime.once import once

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sampan.documents.layout import RuleLayout
    from sampan.documents.ocr.engine import OcrEngine
    from sampan.documents.ocr.official import OfficialEngine
    from sampan.documents.reading import OpenSource
    from sampan.documents.stages import Image, PageInput, TextLayer, Upright
    from sampan.documents.straighten import Straightener
    from sampan.documents.tables.recogniser import TableReader

InputLike = str | Path | bytes | BinaryIO


def parse(source: InputLike, **options: Any) -> Document:
    """Read one document. `options` are the fields of `ParseOptions`.

    >>> sampan.parse("report.pdf", pages="1-3").text
    """
    return Parser(**options).parse(source)


class Parser:
    """Reads documents with one set of options and one set of open models.

    Not for several threads at once; a process pool or one parser per thread serves those.
    """

    def __init__(self, options: ParseOptions | None = None, **fields: Any) -> None:
        if options is not None and fields:
            raise OptionError(f"give either a ParseOptions or single options, not both: {', '.join(fields)}")
        self.options = options or make_options(**fields)
        self.pages_at_once = self.options.pages_at_once or min(self.options.threads or usable_cores(), 4)
        self._ahead = 0 if self.pages_at_once == 1 else 2 * self.pages_at_once

    def parse(self, source: InputLike, progress: Callable[[int, int], None] | None = None) -> Document:
        """Read the whole document (or the pages that the options select).

        `progress(done, total)` is called before the first page and after every page.
        """
        from sampan.documents.reading import brought, open_source

        start = time.perf_counter()
        source = brought(source, self.options)
        with open_source(source, self.options) as opened:
            document = Document(generator=f"sampan {__version__}", source=opened.info)
            if progress is not None:
                progress(0, len(opened))
            for count, outcome in enumerate(self.read_pages(opened), start=1):
                document.add(outcome)
                if progress is not None:
                    progress(count, len(opened))
        self.finish(document, source)
        trace.span(document.source.name, "file", start, pages=len(document.pages))
        return document

    def parse_many(self, sources: Iterable[InputLike]) -> Iterator[tuple[InputLike, Document | SampanError]]:
        """Read many documents, `pages_at_once` pages at a time across their ends; for the order given, each with its
        document or with the error that `parse` would raise, so that one bad file costs no other.

        >>> for path, document in Parser().parse_many(sorted(Path("scans").glob("*.png"))): ...

        A third faster on two cores than one `parse` after another, with the same results. Sources are opened
        shortly before their turn. For thousands of files see `sampan.documents.bulk`, which also survives crashes.
        """
        return parse_many(self, sources, self._begun, self._ahead)

    def finish(self, document: Document, source: InputLike) -> None:
        """Turn pages that were read one by one into one document: what repeats, what goes on over pages."""
        from sampan.documents.assembly import assemble_document
        from sampan.documents.page_images import SourceImages

        if not document.pages:
            first = document.failures[0]
            raise InputError(f"no page of {document.source.name} could be read; {first.message}")
        assemble_document(document.pages)
        if not self.options.furniture:
            for page in document.pages:
                page.blocks = [block for block in page.blocks if block.order is not None]
        document._images = SourceImages(source, self.options)

    def pages(self, source: InputLike) -> Iterator[Page]:
        """Pages one by one as they are read, for documents too long to hold.

        What needs the whole document (running heads, text that goes on over pages) is left undone. A page
        that cannot be read raises its error.
        """
        from sampan.documents.reading import open_source

        with open_source(source, self.options) as opened:
            for page in opened.pages():
                yield self.read_page(page)

    def read_pages(self, opened: OpenSource) -> Iterator[Page | Failure]:
        """The selected pages of an open source, each by itself; what cannot be read is said in its place.

        Pictures are read `pages_at_once`; the results come in the order of the pages.
        """
        with closing(in_order((self._begun(page) for page in opened.pages()), self._ahead)) as outcomes:
            for outcome in outcomes:
                if isinstance(outcome, SampanError):
                    raise outcome
                yield outcome

    def read_page(self, page: PageInput) -> Page:
        """Read one page by itself."""
        clock = _Clock()
        return self._read(page, *self._looked_at(page, clock), clock)

    def _begun(self, page: PageInput) -> Future[Outcome]:
        """A page with its own text is read at once; a picture by a thread of its own, if there are to be several."""
        if self.pages_at_once == 1:
            return done(_outcome(page, lambda: self.read_page(page)))
        clock = _Clock()
        try:
            layer, digital = self._looked_at(page, clock)
        except Exception as error:
            return done(_failure(page, error))

        def read() -> Page:
            return self._read(page, layer, digital, clock)

        if digital:
            return done(_outcome(page, read))
        return self._lanes.submit(trace.carried(_outcome), page, read)

    def _looked_at(self, page: PageInput, clock: _Clock) -> tuple[TextLayer | None, bool]:
        """The page's text layer, and whether it is to be taken instead of the picture."""
        layer = None if self.options.ocr == "always" else page.text_layer()
        clock.lap("text layer")
        return layer, self.options.ocr == "never" or (layer is not None and not _covers(layer, page))

    def _read(self, page: PageInput, layer: TextLayer | None, digital: bool, clock: _Clock) -> Page:
        clock.go_on()
        trace.note("page", page=page, layer=layer, digital=digital)
        if digital:
            result = self._digital_page(page, layer, clock)
        else:
            result = self._pictured_page(page, clock)
        result.seconds = clock.seconds
        trace.span(f"page {page.number}", "page", clock.start, page=page.number)
        return result

    def _digital_page(self, page: PageInput, layer: TextLayer | None, clock: _Clock) -> Page:
        size = (page.width, page.height)
        lines = list(layer.lines) if layer is not None else []
        image, scale = None, 1.0
        if layer is not None and layer.unreliable and self.options.ocr == "auto":
            scale = self.options.dpi / 72.0
            image = page.image(self.options.dpi)
            clock.lap("render")
            lines = self._reread(lines, layer, image, scale)
            clock.lap("ocr")
        result = Page(number=page.number, width=size[0], height=size[1], unit=page.unit)
        self._structure(result, lines, layer, image, scale, clock)
        return result

    def _pictured_page(self, page: PageInput, clock: _Clock) -> Page:
        image = page.image(self.options.dpi)
        clock.lap("render")
        upright, lines = self._read_upright(image, clock)
        scale = self.options.dpi / 72.0 if page.unit == "pt" else 1.0
        if scale != 1.0:
            lines = [scaled_line(line, 1.0 / scale) for line in lines]
        height, width = upright.image.shape[:2]
        result = Page(
            number=page.number,
            width=width / scale,
            height=height / scale,
            unit=page.unit,
            rotation=upright.rotation,
            skew=upright.skew,
            to_source=None if upright.to_source is None else in_page_units(upright.to_source, scale),
        )
        self._structure(result, lines, None, upright.image, scale, clock)
        return result

    def _read_upright(self, image: Image, clock: _Clock) -> tuple[Upright, list[Line]]:
        """Straighten a picture and read it.

        Lines are found on the picture as it is while another thread finds out how the page lies: both take about
        as long, and a line's corners are turned along with the page.
        """
        from sampan.documents.ocr.engine import OcrEngine
        from sampan.documents.ocr.specks import without_specks

        engine = self._ocr
        if not isinstance(engine, OcrEngine):
            upright = self._straightened(image)
            clock.lap("straighten")
            lines = engine.read(upright.image)
            clock.lap("ocr")
            return upright, lines
        image = without_specks(image)
        pending = self._aside.submit(trace.carried(self._straightened), image)
        quads = engine.find(image)
        clock.lap("detect")
        upright = pending.result()
        clock.lap("straighten")
        turned = _turned_along(quads, upright)
        lines = engine.read_quads(upright.image, engine.find(upright.image) if turned is None else turned)
        clock.lap("ocr")
        return upright, lines

    def _straightened(self, image: Image) -> Upright:
        from sampan.documents.stages import Upright

        if not (self.options.orientation or self.options.deskew):
            return Upright(image)
        return self._straightener.straighten(image, self._ocr.score)

    def _reread(self, lines: list[Line], layer: TextLayer, image: Image, scale: float) -> list[Line]:
        """Lines of the text layer, with those in unreliable regions replaced by what OCR reads there."""
        from sampan.documents.geometry.boxes import coverage

        kept = lines
        found: list[Line] = []
        for region in layer.unreliable:
            x0, y0 = max(int(region[0] * scale), 0), max(int(region[1] * scale), 0)
            patch = image[y0 : int(region[3] * scale) + 1, x0 : int(region[2] * scale) + 1]
            if patch.shape[0] < 4 or patch.shape[1] < 4:
                continue
            found += [
                scaled_line(line, 1.0 / scale, (x0 / scale, y0 / scale)) for line in self._ocr.read(patch)
            ]
        if kept:
            inside = coverage([line.box for line in kept], layer.unreliable).max(axis=1) > 0.5
            kept = [line for line, bad in zip(kept, inside, strict=True) if not bad]
        return [*kept, *found]

    def _structure(
        self,
        result: Page,
        lines: list[Line],
        layer: TextLayer | None,
        image: Image | None,
        scale: float,
        clock: _Clock,
    ) -> None:
        """Fill `result.blocks` from its lines."""
        from sampan.documents.assembly import assemble_page
        from sampan.documents.stages import TableInput

        size = (result.width, result.height)
        regions = self._layout.find(lines, size, image if layer is None else None, layer)
        clock.lap("layout")
        tables = {}
        if self.options.tables:
            for index, region in enumerate(regions):
                if region.kind != "table":
                    continue
                table = self._tables.recognise(
                    TableInput(
                        box=region.box,
                        lines=[line for line in lines if _centre_inside(line, region.box)],
                        image=image if layer is None else None,
                        scale=scale,
                        rulings=layer.rulings if layer is not None else None,
                        fills=layer.fills if layer is not None else [],
                    )
                )
                if table is not None:
                    tables[index] = table
        clock.lap("tables")
        result.blocks = assemble_page(
            lines,
            regions,
            size,
            page_number=result.number,
            tables=tables,
            unit=result.unit,
            text_layer=layer,
        )
        origins = {line.origin for line in lines}
        result.origin = "none" if not origins else origins.pop() if len(origins) == 1 else "mixed"
        clock.lap("assembly")

    @once
    def _aside(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self.pages_at_once, thread_name_prefix="sampan-aside")

    @once
    def _lanes(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self.pages_at_once, thread_name_prefix="sampan-page")

    @once
    def _ocr(self) -> OcrEngine | OfficialEngine:
        from sampan.documents.ocr.presets import build_engine

        return build_engine(self.options)

    @once
    def _straightener(self) -> Straightener:
        from sampan.documents.straighten import Straightener

        return Straightener(self.options)

    @once
    def _layout(self) -> RuleLayout:
        from sampan.documents.layout import RuleLayout

        return RuleLayout(self.options)

    @once
    def _tables(self) -> TableReader:
        from sampan.documents.tables.recogniser import TableReader

        return TableReader(self.options)


def make_options(**fields: Any) -> ParseOptions:
    """`ParseOptions` from keywords, with errors that name the option, the value and the nearest right name."""
    from difflib import get_close_matches

    from pydantic import ValidationError

    for name in fields:
        if name not in ParseOptions.model_fields:
            near = get_close_matches(name, ParseOptions.model_fields, 1)
            hint = (
                f"did you mean {near[0]!r}?" if near else f"known are {', '.join(ParseOptions.model_fields)}"
            )
            raise OptionError(f"unknown option {name!r}: {hint}")
    try:
        return ParseOptions(**fields)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise OptionError(f"option {name} = {first['input']!r}: {first['msg']}") from error


def _turned_along(quads: NDArray[np.float32], upright: Upright) -> NDArray[np.float32] | None:
    """Quads of the picture as it was, in the upright picture; None after a change of perspective."""
    from sampan.documents.geometry import homography
    from sampan.documents.ocr.detection import order_corners

    if upright.to_source is None or len(quads) == 0:
        return quads
    to_source = homography.from_tuple(upright.to_source)
    if abs(to_source[2, 0]) + abs(to_source[2, 1]) > 1e-9:
        return None
    moved = homography.apply(homography.invert(to_source), quads)
    return np.stack([order_corners(quad.astype(np.float32)) for quad in moved])


def _covers(layer: TextLayer, page: PageInput) -> bool:
    """Whether the unreliable regions are (nearly) the whole page, so that it is read as a picture."""
    area = sum((x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in layer.unreliable)
    return area >= 0.8 * page.width * page.height


def _centre_inside(line: Line, box: tuple[float, float, float, float]) -> bool:
    x, y = (line.box[0] + line.box[2]) / 2, (line.box[1] + line.box[3]) / 2
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]


def _outcome(page: PageInput, read: Callable[[], Page]) -> Outcome:
    try:
        return read()
    except Exception as error:
        return _failure(page, error)


def _failure(page: PageInput, error: Exception) -> Failure | SampanError:
    """What becomes of a page that cannot be read: an entry in its document, or the end of the whole document."""
    if isinstance(error, InputError):
        return Failure(stage="reading", message=str(error), page=page.number)
    if isinstance(error, SampanError):
        return error
    if isinstance(error, MemoryError):
        message = f"page {page.number} needs more memory than there is: read it at a lower dpi"
        return Failure(stage="reading", message=message, page=page.number)
    # A defect of ours on one page must not cost the other pages; it is reported as what it is.
    if os.environ.get("SAMPAN_DEBUG") == "1":
        raise error
    reason = " ".join(str(error).split())
    message = f"page {page.number}: unexpected {type(error).__name__}: {reason}"
    return Failure(stage="defect", message=message, page=page.number)


class _Clock:
    """Wall time of consecutive stages."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.start = self._last = time.perf_counter()

    def go_on(self) -> None:
        """Leave out the time since the last stage: the page was waiting for its turn."""
        self._last = time.perf_counter()

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self.seconds[stage] = round(self.seconds.get(stage, 0.0) + now - self._last, 4)
        trace.span(stage, "stage", self._last, now)
        self._last = now
