"""The trace records what its context does, from any thread, and nothing else."""

import time
from concurrent.futures import ThreadPoolExecutor

from sampan.runtime import trace


def work(name: str) -> None:
    trace.span(name, "stage", time.perf_counter(), size=3)
    trace.note("choice", name=name)


def test_nothing_is_recorded_outside_a_block() -> None:
    assert trace.current() is None
    work("unseen")
    with trace.tracing() as seen:
        pass
    work("unseen")
    assert seen.spans == [] and seen.notes == []
    assert trace.carried(work) is work


def test_spans_and_notes_of_the_block() -> None:
    before = time.perf_counter()
    with trace.tracing() as seen:
        start = time.perf_counter()
        trace.span("whole", "page", start, page=2)
        trace.span("half", "stage", start, start + 0.25)
        trace.note("choice", name="a")
        trace.note("other")
        trace.note("choice", name="b")
    whole, half = seen.spans
    assert before <= whole.start <= whole.end
    assert (whole.name, whole.category, whole.details) == ("whole", "page", {"page": 2})
    assert half.end - half.start == 0.25
    assert seen.about("choice") == [{"name": "a"}, {"name": "b"}]


def test_threads_record_only_work_that_was_carried_there() -> None:
    with ThreadPoolExecutor(2, thread_name_prefix="pool") as pool:
        with trace.tracing() as seen:
            carried = trace.carried(work)
            for future in [pool.submit(carried, f"carried {number}") for number in range(20)]:
                future.result()
            pool.submit(work, "by itself").result()
        pool.submit(work, "afterwards").result()
    assert {span.name for span in seen.spans} == {f"carried {number}" for number in range(20)}
    assert all(span.thread.startswith("pool") for span in seen.spans)


def test_blocks_in_blocks_keep_their_own() -> None:
    with trace.tracing() as outer:
        with trace.tracing() as inner:
            work("inner")
        work("outer")
    assert [span.name for span in inner.spans] == ["inner"]
    assert [span.name for span in outer.spans] == ["outer"]
