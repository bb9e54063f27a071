"""The index: one row for every object the archive has heard of, in SQLite. A cache that can be made again from the files
and the run logs (`archive`); it is never ahead of the disk.

One connection writes. Changes gather in a transaction that is committed every so often: what is lost with it is in the logs.
"""

from __future__ import annotations

import contextlib
import functools
import sqlite3
import sys
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from crawler import layout, normalise, refresh
from crawler.exceptions import DiskError
from crawler.urls import DOCUMENT_KINDS, PictureName

SCHEMA_VERSION = 1
_COMMIT_EVERY = 500  # changes; a commit costs some 20 to 50 microseconds with WAL and NORMAL

PENDING, ARCHIVED, MISSING, GONE = "pending", "archived", "missing", "gone"
UNREADABLE, REFUSED, OUT_OF_SCOPE, ALIAS = "unreadable", "refused", "out of scope", "alias"
STATES = (PENDING, ARCHIVED, MISSING, GONE, UNREADABLE, REFUSED, OUT_OF_SCOPE, ALIAS)

NO_LIMIT = 2**31

_SCHEMA = """
CREATE TABLE objects (
    number INTEGER NOT NULL,         -- DW's id
    format TEXT NOT NULL,            -- '' for documents; a picture's rendition, e.g. '303'; 'media' for a media file
    kind TEXT NOT NULL,              -- article, gallery, video, audio, liveblog, picture, media
    state TEXT NOT NULL,
    reason TEXT NOT NULL DEFAULT '',
    language TEXT,
    hop INTEGER NOT NULL DEFAULT 0,
    path TEXT,                       -- where it lies; NULL while it is not archived
    home TEXT,                       -- where it lay before it was set aside as damaged, and is to lie again
    url TEXT,
    published_ms INTEGER,            -- displayDate, else the stamp
    stamp_ms INTEGER,                -- of the archived document
    checked_ms INTEGER,              -- last look at DW; 0: a seed document not yet compared with DW
    missed_ms INTEGER,               -- first miss of the current row of misses
    misses INTEGER NOT NULL DEFAULT 0,
    next_ms INTEGER,                 -- not before this; for what is missing, gone, unreadable or refused
    etag TEXT NOT NULL DEFAULT '',
    last_modified TEXT NOT NULL DEFAULT '',
    source TEXT NOT NULL DEFAULT '', -- where the archived document was read from
    target INTEGER,                  -- of an alias
    due INTEGER NOT NULL DEFAULT 0,  -- 1: to be requested in this run
    PRIMARY KEY (number, format)
) WITHOUT ROWID;
CREATE INDEX due_documents ON objects (hop, number DESC) WHERE due = 1 AND format = '';
CREATE INDEX due_pictures ON objects (number) WHERE due = 1 AND format <> '';
CREATE INDEX unfinished ON objects (state) WHERE state <> 'archived';
CREATE INDEX published ON objects (published_ms) WHERE format = '' AND state = 'archived';
CREATE INDEX kinds ON objects (kind, state);
CREATE INDEX missed ON objects (next_ms) WHERE misses > 0;
CREATE INDEX unchecked ON objects (checked_ms) WHERE checked_ms = 0;
CREATE TABLE files (
    path TEXT PRIMARY KEY,
    sha256 TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    run TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE listings (
    name TEXT PRIMARY KEY,           -- an address, or a day of a search window
    etag TEXT NOT NULL DEFAULT '',
    last_modified TEXT NOT NULL DEFAULT '',
    page INTEGER NOT NULL DEFAULT 0, -- the last one read
    total INTEGER,                   -- how many DW says there are
    done INTEGER NOT NULL DEFAULT 0  -- 1: read to its end, and it can grow no more
) WITHOUT ROWID;
CREATE TABLE listed (name TEXT NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (name, number)) WITHOUT ROWID;
CREATE TABLE logs (name TEXT PRIMARY KEY, bytes INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""


@functools.cache
def _archiving(names: tuple[str, ...], kept: frozenset[str]) -> str:
    """The SQL that archives an object. kept: columns that stay as they are where it is known."""
    updates = ", ".join(f"{name} = excluded.{name}" for name in names if name not in kept | {"number", "format", "hop"})
    if "hop" in names:
        updates += ", hop = min(hop, excluded.hop)"
    return (f"INSERT INTO objects ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
            f" ON CONFLICT DO UPDATE SET {updates}")  # fmt: skip


class Row(NamedTuple):
    """What the index knows of an object; the columns are explained in the schema above."""

    number: int
    format: str
    kind: str
    state: str
    reason: str = ""
    language: str | None = None
    hop: int = 0
    path: str | None = None
    home: str | None = None
    url: str | None = None
    published_ms: int | None = None
    stamp_ms: int | None = None
    checked_ms: int | None = None
    missed_ms: int | None = None
    misses: int = 0
    next_ms: int | None = None
    etag: str = ""
    last_modified: str = ""
    source: str = ""
    target: int | None = None
    due: int = 0

    @property
    def picture(self) -> PictureName:
        """The identity of a picture. Raises ValueError for anything else."""
        name = layout.picture_of(self.path) if self.path else None
        if name is None and self.url:
            stem, _, extension = self.url.rpartition("/")[2].rpartition(".")
            number, _, form = stem.partition("_")
            name = PictureName(int(number), form, extension)
        if name is None:
            raise ValueError(f"{self.kind} {self.number} is no picture")
        return name


# The planner uses the index `unfinished` only where a condition says literally what that index says.
_OPEN = "state <> 'archived' AND"
_COLUMNS = ", ".join(Row._fields)


class Index:
    """The index of one archive. Raises sqlite3.DatabaseError where the file is damaged: the caller makes it again.

    Once it is open, what SQLite cannot do is a DiskError: kept as `failure`, told to `on_failure`, and from then on nothing
    is changed any more.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = path
        uri = f"file:{quote(str(path))}?mode={'ro' if read_only else 'rwc'}"
        self._db = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
        self._changes = 0
        self.failure: DiskError | None = None
        self.on_failure: Callable[[DiskError], None] = lambda error: None
        self.depth = NO_LIMIT
        self.kinds: frozenset[str] = frozenset(DOCUMENT_KINDS)
        try:
            if not read_only:
                self._db.execute("PRAGMA journal_mode = WAL")
                self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.execute("PRAGMA temp_store = MEMORY")
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
            if version == 0 and not read_only:
                self._db.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")
            elif version != SCHEMA_VERSION:
                raise sqlite3.DatabaseError(f"schema version {version}, not {SCHEMA_VERSION}")
            if not read_only:
                self._db.execute("BEGIN")
        except sqlite3.DatabaseError:
            self._db.close()
            raise

    def check(self) -> None:
        """Raise sqlite3.DatabaseError where SQLite itself finds damage."""
        found = self._db.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise sqlite3.DatabaseError(found)

    # --- writing ---

    def _execute(self, sql: str, values: Iterable[Any] = ()) -> sqlite3.Cursor:
        try:
            return self._db.execute(sql, tuple(values))
        except sqlite3.DatabaseError as error:
            if type(error) not in (sqlite3.DatabaseError, sqlite3.OperationalError):
                raise  # a mistake of ours
            self.failure = DiskError(f"the disk refused the index: {error} ({self.path})")
            self.on_failure(self.failure)
            raise self.failure from error

    def commit(self, *, durable: bool = False) -> None:
        """durable: into the file itself, so that neither a power cut nor a lost write-ahead log takes it back."""
        if self.failure:
            raise self.failure
        if self._changes < 0:
            return  # inside `undone`
        self._execute("COMMIT")
        if durable:
            self._execute("PRAGMA wal_checkpoint(PASSIVE)")
        self._execute("BEGIN")
        self._changes = 0

    def close(self) -> None:
        try:
            if self._db.in_transaction:
                self._execute("ROLLBACK" if self.failure else "COMMIT")
        finally:
            self._db.close()

    def _change(self, sql: str, values: Iterable[Any] = ()) -> int:
        if self.failure:
            raise self.failure  # SQLite may have taken back what came before
        changed = self._execute(sql, values).rowcount
        self._changes += 1
        if self._changes >= _COMMIT_EVERY:
            self.commit()
        return changed

    @contextlib.contextmanager
    def undone(self) -> Iterator[None]:
        """What is changed inside is seen inside and taken back after it."""
        self.commit()
        self._changes = -sys.maxsize
        try:
            yield
        finally:
            self._execute("ROLLBACK")
            self._execute("BEGIN")
            self._changes = 0

    def apply(self, record: dict[str, Any], run: str) -> None:
        """Take over what a log line says: a file that is on disk, or a state. Doing it twice changes nothing."""
        if "path" in record and "sha256" in record:
            self._apply_file(record, run)
        elif record.get("state") == "removed":
            self._apply_removed(record)
        elif "state" in record:
            self._apply_state(record)

    def _apply_removed(self, record: dict[str, Any]) -> None:
        path = record["path"]
        self._change("DELETE FROM files WHERE path = ?", [path])
        number = layout.number_of(path)
        self._change("UPDATE objects SET state = ?, home = path, path = NULL, reason = ?, due = 1"
                     " WHERE number = ? AND path = ?", [PENDING, record.get("reason", ""), number, path])  # fmt: skip
        if layout.is_reply(path) and number:
            self.set_unchecked(number)

    def _apply_file(self, record: dict[str, Any], run: str) -> None:
        path = record["path"]
        self._change(
            "INSERT INTO files VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET sha256 = excluded.sha256,"
            " bytes = excluded.bytes, run = excluded.run",
            [path, record["sha256"], record["bytes"], run],
        )
        time_ms = normalise.time_ms(record.get("time", "")) or 0
        if picture := layout.picture_of(path):
            self._archive(picture.number, picture.format, record, {"kind": "picture", "checked_ms": time_ms or None})
        elif path.startswith("media/"):
            self._archive(record["id"], "media", record, {"kind": "media", "checked_ms": time_ms or None})
        elif layout.is_document(path):
            stamp_ms = record.get("stamp_ms")
            values = {
                "kind": record["kind"],
                "language": record.get("language"),
                "stamp_ms": stamp_ms,
                "published_ms": record.get("published_ms", stamp_ms),
                "hop": record.get("hop", 0),
                "source": record.get("source", ""),
                "etag": record.get("etag", ""),
                "last_modified": record.get("last_modified", ""),
                # a seed document is compared with DW once; one taken in by `scrapy add` is not asked for
                # and one read again was not looked at again
                "checked_ms": None
                if record.get("reread")
                else {"seed": 0, "adopted": 0, "add": None}.get(record.get("source", ""), time_ms),
            }
            self._archive(record["id"], "", record, values)
            requested = record.get("requested", record["id"])
            if requested != record["id"]:
                self.set_alias(requested, record["id"])
        elif layout.is_reply(path):
            # an adopted reply may be newer than its document: to be compared again
            is_checked = not record.get("adopted")
            self._change("UPDATE objects SET checked_ms = max(coalesce(checked_ms, 0), ?) * ?, etag = ?, last_modified = ?,"
                         " source = ?, misses = 0, missed_ms = NULL WHERE number = ? AND format = '' AND path IS NOT NULL",
                         [time_ms, is_checked, record.get("etag", ""), record.get("last_modified", ""),
                          record.get("source", "api"), record["id"]])  # fmt: skip

    def _archive(self, number: int, form: str, record: dict[str, Any], values: dict[str, Any]) -> None:
        values = {**values, "number": number, "format": form, "state": ARCHIVED, "reason": "", "path": record["path"],
                  "url": record.get("url"), "misses": 0, "missed_ms": None, "next_ms": None, "target": None,
                  "due": 0}  # fmt: skip
        kept = frozenset(name for name in ("language", "checked_ms") if values.get(name) is None)
        self._change(_archiving(tuple(values), kept), values.values())

    def _apply_state(self, record: dict[str, Any]) -> None:
        number, form = record["id"], record.get("format", "")
        if record["state"] == ALIAS:
            self.set_alias(number, record["target"])
            return
        if record["state"] == PENDING:
            if record["kind"] == "picture":
                self.add_picture(number, form, record["url"])
            elif record["kind"] == "media":
                self.add_media(number, record["url"])
            else:
                self.register([number], record.get("hop", 0), record["kind"], record.get("language"))
            return
        self._change(
            "INSERT INTO objects (number, format, kind, state, reason, url, missed_ms, misses, next_ms, hop, language)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
            # what is on disk stays archived while DW merely misses it
            " state = CASE WHEN path IS NOT NULL AND excluded.state = 'missing' THEN state ELSE excluded.state END,"
            " kind = CASE WHEN path IS NULL THEN excluded.kind ELSE kind END,"  # it may turn out to be a video
            " reason = excluded.reason, missed_ms = excluded.missed_ms, misses = excluded.misses,"
            " next_ms = excluded.next_ms, due = 0",
            [number, form, record["kind"], record["state"], record.get("reason", ""), record.get("url"),
             record.get("missed_ms"), record.get("misses", 0), record.get("next_ms"), record.get("hop", 0),
             record.get("language")],
        )  # fmt: skip

    def set_alias(self, number: int, target: int) -> None:
        self._change("INSERT INTO objects (number, format, kind, state, target) VALUES (?, '', 'article', ?, ?)"
                     " ON CONFLICT DO UPDATE SET state = excluded.state, target = excluded.target, due = 0"
                     " WHERE path IS NULL", [number, ALIAS, target])  # fmt: skip

    def register(self, numbers: Iterable[int], hop: int, kind: str = "article", language: str | None = None) -> list[Row]:
        """Hear of documents at a distance from the seeds. What was never heard of becomes pending, or out of scope: beyond
        the hop limit, or of a kind that is not wanted. Returns the archived ones that turned out nearer than known: their
        references are nearer too."""
        nearer = []
        reason = "hop limit" if hop > self.depth else "" if kind in self.kinds else "kind"
        state, due = (OUT_OF_SCOPE, 0) if reason else (PENDING, 1)
        for number in numbers:
            if self._change("INSERT OR IGNORE INTO objects (number, format, kind, state, reason, language, hop, due)"
                            " VALUES (?, '', ?, ?, ?, ?, ?, ?)",
                            [number, kind, state, reason, language, hop, due]):  # fmt: skip
                continue
            row = self.resolve(number)
            if row is None or hop >= row.hop:
                continue
            came_into_scope = row.state == OUT_OF_SCOPE and due and row.kind in self.kinds
            self._change("UPDATE objects SET hop = ?, state = ?, reason = ?, due = ? WHERE number = ? AND format = ''",
                         [hop, PENDING if came_into_scope else row.state, "" if came_into_scope else row.reason,
                          1 if came_into_scope else row.due, row.number])  # fmt: skip
            if row.path:
                nearer.append(row)
        return nearer

    def claim_picture(self, name: PictureName, url: str) -> tuple[Row, bool]:
        """Hear of a picture and take it for this run, in one statement where it is new, as nearly all are.
        Returns the row it had before, and whether it is to be fetched now."""
        if self._change("INSERT OR IGNORE INTO objects (number, format, kind, state, url) VALUES (?, ?, 'picture', ?, ?)",
                        [name.number, name.format, PENDING, url]):  # fmt: skip
            return Row(name.number, name.format, "picture", PENDING, url=url), True
        row = self.get(name.number, name.format)
        assert row is not None
        return row, bool(row.due) and self.claim(name.number, name.format)

    def add_picture(self, number: int, form: str, url: str) -> None:
        """Hear of a picture."""
        self._change("INSERT OR IGNORE INTO objects (number, format, kind, state, url, due) VALUES (?, ?, 'picture', ?, ?, 1)",
                     [number, form, PENDING, url])  # fmt: skip

    def add_media(self, number: int, url: str) -> Row:
        """Hear of the media file of a document; the row it has then. One that is not archived is taken from the address that
        was heard of last."""
        self._change("INSERT INTO objects (number, format, kind, state, url, due) VALUES (?, 'media', 'media', ?, ?, 1)"
                     " ON CONFLICT DO UPDATE SET url = excluded.url WHERE path IS NULL", [number, PENDING, url])  # fmt: skip
        row = self.get(number, "media")
        assert row is not None
        return row

    def set_checked(self, number: int, now_ms: int, etag: str, last_modified: str) -> None:
        """An archived document was looked at and is as it was."""
        self._change("UPDATE objects SET checked_ms = ?, etag = ?, last_modified = ?, misses = 0, missed_ms = NULL,"
                     " next_ms = NULL, reason = '', state = ?, due = 0 WHERE number = ? AND format = ''",
                     [now_ms, etag, last_modified, ARCHIVED, number])  # fmt: skip

    def set_unchecked(self, number: int) -> None:
        """Have an archived document compared with DW in the next run, whatever its age."""
        self._change("UPDATE objects SET checked_ms = 0 WHERE number = ? AND format = '' AND path IS NOT NULL", [number])

    def set_due(self, number: int, form: str = "") -> None:
        self._change("UPDATE objects SET due = 1 WHERE number = ? AND format = ?", [number, form])

    def begin_run(
        self, now_ms: int, depth: int, rules: refresh.Rules, refresh_what: str = "", kinds: Collection[str] = DOCUMENT_KINDS,
        *, media: bool = False,
    ) -> None:  # fmt: skip
        """Mark what this run is to request: what is pending within the hop limit, what may be tried again, and what is
        archived and to be looked at again. depth: negative for no limit. refresh_what: empty for the rules, `all`,
        `none`, or ids separated by commas. kinds: those that are wanted. media: whether media files are."""
        self.depth = NO_LIMIT if depth < 0 else depth
        self.kinds = frozenset(kinds)
        change = self._execute
        unwanted = [kind for kind in DOCUMENT_KINDS if kind not in self.kinds]
        change(f"UPDATE objects SET state = ?, reason = '' WHERE {_OPEN} state = ? AND reason = 'kind' AND kind NOT IN"
               f" ({', '.join('?' * len(unwanted))})", [PENDING, OUT_OF_SCOPE, *unwanted])  # fmt: skip
        change(f"UPDATE objects SET state = ?, reason = 'kind' WHERE {_OPEN} state = ? AND format = '' AND kind IN"
               f" ({', '.join('?' * len(unwanted))})", [OUT_OF_SCOPE, PENDING, *unwanted])  # fmt: skip
        change("UPDATE objects SET due = 0 WHERE due = 1 AND format = ''")
        change("UPDATE objects SET due = 0 WHERE due = 1 AND format <> ''")
        change(f"UPDATE objects SET state = ?, reason = '' WHERE {_OPEN} state = ? AND reason = 'hop limit' AND hop <= ?",
               [PENDING, OUT_OF_SCOPE, self.depth])  # fmt: skip
        change(f"UPDATE objects SET state = ?, reason = 'hop limit' WHERE {_OPEN} state = ? AND format = '' AND hop > ?",
               [OUT_OF_SCOPE, PENDING, self.depth])  # fmt: skip
        change(f"UPDATE objects SET due = 1 WHERE {_OPEN} state = ?", [PENDING])
        change(f"UPDATE objects SET due = 1 WHERE {_OPEN} state IN (?, ?, ?, ?) AND coalesce(next_ms, 0) <= ? AND hop <= ?",
               [MISSING, GONE, UNREADABLE, REFUSED, now_ms, self.depth])  # fmt: skip
        change("UPDATE objects SET due = 1 WHERE checked_ms = 0 AND state = ? AND coalesce(next_ms, 0) <= ?",
               [ARCHIVED, now_ms])  # fmt: skip
        if refresh_what == "all":
            change("UPDATE objects SET due = 1 WHERE format = '' AND state = ?", [ARCHIVED])
        elif refresh_what and refresh_what != "none":
            numbers = [(int(number),) for number in refresh_what.split(",") if number.strip()]
            for number in numbers:
                change("UPDATE objects SET due = 1 WHERE number = ? AND format = ''", number)
        elif not refresh_what:
            oldest = now_ms - max((age for age, _ in rules), default=0) * refresh.DAY_MS
            rows = change("SELECT number, published_ms, checked_ms FROM objects WHERE format = ''"
                          " AND state = 'archived' AND published_ms > ?", [oldest])  # fmt: skip
            due = [(n,) for n, published, checked in rows if refresh.is_due(published, checked or 0, now_ms, rules)]
            for number in due:
                change("UPDATE objects SET due = 1 WHERE number = ? AND format = ''", number)
            # what DW did not have at the last look is asked for until it is back or gone
            change("UPDATE objects SET due = 1 WHERE misses > 0 AND next_ms <= ? AND state = ?", [now_ms, ARCHIVED])
        if not media:
            change("UPDATE objects SET due = 0 WHERE due = 1 AND format <> '' AND format = 'media'")
        self.commit()

    def claim(self, number: int, form: str = "") -> bool:
        """Take an object for this run: True once, then False until it is due again."""
        return self._change("UPDATE objects SET due = 0 WHERE number = ? AND format = ? AND due = 1", [number, form]) == 1

    # --- reading ---

    def _rows(self, where: str, values: Iterable[Any] = ()) -> Iterator[Row]:
        if self.failure:
            raise self.failure  # what is read now may have been taken back
        for found in self._execute(f"SELECT {_COLUMNS} FROM objects WHERE {where}", tuple(values)):
            yield Row._make(found)

    def get(self, number: int, form: str = "") -> Row | None:
        return next(self._rows("number = ? AND format = ?", [number, form]), None)

    def resolve(self, number: int) -> Row | None:
        """The row of a document, through at most a few aliases."""
        row = self.get(number)
        for _ in range(4):
            if row is None or row.state != ALIAS or row.target is None:
                break
            row = self.get(row.target)
        return row

    def next_document(self) -> Row | None:
        """The next document to request: nearest to the seeds first, then newest."""
        return next(self._rows("due = 1 AND format = '' ORDER BY hop, number DESC LIMIT 1"), None)

    def due_pictures(self, limit: int) -> list[Row]:
        return list(self._rows("due = 1 AND format <> '' AND format <> 'media' ORDER BY number LIMIT ?", [limit]))

    def next_media(self) -> Row | None:
        """The next media file to fetch, newest first."""
        where = "due = 1 AND format <> '' AND format = 'media' ORDER BY number DESC LIMIT 1"
        return next(self._rows(where), None)

    def without_media(self, after: int, limit: int) -> list[Row]:
        """Archived videos and audio whose media file was never heard of, those with a number above `after`, in order."""
        where = ("format = '' AND kind IN ('video', 'audio') AND path IS NOT NULL AND number > ? AND NOT EXISTS (SELECT 1"
                 " FROM objects m WHERE m.number = objects.number AND m.format = 'media') ORDER BY number LIMIT ?")  # fmt: skip
        return list(self._rows(where, [after, limit]))

    def due(self) -> Iterator[Row]:
        """Everything to request in this run, documents first."""
        yield from self._rows("due = 1 AND format = '' ORDER BY hop, number DESC")
        yield from self._rows("due = 1 AND format <> '' ORDER BY number")

    def count_due(self) -> int:
        counted = (self._execute(f"SELECT count(*) FROM objects WHERE due = 1 AND {which}").fetchone()[0]
                   for which in ("format = ''", "format <> ''"))  # fmt: skip
        return sum(counted)  # in two: neither index alone has all that is due

    def count(self, state: str, kinds: Iterable[str]) -> int:
        """Number of objects of some kinds in a state."""
        sql = "SELECT count(*) FROM objects WHERE kind = ? AND state = ?"
        return sum(self._execute(sql, [kind, state]).fetchone()[0] for kind in kinds)

    def counts(self) -> dict[tuple[str, str], int]:
        """Number of objects by (kind, state)."""
        return {(kind, state): n for kind, state, n in
                self._execute("SELECT kind, state, count(*) FROM objects GROUP BY kind, state")}  # fmt: skip

    def query(self, sql: str, values: Iterable[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """Read with SQL of one's own: for the commands that report."""
        yield from self._execute(sql, tuple(values))

    def documents(self, since_ms: int = 0, language: str | None = None) -> Iterator[Row]:
        """Archived documents in order of stamp."""
        where = "format = '' AND path IS NOT NULL AND coalesce(stamp_ms, 0) >= ?"
        values: list[Any] = [since_ms]
        if language:
            where, values = where + " AND language = ?", [*values, language]
        yield from self._rows(where + " ORDER BY stamp_ms, number", values)

    def file(self, path: str) -> tuple[str, int] | None:
        """sha256 (hexadecimal) and size of a stored file."""
        found = self._execute("SELECT sha256, bytes FROM files WHERE path = ?", [path]).fetchone()
        return (found[0], found[1]) if found else None

    # --- listings: a cache even within the cache, losing it only makes them be read again ---

    def listing_validators(self, url: str) -> tuple[str, str]:
        """ETag and Last-Modified of a listing that was read to its end; empty where there are none."""
        found = self._execute("SELECT etag, last_modified FROM listings WHERE name = ?", [url]).fetchone()
        return (found[0], found[1]) if found else ("", "")

    def set_listing_validators(self, url: str, etag: str, last_modified: str, total: int) -> None:
        self._change("INSERT INTO listings (name, etag, last_modified, total) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
                     " etag = excluded.etag, last_modified = excluded.last_modified, total = excluded.total",
                     [url, etag, last_modified, total])  # fmt: skip

    def listing_total(self, name: str) -> int:
        """How much a listing named when it was last read."""
        found = self._execute("SELECT total FROM listings WHERE name = ?", [name]).fetchone()
        return int(found[0] or 0) if found else 0

    def listing_page(self, name: str) -> tuple[int, bool]:
        """The last page read of a list, 0 for none; and whether it was the last and can grow no more."""
        found = self._execute("SELECT page, done FROM listings WHERE name = ?", [name]).fetchone()
        return (found[0], bool(found[1])) if found else (0, False)

    def set_listing_page(self, name: str, page: int, total: int | None, *, is_done: bool, is_end: bool) -> None:
        """Note a page as read. A list at its end that may still grow is read from its beginning the next time."""
        self._change("INSERT INTO listings (name, page, total, done) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
                     " page = excluded.page, total = coalesce(excluded.total, total), done = excluded.done",
                     [name, 0 if is_end and not is_done else page, total, int(is_done)])  # fmt: skip

    def forget_listed(self, name: str) -> None:
        self._change("DELETE FROM listed WHERE name = ?", [name])

    def add_listed(self, name: str, numbers: Iterable[int]) -> bool:
        """Note what a list names. Returns whether any of it is new."""
        new = [self._change("INSERT OR IGNORE INTO listed VALUES (?, ?)", [name, number]) for number in numbers]
        return any(new)

    def listed_counts(self, names: list[str]) -> tuple[int, int, int, int]:
        """Of some lists together: (listed, of those archived, available by DW's count, lists not read to their end)."""
        listed = archived = available = unfinished = 0
        for name in names:
            found = self._execute(
                "SELECT count(*), count(coalesce(o.path, t.path)) FROM listed"
                " LEFT JOIN objects o ON o.number = listed.number AND o.format = ''"
                " LEFT JOIN objects t ON t.number = o.target AND t.format = '' WHERE listed.name = ?", [name]
            ).fetchone()
            total = self._execute("SELECT total, done FROM listings WHERE name = ?", [name]).fetchone() or (None, 0)
            listed, archived = listed + found[0], archived + found[1]
            available, unfinished = available + (total[0] or 0), unfinished + (not total[1])
        return listed, archived, available, unfinished

    # --- bookkeeping ---

    def log_position(self, name: str) -> int:
        """How many bytes of a log are in the index."""
        found = self._execute("SELECT bytes FROM logs WHERE name = ?", [name]).fetchone()
        return int(found[0]) if found else 0

    def set_log_position(self, name: str, position: int) -> None:
        self._change("INSERT INTO logs VALUES (?, ?) ON CONFLICT DO UPDATE SET bytes = excluded.bytes", [name, position])

    def meta(self, key: str) -> str | None:
        found = self._execute("SELECT value FROM meta WHERE key = ?", [key]).fetchone()
        return str(found[0]) if found else None

    def set_meta(self, key: str, value: str) -> None:
        self._change("INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", [key, value])
