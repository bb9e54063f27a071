"""Whether an archive holds what its run logs say: every file read, its sha256 compared. Changes nothing.

The logs are the source, the index is only compared with them. What is compared lies in a temporary database on disk, so
that memory does not grow with the archive.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from urllib.parse import quote

from crawler import disk, layout, normalise, runlog
from crawler.objects import REMOVED
from crawler.recovery import OTHER_BYTES, is_as_closed, walk
from crawler.runlog import run_logs

CHANGED, CUT, LOST, UNKNOWN, NO_ACCESS = "changed", "cut", "lost", "unknown", "cannot be read"
TEMPORARY, LOG_DAMAGED, INDEX_DAMAGED = "temporary", "log damaged", "index damaged"
ROW_WITHOUT_FILE, FILE_WITHOUT_ROW = "row without file", "file without row"
UNFINISHED = "unfinished"

MEANING = {
    CHANGED: "not the bytes that were stored",
    CUT: "shorter than what was stored",
    LOST: "in the run logs, not on disk",
    UNKNOWN: "on disk, in no run log",
    NO_ACCESS: "the system refuses to read it",
    TEMPORARY: "left by a run that has ended",
    LOG_DAMAGED: "lines of a run log that are not as they were written",
    INDEX_DAMAGED: "the index is missing or damaged",
    ROW_WITHOUT_FILE: "in the index, neither on disk nor in the run logs",
    FILE_WITHOUT_ROW: "on disk and in the run logs, but not so in the index",
    UNFINISHED: "of a run that did not end by itself: the next run takes it over or removes it",
}

_PIECE = 1024 * 1024  # bytes read at a time
_BATCH = 64  # files handed to a thread at a time; small ones would otherwise cost more to hand over than to read
_THREADS = 4
_MTIME_SLACK_MS = 60_000  # as in `archive`: clocks are set, and a run's name may be later than its start

_SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE expected (path TEXT PRIMARY KEY, sha256 TEXT, bytes INTEGER, kind TEXT, number INTEGER, stamp_ms INTEGER, url TEXT)
    WITHOUT ROWID;
CREATE TABLE found (path TEXT PRIMARY KEY, sha256 TEXT, bytes INTEGER, problem TEXT) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class Damage:
    """One thing that is wrong. path: relative to the archive. what: a key of MEANING. detail: more for a person.

    sha256, bytes: of the file as it is. expected_sha256, kind, number, stamp_ms, url: what the run logs say of it.
    """

    path: str
    what: str
    detail: str = ""
    sha256: str | None = None
    bytes: int | None = None
    expected_sha256: str | None = None
    kind: str | None = None
    number: int | None = None
    stamp_ms: int | None = None
    url: str | None = None


@dataclass
class Verdict:
    """What was found. files, bytes: read. logged: paths that should be there. unclean_since: the start of a run that did
    not end by itself, empty for none."""

    files: int = 0
    bytes: int = 0
    logged: int = 0
    unclean_since: str = ""
    damages: list[Damage] = field(default_factory=list)

    @property
    def is_sound(self) -> bool:
        """Whether nothing is wrong that the next run would not put right by itself."""
        return all(damage.what == UNFINISHED for damage in self.damages)

    def counts(self) -> dict[str, int]:
        """How many there are of each kind of damage."""
        return {what: n for what in MEANING if (n := sum(damage.what == what for damage in self.damages))}


def verify(root: Path, *, recovered: bool = False, advance: Callable[[int, int | None], None] = lambda n, of: None) -> Verdict:
    """Compare an archive with its run logs and its index. The caller holds the archive's lock.

    recovered: whether `Archive.open` has just put right what a killed run left. advance: told (files read, files expected).
    Raises OSError where a folder or a log cannot be read.
    """
    with contextlib.closing(sqlite3.connect("", isolation_level=None, uri=True)) as db:  # "": a temporary file
        db.executescript(_SCHEMA)
        verdict = Verdict(damages=list(_read_logs(db, root)))
        verdict.logged = db.execute("SELECT count(*) FROM expected").fetchone()[0]
        verdict.damages += _read_files(db, root, verdict.logged, advance)
        verdict.files, verdict.bytes = db.execute("SELECT count(*), coalesce(sum(bytes), 0) FROM found").fetchone()
        index_problem = _attach_index(db, root)
        if not recovered:
            verdict.unclean_since = _unclean_since(db, root, bool(index_problem))
        verdict.damages += _compare(db)
        if not index_problem:
            verdict.damages += _compare_index(db)
        elif verdict.logged or verdict.files:
            verdict.damages.append(Damage(layout.INDEX, INDEX_DAMAGED, index_problem))
    if verdict.unclean_since:
        since_ms = (normalise.time_ms(verdict.unclean_since) or 0) - _MTIME_SLACK_MS
        verdict.damages = [_excused(damage, root, since_ms) for damage in verdict.damages]
    return verdict


def _read_logs(db: sqlite3.Connection, root: Path) -> Iterator[Damage]:
    """Take what the logs say into the database: the last line of a path wins. Gives the logs with damaged lines."""
    for log in run_logs(root):
        damaged = []
        db.execute("BEGIN")
        for line in runlog.lines(log):
            if line.problem:
                damaged.append(f"line {line.number}: {line.problem}")
            for record in line.records:
                if "sha256" in record:
                    db.execute("INSERT OR REPLACE INTO expected VALUES (?, ?, ?, ?, ?, ?, ?)", [
                        record["path"], record["sha256"], record["bytes"], record["kind"], record["id"],
                        record.get("stamp_ms"), record.get("url")])  # fmt: skip
                elif record["state"] == REMOVED:
                    db.execute("DELETE FROM expected WHERE path = ?", [record["path"]])
        db.execute("COMMIT")
        if damaged:
            yield Damage(f"{layout.RUNS}/{log.name}", LOG_DAMAGED, runlog.shown(damaged))


def _read_files(
    db: sqlite3.Connection, root: Path, expected: int, advance: Callable[[int, int | None], None]
) -> Iterator[Damage]:
    """Hash every file of the archive into the database, on threads: hashlib lets others run meanwhile. Gives what is no file
    of the archive by its name alone."""
    temporary = (root / layout.RUNS).glob(disk.TEMPORARY_PREFIX + "*")
    strangers = [Damage(f"{layout.RUNS}/{path.name}", TEMPORARY) for path in temporary]
    paths = _paths(root, strangers)
    waiting: deque[Future[list[_Found]]] = deque()
    done = 0
    db.execute("BEGIN")
    with ThreadPoolExecutor(_THREADS) as pool:
        while True:
            if batch := list(islice(paths, _BATCH)):
                waiting.append(pool.submit(_hash_files, str(root), batch))
            if not waiting:
                break
            if not batch or len(waiting) > 2 * _THREADS:
                found = waiting.popleft().result()
                db.executemany("INSERT INTO found VALUES (?, ?, ?, ?)", found)
                done += len(found)
                advance(done, max(expected, done))
    db.execute("COMMIT")
    yield from strangers


def is_utf8(path: str) -> bool:
    """Whether a path can be written as text; a stranger's name may be any bytes."""
    return path.isascii() or path.encode("utf-8", "replace") == os.fsencode(path)


