"""Find the documents of a query, newest first or best first."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from itertools import groupby, islice
from pathlib import Path
from typing import Any

from crawler import seedfile
from crawler.dw.passages import line_of, passages
from crawler.exceptions import SeedFormatError
from crawler.files import read_file
from crawler.library.search.catalogue import BEYOND, COLUMNS, GERMAN_COLUMNS, ROWS_A_DAY, day
from crawler.library.search.query import Query, expression
from crawler.library.search.snippet import Piece, snippet

_TITLE_WEIGHT = 5.0  # a word in a title counts as many words in the text

_LAST_DAY = BEYOND // ROWS_A_DAY - 1

_Row = tuple[str, int, str, str, int, int, int]  # path, id, kind, language, published_ms, stamp_ms, is_revision


@dataclass(frozen=True)
class Selection:
    """The documents to search. languages, kinds: empty for all. since_ms, until_ms: published at or after the one and before
    the other, milliseconds UTC, None for no limit. with_revisions: earlier versions too."""

    languages: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    since_ms: int | None = None
    until_ms: int | None = None
    with_revisions: bool = False


@dataclass(frozen=True)
class Hit:
    """A document that was found. id: DW's. path: relative to the archive. snippet: from `snippet.snippet`."""

    id: int
    kind: str
    language: str
    title: str
    published_ms: int
    stamp_ms: int
    path: str
    is_revision: bool
    snippet: list[Piece] = field(repr=False)


def search(
    db: sqlite3.Connection, root: Path, query: Query, selection: Selection, miss: Callable[[str], None],
    *, best: bool = False, skip: int = 0,
) -> Generator[Hit]:
    """Yield the documents that a query finds, newest first.

    best: those with the words most often, and in the title, come first instead. miss: called with the path of each missing or
    damaged document, which is left out. skip: this many are passed over unread. Raises sqlite3.DatabaseError if the index is
    damaged.
    """
    for row in islice(_best(db, query, selection) if best else _newest(db, query, selection), skip, None):
        path, dw_id, kind, language, published_ms, stamp_ms, is_revision = row
        try:
            document = seedfile.loads(read_file(root / path))
        except (OSError, SeedFormatError):
            miss(path)
            continue
        found = snippet(passages(document), query.wanted, language)
        title = line_of(document.title)
        yield Hit(dw_id, kind, language, title, published_ms, stamp_ms, path, bool(is_revision), found)


def count(db: sqlite3.Connection, query: Query, selection: Selection, most: int) -> int:
    """Return how many documents a query finds, counted up to `most`. Raises sqlite3.DatabaseError if the index is damaged."""
    sql, values = _statement(query, selection, "1")
    return int(db.execute(f"SELECT count(*) FROM ({sql} LIMIT ?)", [*values, most]).fetchone()[0])


def _newest(db: sqlite3.Connection, query: Query, selection: Selection) -> Iterator[_Row]:
    """Yield the rows found, newest first. FTS5 gives them in order of day, the last day first; this sorts within each day."""
    beyond: list[_Row] = []
    if (db.execute("SELECT max(row) FROM documents").fetchone()[0] or 0) >= BEYOND:
        beyond = [row for _, row in _rows(db, query, selection, BEYOND, 2**63 - 1)]
    first = 0 if selection.since_ms is None else day(selection.since_ms)
    last = _LAST_DAY if selection.until_ms is None else day(selection.until_ms)
    rows = _rows(db, query, selection, first * ROWS_A_DAY, (last + 1) * ROWS_A_DAY - 1)
    for today, group in groupby(rows, key=lambda found: found[0] // ROWS_A_DAY):
        of_today = [row for row in beyond if day(row[4]) >= today]
        beyond = [row for row in beyond if day(row[4]) < today]
        yield from sorted([*of_today, *(row for _, row in group)], key=_newest_first)
    yield from sorted(beyond, key=_newest_first)


def _rows(db: sqlite3.Connection, query: Query, selection: Selection, first: int, last: int) -> Iterator[tuple[int, _Row]]:
    """Yield (row of the index, its fields) of what was found between two rows, the last row first."""
    sql, values = _statement(query, selection, "documents.row")
    for row, *found in db.execute(f"{sql} AND words.rowid BETWEEN ? AND ? ORDER BY words.rowid DESC", [*values, first, last]):
        yield row, tuple(found)


def _newest_first(row: _Row) -> tuple[int, int, int, int, str]:
    path, dw_id, _, _, published_ms, stamp_ms, is_revision = row
    return -published_ms, -dw_id, is_revision, -stamp_ms, path


def _best(db: sqlite3.Connection, query: Query, selection: Selection) -> Iterator[_Row]:
    weights = ", ".join(str(_TITLE_WEIGHT if "title" in name else 1.0) for name in COLUMNS + GERMAN_COLUMNS)
    sql, values = _statement(query, selection, f"bm25(words, {weights})")
    found = sorted((round(score, 9), _newest_first(tuple(row)), row) for score, *row in db.execute(sql, values))
    for _, _, row in found:
        yield tuple(row)


def _statement(query: Query, selection: Selection, what: str) -> tuple[str, list[Any]]:
    """Return the SQL for a query, and its values. what: the first column, before those of a _Row."""
    where = ["words MATCH ?", "path IS NOT NULL"]
    values: list[Any] = [expression(query, COLUMNS, GERMAN_COLUMNS)]
    for name, wanted in (("language", selection.languages), ("kind", selection.kinds)):
        if wanted:
            where.append(f"{name} IN ({', '.join('?' * len(wanted))})")
            values += sorted(wanted)
    for comparison, moment_ms in ((">=", selection.since_ms), ("<", selection.until_ms)):
        if moment_ms is not None:
            where.append(f"published_ms {comparison} ?")
            values.append(moment_ms)
    if not selection.with_revisions:
        where.append("NOT is_revision")
    fields = "path, id, kind, language, published_ms, stamp_ms, is_revision"
    tables = "words CROSS JOIN documents ON documents.row = words.rowid"  # CROSS: FTS5 first, because it gives the order
    return f"SELECT {what}, {fields} FROM {tables} WHERE {' AND '.join(where)}", values
