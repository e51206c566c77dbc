"""The languages that synthetic text is drawn in: their letters and how they write dates, prices and quotations.

These are facts of the languages (as in the Unicode CLDR and in school grammars), not anybody's text.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from difflib import get_close_matches

from sampan.errors import OptionError

_LATIN = "abcdefghijklmnopqrstuvwxyz"
DIGITS = "0123456789"
ASCII_SIGNS = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
TYPOGRAPHIC_SIGNS = "–—…•·§«»“”„‘’°№€£×±¿¡©®™"


@dataclass(frozen=True)
class Language:
    code: str
    name: str
    script: str
    letters: str
    """Small letters of the alphabet; empty for Korean, whose syllables `alphabet` gives."""
    months: tuple[str, ...] = ()
    """As they stand in a date, January first."""
    quotes: tuple[str, ...] = ("“”", '""')
    decimal: str = ","
    thousands: str = "\u00a0"
    money: tuple[str, ...] = ("{} €",)
    dates: tuple[str, ...] = ("{d:02}.{m:02}.{y}", "{d}.{m}.{y}", "{d} {month} {y}")
    labels: tuple[str, ...] = ()
    """What stands before a value on bills and forms."""
    folders: tuple[str, ...] = ()
    """Other names under which systems file this language's texts, such as `pt_BR` for `pt`."""

    @property
    def alphabet(self) -> str:
        """All letters, small and capital; for Korean the 2,350 syllables of KS X 1001."""
        return _alphabet(self.code, self.letters) if self.letters else korean_syllables()


@functools.cache
def _alphabet(code: str, letters: str) -> str:
    small = letters.replace("i", "") if code == "tr" else letters
    capitals = "".join(char.upper() for char in small if len(char.upper()) == 1)
    return "".join(dict.fromkeys(letters + capitals + ("İ" if code == "tr" else "")))


@functools.cache
def korean_syllables() -> str:
    """The 2,350 syllables of KS X 1001 in its order: the rows 16 to 40 of the code table."""
    rows = (bytes((0xA0 + row, 0xA0 + cell)) for row in range(16, 41) for cell in range(1, 95))
    return b"".join(rows).decode("euc_kr")


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_CYRILLIC_QUOTES = ("«»", "„“", '""')

