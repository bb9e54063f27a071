"""Check whether an archive holds what its run logs say: read every file and compare its sha256. Nothing is changed.

The logs are the truth, and the index is compared with them. The comparison uses a temporary database on disk, so that memory
does not grow with the archive.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path, PurePosixPath

from crawler import times
from crawler.exceptions import DiskError
from crawler.files import is_file, sha256_of
from crawler.storage import layout, logline, runlog, tree
from crawler.storage.index.seal import OTHER_BYTES, is_as_closed
from crawler.storage.index.sqlite import uri_of
from crawler.storage.logline import FileRecord, Record, Removal
from crawler.storage.runlog import run_logs
from crawler.upkeep.shard import WHOLE, Shard

CHANGED, CUT, LOST, UNKNOWN, NO_ACCESS = "changed", "cut", "lost", "unknown", "cannot be read"
TEMPORARY, LOG_DAMAGED, INDEX_DAMAGED = "temporary", "log damaged", "index damaged"
ROW_WITHOUT_FILE, FILE_WITHOUT_ROW, UNLOGGED = "row without file", "file without row", "not logged"
TWICE, BEING_SET_ASIDE, UNFINISHED = "twice", "being set aside", "unfinished"

MEANING = {
    CHANGED: "its bytes differ from what was stored",
    CUT: "shorter than what was stored",
    LOST: "in the run logs, but not on disk",
    UNLOGGED: "on disk and in the index, but not in the run logs",
    TWICE: "two current documents with the same id",
    BEING_SET_ASIDE: "left by an interrupted repair, which had not set it aside yet",
    UNKNOWN: "in the archive's folders, but not in the run logs: not damage, and left alone",
    NO_ACCESS: "in the run logs, but not a readable file",
    TEMPORARY: "left by a run that has ended",
    LOG_DAMAGED: "a run log with damaged lines",
    INDEX_DAMAGED: "the index is missing or damaged",
    ROW_WITHOUT_FILE: "in the index, but neither on disk nor in the run logs",
    FILE_WITHOUT_ROW: "on disk and in the run logs, but missing or different in the index",
    UNFINISHED: "left by a run that did not end cleanly: the next run adopts or removes it",
}

_BATCH = 64  # files handed to a thread at a time; one by one, small files would cost more to hand over than to read
_THREADS = 4
_MTIME_SLACK_MS = 60_000  # as in `recovery`: clocks are set, and a run's name may be later than its start

_SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE expected (path TEXT PRIMARY KEY, sha256 TEXT, bytes INTEGER, kind TEXT, id INTEGER, stamp_ms INTEGER, url TEXT)
    WITHOUT ROWID;
CREATE TABLE found (path TEXT PRIMARY KEY, sha256 TEXT, bytes INTEGER, problem TEXT) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class Damage:
    """One finding. path: relative to the archive. what: a key of MEANING. detail: more for a person.

    sha256, bytes: of the file as it is. expected_sha256, kind, id, stamp_ms, url: of the file, from the run logs.
    """

    path: str
    what: str
    detail: str = ""
    sha256: str | None = None
    bytes: int | None = None
    expected_sha256: str | None = None
    kind: str | None = None
    id: int | None = None
    stamp_ms: int | None = None
    url: str | None = None


@dataclass
class Verdict:
    """The result of `verify`.

    files, bytes: how many were read. logged: how many paths should exist. unclean_since: the start of the last run if it did
    not end cleanly, '' if it did.
    """

    files: int = 0
    bytes: int = 0
    logged: int = 0
    unclean_since: str = ""
    damages: list[Damage] = field(default_factory=list)

    @property
    def is_sound(self) -> bool:
        """Whether nothing is wrong with the archive's own files, except what the next run repairs by itself."""
        return not self.damaged

    @property
    def damaged(self) -> int:
        """The number of damaged things."""
        return sum(damage.what not in (UNFINISHED, UNKNOWN) for damage in self.damages)

    def counts(self) -> dict[str, int]:
        """Return the number of findings by kind."""
        return {what: n for what in MEANING if (n := sum(damage.what == what for damage in self.damages))}


