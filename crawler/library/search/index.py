"""`search.sqlite`: the words of every document and revision of an archive, in SQLite's FTS5.

A cache of the run logs and the files they name, brought up to date before each search. The position in each log is committed
together with what was read, so that a kill loses only what was not committed. If the index is missing, damaged, or of another
version, it is rebuilt.

Beside it, `search.sqlite.seal` holds the size and modification time that the file was left with. The seal is removed before
any change; without it, SQLite's own check decides whether the index is sound.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType

from crawler.exceptions import NOT_UNDERSTOOD, ArchiverError, DiskError
from crawler.library.search import catalogue, fold, logs
from crawler.storage import disk, layout
from crawler.storage.index.sqlite import uri_of

NAME, SEAL = layout.SEARCH, layout.SEARCH_SEAL
JOURNAL = f"{NAME}-journal"

SCHEMA_VERSION = 2

_SCHEMA = f"""{catalogue.SCHEMA}
CREATE TABLE logs (name TEXT PRIMARY KEY, bytes INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""

_WAIT_S = 30  # for another process that brings the index up to date; it releases its lock after each chunk
_LINES = 50_000  # log lines about documents between two commits
_CHUNK = 2000  # texts between two commits
_DEAD_SHARE = 100  # rebuild when one in so many texts is gone: FTS5 cannot forget the words of a text it does not store
_MANY = 1000  # number of texts from which on the segments of FTS5 are merged

Say = Callable[[str], None]
Advance = Callable[[int, int | None], None]


class NoFTS5(ArchiverError):
    """The SQLite of this Python has no full-text search. Raised by `SearchIndex`; ends the command."""

    exit_status = NOT_UNDERSTOOD


class SearchIndex:
    """The search index of an archive, opened or created. say: called with a sentence if the index must be rebuilt. home: the
    folder that holds it, if not the archive's.

    If that folder is read-only, the index is used as it is. Raises NoFTS5 and DiskError.
    """

    def __init__(self, root: Path, say: Say = lambda sentence: None, home: Path | None = None) -> None:
        self.root = root
        self._home = home or root
        self.path = self._home / NAME
        self.is_read_only = not all(os.access(path, os.W_OK) for path in (self._home, self.path) if path.exists())
        self._say = say
        self._db: sqlite3.Connection | None = None
        check_fts5()
        if self.is_read_only and not self.path.exists():
            raise DiskError(f"{self.path} cannot be created: the folder is read-only")
        with self._translated():
            try:
                is_new = not self.path.exists()
                self._db = self._connect()
                why = "" if is_new else self._problem()
            except sqlite3.DatabaseError as error:
                if _is_of_the_moment(error):
                    raise
                why = f"damaged ({error})"
            if why:
                self.make_again(why)

    @property
    def db(self) -> sqlite3.Connection:
        """The connection, which is open after `__init__`."""
        assert self._db
        return self._db

    def __enter__(self) -> SearchIndex:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.db.close()

    def make_again(self, why: str) -> None:
        """Start again with an empty index. why: for a person. Raises DiskError if that is not possible."""
        if self.is_read_only:
            raise DiskError(f"{self.path} is {why} and cannot be rebuilt: the folder is read-only")
        self._say(f"{self.path} is {why}: rebuilding it from files and run logs")
        with self._translated():
            if self._db:
                self._db.close()
            for name in (NAME, JOURNAL, SEAL):  # in this order: SQLite ignores a journal without its database
                disk.remove(self._home / name)
            self._db = self._connect()

    def catch_up(self, advance: Advance = lambda done, total: None) -> int:
        """Index everything that was archived since the last time. Returns how many texts were indexed. Raises DiskError.

        advance: called with (texts done, texts in all) after each commit.
        """
        if self.is_read_only:
            self._say(f"{self.path} is read-only and cannot be updated: newer documents are not found")
            return 0
        with self._translated():
            for _ in range(3):
                try:
                    added, why = self._catch_up(advance)
                except logs.LogIsShorter as error:
                    why = f"ahead of {error}"
                except sqlite3.DatabaseError as error:
                    if _is_locked(error):
                        self._say(f"another process is updating {self.path}: newer documents may not be found yet")
                        return 0
                    if _is_of_the_moment(error):
                        raise
                    why = f"damaged ({error})"
                if not why:
                    return added
                self.make_again(why)
        raise DiskError(f"{self.path} is {why}, although it was just rebuilt")

    def entry(self, dw_id: int, path: str) -> logs.Entry | None:
        """Return what the run logs say of a document or revision, as far as they were read."""
        with self._translated():
            return catalogue.entry(self.db, path, dw_id)

    def counts(self) -> tuple[int, int]:
        """Return (documents, revisions): how many of each can be found."""
        sql = "SELECT count(*), coalesce(sum(is_revision), 0) FROM documents WHERE path IS NOT NULL"
        with self._translated():
            texts, revisions = self.db.execute(sql).fetchone()
        return texts - revisions, revisions

    # --- opening ---

    def _connect(self) -> sqlite3.Connection:
        uri = f"{uri_of(self.path)}?{'mode=ro&immutable=1' if self.is_read_only else 'mode=rwc'}"
        db = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=_WAIT_S)
        try:
            db.execute("PRAGMA cache_size = -16384")  # KiB
            db.execute("PRAGMA secure_delete = 0")  # some builds of SQLite overwrite what they delete
            if not self.is_read_only and _is_empty(db):
                with _transaction(db):
                    if _is_empty(db):
                        self._make(db)
        except BaseException:
            db.close()
            raise
        return db

    def _make(self, db: sqlite3.Connection) -> None:
        disk.remove(self._home / SEAL)
        for statement in filter(str.strip, _SCHEMA.split(";\n")):
            db.execute(statement)
        db.execute("INSERT INTO meta VALUES ('folding', ?), ('joined', '0')", [fold.VERSION])
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def _problem(self) -> str:
        """Return why an open index cannot be used, '' if it can. Raises sqlite3.DatabaseError."""
        if self.db.execute("PRAGMA user_version").fetchone()[0] != SCHEMA_VERSION:
            return "of another version"
        if self.db.execute("SELECT value FROM meta WHERE key = 'folding'").fetchone() != (fold.VERSION,):
            return "of another version, or of a Python with another Unicode"
        if self.is_read_only:
            return ""
        try:
            with _transaction(self.db):  # locks it against changes
                if sealed := self._sealed():
                    return "" if sealed == self._as_it_is() else "changed by another program"
                found = self.db.execute("PRAGMA quick_check(1)").fetchone()[0]
                return "" if found == "ok" else f"damaged ({found})"
        except sqlite3.OperationalError as error:
            if _is_locked(error):  # by a process that has checked it
                return ""
            raise

    def _seal(self) -> None:
        with _transaction(self.db):  # in place: a kill leaves no temporary file, and half a seal does not count
            disk.write_piece(self._home / SEAL, self._as_it_is(), 0)

    def _sealed(self) -> bytes:
        """Return the content of the seal, b'' if there is none."""
        try:
            found = (self._home / SEAL).read_bytes()
        except FileNotFoundError:
            return b""
        return found if found.endswith(b"\n") else b""

    def _as_it_is(self) -> bytes:
        found = self.path.stat()
        return f"{found.st_size} {found.st_mtime_ns}\n".encode()

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn errors of SQLite and the disk into DiskError."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise DiskError(f"{self.path}: {error}") from error

    # --- catching up ---

    def _catch_up(self, advance: Advance) -> tuple[int, str]:
        """Return (added, why): how many texts were indexed, and why the index must be rebuilt, '' if it need not."""
        behind = logs.behind(self.root, self._positions())
        if not behind and not catalogue.waiting(self.db):
            if not self._sealed():
                self._seal()
            return 0, ""
        disk.remove(self._home / SEAL)
        is_at_end = False
        while not is_at_end:
            with _transaction(self.db):
                is_at_end = self._take_over(behind)
        added = self._index(advance)
        texts, living = self.db.execute("SELECT count(*), count(path) FROM documents").fetchone()
        if texts > living and (texts - living) * _DEAD_SHARE >= texts:
            return added, f"full of {texts - living} texts that are gone"
        self._join(texts)
        self._seal()
        return added, ""

    def _positions(self) -> dict[str, int]:
        return dict(self.db.execute("SELECT name, bytes FROM logs"))

    def _take_over(self, behind: list[Path]) -> bool:
        """Apply some lines of the logs. Returns whether these were the last."""
        ends: dict[str, int] = {}
        taken = 0
        with contextlib.closing(logs.unread(behind, self._positions())) as lines:
            for name, position, change in lines:
                ends[name] = position
                if change is not None:
                    catalogue.take_over(self.db, change)
                    taken += 1
                    if taken == _LINES:
                        break
        self.db.executemany("INSERT OR REPLACE INTO logs VALUES (?, ?)", ends.items())
        return taken < _LINES

    def _index(self, advance: Advance) -> int:
        """Index what waits. This happens after all lines are applied, so that replaced texts are not indexed at all."""
        paths = catalogue.waiting(self.db)
        if not paths:
            return 0
        texts = self.db.execute("SELECT count(*) FROM documents").fetchone()[0] + len(paths)
        catalogue.merge_segments(self.db, while_indexing=not self._is_to_be_joined(texts))
        added = 0
        for start in range(0, len(paths), _CHUNK):
            with _transaction(self.db):
                added += catalogue.index_waiting(self.db, self.root, paths[start : start + _CHUNK])
            advance(min(start + _CHUNK, len(paths)), len(paths))
        return added

    def _join(self, texts: int) -> None:
        """Merge the segments of FTS5, if there is twice as much text as the last time. This only saves space and time, so a
        full disk is no error here."""
        if not self._is_to_be_joined(texts):
            return
        with contextlib.suppress(sqlite3.OperationalError):
            with _transaction(self.db):
                catalogue.merge_all(self.db)
                self.db.execute("UPDATE meta SET value = ? WHERE key = 'joined'", [str(texts)])
            self.db.execute("VACUUM")

    def _is_to_be_joined(self, texts: int) -> bool:
        joined = int(self.db.execute("SELECT value FROM meta WHERE key = 'joined'").fetchone()[0])
        return texts >= max(2 * joined, _MANY)


