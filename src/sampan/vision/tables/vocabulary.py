"""Structure tokens of tables: HTML tags without texts, as SLANet reads and writes them.

A cell without spans is `<td></td>`, one merged token; one with spans is `<td`, then ` colspan="2"` …, `>`, `</td>`.
With `merged=False` plain cells stay two tokens, `<td>` and `</td>`, as in PubTabNet. `sos` comes first and `eos`
last. The order of a released model's tokens is part of its weights: `ENGLISH` and `CHINESE` are those of
SLANet-1m (PubTabNet's dictionary) and SLANet-plus.

Source: PP-StructureV2, arXiv 2210.05391, §"merged token"; dictionaries from the metadata of the released models.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sampan.errors import InputError, OptionError

PLAIN_CELL = "<td></td>"
START, END = "sos", "eos"

ENGLISH = (
    "<thead>", "<tr>", "<td>", "</td>", "</tr>", "</thead>", "<tbody>", "</tbody>", "<td", ' colspan="5"', ">",
    ' colspan="2"', ' colspan="3"', ' rowspan="2"', ' colspan="4"', ' colspan="6"', ' rowspan="3"', ' colspan="9"',
    ' colspan="10"', ' colspan="7"', ' rowspan="4"', ' rowspan="5"', ' rowspan="9"', ' colspan="8"',
    ' rowspan="8"', ' rowspan="6"', ' rowspan="7"', ' rowspan="10"',
)  # fmt: skip
CHINESE = (
    "<thead>", "</thead>", "<tbody>", "</tbody>", "<tr>", "</tr>", "<td>", "<td", ">", "</td>",
    *(f' colspan="{n}"' for n in range(2, 21)),
    *(f' rowspan="{n}"' for n in range(2, 21)),
)  # fmt: skip


class StructureVocabulary:
    """Tokens and their numbers; `tokens` are those of a dictionary file, with or without `<td></td>`."""

    def __init__(self, tokens: Sequence[str], merged: bool = True) -> None:
        known = [token for token in tokens if token != PLAIN_CELL]
        if merged:
            known = [token for token in known if token != "<td>"] + [PLAIN_CELL]
        elif "<td>" not in known:
            raise OptionError("a vocabulary without merged cells needs the token <td>")
        self.merged = merged
        self.tokens = [START, *known, END]
        self._numbers = {token: number for number, token in enumerate(self.tokens)}
        if len(self._numbers) != len(self.tokens):
            raise OptionError("the vocabulary holds a token twice: remove the second one")

    @classmethod
    def named(cls, name: str, merged: bool = True) -> StructureVocabulary:
        """`english` (28 tokens in the file, spans to 10) or `chinese` (48, spans to 20)."""
        named = {"english": ENGLISH, "chinese": CHINESE}
        if name not in named:
            raise OptionError(f"vocabulary {name!r} is unknown: choose one of {', '.join(named)}")
        return cls(named[name], merged)

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def start(self) -> int:
        return 0

    @property
    def end(self) -> int:
        return len(self.tokens) - 1

    def opens_cell(self, number: int) -> bool:
        """Whether the step that writes this token also gives the box of a cell."""
        return self.tokens[number] in (PLAIN_CELL, "<td>", "<td")

    def encode(self, tokens: Iterable[str]) -> list[int]:
        """Numbers of a table's tokens, merged if this vocabulary merges, without `sos` and `eos`."""
        numbers: list[int] = []
        for token in tokens:
            if self.merged and token == "<td>":
                numbers.append(self._numbers[PLAIN_CELL])
            elif self.merged and token == "</td>" and numbers and self.tokens[numbers[-1]] == PLAIN_CELL:
                continue
            elif token in self._numbers:
                numbers.append(self._numbers[token])
            else:
                raise InputError(
                    f"structure token {token!r} is not in the vocabulary of {len(self)}: use one with larger spans"
                )
        return numbers

    def decode(self, numbers: Iterable[int]) -> list[str]:
        """Tokens up to the first `eos`; a stray `sos` is left out."""
        tokens: list[str] = []
        for number in numbers:
            if number == self.end:
                break
            if number != self.start:
                tokens.append(self.tokens[number])
        return tokens

    def html(self, numbers: Iterable[int]) -> str:
        """The tokens as one HTML table without texts."""
        return f"<table>{''.join(self.decode(numbers))}</table>"
