"""Remember what each page of a site was made from, which pages are due, and which files belong to the site.

The memory is `.dw-site/memory.sqlite` in the site's folder. A plan is stored in one transaction, and pages are ticked off after
they are on disk, so after a kill only a few pages are made twice.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from crawler.exceptions import ArchiveInUse, ArchiverError, DiskError
from crawler.reader.output import OWN
from crawler.storage.index.sqlite import uri_of

NAME = f"{OWN}/memory.sqlite"

CURRENT = 0
"""The `stamp_ms` that stands for the current version of a document in the tables `links` and `shown`."""

SCHEMA_VERSION = 3

_WAIT_S = 30  # for another connection, if the memory is shared

_SCHEMA = """
CREATE TABLE documents (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL,           -- in the archive; the page has the same path with another ending
    folder TEXT NOT NULL,         -- `en/2026/06`
    language TEXT NOT NULL,       -- of the folder
    sha256 TEXT NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    published_ms INTEGER NOT NULL,
    stamp_ms INTEGER NOT NULL,
    origin TEXT NOT NULL,
    title TEXT NOT NULL
);
CREATE INDEX newest ON documents (published_ms, id);
CREATE INDEX newest_of_language ON documents (language, published_ms, id);
CREATE INDEX of_folder ON documents (folder, published_ms, id);
CREATE TABLE revisions (id INTEGER, stamp_ms INTEGER, sha256 TEXT NOT NULL, PRIMARY KEY (id, stamp_ms)) WITHOUT ROWID;
CREATE TABLE links (              -- from a page to other documents
    id INTEGER, stamp_ms INTEGER, target INTEGER,
    to_id INTEGER NOT NULL DEFAULT 0,  -- the document it leads to in this site; 0 for none
    to_path TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (id, stamp_ms, target)
) WITHOUT ROWID;
CREATE INDEX links_to ON links (to_id, stamp_ms) WHERE to_id > 0;
CREATE TABLE shown (              -- pictures and media files on a page
    id INTEGER, stamp_ms INTEGER, place INTEGER,
    object INTEGER NOT NULL, rendition TEXT NOT NULL,
    path TEXT NOT NULL DEFAULT '',         -- in the archive; empty where it is missing
    sha256 TEXT NOT NULL DEFAULT '',
    reason TEXT NOT NULL DEFAULT '',       -- why it is missing
    PRIMARY KEY (id, stamp_ms, place)
) WITHOUT ROWID;
CREATE INDEX shown_path ON shown (path) WHERE path <> '';
CREATE TABLE made (               -- the site's own files
    path TEXT PRIMARY KEY,
    id INTEGER,               -- of the document whose page it is
    sha256 TEXT NOT NULL DEFAULT ''        -- of a picture or media file; 'written' for a document's page
) WITHOUT ROWID;
CREATE INDEX pages_of ON made (id) WHERE id IS NOT NULL;
CREATE TABLE due (                -- documents whose pages are to be made or removed
    id INTEGER PRIMARY KEY
);
CREATE TABLE due_folders (folder TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE segments (           -- of the search that are written
    name TEXT PRIMARY KEY,
    first_tokens TEXT NOT NULL,            -- JSON
    is_whole INTEGER NOT NULL              -- whether all its documents could be read
) WITHOUT ROWID;
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""


class Document(NamedTuple):
    """A document of the site: a row of the table `documents`."""

    id: int
    path: str
    folder: str
    language: str
    sha256: str
    kind: str
    state: str
    published_ms: int
    stamp_ms: int
    origin: str
    title: str


class Shown(NamedTuple):
    """A picture or media file on a page. path: in the archive and in the site; '' if it is missing, for a reason."""

    object: int
    rendition: str
    path: str
    reason: str


COLUMNS = ", ".join(f"documents.{name}" for name in Document._fields)


class Memory:
    """The memory of a site or a server. Raises DiskError if it is damaged or of another version, and ArchiveInUse if another
    process uses it."""

    def __init__(self, path: Path, *, is_shared: bool = False) -> None:
        """Open or create a memory. path: of its file. is_shared: whether other connections and threads may use it too, one at a
        time."""
        self.path = path
        self._is_shared = is_shared
        try:
            self.db = sqlite3.connect(uri_of(path), uri=True, isolation_level=None, timeout=_WAIT_S if is_shared else 0,
                                      check_same_thread=not is_shared)  # fmt: skip
        except sqlite3.DatabaseError as error:
            raise self.failure(error) from error
        try:
            self._set_up()
        except sqlite3.DatabaseError as error:
            self.db.close()
            raise self.failure(error) from error

    def _set_up(self) -> None:
        """Claim the file, and have the tables. Raises sqlite3.DatabaseError."""
        self.db.execute("PRAGMA synchronous = NORMAL")
        if self._is_shared:
            self.db.execute("PRAGMA journal_mode = WAL")  # pages are made while the memory is brought up to date
        else:
            self.db.execute("PRAGMA main.locking_mode = EXCLUSIVE")
            self.db.execute("BEGIN EXCLUSIVE")
            self.db.execute("COMMIT")
        if self._version() == 0:
            with self.transaction():
                if self._version() == 0:
                    for statement in filter(str.strip, _SCHEMA.split(";\n")):
                        self.db.execute(statement)
                    self.db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        if self._version() != SCHEMA_VERSION:
            raise sqlite3.DatabaseError(f"version {self._version()}, not {SCHEMA_VERSION}")

    def _version(self) -> int:
        return int(self.value("PRAGMA user_version"))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make all changes of the block in one transaction."""
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.db.execute("ROLLBACK")
            raise
        self.db.execute("COMMIT")

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """During the block, read the present state of the memory, whatever other connections change."""
        self.db.execute("BEGIN")
        try:
            yield
        finally:
            self.db.execute("ROLLBACK")

    def failure(self, error: sqlite3.Error) -> ArchiverError:
        """Return the error of ours for an error of SQLite."""
        if self._is_shared:
            return DiskError(f"{self.path}: {error}")
        if "locked" in str(error):
            return ArchiveInUse(f"another process is making {self.path.parent.parent}")
        return DiskError(f"{self.path}: {error}; delete {self.path.parent.parent} and make the site again")

    def close(self) -> None:
        self.db.close()

    # --- reading ---

    def rows(self, sql: str, values: Iterable[Any] = ()) -> Iterator[Any]:
        """Return the rows of a statement, which are read one at a time."""
        return self.db.execute(sql, tuple(values))

    def value(self, sql: str, values: Iterable[Any] = ()) -> Any:
        """Return the first value of the first row."""
        return self.db.execute(sql, tuple(values)).fetchone()[0]

    def documents(self, where: str, values: Iterable[Any] = ()) -> list[Document]:
        """Return documents with all columns. where: a constant SQL text that may follow `FROM documents`."""
        return [Document(*row) for row in self.rows(f"SELECT {COLUMNS} FROM documents {where}", values)]

    def document(self, dw_id: int) -> Document | None:
        return next(iter(self.documents("WHERE id = ?", [dw_id])), None)

    def revisions(self, dw_id: int) -> list[tuple[int, str]]:
        """Return (stamp_ms, sha256) of the earlier versions of a document, oldest first."""
        return list(self.rows("SELECT stamp_ms, sha256 FROM revisions WHERE id = ? ORDER BY 1", [dw_id]))

    def links(self, dw_id: int, stamp_ms: int = CURRENT) -> dict[int, str]:
        """Return the links of a page that lead to pages of the site: id in the link to the path of the document."""
        sql = "SELECT target, to_path FROM links WHERE id = ? AND stamp_ms = ? AND to_path <> ''"
        return dict(self.rows(sql, [dw_id, stamp_ms]))

    def shown(self, dw_id: int, stamp_ms: int = CURRENT) -> list[Shown]:
        """Return the pictures and media files of a page, in order."""
        sql = "SELECT object, rendition, path, reason FROM shown WHERE id = ? AND stamp_ms = ? ORDER BY place"
        return [Shown(*row) for row in self.rows(sql, [dw_id, stamp_ms])]

    def first_picture(self, dw_id: int) -> str:
        """Return the path of the first picture on a document's page, '' if it has none."""
        sql = ("SELECT path FROM shown WHERE id = ? AND stamp_ms = 0 AND path LIKE 'images/%' ORDER BY place LIMIT 1")
        return next((path for (path,) in self.rows(sql, [dw_id])), "")

    def referring(self, dw_id: int, most: int) -> list[Document]:
        """Return the documents that link to one, newest first, at most `most`."""
        return self.documents(
            "JOIN links ON links.id = documents.id WHERE to_id = ? AND to_id > 0 AND links.stamp_ms = 0"
            " AND documents.id <> to_id GROUP BY documents.id"
            " ORDER BY published_ms DESC, documents.id DESC LIMIT ?",
            [dw_id, most],
        )  # fmt: skip

    def generation(self) -> int:
        """A number that changes whenever another connection has changed the memory."""
        return int(self.value("PRAGMA data_version"))

    def meta(self, key: str) -> str:
        found = self.db.execute("SELECT value FROM meta WHERE key = ?", [key]).fetchone()
        return found[0] if found else ""

    # --- writing ---

    def set_meta(self, key: str, value: str) -> None:
        self.db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", [key, value])

    def make_due(self, ids: Iterable[int]) -> None:
        """Mark the pages of documents to be made again."""
        self.db.executemany("INSERT OR IGNORE INTO due VALUES (?)", ([dw_id] for dw_id in ids if dw_id))

    def make_folder_due(self, folder: str) -> None:
        self.db.execute("INSERT OR IGNORE INTO due_folders VALUES (?)", [folder])

    def keep_segment(self, name: str, first_tokens: str, *, is_whole: bool) -> None:
        """Remember that the site has a segment."""
        self.db.execute("INSERT OR REPLACE INTO segments VALUES (?, ?, ?)", [name, first_tokens, is_whole])

    def forget_segment(self, name: str) -> None:
        self.db.execute("DELETE FROM segments WHERE name = ?", [name])

    def forget_due(self) -> None:
        """Forget what is due. A server makes pages on request, not beforehand."""
        with self.transaction():
            self.db.execute("DELETE FROM due")
            self.db.execute("DELETE FROM due_folders")

    def is_made(self, path: str) -> bool:
        return self.db.execute("SELECT 1 FROM made WHERE path = ?", [path]).fetchone() is not None

    def claim(self, path: str, dw_id: int | None = None) -> None:
        """Note that a file belongs to the site, before it is written."""
        self.db.execute("INSERT OR IGNORE INTO made (path, id) VALUES (?, ?)", [path, dw_id])

    def forget(self, path: str) -> None:
        self.db.execute("DELETE FROM made WHERE path = ?", [path])
