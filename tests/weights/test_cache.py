"""Where weights are looked for, in which order, and what is said when they are nowhere."""

import sys
from pathlib import Path

import pytest

from sampan.errors import WeightsError
from sampan.weights import cache
from sampan.weights.carriers import store


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `site-packages` with the carrier in it, whose code must not run."""
    site = tmp_path / "site"
    (site / "some_carrier" / "models").mkdir(parents=True)
    (site / "some_carrier" / "__init__.py").write_text("raise SystemExit('code ran')")
    monkeypatch.syspath_prepend(str(site))
    return site / "some_carrier"


def test_the_cache_comes_before_an_installed_carrier(make_weights, installed, home) -> None:
    weights, data = make_weights()
    register = {weights.name: weights}
    (installed / "models" / "some-weights.onnx").write_bytes(data)
    assert cache.locate(weights.name, register) == installed / "models" / "some-weights.onnx"
    assert cache.state(weights) == "in carrier"
    (home / "weights").mkdir(parents=True)
    stored = store(data, weights, "here")
    assert cache.locate(weights.name, register) == stored
    assert cache.state(weights) == "cached"
    assert "some_carrier" not in sys.modules


def test_a_carrier_with_another_file_of_the_same_size_is_refused(make_weights, installed) -> None:
    weights, data = make_weights()
    (installed / "models" / "some-weights.onnx").write_bytes(data[:-1] + b"?")
    with pytest.raises(WeightsError, match=r"is not the file of some-carrier==1\.2\.3"):
        cache.locate(weights.name, {weights.name: weights})


def test_a_truncated_file_in_the_cache_is_not_handed_out(make_weights, home) -> None:
    weights, data = make_weights()
    (home / "weights").mkdir(parents=True)
    cache.cached_path(weights).write_bytes(data[:-10])
    assert cache.state(weights) == "damaged"
    with pytest.raises(WeightsError, match="damaged; package some-carrier is not installed"):
        cache.locate(weights.name, {weights.name: weights})


def test_missing_weights_name_place_carrier_and_mend(make_weights, home) -> None:
    weights, _ = make_weights()
    with pytest.raises(WeightsError) as caught:
        cache.locate(weights.name, {weights.name: weights})
    message = str(caught.value)
    assert str(home / "weights" / f"some-weights-{weights.sha256[:8]}.onnx") in message
    assert "package some-carrier is not installed" in message
    assert message.endswith("run `sampan weights install some-weights`")
    assert caught.value.exit_code == 4


def test_a_misspelt_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(WeightsError, match="did you mean 'pp-ocrv6-tiny-det'"):
        cache.locate("pp-ocr6-tiny-det")


def test_check_names_both_hashes(make_weights, tmp_path) -> None:
    weights, data = make_weights()
    path = tmp_path / "file"
    path.write_bytes(data)
    cache.check(path, weights)
    path.write_bytes(b"other")
    with pytest.raises(WeightsError) as caught:
        cache.check(path, weights)
    assert weights.sha256 in str(caught.value)
    assert cache.sha256_of(path) in str(caught.value)


def test_remove_deletes_only_from_the_cache(make_weights, installed, home) -> None:
    weights, data = make_weights()
    carried = installed / "models" / "some-weights.onnx"
    carried.write_bytes(data)
    assert not cache.remove(weights)
    (home / "weights").mkdir(parents=True)
    stored = store(data, weights, "here")
    assert cache.remove(weights)
    assert carried.exists() and not stored.exists()


@pytest.mark.parametrize(
    ("system", "variables", "expected"),
    [
        ("linux", {"XDG_CACHE_HOME": "/x"}, "/x/sampan/weights"),
        ("linux", {"HOME": "/h"}, "/h/.cache/sampan/weights"),
        ("darwin", {"HOME": "/h"}, "/h/Library/Caches/sampan/weights"),
        ("linux", {"SAMPAN_HOME": "/s", "XDG_CACHE_HOME": "/x"}, "/s/weights"),
    ],
)
@pytest.mark.skipif(sys.platform == "win32", reason="POSIX paths")
def test_the_cache_is_where_the_platform_keeps_caches(monkeypatch, system, variables, expected) -> None:
    for name in ("SAMPAN_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", system)
    assert cache.cache_directory() == Path(expected)
