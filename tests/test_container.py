"""The container's recipe names files, extras, options and addresses that exist."""

from __future__ import annotations

import fnmatch
import re
import tomllib
from pathlib import Path

import pytest
import yaml
from typer.main import get_command

from sampan.cli.main import app

ROOT = Path(__file__).parents[1]
RECIPE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
GUIDE = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")


def test_what_is_copied_exists_and_reaches_the_builder() -> None:
    copied = [
        name
        for line in re.findall(r"^COPY (?!--from)(.+)$", RECIPE, flags=re.MULTILINE)
        for name in line.split()[:-1]
    ]
    assert {"pyproject.toml", "src"} <= set(copied)
    rules = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and line[0] != "#"]
    assert rules[0] == "*"
    for name in copied:
        assert (ROOT / name).exists() and f"!{name}" in rules
    assert any(fnmatch.fnmatch("x/__pycache__", rule) for rule in rules)


def test_what_the_build_needs_of_the_project_is_copied() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for needed in (project["readme"], *project["license-files"]):
        assert re.search(rf"^COPY .*\b{re.escape(needed)}\b", RECIPE, flags=re.MULTILINE)
    (extras,) = re.findall(r"'\.\[([a-z,]+)\]'", RECIPE)
    assert set(extras.split(",")) <= project["optional-dependencies"].keys()


def test_it_runs_as_nobody_special_and_offline() -> None:
    final = RECIPE.rpartition("\nFROM ")[2]
    assert re.search(r"^USER 10001:10001$", final, flags=re.MULTILINE)
    assert "pip install" not in final and "weights install" not in final
    assert "SAMPAN_HOME=/opt/sampan/home" in RECIPE.partition("AS build")[2].partition("FROM")[0]
    assert "SAMPAN_HOME=/opt/sampan/home" in final


def options_of(*path: str) -> set[str]:
    command = get_command(app)
    for name in path:
        command = command.commands[name]  # type: ignore[attr-defined]
    return {name for parameter in command.params for name in parameter.opts}


@pytest.mark.parametrize("command", ["serve", "parse", "watch", "mcp"])
def test_the_guide_uses_options_that_exist(command) -> None:
    used: set[str] = set()
    for line in re.findall(rf"(?:sampan |command: ){command} (.+)", GUIDE):
        used |= set(re.findall(r"(?<!\S)-{1,2}[a-z][a-z-]*", line))
    assert used, f"the guide shows `sampan {command}`"
    assert used <= options_of(command)


def test_variables_and_addresses_are_the_servers() -> None:
    pytest.importorskip("fastapi")
    variables = {
        variable
        for parameter in get_command(app).commands["serve"].params  # type: ignore[attr-defined]
        for variable in ([parameter.envvar] if isinstance(parameter.envvar, str) else parameter.envvar or [])
    }
    assert set(re.findall(r"SAMPAN_[A-Z]+(?==)", RECIPE)) - {"SAMPAN_HOME"} <= variables
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src/sampan/server").rglob("*.py"))
    for address in ("/healthz", "/readyz", "/metrics"):
        assert f'"{address}"' in source and address in RECIPE + GUIDE


def test_the_snippets_are_yaml() -> None:
    snippets = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", GUIDE, flags=re.DOTALL)]
    compose, kubernetes = snippets
    assert compose["services"]["sampan"]["read_only"] is True
    assert kubernetes["containers"][0]["securityContext"]["runAsNonRoot"] is True
