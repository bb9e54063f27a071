"""What a person types, as a query: words, `"a phrase"`, `-word`, `word*`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from crawler.exceptions import NOT_UNDERSTOOD, ArchiverError
from crawler.library.search import tokens
from crawler.library.search.fold import fold

LONGEST = 10_000  # characters

_TERM = re.compile(r'(-?)(?:"([^"]*)"|([^\s"]+))')
_FOLDINGS = ("", "de")  # of all languages but German, of German


class QueryError(ArchiverError):
    """A query cannot be understood. Raised by `parse`; the command says why."""

    exit_status = NOT_UNDERSTOOD


@dataclass(frozen=True)
class Term:
    """Words that follow one another. text: as typed. is_prefix: the last one may go on."""

    text: str
    is_prefix: bool = False

    def tokens(self, language: str) -> tuple[list[str], bool]:
        """As `tokens.phrase`, for documents in a language."""
        return tokens.phrase(fold(self.text, language), is_prefix=self.is_prefix)


@dataclass(frozen=True)
class Query:
    """wanted: all of them, at least one. unwanted: none of them."""

    wanted: tuple[Term, ...]
    unwanted: tuple[Term, ...] = ()


def parse(text: str) -> Query:
    """The query a text means. Raises QueryError.

    >>> parse('climate "north sea" -oil wind*')
    Query(wanted=(Term(text='climate', is_prefix=False), Term(text='north sea', is_prefix=False), \
Term(text='wind', is_prefix=True)), unwanted=(Term(text='oil', is_prefix=False),))
    """
    if len(text) > LONGEST:
        raise QueryError(f"a query has at most {LONGEST:,} characters")
    if text.count('"') % 2:
        raise QueryError('a phrase ends with a quote: "like this"')
    wanted: dict[Term, None] = {}
    unwanted: dict[Term, None] = {}
    for minus, quoted, word in _TERM.findall(text):
        if "*" in word[:-1] or word in ("*", "-*"):
            raise QueryError(f"* stands after the beginning of a word: {word}")
        said = (quoted or word).rstrip()
        term = Term(said.removesuffix("*"), said.endswith("*"))
        if term.tokens("")[0]:
            (unwanted if minus else wanted)[term] = None
    if not wanted:
        raise QueryError("a query needs a word to look for" + (", not only words to leave out" if unwanted else ""))
    return Query(tuple(wanted), tuple(unwanted))


def expression(query: Query, columns: Iterable[str], german: Iterable[str]) -> str:
    """The query for FTS5. columns, german: those with the words of documents in any other language, and in German."""
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
