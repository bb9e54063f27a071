"""The folded form of a text: what two spellings have in common when one is to find the other.

A table for each code point and a few sequences of them; no other state, so that another language can do the same from the
same tables (`tables`).
"""

from __future__ import annotations

import re
import sys
import unicodedata
from typing import Any

from crawler import normalise
from crawler.library.search.characters import SEQUENCES, WITHOUT_SPACES, Table

VERSION = f"1 {unicodedata.unidata_version}"
"""Changes whenever a text may be folded otherwise than before: an index made with another one is of no use."""

_TABLE = Table()
_SEQUENCE = re.compile("|".join(SEQUENCES))
_OF_LETTERS = "\u0301", "\u0306", "\u0308"  # marks of Cyrillic letters, which the table knows with their marks
_GERMAN_UE = re.compile("ue(?<![aeioquy]ue)")  # not neue, Quelle; a pattern that begins with letters is found faster


def fold(text: str, language: str = "") -> str:
    """A text as it is searched: small letters without marks, digits, Indic marks; a space for each character between them.
    Line breaks stay.

    language: a language path; German has a rule of its own. White space is not counted. Folding again changes nothing, but
    for German.

    >>> fold("Ёлка, ÉTÉ; 臺灣")
    'елка  ete  台湾'
    >>> fold("Muenchen", "de") == fold("München", "de")
    True
    """
    if text.isascii():
        found = text.lower().translate(_TABLE)
    else:
        if any(mark in text for mark in _OF_LETTERS):
            text = normalise.nfc(text)
        found = normalise.nfc(text.translate(_TABLE))
        found = _SEQUENCE.sub(lambda match: SEQUENCES[match[0]], found)
    if language == "de":  # ä, ö, ü are a, o, u by now
        found = _GERMAN_UE.sub("u", found.replace("ae", "a").replace("oe", "o"))
    return found


def tables() -> dict[str, Any]:
    """All that folding needs, for JSON: `characters` {character: text} of every code point that does not stay as it is,
    `sequences` {text: text}, `without_spaces` as in a regular expression, `version`."""
    codes = (code for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)) not in ("Cn", "Cs", "Co"))
    characters = {chr(code): found for code in codes if (found := fold(chr(code))) != chr(code)}
    return {"version": VERSION, "characters": characters, "sequences": SEQUENCES, "without_spaces": WITHOUT_SPACES}
