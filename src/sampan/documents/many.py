"""Many documents through one parser, with the pages of several of them under way at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from sampan import __version__
from sampan.documents.model import Document, Failure, Page
from sampan.errors import SampanError
from sampan.runtime.in_order import done, in_order

if TYPE_CHECKING:
    from sampan.documents.parser import InputLike, Parser
    from sampan.documents.reading import OpenSource
    from sampan.documents.stages import PageInput

Outcome: TypeAlias = "Page | Failure | SampanError"
"""A page; why it could not be read; or an error that ends its whole document."""


def parse_many(
    parser: Parser,
    sources: Iterable[InputLike],
    begin: Callable[[PageInput], Future[Outcome]],
    ahead: int,
) -> Iterator[tuple[InputLike, Document | SampanError]]:
    """See `Parser.parse_many`. `begin` sets a page going, `ahead` is how many may be in advance of the results."""
    order: deque[_Begun] = deque()
    with ExitStack() as stack:
        pages = _all_pages(parser, sources, begin, order, stack)
        for outcome in stack.enter_context(closing(in_order(pages, ahead))):
            begun = order.popleft()
            begun.left -= 1
            if isinstance(outcome, SampanError):
                begun.error = begun.error or outcome
            elif begun.document is not None:
                begun.document.add(outcome)
            if begun.left == 0:
                yield begun.source, begun.finished(parser)


@dataclass(slots=True)
class _Begun:
    """A document that is being read."""

    source: InputLike
    content: InputLike
    opened: OpenSource | None = None
    document: Document | None = None
    left: int = 1
    """Pages whose results have not come yet; a source that cannot be opened counts as one."""
    error: SampanError | None = None

    def finished(self, parser: Parser) -> Document | SampanError:
        if self.opened is not None:
            self.opened.close()
        if self.error is None and self.document is not None:
            try:
                parser.finish(self.document, self.content)
            except SampanError as error:
                return error
            return self.document
        assert self.error is not None
        return self.error


def _all_pages(
    parser: Parser,
    sources: Iterable[InputLike],
    begin: Callable[[PageInput], Future[Outcome]],
    order: deque[_Begun],
    stack: ExitStack,
) -> Iterator[Future[Outcome]]:
    """Begins the pages of all sources, and notes in `order` whose each one is."""
    from sampan.documents.reading import brought, open_source

    for source in sources:
        begun = _Begun(source, source)
        order.append(begun)
        try:
            begun.content = brought(source, parser.options)
            begun.opened = stack.enter_context(open_source(begun.content, parser.options))
        except SampanError as error:
            yield done(error)
            continue
        begun.document = Document(generator=f"sampan {__version__}", source=begun.opened.info)
        begun.left = len(begun.opened)
        order.extend([begun] * (begun.left - 1))
        for page in begun.opened.pages():
            yield begin(page)
