from __future__ import annotations

import re
import time
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sampan.documents.ocr import ideographs
from sampan.documents.ocr.ctc import Reading
from sampan.documents.ocr.ideographs import settle_ideographs

JAPANESE = """第一章 工場の力とエネルギーの一覧
一九八七年の夏、二人は北海道へ向かった。
ニュースによれば、入口のロビーで二つの荷物が見つかった。
彼は力いっぱいカードを投げ、夕方のタクシーで帰った。
ヘリコプターは東京へリポートを出さず、山へ戻った。
すべての部屋を調べ、食べ物を並べてからベッドへ入る。
ベルギーとペルーへ行くならパスポートが要る。
口コミで広がった店は、窓口でコーヒー一杯を百円で売る。
三ッ矢と八ッ場ダムと二ッ森、才能のある人ほどオペラへ通い、八月のハワイは見ない。
三か所、二カ国、十二カ月、千メートル、八トン、二リットル。
コミュニケーション力とブランド力アップの講座、一回三千円。
パソコンのデータをサーバーへ送る。トラックは卜部さんが出す。
大工と加工業者、エアコンとエレベーターの工事、人工エネルギー。
「はい」って言ったよね。あー、らーめん一つ、ぎょうざ二つ！
世界一のチーズとヨーロッパ一の高さ、スーパーの一番人気。
第二ヘクタール区、一ヘクタールあたり一トン。ヘ音記号とハ長調。
國學院の澤さんと廣瀬さん、渡邊さん、齋藤さん、櫻井さんへ。
イ ロビーの一部　ロ 二階の工作室　ハ 三人部屋
ハ 次の一つに当たる者
ロ 入口
ニ 年金
モデルA－1、ABC一式、Tシャツ2枚、3カ月で10パーセント
七夕の夕べ、朝夕の夕食、夕刊とタレント。
人口と火口と河口、千葉市の人ロボット展、全力でタイプする。
才媛と天才、オフィスの秀才、二十才のオーナー。
スペイン・ヘレスの町、カメラ・レンズ・ペン。
ローマ、カーテン、ニーズ、ハート、チーム、オーロラ、エース、ターン。
""".splitlines()

TRADITIONAL = """本報告彌補了這個缺口，說明洪水過後為何必須遷移測站。
室內溫度與濕度，每天早上記錄一次；強風時關緊門窗。
啟動電源後，請參閱說明書，並繳納下一季的費用。
皇后與太后住在後宮，頭髮發白，一髮千鈞。
乾坤、乾燥、干涉、樹幹；里程與裡面；臺北與台灣。
他只買了一隻鳥，松樹下很鬆，雲端與人云亦云。
茶几上有幾本書，山谷與稻穀，手錶與表格，於是他姓于。
長征、特徵、標誌、意志、小丑、醜聞、北斗、戰鬥。
衝突、沖水、剛才、人才、準時、批准、出發、一齣戲。
日曆與歷史、時鐘、鍾愛、簽名、籤詩、關係、聯繫、匯款、彙整。
復原、重複、當然、叮噹、獲得、收穫、盡力、儘管、必須、鬍鬚。
心臟、骯髒、團體、湯糰、彌漫、瀰漫、天壇、罈子、蒙古、濛濛細雨。
均勻攪拌麵粉與雞蛋，放入溫水，強火煮沸。
圖書館新增黴斑減少了42.4%，見表2（第17頁）。
International Standard 國際標準 ISO 9001 認證，電話：02-2345-6789。
萬里長城、廣場、學校、醫院、銀行、郵局、鐵路、機場。
真實、鎮長、謹慎、填表、教育、既然、即使、鄉村、概念。
""".splitlines()