def verify(
    root: Path,
    *,
    recovered: bool = False,
    shard: Shard = WHOLE,
    advance: Callable[[int, int | None], None] = lambda n, of: None,
) -> Verdict:
    """Compare an archive with its run logs and its index. The caller holds the archive's lock.

    recovered: whether `open_archive` has just cleaned up after a killed run. shard: the files to read; everything found is
    reported by the shard of its path, so that all shards together find what one whole verify finds. advance: called with
    (files read, files expected). Raises OSError if a folder or a log cannot be read.
    """
    with contextlib.closing(sqlite3.connect("", isolation_level=None, uri=True)) as db:  # "": a temporary file
        db.executescript(_SCHEMA)
        db.create_function("is_ours", 1, shard.has, deterministic=True)
        removed: dict[str, str | None] = {}
        strange: dict[str, str] = {}
        verdict = Verdict(damages=list(_read_logs(db, root, removed)))
        all_of_it = [shard == WHOLE]  # without a call for each file
        verdict.logged = db.execute("SELECT count(*) FROM expected WHERE ? OR is_ours(path)", all_of_it).fetchone()[0]
        verdict.damages += _read_files(db, root, shard, verdict.logged, advance, strange)
        size = "SELECT count(*), coalesce(sum(bytes), 0) FROM found WHERE ? OR is_ours(path)"
        verdict.files, verdict.bytes = db.execute(size, all_of_it).fetchone()
        index_problem = _attach_index(db, root)
        if not recovered:
            verdict.unclean_since = _unclean_since(db, root, bool(index_problem))
        indexed = "SELECT NULL AS path WHERE false" if index_problem else "SELECT path FROM idx.files"
        db.execute(f"CREATE TEMP VIEW indexed AS {indexed}")
        verdict.damages += _compare(db, removed, strange)
        verdict.damages += _compare_documents(db)
        if not index_problem:
            verdict.damages += _compare_index(db)
            named = {damage.path for damage in verdict.damages}
            verdict.damages += _compare_logs(db, root, named)
        elif db.execute("SELECT path FROM expected UNION ALL SELECT path FROM found LIMIT 1").fetchone():
            verdict.damages.append(Damage(layout.INDEX, INDEX_DAMAGED, index_problem))
    verdict.damages = [damage for damage in verdict.damages if shard.has(damage.path)]
    if verdict.unclean_since:
        since_ms = (times.parse_ms(verdict.unclean_since) or 0) - _MTIME_SLACK_MS
        verdict.damages = [_excused(damage, root, since_ms) for damage in verdict.damages]
    return verdict


def _read_logs(db: sqlite3.Connection, root: Path, removed: dict[str, str | None]) -> Iterator[Damage]:
    """Read the logs into the database; the last line about a path counts. Yields damaged logs.

    removed: gets path and sha256 of the files that a repair was about to set aside.
    """
    strange: dict[str, str] = {}
    list(tree.run_files(root, strange.__setitem__))
    for path, found in strange.items():
        is_log = layout.is_run_log(path.rpartition("/")[2])
        yield Damage(path, LOG_DAMAGED if is_log else UNKNOWN, found.removeprefix("a file"))
    for log in run_logs(root):
        damaged = []
        db.execute("BEGIN")
        try:
            for line in runlog.lines(log):
                if line.problem:
                    damaged.append(f"line {line.number}: {line.problem}")
                for record in line.records:
                    _expect(db, record, removed)
        except OSError as error:
            damaged.append(f"cannot be read: {error.strerror}")
        db.execute("COMMIT")
        if damaged:
            yield Damage(f"{layout.RUNS}/{log.name}", LOG_DAMAGED, runlog.shown(damaged))


def _expect(db: sqlite3.Connection, line: Record, removed: dict[str, str | None]) -> None:
    """Apply a log line to the table `expected`."""
    record = logline.parse(line)
    if isinstance(record, FileRecord):
        about = record.about
        db.execute("INSERT OR REPLACE INTO expected VALUES (?, ?, ?, ?, ?, ?, ?)", [
            record.path, record.sha256, record.bytes, about.kind, about.id, about.stamp_ms, about.url])  # fmt: skip
        removed.pop(record.path, None)
    elif isinstance(record, Removal):
        db.execute("DELETE FROM expected WHERE path = ?", [record.path])
        if record.is_found:
            removed[record.path] = record.found_sha256


