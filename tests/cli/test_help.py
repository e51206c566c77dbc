"""Every command explains itself: on the help screen, in the manual page, and to the shell."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from sampan.cli.main import app
from sampan.cli.manual import manual_page
from sampan.documents.writers import FORMATS

ROOT = Path(__file__).parents[2]
RUN = "import sys; sys.argv[0] = 'sampan'; from sampan.cli.main import main; main()"


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield path, group
    for name, command in getattr(group, "commands", {}).items():
        yield from commands(command, (*path, name))


ALL = dict(commands(get_command(app)))


@pytest.mark.parametrize("path", ALL, ids=lambda path: " ".join(path) or "sampan")
def test_every_command_has_help_and_examples_that_name_it(sampan, path) -> None:
    result = sampan(*path, "--help")
    assert result.code == 0 and "Examples" in result.out
    command = ALL[path]
    assert command.help and command.help.strip().endswith(".")
    examples = re.findall(r"`(sampan[^`]*)`", command.epilog)
    assert any(example.startswith(" ".join(("sampan", *path))) for example in examples)
    for parameter in command.params:
        assert parameter.hidden or parameter.help, f"{' '.join(path)}: {parameter.name} has no help"


@pytest.mark.parametrize("path", ALL, ids=lambda path: " ".join(path) or "sampan")
def test_examples_use_options_that_exist(path) -> None:
    for example in re.findall(r"`(sampan[^`]*)`", ALL[path].epilog):
        for part in re.split(r"[|;]|\$\(", example):
            words = part.split()
            if not words or words[0] != "sampan":
                continue
            command: Any = get_command(app)
            while len(words) > 1 and words[1] in getattr(command, "commands", {}):
                command = command.commands[words.pop(1)]
            known = {
                name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)
            }
            used = {word.partition("=")[0] for word in words[1:] if re.match(r"--?[a-z]", word)}
            assert used <= {*known, "--help"}, f"`{example}` uses {used - known}"


def test_the_help_of_parse_names_every_format() -> None:
    (to,) = [parameter for parameter in ALL[("parse",)].params if parameter.name == "to"]
    assert set(re.findall(r"[a-z]+", to.help.partition(":")[2])) == set(FORMATS)


def test_the_manual_page_in_the_documentation_is_up_to_date(sampan) -> None:
    page = sampan("manual").out
    assert page == manual_page()
    assert (ROOT / "docs" / "man" / "sampan.1").read_text(encoding="utf-8") == page, "run `make docs`"


def test_the_manual_page_tells_all(tmp_path) -> None:
    page = manual_page()
    for path, command in ALL.items():
        if path and not getattr(command, "commands", None):
            assert f"\n.SS sampan {' '.join(path).replace('-', chr(92) + '-')}\n" in page
        for parameter in command.params:
            for name in (*parameter.opts, *parameter.secondary_opts):
                if name.startswith("--") and name != "--help" and not parameter.hidden:
                    assert f"\\fB{name.replace('-', chr(92) + '-')}\\fR" in page


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")
def test_groff_sets_the_manual_page_without_complaint() -> None:
    done = subprocess.run(
        ["groff", "-man", "-Tutf8", "-ww", "-K", "utf8", "-P-cbou"],
        input=manual_page().encode(), capture_output=True, check=True, timeout=60,
    )  # fmt: skip
    assert done.stderr == b""
    shown = re.sub(r"\s+", " ", done.stdout.decode())
    for part in ("SAMPAN(1)", "--no-furniture", "EXIT STATUS", "sampan weights install", "SAMPAN_HOME"):
        assert part in shown
    assert "\\f" not in shown and "`" not in shown


def completing(shell: str, **environment: str) -> str:
    import os

    done = subprocess.run(
        [sys.executable, "-c", RUN], capture_output=True, text=True, timeout=60,
        env={**os.environ, "_SAMPAN_COMPLETE": shell, **environment},
    )  # fmt: skip
    return done.stdout


@pytest.mark.parametrize(
    ("shell", "declares"),
    [
        ("bash", "complete -o default -F _sampan_completion sampan"),
        ("zsh", "compdef _sampan_completion sampan"),
        ("fish", "complete --command sampan"),
    ],
)
def test_completion_scripts(shell, declares) -> None:
    script = completing(f"source_{shell}")
    assert declares in script
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=script, text=True, check=True, timeout=60)


def test_the_shell_completes_commands_options_and_values() -> None:
    words = completing("complete_bash", COMP_WORDS="sampan w", COMP_CWORD="1").split()
    assert words == ["watch", "weights"]
    assert completing("complete_bash", COMP_WORDS="sampan parse --ocr a", COMP_CWORD="3").split() == [
        "auto",
        "always",
    ]
    assert "--explain" in completing(
        "complete_fish", _TYPER_COMPLETE_ARGS="sampan parse --e", _TYPER_COMPLETE_FISH_ACTION="get-args"
    )
    assert "weights" in completing("complete_zsh", _TYPER_COMPLETE_ARGS="sampan we")