SIMPLIFIED = """本报告填补了这一空白，说明洪水之后为什么必须迁移测站。
室内温度与湿度，每天早上记录一次；强风时关紧门窗。
启动电源后，请参阅说明书，并缴纳下一季的费用。
皇后住在后宫，头发发白，一发千钧。
乾坤、干燥、干涉、树干；里程与里面；台北与台湾。
他只买了一只鸟，松树下很松，云端与人云亦云。
茶几上有几本书，山谷与稻谷，手表与表格，于是他姓於。
瞭望塔、明了；著作、看着；慰藉、借口；覆盖、反复、复杂。
冲突、冲水、刚才、人才、准时、批准、出发、一出戏。
日历与历史、时钟、钟爱、签名、关系、联系、汇款、汇总。
宫商角徵羽，象征；乾隆皇帝；麽些族；夥同。
团体、汤团、弥漫、天坛、蒙古、沈阳、范仲淹、余先生、叶圣陶。
均匀搅拌面粉与鸡蛋，放入温水，强火煮沸。
图书馆新增霉斑减少了42.4%，见表2（第17页）。
International Standard 国际标准 ISO 9001 认证，电话：010-2345-6789。
万里长城、广场、学校、医院、银行、邮局、铁路、机场。
真实、镇长、谨慎、填表、教育、既然、即使、乡村、概念。
""".splitlines()

PAGES = {"japanese": JAPANESE, "traditional": TRADITIONAL, "simplified": SIMPLIFIED}


def reading_of(text: str) -> Reading:
    count = len(text)
    columns = np.stack([np.arange(count), np.arange(1, count + 1)], axis=1).astype(np.float32) / max(count, 1)
    return Reading(text, 0.9, list(text), np.full(count, 0.9, np.float32), columns, "m")


def settled(*texts: str) -> list[str]:
    readings = [reading_of(text) for text in texts]
    found = settle_ideographs(readings)
    assert all("".join(reading.characters) == reading.text for reading in found)
    return [reading.text for reading in found]


def among(script: str, *texts: str) -> list[str]:
    """The texts as they come out of a page in `script`."""
    return settled(*texts, *PAGES[script])[: len(texts)]


@pytest.mark.parametrize("script", PAGES)
def test_a_page_that_is_right_comes_through_untouched(script: str) -> None:
    readings = [reading_of(line) for line in PAGES[script]]
    found = settle_ideographs(readings)
    assert [reading.text for reading in found] == PAGES[script]
    assert all(after is before for before, after in zip(readings, found, strict=True))


def test_traditional_pages_lose_the_forms_of_others() -> None:
    read = "室内温度与濕度，毎天；强風時開啓電源，請参閲説明書，缴納费用。勻与匀、爲什麼、臺灣产品、黒戸歩"
    meant = "室內溫度與濕度，每天；強風時開啟電源，請參閱說明書，繳納費用。勻與勻、為什麼、臺灣產品、黑戶步"
    assert among("traditional", read) == [meant]


def test_simplified_pages_lose_the_forms_of_others() -> None:
    read = "室內溫度與湿度，毎天；強风时開啟电源，请參阅說明书，缴纳费用。勻与匀、為什么、值值、黒戸歩、觀観"
    meant = "室内温度与湿度，每天；强风时开启电源，请参阅说明书，缴纳费用。匀与匀、为什么、值值、黑户步、观观"
    assert among("simplified", read) == [meant]


def test_japanese_pages_get_japanese_forms() -> None:
    read = "每日の温度の值を觀測者が书き、酒を釀造する气体に对して、濕度と说明、経済の发展、關西の実驗"
    meant = "毎日の温度の値を観測者が書き、酒を醸造する気体に対して、湿度と説明、経済の发展、関西の実験"
    assert among("japanese", read) == [meant]


def test_characters_with_two_counterparts_stay() -> None:
    many = "后发干里台面只松云几谷表于征志丑斗冲才准出致历钟签系汇复当获尽须脏团弥坛蒙卷"
    assert among("traditional", many) == [many]


