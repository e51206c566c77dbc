from __future__ import annotations

import pytest
import torch

from sampan.errors import OptionError
from sampan.vision.text_recognition.alphabets import alphabet
from sampan.vision.text_recognition.dictionary import CharacterDictionary
from sampan.vision.text_recognition.models import attach_guide, text_recognizer
from sampan.vision.text_recognition.vocabulary_surgery import relative, replace_dictionary

OLD = CharacterDictionary(tuple("!abcehopuAôă"))


@pytest.mark.parametrize("name", ["pp-ocrv6-tiny", "pp-ocrv6-small", "pp-ocrv3"])
def test_shared_characters_keep_their_logits(name: str) -> None:
    torch.manual_seed(0)
    model = text_recognizer(name, len(OLD)).eval()
    image = torch.randn(2, 3, 48, 64)
    new = CharacterDictionary(tuple("pжoА!"))
    before = model(image)["ctc"]
    tolerance = 1e-5 * before.abs().max()  # the same sums in another order
    surgery = replace_dictionary(model, OLD, new)
    after = model(image)["ctc"]
    assert model.classes == len(new) == after.shape[2]
    for character in ("p", "o", "!", " "):
        kept = after[..., new.class_of(character)] - before[..., OLD.class_of(character)]
        assert kept.abs().max() < tolerance
    assert (after[..., 0] - before[..., 0]).abs().max() < tolerance
    assert set(surgery.kept) == {"p", "o", "!", " "}
    assert surgery.from_relatives == {"А": "A"} and surgery.fresh == ("ж",)
    assert str(surgery) == "4 rows kept, 1 from relatives, 1 fresh"


def test_new_letters_begin_near_their_relatives_and_others_among_the_old_rows() -> None:
    torch.manual_seed(1)
    model = text_recognizer("pp-ocrv6-tiny", len(OLD))
    old_rows = model.head.classify.weight.detach().clone()
    new = CharacterDictionary(tuple("ộрж") + tuple(chr(code) for code in range(0xAC00, 0xAD00)))
    replace_dictionary(model, OLD, new, seed=3)
    rows = model.head.classify.weight.detach()
    spread = old_rows[1:].std(0).mean()

    def distance(new_class: int, old_class: int) -> float:
        return float((rows[new_class] - old_rows[old_class]).square().mean().sqrt() / spread)

    assert distance(new.class_of("ộ"), OLD.class_of("ô")) < 0.1
    assert distance(new.class_of("р"), OLD.class_of("p")) < 0.1
    fresh = rows[4:-1]
    assert (fresh.mean(0) - old_rows[1:].mean(0)).abs().mean() < 0.1 * spread
    assert 0.3 < float(fresh.std(0).mean() / spread) < 0.7
    assert not torch.equal(fresh[0], fresh[1])

    again = text_recognizer("pp-ocrv6-tiny", len(OLD))
    again.head.classify.weight.data.copy_(old_rows)
    again.head.classify.bias.data.copy_(model.head.classify.bias[0])
    replace_dictionary(again, OLD, new, seed=3)
    assert torch.equal(again.head.classify.weight[1:4, 0], rows[1:4, 0])


@pytest.mark.parametrize(
    ("character", "expected"),
    [
        ("ắ", "ă"),
        ("ồ", "ô"),
        ("ộ", "ô"),
        ("ỏ", "o"),
        ("ӧ", "o"),
        ("ё", "e"),
        ("Ѐ", None),
        ("ѐ", "e"),
        ("а", "a"),
        ("ﬁ", None),
        ("ж", None),
        ("А", "A"),
    ],
)
def test_relatives(character: str, expected: str | None) -> None:
    assert relative(character, OLD) == expected


def test_every_reader_we_want_finds_most_of_its_letters_among_latin_ones() -> None:
    latin = CharacterDictionary(tuple(alphabet("latin").characters))
    for name, most_fresh in (("cyrillic", 0.06), ("vietnamese", 0.03)):
        wanted = alphabet(name)
        lost = [c for c in wanted.characters if c not in latin and relative(c, latin) is None]
        assert len(lost) < most_fresh * len(wanted), lost


def test_wrong_dictionaries_and_guides_are_refused() -> None:
    model = text_recognizer("pp-ocrv6-tiny", 20)
    with pytest.raises(OptionError, match="20 classes and the old dictionary 14"):
        replace_dictionary(model, OLD, alphabet("latin"))
    model = attach_guide(text_recognizer("pp-ocrv6-tiny", len(OLD)), "nrtr", 32)
    with pytest.raises(OptionError, match="attach it after the new dictionary"):
        replace_dictionary(model, OLD, alphabet("latin"))
