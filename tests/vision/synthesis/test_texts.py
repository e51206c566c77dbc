"""Real text is found, cleaned, kept compactly, and parted into what is trained on and what is not."""

from __future__ import annotations

import gettext
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampan.errors import InputError, OptionError
from sampan.vision.synthesis.cleaning import printable, sentences, words
from sampan.vision.synthesis.languages import LANGUAGES, expand, korean_syllables, language
from sampan.vision.synthesis.text_sources import Source, find_sources
from sampan.vision.synthesis.texts import Pool, TextLibrary, is_held_out

LINES = st.lists(
    st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\n"), max_size=12), max_size=20
)


@given(LINES)
def test_a_pool_is_a_sequence_of_its_texts(texts) -> None:
    pool = Pool.of(texts)
    assert list(pool) == texts and len(pool) == len(texts)
    assert [pool[index] for index in range(len(texts))] == texts
    with pytest.raises(IndexError):
        pool[len(texts)]


@given(LINES, st.sampled_from("aяễ가"), st.floats(0, 0.999))
def test_a_pool_finds_a_text_with_a_letter_if_there_is_one(texts, char, near) -> None:
    texts = [*texts, "няня", "b"]
    found = Pool.of(texts).containing(char, near)
    if any(char in text for text in texts):
        assert found is not None and char in found and found in texts
    else:
        assert found is None


def write_mo(path, pairs: dict[str, str]) -> None:
    """A catalogue by the manual's description, for reading back with the standard library as well."""
    ids = sorted(pairs)
    rows, blob, start = [], b"", 28 + 16 * len(ids)
    for text in [*ids, *[pairs[key] for key in ids]]:
        rows.append((len(text.encode()), start + len(blob)))
        blob += text.encode() + b"\0"
    header = struct.pack("<7I", 0x950412DE, 0, len(ids), 28, 28 + 8 * len(ids), 0, 0)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(header + b"".join(struct.pack("<2I", *row) for row in rows) + blob)


@pytest.fixture
def share(tmp_path):
    """A system's /usr/share in small, with one source of each kind."""
    catalogue = {
        "": "Content-Type: text/plain; charset=UTF-8\n",
        "Open a file": "Открыть _файл",
        "%d files": "%d файлов",
        "Save the changes?": "Сохранить изменения? Они пропадут.",
        "one\0many": "одно окно\0много окон",
    }
    write_mo(tmp_path / "locale/ru/LC_MESSAGES/a.mo", catalogue)
    page = tmp_path / "doc/handbook/html/ru/index.html"
    page.parent.mkdir(parents=True)
    page.write_text(
        "<html><head><title>нет</title></head><body><h1>Первая глава</h1><p>Это <b>настоящий</b> текст книги, "
        "и он длинный.</p><pre>код не нужен</pre></body></html>",
        "utf-8",
    )
    (tmp_path / "hunspell").mkdir()
    (tmp_path / "hunspell/ru_RU.dic").write_bytes("3\nберёза/A\nвяз/B po:x\nabc\n".encode("koi8-r"))
    (tmp_path / "hunspell/ru_RU.aff").write_text("SET KOI8-R\n")
    manual = tmp_path / "man/ru/man1/a.1.gz"
    manual.parent.mkdir(parents=True)
    import gzip

    manual.write_bytes(
        gzip.compress(".TH A 1\n.SH ИМЯ\nпрограмма \\fBпечатает\\fR\nвсе строки подряд.\n.PP\n".encode())
    )
    return tmp_path


def test_all_kinds_of_sources_are_read(share) -> None:
    library = TextLibrary.gather(["ru"], share=share, use_cache=False)
    pools = library.pools["ru"].values()
    found = {text for pool in pools for text in pool.sentences}
    assert {
        "Открыть файл", "Сохранить изменения?", "Они пропадут.", "одно окно", "много окон", "Первая глава",
        "Это настоящий текст книги, и он длинный.", "программа печатает все строки подряд.",
    } <= found  # fmt: skip
    assert not any("%" in text or "код" in text or "Content" in text for text in found)
    spelt = {word for pool in pools for word in pool.words}
    assert {"берёза", "вяз", "книги"} <= spelt and "abc" not in spelt
    assert sum(row["sentences"] for row in library.origins) == len(found)


def test_catalogues_read_as_the_standard_library_reads_them(share) -> None:
    path = share / "locale/ru/LC_MESSAGES/a.mo"
    with path.open("rb") as file:
        oracle = gettext.GNUTranslations(file)
    found = list(Source(path, "sentences", "gettext").read())
    assert oracle.gettext("%d files") in found
    assert oracle.gettext("Save the changes?") in found


