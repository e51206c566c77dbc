"""A recogniser of one script made the start of a recogniser of another: a new dictionary on old weights.

All layers but the last know strokes and letters of no particular script. The last one, a row of weights and a bias
for each character, is built anew: rows of characters that both dictionaries have are kept, the blank's and the
space's among them; an unknown letter takes the row of its base letter (ộ of ô, of o), or of a letter that looks like
it (Cyrillic р of p); the rest is drawn like the rows that are there. Copied rows are shaken a little, so that twins
such as Latin and Cyrillic A can part.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from sampan.errors import OptionError
from sampan.vision.text_recognition.dictionary import BLANK, CharacterDictionary
from sampan.vision.text_recognition.recognizer import TextRecognizer

_SHAKE = 0.05
"""Standard deviation of the noise on copied rows, in standard deviations of the old rows."""
_FRESH = 0.5
"""The same for rows drawn around the mean row."""

_LOOKALIKES = (
    # Cyrillic, then what it looks like.
    "АA БB ВB ЕE ЗB ІI ЈJ КK МM НH ОO РP СC ТT УY ХX ЅS аa еe оo рp сc уy хx іi јj ѕs ЪB ЬB ьb ъb ыb "
    "б6 вB зs кk мM нH тT пn иu йu лn дg шw щw цu ч4 ЧY ШW ЩW ЯR яR гr фφ ФΦ ГΓ ЛΛ ПΠ ДΔ ЦU ИN ЙN эs ЭO юo ЮO жx ЖX "
    "ћħ ђħ ЋH ЂT єe ЄE ґr ҐΓ џu ЏU љn њn ЉN ЊN ѓr ѝu ѐe "
    # Greek.
    "ΑA ΒB ΕE ΖZ ΗH ΙI ΚK ΜM ΝN ΟO ΡP ΤT ΥY ΧX αa γy ςs ηn ιi κk νv οo ρp υu χx ωw "
    # Latin with strokes that do not decompose, and signs.
    "đd ĐD øo ØO łl ŁL ħh ĦH ŧt ŦT ıi ðd ÐD þp ÞP ßB ẞB æa ÆA œo ŒO ơo ƠO ưu ƯU "
    '«< »> „" “" ”" ‚, ‘\' ’\' –- —- №N ₴S ₽P ₫d €E £L ¥Y ¢c ′\' ″" ·. •. ….'
)
_TWINS = {pair[0]: pair[1] for pair in _LOOKALIKES.split()}


@dataclass(frozen=True)
class Surgery:
    """Where the rows of the new last layer came from: characters by origin."""

    kept: tuple[str, ...]
    from_relatives: dict[str, str]
    """New character → the old one whose row it began with."""
    fresh: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"{len(self.kept)} rows kept, {len(self.from_relatives)} from relatives, {len(self.fresh)} fresh"
        )


@torch.no_grad()
def replace_dictionary(
    model: TextRecognizer, old: CharacterDictionary, new: CharacterDictionary, seed: int = 0
) -> Surgery:
    """Gives `model`, which reads `old`, a last layer for `new`, in place. The same seed gives the same rows.

    Raises:
        OptionError: `old` is not the dictionary of the model, or the model has a guide, whose tokens are the old
            characters: attach it afterwards.
    """
    if len(old) != model.classes:
        raise OptionError(
            f"the model has {model.classes} classes and the old dictionary {len(old)} (with blank and space): "
            "give the dictionary that belongs to the weights"
        )
    if model.guide is not None:
        raise OptionError("the guide knows the old characters: attach it after the new dictionary")
    layer = model.head.classify
    rows = torch.cat([layer.weight, layer.bias[:, None]], dim=1).cpu().float()  # (V, d + 1)
    grown, surgery = _new_rows(rows, old, new, torch.Generator().manual_seed(seed))
    fresh = nn.Linear(layer.in_features, len(new), device=layer.weight.device, dtype=layer.weight.dtype)
    fresh.weight.copy_(grown[:, :-1])
    fresh.bias.copy_(grown[:, -1])
    model.head.classify = fresh
    return surgery


def relative(character: str, known: CharacterDictionary) -> str | None:
    """The character of `known` that `character` derives from or looks like, or None."""
    for _ in range(4):  # a letter with two marks, and what its base looks like
        parts = unicodedata.normalize("NFD", character)
        # One mark less, whichever: ộ is nearer to ô than to o.
        kin = [
            unicodedata.normalize("NFC", parts[:place] + parts[place + 1 :])
            for place in range(len(parts) - 1, 0, -1)
        ]
        kin += [_TWINS.get(character, ""), unicodedata.normalize("NFKC", character)[:1]]
        for candidate in kin:
            if candidate in known and candidate not in (" ", character):
                return candidate
        character = next((candidate for candidate in kin if candidate and candidate != character), "")
        if not character:
            return None
    return None


def _new_rows(
    rows: Tensor, old: CharacterDictionary, new: CharacterDictionary, generator: torch.Generator
) -> tuple[Tensor, Surgery]:
    mean, spread = rows[1:].mean(0), rows[1:].std(0)
    noise = torch.randn(len(new), rows.shape[1], generator=generator) * spread
    grown = mean + _FRESH * noise
    grown[BLANK] = rows[BLANK]
    kept: list[str] = []
    relatives: dict[str, str] = {}
    fresh: list[str] = []
    for number, character in enumerate(new.names):
        if number == BLANK:
            continue
        if character in old:
            grown[number] = rows[old.class_of(character)]
            kept.append(character)
        elif (kin := relative(character, old)) is not None:
            grown[number] = rows[old.class_of(kin)] + _SHAKE * noise[number]
            relatives[character] = kin
        else:
            fresh.append(character)
    return grown, Surgery(tuple(kept), relatives, tuple(fresh))