LANGUAGES: dict[str, Language] = {
    language.code: language
    for language in (
        Language(
            "en", "English", "latin", _LATIN,
            _words("January February March April May June July August September October November December"),
            ("“”", '""', "‘’"), ".", ",", ("${}", "£{}", "€{}", "{} USD"),
            ("{m:02}/{d:02}/{y}", "{month} {d}, {y}", "{d} {month} {y}", "{y}-{m:02}-{d:02}"),
            ("Total", "Date", "Invoice No.", "Amount due", "Tel.", "Address", "Account", "Name", "Page", "Tax"),
            ("en_GB", "en_US"),
        ),
        Language(
            "ru", "Russian", "cyrillic", "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
            _words("января февраля марта апреля мая июня июля августа сентября октября ноября декабря"),
            _CYRILLIC_QUOTES, ",", "\u00a0", ("{} ₽", "{} руб.", "{} р."),
            ("{d:02}.{m:02}.{y}", "{d} {month} {y} г.", "{d} {month} {y} года", "«{d:02}» {month} {y} г."),
            ("Итого", "Дата", "Счёт №", "К оплате", "Тел.", "Адрес", "ИНН", "Ф. И. О.", "Стр.", "НДС", "Договор №"),
            ("ru_RU",),
        ),
        Language(
            "uk", "Ukrainian", "cyrillic", "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя",
            _words("січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня"),
            _CYRILLIC_QUOTES, ",", "\u00a0", ("{} ₴", "{} грн", "{} грн."),
            ("{d:02}.{m:02}.{y}", "{d} {month} {y} р.", "{d} {month} {y} року"),
            ("Разом", "Дата", "Рахунок №", "До сплати", "Тел.", "Адреса", "ПІБ", "Стор.", "ПДВ", "Договір №"),
            ("uk_UA",),
        ),
        Language(
            "bg", "Bulgarian", "cyrillic", "абвгдежзийклмнопрстуфхцчшщъьюя",
            _words("януари февруари март април май юни юли август септември октомври ноември декември"),
            ("„“", "«»", '""'), ",", "\u00a0", ("{} лв.", "{} €", "{} лева"),
            ("{d:02}.{m:02}.{y} г.", "{d} {month} {y} г.", "{d:02}.{m:02}.{y}"),
            ("Общо", "Дата", "Фактура №", "За плащане", "Тел.", "Адрес", "ЕГН", "Име", "Стр.", "ДДС"),
            ("bg_BG",),
        ),
        Language(
            "sr", "Serbian", "cyrillic", "абвгдђежзијклљмнњопрстћуфхцчџш",
            _words("јануара фебруара марта априла маја јуна јула августа септембра октобра новембра децембра"),
            ("„”", "„“", '""'), ",", ".", ("{} дин.", "{} РСД", "{} €"),
            ("{d}. {month} {y}.", "{d:02}.{m:02}.{y}.", "{d}. {m}. {y}."),
            ("Укупно", "Датум", "Рачун бр.", "За уплату", "Тел.", "Адреса", "ЈМБГ", "Име", "Стр.", "ПДВ"),
            ("sr_RS", "sr_ME", "sr_BA"),
        ),
        Language(
            "be", "Belarusian", "cyrillic", "абвгдеёжзійклмнопрстуўфхцчшыьэюя",
            _words("студзеня лютага сакавіка красавіка мая чэрвеня ліпеня жніўня верасня кастрычніка лістапада снежня"),
            _CYRILLIC_QUOTES, ",", "\u00a0", ("{} руб.", "{} BYN"), labels=("Дата", "Адрас", "Тэл.", "Разам"),
        ),
        Language(
            "mk", "Macedonian", "cyrillic", "абвгдѓежзѕијклљмнњопрстќуфхцчџш",
            _words("јануари февруари март април мај јуни јули август септември октомври ноември декември"),
            ("„“", '""'), ",", ".", ("{} ден.", "{} €"), labels=("Вкупно", "Датум", "Адреса", "Тел."),
        ),
        Language(
            "el", "Greek", "greek", "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ",
            _words("Ιανουαρίου Φεβρουαρίου Μαρτίου Απριλίου Μαΐου Ιουνίου Ιουλίου Αυγούστου Σεπτεμβρίου Οκτωβρίου "
                   "Νοεμβρίου Δεκεμβρίου"),
            ("«»", "“”", '""'), ",", ".", ("{} €", "{} ευρώ", "€ {}"),
            ("{d:02}/{m:02}/{y}", "{d} {month} {y}", "{d:02}.{m:02}.{y}"),
            ("Σύνολο", "Ημερομηνία", "Αρ. τιμολογίου", "Πληρωτέο", "Τηλ.", "Διεύθυνση", "ΑΦΜ", "Όνομα", "Σελ.", "ΦΠΑ"),
            ("el_GR",),
        ),
        Language(
            "vi", "Vietnamese", "latin",
            "abcdefghijklmnopqrstuvwxyzăâđêôơưàảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ",
            tuple(f"tháng {month}" for month in range(1, 13)),
            ("“”", '""', "«»"), ",", ".", ("{} đ", "{} ₫", "{} VNĐ", "{} đồng"),
            ("{d:02}/{m:02}/{y}", "ngày {d} {month} năm {y}", "{d}-{m}-{y}"),
            ("Tổng cộng", "Ngày", "Số hóa đơn", "Thành tiền", "ĐT", "Địa chỉ", "Mã số thuế", "Họ và tên", "Trang",
             "Thuế"),
            ("vi_VN",),
        ),
        Language(
            "ko", "Korean", "hangul", "", tuple(f"{month}월" for month in range(1, 13)),
            ("“”", "‘’", "「」", '""'), ".", ",", ("₩{}", "{}원", "{} 원"),
            ("{y}년 {m}월 {d}일", "{y}. {m}. {d}.", "{y}-{m:02}-{d:02}", "{y}.{m:02}.{d:02}"),
            ("합계", "날짜", "영수증 번호", "결제 금액", "전화", "주소", "사업자등록번호", "이름", "쪽", "부가세"),
            ("ko_KR",),
        ),
        Language(
            "de", "German", "latin", _LATIN + "äöüß",
            _words("Januar Februar März April Mai Juni Juli August September Oktober November Dezember"),
            ("„“", "»«", '""'), ",", ".", ("{} €", "€ {}", "{} CHF"),
            ("{d:02}.{m:02}.{y}", "{d}. {month} {y}"),
            ("Summe", "Datum", "Rechnung Nr.", "Zahlbetrag", "Tel.", "Anschrift", "Kd.-Nr.", "Name", "Seite", "MwSt."),
            ("de_DE", "de_AT"),
        ),
        Language(
            "fr", "French", "latin", _LATIN + "àâæçéèêëîïôœùûüÿ",
            _words("janvier février mars avril mai juin juillet août septembre octobre novembre décembre"),
            ("«»", "“”", '""'), labels=("Total", "Date", "Facture n°", "Net à payer", "Tél.", "Adresse", "TVA", "Nom"),
            dates=("{d:02}/{m:02}/{y}", "{d} {month} {y}"), folders=("fr_FR",),
        ),
        Language(
            "es", "Spanish", "latin", _LATIN + "áéíñóúü",
            _words("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"),
            ("«»", "“”", '""'), ",", ".", ("{} €", "$ {}"), ("{d:02}/{m:02}/{y}", "{d} de {month} de {y}"),
            ("Total", "Fecha", "Factura n.º", "Importe", "Tel.", "Dirección", "IVA", "Nombre"), ("es_ES",),
        ),
        Language(
            "it", "Italian", "latin", _LATIN + "àèéìòù",
            _words("gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre"),
            ("«»", "“”", '""'), ",", ".", ("{} €", "€ {}"), ("{d:02}/{m:02}/{y}", "{d} {month} {y}"),
            ("Totale", "Data", "Fattura n.", "Importo", "Tel.", "Indirizzo", "IVA", "Nome"), ("it_IT",),
        ),
        Language(
            "pt", "Portuguese", "latin", _LATIN + "àáâãçéêíóôõúü",
            _words("janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro"),
            ("«»", "“”", '""'), ",", ".", ("{} €", "R$ {}"), ("{d:02}/{m:02}/{y}", "{d} de {month} de {y}"),
            ("Total", "Data", "Fatura n.º", "Valor", "Tel.", "Endereço", "IVA", "Nome"), ("pt_BR", "pt_PT"),
        ),
        Language(
            "pl", "Polish", "latin", _LATIN + "ąćęłńóśźż",
            _words("stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października "
                   "listopada grudnia"),
            ("„”", "«»", '""'), money=("{} zł", "{} PLN", "{} €"),
            labels=("Razem", "Data", "Faktura nr", "Adres", "VAT"),
            folders=("pl_PL",),
        ),
        Language(
            "cs", "Czech", "latin", _LATIN + "áčďéěíňóřšťúůýž",
            _words("ledna února března dubna května června července srpna září října listopadu prosince"),
            ("„“", "»«", '""'), money=("{} Kč", "{} CZK"), dates=("{d}. {m}. {y}", "{d}. {month} {y}"),
            labels=("Celkem", "Datum", "Faktura č.", "Adresa", "DPH"), folders=("cs_CZ",),
        ),
        Language(
            "sk", "Slovak", "latin", _LATIN + "áäčďéíĺľňóôŕšťúýž",
            _words("januára februára marca apríla mája júna júla augusta septembra októbra novembra decembra"),
            ("„“", "»«", '""'), dates=("{d}. {m}. {y}", "{d}. {month} {y}"), labels=("Spolu", "Dátum", "Adresa", "DPH"),
        ),
        Language(
            "hu", "Hungarian", "latin", _LATIN + "áéíóöőúüű",
            _words("január február március április május június július augusztus szeptember október november december"),
            ("„”", "»«"), money=("{} Ft", "{} HUF"), dates=("{y}. {month} {d}.", "{y}.{m:02}.{d:02}."),
            labels=("Összesen", "Dátum", "Számla", "Cím", "ÁFA"), folders=("hu_HU",),
        ),
        Language(
            "ro", "Romanian", "latin", _LATIN + "ăâîșț",
            _words("ianuarie februarie martie aprilie mai iunie iulie august septembrie octombrie noiembrie decembrie"),
            ("„”", "«»"), ",", ".", ("{} lei", "{} RON"), labels=("Total", "Data", "Factura nr.", "Adresa", "TVA"),
            folders=("ro_RO",),
        ),
        Language(
            "tr", "Turkish", "latin", "abcçdefgğhıijklmnoöprsştuüvyzâîû",
            _words("Ocak Şubat Mart Nisan Mayıs Haziran Temmuz Ağustos Eylül Ekim Kasım Aralık"),
            ("“”", '""'), ",", ".", ("{} ₺", "{} TL"), labels=("Toplam", "Tarih", "Fatura No", "Adres", "KDV"),
            folders=("tr_TR",),
        ),
        Language(
            "hr", "Croatian", "latin", _LATIN + "čćđšž",
            _words("siječnja veljače ožujka travnja svibnja lipnja srpnja kolovoza rujna listopada studenoga prosinca"),
            ("„”", "»«"), ",", ".", dates=("{d}. {month} {y}.", "{d:02}.{m:02}.{y}."),
            labels=("Ukupno", "Datum", "Adresa"),
        ),
        Language("sl", "Slovenian", "latin", _LATIN + "čšž", quotes=("„“", "»«")),
        Language("lt", "Lithuanian", "latin", _LATIN + "ąčęėįšųūž", quotes=("„“",)),
        Language("lv", "Latvian", "latin", _LATIN + "āčēģīķļņšūž", quotes=("“”", "„”")),
        Language("et", "Estonian", "latin", _LATIN + "äöõüšž", quotes=("„“",)),
        Language("sv", "Swedish", "latin", _LATIN + "åäöé", quotes=("””", "’’"), money=("{} kr", "{} SEK")),
        Language("da", "Danish", "latin", _LATIN + "æøåé", quotes=("»«", "„“"), money=("{} kr.", "{} DKK")),
        Language("nb", "Norwegian", "latin", _LATIN + "æøåé", quotes=("«»",), money=("{} kr", "{} NOK")),
        Language("fi", "Finnish", "latin", _LATIN + "äöå", quotes=("””", "»»"), folders=("fi_FI",)),
        Language("nl", "Dutch", "latin", _LATIN + "éëïóöü", quotes=("‘’", "“”"), thousands=".", folders=("nl_NL",)),
        Language("is", "Icelandic", "latin", _LATIN + "áðéíóúýþæö", quotes=("„“",), thousands=".", money=("{} kr.",)),
    )
}  # fmt: skip

GROUPS: dict[str, tuple[str, ...]] = {
    "cyrillic": ("ru", "uk", "bg", "sr", "be", "mk"),
    "latin": tuple(code for code, language in LANGUAGES.items() if language.script == "latin"),
    "greek": ("el",),
    "hangul": ("ko",),
}
"""Names that stand for several languages."""


def language(code: str) -> Language:
    """The language called `code`; raises `OptionError` with the nearest right name."""
    found = LANGUAGES.get(code)
    if found is None:
        near = get_close_matches(code, [*LANGUAGES, *GROUPS], n=1, cutoff=0.3)
        hint = f"did you mean '{near[0]}'? " if near else ""
        raise OptionError(f"no language '{code}': {hint}known are {', '.join(LANGUAGES)}")
    return found


def expand(weights: dict[str, float]) -> dict[str, float]:
    """Shares of single languages, where a group's share is divided evenly among its members."""
    shares: dict[str, float] = {}
    for name, share in weights.items():
        members = GROUPS.get(name, (name,))
        for code in members:
            language(code)
            shares[code] = shares.get(code, 0.0) + share / len(members)
    return shares