LOOK_ALIKES = [
    ("濃度はーリットルあたり", "濃度は一リットルあたり"),
    ("、ーリットルと同ーの第ー章", "、一リットルと同一の第一章"),
    ("ふだんのー週間に二十ー人", "ふだんの一週間に二十一人"),
    ("料金をーキロワット", "料金を一キロワット"),
    ("ランプーつ、光センサーニつ、", "ランプ一つ、光センサー二つ、"),
    ("値もニ単位を第ニ回もニつ、ハ月にチ五百円", "値もニ単位を第二回も二つ、八月に千五百円"),
    ("セン夕ーとデ一タ、コ一ヒ一。", "センターとデータ、コーヒー。"),
    ("二ュースとミ二カーとテ二ス", "ニュースとミニカーとテニス"),
    ("力ードとス力ートとサイ卜管理", "カードとスカートとサイト管理"),
    ("ブ口グと口ーマ、ヒー口ー", "ブログとローマ、ヒーロー"),
    ("、工ネルギーと夕クシーと卜ラック", "、エネルギーとタクシーとトラック"),
    ("入ロと人ロ、電カと努カ、タ方、エ場と加エ、天オ", "入口と人口、電力と努力、夕方、工場と加工、天才"),
    ("山ヘ行く。パリヘ向かう。すベて食ベる、調ベ、", "山へ行く。パリへ向かう。すべて食べる、調べ、"),
    ("「へリと、べルリンとラべルと、ぺージ", "「ヘリと、ベルリンとラベルと、ページ"),
    ("だつた。なかつたら、下がつた", "だった。なかったら、下がった"),
    ("内部工ンジンのブ口ックと力ンマ、口ック、八ンドル", "内部エンジンのブロックとカンマ、ロック、ハンドル"),
    ("もうー度、不ー致の強カなへルプ、サーバーヘの", "もう一度、不一致の強力なヘルプ、サーバーへの"),
    ("ふだんの ー 週間", "ふだんの 一 週間"),
]


@pytest.mark.parametrize(("read", "meant"), LOOK_ALIKES)
def test_look_alikes_follow_their_neighbours(read: str, meant: str) -> None:
    assert among("japanese", read) == [meant]


def test_undecided_look_alikes_stay() -> None:
    for text in [
        "へバス",
        "二ー",
        "ー",
        "ロ",
        "東京へ",
        "力",
        "ニ",
        "らーめん",
        "ビール二ダース",
        "タイル工",
        "立つたび",
    ]:
        assert among("japanese", text) == [text]


def test_spaces_at_the_line_s_beginning_mark_a_list_item() -> None:
    assert among("japanese", "ニ 年の区分", "　ハ　人の区分") == ["ニ 年の区分", "　ハ　人の区分"]


def test_one_in_chinese() -> None:
    assert among("simplified", "第ー期，ー个，上海ー北京") == ["第一期，一个，上海ー北京"]
    assert among("traditional", "第ー期，ー個，統ー") == ["第一期，一個，統一"]


def test_pages_of_no_certain_script_stay() -> None:
    mixed = [*TRADITIONAL, *SIMPLIFIED, "内內说説"]
    assert settled(*mixed) == mixed
    assert settled("内溫 強强") == ["内溫 強强"]  # too little to say
    korean = ["大韓民國의 國語는 한국어이며 內容과 温度를 說明한다", "學校와 圖書館, 電氣와 鐵道, 內外"]
    assert settled(*korean) == korean
    names = ["経済産業省 総務課 国会図書館 東京駅 関東広域 気象観測 電車 長野 馬場 門間 開発"] * 3
    assert settled(*names) == names


def test_an_old_book_keeps_its_old_characters() -> None:
    old = [
        "此處に於て吾輩は始めて人間といふものを見た",
        "氣體の觀察と經濟の發展を圖つた",
        "假名遣ひの變遷であつた",
    ]
    assert settled(*old) == old
    assert settled("气", *old)[0] == "气"


def test_large_tsu_stays_where_the_page_has_no_small_one() -> None:
    page = ["それは古い本だつた。", "誰も来なかつたので、山を下がつた。", "二人で歌を歌う。"]
    assert settled(*page) == page


def test_a_table_of_japanese_names_is_not_chinese() -> None:
    page = ["経緯 気圧 観測 実測 関東 長野 東北 馬場 門間 内海 温泉 黒部"]
    assert settled(*page) == page


def test_mixed_english_and_chinese() -> None:
    page = [f"Section {k}: the report says {line}" for k, line in enumerate(TRADITIONAL)]
    assert settled("Indoor 温度 (temperature), naïve café", *page) == [
        "Indoor 溫度 (temperature), naïve café",
        *page,
    ]


def test_what_changes_keeps_its_places_and_what_is_given_stays_as_it_was() -> None:
    before = reading_of("室内温度")
    readings = [before, *map(reading_of, TRADITIONAL)]
    after = settle_ideographs(readings)[0]
    assert after.text == "室內溫度" and before.text == "室内温度" and before.characters == list("室内温度")
    assert after.columns is before.columns and after.probabilities is before.probabilities
    assert (after.confidence, after.model) == (before.confidence, before.model)


