"""One page, one script: ideographs and kana that a recogniser mixed up.

PP-OCR reads Simplified, Traditional and Japanese forms with one network, and gives now 内 and now 內 for the same
ink. A single line cannot tell, the page can: kana make it Japanese, characters that only one Chinese script has make
it Simplified or Traditional, and on a page that is none of these for certain nothing is touched. Then

- every character that the page's script does not have is written as the one that it has instead. The tables hold
  only characters with one counterpart: 后, 发, 干, 里, 台 and their like stay as they were read;
- on a Japanese page, kana and ideographs of the same shape (ー一, ニ二, ロ口, カ力, ヘへ …) are told apart by their
  neighbours, if these decide; if they do not, the reading stands.

Which characters a script has is what its character set says: GB 2312-80, Big5 (first level) and JIS X 0208, and
what Taiwan's and Japan's standard forms (標準國字, 常用漢字) put in place of the others.

The price: a proper name or a quotation in another form (溫 written 温 on purpose, a Hong Kong 説, a name in old
characters on a Japanese page) is written in the page's own. Old forms that Japanese names use often (國, 澤, 廣 …)
are left alone, and so is a page that is set in old characters throughout.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from typing import Literal

from sampan.documents.ocr.ctc import Reading
from sampan.documents.ocr.ideograph_forms import OLD_FORMS_IN_USE, SHINJITAI, SIMPLIFIED, VARIANTS

Script = Literal["japanese", "traditional", "simplified"]

_KANA_SHARE = 0.1
"""Share of kana in a page's kana and ideographs from which it is Japanese."""
_HANGUL_SHARE = 0.1
"""Share of hangul above which ideographs are Korean, which has standard forms of its own."""
_LEAST_VOTES, _MAJORITY = 5, 4
"""A Chinese script needs so many characters of its own, and more than so many for each of another script."""
_OLD_SHARE = 0.5
"""Share of old forms, among the old and the new ones of a Japanese page, from which it is set in old forms."""


def settle_ideographs(readings: list[Reading]) -> list[Reading]:
    """The readings of one page with its ideographs and kana in the page's script, character for character."""
    counts: Counter[str] = Counter()
    for reading in readings:
        if not reading.text.isascii() and max(reading.text) >= "⺀":
            counts.update(reading.text)
    script = _script(counts) if counts else None
    if script is None:
        return list(readings)
    table = _table(script)
    if script == "japanese" and _is_set_in_old_forms(counts):
        table = {}
    # An orthography without small っ writes だつた.
    small_tsu = counts["っ"] >= 2
    settled = []
    for reading in readings:
        text = reading.text.translate(table)
        if script == "japanese":
            text = _settled_kana(_SMALL_TSU.sub("っ", text) if small_tsu else text)
        else:
            text = _ONE_IN_CHINESE.sub("一", text)
        # Positions stay valid only while every character is replaced by one.
        if text == reading.text or len(text) != len(reading.characters):
            settled.append(reading)
        else:
            settled.append(replace(reading, text=text, characters=list(text)))
    return settled


# --- The page's script ------------------------------------------------------------------------------------------


def _script(counts: Mapping[str, int]) -> Script | None:
    """The script of a page with these characters; None if it is not certain."""
    kana = ideographs = hangul = 0
    for character, count in counts.items():
        # A misread 口 or 二 does not make a page Japanese.
        if character in _LOOK_ALIKES:
            continue
        if "ぁ" <= character <= "ヺ":
            kana += count
        elif "㐀" <= character <= "鿿":
            ideographs += count
        elif "가" <= character <= "힣":
            hangul += count
    if hangul > _HANGUL_SHARE * (hangul + kana + ideographs):
        return None
    if kana > _KANA_SHARE * (kana + ideographs):
        return "japanese"
    simplified, traditional, japanese = _voters()
    votes_simplified = _votes(counts, simplified)
    votes_traditional = _votes(counts, traditional)
    # A table of Japanese names has no kana, but forms that neither Chinese script has.
    votes_japanese = _votes(counts, japanese)
    if votes_simplified >= _LEAST_VOTES and votes_simplified > _MAJORITY * (
        votes_traditional + votes_japanese
    ):
        return "simplified"
    if votes_traditional >= _LEAST_VOTES and votes_traditional > _MAJORITY * (
        votes_simplified + votes_japanese
    ):
        return "traditional"
    return None


def _votes(counts: Mapping[str, int], characters: Iterable[str]) -> int:
    return sum(counts[character] for character in counts.keys() & set(characters))


