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
    japanese = (new for new in _pairs(_SHINJITAI).values() if not (_in(new, "gb2312") or _in(new, "big5")))
    pairs = _pairs(_SIMPLIFIED)
    return frozenset(pairs), frozenset(pairs.values()), frozenset(japanese)


def _is_set_in_old_forms(counts: Mapping[str, int]) -> bool:
    pairs = _pairs(_SHINJITAI)
    # What is not in JIS X 0208 was misread more often than printed.
    old = _votes(counts, [old for old in pairs if old not in _OLD_FORMS_IN_USE and _in(old, "shift_jis")])
    new = _votes(counts, pairs.values())
    return old > _OLD_SHARE * (old + new)


# --- Characters of other scripts ---------------------------------------------------------------------------------


@cache
def _table(script: Script) -> dict[int, str]:
    """What to write in place of characters that the script does not have."""
    simplified, variants, shinjitai = _pairs(_SIMPLIFIED), _pairs(_VARIANTS), _pairs(_SHINJITAI)
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
        table = {other: own for other, own in table.items() if other not in _OLD_FORMS_IN_USE}
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

_SIMPLIFIED = (
    "万萬与與专專业業丛叢东東丝絲丢丟两兩严嚴丧喪个個临臨为為丽麗举舉义義乌烏乐樂乔喬习習乡鄉书書买買乱亂"
    "争爭亏虧亚亞产產亩畝亲親亵褻亿億仅僅从從仓倉仪儀们們价價众眾优優会會伞傘伟偉传傳伤傷伥倀伦倫伧傖伪偽"
    "伫佇体體侠俠侣侶侥僥侦偵侧側侨僑侩儈侪儕侬儂俦儔俨儼俩倆俪儷俭儉债債倾傾偬傯偿償傥儻傧儐储儲兖兗兰蘭"
    "关關兴興兹茲养養兽獸冈岡写寫军軍农農冯馮决決况況冻凍净淨凉涼减減凑湊凛凜凤鳳凭憑凯凱击擊凿鑿刍芻刘劉"
    "则則刚剛创創刽劊剀剴剂劑剐剮剑劍剧劇劝勸办辦务務动動励勵劲勁劳勞势勢勋勳匀勻匮匱医醫华華协協单單卖賣"
    "卢盧卧臥卫衛却卻厅廳厉厲压壓厌厭厕廁厢廂厦廈厨廚厩廄县縣双雙变變叙敘叠疊号號吓嚇吕呂吗嗎吨噸听聽启啟"
    "吴吳呐吶呓囈呕嘔员員呛嗆呜嗚咏詠咙嚨咛嚀响響哑啞哔嗶哝噥哟喲唠嘮唤喚啧嘖啬嗇啭囀啸嘯喷噴喽嘍嗫囁嗳噯"
    "嘘噓嘤嚶嘱囑噜嚕嚣囂园園围圍国國图圖圆圓圣聖场場坏壞块塊坚堅坝壩坞塢坟墳坠墜垄壟垒壘垦墾垩堊垫墊埘塒"
    "堑塹堕墮墙牆壮壯声聲壳殼壶壺处處备備够夠头頭夹夾夺奪奁奩奂奐奋奮奖獎妆妝妇婦妈媽妩嫵妪嫗娄婁娆嬈娇嬌"
    "娱娛娲媧婴嬰婵嬋婶嬸媪媼嫔嬪嬷嬤孙孫学學孪孿宁寧宝寶实實宠寵审審宪憲宫宮宽寬宾賓寝寢对對寻尋导導寿壽"
    "将將尔爾尘塵尝嘗尧堯层層屉屜届屆属屬屡屢屦屨屿嶼岁歲岂豈岖嶇岗崗岘峴岚嵐岛島岭嶺岿巋峡峽峥崢峦巒崭嶄"
    "嵘嶸巅巔巩鞏币幣帅帥师師帏幃帐帳帜幟带帶帧幀帮幫帼幗广廣庄莊庆慶庐廬库庫应應庙廟庞龐废廢开開异異弃棄"
    "张張弯彎弹彈强強归歸录錄彦彥彻徹径徑忆憶忧憂忾愾怀懷态態怂慫怃憮怅悵怆愴怜憐总總恋戀恳懇恸慟恺愷恻惻"
    "恼惱悦悅悬懸悯憫惊驚惧懼惨慘惩懲惫憊惬愜惭慚惮憚惯慣愠慍愤憤慑懾懑懣懒懶戏戲战戰户戶执執扩擴扫掃扬揚"
    "扰擾抚撫抠摳抡掄抢搶护護报報担擔拟擬拢攏拣揀拥擁拦攔拧擰拨撥择擇挚摯挛攣挝撾挞撻挟挾挠撓挡擋挣掙挤擠"
    "挥揮捞撈损損捡撿换換捣搗掳擄掴摑掷擲掸撣掺摻揽攬揿撳搀攙搁擱搂摟搅攪携攜摄攝摇搖摈擯摊攤撑撐撵攆撷擷"
    "擞擻攒攢敌敵敛斂数數斋齋斓斕斩斬断斷无無旧舊时時旷曠昙曇昼晝显顯晋晉晓曉晔曄晕暈晖暉暂暫暧曖机機杀殺"
    "杂雜权權条條来來杨楊极極构構枞樅枢樞枣棗枪槍枫楓枭梟柠檸栀梔标標栈棧栉櫛栋棟栏欄树樹样樣桡橈桢楨档檔"
    "桥橋桦樺桧檜桨槳桩樁梦夢检檢椟櫝椭橢楼樓榄欖榇櫬榈櫚槛檻槟檳横橫樯檣樱櫻橱櫥欢歡欧歐歼殲殇殤残殘殓殮"
    "殡殯殴毆毁毀毂轂毕畢毙斃毡氈气氣氢氫氩氬氲氳汉漢汤湯汹洶沟溝没沒沤漚沥瀝沦淪沧滄沪滬泞濘泸瀘泻瀉泼潑"
    "泽澤泾涇洁潔浃浹浅淺浆漿浇澆浊濁测測济濟浏瀏浑渾浓濃浔潯涛濤涝澇涟漣涡渦涣渙涤滌润潤涧澗涨漲涩澀渊淵"
    "渍漬渎瀆渐漸渑澠渔漁渗滲温溫湾灣湿濕溃潰溅濺滚滾滞滯满滿滤濾滥濫滦灤滨濱滩灘潇瀟潋瀲潍濰潜潛澜瀾濑瀨"
    "濒瀕灭滅灯燈灵靈灾災灿燦炀煬炉爐炖燉点點炼煉炽熾烁爍烂爛烃烴烛燭烦煩烧燒烩燴烫燙烬燼热熱焕煥焖燜焘燾"
    "爱愛爷爺牍牘牦犛牵牽牺犧犊犢状狀犷獷犹猶狈狽狞獰独獨狭狹狮獅狰猙狱獄猎獵猡玀猪豬猫貓献獻獭獺玑璣玛瑪"
    "环環现現珐琺珑瓏珲琿琐瑣琼瓊瑶瑤瑷璦璎瓔瓒瓚瓯甌电電画畫畅暢畴疇疗療疟瘧疠癘疡瘍疮瘡疯瘋疱皰痈癰痉痙"
    "痒癢痨癆痪瘓瘪癟瘫癱瘾癮癞癩癣癬癫癲皑皚皱皺盏盞盐鹽监監盖蓋盗盜盘盤睁睜睐睞睑瞼瞒瞞瞩矚矫矯矶磯矾礬"
    "矿礦码碼砖磚砚硯砺礪砾礫础礎硕碩确確碍礙碛磧碱鹼礼禮祯禎祷禱祸禍禀稟禅禪离離秆稈种種积積称稱秽穢税稅"
    "稣穌稳穩穑穡穷窮窃竊窍竅窑窯窜竄窝窩窥窺窦竇竖豎竞競笃篤笋筍笔筆笺箋笼籠筛篩筝箏筹籌简簡箩籮箪簞箫簫"
    "篑簣篓簍篮籃篱籬籁籟类類粤粵粪糞粮糧糁糝紧緊纠糾纡紆红紅纣紂纥紇约約级級纪紀纫紉纬緯纭紜纯純纰紕纱紗"
    "纲綱纳納纵縱纶綸纷紛纸紙纹紋纺紡纽紐线線绁紲绂紱练練组組绅紳细細织織终終绉縐绊絆绋紼绌絀绍紹绎繹经經"
    "绑綁绒絨结結绕繞绘繪给給绚絢绛絳络絡绝絕绞絞统統绢絹绣繡绥綏绦絛继繼绩績绪緒绫綾续續绮綺绰綽绳繩维維"
    "绵綿绶綬绷繃绸綢绽綻绾綰绿綠缀綴缁緇缂緙缄緘缅緬缆纜缇緹缈緲缉緝缍綞缎緞缓緩缔締缕縷编編缘緣缙縉缚縛"
    "缜縝缝縫缟縞缠纏缢縊缣縑缤繽缥縹缦縵缧縲缨纓缩縮缪繆缫繅缭繚缮繕缯繒缰韁缴繳罂罌网網罗羅罚罰罢罷羁羈"
    "羡羨翘翹耸聳耻恥聂聶聋聾职職联聯聪聰肃肅肠腸肤膚肮骯肾腎肿腫胀脹胁脅胆膽胜勝胧朧胪臚胶膠脉脈脍膾脐臍"
    "脑腦脓膿脚腳脱脫脸臉腊臘腻膩腼靦腾騰膑臏舆輿舰艦舱艙艰艱艺藝节節芈羋芜蕪芦蘆苇葦苋莧苌萇苍蒼苎苧苏蘇"
    "苹蘋茎莖茔塋茧繭荆荊荚莢荠薺荣榮荤葷荦犖荧熒荪蓀药藥莅蒞莱萊莲蓮莴萵莹瑩莺鶯萝蘿萤螢营營萦縈萧蕭萨薩"
    "葱蔥蒋蔣蓝藍蓟薊蓦驀蔷薔蔺藺蔼藹蕴蘊薮藪藓蘚虏虜虑慮虚虛虽雖虾蝦蚀蝕蚁蟻蚂螞蚕蠶蚬蜆蛊蠱蛎蠣蛮蠻蛰蟄"
    "蛲蟯蜕蛻蜗蝸蜡蠟蝇蠅蝈蟈蝉蟬蝼螻衅釁衔銜补補衬襯袄襖袜襪袭襲装裝裤褲褛褸褴襤见見观觀规規觅覓视視览覽"
    "觉覺觊覬觎覦觐覲觞觴触觸誉譽誊謄计計订訂讣訃认認讥譏讦訐讧訌讨討让讓讪訕讫訖训訓议議讯訊记記讲講讳諱"
    "讶訝讷訥许許讹訛论論讼訟讽諷设設访訪诀訣证證诂詁诃訶评評诅詛识識诈詐诉訴诊診诋詆诌謅词詞诏詔译譯试試"
    "诗詩诘詰诙詼诚誠诛誅话話诞誕诟詬诠詮诡詭询詢诣詣诤諍该該详詳诧詫诫誡诬誣语語诮誚误誤诰誥诱誘诲誨诳誑"
    "说說诵誦请請诸諸诺諾读讀诽誹课課诿諉谀諛谁誰调調谄諂谅諒谆諄谇誶谈談谊誼谋謀谌諶谍諜谎謊谏諫谐諧谒謁"
    "谓謂谕諭谖諼谗讒谘諮谙諳谚諺谛諦谜謎谟謨谠讜谢謝谣謠谤謗谦謙谧謐谨謹谩謾谪謫谬謬谭譚谯譙谰讕谱譜谲譎"
    "谴譴谵譫贝貝贞貞负負贡貢财財责責贤賢败敗账賬货貨质質贩販贪貪贫貧贬貶购購贮貯贯貫贰貳贱賤贲賁贴貼贵貴"
    "贷貸贸貿费費贺賀贻貽贼賊贾賈贿賄赀貲赁賃赂賂赃贓资資赅賅赈賑赊賒赋賦赌賭赎贖赏賞赐賜赔賠赖賴赘贅赙賻"
    "赚賺赛賽赠贈赡贍赢贏赣贛赵趙赶趕趋趨趸躉跃躍践踐跷蹺跸蹕跻躋踌躊踪蹤踬躓踯躑蹑躡蹒蹣蹿躥躏躪躯軀车車"
    "轧軋轨軌轩軒轫軔转轉轭軛轮輪软軟轰轟轲軻轴軸轶軼轻輕轼軾载載轾輊轿轎较較辄輒辅輔辆輛辇輦辈輩辉輝辊輥"
    "辋輞辍輟辎輜辏輳辐輻辑輯输輸辕轅辖轄辗輾辙轍辞辭辩辯辫辮边邊辽遼达達迁遷过過迈邁运運还還这這进進远遠"
    "违違连連迟遲迩邇迳逕适適选選逊遜递遞逦邐逻邏遗遺遥遙邓鄧邮郵邹鄒邺鄴邻鄰郑鄭郦酈郧鄖郸鄲酝醞酱醬酽釅"
    "酿釀释釋銮鑾錾鏨针針钉釘钊釗钋釙钏釧钒釩钓釣钗釵钙鈣钜鉅钝鈍钞鈔钠鈉钡鋇钢鋼钣鈑钤鈐钥鑰钦欽钧鈞钨鎢"
    "钩鉤钮鈕钱錢钳鉗钴鈷钵缽钸鈽钹鈸钻鑽钾鉀钿鈿铀鈾铁鐵铂鉑铃鈴铄鑠铅鉛铆鉚铉鉉铋鉍铍鈹铎鐸铐銬铙鐃铛鐺"
    "铜銅铝鋁铡鍘铢銖铣銑铨銓铬鉻铭銘铮錚铰鉸铱銥铵銨银銀铸鑄铺鋪链鏈铿鏗销銷锁鎖锂鋰锄鋤锅鍋锈鏽锉銼锋鋒"
    "锌鋅锐銳锑銻锗鍺错錯锚錨锟錕锡錫锢錮锣鑼锤錘锥錐锦錦锭錠键鍵锯鋸锰錳锱錙锲鍥锵鏘锷鍔锹鍬锺鍾锻鍛锾鍰"
    "镀鍍镁鎂镂鏤镇鎮镉鎘镊鑷镌鐫镍鎳镐鎬镑鎊镒鎰镖鏢镗鏜镘鏝镙鏍镜鏡镝鏑镞鏃镣鐐镭鐳镯鐲镰鐮镳鑣镶鑲长長"
    "门門闩閂闪閃闭閉问問闯闖闰閏闱闈闳閎间間闵閔闷悶闸閘闹鬧闺閨闻聞闽閩闾閭阀閥阁閣阂閡阅閱阉閹阎閻阐闡"
    "阑闌阔闊阕闋阖闔阗闐阙闕队隊阳陽阴陰阵陣阶階际際陆陸陇隴陈陳陕陝陨隕险險随隨隐隱隶隸隽雋难難雏雛雳靂"
    "雾霧霁霽霭靄静靜靥靨鞑韃鞯韉韦韋韧韌韩韓韬韜韵韻页頁顶頂顷頃项項顺順顽頑顾顧顿頓颁頒颂頌预預颅顱领領"
    "颇頗颈頸颉頡颊頰颌頜颐頤频頻颓頹颔頷颖穎颗顆题題颚顎颛顓颜顏额額颠顛颢顥颤顫颦顰颧顴风風飒颯飓颶飕颼"
    "飘飄飞飛飨饗餍饜饨飩饪飪饬飭饭飯饮飲饯餞饰飾饱飽饲飼饴飴饵餌饶饒饷餉饺餃饼餅饿餓馁餒馄餛馅餡馆館馈饋"
    "馊餿馋饞馏餾馑饉馒饅马馬驭馭驮馱驯馴驰馳驱驅驳駁驴驢驶駛驷駟驸駙驹駒驻駐驼駝驽駑驾駕驿驛骁驍骂罵骄驕"
    "骆駱骇駭骈駢骊驪骋騁验驗骏駿骑騎骗騙骚騷骛騖骞騫骠驃骡騾骤驟骥驥髅髏髋髖鬓鬢魇魘魉魎鱼魚鱿魷鲁魯鲈鱸"
    "鲍鮑鲎鱟鲑鮭鲔鮪鲛鮫鲜鮮鲢鰱鲤鯉鲧鯀鲨鯊鲫鯽鲭鯖鲳鯧鲷鯛鲸鯨鳃鰓鳄鱷鳅鰍鳍鰭鳏鰥鳔鰾鳖鱉鳗鰻鳜鱖鳝鱔"
    "鳞鱗鸟鳥鸠鳩鸡雞鸢鳶鸣鳴鸥鷗鸦鴉鸩鴆鸪鴣鸭鴨鸯鴦鸳鴛鸵鴕鸶鷥鸽鴿鸾鸞鸿鴻鹃鵑鹄鵠鹅鵝鹉鵡鹊鵲鹌鵪鹏鵬"
    "鹑鶉鹞鷂鹤鶴鹦鸚鹧鷓鹭鷺鹰鷹鹳鸛麦麥麸麩黄黃黉黌黩黷齐齊齿齒龃齟龄齡龇齜龈齦龉齬龊齪龋齲龌齷龙龍龚龔"
    "龟龜"
)
"""Simplified characters, each before its Traditional one."""

