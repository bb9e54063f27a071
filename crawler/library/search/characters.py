"""The table behind `fold`: the text that each code point is searched as.

docs/search.md explains the same rules language by language.
"""

from __future__ import annotations

import unicodedata
from pathlib import Path

WITHOUT_SPACES = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f"  # Burmese
    "\u1100-\u11ff\ua960-\ua97f\uac00-\ud7ff"  # Hangul
    "\u1780-\u17ff"  # Khmer
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3031-\u3035\u3038-\u303c"  # radicals and signs used with Han
    "\u3040-\u30ff\u3100-\u312f\u31a0-\u31bf\u31f0-\u31ff"  # kana, bopomofo
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00016fe0-\U00018cff\U0001aff0-\U0001b16f\U00020000-\U000323af"  # Han
)
"""Ranges of characters, as in a regular expression, of scripts that are written without spaces between words."""

LETTERS = dict.fromkeys("йїўѓќ")
"""Cyrillic letters that are letters of their own, although Unicode decomposes them into a letter and a mark."""

MARKS = (
    range(0x0300, 0x0370), range(0x1AB0, 0x1B00), range(0x1DC0, 0x1E00), range(0x20D0, 0x2100), range(0xFE20, 0xFE30),
    range(0x0483, 0x048A), range(0x2DE0, 0x2E00), range(0xA66F, 0xA6A0),  # Cyrillic
    range(0x0591, 0x05C8), range(0xFB1E, 0xFB1F),  # Hebrew
    range(0x0610, 0x061B), range(0x064B, 0x0660), range(0x0670, 0x0671), range(0x06D6, 0x06EE), range(0x0898, 0x0900),  # Arabic
    range(0x135D, 0x1360),  # Ethiopic
    range(0x180B, 0x1810), range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0),  # variation selectors
)  # fmt: skip
"""Marks that are left out. Those of Indic scripts are kept."""

_IGNORED = "\u0640\u0674\u115f\u1160\u3164\uffa0"
"""Letters that are left out: tatweel, a hamza that is part of a letter, and the fillers of Hangul."""

_SINGLE = {
    # Latin letters that Unicode does not decompose; the hooked ones belong to Hausa
    "ı": "i", "ł": "l", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ŧ": "t", "þ": "th", "æ": "ae", "œ": "oe",
    "ɓ": "b", "ɗ": "d", "ƙ": "k", "ƴ": "y",
    # Arabic: alef, ya, kaf, ta marbuta and ha; Pashto's gaf. Hamza carriers have lost their hamza before
    "\u0671": "\u0627", "\u0649": "\u064a", "\u06cc": "\u064a", "\u06a9": "\u0643", "\u06aa": "\u0643",
    "\u0629": "\u0647", "\u06c1": "\u0647", "\u06c3": "\u0647", "\u06d5": "\u0647", "\u06ab": "\u06af",
    # Devanagari: candrabindu as anusvara, the rare letters with nukta
    "\u0901": "\u0902", "\u0929": "\u0928", "\u0931": "\u0930", "\u0934": "\u0933",
}  # fmt: skip

_AMHARIC = {"ሐ": "ሀ", "ኀ": "ሀ", "ኸ": "ሀ", "ሠ": "ሰ", "ዐ": "አ", "ፀ": "ጸ"}
"""The first syllables of rows of seven that sound like another row."""

_NUKTA, _VIRAMA, _ANUSVARA = "\u093c", "\u094d", "\u0902"
_KA, _CHA, _RETROFLEX, _TA, _PA = "कखगघ", "चछजझ", "टठडढ", "तथदध", "पफबभ"
_NASALS = {"ङ": _KA, "ञ": _CHA, "ण": _RETROFLEX, "न": _KA + _CHA + _RETROFLEX + _TA + _PA, "म": _PA}

SEQUENCES = {
    **{letter + _NUKTA: letter for letter in "कखगजफय"},  # but not ड़ and ढ़, which are other sounds
    **{nasal + _VIRAMA + stop: _ANUSVARA + stop for nasal, stops in _NASALS.items() for stop in stops},
    **{f"ঙ\u09cd{stop}": f"\u0982{stop}" for stop in "কখগঘ"},
}
"""Sequences of characters and the text they are searched as, applied after the table: Devanagari and Bengali."""


class Table(dict[int, int | str]):
    """A table for `str.translate`: the text that each code point is searched as, computed at its first use.

    A single character stands as its number, which `translate` takes faster than a text.
    """

    def __missing__(self, code: int) -> int | str:
        found = _searched_as(chr(code))
        self[code] = ord(found) if len(found) == 1 else found
        return self[code]


def _searched_as(character: str) -> str:
    """Return the text that a character is searched as: letters, digits and Indic marks; '' for an invisible character; a line
    break for itself; a space for everything else."""
    if character.casefold() in LETTERS:
        return character.casefold()
    found = _without_marks(_without_marks(character).casefold())
    return unicodedata.normalize("NFC", "".join(map(_letter, found)))


def _without_marks(text: str) -> str:
    return "".join(character for character in unicodedata.normalize("NFKD", text) if not _is_ignored(character))


def _is_ignored(character: str) -> bool:
    category = unicodedata.category(character)
    is_mark = category[0] == "M" and any(ord(character) in marks for marks in MARKS)
    return is_mark or category == "Cf" or character in _IGNORED


def _letter(character: str) -> str:
    if character in SINGLE:
        return SINGLE[character]
    if character == "\n":
        return character
    category = unicodedata.category(character)
    if category == "Nd":
        return str(unicodedata.decimal(character))
    is_apostrophe = "\u02b9" <= character <= "\u02bf"  # letters for Unicode, but written like an apostrophe
    return character if category[0] in "LMN" and not is_apostrophe else " "


def _amharic() -> dict[str, str]:
    rows = {chr(ord(old) + n): chr(ord(new) + n) for old, new in _AMHARIC.items() for n in range(7)}
    first = {"ሃ": "ሀ", "ኣ": "አ"}  # the fourth vowel after h and alef sounds like the first
    return {**{old: first.get(new, new) for old, new in rows.items()}, **first}


def _hanzi() -> dict[str, str]:
    lines = (Path(__file__).parent / "hanzi.txt").read_text("utf-8").splitlines()
    pairs = "".join(line for line in lines if not line.startswith("#"))
    return dict(zip(pairs[::2], pairs[1::2], strict=True))


SINGLE = {**_SINGLE, **_amharic(), **_hanzi()}
"""The letters that are searched as another letter by a rule of ours, not of Unicode."""