def _read_files(
    db: sqlite3.Connection, root: Path, shard: Shard, expected: int, advance: Callable[[int, int | None], None],
    strange: dict[str, str],
) -> Iterator[Damage]:  # fmt: skip
    """Hash every file of the shard into the database, on threads, because hashlib releases the interpreter's lock. Yields the
    temporary files. strange: gets everything else in the archive's folders, by path."""
    temporary = list(tree.temporary_files(root))
    paths = _ours(db, shard, _paths(tree.walk(root, strange.__setitem__), temporary))
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
    yield from (Damage(path, TEMPORARY) for path in temporary)


def _paths(walked: Iterable[str], temporary: list[str]) -> Iterator[str]:
    """Yield the files to read: not temporary ones, which are appended to `temporary`, and not partial media files, which are
    not in the logs yet."""
    for path in walked:
        if layout.is_temporary(path):
            temporary.append(path)
        elif not layout.is_partial(path):
            yield path


_Found = tuple[str, str | None, int, str | None]


def _ours(db: sqlite3.Connection, shard: Shard, paths: Iterable[str]) -> Iterator[str]:
    """Yield the files of the shard. Files of other shards are assumed to be sound, because their own shard reads them."""
    for path in paths:
        if shard.has(path):
            yield path
        else:
            db.execute("INSERT INTO found SELECT ?1, (SELECT sha256 FROM expected WHERE path = ?1), 0, NULL", [path])


def _hash_files(root: str, paths: Iterable[str]) -> list[_Found]:
    """Return (path, sha256 in hexadecimal, bytes, why it could not be read) of each file."""
    found: list[_Found] = []
    for path in paths:
        try:
            found.append((path, *sha256_of(f"{root}/{path}"), None))
        except OSError as error:
            found.append((path, None, 0, error.strerror or str(error)))
    return found


def _attach_index(db: sqlite3.Connection, root: Path) -> str:
    """Attach the index to the database. Returns why it cannot be used, '' if it can."""
    path = root / layout.INDEX
    try:
        tree.require_index(root)
    except DiskError as error:
        return str(error)
    if not path.exists():
        return "it is missing"
    if is_as_closed(root) is False:
        return OTHER_BYTES
    # without a write-ahead log the file is complete, and SQLite need not make files beside it
    immutable = "" if (root / (layout.INDEX + "-wal")).exists() else "&immutable=1"
    try:
        db.execute("ATTACH ? AS idx", [f"{uri_of(path)}?mode=ro{immutable}"])
        problem = str(db.execute("PRAGMA idx.quick_check(1)").fetchone()[0])
        db.execute("SELECT count(*) FROM idx.files, idx.meta, (SELECT path FROM idx.objects LIMIT 1)")
    except sqlite3.DatabaseError as error:
        return str(error)
    return "" if problem == "ok" else problem


def _unclean_since(db: sqlite3.Connection, root: Path, without_index: bool) -> str:
    """Return the start of the last run if it did not end cleanly, '' if it did. Without an index: that of the newest run."""
    if without_index:
        return max((log.name.split(".")[0] for log in run_logs(root)), default="")
    found = db.execute("SELECT value FROM idx.meta WHERE key = 'unclean since'").fetchone()
    return str(found[0]) if found else ""


_DIFFERENCES = """
    SELECT e.path AS path, e.path, f.path, NULL, e.sha256, e.bytes, f.sha256, f.bytes, f.problem,
        e.kind, e.id, e.stamp_ms, e.url
    FROM expected e LEFT JOIN found f ON f.path = e.path
    WHERE f.path IS NULL OR f.sha256 IS NOT e.sha256
    UNION ALL SELECT f.path, NULL, f.path, i.path, NULL, NULL, f.sha256, f.bytes, f.problem, NULL, NULL, NULL, NULL
    FROM found f LEFT JOIN expected e ON f.path = e.path LEFT JOIN indexed i ON i.path = f.path WHERE e.path IS NULL
    ORDER BY path"""


