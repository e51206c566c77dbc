"""The door itself, and the small commands behind it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import sampan as package
from sampan.weights import REGISTER


def test_version_and_help(sampan) -> None:
    assert sampan("--version").out == f"sampan {package.__version__}\n"
    help_text = sampan("--help").out
    for command in ("parse", "weights", "papers", "doctor", "eval-doc"):
        assert command in help_text
    assert sampan("prase").code == 2


@pytest.mark.parametrize(
    "command", [["parse"], ["weights"], ["weights", "install"], ["papers"], ["doctor"], ["eval-doc"]]
)
def test_every_help_has_examples(sampan, command) -> None:
    result = sampan(*command, "--help")
    assert result.code == 0
    assert "Examples" in result.out


def test_papers(sampan) -> None:
    assert len(json.loads(sampan("papers", "--json").out)["papers"]) == 44
    assert json.loads(sampan("papers", "adagc", "--json").out)["arxiv"] == "2502.11034"
    assert "AdaGC" in sampan("papers").out
    assert "https://arxiv.org/abs/2502.11034" in sampan("papers", "AdaGC").out
    result = sampan("papers", "adagk")
    assert (result.code, result.err) == (2, "sampan: no paper is called 'adagk': did you mean 'adagc'?\n")


def test_weights_list(sampan) -> None:
    listed = sampan("weights", "list").out
    assert all(name in listed for name in REGISTER)
    rows = json.loads(sampan("weights", "list", "--json").out)
    assert {row["name"] for row in rows} == set(REGISTER)
    assert all(
        row["sha256"] and row["licence"] and row["state"] and row["carrier"]["package"] for row in rows
    )


def test_weights_that_are_nowhere(sampan, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("SAMPAN_HOME", str(tmp_path / "home"))
    name = "pp-ocrv3-rec"
    assert "package rapidocr_onnxruntime" not in sampan("weights", "path", name).out
    assert sampan("weights", "path", name).code == 4
    assert sampan("weights", "verify").code == 0
    assert sampan("weights", "verify", name).code == 4
    assert sampan("weights", "remove", name).out == f"{name} was not in the cache\n"
    assert sampan("weights", "remove").code == 2
    assert sampan("weights", "remove", name, "--all").code == 2
    assert sampan("weights", "install", name, "--all").code == 2
    empty = tmp_path / "wheels"
    empty.mkdir()
    result = sampan("weights", "install", name, "--from", empty)
    assert result.code == 4 and "no wheel of rapidocr-onnxruntime==1.2.3" in result.err
    assert sampan("weights", "fetch", "nonsense", "--sha256", "0" * 64).code == 2


def test_weights_path_and_verify_of_what_is_there(sampan) -> None:
    path = Path(sampan("weights", "path", "pp-ocrv6-tiny-dict").out.strip())
    assert path.is_file()
    assert sampan("weights", "verify", "pp-ocrv6-tiny-dict").out == "ok       pp-ocrv6-tiny-dict\n"


def test_verify_finds_damage(sampan, monkeypatch, tmp_path) -> None:
    whole = Path(sampan("weights", "path", "pp-ocrv6-tiny-dict").out.strip()).read_bytes()
    monkeypatch.setenv("SAMPAN_HOME", str(tmp_path))
    (tmp_path / "weights").mkdir()
    weights = REGISTER["pp-ocrv6-tiny-dict"]
    copy = tmp_path / "weights" / f"{weights.name}-{weights.sha256[:8]}.txt"
    copy.write_bytes(b"?" + whole[1:])
    result = sampan("weights", "verify", weights.name)
    assert result.code == 4
    assert result.out.startswith("damaged") and weights.sha256 in result.err


def test_doctor_without_weights_says_so(sampan, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("SAMPAN_HOME", str(tmp_path))
    result = sampan("doctor", "--json")
    findings = {finding["check"]: finding for finding in json.loads(result.out)["findings"]}
    assert result.code == 4
    assert findings["weights"]["mend"] == "run `sampan weights install`"
    assert findings["python"]["ok"] and findings["numpy"]["ok"] and findings["cache"]["ok"]


def test_doctor_reads_a_picture(sampan) -> None:
    result = sampan("doctor")
    assert result.code == 0, result.out
    assert "read 'A flat boat goes everywhere'" in result.out


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX pipes")
def test_a_reader_that_goes_away_is_no_error() -> None:
    door = f"{sys.executable} -c 'from sampan.cli.main import main; main()'"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"{door} papers --json | head -1"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "{\n" and "Traceback" not in done.stderr and "Exception" not in done.stderr