def _paths(root: Path, strangers: list[Damage]) -> Iterator[str]:
    """The files to read; temporary ones and those whose names are no UTF-8 become strangers instead."""
    for path in walk(root):
        if path.rpartition("/")[2].startswith(disk.TEMPORARY_PREFIX):
            strangers.append(Damage(path, TEMPORARY))
        elif layout.is_partial(path):
            continue  # a media file under way: in no log until it is whole
        elif not is_utf8(path):
            strangers.append(Damage(path, UNKNOWN, "its name is not UTF-8"))
        else:
            yield path


_Found = tuple[str, str | None, int, str | None]


def _hash_files(root: str, paths: Iterable[str]) -> list[_Found]:
    """(path, sha256 in hexadecimal, bytes, why it could not be read) of each file that is there."""
    found: list[_Found] = []
    for path in paths:
        try:
            descriptor = os.open(f"{root}/{path}", os.O_RDONLY)
            try:
                digest, size = hashlib.sha256(), 0
                while piece := os.read(descriptor, _PIECE):
                    digest.update(piece)
                    size += len(piece)
            finally:
                os.close(descriptor)
        except OSError as error:
            found.append((path, None, 0, error.strerror or str(error)))
        else:
            found.append((path, digest.hexdigest(), size, None))
    return found


