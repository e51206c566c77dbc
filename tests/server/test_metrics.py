from prometheus_client.parser import text_string_to_metric_families
from tests.server.clients import Client


def samples(client: Client) -> dict[tuple[str, ...], float]:
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return {
        (sample.name, *(f"{name}={value}" for name, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_what_happens_is_counted(client: Client, report: bytes) -> None:
    before = samples(client)

    def more(*name: str) -> float:
        return after.get(name, 0.0) - before.get(name, 0.0)

    good, bad = client.queue(report)["id"], client.queue(b"garbage")["id"]
    client.ended(good)
    client.ended(bad)
    client.http.delete(f"/v1/jobs/{bad}")
    client.get("/v1/jobs/unknown")
    client.get("/made/up/1")
    client.get("/made/up/2")
    client.http.request("BREW", "/")
    after = samples(client)
    assert more("sampan_pages_total") == 2
    assert more("sampan_received_bytes_total") == len(report) + 7
    assert more("sampan_jobs_ended_total", "status=done") == 1
    assert more("sampan_jobs_ended_total", "status=failed") == 1
    assert more("sampan_job_problems_total", "problem=unreadable") == 1
    assert more("sampan_jobs", "status=done") == 1
    assert more("sampan_jobs", "status=failed") == 0
    assert more("sampan_job_seconds_count") == 1
    assert more("sampan_http_requests_total", "method=POST", "route=/v1/jobs", "status=202") == 2
    assert more("sampan_http_requests_total", "method=GET", "route=/v1/jobs/{id}", "status=404") == 1
    assert more("sampan_http_requests_total", "method=GET", "route=other", "status=404") == 2
    assert more("sampan_http_requests_total", "method=other", "route=/", "status=405") == 1
    assert after[("sampan_queue_length",)] == 0
    assert after[("sampan_resident_bytes", "worker=0")] > 10e6
    assert after[("sampan_resident_bytes", "worker=1")] > 10e6
    assert any(name[0] == "sampan_stage_seconds_total" and name[1].startswith("stage=") for name in after)
    assert after[("process_open_fds",)] > 3
