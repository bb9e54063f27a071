"""The index: one row in SQLite for every registered object. A cache that can be rebuilt from the files and the run logs; it is
never ahead of the disk.

One connection writes. Its changes are committed from time to time; a crash loses only changes that are in the logs.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from crawler.dw import decoding
from crawler.exceptions import DiskError
from crawler.storage.index import objects
from crawler.storage.index.objects import (
    ALIAS,
    ARCHIVED,
    EVERYTHING,
    OUT_OF_SCOPE,
    PENDING,
    SCHEMA,
    SCHEMA_VERSION,
    Row,
    Scope,
)
from crawler.urls import PictureName

_COMMIT_EVERY = 500  # changes; a commit costs 20 to 50 microseconds with WAL and NORMAL

_COLUMNS = ", ".join(Row._fields)


def uri_of(path: Path) -> str:
    """Return the SQLite address of a file, also if its name is not UTF-8 or begins with two slashes."""
    return f"file://{quote(os.fsencode(path.absolute()))}"


class _Identity(NamedTuple):
    """Values that tell an index file from another one, or from itself after a change. is_still: it is not open for writing."""

    is_still: bool = True
    inode: int = 0
    size: int = 0
    mtime_ns: int = 0


def _identity(path: Path) -> _Identity:
    with contextlib.suppress(OSError):
        found = os.stat(path)
        is_still = not os.path.exists(f"{path}-wal")  # of the write-ahead log; a str, because this is called often
        return _Identity(is_still, found.st_ino, found.st_size, found.st_mtime_ns)
    return _Identity()


class Index:
    """The index of one archive. Raises sqlite3.DatabaseError if the file is damaged; the caller rebuilds it.

    When the index is open, the first failure of SQLite is raised as DiskError, kept as `failure` and passed to `on_failure`;
    from then on nothing is changed.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        """Open or create an index. read_only: no file is made or changed, neither the index nor those beside it."""
        self.path = path
        self._opened_as = _identity(path)
        uri = f"{uri_of(path)}?mode={'ro' if read_only else 'rwc'}"
        if read_only and self._opened_as.is_still:
            uri += "&immutable=1"  # SQLite makes no files beside it; without a write-ahead log the file is complete
        self._db = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
        self._changes = 0
        self.failure: DiskError | None = None
        self.on_failure: Callable[[DiskError], None] = lambda error: None
        try:
            if not read_only:
                self._db.execute("PRAGMA journal_mode = WAL")
                self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.execute("PRAGMA temp_store = MEMORY")
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
            if version == 0 and not read_only:
                self._db.executescript(f"BEGIN; {SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")
            elif version != SCHEMA_VERSION:
                raise sqlite3.DatabaseError(f"schema version {version}, not {SCHEMA_VERSION}")
            if not read_only:
                self._db.execute("BEGIN")
        except sqlite3.DatabaseError:
            self._db.close()
            raise

    def is_outdated(self) -> bool:
        """Whether another process has replaced the index since it was opened, or has begun to write to it."""
        now, then = _identity(self.path), self._opened_as
        return now != then if then.is_still else now.inode != then.inode

    def is_overwritten(self) -> bool:
        """Whether another process has changed the file since it was opened for reading alone: what was read may be mixed."""
        now, then = _identity(self.path), self._opened_as
        return then.is_still and now._replace(is_still=True) != then

    def check(self) -> None:
        """Raise sqlite3.DatabaseError if SQLite's own check finds damage."""
        found = self._db.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise sqlite3.DatabaseError(found)

    # --- statements, for the modules of this folder ---

    def select(self, sql: str, values: Iterable[Any] = ()) -> sqlite3.Cursor:
        """Run a SELECT. Raises DiskError."""
        return self._execute(sql, values)

    def change(self, sql: str, values: Iterable[Any] = ()) -> int:
        """Change rows, in a transaction that is committed from time to time. Returns how many. Raises DiskError."""
        if self.failure:
            raise self.failure  # SQLite may have rolled back earlier changes
        changed = self._execute(sql, values).rowcount
        self._changes += 1
        if self._changes >= _COMMIT_EVERY:
            self.commit()
        return changed

    def _execute(self, sql: str, values: Iterable[Any] = ()) -> sqlite3.Cursor:
        values = tuple(values)
        try:
            return self._db.execute(sql, values)
        except UnicodeEncodeError:  # half a surrogate pair, which SQLite cannot hold
            return self._execute(sql, (decoding.sound(value) if isinstance(value, str) else value for value in values))
        except sqlite3.DatabaseError as error:
            if type(error) not in (sqlite3.DatabaseError, sqlite3.OperationalError):
                raise  # a bug
            self.failure = DiskError(f"cannot write the index: {error} ({self.path})")
            self.on_failure(self.failure)
            raise self.failure from error

    def commit(self, *, durable: bool = False) -> None:
        """Commit the changes so far. Raises DiskError.

        durable: write them into the file itself, so that neither a power cut nor a lost write-ahead log can undo them.
        """
        if self.failure:
            raise self.failure
        self._execute("COMMIT")
        if durable:
            self._execute("PRAGMA wal_checkpoint(PASSIVE)")
        self._execute("BEGIN")
        self._changes = 0

    def close(self) -> None:
        """Commit and close the connection. Closing twice changes nothing."""
        try:
            with contextlib.suppress(sqlite3.ProgrammingError):  # closed already
                if self._db.in_transaction:
                    self._execute("ROLLBACK" if self.failure else "COMMIT")
        finally:
            self._db.close()

    # --- writing ---

    def set_alias(self, dw_id: int, target: int) -> None:
        self.change("INSERT INTO objects (id, rendition, kind, state, target) VALUES (?, '', 'article', ?, ?)"
                     " ON CONFLICT DO UPDATE SET state = excluded.state, target = excluded.target, due = 0"
                     " WHERE path IS NULL", [dw_id, ALIAS, target])  # fmt: skip

    def register(
        self, ids: Iterable[int], hop: int, kind: str = "article", language: str | None = None, *, scope: Scope = EVERYTHING
    ) -> list[Row]:
        """Register documents at a distance from the seeds. New ones become pending, or out of scope if they are beyond the hop
        limit or of an unwanted kind. Returns the archived ones that are nearer than known; their references are nearer too.
        """
        nearer = []
        reason = "hop limit" if hop > scope.farthest else "" if kind in scope.kinds else "kind"
        state, due = (OUT_OF_SCOPE, 0) if reason else (PENDING, 1)
        for dw_id in ids:
            if self.change("INSERT OR IGNORE INTO objects (id, rendition, kind, state, reason, language, hop, due)"
                            " VALUES (?, '', ?, ?, ?, ?, ?, ?)",
                            [dw_id, kind, state, reason, language, hop, due]):  # fmt: skip
                continue
            row = self.resolve(dw_id)
            if row is None or hop >= row.hop:
                continue
            came_into_scope = row.state == OUT_OF_SCOPE and due and row.kind in scope.kinds
            self.change("UPDATE objects SET hop = ?, state = ?, reason = ?, due = ? WHERE id = ? AND rendition = ''",
                         [hop, PENDING if came_into_scope else row.state, "" if came_into_scope else row.reason,
                          1 if came_into_scope else row.due, row.id])  # fmt: skip
            if row.path:
                nearer.append(row)
        return nearer

    def claim_picture(self, name: PictureName, url: str) -> tuple[Row, bool]:
        """Register a picture and claim it for this run; one statement if it is new, as nearly all are.

        Returns (row, is_claimed): the row as it was before, and whether the picture is to be fetched now.
        """
        rendition = objects.rendition_key(name.rendition, name.file_name)
        if self.change("INSERT OR IGNORE INTO objects (id, rendition, kind, state, url) VALUES (?, ?, 'picture', ?, ?)",
                        [name.id, rendition, PENDING, url]):  # fmt: skip
            return Row(name.id, rendition, "picture", PENDING, url=url), True
        row = self.get(name.id, rendition)
        assert row is not None
        return row, bool(row.due) and self.claim(name.id, rendition)

    def register_picture(self, dw_id: int, rendition: str, url: str) -> None:
        """Register a picture. A known one stays as it is."""
        self.change("INSERT OR IGNORE INTO objects (id, rendition, kind, state, url, due) VALUES (?, ?, 'picture', ?, ?, 1)",
                     [dw_id, objects.rendition_key(rendition, url), PENDING, url])  # fmt: skip

    def register_media(self, dw_id: int, url: str) -> Row:
        """Register the media file of a document and return its row. One that is not archived gets the new address."""
        self.change("INSERT INTO objects (id, rendition, kind, state, url, due) VALUES (?, 'media', 'media', ?, ?, 1)"
                     " ON CONFLICT DO UPDATE SET url = excluded.url WHERE path IS NULL", [dw_id, PENDING, url])  # fmt: skip
        row = self.get(dw_id, "media")
        assert row is not None
        return row

    def set_checked(self, dw_id: int, now_ms: int, etag: str, last_modified: str) -> None:
        """Note that an archived document was requested again and is unchanged."""
        self.change("UPDATE objects SET checked_ms = ?, etag = ?, last_modified = ?, misses = 0, missed_ms = NULL,"
                     " next_ms = NULL, reason = '', state = ?, due = 0 WHERE id = ? AND rendition = ''",
                     [now_ms, etag, last_modified, ARCHIVED, dw_id])  # fmt: skip

    def set_unchecked(self, dw_id: int) -> None:
        """Mark an archived document to be compared with DW in the next run, whatever its age."""
        self.change("UPDATE objects SET checked_ms = 0 WHERE id = ? AND rendition = '' AND path IS NOT NULL", [dw_id])

    def set_due(self, dw_id: int, rendition: str = "") -> None:
        self.change("UPDATE objects SET due = 1 WHERE id = ? AND rendition = ?", [dw_id, rendition])

    def claim(self, dw_id: int, rendition: str = "") -> bool:
        """Claim an object for this run. Returns True once, then False until it is due again."""
        return self.change("UPDATE objects SET due = 0 WHERE id = ? AND rendition = ? AND due = 1", [dw_id, rendition]) == 1

    # --- reading ---

    def _rows(self, where: str, values: Iterable[Any] = ()) -> Iterator[Row]:
        if self.failure:
            raise self.failure  # SQLite may have rolled back changes
        for found in self.select(f"SELECT {_COLUMNS} FROM objects WHERE {where}", tuple(values)):
            yield Row._make(found)

    def get(self, dw_id: int, rendition: str = "") -> Row | None:
        return next(self._rows("id = ? AND rendition = ?", [dw_id, rendition]), None)

    def resolve(self, dw_id: int) -> Row | None:
        """Return the row of a document, following at most four aliases; None if it is unknown."""
        row = self.get(dw_id)
        for _ in range(4):
            if row is None or row.state != ALIAS or row.target is None:
                break
            row = self.get(row.target)
        return row

    def next_document(self) -> Row | None:
        """Return the next document to request: nearest to the seeds first, then newest; None if none is due."""
        return next(self._rows("due = 1 AND rendition = '' ORDER BY hop, id DESC LIMIT 1"), None)

    def due_pictures(self, limit: int) -> list[Row]:
        return list(self._rows("due = 1 AND rendition <> '' AND rendition <> 'media' ORDER BY id LIMIT ?", [limit]))

    def archived_pictures(self, dw_id: int) -> list[PictureName]:
        """Return the renditions of a picture that the archive has."""
        return [row.picture for row in self._rows("id = ? AND kind = 'picture' AND path IS NOT NULL", [dw_id])]

    def next_media(self) -> Row | None:
        """Return the next media file to fetch, newest first; None if none is due."""
        where = "due = 1 AND rendition <> '' AND rendition = 'media' ORDER BY id DESC LIMIT 1"
        return next(self._rows(where), None)

    def without_media(self, after: int, limit: int) -> list[Row]:
        """Return archived videos and audio whose media file is not registered, with an id above `after`, in order of id."""
        where = ("rendition = '' AND kind IN ('video', 'audio') AND path IS NOT NULL AND id > ? AND NOT EXISTS (SELECT 1"
                 " FROM objects m WHERE m.id = objects.id AND m.rendition = 'media') ORDER BY id LIMIT ?")  # fmt: skip
        return list(self._rows(where, [after, limit]))

    def due(self) -> Iterator[Row]:
        """Yield everything to request in this run, documents first."""
        yield from self._rows("due = 1 AND rendition = '' ORDER BY hop, id DESC")
        yield from self._rows("due = 1 AND rendition <> '' ORDER BY id")

    def count_due(self) -> tuple[int, int]:
        """Return how many documents are due, and how many pictures and media files."""
        documents, others = (self.select(f"SELECT count(*) FROM objects WHERE due = 1 AND {which}").fetchone()[0]
                             for which in ("rendition = ''", "rendition <> ''"))  # fmt: skip
        return documents, others  # two queries, because each partial index has only a part of what is due

    def count(self, state: str, kinds: Iterable[str]) -> int:
        """Return the number of objects of some kinds in a state."""
        sql = "SELECT count(*) FROM objects WHERE kind = ? AND state = ?"
        return sum(self.select(sql, [kind, state]).fetchone()[0] for kind in kinds)

    def counts(self) -> dict[tuple[str, str], int]:
        """Return the number of objects by (kind, state). A rendition that DW does not have is left out if another stands in."""
        stands_in = "EXISTS (SELECT 1 FROM objects s WHERE s.id = o.id AND s.kind = 'picture' AND s.state = 'archived')"
        is_missed = f"kind = 'picture' AND state IN ('{objects.MISSING}', '{objects.GONE}') AND {stands_in}"
        sql = f"SELECT kind, state, count(*) FROM objects o WHERE NOT ({is_missed}) GROUP BY kind, state"
        return {(kind, state): n for kind, state, n in self.select(sql)}

    def documents(self) -> Iterator[Row]:
        """Yield archived documents in order of id, a few in memory at a time. Rows may be changed meanwhile."""
        dw_id = 0
        where = "rendition = '' AND path IS NOT NULL AND id > ? ORDER BY id LIMIT 500"
        while rows := list(self._rows(where, [dw_id])):
            yield from rows
            dw_id = rows[-1].id

    def file(self, path: str) -> tuple[str, int] | None:
        """Return (sha256, bytes) of a stored file, sha256 hexadecimal; None if the index does not have it."""
        found = self.select("SELECT sha256, bytes FROM files WHERE path = ?", [path]).fetchone()
        return (found[0], found[1]) if found else None

    # --- bookkeeping ---

    def log_position(self, name: str) -> int:
        """Return how many bytes of a log are in the index."""
        found = self.select("SELECT bytes FROM logs WHERE name = ?", [name]).fetchone()
        return int(found[0]) if found else 0

    def set_log_position(self, name: str, position: int) -> None:
        self.change("INSERT INTO logs VALUES (?, ?) ON CONFLICT DO UPDATE SET bytes = excluded.bytes", [name, position])

    def meta(self, key: str) -> str | None:
        found = self.select("SELECT value FROM meta WHERE key = ?", [key]).fetchone()
        return str(found[0]) if found else None

    def set_meta(self, key: str, value: str) -> None:
        self.change("INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", [key, value])

    def unclean_since(self) -> str | None:
        """Return the start of the last run if it did not end cleanly, '' if it did; None while the index is being built."""
        return self.meta("unclean since")

    def set_unclean_since(self, run: str) -> None:
        """Note the name of a run that begins, or '' when it ends cleanly."""
        self.set_meta("unclean since", run)
