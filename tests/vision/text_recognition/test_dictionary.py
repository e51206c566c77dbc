from __future__ import annotations

import itertools
import unicodedata
from pathlib import Path

import numpy as np
import pytest

from sampan.errors import InputError, OptionError
from sampan.vision.text_recognition.alphabets import alphabet, alphabet_names
from sampan.vision.text_recognition.dictionary import CharacterDictionary


def test_classes_are_blank_then_lines_then_space(tmp_path: Path) -> None:
    path = tmp_path / "dict.txt"
    path.write_bytes("a\r\nб\r\n\u2028\r\n한\r\n".encode())
    dictionary = CharacterDictionary.from_file(path)
    assert dictionary.names == ["", "a", "б", "\u2028", "한", " "]
    assert len(dictionary) == 6
    assert dictionary.encode("한 xa") == [4, 5, 1]
    assert dictionary.unknown("x한y x") == ["x", "y"]
    assert dictionary.decode([4, 5, 1]) == "한 a"
    assert CharacterDictionary.from_file(path, space=False).names[-1] == "한"


def test_texts_are_composed_before_they_are_spelt() -> None:
    dictionary = CharacterDictionary.of_texts(["тёмный", "ệ"])
    assert dictionary.encode(unicodedata.normalize("NFD", "ё")) == [dictionary.class_of("ё")]
    assert dictionary.unknown(unicodedata.normalize("NFD", "ệ")) == []


def test_a_saved_dictionary_comes_back(tmp_path: Path) -> None:
    for name in alphabet_names():
        dictionary = alphabet(name)
        dictionary.save(tmp_path / f"{name}.txt")
        assert CharacterDictionary.from_file(tmp_path / f"{name}.txt") == dictionary


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "holds no characters"), (b"a\nb\na\n", "'a' twice"), (b"\xff\xfe", "not UTF-8")],
)
def test_bad_dictionaries_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "dict.txt"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        CharacterDictionary.from_file(path)
    with pytest.raises(InputError, match="cannot read"):
        CharacterDictionary.from_file(tmp_path / "none.txt")
    with pytest.raises(OptionError, match="'z' is not among"):
        CharacterDictionary(("a",)).class_of("z")


def test_ctc_decoding_merges_runs_and_drops_blanks() -> None:
    dictionary = CharacterDictionary(("a", "b"))
    rng = np.random.default_rng(0)
    for frames in itertools.product(range(4), repeat=5):
        probabilities = rng.uniform(0, 0.2, (5, 4)).astype(np.float32)
        probabilities[np.arange(5), frames] = rng.uniform(0.5, 1, 5)
        # The definition, step by step: collapse repeats, then remove blanks.
        kept = [t for t in range(5) if frames[t] != 0 and (t == 0 or frames[t] != frames[t - 1])]
        found = dictionary.decode_ctc(probabilities)
        assert found.text == "".join(" ab "[frames[t]] for t in kept)
        expected = np.mean([probabilities[t, frames[t]] for t in kept]) if kept else 0.0
        assert found.confidence == pytest.approx(expected, abs=1e-6)
    with pytest.raises(OptionError, match="do not fit a dictionary of 4"):
        dictionary.decode_ctc(np.zeros((5, 7), np.float32))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("cyrillic", "Съешь ещё этих мягких французских булок № 5, Їжак ґаздує, Љубљана ђак, Ќе ѓ Ў"),
        ("vietnamese", "Trường hợp Nguyễn Huệ: đường Điện Biên Phủ, 20.000 ₫ – ỷ Ỵ ẵ Ẩ"),
        ("greek", "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία – ΐ ΰ Ώ ς €"),
        ("korean", "다람쥐 헌 쳇바퀴에 타고파 ₩1,000"),
        ("latin", "Zażółć gęślą jaźń, Großmaße ẞ, Ærøskøbing, Þingvellir, İstanbul, Ĥoraĉo, ŵŷ"),
    ],
)
def test_alphabets_spell_their_languages(name: str, text: str) -> None:
    dictionary = alphabet(name)
    assert dictionary.unknown(text) == []
    assert all(
        len(sign) == 1 and unicodedata.normalize("NFC", sign) == sign for sign in dictionary.characters
    )


def test_korean_has_the_syllables_of_ks_x_1001() -> None:
    syllables = [sign for sign in alphabet("korean").characters if "가" <= sign <= "힣"]
    assert len(syllables) == 2350
    with pytest.raises(OptionError, match="no alphabet 'runic'"):
        alphabet("runic")
