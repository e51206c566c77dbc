"""What counts as finished, and what does not."""

import os
import sqlite3
from pathlib import Path

import pytest

from sampan.documents.bulk.jobs import Job, find_jobs
from sampan.documents.bulk.journal import Journal, fingerprint
from sampan.documents.bulk.outcome import Fault, Outcome
from sampan.documents.bulk.output import FolderOutput
from sampan.documents.options import ParseOptions
from sampan.errors import OutputError

OPTIONS = "as ever"
SHA_OF_ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.fixture
def job(tmp_path: Path) -> Job:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.pdf").write_bytes(b"abc")
    return find_jobs([str(tmp_path / "in")])[0]


@pytest.fixture
def output(tmp_path: Path) -> FolderOutput:
    return FolderOutput(tmp_path / "out")


def finish(output: FolderOutput, job: Job, error: str | None = None, lasting: bool = False) -> None:
    """Enter a job as finished, with one output of five bytes."""
    journal = Journal(output)
    journal.enter([job], OPTIONS)
    journal.end(journal.begin(job, "file"), "done")
    path = Path(output.address(job, "a.md"))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"12345")
    outcome = Outcome(job.name, 1.5, 2, 3, 4, error=error, failures=[Fault("torn", 2, "reading")])
    answer = None if error else {"sha256": SHA_OF_ABC, "files": {"md": "a.md"}, "seconds": {"ocr": 1.0}}
    journal.finish(job, outcome, answer, [] if error else [("a.md", 5)], lasting)
    journal.close()


def is_finished(output: FolderOutput, job: Job, options: str = OPTIONS, retry_failed: bool = False) -> bool:
    journal = Journal(output)
    ((_, finished),) = journal.enter([job], options, retry_failed)
    journal.close()
    return finished


def test_a_finished_file_is_known_again_with_its_outcome(output, job) -> None:
    finish(output, job)
    journal = Journal(output)
    assert journal.enter([job], OPTIONS) == [(job, True)]
    outcome = journal.outcome(job, earlier=True)
    assert (outcome.seconds, outcome.pages, outcome.blocks, outcome.tables) == (1.5, 2, 3, 4)
    assert outcome.failures == [Fault("torn", 2, "reading")] and outcome.earlier and outcome.attempts == 1
    assert outcome.files == {"md": str(output.root / "a.md")}
    journal.close()


def test_a_file_that_was_begun_is_not_finished(output, job) -> None:
    journal = Journal(output)
    journal.enter([job], OPTIONS)
    journal.begin(job, "file")
    journal.close()
    assert not is_finished(output, job)


@pytest.mark.parametrize(
    "change", ["content", "size", "options", "output gone", "output cut off", "output a folder", "place"]
)
def test_what_has_changed_is_read_again(output, job, change) -> None:
    finish(output, job)
    options = OPTIONS
    match change:
        case "content":
            job.source.write_bytes(b"abd")
            os.utime(job.source, ns=(1, 1))
        case "size":
            job.source.write_bytes(b"abcd")
        case "options":
            options = "others"
        case "output gone":
            (output.root / "a.md").unlink()
        case "output cut off":
            (output.root / "a.md").write_bytes(b"1234")
        case "output a folder":
            (output.root / "a.md").unlink()
            (output.root / "a.md").mkdir()
        case "place":
            job = Job(job.source, Path("elsewhere"), job.stem)
    assert not is_finished(output, job, options)


def test_a_new_time_alone_is_no_change(output, job) -> None:
    finish(output, job)
    os.utime(job.source, ns=(10**18, 10**18))
    assert is_finished(output, job)
    assert is_finished(output, job)


def test_the_output_folder_may_move(output, job, tmp_path) -> None:
    finish(output, job)
    output.root.rename(tmp_path / "moved")
    assert is_finished(FolderOutput(tmp_path / "moved"), job)


@pytest.mark.parametrize(
    ("lasting", "retry_failed", "expected"), [(True, False, True), (False, False, False), (True, True, False)]
)
def test_what_failed_of_itself_is_not_tried_again(output, job, lasting, retry_failed, expected) -> None:
    finish(output, job, "it is torn", lasting)
    assert is_finished(output, job, retry_failed=retry_failed) is expected


def test_starting_over_forgets_what_was_done_but_not_what_was_written(output, job) -> None:
    finish(output, job)
    journal = Journal(output)
    journal.forget()
    assert journal.enter([job], OPTIONS) == [(job, False)]
    assert journal.written(job) == ["a.md"] and journal.outcome(job, earlier=False) is None
    journal.close()


def test_parts_are_kept_for_the_same_file_only(output, job) -> None:
    for changed in (False, True):
        journal = Journal(output)
        journal.enter([job], OPTIONS)
        assert journal.parts(job) == ({0: ("1,2", "hash")} if changed else {})
        journal.keep_part(job, 0, "1,2", "hash")
        journal.close()
    job.source.write_bytes(b"longer")
    journal = Journal(output)
    journal.enter([job], OPTIONS)
    assert journal.parts(job) == {}
    journal.close()


def test_only_one_run_at_a_time(output, job) -> None:
    journal = Journal(output)
    with pytest.raises(OutputError, match="another run is at work there"):
        Journal(output)
    journal.close()
    Journal(output).close()


def test_a_journal_that_cannot_be_used_is_explained(output, tmp_path) -> None:
    with pytest.raises(OutputError, match=r"cannot keep a journal in .*: (Not a directory|File exists)"):
        (tmp_path / "file").write_bytes(b"")
        Journal(FolderOutput(tmp_path / "file"))
    output.state.mkdir(parents=True)
    path = output.state / "journal.sqlite"
    path.write_bytes(b"this is no database, it only stands where one should" * 100)
    with pytest.raises(OutputError, match=r"is damaged .*: remove it"):
        Journal(output)
    path.unlink()
    base = sqlite3.connect(path)
    base.execute("PRAGMA user_version=99")
    base.close()
    with pytest.raises(OutputError, match=r"another version of Sampan .format 99"):
        Journal(output)


def test_names_of_any_bytes_can_be_entered(output, tmp_path) -> None:
    jobs = [Job(tmp_path / os.fsdecode(b"\xff\n.pdf"), Path("x"), "y"), Job(None, Path(), "stdin")]
    journal = Journal(output)
    assert journal.enter(jobs, OPTIONS) == [(jobs[0], False), (jobs[1], False)]
    journal.close()


def test_results_depend_on_every_option_but_those_of_speed() -> None:
    same = [ParseOptions(), ParseOptions(threads=3), ParseOptions(batch_size=4), ParseOptions(password="x")]
    assert len({fingerprint(options, ["md", "json"]) for options in same}) == 1
    assert fingerprint(ParseOptions(), ["json", "md"]) == fingerprint(ParseOptions(), ["md", "json"])
    other = [ParseOptions(dpi=100), ParseOptions(pages="1"), ParseOptions(ocr="never")]
    assert len({fingerprint(options, ["md"]) for options in [*same[:1], *other]}) == 4
    assert fingerprint(ParseOptions(), ["md"]) != fingerprint(ParseOptions(), ["md", "json"])
