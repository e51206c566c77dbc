"""The floors of the house hold: the import contracts of pyproject.toml, and the rules on names."""

import re
import tomllib
from pathlib import Path

import pytest
from importlinter.api import read_configuration
from importlinter.application.use_cases import lint_imports

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "src" / "sampan").rglob("*.py"))


def test_the_import_contracts_are_kept(capsys: pytest.CaptureFixture[str]) -> None:
    passed = lint_imports(config_filename=str(ROOT / "pyproject.toml"), cache_dir=None)
    assert passed, capsys.readouterr().out


def test_the_contracts_are_the_ones_we_think() -> None:
    contracts = read_configuration(str(ROOT / "pyproject.toml"))["contracts_options"]
    assert sum(contract["type"] == "layers" for contract in contracts) == 1
    forbidden = {name for contract in contracts for name in contract.get("forbidden_modules", ())}
    assert {"torch", "cv2", "onnxruntime"} <= forbidden


def test_no_module_is_named_after_nothing() -> None:
    vague = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}
    assert not [path for path in SOURCES if {path.stem, *path.relative_to(ROOT).parts} & vague]


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        path for path in SOURCES if (text := path.read_text(encoding="utf-8")) and not text.startswith('"""')
    ]
    assert not silent


def test_files_can_be_read_at_a_sitting() -> None:
    long = {
        path.name: count for path in SOURCES if (count := path.read_text(encoding="utf-8").count("\n")) > 450
    }
    assert not long


def test_runtime_dependencies_are_the_ones_we_chose_and_all_are_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    def names(requirements: list[str]) -> set[str]:
        return {re.split(r"[<>=!~\[ ]", text)[0].lower() for text in requirements}

    assert names(project["dependencies"]) == {
        "numpy", "opencv-python-headless", "pypdfium2", "onnxruntime", "pydantic", "typer", "rich", "pyyaml",
        "python-docx", "openpyxl", "pypdf",
    }  # fmt: skip
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = {line.split("==")[0].lower().replace("_", "-") for line in lines if "==" in line}
    extras = project["optional-dependencies"]
    # The torch extra is pinned by its torch alone; `dev` takes all others in.
    required = names(project["dependencies"]).union(
        *(names(extras[extra]) for extra in extras if extra != "torch")
    )
    assert required - {"sampan"} <= pins
    assert "torch==2.13.0" in lines
