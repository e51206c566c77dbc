"""Text as it must stand in Markdown to be shown as it is: as few backslashes as that takes.

CommonMark 0.31 (sections 2.4 backslash escapes, 4 leaf blocks, 5 container blocks, 6.2 emphasis) and
GitHub's extensions (tables, strikethrough, task lists, `$` mathematics). Prose stays readable:
`snake_case`, `2 * 3`, `a < b`, `3.5` and `[12]` need no escape and get none.
"""

from __future__ import annotations

import re

from sampan.documents.writers.characters import clean

_INLINE = re.compile(
    r"\\(?=[!-/:-@\[-`{-~\n]|$)"  # a backslash that would escape what follows
    r"|`"
    r"|(?<=[ \t])[*_]+(?=[ \t])"  # surrounded by spaces: opens and closes nothing, stays
    r"|(?<=[^\W_])_+(?=[^\W_])"  # inside a word: likewise
    r"|[*_]"
    r"|\](?=[(\[:])"  # would make a link, an image or a definition of what is in brackets
    r"|<(?=[A-Za-z/!?])"  # would start a tag, a comment or an autolink
    r"|&(?=#\w+;|[A-Za-z][A-Za-z0-9]{1,31};)"  # would be a character reference
)
_BLOCK_START = re.compile(
    r"(?P<number>\d{1,9})(?P<dot>[.)])(?=[ \t]|$)"
    r"|(?P<sign>#{1,6}(?=[ \t]|$)|[-+](?=[ \t]|$)|>|=+[ \t]*$|-[- \t]*$|[|:][-:| \t]*$|-[-:| \t]*$"
    r"|\[(?=[ xX]\]))"
)


def escape_inline(text: str) -> str:
    """Escape what could be markup in the middle of a line."""
    return _escape(text, _pairs(text))


def _pairs(text: str) -> str:
    """Those signs of strikethrough and mathematics that occur more than once: one alone marks nothing."""
    return "".join(sign for sign in "~$" if text.count(sign) > 1)


def _escape(text: str, pairs: str) -> str:
    escaped = _INLINE.sub(_escape_match, text)
    for sign in pairs:
        escaped = escaped.replace(sign, "\\" + sign)
    return escaped


def _escape_match(match: re.Match[str]) -> str:
    found = match.group()
    if found == "<":
        # Not `\<`: readers that are not CommonMark would take it for a backslash and a tag.
        return "&lt;"
    if found == "&":
        return "&amp;"
    before, after = (
        match.string[match.start() - 1 : match.start()],
        match.string[match.end() : match.end() + 1],
    )
    if found[0] in "*_" and before and after:
        between_spaces = before in " \t" and after in " \t"
        inside_word = found[0] == "_" and before.isalnum() and after.isalnum()
        if between_spaces or inside_word:
            return found
    return "\\" + found


def escape_line(line: str) -> str:
    """Escape one line that stands at the start of a block, so that it starts no other kind of block."""
    line = line.strip()
    return _escape_start(line, _pairs(line))


def _escape_start(line: str, pairs: str) -> str:
    escaped = _escape(line, pairs)
    start = _BLOCK_START.match(line)
    if start is None:
        return escaped
    if start["dot"]:
        return f"{start['number']}\\{escaped[len(start['number']) :]}"
    return "\\" + escaped


def escape_text(text: str) -> str:
    """A paragraph; its line breaks become hard breaks, its empty lines go."""
    pairs = _pairs(text)
    lines = [line.strip() for line in clean(text).split("\n")]
    return "\\\n".join(_escape_start(line, pairs) for line in lines if line)
