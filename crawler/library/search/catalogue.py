"""Keep the catalogue of the search index: an entry for each document and revision, and the words of the indexed ones.

The table `documents` has the indexed texts, by the row of their words; `waiting` has those that a log names but that are not
indexed yet. Changes are applied in the order of the logs, so it does not matter how many are applied at a time.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from crawler import seedfile, times
from crawler.dw.passages import line_of, passages
from crawler.exceptions import SeedFormatError
from crawler.files import read_file
from crawler.library.search.logs import Change, Copy, Correction, Entry, Removal
from crawler.library.search.tokens import indexed
from crawler.seedfile import SeedDocument

GERMAN = "de"
COLUMNS, GERMAN_COLUMNS = ("text", "title"), ("german_text", "german_title")
"""German is folded differently, so its words have columns of their own. FTS5 saves two bytes a word in its first column."""

DAY_MS = 86_400_000
ROWS_A_DAY = 2**12
"""A document's row is the day of its publication times ROWS_A_DAY, plus a number; so rows are in order of day. FTS5 stores the
distances between rows, so a small number saves space. Further documents of a day get rows from BEYOND on."""

BEYOND = 2**40
"""Rows from here on are not in order. It lies after the rows of every day: the year 9999 is day 2,932,896."""

_COLUMNS = ", ".join(Entry._fields)

SCHEMA = f"""
CREATE TABLE documents (
    row INTEGER PRIMARY KEY,  -- of `words`
    path TEXT,                -- NULL: the archive no longer has this text, but FTS5 still has its words
    id INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    kind TEXT NOT NULL,
    language TEXT NOT NULL,
    published_ms INTEGER NOT NULL,
    stamp_ms INTEGER NOT NULL,
    is_revision INTEGER NOT NULL
);
CREATE INDEX ids ON documents (id);
CREATE TABLE waiting (        -- not indexed yet, missing, or not as the log says
    path TEXT PRIMARY KEY,
    id INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    kind TEXT NOT NULL,
    language TEXT NOT NULL,
    published_ms INTEGER,     -- NULL: to be read from the document
    stamp_ms INTEGER,
    is_revision INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX waiting_ids ON waiting (id);
CREATE VIRTUAL TABLE words USING fts5({", ".join(COLUMNS + GERMAN_COLUMNS)}, content='', tokenize='ascii');
"""

_MERGING = {"automerge": 4, "crisismerge": 16}
"""FTS5's own settings."""

_MOST_SEGMENTS = 256
"""From this number on, FTS5 merges segments in any case. It can hold 2,000."""


class _Known(NamedTuple):
    """An entry and its row; None if it is not indexed."""

    entry: Entry
    row: int | None


def take_over(db: sqlite3.Connection, change: Change) -> None:
    """Apply the change of a log line."""
    match change:
        case Entry():
            _put(db, change)
        case Copy():
            _put(db, _as_original(db, change))
        case Removal():
            if known := _find(db, change.path, change.id):
                _drop(db, known)
        case Correction():
            for known in _known(db, "id = ? AND path IS NOT NULL AND NOT is_revision", [change.id]):
                _replace(db, known, known.entry._replace(kind=change.kind, published_ms=change.published_ms))


def entry(db: sqlite3.Connection, path: str, dw_id: int) -> Entry | None:
    """Return the entry of a document or revision, whether it is indexed or waiting."""
    known = _find(db, path, dw_id)
    return known.entry if known else None


def _find(db: sqlite3.Connection, path: str, dw_id: int) -> _Known | None:
    return next(iter(_known(db, "id = ? AND path = ?", [dw_id, path])), None)


def _known(db: sqlite3.Connection, where: str, values: list[Any]) -> list[_Known]:
    found = []
    for table, row in (("documents", "row"), ("waiting", "NULL")):
        for *entry, its_row in db.execute(f"SELECT {_COLUMNS}, {row} FROM {table} WHERE {where}", values):
            found.append(_Known(Entry(*entry), its_row))
    return found


def _put(db: sqlite3.Connection, entry: Entry) -> None:
    known = _find(db, entry.path, entry.id)
    if known and known.entry.sha256 == entry.sha256:
        _replace(db, known, entry)
        return
    if known:
        _drop(db, known)
    _wait(db, entry)


def _wait(db: sqlite3.Connection, entry: Entry) -> None:
    db.execute(f"INSERT OR REPLACE INTO waiting ({_COLUMNS}) VALUES ({_places(entry)})", entry)


def _as_original(db: sqlite3.Connection, copy: Copy) -> Entry:
    """Return the entry of a revision, with the date and language that its text had as the document; its line lacks these."""
    original = _find(db, copy.of, copy.entry.id)
    if original is None or original.entry.sha256 != copy.entry.sha256:
        return copy.entry
    return copy.entry._replace(published_ms=original.entry.published_ms, language=original.entry.language)


def _replace(db: sqlite3.Connection, known: _Known, new: Entry) -> None:
    """Replace an entry by one with the same text, and keep its words. Times that the new one lacks are taken from the old one.

    If the words belong into another row or column, the text is indexed again.
    """
    old = known.entry
    new = new._replace(
        published_ms=old.published_ms if new.published_ms is None else new.published_ms,
        stamp_ms=old.stamp_ms if new.stamp_ms is None else new.stamp_ms,
    )
    if known.row is not None and _place(new) == _place(old):
        db.execute(f"UPDATE documents SET ({_COLUMNS}) = ({_places(new)}) WHERE row = ?", [*new, known.row])
        db.execute("DELETE FROM waiting WHERE path = ?", [new.path])
    else:
        db.execute("UPDATE documents SET path = NULL WHERE row = ?", [known.row])
        _wait(db, new)


def _place(entry: Entry) -> tuple[int, bool]:
    """Return what decides where the words of a text are stored: (day of publication, whether it is German)."""
    return _day(entry), entry.language == GERMAN


def _drop(db: sqlite3.Connection, known: _Known) -> None:
    """Forget an entry. A revision with the same text, if there is one, inherits its words."""
    if known.row is None:
        db.execute("DELETE FROM waiting WHERE path = ?", [known.entry.path])
        return
    sql = f"SELECT {_COLUMNS} FROM waiting WHERE id = ? AND sha256 = ? AND path <> ? AND is_revision"
    if heir := db.execute(sql, [known.entry.id, known.entry.sha256, known.entry.path]).fetchone():
        _replace(db, known, Entry(*heir))
    else:
        db.execute("UPDATE documents SET path = NULL WHERE row = ?", [known.row])


def _places(values: Iterable[Any]) -> str:
    return ", ".join("?" for _ in values)


# --- words -----------------------------------------------------------------------------------------------------------


def waiting(db: sqlite3.Connection) -> list[str]:
    """Return the paths of all waiting texts, in order of publication. In this order FTS5 need not write out its memory early,
    as it does for a row that is not after the last one."""
    return [path for (path,) in db.execute("SELECT path FROM waiting ORDER BY published_ms, path")]


def merge_segments(db: sqlite3.Connection, *, while_indexing: bool) -> None:
    """Choose whether FTS5 merges its segments again and again while texts are indexed, or not before `merge_all`.

    FTS5 collects a megabyte of words, which a processor can hold in its cache, and writes them as a segment.
    """
    wanted = _MERGING if while_indexing else {"automerge": 0, "crisismerge": _MOST_SEGMENTS}
    known = {**_MERGING, **dict(db.execute("SELECT k, v FROM words_config"))}
    changed = [(name, value) for name, value in wanted.items() if known[name] != value]
    db.executemany("INSERT INTO words (words, rank) VALUES (?, ?)", changed)


def merge_all(db: sqlite3.Connection) -> None:
    """Merge all segments of FTS5 into one, which saves space and time."""
    db.execute("INSERT INTO words (words) VALUES ('optimize')")


def index_waiting(db: sqlite3.Connection, root: Path, paths: Iterable[str]) -> int:
    """Index the waiting texts among these paths whose files are as the log says. Returns how many."""
    rows = _Rows(db)
    count = 0
    for path in paths:
        found = db.execute(f"SELECT {_COLUMNS} FROM waiting WHERE path = ?", [path]).fetchone()
        if found and (read := _read(root, Entry(*found))):
            _insert(db, rows.free(_day(read[0])), *read)
            count += 1
    return count


def _read(root: Path, entry: Entry) -> tuple[Entry, SeedDocument] | None:
    """Return the entry with all its times, and its document; None if the file is not as the log says."""
    try:
        data = read_file(f"{root}/{entry.path}")
        if hashlib.sha256(data).hexdigest() != entry.sha256:
            return None
        document = seedfile.loads(data)
    except (OSError, SeedFormatError):
        return None
    stamp_ms = document.stamp_ms if entry.stamp_ms is None else entry.stamp_ms
    published_ms = entry.published_ms
    if published_ms is None:
        published_ms = times.parse_ms(document.display_date)
    return entry._replace(published_ms=stamp_ms if published_ms is None else published_ms, stamp_ms=stamp_ms), document


def _insert(db: sqlite3.Connection, row: int, entry: Entry, document: SeedDocument) -> None:
    columns = ", ".join(GERMAN_COLUMNS if entry.language == GERMAN else COLUMNS)
    text = indexed("\n".join(passages(document)), entry.language)
    title = indexed(line_of(document.title), entry.language)
    db.execute(f"INSERT INTO words (rowid, {columns}) VALUES (?, ?, ?)", [row, text, title])
    db.execute(f"INSERT INTO documents (row, {_COLUMNS}) VALUES (?, {_places(entry)})", [row, *entry])
    db.execute("DELETE FROM waiting WHERE path = ?", [entry.path])


def _day(entry: Entry) -> int:
    return day(entry.published_ms or 0)


def day(moment_ms: int) -> int:
    """Return the day of a moment (milliseconds UTC), counted from 1970-01-01. Earlier moments count as that day."""
    return max(moment_ms, 0) // DAY_MS


class _Rows:
    """Hands out free rows: those of a day first, then those from BEYOND on."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._next: dict[int, int] = {}

    def free(self, day: int) -> int:
        first = day * ROWS_A_DAY
        row = self._take(first, first + ROWS_A_DAY)
        return row if row < first + ROWS_A_DAY else self._take(BEYOND, 2**63 - 1)

    def _take(self, first: int, end: int) -> int:
        """Return the row after the last used one, or `end` if none is left."""
        if first not in self._next:
            last = self._db.execute("SELECT max(row) FROM documents WHERE row >= ? AND row < ?", [first, end]).fetchone()[0]
            self._next[first] = first if last is None else last + 1
        row = self._next[first]
        self._next[first] = min(row + 1, end)
        return row