_VARIANTS = (
    "両兩亀龜伝傳倂併値值倹儉兎兔児兒兑兌内內册冊凖準処處删刪别別刹剎刼劫剣劍剤劑剥剝労勞勧勸勲勳匲奩区區"
    "単單卽即厠廁厰廠厳嚴参參収收吿告呉吳啓啟喩喻営營団團囱囪囲圍図圖圧壓塁壘塡填塩鹽増增壊壞壌壤壱壹売賣"
    "変變奥奧奨獎姫姬姸妍娯娛嬢孃寛寬尙尚屛屏峯峰巌巖巓巔巣巢帰歸幂冪広廣廃廢弐貳弾彈彚彙従從徳德徴徵応應"
    "恒恆悩惱悮誤愼慎懐懷戦戰戯戲戱戲戸戶払拂抛拋抜拔択擇拝拜拠據拡擴挙舉挿插捜搜掲揭揺搖撃擊擧舉敍敘敎教"
    "斉齊斎齋旣既昻昂晩晚暁曉暦曆栄榮栅柵桟棧検檢楕橢槪概権權歓歡歩步歯齒歳歲歴歷殻殼毎每気氣沢澤浄淨涙淚"
    "淸清渇渴済濟渉涉渓溪満滿滝瀧瀬瀨焼燒爕燮爲為犂犁犠犧猟獵甁瓶産產畧略痩瘦発發皡皞県縣眞真砕碎硏研硷鹼"
    "禄祿秃禿稲稻穏穩穣穰窓窗窰窯箒帚粋粹経經絶絕継繼続續綫線総總緑綠緖緒緜綿縁緣縂總縄繩縦縱繊纖繋繫羣群"
    "翆翠聡聰聴聽脳腦臓臟臯皋舎舍苐第莭節蔵藏薫薰蘓蘇蛍螢蝿蠅衆眾衞衛覔覓覚覺覧覽観觀訳譯説說読讀謡謠譌訛"
    "譲讓讃讚豊豐賍贓転轉軽輕輙輒輭軟辺邊迯逃逓遞逰遊逹達遅遲郞郎郷鄉鄕鄉酔醉酧酬醸釀釈釋釼劍鈎鉤鉄鐵銭錢"
    "銹鏽鋭銳鋳鑄錬鍊録錄鎭鎮鑚鑽鑛礦関關閲閱陥陷険險隂陰隠隱隣鄰隷隸雑雜霊靈霛靈靑青頬頰頼賴顔顏顕顯顚顛"
    "飜翻飮飲餠餅駅驛駆驅駡罵騐驗験驗髄髓髩鬢髪髮鬪鬥鴎鷗鵞鵝鷄雞鹸鹼麁粗麹麴麽麼黒黑黙默齢齡"
)
"""Other forms, each before Taiwan's: Japanese ones, old ones, and those that Simplified Chinese made its own."""

