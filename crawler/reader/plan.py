"""Find what has changed in an archive since its site was made, and so which pages must be made.

Only the archive's index and the changed documents are read, without the network and without a lock: a crawl may be running.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from crawler import seedfile
from crawler.configuration.program import program
from crawler.exceptions import ArchiverError, SeedFormatError
from crawler.files import read_file
from crawler.reader.facts import facts
from crawler.reader.memory import CURRENT, Document, Memory
from crawler.seedfile import SeedDocument
from crawler.storage import layout, tree
from crawler.storage.index.objects import SCHEMA_VERSION
from crawler.storage.index.sqlite import uri_of

Advance = Callable[[int, int | None], None]

_WANTED = """
CREATE TEMP TABLE wanted AS
SELECT o.id, o.path, f.sha256, o.kind, o.state, coalesce(o.published_ms, o.stamp_ms, 0) AS published_ms,
    coalesce(o.stamp_ms, 0) AS stamp_ms, o.origin, substr(o.path, 1, instr(o.path, '/') - 1) AS language
FROM archive.objects o JOIN archive.files f ON f.path = o.path
WHERE o.rendition = '' AND o.path IS NOT NULL
"""
_CHANGED = """
SELECT w.id FROM wanted w LEFT JOIN documents d ON d.id = w.id
WHERE d.id IS NULL OR (d.path, d.sha256, d.kind, d.state, d.published_ms, d.stamp_ms, d.origin)
    IS NOT (w.path, w.sha256, w.kind, w.state, w.published_ms, w.stamp_ms, w.origin)
