"""Words into lines: tokens, hyphenation, line breaking and justification.

European scripts break at blanks and, in justified text, inside words by a simple vowel-consonant rule (the
ground truth records whatever was printed, so the rule needs to look natural, not to be a dictionary).
Chinese and Japanese break between any two characters except before closing and after opening punctuation.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from benchmarks.corpus.fonts import Face, face

Box = tuple[float, float, float, float]
_IDEOGRAPH = "\u2e80-\u2fff\u3000-\u30ff\u31f0-\u9fff\uf900-\ufaff\uff00-\uffef“”‘’"
_PIECE = re.compile(f"[{_IDEOGRAPH}]|[^{_IDEOGRAPH}\\s]+")
_NO_START = set("，。、；：？！）」』】》〉％ー々ぁぃぅぇぉっゃゅょァィゥェォッャュョ・.,;:!?)%”’")
_NO_END = set("（「『【《〈(“‘")
_VOWELS = set("aeiouyäöüáéíóúàèìòùâêîôûãõœ")


@dataclass
class Style:
    family: str
    size: float
    leading: float
    align: str = "left"
    bold: bool = False
    italic: bool = False
    color: tuple[float, float, float] = (0.0, 0.0, 0.0)
    hyphenate: bool = False
    first_indent: float = 0.0

    @property
    def face(self) -> Face:
        return face(self.family, self.bold, self.italic)


@dataclass
class Token:
    text: str
    face: Face
    blank_before: bool
    width: float


@dataclass
class PlacedWord:
    text: str
    box: Box
    face: Face
    size: float


@dataclass
class Run:
    """Text drawn in one go: left end, baseline (y downwards), extra space after each character."""

    text: str
    x: float
    baseline: float
    face: Face
    size: float
    color: tuple[float, float, float]
    spacing: float = 0.0


@dataclass
class PlacedLine:
    words: list[PlacedWord]
    text: str
    runs: list[Run] = field(default_factory=list)

    @property
    def box(self) -> Box:
        boxes = [word.box for word in self.words]
        return (
            min(b[0] for b in boxes),
            min(b[1] for b in boxes),
            max(b[2] for b in boxes),
            max(b[3] for b in boxes),
        )


@dataclass
class TextRow:
    """One broken line before it has a place: its tokens, and whether it ends a paragraph."""

    tokens: list[Token]
    last: bool
    hyphenated: bool = False


def tokenise(text: str, style: Style) -> list[Token]:
    """`**word**` and `*word*` switch that token to bold or italic."""
    tokens: list[Token] = []
    for chunk in text.split():
        bold, italic = style.bold, style.italic
        if chunk.startswith("**") and "**" in chunk[2:]:
            chunk, bold = chunk.replace("**", ""), True
        used = face(style.family, bold, italic)
        for index, match in enumerate(_PIECE.finditer(chunk)):
            piece = match.group()
            tokens.append(Token(piece, used, index == 0 and bool(tokens), used.width(piece, style.size)))
    return tokens


def is_ideographic(char: str) -> bool:
    return bool(re.match(f"[{_IDEOGRAPH}]", char))


def break_points(word: str) -> list[int]:
    """Where a word may be hyphenated."""
    if not word.isalpha() or len(word) < 7 or is_ideographic(word[0]):
        return []
    low, points = word.lower(), []
    for i in range(3, len(word) - 2):
        before, here, after = low[i - 1], low[i], low[i + 1]
        vowel_consonant_vowel = before in _VOWELS and here not in _VOWELS and after in _VOWELS
        between_consonants = (
            low[i - 2] in _VOWELS and before not in _VOWELS and here not in _VOWELS and after in _VOWELS
            and before + here not in ("ch", "sh", "th", "ph", "qu", "gn", "ll", "lh", "nh", "rr", "tr", "br", "gr", "dr", "pr", "cr", "bl", "cl", "fl", "gl", "pl")
        )  # fmt: skip
        if vowel_consonant_vowel or between_consonants:
            points.append(i)
    return points


def break_lines(tokens: list[Token], width: float, style: Style) -> list[TextRow]:
    rows: list[TextRow] = []
    current: list[Token] = []
    used = style.first_indent
    blank = style.face.width(" ", style.size)
    queue = list(reversed(tokens))
    while queue:
        token = queue.pop()
        gap = blank if token.blank_before and current else 0.0
        if used + gap + token.width <= width + 1e-6 or not current:
            current.append(token)
            used += gap + token.width
            continue
        if style.hyphenate and width - used > 3 * style.size:
            split = _hyphenate(token, width - used - gap, style)
            if split is not None and not (rows and rows[-1].hyphenated):
                head, tail = split
                rows.append(TextRow([*current, head], last=False, hyphenated=True))
                current, used = [tail], tail.width
                continue
        carried = [token]
        # Punctuation that must not begin a line takes its predecessor along; an opening bracket goes with its content.
        while len(current) > 1 and (
            (carried[0].text[0] in _NO_START and not carried[0].blank_before)
            or current[-1].text[-1] in _NO_END
            or (len(carried[0].text) == 1 and carried[0].text in ";:!?»%€" and carried[0].blank_before)
        ):
            carried.insert(0, current.pop())
        rows.append(TextRow(current, last=False))
        current = carried
        used = sum(t.width for t in carried) + blank * sum(t.blank_before for t in carried[1:])
    if current:
        rows.append(TextRow(current, last=True))
    return rows


def _hyphenate(token: Token, room: float, style: Style) -> tuple[Token, Token] | None:
    match = re.match(r"[^\W\d_]+", token.text)
    if match is None:
        return None
    for point in reversed(break_points(match.group())):
        head = token.text[:point] + "-"
        if (width := token.face.width(head, style.size)) <= room:
            tail = token.text[point:]
            return Token(head, token.face, token.blank_before, width), Token(
                tail, token.face, False, token.face.width(tail, style.size)
            )
    return None


def place_row(row: TextRow, x: float, baseline: float, width: float, style: Style) -> PlacedLine:
    """Gives a row its place: alignment, word boxes and what to draw."""
    size = style.size
    blank = style.face.width(" ", size)
    natural = sum(t.width for t in row.tokens) + blank * sum(t.blank_before for t in row.tokens[1:])
    slack = width - natural
    gap_extra = char_extra = 0.0
    if style.align == "justify" and not row.last and len(row.tokens) > 1:
        blanks = sum(t.blank_before for t in row.tokens[1:])
        joints = len(row.tokens) - 1
        if joints - blanks > blanks:
            char_extra = min(slack / joints, size * 0.35)
        elif blanks:
            gap_extra = slack / blanks
    elif style.align == "right":
        x += slack
    elif style.align == "center":
        x += slack / 2
    words: list[PlacedWord] = []
    runs: list[Run] = []
    text = ""
    pen = x
    for index, token in enumerate(row.tokens):
        joined = index > 0 and not token.blank_before
        if index > 0:
            pen += char_extra if joined else blank + gap_extra + char_extra
            text += "" if joined else " "
        text += token.text
        words.append(
            PlacedWord(token.text, token.face.ink(token.text, pen, baseline, size), token.face, size)
        )
        run = runs[-1] if runs else None
        if run is not None and run.face is token.face and gap_extra == 0.0 and char_extra == 0.0:
            run.text += token.text if joined else " " + token.text
        elif (
            run is not None
            and run.face is token.face
            and joined
            and len(token.text) == 1
            and (len(run.text) == 1 or run.spacing)
        ):
            run.text += token.text
            run.spacing = char_extra
        else:
            if run is not None and not joined:
                run.text += " "
            runs.append(Run(token.text, pen, baseline, token.face, size, style.color))
        pen += token.width
    return PlacedLine(words, text, runs)


def join_rows(rows: list[TextRow]) -> str:
    """The logical text of broken lines: hyphenation undone, blanks only where the source had them."""
    text, hyphenated = "", False
    for row in rows:
        for index, token in enumerate(row.tokens):
            if hyphenated and index == 0:
                text = text[:-1] + token.text
            else:
                text += (" " if token.blank_before and text else "") + token.text
        hyphenated = row.hyphenated
    return text
