"""`sampan manual`: the manual page, made from the commands themselves.

Written in the man macros (groff_man(7)). What the commands say of themselves in Markdown, which is code in backticks
and bold in asterisks, becomes bold.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import typer

EXAMPLES = """
**Examples**

`sampan manual | man -l -` shows the manual page.

`sampan manual > ~/.local/share/man/man1/sampan.1` installs it for `man sampan`.
"""

_EXIT_CODES = (
    (0, "All went well."),
    (1, "Some files or pages failed."),
    (2, "The command was used wrongly."),
    (3, "The input cannot be read."),
    (4, "Weights are missing or damaged."),
    (5, "The output cannot be written."),
    (130, "Interrupted."),
)
_ENVIRONMENT = (
    ("SAMPAN_HOME", "Folder of the weights, instead of the system's own place for caches."),
    ("SAMPAN_PASSWORD", "Password of encrypted PDFs, for sampan parse."),
    ("SAMPAN_DEBUG", "If set, defects show where they happened."),
)


def manual() -> None:
    """Print the manual page."""
    typer.echo(manual_page(), nl=False)


def manual_page() -> str:
    """The page of the whole command line, in the man macros."""
    from typer.main import get_command

    from sampan import __version__
    from sampan.cli.main import app

    root: Any = get_command(app)
    lines = [
        '.\\" Made by `sampan manual`; make docs writes it again.',
        f'.TH SAMPAN 1 "" "Sampan {__version__}" "User Commands"',
        ".SH NAME",
        "sampan \\- " + _inline(root.help[0].lower() + root.help[1:].rstrip(".")),
        ".SH SYNOPSIS",
        ".B sampan",
        "[\\fIoptions\\fR] \\fIcommand\\fR [\\fIarguments\\fR]",
        ".SH DESCRIPTION",
        *_text(root.help),
        *_options(root),
        ".SH COMMANDS",
    ]
    for path, command in _commands(root, "sampan"):
        lines += [f".SS {_inline(path)}", *_usage(path, command), *_text(command.help or "")]
        lines += [*_options(command), *_examples(command.epilog or "")]
    lines.append(".SH EXIT STATUS")
    for code, meaning in _EXIT_CODES:
        lines += [".TP", f".B {code}", _inline(meaning)]
    lines.append(".SH ENVIRONMENT")
    for name, meaning in _ENVIRONMENT:
        lines += [".TP", f".B {name}", _inline(meaning)]
    return "\n".join(lines) + "\n"


def _commands(group: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every command that can be given, with the words that it is given by."""
    for name, command in group.commands.items():
        if command.hidden:
            continue
        if getattr(command, "commands", None):
            yield from _commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


def _usage(path: str, command: Any) -> list[str]:
    arguments = [
        f"\\fI{_plain(_placeholder(parameter))}\\fR"
        for parameter in command.params
        if parameter.param_type_name == "argument"
    ]
    return [f".B {_inline(path)}", " ".join(["[\\fIoptions\\fR]", *arguments]), ".PP"]


def _options(command: Any) -> list[str]:
    lines: list[str] = []
    for parameter in command.params:
        if parameter.hidden or "--help" in parameter.opts:
            continue
        if parameter.param_type_name == "argument":
            head = f"\\fI{_plain(_placeholder(parameter))}\\fR"
        else:
            names = sorted(
                [*parameter.opts, *parameter.secondary_opts], key=lambda name: (name[1] == "-", name)
            )
            head = ", ".join(f"\\fB{_plain(name)}\\fR" for name in names)
            if not parameter.is_flag:
                head += f" \\fI{_plain(_placeholder(parameter))}\\fR"
        lines += [".TP", head, _inline(" ".join(filter(None, [parameter.help, *_facts(parameter)])) or "-")]
    return lines


def _facts(parameter: Any) -> Iterator[str]:
    """What the help screen says in brackets: the environment, the default, the range."""
    variables = [parameter.envvar] if isinstance(parameter.envvar, str) else parameter.envvar or []
    if variables:
        yield f"[environment: {', '.join(variables)}]"
    default = parameter.default
    shown = not (default is None or default == () or isinstance(default, bool) or callable(default))
    if shown and parameter.show_default and not parameter.required:
        yield f"[default: {getattr(default, 'value', default)}]"
    least, most = getattr(parameter.type, "min", None), getattr(parameter.type, "max", None)
    if least is not None and most is not None:
        yield f"[{least} to {most}]"
    elif least is not None:
        yield f"[at least {least}]"


def _placeholder(parameter: Any) -> str:
    choices = getattr(parameter.type, "choices", None)
    if parameter.metavar:
        return str(parameter.metavar)
    if choices:
        return "|".join(str(getattr(choice, "value", choice)) for choice in choices)
    if parameter.param_type_name == "argument":
        return str(parameter.name).upper()
    return str(parameter.type.name).upper().removesuffix(" RANGE")


def _text(markdown: str) -> list[str]:
    """Paragraphs."""
    lines: list[str] = []
    for paragraph in re.split(r"\n\s*\n", markdown.strip()):
        if paragraph.strip():
            lines += [_inline(" ".join(paragraph.split())), ".PP"]
    return lines[:-1]


def _examples(markdown: str) -> list[str]:
    """Each paragraph that begins with code as a list entry, the rest as text."""
    lines: list[str] = []
    for paragraph in re.split(r"\n\s*\n", markdown.strip()):
        text = " ".join(paragraph.split())
        example = re.match(r"`([^`]+)`\s*(.*)", text)
        if text == "**Examples**" or not text:
            lines += [".PP", "Examples:"] if text else []
        elif example is not None:
            lines += [".TP", f"\\fB{_plain(example[1])}\\fR", _inline(example[2]) or "\\&"]
        else:
            lines += [".PP", _inline(text)]
    return lines


def _inline(markdown: str) -> str:
    """One line of text, with code and bold as bold."""
    parts = re.split(r"`([^`]+)`|\*\*([^*]+)\*\*", markdown)
    text = ""
    for place in range(0, len(parts), 3):
        text += _plain(parts[place])
        strong = parts[place + 1 : place + 3]
        if any(strong):
            text += f"\\fB{_plain(next(filter(None, strong)))}\\fR"
    return text


def _plain(text: str) -> str:
    """Text that no request and no escape of groff can be made of."""
    escaped = text.replace("\\", "\\(rs").replace("-", "\\-")
    return f"\\&{escaped}" if escaped[:1] in (".", "'") else escaped