_SHINJITAI = (
    "乘乗亂乱亙亘亞亜从従价価佛仏來来俠侠倂併值値假仮傳伝僞偽價価儉倹兒児兔兎內内兩両冰氷冱冴剝剥剩剰劍剣"
    "劑剤勞労勳勲勵励勸勧區区卷巻卻却卽即參参听聴吳呉單単嚙噛嚴厳囑嘱囘回圈圏國国圍囲圓円圖図團団堯尭塡填"
    "增増墮堕壓圧壘塁壞壊壤壌壯壮壹壱壻婿壽寿奧奥姊姉姬姫娛娯孃嬢學学寢寝實実寫写寬寛寶宝將将專専對対屆届"
    "屛屏屬属峽峡嵒岩嶌島嶽岳巖巌巢巣帶帯幷并廁厠廐厩廢廃廣広廳庁彈弾彌弥彥彦徑径從従徵徴德徳恆恒悅悦惠恵"
    "惡悪惱悩愼慎慘惨應応懷懐戀恋戰戦戲戯戶戸戾戻拂払拋抛拔抜拜拝挾挟插挿揭掲搖揺搜捜擇択擊撃擔担據拠擧挙"
    "擴拡攜携攝摂攪撹收収效効敍叙敕勅敘叙數数斷断无無晚晩晝昼曆暦曉暁曾曽會会條条棧桟榮栄樂楽樓楼樞枢樣様"
    "橢楕橫横檜桧檢検櫻桜權権歐欧歡歓步歩歲歳歷歴歸帰殘残殼殻毆殴每毎气気氣気沒没涉渉淚涙淨浄淸清淺浅渴渇"
    "溪渓溫温滯滞滿満潛潜澀渋澁渋澤沢濕湿濟済瀧滝瀨瀬灣湾燈灯燒焼營営爐炉爭争爲為犧犠狀状狹狭獎奨獨独獵猟"
    "獸獣獻献瑤瑶瓣弁甁瓶產産畫画當当疊畳瘦痩癡痴發発盜盗眞真硏研碎砕礦鉱祕秘祿禄禪禅禮礼稅税稻稲穩穏穰穣"
    "窗窓竊窃粹粋絕絶絲糸經経綠緑緖緒緣縁縣県縱縦總総繩縄繪絵繫繋繼継續続纖繊罐缶网網羣群聰聡聲声聽聴肅粛"
    "脫脱腦脳腳脚膽胆臟臓臺台與与舉挙舊旧舍舎舖舗艷艶莊荘莖茎萬万薰薫藏蔵藝芸藥薬蘆芦處処虛虚號号螢蛍蟲虫"
    "蠅蝿蠟蝋蠶蚕蠻蛮衞衛裝装襃褒覺覚覽覧觀観觸触說説謠謡譯訳譽誉讀読變変讓譲豐豊豫予貳弐賣売賴頼贊賛踐践"
    "輕軽轉転辨弁辭辞辯弁遙遥遞逓遲遅邊辺郞郎鄉郷鄕郷鄰隣醉酔醫医釀醸釋釈銳鋭錄録錢銭鍊錬鎭鎮鐵鉄鑄鋳鑛鉱"
    "閱閲關関陷陥隨随險険隱隠隸隷雙双雜雑雞鶏靈霊靑青靜静頰頬顏顔顚顛顯顕飜翻餘余騷騒驅駆驗験驛駅髓髄體体"
    "髮髪鬪闘鷄鶏鷗鴎鹼鹸鹽塩麥麦麴麹黃黄黑黒默黙點点黨党齊斉齋斎齒歯齡齢龍竜龜亀龢和"
)
"""Traditional characters, each before its Japanese form."""

_OLD_FORMS_IN_USE = frozenset(
    "國學澤廣瀧龍櫻濱邊齋齊惠眞榮實壽萬彌禮圓與藝應條豐鐵驛莊嶽靜堯曉亞奧聲團體戰縣嶌壻嵒巖檜蘆廐亙冱鄰"
    "燈曾攪頰塡剝顚麴繫瘦俠屛幷鹼蠟醬噓嚙鷗罐卷絲蟲辨辯瓣廻囘獺頸喩溝飜襃籠攜敍礦殼淸佛豫勳薰瑤遙劍"
)
"""Old forms that Japanese names use, and those that print has beside the new ones."""
