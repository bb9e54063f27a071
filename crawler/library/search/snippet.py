"""Cut a snippet out of a document: a piece of its text around the words that were searched, with these marked."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from crawler import normalise
from crawler.library.search import tokens
from crawler.library.search.fold import fold
from crawler.library.search.query import Term

BEFORE, LENGTH = 60, 240  # columns of a terminal; a Chinese character takes two

Piece = tuple[bool, str]
"""(whether it was searched for, text)."""

_WORD, _RUN, _BETWEEN, _NOTHING = "wrb-"  # kinds of characters: part of a word, of a run without spaces, neither, invisible
_STRETCH = re.compile(f"{_WORD}[{_WORD}{_NOTHING}]*|{_RUN}[{_RUN}{_NOTHING}]*")
_CUT = re.compile(r"\S*\s+")


class Atom(NamedTuple):
    """A word, or a character of a run without spaces. folded: as it is searched. start, end: its place in the text. goes_on:
    it belongs to the same run as the one before it."""

    folded: str
    start: int
    end: int
    goes_on: bool = False


class _Kinds(dict[int, str]):
    """A table for `str.translate`: the kind of each code point."""

    def __missing__(self, code: int) -> str:
        folded = fold(chr(code))
        visible = folded.strip()
        kind = _RUN if visible and tokens.has_no_spaces(visible) else _WORD if visible else _BETWEEN if folded else _NOTHING
        self[code] = kind
        return kind


_KINDS = _Kinds()


def snippet(passages: Sequence[str], terms: Sequence[Term], language: str) -> list[Piece]:
    """Return a piece of the passage with most of the terms, from a little before the first of them.

    If no passage has any, as when all are in the title, the beginning of one of the first passages is returned.
    """
    parts = [tokens.parts(fold(term.text, language)) for term in terms]
    wanted = [_atoms_of_term(term, language) for term in terms]
    texts = list(map(normalise.nfc, passages))
    best, most = "", 0
    found: list[tuple[int, int]] = []
    for at_most, text in sorted(((_most(text, parts, language), text) for text in texts), key=lambda pair: -pair[0]):
        if at_most <= most:
            break
        there = atoms(text, language)
        places = [list(_places(there, *one)) for one in wanted]
        if (count := sum(map(bool, places))) > most:
            best, most, found = text, count, [place for some in places for place in some]
    if not most:
        best = max(texts[:3], key=len, default="")
    return _pieces(best, _joined(found))


def whole(text: str, terms: Sequence[Term], language: str) -> list[Piece]:
    """Return all of a text, such as a title, with the places of the terms."""
    text = normalise.nfc(text)
    there = atoms(text, language)
    places = _joined([place for term in terms for place in _places(there, *_atoms_of_term(term, language))])
    return _cut(text, places, 0, len(text))


def _most(text: str, terms: Sequence[Sequence[str]], language: str) -> int:
    """Return how many terms a text can have at most, by their parts alone: a hundred times faster than looking for them."""
    folded = fold(text, language)
    return sum(all(part in folded for part in parts) for parts in terms)


def atoms(text: str, language: str) -> list[Atom]:
    """Return the words of a text in NFC, and the characters of its runs without spaces, in order."""
    found: list[Atom] = []
    for stretch in _STRETCH.finditer(text.translate(_KINDS)):
        start, end = stretch.span()
        if stretch[0][0] == _WORD:
            found += [Atom(word, start, end) for word in fold(text[start:end], language).split()]
            continue
        goes_on = False
        for at in range(start, end):
            for character in "".join(fold(text[at]).split()):
                found.append(Atom(character, at, at + 1, goes_on))
                goes_on = True
    return found


def _atoms_of_term(term: Term, language: str) -> tuple[list[Atom], bool]:
    folded = fold(term.text, language)
    found = atoms(folded, "")
    return found, term.is_prefix and bool(found) and not tokens.has_no_spaces(found[-1].folded)


def _places(text: Sequence[Atom], wanted: Sequence[Atom], is_prefix: bool) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of the places where the words of a term follow one another."""
    last = len(wanted) - 1
    for n in range(len(text) - last):
        if all(
            (here.folded.startswith(word.folded) if is_prefix and m == last else here.folded == word.folded)
            and (not m or here.goes_on == word.goes_on)
            for m, (word, here) in enumerate(zip(wanted, text[n : n + last + 1], strict=True))
        ):
            yield text[n].start, text[n + last].end


def _joined(places: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the places in order, joined if they overlap or touch."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(places):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _pieces(text: str, places: list[tuple[int, int]]) -> list[Piece]:
    first = places[0] if places else (0, 0)
    start = _back(text, first[0])
    end = max(_forth(text, start), first[1])
    return _cut(text, places, start, end)


def _cut(text: str, places: list[tuple[int, int]], start: int, end: int) -> list[Piece]:
    """Return the part of a text between start and end, in pieces."""
    pieces: list[Piece] = [(False, "… " if start else "")]
    at = start
    for begins, ends in places:
        if ends > end:
            break
        pieces += [(False, text[at:begins]), (True, text[begins:ends])]
        at = ends
    pieces += [(False, text[at:end]), (False, " …" if end < len(text) else "")]
    return [piece for piece in pieces if piece[1]]


def _back(text: str, at: int) -> int:
    """Return where the snippet that shows a place begins: at the beginning of a word."""
    start, columns = at, 0
    while start and columns < BEFORE:
        start -= 1
        columns += _columns(text[start])
    cut = _CUT.match(text, start, at)
    return cut.end() if start and cut else start


def _forth(text: str, start: int) -> int:
    end, columns = start, 0
    while end < len(text) and columns < LENGTH:
        columns += _columns(text[end])
        end += 1
    if end < len(text) and (space := text.rfind(" ", start, end)) > end - 20:
        return space
    while end < len(text) and unicodedata.category(text[end])[0] == "M":
        end += 1
    return end


def _columns(character: str) -> int:
    if unicodedata.category(character)[0] == "M":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
