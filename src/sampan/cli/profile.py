"""`sampan parse --profile FILE`: where the time goes, as a trace that Perfetto opens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def profiled(file: Path | None) -> Iterator[None]:
    """Write what happens inside the block to `file`, however the block ends; without a file, do nothing."""
    if file is None:
        yield
        return
    from tempfile import TemporaryDirectory

    from sampan.documents.writers.files import write_whole
    from sampan.runtime.chrome_trace import gathered_trace, trace_file

    write_whole(file, "")  # a file that cannot be written is better known now than after the work
    with TemporaryDirectory(prefix="sampan-") as folder:
        events = []
        try:
            with gathered_trace(Path(folder)) as events:
                yield
        finally:
            write_whole(file, trace_file(events))