def test_a_broken_source_gives_nothing(tmp_path) -> None:
    (tmp_path / "x.mo").write_bytes(b"\xde\x12\x04\x95\0\0")
    (tmp_path / "x.gz").write_bytes(b"no gzip")
    assert list(Source(tmp_path / "x.mo", "sentences", "gettext").read()) == []
    assert list(Source(tmp_path / "x.gz", "sentences", "roff").read()) == []


def test_the_splits_are_apart_and_of_the_promised_sizes() -> None:
    texts = [f"предложение номер {number}" for number in range(20000)]
    held = sum(map(is_held_out, texts))
    assert abs(held / 20000 - 0.05) < 0.006  # four standard deviations
    assert all(is_held_out(text) == is_held_out(text.upper()) for text in texts[:200])


def test_gathered_splits_share_no_text_and_travel(share, tmp_path) -> None:
    library = TextLibrary.gather(["ru", "vi"], share=share, use_cache=False)
    for code in ("ru", "vi"):
        train, held = library.texts(code, "train"), library.texts(code, "held-out")
        assert not set(train.sentences) & set(held.sentences) and not set(train.words) & set(held.words)
    library.save(tmp_path / "kept")
    again = TextLibrary.load(tmp_path / "kept")
    assert again.origins == library.origins
    assert list(again.texts("vi", "train").sentences) == list(library.texts("vi", "train").sentences)
    with pytest.raises(OptionError, match="was gathered"):
        again.texts("ko", "train")
    with pytest.raises(InputError, match="holds no gathered texts"):
        TextLibrary.load(tmp_path)


def test_the_cache_forgets_when_a_source_changes(share, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("SAMPAN_HOME", str(tmp_path / "home"))
    first = TextLibrary.gather(["ru"], share=share)
    assert list(TextLibrary.gather(["ru"], share=share).texts("ru", "train").words) == list(
        first.texts("ru", "train").words
    )
    (share / "hunspell/ru_RU.dic").write_bytes("1\nсиневатый\nсинева\n".encode("koi8-r"))
    changed = TextLibrary.gather(["ru"], share=share)
    words_now = {word for pool in changed.pools["ru"].values() for word in pool.words}
    assert "синева" in words_now and "вяз" not in words_now


@pytest.mark.parametrize(
    "code", ["en", "ru", "uk", "bg", "sr", "vi", "el", "ko", "de", "pl", "fr", "es", "tr", "cs"]
)
def test_our_samples_are_wholly_printable(code, tmp_path) -> None:
    library = TextLibrary.gather([code], share=tmp_path, use_cache=False)
    sample = find_sources(language(code), tmp_path)[0].path.read_text("utf-8").splitlines()
    kept = {text for pool in library.pools[code].values() for text in pool.sentences}
    for line in sample:
        assert any(text in line for text in kept if len(text) > len(line) / 3), f"{line} was thrown away"


def test_cleaning_keeps_language_and_drops_the_rest() -> None:
    russian = language("ru")
    allowed = printable(russian)

    def kept(text: str) -> list[str]:
        return list(sentences(text, russian, allowed))

    assert kept("Файл  найден. Он пуст!") == ["Файл найден.", "Он пуст!"]
    assert kept("<b>Файл</b> найден") == ["Файл найден"]
    assert kept("Only English here") == [] and kept("%s: ошибка") == [] and kept("12 345") == []
    assert kept("Иероглиф 漢 тут") == [] and kept("й" * 300) == []
    assert kept("e\u0308жик и \u0438\u0306од") == ["ёжик и йод"] or kept("и\u0306од есть") == ["йод есть"]
    assert list(words("Ёлка из-за угла, file", russian, allowed)) == ["Ёлка", "из-за", "угла"]


def test_alphabets_are_complete() -> None:
    assert len(korean_syllables()) == len(set(korean_syllables())) == 2350
    assert language("ko").alphabet[0] == "가" and "힝" in language("ko").alphabet
    assert len(language("ru").alphabet) == 66 and "Ё" in language("ru").alphabet
    assert {"İ", "ı", "I", "i"} <= set(language("tr").alphabet)
    # 12 vowels with six tones in two cases, and 17 consonants.
    vietnamese = set(language("vi").alphabet)
    assert all(char in vietnamese for char in "ỹỠẵặđĐỷỲựỢ") and "ẞ" not in vietnamese
    for spoken in LANGUAGES.values():
        assert len(spoken.months) in (0, 12) and len(spoken.quotes) >= 1
        assert all(len(marks) == 2 for marks in spoken.quotes)


def test_groups_share_evenly_and_unknown_languages_are_refused() -> None:
    shares = expand({"cyrillic": 6.0, "ru": 1.0})
    assert shares["ru"] == 2.0 and shares["uk"] == 1.0 and len(shares) == 6
    with pytest.raises(OptionError, match="did you mean 'ru'"):
        expand({"rus": 1.0})
