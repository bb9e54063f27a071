"""Keep notes during an export in a temporary database, because an archive may be too large for memory."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

from crawler.exceptions import DiskError
from crawler.storage import logline
from crawler.storage.logline import FileRecord
from crawler.storage.runlog import read_log, run_logs

_TABLES = """
CREATE TABLE logged (path TEXT, sha256 TEXT, time TEXT, url TEXT, PRIMARY KEY (path, sha256)) WITHOUT ROWID;
CREATE TABLE seen (path TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE lines (place INTEGER PRIMARY KEY, sort TEXT, key TEXT, line TEXT);
"""


class Notebook:
    """A temporary database, deleted at the end of the `with` block.

    It knows when, and from where, each file of the archive came. Of several log lines about the same bytes at a path, the
    first one counts. archive: its folder; without one no origins are known. Every method raises DiskError if the disk of
    temporary files fails.
    """

    def __init__(self, archive: Path | None = None) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._db = sqlite3.connect(Path(self._folder.name) / "notebook.sqlite", isolation_level=None)
        try:
            self._fill(archive)
        except BaseException:
            self.__exit__()
            raise

    def _fill(self, archive: Path | None) -> None:
        self._db.executescript(f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; {_TABLES} BEGIN;")
        for log in run_logs(archive) if archive else ():
            values = ((one.path, one.sha256, one.about.time, one.about.url or "") for one in map(logline.parse, read_log(log))
                      if isinstance(one, FileRecord))  # fmt: skip
            for row in values:
                self._run("INSERT OR IGNORE INTO logged VALUES (?, ?, ?, ?)", *row)

    def __enter__(self) -> Notebook:
        return self

    def __exit__(self, *error: object) -> None:
        self._db.close()
        self._folder.cleanup()

    def origin(self, path: str, sha256: str) -> tuple[str, str]:
        """Return (time, address) of the bytes with this sha256 at a path, both as in the log; empty if the log has neither."""
        found = self._run("SELECT time, url FROM logged WHERE path = ? AND sha256 = ?", path, sha256).fetchone()
        return (found[0], found[1]) if found else ("", "")

    def is_first(self, path: str) -> bool:
        """Whether this is called for a path for the first time."""
        return self._run("INSERT OR IGNORE INTO seen VALUES (?)", path).rowcount == 1

    def note(self, sort: str, key: str, line: str) -> None:
        """Keep a line of a sort."""
        self._run("INSERT INTO lines (sort, key, line) VALUES (?, ?, ?)", sort, key, line)

    def noted(self, sort: str) -> Iterator[str]:
        """Yield the lines of a sort in order of key; lines with the same key come in the order they were noted."""
        for (line,) in self._run("SELECT line FROM lines WHERE sort = ? ORDER BY key, place", sort):
            yield line

    def _run(self, sql: str, *values: str) -> sqlite3.Cursor:
        try:
            return self._db.execute(sql, values)
        except sqlite3.OperationalError as error:
            raise DiskError(f"{self._folder.name}, a folder for temporary files (TMPDIR): {error}") from error
