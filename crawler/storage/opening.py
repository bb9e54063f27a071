"""Open an archive, for work or read-only.

`open_archive` locks the archive and brings its index up to date with the run logs and the files (`recovery`). `look` changes
nothing in the archive: it works on a copy of the index.
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path

from crawler import times
from crawler.exceptions import DiskError
from crawler.storage import disk, layout, recovery, tree
from crawler.storage.archive import Archive, check_free
from crawler.storage.index.objects import EVERYTHING, Scope
from crawler.storage.index.seal import break_seal
from crawler.storage.index.sqlite import Index
from crawler.storage.lock import Lock
from crawler.storage.runlog import RunLog
from crawler.urls import DW, Sites


def open_archive(
    root: Path,
    now_ms: int,
    who: str,
    *,
    min_free: int = 0,
    sites: Sites = DW,
    say: Callable[[str], None] = lambda message: None,
    rebuild: bool = False,
    scope: Scope = EVERYTHING,
) -> Archive:
    """Lock an archive and bring its index up to date. An empty or missing folder becomes an archive.

    now_ms: start of the run, milliseconds UTC. who: the name shown to another process that finds the archive locked.
    min_free: bytes that must stay free on its disk. say: called with a sentence about each thing that was repaired.
    rebuild: rebuild the index from files and logs in any case. scope: what the run wants. The caller closes the archive.
    Raises ArchiveInUse, NotAnArchive and DiskError.
    """
    lock = _lock(root, now_ms, who)
    with contextlib.ExitStack() as undo:
        undo.callback(lock.release)
        try:
            check_free(root, min_free)
            if warning := disk.flush_problem(root / layout.RUNS):
                say(warning)
            index, rebuild_reason, unclean_since = open_index(root, rebuild)
            undo.callback(index.close)
            archive = Archive(root, lock.release, index, RunLog(root / layout.RUNS, now_ms), min_free, sites, scope)
        except (OSError, sqlite3.Error) as error:
            raise DiskError(f"{root}: {error}") from error
        undo.pop_all()
    try:
        recovery.recover(archive, rebuild_reason, unclean_since, now_ms, say)
    except BaseException as error:
        archive.close(clean=False)
        if isinstance(error, OSError):
            raise DiskError(f"{root}: {error}") from error
        raise
    return archive


def _lock(root: Path, now_ms: int, who: str) -> Lock:
    try:
        tree.require_archive(root)
        disk.make_folder(root / layout.RUNS)
        tree.require_index(root)
        return Lock(root / layout.LOCK, who, times.iso(now_ms))
    except OSError as error:
        raise DiskError(f"{root}: {error.strerror or error}") from error


def look(
    root: Path, now_ms: int, *, sites: Sites = DW, say: Callable[[str], None] = lambda message: None, scope: Scope = EVERYTHING
) -> Archive:
    """Return an archive for a dry run: nothing on its disk changes, and storing raises DiskError.

    Its index is a copy in a temporary folder and may be changed; if there is no archive, the index is empty. No lock is
    taken, because a crawl may be running. say: called with a sentence if the index cannot be used. The caller closes the
    archive. Raises NotAnArchive and DiskError.
    """
    with contextlib.ExitStack() as undo:
        folder = tempfile.TemporaryDirectory()
        undo.callback(folder.cleanup)
        try:
            tree.require_archive(root)
            index, problem = _copy_index(root, Path(folder.name))
            undo.callback(index.close)
            archive = Archive(root, folder.cleanup, index, RunLog(root / layout.RUNS, now_ms), 0, sites, scope)
            undo.pop_all()
            undo.callback(archive.close, clean=False)  # closes all of it
            archive.writer.failure = DiskError(f"{root} is open for reading only: nothing is stored")
            recovery.catch_up(archive)
        except (OSError, sqlite3.Error) as error:
            raise DiskError(f"{root}: {error}") from error
        undo.pop_all()
    if problem:
        say(problem)
    return archive


# --- the index ---


def open_index(root: Path, rebuild: bool) -> tuple[Index, str, str | None]:
    """Open the index of a locked archive, or begin a new one if it is missing or damaged, or on request.

    Returns (index, rebuild_reason, unclean_since). A sound index has an empty rebuild_reason; a new one is empty and lies
    beside the old one. unclean_since, of a new index: the start of the run that did not end cleanly; '' if the last run
    did, None if unknown. Raises OSError, DiskError and sqlite3.Error.
    """
    path = root / layout.INDEX
    if rebuild:
        index, unclean_since = _begin_index(root, _unclean_since(path))
        return index, "rebuilding the index, as requested", unclean_since
    reason = f"{path} was missing or unfinished: rebuilding it from files and run logs"
    try:
        if sound := _sound_index(root):
            recovery.remove_index(root / layout.INDEX_NEW)
            return sound, "", None
    except (sqlite3.DatabaseError, DiskError, UnicodeDecodeError) as error:  # SQLite's message may quote damaged bytes
        if "full" in str(error) or "locked" in str(error):
            raise  # nothing is wrong with the file
        reason = f"{path} was damaged ({error}): rebuilding it from files and run logs"
    index, unclean_since = _begin_index(root, None)
    return index, reason, unclean_since


def _sound_index(root: Path) -> Index | None:
    """Return the index if it is complete, or if there is nothing to be indexed yet; else None. Raises like `open_index`."""
    is_sealed = break_seal(root)
    index = Index(root / layout.INDEX)
    with contextlib.ExitStack() as undo:
        undo.callback(index.close)
        if not is_sealed:
            index.check()
        is_empty = not tree.has_runs(root) and not any(tree.walk(root))
        if index.unclean_since() is None and not is_empty:
            return None
        undo.pop_all()
    return index


def _begin_index(root: Path, unclean_since: str | None) -> tuple[Index, str | None]:
    """Return an empty index beside the old one, and unclean_since of `open_index`; an unfinished new index may know it."""
    new = root / layout.INDEX_NEW
    if unclean_since is None and new.exists():  # left by a run that was killed during a rebuild
        with contextlib.suppress(sqlite3.DatabaseError, DiskError), contextlib.closing(Index(new)) as unfinished:
            unclean_since = unfinished.unclean_since()
    recovery.remove_index(new)
    return Index(new), unclean_since


def _unclean_since(path: Path) -> str | None:
    """Return the start of the last run if it did not end cleanly, '' if it did; None if the index cannot be read."""
    if path.exists():
        with contextlib.suppress(sqlite3.DatabaseError, DiskError), contextlib.closing(Index(path, read_only=True)) as index:
            return index.unclean_since() or ""
    return None


def _copy_index(root: Path, folder: Path) -> tuple[Index, str]:
    """Copy the index of an archive into another folder. Returns (index, problem); the index is empty if it cannot be used.

    A crawl may be running meanwhile. Raises OSError.
    """
    path = folder / layout.INDEX
    for end in ("", "-wal"):  # the write-ahead log has what is not in the file itself yet
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            shutil.copyfile(root / (layout.INDEX + end), folder / (layout.INDEX + end))
    if not path.exists():
        return Index(path), ""
    problem = "missing or unfinished"
    try:
        index = Index(path)
        with contextlib.ExitStack() as undo:
            undo.callback(index.close)
            index.check()
            if index.unclean_since() is not None:
                undo.pop_all()
                return index, ""
    except sqlite3.DatabaseError as error:
        problem = f"damaged ({error})"
    for left in folder.iterdir():
        left.unlink()
    return Index(path), f"{root / layout.INDEX} is {problem}: reading the run logs instead"
