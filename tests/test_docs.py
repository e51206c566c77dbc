"""The documentation points at things that exist, and its examples are Python and commands that we have."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    text = re.sub(r"`[^`]*`", "", text)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" not in target and not target.startswith("#"):
            assert (page.parent / target.partition("#")[0]).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_python_examples_compile(page: Path) -> None:
    for code in re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL):
        compile(code, str(page), "exec")


def test_options_in_the_guides_exist() -> None:
    script = "import sys; sys.argv = ['sampan', *sys.argv[1:]]; from sampan.cli.main import main; main()"
    shown = "".join(
        subprocess.run(
            [sys.executable, "-c", script, *command, "--help"],
            capture_output=True, text=True, check=True, env={"COLUMNS": "200", "TERM": "dumb", "PATH": ""},
        ).stdout
        for command in (["parse"], ["weights", "install"], ["weights", "fetch"], ["papers"], ["eval-doc"])
    )  # fmt: skip
    for page in (ROOT / "README.md", ROOT / "docs" / "parsing.md"):
        for option in set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", page.read_text(encoding="utf-8"))):
            assert option in shown, f"{page.name} speaks of {option}"


def test_the_examples_are_small() -> None:
    assert all(path.stat().st_size < 200_000 for path in (ROOT / "examples").iterdir())
