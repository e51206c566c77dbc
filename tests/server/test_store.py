import random
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from sampan.server.store import ENDED, Store


def add(store: Store, id: str, **rest: Any) -> Any:
    row = {
        "owner": "", "waited": False, "name": "a.pdf", "bytes": 3, "digest": "d", "options": "{}",
        "idempotency_key": None, **rest,
    }  # fmt: skip
    return store.add(id, **row)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "jobs.sqlite3")


def test_a_job_goes_its_way(store: Store) -> None:
    assert add(store, "a").status == "queued"
    job = store.claim()
    assert job is not None
    assert (job.id, job.status, job.starts) == ("a", "running", 1)
    assert store.claim() is None
    assert store.complete("a", 2, 3, 1)
    job = store.get("a")
    assert job is not None
    assert (job.status, job.pages_done, job.pages_total, job.page_failures) == ("done", 2, 3, 1)
    assert job.created <= job.started <= job.finished  # type: ignore[operator]


def test_it_is_on_the_disk_at_once(store: Store, tmp_path: Path) -> None:
    add(store, "a")
    other = sqlite3.connect(f"file:{tmp_path / 'jobs.sqlite3'}?mode=ro", uri=True)
    assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert other.execute("SELECT id, status FROM jobs").fetchall() == [("a", "queued")]


def test_first_come_first_served_but_those_who_wait_go_first(store: Store) -> None:
    for id, waited in (("a", False), ("b", False), ("c", True)):
        add(store, id, waited=waited)
    assert [store.claim().id for _ in range(3)] == ["c", "a", "b"]  # type: ignore[union-attr]


def test_what_was_running_when_the_server_died_comes_again_and_last(store: Store, tmp_path: Path) -> None:
    add(store, "a")
    add(store, "b")
    store.claim()
    again = Store(tmp_path / "jobs.sqlite3")
    interrupted, abandoned = again.recover()
    assert [job.id for job in interrupted] == ["a"]
    assert abandoned == []
    assert [again.claim().id for _ in range(2)] == ["b", "a"]  # type: ignore[union-attr]
    job = again.get("a")
    assert job is not None
    assert (job.starts, job.interruptions, job.crashes) == (2, 1, 0)


def test_nobody_waits_after_a_restart(store: Store) -> None:
    add(store, "a", waited=True)
    add(store, "b")
    assert store.recover() == ([], ["a"])
    assert store.get("a") is None


def test_the_same_idempotency_key_gives_the_same_job_to_the_same_owner(store: Store) -> None:
    first = add(store, "a", owner="me", idempotency_key="k")
    assert add(store, "b", owner="me", idempotency_key="k") == first
    assert add(store, "c", owner="you", idempotency_key="k").id == "c"
    assert add(store, "d", owner="me").id == "d"
    assert add(store, "e", owner="me").id == "e"
    assert store.get("b") is None


@pytest.mark.parametrize("end", ["complete", "fail", "cancel"])
def test_a_job_ends_once(store: Store, end: str) -> None:
    ends: dict[str, Any] = {
        "complete": lambda: store.complete("a", 1, 1, 0),
        "fail": lambda: store.fail("a", "unreadable", "why"),
        "cancel": lambda: store.cancel("a"),
    }
    add(store, "a")
    store.claim()
    assert ends[end]()
    before = store.get("a")
    assert not any(other() for other in ends.values())
    assert not store.requeue("a", crashed=True)
    assert store.get("a") == before


def test_lists_are_newest_first_and_go_on(store: Store) -> None:
    for number in range(7):
        add(store, f"j{number}", owner="me" if number != 3 else "you")
    add(store, "w", owner="me", waited=True)
    first = store.listed("me", 4, None)
    assert [job.id for job in first] == ["j6", "j5", "j4", "j2"]
    assert [job.id for job in store.listed("me", 4, first[-1].id)] == ["j1", "j0"]
    assert store.listed("me", 4, "unknown") == []


def test_ended_jobs_grow_old(store: Store) -> None:
    for id in "abc":
        add(store, id)
    store.claim()
    store.complete("a", 1, 1, 0)
    store.cancel("b")
    job = store.get("b")
    assert job is not None
    assert job.finished is not None
    assert store.ended_before(job.finished + 1) == ["a", "b"]
    assert store.ended_before(0) == []
    assert store.remove("a")
    assert not store.remove("a")
    assert store.ids() == {"b", "c"}


def test_an_unknown_version_is_refused(tmp_path: Path) -> None:
    db = sqlite3.connect(tmp_path / "jobs.sqlite3")
    db.execute("PRAGMA user_version = 7")
    db.close()
    with pytest.raises(sqlite3.DatabaseError, match="version 7"):
        Store(tmp_path / "jobs.sqlite3")


def test_any_order_of_events_keeps_the_books(tmp_path: Path) -> None:
    """Random walks with restarts: states change only as drawn, counts agree, nothing is lost, nothing ends twice."""
    for seed in range(8):
        draw = random.Random(seed)
        path = tmp_path / f"{seed}.sqlite3"
        store = Store(path)
        accepted: dict[str, str] = {}
        ended: dict[str, int] = {}
        for step in range(60):
            match draw.randrange(8):
                case 0 | 1:
                    accepted[add(store, f"j{step}").id] = "queued"
                case 2 | 3:
                    if (job := store.claim()) is not None:
                        assert accepted[job.id] == "queued"
                        accepted[job.id] = "running"
                case 7:
                    store.close()
                    store = Store(path)
                    found, _ = store.recover()
                    assert {job.id for job in found} == {
                        id for id, now in accepted.items() if now == "running"
                    }
                    accepted |= {job.id: "queued" for job in found}
                case act:
                    if not accepted:
                        continue
                    id = draw.choice(sorted(accepted))
                    if act == 4:
                        status, changed = "done", store.complete(id, 1, 1, 0)
                    elif act == 5:
                        status, changed = "failed", store.fail(id, "unreadable", "why")
                    else:
                        status, changed = "cancelled", store.cancel(id)
                    allowed = {"queued", "running"} if status == "cancelled" else {"running"}
                    assert changed == (accepted[id] in allowed)
                    if changed:
                        accepted[id] = status
                        ended[id] = ended.get(id, 0) + 1
        assert store.ids() == set(accepted)
        for id, status in accepted.items():
            job = store.get(id)
            assert job is not None
            assert job.status == status
            assert job.ended == (status in ENDED)
            assert job.completions == (status == "done")
        assert set(ended.values()) <= {1}
        assert store.counts() == {status: list(accepted.values()).count(status) for status in store.counts()}
        assert store.unfinished() == sum(status not in ENDED for status in accepted.values())
        store.close()
