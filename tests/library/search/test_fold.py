"""Which spellings find one another, language by language, and which do not."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.library.search import characters, make_hanzi
from crawler.library.search.characters import SEQUENCES, SINGLE
from crawler.library.search.fold import fold, tables

EQUAL = {
    "any": "Ｇ２０ g20, ﬁn fin, ② 2, so\u00adft soft, zero\u200bwidth zerowidth, e\u0301te\u0301 été, ℡ tel, ＡＢＣ abc",
    "ar": "أحمد احمد, إيران ايران, آخر اخر, ٱلله الله, على علي, مدرسة مدرسه, كتاب کتاب, مُحَمَّد محمد, محـــمد محمد, مسؤول مسوول,"
          "رئيس رييس, ٢٠٢٣ 2023, ﻻ لا, الرحمٰن الرحمن",
    "he": "שָׁלוֹם שלום, שׁ ש, יִשְׂרָאֵל ישראל",
    "fa-ir": "کتاب كتاب, می\u200cخواهم میخواهم, ایران ايران, ۱۴۰۲ 1402, خانۀ خانه, مسئول مسيول, آب اب",
    "ur": "کیا كيا, ہم هم, ۂ ه, ۱۲ 12, گئی گیی",
    "ps": "ګل گل, کور كور, ړومبي ړومبی",
    "hi": "हिन्दी हिंदी, सम्बन्ध संबंध, गङ्गा गंगा, पञ्च पंच, अण्डा अंडा, इन्टरनेट इंटरनेट, चाँद चांद, ज़रूर जरूर, फ़िल्म फिल्म, क़लम कलम,"
          "२०२३ 2023, श्री\u200d श्री, \u0959\u093e\u0928 \u0916\u093e\u0928",
    "bn": "সঙ্কট সংকট, অঙ্ক অংক, সঙ্গে সংগে, ২০২৩ 2023, \u09cb \u09c7\u09be, \u09dc \u09a1\u09bc",
    "am": "ሠላም ሰላም, ዓለም አለም, ዐዲስ አዲስ, ፀሐይ ጸሀይ, ሐሙስ ሀሙስ, ኀይል ሀይል, ሃገር ሀገር, ኣዲስ አዲስ, ኸረ ሀረ",
    "ru": "ёлка елка, Ёж еж, за\u0301мок замок, \u0438\u0306 й, МОСКВА москва",
    "uk": "\u0456\u0308жак їжак, п'ять п’ять, п'ять пʼять, Зелени\u0301й зелений",
    "bg": "ѝ и, въ\u0301лна вълна",
    "mk": "\u043a\u0301 ќ, \u0433\u0301 ѓ",
    "el": "Αθήνα ΑΘΗΝΑ, λόγος ΛΟΓΟΣ, Ὀδυσσεύς οδυσσευσ, ϊ ι, ᾳ α",
    "tr": "İstanbul istanbul, Isparta ısparta, ISPARTA isparta, Erdoğan erdogan, ŞİŞLİ sisli, çay cay",
    "de": "Muenchen München, Goethe Göthe, Grüße Gruesse, GRÜSSE grüße, Straße strasse, Ärzte Aerzte, Baeume Bäume,"
          "Munchen München,Uebergroesse Übergröße",
    "fr": "élève eleve, cœur coeur, Noël noel, ça ca",
    "es": "mañana manana, acción accion",
    "pt-br": "ação acao, você voce",
    "pl": "Łódź lodz, żółty zolty",
    "ro": "\u0219coală scoala, \u015fcoală scoala, țară tara",
    "hr": "Đoković dokovic, čaša casa",
    "sq": "Shqipëri shqiperi",
    "ha": "ƙasa kasa, ɗan dan, ɓera bera, ƴanci yanci",
    "zh": "臺灣 台湾, 台灣 台湾, 裡面 里面, 裏面 里面, 頭髮 头发, 發展 发展, 後來 后来, 皇后 皇后, 瞭解 了解, 著作 着作, 為 为,"
          "爲 为, 衆 众, 眾 众,復甦 复苏, 答覆 答复, 餘 馀, 乾淨 干净, 幹部 干部, 麵包 面包, 彷彿 仿佛,"
          "藉口 借口, 牠 它, 溫 温, 說 説",
    "ja": "ｶﾞｽ ガス, か\u3099 が",
    "ko": "\u1112\u1161\u11ab 한",
}  # fmt: skip

DIFFERENT = {
    "ar": "كتاب كتب, علم عمل, شيء شي, ت ث",
    "fa-ir": "گل كل, پدر بدر, چ ج",
    "ur": "بھاری بہاری, ے ی, ں ن, ٹ ت",
    "ps": "ې ی, ۍ ی, ښ س",
    "hi": "लड़का लडका, पढ़ना पढना, सम्मान संमान, जन्म जंम, अन्न अंन, कि की, कल काल, दिन दीन, क क्",
    "bn": "চাঁদ চাংদ, সম্পর্ক সংপর্ক, য় য, ড় ড, কি কী, বাঁশ বাশ",
    "he": "שלום שלומ, כ ך, ה ח",
    "am": "ሰላም ሸላም, ከ ኸ, ሀ ሁ, አ ኡ",
    "ru": "йод иод, мой мои, все вся, ш щ, ь ъ",
    "uk": "їх іх, край краи, г ґ, е є",
    "be": "ў у",
    "mk": "ќ к, ѓ г",
    "el": "η ι, ω ο",
    "tr": "kar kir, s z",
    "de": "neue nü, Quelle Qulle, Bauer Baur, Treue Trü, Boden Baden",
    "en": "Muenchen München, Goethe Göthe, does dos",
    "zh": "未 末, 己 已, 土 士, 日 曰, 干 于, 座 坐, 待 呆, 像 象, 画 划, 沈 沉, 炼 链, 人 入, 大 太",
    "ja": "か が, は ば",
}


def pairs(table: dict[str, str]) -> list[tuple[str, str, str]]:
    return [(language, *pair.split()) for language, text in table.items() for pair in text.split(",")]  # type: ignore[misc]


@pytest.mark.parametrize(("language", "one", "other"), pairs(EQUAL))
def test_spellings_find_one_another(language: str, one: str, other: str) -> None:
    assert fold(one, language) == fold(other, language)


@pytest.mark.parametrize(("language", "one", "other"), pairs(DIFFERENT))
def test_words_do_not_find_one_another(language: str, one: str, other: str) -> None:
    assert fold(one, language) != fold(other, language)


def test_other_characters_than_letters_and_digits_become_spaces() -> None:
    assert fold("a,b。c\0d\ud800e\ue000f_g\t") == "a b c d e f g "
    assert fold("a\nb") == "a\nb"
    assert fold("क्षे त्र") == "क्षे त्र"  # vowel signs and virama are no spaces


TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cn"]), max_size=12)
_LETTERS = "aÉßıиІйґёУ\u0306\u0301\u0308ĳκΌςأىک\u064b\u200cहन्दड़\u093cঙ্ক\u09be\u09c7ዓሐ臺台发後ｶﾞ가\u1100\u1161Å"
LETTERS = st.text(st.sampled_from(_LETTERS), max_size=12)


@given(TEXTS | LETTERS)
def test_folding_again_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(TEXTS | LETTERS)
def test_unicode_form_makes_no_difference(text: str) -> None:
    assert fold(unicodedata.normalize("NFD", text)) == fold(text)
    assert fold(unicodedata.normalize("NFC", text)) == fold(text)


@given(TEXTS | LETTERS)
def test_folded_text_is_letters_digits_marks_and_spaces(text: str) -> None:
    assert all(character in " \n" or unicodedata.category(character)[0] in "LMN" for character in fold(text))


def test_tables_fold_every_assigned_character() -> None:
    found = json.loads(json.dumps(tables()))
    for code in range(0x110000):
        character = chr(code)
        if unicodedata.category(character) not in ("Cn", "Cs", "Co"):
            folded = found["characters"].get(character, character)
            assert found["sequences"].get(folded, folded) == fold(character)
    assert found["sequences"] == SEQUENCES


def test_hanzi_lead_to_the_end_of_their_chain() -> None:
    assert not [old for old, new in SINGLE.items() if new in SINGLE]


def test_hanzi_table_is_made_of_the_dictionaries(tmp_path: Path) -> None:
    dictionaries = {
        "TSCharacters.txt": "# words\n\n發\t发\n餘\t余 馀\n瞭\t瞭 了\n座\t座 坐\n",
        "STCharacters.txt": "发\t發 髮\n余\t余 餘\n馀\t餘\n了\t了 瞭\n坐\t坐 座\n",
        "TWVariants.txt": "着\t著\n",
        "HKVariants.txt": "衆\t眾\n",
    }
    for name, text in dictionaries.items():
        (tmp_path / name).write_text(text, "utf-8")
    assert make_hanzi.table(tmp_path) == {"發": "发", "餘": "余", "髮": "发", "馀": "余", "瞭": "了", "著": "着", "眾": "衆"}


def test_hanzi_file_names_its_source() -> None:
    text = Path(characters.__file__).with_name("hanzi.txt").read_text("utf-8")
    assert text.startswith(make_hanzi.HEADER)
    assert "Apache License" in Path(characters.__file__).with_name("LICENSE-OpenCC").read_text("utf-8")
