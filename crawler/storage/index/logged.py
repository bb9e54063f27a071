"""Collect what the run logs of an archive say of each file and object, in a temporary database.

It is on disk, so that memory does not grow with the archive. The last line about a file or an object counts.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator

from crawler.storage import layout, logline
from crawler.storage.index import objects
from crawler.storage.logline import AnyState, FileRecord, Removal, ScopeChange, StateRecord
from crawler.storage.states import ALIAS, PENDING

_SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE files (n INTEGER PRIMARY KEY, path TEXT UNIQUE, document INTEGER, line TEXT);
CREATE INDEX of_documents ON files (document);
CREATE TABLE states (id INTEGER, rendition TEXT, line TEXT, PRIMARY KEY (id, rendition)) WITHOUT ROWID;
"""


class Logged:
    """The files and states of an archive, as its run logs have them. Raises sqlite3.Error if there is no room for them.

    scope: of its last crawl; None if there was none.
    """

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None)  # "": a temporary file
        self._db.executescript(_SCHEMA)
        self._db.execute("BEGIN")
        self.scope: ScopeChange | None = None

    def close(self) -> None:
        self._db.close()

    def take(self, record: FileRecord | AnyState | None) -> None:
        """Add the next record of the logs, in their order."""
        match record:
            case FileRecord():
                self._take_file(record)
            case Removal():
                self._db.execute("DELETE FROM files WHERE path = ?", [record.path])
            case StateRecord():
                self._take_state(record)
            case ScopeChange():
                self.scope = record

    def _take_file(self, record: FileRecord) -> None:
        path, about = record.path, record.about
        picture, is_media = layout.picture_of(path), layout.is_media(path)
        is_loose = picture or is_media or path.startswith("unreadable/")
        self._db.execute("INSERT OR REPLACE INTO files (path, document, line) VALUES (?, ?, ?)",
                         [path, None if is_loose else about.id, json.dumps(record.to_line())])  # fmt: skip
        if picture:
            self._forget_state(about.id, objects.rendition_key(picture.rendition, path))
        elif is_media:
            self._forget_state(about.id, objects.MEDIA)
        elif layout.is_document(path):
            self._forget_state(about.id, "")
            if about.requested not in (None, about.id):
                self._take_state(StateRecord(ALIAS, "article", about.requested, about.time, target=about.id))

    def _take_state(self, record: StateRecord) -> None:
        rendition = record.rendition or ""
        if record.kind == "picture":
            rendition = objects.rendition_key(rendition, record.url or "")
        elif record.kind == "media":
            rendition = objects.MEDIA
        if record.state == ALIAS and self.documents(record.id):
            return  # it has a document of its own, which stays
        verb = "IGNORE" if record.state == PENDING else "REPLACE"  # an earlier state stays
        self._db.execute(f"INSERT OR {verb} INTO states VALUES (?, ?, ?)", [record.id, rendition, json.dumps(record.to_line())])

    def _forget_state(self, dw_id: int, rendition: str) -> None:
        self._db.execute("DELETE FROM states WHERE id = ? AND rendition = ?", [dw_id, rendition])

    def has(self, path: str) -> bool:
        """Whether the logs name a file."""
        return self._db.execute("SELECT 1 FROM files WHERE path = ?", [path]).fetchone() is not None

    def count(self) -> int:
        """Return the number of files."""
        return int(self._db.execute("SELECT count(*) FROM files").fetchone()[0])

    def loose(self) -> Iterator[FileRecord]:
        """Yield the files that are no document's: pictures, media files, unreadable replies; in order of path."""
        yield from self._files("document IS NULL ORDER BY path")

    def ids(self) -> Iterator[int]:
        """Yield the ids that have a document, a revision or a reply, in order."""
        for (dw_id,) in self._db.execute("SELECT DISTINCT document FROM files WHERE document IS NOT NULL ORDER BY 1"):
            yield dw_id

    def of_document(self, dw_id: int) -> list[FileRecord]:
        """Return the files of a document, in the order they were logged: every version, and the replies."""
        return list(self._files("document = ? ORDER BY n", dw_id))

    def documents(self, dw_id: int) -> list[FileRecord]:
        """Return the current documents with an id, in the order they were logged; more than one is a mistake."""
        return [record for record in self.of_document(dw_id) if layout.is_document(record.path)]

    def _files(self, where: str, *values: int) -> Iterator[FileRecord]:
        for (line,) in self._db.execute(f"SELECT line FROM files WHERE {where}", values):
            record = logline.parse(json.loads(line))
            assert isinstance(record, FileRecord)
            yield record

    def states(self) -> Iterator[tuple[str, StateRecord]]:
        """Yield (`rendition` of the object's row, last state) of each object that has a state, in order of id."""
        for rendition, line in self._db.execute("SELECT rendition, line FROM states ORDER BY id, rendition"):
            record = logline.parse(json.loads(line))
            assert isinstance(record, StateRecord)
            yield rendition, record