@cache
def _voters() -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Characters only of Simplified Chinese, of Traditional Chinese and of Japanese."""
    japanese = (new for new in _pairs(SHINJITAI).values() if not (_in(new, "gb2312") or _in(new, "big5")))
    pairs = _pairs(SIMPLIFIED)
    return frozenset(pairs), frozenset(pairs.values()), frozenset(japanese)


def _is_set_in_old_forms(counts: Mapping[str, int]) -> bool:
    pairs = _pairs(SHINJITAI)
    # What is not in JIS X 0208 was misread more often than printed.
    old = _votes(counts, [old for old in pairs if old not in OLD_FORMS_IN_USE and _in(old, "shift_jis")])
    new = _votes(counts, pairs.values())
    return old > _OLD_SHARE * (old + new)


# --- Characters of other scripts ---------------------------------------------------------------------------------


@cache
def _table(script: Script) -> dict[int, str]:
    """What to write in place of characters that the script does not have."""
    simplified, variants, shinjitai = _pairs(SIMPLIFIED), _pairs(VARIANTS), _pairs(SHINJITAI)
    table: dict[str, str] = {}
    if script == "traditional":
        table = simplified | variants
    elif script == "simplified":
        table = {traditional: own for own, traditional in simplified.items()}
        for variant, traditional in variants.items():
            if _in(variant, "gb2312") and not _in(traditional, "gb2312"):
                table.setdefault(traditional, variant)
        for variant, traditional in variants.items():
            own = table.get(traditional, traditional)
            if _in(own, "gb2312") and not _in(variant, "gb2312"):
                table[variant] = own
    else:
        for other, traditional in (simplified | variants).items():
            own = shinjitai.get(traditional, traditional)
            if _in(own, "shift_jis") and not _in(other, "shift_jis"):
                table[other] = own
        table |= shinjitai
        table = {other: own for other, own in table.items() if other not in OLD_FORMS_IN_USE}
    return {ord(character): own for character, own in table.items()}


def _in(character: str, character_set: str) -> bool:
    try:
        character.encode(character_set)
    except UnicodeEncodeError:
        return False
    return True


def _pairs(table: str) -> dict[str, str]:
    return dict(zip(table[::2], table[1::2], strict=True))


# --- Kana and ideographs of one shape ----------------------------------------------------------------------------

_IDEOGRAPH_OF = _pairs("ニ二ロ口カ力タ夕エ工ト卜ハ八チ千オ才")
_KATAKANA_OF = {ideograph: katakana for katakana, ideograph in _IDEOGRAPH_OF.items()}
_HIRAGANA_OF = _pairs("ヘへベべペぺ")
_HEBEPE_OF = {hiragana: katakana for katakana, hiragana in _HIRAGANA_OF.items()}
_LOOK_ALIKES = frozenset("ー一ニ二ロ口カ力タ夕エ工ト卜ハ八チ千オ才ヘへベべペぺ")

_SMALL = frozenset("ァィゥェォャュョ")
_OPENING = frozenset("、。，．・：；！？「『（《〈【［(“‘,:;!?")
_CLOSING = frozenset("、。，．・：；！？」』）》〉】］)”’,.:;!?／/")
_NUMERALS = frozenset("一二三四五六七八九十百千万億兆〇")
_COUNTED = frozenset("つ人年月日時分秒週回番度個枚杯冊件階歳台匹頭羽軒戸校社種段級部章節条項号位割倍連般")
"""What stands behind a number, and seldom behind a long vowel."""
_UNIT = re.compile(
    r"(?:キロ|メートル|ミリ|センチ|グラム|トン(?!ネ)|リットル|デシ|ヘクタール|アール|ワット|ボルト|パーセント|ページ|ドル|ユーロ"
    r"|ポンド|フィート|インチ|マイル|ダース|ケース|パック|セット|コース|クラス|チーム|グループ|シーズン|ポイント|ゴール|カロリー"
    r"|バレル|ビット|バイト|ヘルツ|エーカー|オクターブ|ラウンド|レーン|フロア|ステージ|タイプ|パターン|シリーズ|テーブル|ベッド"
    r"|カ[所国月年村店町寺字]|[ヵヶ])"
)
"""A unit in katakana, at the beginning of what follows a number."""
_POWER = re.compile(r"アップ|ダウン|チェック|テスト|ランキング|トレーニング|ゼロ|コブ|ワザ")
"""What follows 力 as a word of its own: ブランド力アップ."""
_MOUTH = re.compile(r"コミ|パク|ゲンカ|グセ")

# What stands before and after an ideograph that has the shape of a katakana letter.
_BEFORE = {
    "ロ": frozenset("入出窓人河蛇火港戸裏門糸切傷噴銃"),
    "カ": frozenset(
        "入出電能権全協努勢強圧体魅実重引動馬火水風学視聴気弾暴迫武兵財資労戦効腕主浮磁筋知威張速握省脚"
    ),
    "タ": frozenset("七朝"),
    "エ": frozenset("加施着竣起商木陶石細刺"),
    "オ": frozenset("天秀英異奇鬼漫俊"),
}
_AFTER = {
    "ロ": frozenset("径座調頭論述癖紅腔"),
    "カ": frozenset("学量士点"),
    "タ": frozenset("方食刊暮陽立闇刻飯涼空景映凪焼"),
    "エ": frozenset("場事業学作程員芸具夫期法費房賃務"),
    "オ": frozenset("能媛覚"),
}
_COUNTER_CA = frozenset("所国月年条村店町寺字")
"""What is counted with カ: 二カ所."""
_PARTICLES = frozenset("のはがをにもでとやか")
_BEFORE_ONE = frozenset("第統唯随均画逐")
_MOTION = frozenset("の行向来戻送移進入出渡帰下上届通飛運逃急登")
"""What follows へ behind a katakana word."""
_HE_WORD = re.compile(r"ルプ|ルメット|ルニア|ルペス|リコプ|リウム|ブライ|モグロ|クタール")
"""What is no word by itself: with へ before it, it is ヘルプ, ヘリコプター …"""
_AFTER_ONE = frozenset("覧致緒度")
_BEHIND_ONE = frozenset("のにをがはでとな、。！」")
_BEHIND_THINGS = frozenset("、。，．・）」のをはがとずだ")

_ONE_IN_CHINESE = re.compile(r"(?<=[第统統唯])ー|ー(?=[个個次种種些般样樣定直起切位旦致])")
"""A long vowel in a Chinese text; between other ideographs it may be a dash."""
_SMALL_TSU = re.compile(
    r"(?:(?<=だ)|(?<=なか)|(?<=とい)|(?<=[上下広]が)|(?<=[思言行使違合会取残入通送買習戻減]))つ(?=[たて](?![めび]))"
)
"""A large つ where modern Japanese has none but the small."""


def _settled_kana(text: str) -> str:
    """A line with look-alikes as their neighbours ask for; spaces are no neighbours."""
    if _LOOK_ALIKES.isdisjoint(text):
        return text
    places = [place for place, character in enumerate(text) if not character.isspace()]
    solid = [text[place] for place in places]
    # イ, ロ, ハ, ニ, ホ, ヘ, ト number the items of a list.
    labels = {
        place - 1 for place in range(2, len(text)) if text[place].isspace() and text[place - 2].isspace()
    }
    labels |= {0} if text[1:2].isspace() else set()
    # One decision may make a neighbour certain. Whatever does not come to rest is left as it was read.
    for _ in range(6):
        before = list(solid)
        for index, character in enumerate(solid):
            if character in _LOOK_ALIKES and not (character in _IDEOGRAPH_OF and places[index] in labels):
                solid[index] = _settled(solid, index)
        if solid == before:
            break
    else:
        return text
    characters = list(text)
    for place, character in zip(places, solid, strict=True):
        characters[place] = character
    return "".join(characters)


def _settled(line: list[str], index: int) -> str:
    """The character at `index`, or the other of its shape if its neighbours show that it must be that."""
    character = line[index]
    left = line[index - 1] if index else ""
    right = line[index + 1] if index + 1 < len(line) else ""
    behind = "".join(line[index + 1 : index + 7])
    if character == "ー":
        return "一" if _is_one(left, right, behind) else character
    if character == "一":
        lengthens = _is_katakana(left) and left != "ー"
        in_word = _is_katakana(right) and right != "ー" and not _UNIT.match(behind)
        return "ー" if lengthens and (in_word or not right or right in _CLOSING) else character
    if character in _IDEOGRAPH_OF:
        return _IDEOGRAPH_OF[character] if _is_ideograph(character, left, right, behind) else character
    if character in _KATAKANA_OF:
        return _KATAKANA_OF[character] if _is_letter(character, left, right, behind) else character
    if character in _HIRAGANA_OF:
        return _HIRAGANA_OF[character] if _is_hiragana_word(character, left, right) else character
    return _HEBEPE_OF[character] if _is_katakana_word(character, left, right, behind) else character


def _is_katakana(character: str) -> bool:
    return "ァ" <= character <= "ヴ" or character == "ー"


def _is_hiragana(character: str) -> bool:
    return "ぁ" <= character <= "ゟ"


def _is_han(character: str) -> bool:
    return "㐀" <= character <= "鿿" or character == "々"


def _is_one(left: str, right: str, behind: str) -> bool:
    """Whether ー between `left` and `right` is 一."""
    if _is_katakana(left):
        # ランプ一つ、: no word goes on with つ here.
        return left != "ー" and right == "つ" and len(behind) > 1 and behind[1] in _BEHIND_THINGS
    counts = right in _COUNTED or _UNIT.match(behind) is not None
    if _is_hiragana(left):
        return right in _AFTER_ONE or (left in _PARTICLES and counts)
    if _is_han(left):
        if left in _KATAKANA_OF or right == "ー":
            return False
        numeral = left in _NUMERALS or (right in _NUMERALS and right != "一")
        return left in _BEFORE_ONE or numeral or right in _COUNTED | _AFTER_ONE | _BEHIND_ONE
    if not left:
        return right in _COUNTED | _AFTER_ONE
    return left in _OPENING and (counts or right in _AFTER_ONE)


def _is_ideograph(character: str, left: str, right: str, behind: str) -> bool:
    """Whether a katakana letter that looks like an ideograph is one."""
    if character in "ニハ" and right == "つ" and len(behind) > 1 and behind[1] in _BEHIND_THINGS:
        return True
    if _is_katakana(left):
        return False
    if character in "ニハチ":
        if _is_katakana(right):
            return character != "チ" and len(behind) > 2 and _UNIT.match(behind) is not None and _is_han(left)
        numeral = left in _NUMERALS or right in _NUMERALS
        return numeral or (character != "チ" and (left == "第" or right in _COUNTED))
    if _is_katakana(right) or character == "ト":
        return False
    if character == "カ" and right in _COUNTER_CA:
        return False
    return left in _BEFORE[character] or right in _AFTER[character]


def _is_letter(character: str, left: str, right: str, behind: str) -> bool:
    """Whether an ideograph that looks like a katakana letter is one."""
    number = character in "二八千"
    # No word begins with these; 八ッ場 and 三ッ矢 are names.
    if right in _SMALL or right == "ン" or (right == "ッ" and not number):
        return True
    after = _is_katakana(left)
    if right in ("ー", "一") and len(behind) > 1 and _is_katakana(behind[1]) and not _UNIT.match(behind[1:]):
        # 力ード, 口一ド; 二 ー may still be two numbers.
        return after or not _is_han(left)
    if right == "ー":
        return after or not (number or _is_han(left) or _is_han(behind[1:2]))
    if _is_katakana(right):
        if number or character in "力口":
            word = {"力": _POWER, "口": _MOUTH}.get(character, _UNIT).match(behind)
            return after and word is None and right != "ッ"
        if character == "才" and behind[:2] in ("アリ", "ナシ"):
            return False
        return after or not (_is_han(left) or (left.isalnum() and left.isascii()))
    if not after:
        return False
    if character == "卜":
        return True
    return character in "夕才" and (right == "一" or not _is_han(right)) and right not in ("べ", "ベ")


def _is_hiragana_word(character: str, left: str, right: str) -> bool:
    """Whether ヘ, ベ or ペ is hiragana: no katakana word has one letter."""
    if character == "ヘ" and right in ("音", "長", "短", "調"):
        return False
    if character == "ヘ" and _is_katakana(left):
        return right in _MOTION
    in_text = _is_hiragana(left) or _is_han(left)
    return in_text and (_is_hiragana(right) or _is_han(right) or (right in _CLOSING and right != "・"))


def _is_katakana_word(character: str, left: str, right: str, behind: str) -> bool:
    """Whether へ, べ or ぺ is katakana; the particle へ stands between katakana words as well."""
    if right in _SMALL or right in ("ー", "ッ", "ン"):
        return True
    opens = left in _OPENING if left else False
    if character == "へ":
        return (opens and _is_katakana(right)) or _HE_WORD.match(behind) is not None
    if _is_katakana(right):
        return opens or not left or _is_katakana(left)
    return _is_katakana(left) and right in _CLOSING


# --- Tables ------------------------------------------------------------------------------------------------------