def _compare(db: sqlite3.Connection, removed: dict[str, str | None], strange: dict[str, str]) -> Iterator[Damage]:
    """Yield the differences between the logs and the disk, in order of path; then the strange files.

    removed, strange: as `_read_logs` and `_read_files` filled them.
    """
    rows = db.execute(_DIFFERENCES)
    hidden: Counter[str] = Counter()
    odd: set[str] = set()
    for path, expected, found, indexed, sha256, size, found_sha256, found_size, problem, kind, dw_id, stamp_ms, url in rows:
        detail = problem or ""
        if found is None and (place := _strange_place(path, strange)):
            if place != path:  # the folder's content is unknown, so the folder is reported once
                hidden[place] += 1
                continue
            what, detail = NO_ACCESS, strange[path]
            odd.add(path)
        elif found is None:
            what = LOST
        elif expected is None and path in removed and removed[path] == found_sha256:
            what = BEING_SET_ASIDE
        elif expected is None and indexed is None:
            what = UNKNOWN
        elif problem:
            what = NO_ACCESS
        elif expected is None:
            what = UNLOGGED
        elif found_size < size:
            what, detail = CUT, f"{found_size:,} of {size:,} bytes"
        else:
            what = CHANGED
        yield Damage(path, what, detail, found_sha256, found_size, sha256, kind,
                     dw_id, stamp_ms, url)  # fmt: skip
    for path, found in strange.items():
        if path in hidden:
            yield Damage(path, NO_ACCESS, f"{found}; {hidden[path]:,} of the archive's files should be in it")
        elif removed.get(path, "") is None:
            yield Damage(path, BEING_SET_ASIDE, found)
        elif path not in odd:
            yield Damage(path, UNKNOWN, "" if found == "a file" else found)


def _strange_place(path: str, strange: dict[str, str]) -> str | None:
    """Return the strange path among a path and the folders it lies in; None if there is none."""
    if not strange:
        return None
    return next((place for place in (path, *map(str, PurePosixPath(path).parents)) if place in strange), None)


def _compare_documents(db: sqlite3.Connection) -> Iterator[Damage]:
    """Yield documents that exist more than once, for example after two archives were copied together."""
    db.create_function("document_id", 1, lambda path: layout.id_of(path) if layout.is_document(path) else None)
    for dw_id, paths in db.execute("""
        SELECT document_id(path) AS id, group_concat(path, ' ') FROM found WHERE id IS NOT NULL
        GROUP BY id HAVING count(*) > 1 ORDER BY id"""):
        first, *others = sorted(paths.split(" "))  # no path of a document has a space
        yield Damage(first, TWICE, f"also {', '.join(others)}", id=dw_id)


def _compare_index(db: sqlite3.Connection) -> Iterator[Damage]:
    """Yield the differences between the logs and the index. Lost, changed and unknown files were reported before."""
    for (path,) in db.execute("""
        SELECT path FROM (SELECT path FROM idx.files UNION SELECT path FROM idx.objects WHERE path IS NOT NULL)
        WHERE path NOT IN (SELECT path FROM expected) AND path NOT IN (SELECT path FROM found) ORDER BY path"""):
        yield Damage(path, ROW_WITHOUT_FILE)
    for path, url in db.execute("""
        SELECT e.path, e.url FROM expected e JOIN found f ON f.path = e.path LEFT JOIN idx.files i ON i.path = e.path
        WHERE f.sha256 = e.sha256 AND i.sha256 IS NOT e.sha256 ORDER BY e.path"""):
        yield Damage(path, FILE_WITHOUT_ROW, url=url)


def _compare_logs(db: sqlite3.Connection, root: Path, named: set[str]) -> Iterator[Damage]:
    """Yield the logs that are shorter than what the index has read. A crash cuts off only what the index has not read.

    named: paths that are known to be damaged. They are skipped, because a damaged log may not be readable at all.
    """
    for name, read in db.execute("SELECT name, bytes FROM idx.logs ORDER BY name").fetchall():
        log = root / layout.RUNS / name
        if f"{layout.RUNS}/{name}" in named:
            continue
        size = runlog.whole_bytes(log) if is_file(log) else 0
        if size < read:
            yield Damage(f"{layout.RUNS}/{name}", LOG_DAMAGED, f"{size:,} of {read:,} bytes are left")


def _excused(damage: Damage, root: Path, since_ms: int) -> Damage:
    """Return the damage, as UNFINISHED if it may be a leftover of a killed run: a temporary file, or one not yet logged or
    indexed."""
    excused = damage.what in (TEMPORARY, FILE_WITHOUT_ROW)
    if damage.what in (CHANGED, CUT, UNKNOWN) and damage.sha256 and layout.id_of(damage.path):
        with contextlib.suppress(OSError):
            excused = (root / damage.path).stat().st_mtime * 1000 >= since_ms
    return Damage(damage.path, UNFINISHED, f"{damage.what} {damage.detail}".strip()) if excused else damage
