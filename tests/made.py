"""Generate random documents in the scripts of DW's languages, with invented words: a few are frequent, most are rare."""

from __future__ import annotations

import functools
import itertools
import random
from dataclasses import dataclass

from crawler.library.search.characters import SINGLE
from crawler.seedfile import SeedDocument
from crawler.urls import document_url

DAY_MS = 86_400_000

# the syllables of words, separated by spaces
_LATIN = "ba be bi bo bu da de di do du fa fe ga go ka ke ki ko la le li lo lu ma me mi mo na ne no ra re ri ro sa se"
SYLLABLES = {
    "en": _LATIN,
    "de": f"{_LATIN} ä ö ü ß ei au sch mün grö fü hä",
    "tr": f"{_LATIN} ı ş ğ ç İ ü ö yı lık şe",
    "ru": "ба бе ва ве го да ди ё же за и й ка ко ла ли ло ма ми на не но о па по ра ре ро са се со та те то у ха хо ца ы э я",
    "el": "α βα γε δι ε ζω η θε ι κα κό λα λέ μά μι νο νέ ξα ο πα πό ρα ρή σα σε ς τα τέ υ φα χω ψι ώ",
    "ar": "ا أ إ آ ب با بَ ة ت تا ج ح خ د دا ر را ز س سا ش ص ط ع عا ف ق ك كا ل لا م ما ن نا ه و ؤ ى ي ئ",
    "fa-ir": "ا آ ب با پ پا ت تا چ خ د دا ر را ز ژ س سا ش ک کا گ گا ل لا م می‌ ن نا ه ها و ی یا",
    "hi": "क का कि की के को ख ग गा च ज ज़ ड़ त ता ति न ना नि ने न्द हिं म मा में य र रा रि ल ला व स सा सि ह हा है अ आ इ चाँ",
    "bn": "ক কা কি কে খ গ গা চ জ ড় ত তা তি ন না নি নে ম মা মে য় র রা রি ল লা স সা সি হ হা অ আ ই ঙ্ক চাঁ",
    "am": "ሀ ለ ሐ መ ሠ ረ ሰ ሸ ቀ በ ተ ኀ ነ አ ከ ወ ዐ ዘ የ ደ ገ ጠ ጸ ፀ ፈ ሁ ሉ ሙ ራ ሳ ባ ታ ና ያ ዳ ል ም ር ስ ት ን ው ይ",
}
HAN = "zh", "zh-hant"
LANGUAGES = (*SYLLABLES, *HAN)
_ENDS = dict.fromkeys(HAN, "。") | {"hi": "।", "bn": "।", "am": "።", "ar": ".", "fa-ir": "."}


@dataclass(frozen=True)
class Vocabulary:
    """words: invented ones. spaced: whether a space stands between them. weights: for `random.choices`."""

    words: tuple[str, ...]
    weights: tuple[float, ...]
    spaced: bool
    end: str


@functools.cache
def vocabulary(language: str, size: int = 2000, seed: int = 0) -> Vocabulary:
    """Return the words of a language with natural frequencies: the n-th has 1/n of the share of the first."""
    chance = random.Random(f"{language.partition('-')[0] if language in HAN else language} {seed}")
    if language in HAN:
        pairs = sorted((new, old) for old, new in SINGLE.items() if "\u4e00" <= old <= "\u9fff" and "\u4e00" <= new <= "\u9fff")
        both = dict(itertools.islice(((new, old) for new, old in pairs), 0, None, 3))
        same = [chr(code) for code in range(0x4E00, 0x5E00) if chr(code) not in SINGLE and chr(code) not in both][:1200]
        characters = [*same, *both]
        made = ("".join(chance.choices(characters, k=chance.choice((1, 2, 2, 2, 3)))) for _ in itertools.count())
        traditional = str.maketrans(both)
        made = (word.translate(traditional) if language == "zh-hant" else word for word in made)
    else:
        syllables = SYLLABLES[language].split()
        made = ("".join(chance.choices(syllables, k=chance.choice((1, 2, 2, 3, 3, 4)))) for _ in itertools.count())
    words = tuple(itertools.islice(dict.fromkeys(itertools.islice(made, size * 3)), size))
    weights = tuple(itertools.accumulate(1 / (n + 3) for n in range(len(words))))
    return Vocabulary(words, weights, language not in HAN, _ENDS.get(language, "."))


def sentence(language: str, chance: random.Random, size: int = 2000, seed: int = 0) -> str:
    """Return some words, with punctuation, as the language is written."""
    known = vocabulary(language, size, seed)
    words = chance.choices(known.words, cum_weights=known.weights, k=chance.randint(4, 16))
    if not known.spaced:
        return "".join(words[:5]) + ("，" + "".join(words[5:]) if words[5:] else "") + known.end
    words[0] = words[0].capitalize()
    return " ".join(words[:6]) + (", " + " ".join(words[6:]) if words[6:] else "") + known.end


def document(dw_id: int, language: str, chance: random.Random, published_ms: int, *, sentences: int = 12, size: int = 2000,
             seed: int = 0) -> SeedDocument:  # fmt: skip
    """Return a document of some sentences. published_ms: in whole seconds."""
    title = sentence(language, chance, size, seed).rstrip(".。।።")
    gap = "" if language in HAN else " "
    paragraphs = []
    while sentences > 0:
        some = min(sentences, chance.randint(2, 5))
        paragraphs.append(f"<p>{gap.join(sentence(language, chance, size, seed) for _ in range(some))}</p>")
        sentences -= some
    moment = f"{_iso(published_ms)}.000Z"
    head = f"<div><i>{sentence(language, chance, size, seed)[:12].strip()}<br>{moment}</i></div>"
    return SeedDocument(published_ms + 3_600_000, title, document_url(language, title, dw_id), head + "".join(paragraphs))


def _iso(moment_ms: int) -> str:
    from crawler.times import iso

    return iso(moment_ms).removesuffix("Z")