def _attach_index(db: sqlite3.Connection, root: Path) -> str:
    """Have the index beside the logs in the database. Returns why it cannot be used; empty when it can."""
    path = root / layout.INDEX
    if not path.exists():
        return "it is missing"
    if is_as_closed(root) is False:
        return OTHER_BYTES
    # without a write-ahead log nothing can be newer than the file itself, and nothing needs to be made beside it
    immutable = "" if (root / (layout.INDEX + "-wal")).exists() else "&immutable=1"
    try:
        db.execute("ATTACH ? AS idx", [f"file:{quote(str(path))}?mode=ro{immutable}"])
        problem = str(db.execute("PRAGMA idx.quick_check(1)").fetchone()[0])
        db.execute("SELECT count(*) FROM idx.files, idx.meta, (SELECT path FROM idx.objects LIMIT 1)")
    except sqlite3.DatabaseError as error:
        return str(error)
    return "" if problem == "ok" else problem


def _unclean_since(db: sqlite3.Connection, root: Path, without_index: bool) -> str:
    """The start of a run that did not end by itself, empty where the last one did. Only the index knows; without it: of the
    newest run."""
    if without_index:
        return max((log.name.split(".")[0] for log in run_logs(root)), default="")
    found = db.execute("SELECT value FROM idx.meta WHERE key = 'unclean since'").fetchone()
    return str(found[0]) if found else ""


def _compare(db: sqlite3.Connection) -> Iterator[Damage]:
    """What is wrong between the logs and the disk, in order of path."""
    rows = db.execute("""
        SELECT e.path AS path, e.path, f.path, e.sha256, e.bytes, f.sha256, f.bytes, f.problem,
            e.kind, e.number, e.stamp_ms, e.url
        FROM expected e LEFT JOIN found f ON f.path = e.path
        WHERE f.path IS NULL OR f.sha256 IS NOT e.sha256
        UNION ALL SELECT f.path, NULL, f.path, NULL, NULL, f.sha256, f.bytes, f.problem, NULL, NULL, NULL, NULL
        FROM found f LEFT JOIN expected e ON f.path = e.path WHERE e.path IS NULL
        ORDER BY path""")
    for path, expected, found, sha256, size, found_sha256, found_size, problem, kind, number, stamp_ms, url in rows:
        detail = problem or ""
        if found is None:
            what = LOST
        elif problem:
            what = NO_ACCESS
        elif expected is None:
            what = UNKNOWN
        elif found_size < size:
            what, detail = CUT, f"{found_size:,} of {size:,} bytes"
        else:
            what = CHANGED
        yield Damage(path, what, detail, found_sha256, found_size, sha256, kind,
                     number, stamp_ms, url)  # fmt: skip


def _compare_index(db: sqlite3.Connection) -> Iterator[Damage]:
    """What is wrong between the logs and the index. A file that is lost, changed or unknown was named already."""
    for (path,) in db.execute("""
        SELECT path FROM (SELECT path FROM idx.files UNION SELECT path FROM idx.objects WHERE path IS NOT NULL)
        WHERE path NOT IN (SELECT path FROM expected) AND path NOT IN (SELECT path FROM found) ORDER BY path"""):
        yield Damage(path, ROW_WITHOUT_FILE)
    for path, url in db.execute("""
        SELECT e.path, e.url FROM expected e JOIN found f ON f.path = e.path LEFT JOIN idx.files i ON i.path = e.path
        WHERE f.sha256 = e.sha256 AND i.sha256 IS NOT e.sha256 ORDER BY e.path"""):
        yield Damage(path, FILE_WITHOUT_ROW, url=url)


def _excused(damage: Damage, root: Path, since_ms: int) -> Damage:
    """The damage, or that it is what a killed run leaves: temporary files, files it had no time to log or to index."""
    excused = damage.what in (TEMPORARY, FILE_WITHOUT_ROW)
    if damage.what in (CHANGED, CUT, UNKNOWN) and layout.number_of(damage.path):
        with contextlib.suppress(OSError):
            excused = (root / damage.path).stat().st_mtime * 1000 >= since_ms
    return Damage(damage.path, UNFINISHED, f"{damage.what} {damage.detail}".strip()) if excused else damage
