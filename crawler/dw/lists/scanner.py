"""Scan tags and texts in XML, however broken: a flaw affects only its own place.

libxml2 is not used: even in recovering mode (tried in 2026-11) it stops at a NUL, at a reference to half a surrogate pair, and
at text before the first element, and loses what follows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.entities import html5
from typing import NamedTuple

from crawler.dw.decoding import sound
from crawler.normalise import unescape

_DOCTYPE_LENGTH = 65_536

_NAME = r"""[A-Za-z_:\x80-\U0010ffff][^\s<>/="'&]*+"""
_MARK = re.compile(r"<(?=[A-Za-z_:/!?\x80-\U0010ffff])")
_TAG = re.compile(rf"""<(/?)({_NAME})(?:\s++[^\s<>/="']++\s*+=\s*+(?:"[^"<]*+"|'[^'<]*+'))*+\s*+(/?)>""")
_ATTRIBUTE = re.compile(r"""\s([^\s<>/="']++)\s*+=\s*+(?:"([^"<]*+)"|'([^'<]*+)')""")
_LONGEST_INSIDE = 10_000
_NEARLY_A_TAG = re.compile(rf"<(/?)({_NAME})(?:[^<>/]|/(?!>))*+(/?)>?")
_DOCTYPE = re.compile(
    r"""<!DOCTYPE(?>[^\[>"']++|"[^"]*+"|'[^']*+')*+"""
    r"""(\[(?>[^\]"'<]++|"[^"]*+"|'[^']*+'|<!--.*?-->|<(?!!--))*+\])?\s*+>""",
    re.DOTALL | re.IGNORECASE,
)
_ENDS = {"<!--": "-->", "<![CDATA[": "]]>", "<?": "?>", "<!": ">"}
_NO_CHARACTER = r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]"
_ODD = re.compile(rf"{_NO_CHARACTER}|<|&(?:(#?[0-9A-Za-z]{{1,32}});)?")
_OF_XML = frozenset({"amp", "lt", "gt", "quot", "apos"})


class Tag(NamedTuple):
    """A tag. name: without its prefix. is_start, is_end: both are true for an empty element (`<a/>`). inside: what stands
    between the name and the end, as written; `attribute` reads it."""

    name: str
    is_start: bool
    is_end: bool
    inside: str = ""

    def attribute(self, name: str) -> str:
        """Return the value of an attribute, stripped; empty if there is none. name: without its prefix."""
        for found in _ATTRIBUTE.finditer(self.inside[:_LONGEST_INSIDE]):
            if found[1].rpartition(":")[2].lower() == name:
                return sound(unescape(found[2] or found[3] or "")).strip()
        return ""


class Scanner:
    """Reads a document piece by piece.

    flaws: how many places so far are not XML. flaw: a sentence about the first one, with its line. declares: there is a
    DOCTYPE with declarations of its own, such as entities; none is ever used, and nothing is loaded.
    """

    def __init__(self) -> None:
        self.flaws, self.flaw, self.declares = 0, "", False
        self._line, self._waiting, self._text, self._at = 1, "", "", 0
        self._ends, self._may_declare = dict(_ENDS), True

    def read(self, piece: str, *, is_last: bool = False) -> Iterator[Tag | str]:
        """Yield the tags and texts that a piece completes. A text comes in several parts only if CDATA is one of them.

        References to characters, and to XML's and HTML's own entities, are resolved; others stay.
        An impossible character becomes U+FFFD, so that no number is ever read across it.
        """
        text, position = self._waiting + piece, 0
        self._text = text
        while mark := _MARK.search(text, position):
            start = mark.start()
            if start > position:
                yield self._meant(text[position:start], position)
            self._at = start
            found = self._markup(text, start, is_last)
            position = found[0] if found else start
            if found is None:
                break
            if found[1]:
                yield found[1]
        else:
            if is_last and position < len(text):
                yield self._meant(text[position:], position)
                position = len(text)
        self._line += text.count("\n", 0, position)
        self._waiting = text[position:]

    def _markup(self, text: str, start: int, is_last: bool) -> tuple[int, Tag | str | None] | None:
        """Return the end of the markup that begins at a position, and its kind; None if its end has not come yet."""
        is_tag = text[start + 1] not in "!?"
        opening = "" if is_tag else next((each for each in self._ends if text.startswith(each, start)), "")
        if opening == "<!" and self._may_declare:
            if doctype := _DOCTYPE.match(text, start):
                self.declares = self.declares or bool(doctype[1])
                return doctype.end(), None
            if not is_last and len(text) - start < _DOCTYPE_LENGTH:
                return None
            # it has no end; looking for the end of each of a thousand more would read the rest of the text a thousand times
            self._may_declare = text[start : start + 9].upper() != "<!DOCTYPE"
        if opening:
            inside = start + len(opening)
            end = text.find(self._ends[opening], inside)
            if end >= 0:
                return end + len(self._ends[opening]), _written(text[inside:end]) if opening == "<![CDATA[" else None
            if not is_last:
                return None
            self.note(f"{opening} without its end")
            self._ends[opening] = ""  # later ones have no end either, so what follows them is read
            return inside, None
        tag = _TAG.match(text, start)
        if tag is None:
            if not is_last and text.find("<", start + 1) < 0:
                return None
            self.note(f"not a tag: {text[start : start + 40]}")
            tag = _NEARLY_A_TAG.match(text, start)
            if tag is None:
                return start + 1, None
        name = tag[2].rpartition(":")[2]
        written = "" if tag[1] else text[tag.end(2) : tag.end()]
        return tag.end(), Tag(name, is_start=not tag[1], is_end=bool(tag[1] or tag[3]), inside=written)

    def note(self, what: str) -> None:
        """Count a flaw at the current position."""
        self.flaws += 1
        self.flaw = self.flaw or f"line {self._line + self._text.count(chr(10), 0, self._at)}: {what}"

    def _meant(self, words: str, start: int) -> str:
        """Return the text between two marks, with its references resolved. start: its position."""

        def mean(found: re.Match[str]) -> str:
            name = found[1] or ""
            if name in _OF_XML:
                return html5[name + ";"]
            if name.startswith("#") and (character := _character(name)):
                return character
            self._at = start + found.start()
            self.note(f"no XML: {found[0]!r}")
            if name:
                return "\ufffd" if name.startswith("#") else html5.get(name + ";", found[0])
            return found[0] if found[0] in "<&" else "\ufffd"

        return _ODD.sub(mean, sound(words)) if _ODD.search(words) else sound(words)


def _written(text: str) -> str:
    return re.sub(_NO_CHARACTER, "\ufffd", sound(text))


def _character(name: str) -> str:
    """Return the character of a numeric reference; empty if XML has none of that number."""
    try:
        number = int(name[2:], 16) if name[1:2] in "xX" else int(name[1:])
        found = chr(number)
    except (ValueError, OverflowError):
        return ""
    return "" if re.match(_NO_CHARACTER, found) else found
