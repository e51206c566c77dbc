"""What the server counts, in the format of Prometheus."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from sampan.documents.bulk.isolation import resident_bytes

# They are a second series for each counter that nobody asks for.
disable_created_metrics()  # type: ignore[no-untyped-call]

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """A registry of its own, so that two applications in one process do not mix."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self.requests = Counter(
            "sampan_http_requests", "Answered requests.", ["method", "route", "status"], registry=registry
        )
        self.request_seconds = Histogram(
            "sampan_http_request_seconds",
            "From the first byte of a request to the last of its answer.",
            ["route"],
            buckets=(0.005, 0.02, 0.1, 0.5, 2, 10, 60, 300),
            registry=registry,
        )
        self.received = Counter("sampan_received_bytes", "Bytes of accepted documents.", registry=registry)
        self.jobs = Gauge("sampan_jobs", "Jobs on disk, by status.", ["status"], registry=registry)
        self.queue = Gauge("sampan_queue_length", "Documents that wait to be read.", registry=registry)
        self.ended = Counter(
            "sampan_jobs_ended", "Jobs that ended, by status.", ["status"], registry=registry
        )
        self.problems = Counter("sampan_job_problems", "Why jobs failed.", ["problem"], registry=registry)
        self.job_seconds = Histogram(
            "sampan_job_seconds",
            "How long a document took to read.",
            buckets=(0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800),
            registry=registry,
        )
        self.pages = Counter("sampan_pages", "Pages read.", registry=registry)
        self.stage_seconds = Counter(
            "sampan_stage_seconds", "Time in each stage of reading.", ["stage"], registry=registry
        )
        self.restarts = Counter(
            "sampan_worker_restarts", "Workers that died or were ended.", registry=registry
        )
        self.refused = Counter(
            "sampan_refused", "Documents refused because the queue was full.", registry=registry
        )
        self.resident = Gauge(
            "sampan_resident_bytes",
            "Memory of the server (0) and its workers.",
            ["worker"],
            registry=registry,
        )

    def page(self, counts: Mapping[str, int], processes: Iterable[int | None]) -> bytes:
        """The whole page, with what is only known at the moment of asking."""
        for status, count in counts.items():
            self.jobs.labels(status).set(count)
        self.queue.set(counts["queued"])
        for number, process in enumerate([os.getpid(), *processes]):
            self.resident.labels(str(number)).set(resident_bytes(process) if process else 0)
        return generate_latest(self.registry)