@contextlib.contextmanager
def home_of(root: Path, say: Say) -> Iterator[Path]:
    """Give the folder for an archive's search index: the archive's, or, if that is read-only and has no index that can be used,
    a temporary one, which is deleted at the end. say: called with a sentence in that case. Raises NoFTS5 and OSError."""
    if _has_place_for_index(root):
        yield root
        return
    say(f"{root} is read-only and has no search index that can be used: making a temporary one")
    with tempfile.TemporaryDirectory(prefix="dw-archiver-") as folder:
        yield Path(folder)


def _has_place_for_index(root: Path) -> bool:
    if all(os.access(path, os.W_OK) for path in (root, root / NAME) if path.exists()):
        return True
    with contextlib.suppress(DiskError), SearchIndex(root):
        return True
    return False


def check_fts5() -> None:
    """Raise NoFTS5 if the SQLite of this Python was built without FTS5."""
    with contextlib.closing(sqlite3.connect(":memory:")) as db:
        try:
            db.execute("CREATE VIRTUAL TABLE words USING fts5(text)")
        except sqlite3.OperationalError as error:
            raise NoFTS5(
                f"SQLite {sqlite3.sqlite_version} of this Python has no full-text search (FTS5): {error}; "
                "use another Python, nearly all have it"
            ) from error


def _is_empty(db: sqlite3.Connection) -> bool:
    return db.execute("SELECT 1 FROM sqlite_master").fetchone() is None


@contextlib.contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def _is_of_the_moment(error: sqlite3.DatabaseError) -> bool:
    """Whether an error will pass and the file itself is sound: it is locked, or the disk is full."""
    return _is_locked(error) or any(word in str(error) for word in ("full", "readonly", "unable to open"))


def _is_locked(error: sqlite3.DatabaseError) -> bool:
    return "locked" in str(error)
