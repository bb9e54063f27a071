"""Fold a text, so that spellings that should find each other become equal.

Folding uses only a table of code points and a few sequences, so that a program in another language can do the same with the
same tables (`tables`).
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from crawler import normalise
from crawler.library.search.characters import SEQUENCES, WITHOUT_SPACES, Table

VERSION = f"1 {unicodedata.unidata_version}"
"""Changes whenever a text may be folded differently than before. An index made with another version must be rebuilt."""

ASSIGNED = (*range(0x40000), *range(0xE0000, 0xE1000))
"""All code points that Unicode has assigned, and some that it has not."""

UNKNOWN = frozenset({"Cn", "Co", "Cs"})
"""Unicode categories that have no place in a text: unassigned, private use, surrogates."""

_TABLE = Table()
_SEQUENCE = re.compile("|".join(SEQUENCES))
_OF_LETTERS = "\u0301", "\u0306", "\u0308"  # marks of the Cyrillic LETTERS, which the table has in composed form
_GERMAN_UE = re.compile("ue(?<![aeioquy]ue)")  # not in neue, Quelle; a pattern that begins with letters is faster


def fold(text: str, language: str = "") -> str:
    """Return the text as it is searched: lower-case letters without marks, digits and Indic marks, and a space for every other
    character. Line breaks stay.

    language: a language path; German has a rule of its own. The number of spaces has no meaning. Folding twice changes
    nothing, except in German.

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
        found = text.translate(_TABLE)
        if not found.isascii():
            found = _SEQUENCE.sub(lambda match: SEQUENCES[match[0]], normalise.nfc(found))
    if language == "de":  # ä, ö, ü have become a, o, u above
        found = _GERMAN_UE.sub("u", found.replace("ae", "a").replace("oe", "o"))
    return found


def tables() -> dict[str, Any]:
    """Return everything that folding needs, ready for JSON: `characters` {character: text} for every code point that changes,
    `sequences` {text: text}, `without_spaces` as in a regular expression, and `version`."""
    assigned = (code for code in ASSIGNED if unicodedata.category(chr(code)) not in UNKNOWN)
    characters = {chr(code): found for code in assigned if (found := chr(code).translate(_TABLE)) != chr(code)}
    return {"version": VERSION, "characters": characters, "sequences": SEQUENCES, "without_spaces": WITHOUT_SPACES}