UNION SELECT id FROM documents WHERE id NOT IN (SELECT id FROM wanted)
UNION SELECT id FROM (SELECT * FROM wanted_revisions EXCEPT SELECT * FROM revisions)
UNION SELECT id FROM (SELECT * FROM revisions EXCEPT SELECT * FROM wanted_revisions)
ORDER BY 1
"""
# documents and aliases whose change may make links lead elsewhere
_TOUCHED = """
INSERT OR IGNORE INTO temp.touched SELECT id FROM archive.objects WHERE rendition = '' AND state = 'alias'
"""
# links that now lead elsewhere than when their page was made; looking at all of them would take seconds
_LINKS = """
SELECT * FROM (
    SELECT l.id, l.stamp_ms, l.target, l.to_id, coalesce(d.id, 0) AS now_id, l.to_path,
        coalesce(d.path, '') AS now_path
    FROM links l
    LEFT JOIN archive.objects a ON a.id = l.target AND a.rendition = '' AND a.state = 'alias'
    LEFT JOIN documents d ON d.id = coalesce(a.target, l.target)
    WHERE l.id IN (SELECT id FROM temp.touched) OR l.target IN (SELECT id FROM temp.touched) OR l.to_id NOT IN (0, l.target)
) WHERE to_id <> now_id OR to_path <> now_path
"""
_SHOWN = """
SELECT * FROM (
    SELECT s.id, s.stamp_ms, s.place, s.path, s.sha256, s.reason, coalesce(f.path, '') AS now_path,
        coalesce(f.sha256, '') AS now_sha256,
        CASE WHEN f.path IS NOT NULL THEN '' WHEN o.reason <> '' THEN o.reason ELSE 'not fetched yet' END AS now_reason
    FROM shown s
    LEFT JOIN archive.objects o ON o.id = s.object AND o.rendition = s.rendition
    LEFT JOIN archive.files f ON f.path = coalesce(o.path, (
        SELECT path FROM archive.objects WHERE id = s.object AND kind = 'picture' AND path IS NOT NULL AND s.rendition <>
        'media' ORDER BY rendition || '.' GLOB '4.*' DESC, rendition || '.' GLOB '7.*' DESC, rendition LIMIT 1))
) WHERE path <> now_path OR sha256 <> now_sha256 OR reason <> now_reason
"""


@dataclass(frozen=True)
class Selection:
    """The documents of a site. languages: their paths, empty for all. since_ms: published then or later, milliseconds UTC,
    None for no limit."""

    languages: frozenset[str] = frozenset()
    since_ms: int | None = None


class NoIndex(ArchiverError):
    """The index of an archive is missing or cannot be read. Raised by `attach`; ends the command."""


def attach(memory: Memory, archive: Path) -> None:
    """Attach the index of an archive to the memory. Raises NoIndex, and DiskError if it is not a file."""
    tree.require_index(archive)
    path = archive / layout.INDEX
    remedy = f"`{program()} reindex` rebuilds it from the files and run logs"
    if not path.exists():
        raise NoIndex(f"{path} is missing: {remedy}")
    uri = f"{uri_of(path)}?mode=ro"
    if not os.access(archive, os.W_OK) and not path.with_name(f"{path.name}-wal").exists():
        uri += "&immutable=1"  # then SQLite makes no files beside it
    try:
        memory.db.execute("ATTACH DATABASE ? AS archive", [uri])
        version = memory.value("PRAGMA archive.user_version")
    except sqlite3.DatabaseError as error:
        raise NoIndex(f"{path} is damaged ({error}): {remedy}") from error
    if version != SCHEMA_VERSION:
        raise NoIndex(f"{path} is of another version: {remedy}")


class Planner:
    """Brings the memory of a site up to date with an archive, whose index must be attached.

    left_out: paths of documents that are missing, damaged or unreadable; the site does not have them.
    """

    def __init__(self, memory: Memory, archive: Path, selection: Selection) -> None:
        self._memory = memory
        self._archive = archive
        self._selection = selection
        self.left_out: list[str] = []

    def plan(self, advance: Advance) -> int:
        """Find what has changed, in the open transaction. Returns how many documents were read.

        advance: called with (documents read, documents to read and to make).
        """
        self._find_wanted()
        changed = [dw_id for (dw_id,) in self._memory.rows(_CHANGED)]
        for done, dw_id in enumerate(changed):
            self._take_over(dw_id)
            advance(done + 1, 2 * len(changed))
        self._find_links(changed)
        self._find_shown()
        for table in ("wanted", "wanted_revisions"):
            self._memory.db.execute(f"DROP TABLE temp.{table}")
        return len(changed)

    def _find_wanted(self) -> None:
        db, selection = self._memory.db, self._selection
        db.execute(_WANTED)
        db.execute("CREATE UNIQUE INDEX temp.wanted_id ON wanted (id)")
        if selection.languages:
            marks = ", ".join("?" * len(selection.languages))
            db.execute(f"DELETE FROM wanted WHERE language NOT IN ({marks})", sorted(selection.languages))
        if selection.since_ms is not None:
            db.execute("DELETE FROM wanted WHERE published_ms < ?", [selection.since_ms])
        db.execute("CREATE TEMP TABLE wanted_revisions (id INTEGER, stamp_ms INTEGER, sha256 TEXT)")
        db.executemany("INSERT INTO wanted_revisions SELECT ?, ?, ? WHERE EXISTS (SELECT 1 FROM wanted WHERE id = ?)",
                       ((dw_id, stamp_ms, sha256, dw_id) for dw_id, stamp_ms, sha256 in self._revisions()))  # fmt: skip

    def _revisions(self) -> Iterator[tuple[int, int, str]]:
        sql = "SELECT path, sha256 FROM archive.files WHERE path >= 'revisions/' AND path < 'revisions0' AND path LIKE '%.txt'"
        for path, sha256 in self._memory.rows(sql):
            if layout.is_revision(path):
                _, dw_id, name = path.split("/")
                yield int(dw_id), int(name.removesuffix(".txt")), sha256

    def _take_over(self, dw_id: int) -> None:
        """Replace or remove a document in the memory, and mark its pages and those that name it as due."""
        memory = self._memory
        self._drop(dw_id)
        memory.make_due([dw_id])
        row = memory.db.execute("SELECT * FROM wanted WHERE id = ?", [dw_id]).fetchone()
        if row is None:
            return
        _, path, sha256, kind, state, published_ms, stamp_ms, origin, language = row
        document = self._read(path, sha256) if layout.is_document(path) else None
        if document is None:
            return
        folder = path.rpartition("/")[0]
        title = self._add(dw_id, CURRENT, document)
        new = Document(dw_id, path, folder, language, sha256, kind, state, published_ms, stamp_ms, origin, title)
        memory.db.execute(f"INSERT INTO documents VALUES ({', '.join('?' * len(new))})", new)
        memory.make_folder_due(folder)
        for revision_ms, revision_sha256 in list(memory.rows(
            "SELECT stamp_ms, sha256 FROM wanted_revisions WHERE id = ? ORDER BY 1", [dw_id])
        ):  # fmt: skip
            if revision := self._read(layout.revision_path(dw_id, revision_ms), revision_sha256):
                memory.db.execute("INSERT INTO revisions VALUES (?, ?, ?)", [dw_id, revision_ms, revision_sha256])
                self._add(dw_id, revision_ms, revision)

    def _drop(self, dw_id: int) -> None:
        memory = self._memory
        if old := memory.document(dw_id):
            memory.make_folder_due(old.folder)
        sql = "SELECT to_id FROM links WHERE id = ? AND stamp_ms = 0 AND to_id > 0"
        memory.make_due([to_id for (to_id,) in list(memory.rows(sql, [dw_id]))])
        for table in ("documents", "revisions", "links", "shown"):
            memory.db.execute(f"DELETE FROM {table} WHERE id = ?", [dw_id])

    def _add(self, dw_id: int, stamp_ms: int, document: SeedDocument) -> str:
        """Remember the links and pictures of a version. Returns its title."""
        found = facts(document)
        db = self._memory.db
        db.executemany("INSERT INTO links (id, stamp_ms, target) VALUES (?, ?, ?)",
                       ((dw_id, stamp_ms, target) for target in found.targets))  # fmt: skip
        db.executemany("INSERT INTO shown (id, stamp_ms, place, object, rendition) VALUES (?, ?, ?, ?, ?)",
                       ((dw_id, stamp_ms, place, *shown) for place, shown in enumerate(found.shown)))  # fmt: skip
        return found.title

    def _read(self, path: str, sha256: str) -> SeedDocument | None:
        document = read_document(self._archive, path, sha256)
        if document is None:
            self.left_out.append(path)
        return document

    def _find_links(self, changed: Sequence[int]) -> None:
        """Update where links lead, and mark the pages at both ends of changed ones as due. changed: ids of documents."""
        db = self._memory.db
        db.execute("CREATE TEMP TABLE touched (id INTEGER PRIMARY KEY)")
        db.executemany("INSERT INTO temp.touched VALUES (?)", ([dw_id] for dw_id in changed))
        db.execute(_TOUCHED)
        db.execute(f"CREATE TEMP TABLE moved AS {_LINKS}")
        db.execute("INSERT OR IGNORE INTO due SELECT id FROM moved")
        for end in ("to_id", "now_id"):
            db.execute(f"INSERT OR IGNORE INTO due SELECT {end} FROM moved WHERE stamp_ms = 0 AND {end} > 0")
        db.execute("UPDATE links SET to_id = now_id, to_path = now_path FROM moved WHERE moved.id = links.id"
                   " AND moved.stamp_ms = links.stamp_ms AND moved.target = links.target")  # fmt: skip
        for table in ("moved", "touched"):
            db.execute(f"DROP TABLE temp.{table}")

    def _find_shown(self) -> None:
        """Update which pictures and media files exist, and mark the pages that show changed ones as due."""
        db = self._memory.db
        db.execute(f"CREATE TEMP TABLE moved AS {_SHOWN}")
        db.execute("INSERT OR IGNORE INTO due SELECT id FROM moved")
        db.execute("UPDATE shown SET path = now_path, sha256 = now_sha256, reason = now_reason FROM moved"
                   " WHERE moved.id = shown.id AND moved.stamp_ms = shown.stamp_ms"
                   " AND moved.place = shown.place")  # fmt: skip
        db.execute("DROP TABLE temp.moved")


def read_document(archive: Path, path: str, sha256: str) -> SeedDocument | None:
    """Return a document or revision with this sha256; None if its file is missing, damaged or has other bytes."""
    try:
        data = read_file(archive / path)
        return seedfile.loads(data) if hashlib.sha256(data).hexdigest() == sha256 else None
    except (OSError, SeedFormatError):
        return None
