"""The text that libzim indexes, so that it finds what `scrapy search` finds.

libzim folds queries to lower case without any marks, not even the vowel signs of Hindi, but does not fold the text that it
indexes. It knows neither the two Chinese scripts nor other spellings. So an index gets the
text in libzim's form, followed by every other spelling of its words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise, product

from crawler import normalise
from crawler.library.search.characters import SINGLE, WITHOUT_SPACES
from crawler.library.search.fold import fold

_RUN = re.compile(f"[{WITHOUT_SPACES}]+")
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_CHINESE = ("zh", "zh-hant")
_MOST_WAYS = 6  # spellings of a pair of characters
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_NASALS = {"कखगघ": "ङ्", "चछजझ": "ञ्", "टठडढ": "ण्", "तथदध": "न्", "पफबभ": "म्"}
_ANUSVARA = re.compile("ं([कखगघचछजझटठडढतथदधपफबभ])")


def _traditional() -> dict[str, str]:
    """Return the traditional characters of each simplified one, the most frequent first as far as the table shows."""
    found: dict[str, str] = {}
    for old, new in SINGLE.items():
        if _HAN.match(old) and _HAN.match(new):
            found[new] = found.get(new, "") + old
    return found


_TRADITIONAL = _traditional()


def searchable(text: str, language: str) -> str:
    """Return the text to give to libzim's index: its words, then those of every other spelling.

    >>> searchable("Grüße", "de")
    'gruße grusse gruesse'
    """
    plain = _form(text)
    known = set(plain.split())
    spellings = [_RUN.sub(" ", one) for one in _spellings(text, language)]
    more = dict.fromkeys(word for one in spellings for word in _form(one).split() if word not in known)
    more |= dict.fromkeys(_pairs(plain))
    return " ".join([plain, *more])


def titles(title: str, language: str) -> list[str]:
    """Return the title in the other Chinese script, if it is written differently there; nothing for other languages.

    >>> titles("河邊的燈籠", "zh-hant")
    ['河边的灯笼']
    """
    if language not in _CHINESE:
        return []
    simplified = "".join(SINGLE.get(one, one) if _HAN.match(one) else one for one in title)
    traditional = "".join(_TRADITIONAL.get(one, one)[0] for one in simplified)
    return [one for one in dict.fromkeys((simplified, traditional)) if one != title][:1]


def _form(text: str) -> str:
    """Return a text in the form in which libzim searches."""
    found = (one for one in unicodedata.normalize("NFD", text.lower()) if unicodedata.category(one)[0] != "M")
    return normalise.nfc("".join(found))


def _spellings(text: str, language: str) -> Iterator[str]:
    yield fold(text, language)
    if language == "de":
        yield normalise.nfc(text.lower()).translate(_UMLAUTS)
    if language == "hi":  # folding writes an anusvara for every nasal before a stop; this is the reverse
        yield _ANUSVARA.sub(_with_nasal, fold(text, language))


def _with_nasal(found: re.Match[str]) -> str:
    return next(nasal for stops, nasal in _NASALS.items() if found[1] in stops) + found[1]


def _pairs(text: str) -> Iterator[str]:
    """Yield each pair of adjacent characters in all its spellings, because libzim splits Chinese into such pairs."""
    for run in _RUN.findall(text):
        ways = [_ways(one) for one in run]
        if len(run) == 1:
            yield from ways[0] if len(ways[0]) > 1 else ()
        for first, second in pairwise(ways):
            if len(first) * len(second) > 1:
                yield from map("".join, product(first, second))


def _ways(character: str) -> str:
    simplified = SINGLE.get(character, character) if _HAN.match(character) else character
    return "".join(dict.fromkeys(character + simplified + _TRADITIONAL.get(simplified, "")))[:_MOST_WAYS]
