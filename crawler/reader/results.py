"""Search for the server's search page: the form in, the results out."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from urllib.parse import parse_qs, urlencode

from crawler.exceptions import ArchiverError, DiskError
from crawler.library.search.index import SearchIndex
from crawler.library.search.logs import Entry
from crawler.library.search.options import BadOption, selection_of
from crawler.library.search.query import Query, QueryError, Term, parse
from crawler.library.search.search import Hit, Selection, count, search

A_PAGE = 20
LAST_PAGE = 500
COUNTED = 1000
"""Hits are counted up to this number; beyond it, the page says that there are more."""

_MOST_FIELDS = 50
_PATIENCE_S = 20.0  # wait for another search to end
_MOMENT_S = 1.0  # the same, for a page that can do without the result
_FIELDS = {"language": "Language", "kind": "Kind", "since": "From", "until": "To"}

Advance = Callable[[int, int | None], None]
Say = Callable[[str], None]


class Busy(ArchiverError):
    """The search index is being brought up to date. Raised by `Searcher`; the page says so."""


@dataclass(frozen=True)
class Form:
    """The fields of the search form, as text. page: from 1."""

    q: str = ""
    language: str = ""
    kind: str = ""
    since: str = ""
    until: str = ""
    revisions: bool = False
    best: bool = False
    page: int = 1

    def address(self, page: int) -> str:
        """Return the address of another page of the same search, relative to the site's folder."""
        fields = {name: value for name in ("q", *_FIELDS) if (value := str(vars(self)[name]))}
        marks = (("revisions", "1", self.revisions), ("order", "best", self.best), ("page", str(page), page > 1))
        return f"search.html?{urlencode({**fields, **{name: value for name, value, is_on in marks if is_on}})}"


def form_of(query: str) -> Form:
    """Return the form of a query string. Raises BadOption if it has more fields than the form, or an odd page number."""
    try:
        given = parse_qs(query, max_num_fields=_MOST_FIELDS, errors="replace")
    except ValueError as error:
        raise BadOption("The request has too many fields.") from error
    texts = {name: ",".join(filter(None, map(str.strip, given.get(name, [])))) for name in _FIELDS}
    page = given.get("page", ["1"])[-1]
    if not (page.isascii() and page.isdigit() and len(page) < 5 and int(page)):
        raise BadOption(f"Page: not a number of a page: {page}")
    return Form(
        q=" ".join(given.get("q", [])).strip(), revisions=given.get("revisions", [""])[-1] == "1",
        best=given.get("order", [""])[-1] == "best", page=int(page), **texts,
    )  # fmt: skip


@dataclass(frozen=True)
class Results:
    """The outcome of a search. problem: why the search failed, '' if it did not. count: of all hits, None for more than
    COUNTED. hits: those of the page. terms: the words that were searched for. has_more: whether there are more pages."""

    form: Form
    problem: str = ""
    status: int = 200
    count: int | None = 0
    hits: Sequence[Hit] = field(default_factory=list)
    terms: Sequence[Term] = ()
    has_more: bool = False

    @property
    def first(self) -> int:
        """The number of the first hit of the page."""
        return (self.form.page - 1) * A_PAGE + 1


class Searcher:
    """Searches an archive, one search at a time, each in an index that is up to date.

    home: the folder of search.sqlite; not the archive's if that is read-only.
    """

    def __init__(self, archive: Path, home: Path, say: Say) -> None:
        self._archive = archive
        self._home = home
        self._say = say
        self._turn = threading.Lock()

    def catch_up(self, advance: Advance) -> None:
        """Bring the index up to date. Raises NoFTS5 and DiskError."""
        with self._index() as index:
            index.catch_up(advance)

    def logged(self, dw_id: int, path: str) -> Entry | None:
        """Return what the run logs say of a document; None if they say nothing, or another search is busy."""
        with contextlib.suppress(Busy, DiskError, sqlite3.DatabaseError), self._index(_MOMENT_S) as index:
            index.catch_up()
            return index.entry(dw_id, path)
        return None

    def results(self, query: str) -> Results:
        """Return what a query string finds. Any query string is accepted."""
        form = Form()
        try:
            form = form_of(query)
            if not form.q:
                return Results(form)
            wanted = parse(form.q)
            selection = selection_of(
                _FIELDS, form.language, form.kind, form.since or None, form.until or None, with_revisions=form.revisions
            )
        except (BadOption, QueryError) as error:
            return Results(form, str(error), status=400)
        try:
            with self._index() as index:
                index.catch_up()
                try:
                    return self._results(index, form, wanted, selection)
                except sqlite3.DatabaseError as error:
                    index.make_again(f"damaged ({error})")
                    index.catch_up()
                    return self._results(index, form, wanted, selection)
        except Busy as error:
            return Results(form, str(error), status=503)
        except (DiskError, sqlite3.DatabaseError) as error:
            self._say(f"a search failed: {error}")
            return Results(form, f"The search index cannot be used: {error}", status=503)

    def _results(self, index: SearchIndex, form: Form, query: Query, selection: Selection) -> Results:
        skipped = (form.page - 1) * A_PAGE
        found = search(index.db, self._archive, query, selection, lambda path: None, best=form.best, skip=skipped)
        with contextlib.closing(found):
            hits = list(islice(found, A_PAGE))
        counted = count(index.db, query, selection, COUNTED + 1)
        has_more = counted > skipped + A_PAGE and form.page < LAST_PAGE
        return Results(form, count=counted if counted <= COUNTED else None, hits=hits, terms=query.wanted, has_more=has_more)

    @contextlib.contextmanager
    def _index(self, patience_s: float = _PATIENCE_S) -> Iterator[SearchIndex]:
        """Open the index for this thread alone. Raises Busy if another thread uses it for too long."""
        if not self._turn.acquire(timeout=patience_s):
            raise Busy("The search index is being brought up to date. Search again in a minute.")
        try:
            with SearchIndex(self._archive, self._say, self._home) as index:
                yield index
        finally:
            self._turn.release()
