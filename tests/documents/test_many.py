"""Many documents through one parser: the same results, in order, and one bad file costs no other."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.documents.reading.pdf_samples import SamplePage, pdf
from tests.documents.test_parser import PROSE, image_pdf, picture, png, with_eyes, written

from sampan.documents.model import Document, Line, Word
from sampan.documents.parser import Parser
from sampan.errors import InputError, SampanError


def bare(document: Document | SampanError) -> dict[str, object]:
    """Without times, which differ from run to run."""
    assert isinstance(document, Document)
    for page in document.pages:
        page.seconds = {}
    return document.model_dump()


def test_the_same_as_one_by_one() -> None:
    sources = [
        png(picture()),
        pdf(SamplePage(written(PROSE))),
        image_pdf(picture()),
        png(np.ascontiguousarray(np.rot90(picture()))),
        pdf(SamplePage(written(PROSE)), SamplePage(b"", broken=True), SamplePage(written(PROSE[:2]))),
    ]
    one = Parser(threads=1)
    side_by_side = Parser(threads=2, pages_at_once=3)
    found = list(side_by_side.parse_many(sources))
    assert [source for source, _ in found] == sources
    for source, document in found:
        assert bare(document) == bare(one.parse(source))


def test_bad_files_stand_in_their_places(tmp_path: Path) -> None:
    good = pdf(SamplePage(written(PROSE)))
    missing = tmp_path / "missing.pdf"
    hopeless = pdf(SamplePage(b"", broken=True))
    results = list(Parser(pages_at_once=2).parse_many([missing, good, b"", hopeless, good]))
    kinds = [type(outcome) for _, outcome in results]
    assert kinds == [InputError, Document, InputError, InputError, Document]
    messages = [str(outcome) for _, outcome in results if isinstance(outcome, SampanError)]
    assert "does not exist" in messages[0] and "empty" in messages[1] and "no page" in messages[2]


def test_an_error_of_the_engine_belongs_to_its_document() -> None:
    made, eyes = with_eyes("x", pages_at_once=2)
    read = eyes.read

    def fail_if_small(image: np.ndarray) -> list[Line]:
        if image.shape[0] < 500:
            raise SampanError("the engine is out of order")
        return read(image)

    eyes.read = fail_if_small  # type: ignore[method-assign]
    first, second = made.parse_many([png(picture()[:400]), png(picture())])
    assert isinstance(first[1], SampanError) and "out of order" in str(first[1])
    assert isinstance(second[1], Document) and second[1].text == "x"


@pytest.mark.parametrize("count", [1, 2, 3])
def test_as_many_pages_as_asked_for_are_under_way(count: int) -> None:
    made, eyes = with_eyes(pages_at_once=count, orientation=False, deskew=False)
    lock, gate = threading.Lock(), threading.Event()
    under_way = most = 0

    def read(image: np.ndarray) -> list[Line]:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
            if under_way == count:
                gate.set()
        gate.wait(5)
        box = (10.0, 10.0, 90.0, 30.0)
        with lock:
            under_way -= 1
        return [Line(text="x", box=box, confidence=0.9, origin="ocr", words=[Word(text="x", box=box)])]

    eyes.read = read  # type: ignore[method-assign]
    assert len(list(made.parse_many([png(picture())] * 6))) == 6
    assert most == count


def test_sources_are_asked_for_as_they_are_needed_and_closed() -> None:
    made, _ = with_eyes("x", pages_at_once=2)
    asked = 0

    def sources() -> Iterator[bytes]:
        nonlocal asked
        for _ in range(100):
            asked += 1
            yield png(picture()[:200])

    results = made.parse_many(sources())
    next(results)
    results.close()  # type: ignore[attr-defined]
    assert asked < 10


def test_nothing_in_nothing_out() -> None:
    assert list(Parser().parse_many([])) == []
