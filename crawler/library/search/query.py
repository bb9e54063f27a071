"""Parse what a person types into a query: words, `"a phrase"`, `-word`, `word*`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from crawler.exceptions import NOT_UNDERSTOOD, ArchiverError
from crawler.library.search import tokens
from crawler.library.search.fold import fold

LONGEST = 10_000  # characters

_TERM = re.compile(r'(-?)(?:"([^"]*)"|([^\s"]+))')
_FOLDINGS = ("", "de")  # for all other languages, for German


class QueryError(ArchiverError):
    """A query cannot be understood. Raised by `parse`; ends the command."""

    exit_status = NOT_UNDERSTOOD


@dataclass(frozen=True)
class Term:
    """Words that must follow one another. text: as typed. is_prefix: the last one may be longer in the document."""

    text: str
    is_prefix: bool = False

    def tokens(self, language: str) -> tuple[list[str], bool]:
        """Return the result of `tokens.phrase` for documents in a language."""
        return tokens.phrase(fold(self.text, language), is_prefix=self.is_prefix)


@dataclass(frozen=True)
class Query:
    """A query. wanted: terms that must all occur, at least one. unwanted: terms that must not occur."""

    wanted: tuple[Term, ...]
    unwanted: tuple[Term, ...] = ()


def parse(text: str) -> Query:
    """Return the query of a text. Raises QueryError.

    >>> parse('climate "north sea" -oil wind*')
    Query(wanted=(Term(text='climate', is_prefix=False), Term(text='north sea', is_prefix=False), \
Term(text='wind', is_prefix=True)), unwanted=(Term(text='oil', is_prefix=False),))
    """
    if len(text) > LONGEST:
        raise QueryError(f"the query is too long: at most {LONGEST:,} characters")
    if text.count('"') % 2:
        raise QueryError('a phrase needs a closing quote: "like this"')
    wanted: dict[Term, None] = {}
    unwanted: dict[Term, None] = {}
    for minus, quoted, word in _TERM.findall(text):
        if "*" in word[:-1] or word in ("*", "-*"):
            raise QueryError(f"* must follow the beginning of a word, as in wind*: {word}")
        said = (quoted or word).rstrip()
        term = Term(said.removesuffix("*"), said.endswith("*"))
        if term.tokens("")[0]:
            (unwanted if minus else wanted)[term] = None
    if not wanted:
        raise QueryError("the query has no word to look for" + (", only words to leave out" if unwanted else ""))
    return Query(tuple(wanted), tuple(unwanted))


def expression(query: Query, columns: Iterable[str], german: Iterable[str]) -> str:
    """Return the query for FTS5. german, columns: the columns with the words of German documents, and of all others."""
    plain, for_german = (_expression(query, language) for language in _FOLDINGS)
    if plain == for_german:
        return plain
    return f"({{{' '.join(columns)}}} : ({plain})) OR ({{{' '.join(german)}}} : ({for_german}))"


def _expression(query: Query, language: str) -> str:
    wanted = " AND ".join(_phrase(term, language) for term in query.wanted)
    unwanted = " OR ".join(_phrase(term, language) for term in query.unwanted)
    return f"({wanted}) NOT ({unwanted})" if unwanted else wanted


def _phrase(term: Term, language: str) -> str:
    found, is_prefix = term.tokens(language)
    return f'"{" ".join(found)}"{" *" if is_prefix else ""}'