def test_characters_of_several_codes_are_left_alone() -> None:
    odd = reading_of("室内温")
    odd.characters = ["室内", "温"]
    assert settle_ideographs([odd, *map(reading_of, TRADITIONAL)])[0] is odd


def test_pages_without_ideographs_cost_next_to_nothing() -> None:
    readings = [
        reading_of(f"Line {k}: “naïve” — the ferry left the weir at 10 o’clock, {k} €") for k in range(100)
    ]
    best = float("inf")
    for _ in range(20):
        start = time.perf_counter()
        found = settle_ideographs(readings)
        best = min(best, time.perf_counter() - start)
    assert all(a is b for a, b in zip(found, readings, strict=True))
    assert best < 0.001


# --- Tables ------------------------------------------------------------------------------------------------------


def in_set(character: str, character_set: str) -> bool:
    return character.encode(character_set, "ignore") != b""


def big5_first_level(character: str) -> bool:
    return b"\xa4" <= character.encode("big5", "ignore") < b"\xc9"


def characters_of(character_set: str, first: int, last: int) -> Iterator[str]:
    for row in range(first, last + 1):
        for cell in range(0x40, 0xFF):
            try:
                yield bytes([row, cell]).decode(character_set)
            except UnicodeDecodeError:
                continue


def test_tables_map_one_to_one_and_rest() -> None:
    for script in ("japanese", "traditional", "simplified"):
        table = ideographs._table(script)  # type: ignore[arg-type]
        assert not {chr(key) for key in table} & set(table.values())
        assert all(len(value) == 1 for value in table.values())
    simplified = ideographs._pairs(ideographs.SIMPLIFIED)
    assert len(simplified) * 2 == len(re.sub(r"\s", "", ideographs.SIMPLIFIED)) > 3000
    assert len(set(simplified.values())) == len(simplified)


def test_the_simplified_table_leaves_all_of_gb_2312() -> None:
    table = ideographs._table("simplified")
    assert not [c for c in characters_of("gb2312", 0xB0, 0xF7) if ord(c) in table]
    assert all(in_set(value, "gb2312") for value in table.values())


def test_the_traditional_table_leaves_what_is_used_of_big5() -> None:
    table = ideographs._table("traditional")
    used = {c for c in characters_of("big5", 0xA4, 0xC6) if ord(c) in table}
    # In Big5 for old words: 听 smile, 坏 unfired pot.
    assert used <= set("听坏")
    assert all(in_set(value, "big5") for value in table.values())


def test_the_japanese_table_gives_only_characters_of_jis() -> None:
    table = ideographs._table("japanese")
    assert all(in_set(value, "shift_jis") for value in table.values())
    # 常用漢字 and characters of names that look like candidates.
    assert not [c for c in "国学会頰塡剝餅缶弁予芸台万与写号円画当来竜龍澤廣國" if ord(c) in table]


# --- Properties --------------------------------------------------------------------------------------------------

ALPHABET = "ー一ニ二ロ口カ力タ夕エ工ト卜ハ八チ千オ才ヘへベべペぺっつたてだのはキスュッ人月年場第、。「」 A1内內温溫説說观觀観値"
texts = st.lists(st.text(ALPHABET, max_size=14), min_size=1, max_size=4)


@settings(max_examples=400, deadline=None)
@given(texts, st.sampled_from(sorted(PAGES)))
def test_length_is_kept_and_settling_again_changes_nothing(lines: list[str], script: str) -> None:
    page = [*lines, *PAGES[script]]
    once = settled(*page)
    assert [len(line) for line in once] == [len(line) for line in page]
    assert settled(*once) == once


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(ALPHABET, max_size=14), min_size=1, max_size=8), st.randoms())
def test_the_order_of_lines_does_not_matter(lines: list[str], random: object) -> None:
    order = list(range(len(lines)))
    random.shuffle(order)  # type: ignore[attr-defined]
    found = settled(*lines)
    assert settled(*(lines[k] for k in order)) == [found[k] for k in order]
