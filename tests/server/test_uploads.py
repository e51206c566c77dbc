"""Forms as they come over the network: whole, in crumbs, broken, too large, too slow."""

import asyncio
import hashlib
import random
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from fastapi import Request

from sampan.server import problems
from sampan.server.problems import ProblemError
from sampan.server.uploads import Body, Upload, receive_form

FORM = (
    b'--X\r\nContent-Disposition: form-data; name="options"\r\n\r\n{"pages": "1"}\r\n'
    b'--X\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\nContent-Type: application/pdf\r\n\r\n'
    b"%PDF \r\n--Y not the end\r\n\0\xff\r\n--X--\r\n"
)
DATA = b"%PDF \r\n--Y not the end\r\n\0\xff"


def receive(
    folder: Path,
    pieces: Iterable[bytes],
    *,
    kind: str = "multipart/form-data; boundary=X",
    length: int | None = None,
    max_bytes: int = 1000,
    then: str = "end",
) -> Upload:
    """What `receive_form` makes of a body in these pieces."""
    messages = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]

    async def get() -> dict[str, object]:
        if messages:
            return messages.pop(0)
        if then == "stall":
            await asyncio.sleep(3600)
        if then == "hang up":
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": b"", "more_body": False}

    headers = [(b"content-type", kind.encode())]
    if length is not None:
        headers.append((b"content-length", str(length).encode()))
    request = Request({"type": "http", "method": "POST", "headers": headers}, get)
    # In a thread of its own: the tests of the page leave an event loop running in this one.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(
            asyncio.run, receive_form(Body(request, max_bytes, 0.05), folder, max_bytes)
        ).result()


def refused(problem: problems.Kind, folder: Path, pieces: Iterable[bytes], **rest: object) -> str:
    with pytest.raises(ProblemError) as error:
        receive(folder, pieces, **rest)  # type: ignore[arg-type]
    assert error.value.kind is problem
    return error.value.detail


def test_however_it_is_cut_the_form_is_the_same(tmp_path: Path) -> None:
    draw = random.Random(3)
    for round in range(60):
        cuts = sorted(draw.choices(range(len(FORM)), k=draw.randrange(40)))
        pieces = [FORM[a:b] for a, b in zip([0, *cuts], [*cuts, len(FORM)], strict=True)]
        folder = tmp_path / str(round)
        folder.mkdir()
        upload = receive(folder, pieces)
        assert (folder / "upload").read_bytes() == DATA
        assert upload.bytes == len(DATA)
        assert upload.sha256 == hashlib.sha256(DATA).hexdigest()
        assert (upload.name, upload.options) == ("a.pdf", '{"pages": "1"}')


def test_a_byte_too_many_is_noticed_at_once(tmp_path: Path) -> None:
    head, tail = FORM.split(b"%PDF")[0], b"\r\n--X--\r\n"
    (tmp_path / "fits").mkdir()
    assert receive(tmp_path / "fits", [head, b"x" * 100, tail], max_bytes=100).bytes == 100

    assert "limit of 100 bytes" in refused(
        problems.TOO_LARGE, tmp_path, [head, b"x" * 60, b"x" * 60], max_bytes=100, then="stall"
    )
    assert (tmp_path / "upload").stat().st_size <= 100


def test_what_is_announced_as_too_large_is_not_even_begun(tmp_path: Path) -> None:
    refused(problems.TOO_LARGE, tmp_path, [], length=10_000_000)
    assert not (tmp_path / "upload").exists()


def test_a_form_that_is_all_wrapping_is_cut_off(tmp_path: Path) -> None:
    refused(problems.TOO_LARGE, tmp_path, [FORM, *[b"\r\n" * 50_000] * 10])


@pytest.mark.parametrize(
    ("body", "kind", "says"),
    [
        (FORM[:-10], problems.BAD_REQUEST, "breaks off"),
        (FORM[:80], problems.BAD_REQUEST, "breaks off"),
        (b"", problems.BAD_REQUEST, "breaks off"),
        (b"hello", problems.BAD_REQUEST, "malformed"),
        (FORM.replace(b'name="file"', b'name="files"'), problems.BAD_REQUEST, "'files'"),
        (FORM.replace(b'name="options"', b'name="file"'), problems.BAD_REQUEST, "twice"),
        (b'--X\r\nContent-Disposition: form-data; name="options"\r\n\r\n{}\r\n--X--\r\n', problems.BAD_REQUEST, "no file"),
        (b'--X\r\nContent-Disposition: form-data\r\n\r\n{}\r\n--X--\r\n', problems.BAD_REQUEST, "''"),
        (FORM.replace(DATA, b""), problems.UNREADABLE, "a.pdf is empty"),
        (FORM.replace(b'{"pages": "1"}', b"\xff"), problems.BAD_OPTION, "UTF-8"),
        (FORM.replace(b'{"pages": "1"}', b"x" * 70_000), problems.BAD_OPTION, "65,536"),
        (FORM.replace(b"Content-Type:", b"X: " + b"y" * 5000 + b"\r\nContent-Type:"), problems.BAD_REQUEST, "malformed"),
    ],
)  # fmt: skip
def test_a_broken_form_is_refused_in_words(
    tmp_path: Path, body: bytes, kind: problems.Kind, says: str
) -> None:
    assert says in refused(kind, tmp_path, [body])


@pytest.mark.parametrize(
    "kind", ["application/json", "multipart/form-data", "", "multipart/form-data; boundary="]
)
def test_only_forms_are_taken(tmp_path: Path, kind: str) -> None:
    assert "curl -F" in refused(problems.WRONG_TYPE, tmp_path, [FORM], kind=kind)


def test_who_stops_sending_is_given_up(tmp_path: Path) -> None:
    assert "no byte came" in refused(problems.TOO_SLOW, tmp_path, [FORM[:50]], then="stall")


def test_who_hangs_up_is_forgotten(tmp_path: Path) -> None:
    assert "closed" in refused(problems.BAD_REQUEST, tmp_path, [FORM[:50]], then="hang up")
