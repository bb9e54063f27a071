"""Bring the index of an archive that is being opened up to date with the run logs and the files.

After a killed run, its leftovers are removed or adopted. A missing or damaged index is rebuilt.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable
from pathlib import Path

from crawler import times
from crawler.configuration.program import program
from crawler.exceptions import DiskError
from crawler.files import sha256_of
from crawler.storage import disk, layout, leftovers, logline, runlog, tree
from crawler.storage.archive import Archive
from crawler.storage.index import agenda
from crawler.storage.index.apply import apply
from crawler.storage.index.objects import PENDING
from crawler.storage.index.sqlite import Index
from crawler.storage.logline import About, FileRecord, Record, Removal, StateRecord
from crawler.storage.runlog import FILES_END, STATES_END, run_logs
from crawler.urls import DOCUMENT_KINDS

_MTIME_SLACK_MS = 60_000  # clocks are set, and a run's name may be later than its start


def remove_index(path: Path) -> None:
    """Remove an index and the files SQLite keeps beside it, if they exist. Raises OSError."""
    for end in layout.SQLITE_ENDS:
        disk.remove(path.with_name(path.name + end))


def _put_in_place(archive: Archive) -> None:
    """Put a rebuilt index in the place of the old one. A failure before the rename leaves the old one as it was."""
    new, path = archive.root / layout.INDEX_NEW, archive.root / layout.INDEX
    archive.index.commit(durable=True)
    archive.index.close()
    disk.flush_file(new)
    for end in layout.SQLITE_ENDS[1:]:  # SQLite would take these for the new one's
        disk.remove(path.with_name(path.name + end))
    disk.rename(new, path)
    disk.sync_folders([archive.root])
    disk.remove(archive.root / layout.INDEX_SEAL)  # not before: without its seal a damaged index might pass for sound
    archive.index = Index(path)


def recover(archive: Archive, why: str, since: str | None, now_ms: int, say: Callable[[str], None]) -> None:
    """Bring the index up to date, clean up after a killed run, and note that a run has begun.

    why, since: rebuild_reason and unclean_since of `opening.open_index`. say: called with a sentence about each thing found.
    Raises OSError and DiskError.
    """
    unclean_since = archive.index.unclean_since() or since
    if why:
        say(why)
        if unclean_since is None:
            unclean_since = max((log.name.split(".")[0] for log in run_logs(archive.root)), default="")
        # noted before the rebuild, because this run may be killed too
        archive.index.set_unclean_since(unclean_since or layout.run_name(now_ms))
        archive.index.commit(durable=True)
    list(tree.run_files(archive.root, lambda path, found: _name_odd_log(path, found, say)))
    behind, damaged = catch_up(archive)
    if damaged:
        say(f"skipped damaged log lines ({runlog.shown(damaged)}); run `{program()} repair`")
    if why or unclean_since:
        removed, adopted, aside = _clean_up(archive, unclean_since or "", now_ms, damaged)
        agenda.draw_last_scope(archive.index)
        say(
            f"{'rebuilt the index' if why else 'the last run did not end cleanly'}: "
            f"{behind} log lines read, {removed} temporary files removed, {adopted} files adopted"
        )
        if aside:
            say(f"damaged files moved to {layout.DAMAGED}/, to be fetched again: {runlog.shown(aside)}")
    if why:
        _put_in_place(archive)
    archive.index.set_unclean_since(layout.run_name(now_ms))
    archive.index.commit(durable=True)


def _name_odd_log(path: str, found: str, say: Callable[[str], None]) -> None:
    if layout.is_run_log(path.rpartition("/")[2]):
        say(f"ignored {path}: {found}, not a run log")


def catch_up(archive: Archive) -> tuple[int, list[str]]:
    """Apply the log lines that the index does not have yet. Returns how many, and a sentence for each damaged line."""
    count, damaged = 0, []
    for log in run_logs(archive.root):
        position = archive.index.log_position(log.name)
        if 0 < log.stat().st_size <= position:
            continue  # without opening it: ten years of hourly runs have 180,000 logs
        size = _whole_bytes(log)
        if 0 < size <= position:
            continue
        for line in runlog.lines(log):
            problem = line.problem
            for record in line.records:
                count += 1
                try:
                    _take_over(archive, record, log.name.split(".")[0])
                except (DiskError, MemoryError):
                    raise
                except Exception as error:  # one bad line must not keep the others from being read
                    problem = str(error) or type(error).__name__
            if problem:
                damaged.append(f"{layout.RUNS}/{log.name} line {line.number}: {problem}")
        archive.index.set_log_position(log.name, size)
    return count, damaged


def _whole_bytes(log: Path) -> int:
    """Return the size of a log without a line that was cut off. An unreadable log counts whole; `scrapy verify` reports it."""
    try:
        return runlog.whole_bytes(log)
    except OSError:
        return log.stat().st_size


def _take_over(archive: Archive, line: Record, run: str) -> None:
    """Apply a log line to the index, and register what a stored document refers to."""
    record = logline.parse(line)
    if isinstance(record, StateRecord) and record.state == PENDING and record.kind in DOCUMENT_KINDS:
        archive.register([record.id], record.hop or 0, record.kind, record.language)  # its references may come nearer too
        return
    apply(archive.index, line, run)
    if isinstance(record, FileRecord):
        _register_stored(archive, record)


def _register_stored(archive: Archive, record: FileRecord) -> None:
    """Register the references and pictures of a stored document, or of an earlier version of one."""
    path = record.path
    is_text = layout.is_document(path) or (layout.is_revision(path) and path.endswith(".txt"))
    if is_text and (row := archive.index.get(record.about.id)) and (document := archive.read(path)):
        archive.register_document(document, row.origin, row.hop)


def _clean_up(archive: Archive, unclean_since: str, now_ms: int, lines: list[str]) -> tuple[int, int, list[str]]:
    """Clean up after a killed run: remove temporary files, adopt whole files that are not logged, set damaged files aside.

    unclean_since: the name of the run that was killed; a file is set aside only if it changed since. lines: the damaged log
    lines; if there are any, older files are read too, because a lost line may be the one that names their bytes.
    Returns (removed, adopted, paths set aside).
    """
    removed = _remove_temporary(archive.root)
    since_ms = (times.parse_ms(unclean_since) or 0) - _MTIME_SLACK_MS
    unlogged, recent = _unlogged(archive, since_ms, look_at_all=bool(lines))
    unfinished = damaged_files(archive.root)
    adopted, damaged = [], {}
    for path, (digest, size) in unlogged.items():
        if archive.index.file(path) is None and unfinished.get(path) == digest:
            damaged[path] = digest  # the killed run had logged it as damaged, but not moved it yet
            continue
        verdict = leftovers.judge(archive, path, unlogged)
        if isinstance(verdict, About):
            adopted.append(FileRecord(path, digest, size, verdict))
        elif verdict == leftovers.DAMAGED and path in recent:  # `scrapy verify` reports older ones
            damaged[path] = digest
        elif verdict == leftovers.LEFT and archive.index.file(path):  # a reply, which this run will replace
            archive.index.set_unchecked(layout.id_of(path) or 0)
    _adopt(archive, adopted)
    _set_aside(archive, damaged, now_ms)
    return removed, len(adopted), sorted(damaged)


def _remove_temporary(root: Path) -> int:
    """Remove temporary files, and notes whose partial media file is gone. Returns how many."""
    removed = 0
    for path in itertools.chain(tree.temporary_files(root), tree.walk(root)):
        is_note_alone = layout.is_partial(path) and not (root / path.removesuffix(".json")).exists()
        if layout.is_temporary(path) or is_note_alone:
            disk.remove(root / path)
            removed += 1
    return removed


def _unlogged(archive: Archive, since_ms: int, *, look_at_all: bool) -> tuple[dict[str, tuple[str, int]], set[str]]:
    """Return (unlogged, recent). unlogged: path to (sha256, size) of the files that the logs do not name, or name with other
    bytes. recent: paths of the files that changed since `since_ms`.

    Of the logged files only the recent ones are read, or all with `look_at_all`.
    """
    unlogged: dict[str, tuple[str, int]] = {}
    recent = set()
    for path in tree.walk(archive.root):
        if layout.is_partial(path):  # to be continued
            continue
        known = archive.index.file(path)
        with contextlib.suppress(OSError):  # `scrapy verify` reports unreadable files
            if since_ms > 0 and (archive.root / path).stat().st_mtime * 1000 >= since_ms:
                recent.add(path)
            if known is None or path in recent or look_at_all:
                found = sha256_of(archive.root / path)
                if found != known:
                    unlogged[path] = found
    return unlogged, recent


def _set_aside(archive: Archive, damaged: dict[str, str], now_ms: int) -> None:
    """Move files under `damaged/`, so that they are fetched again. The move is logged first.

    damaged: path to sha256. The replies of damaged documents are moved too, because the next reply takes their path.
    """
    for path in list(damaged):
        for reply in leftovers.replies_of(archive.root, path) if layout.is_document(path) else ():
            damaged.setdefault(reply, sha256_of(archive.root / reply)[0])
    states = [
        Removal(path, "damaged: not what was stored", times.iso(now_ms), digest).to_line() for path, digest in damaged.items()
    ]
    if states:
        archive.log.append(STATES_END, states)
    for path in damaged:
        disk.move(archive.root / path, archive.root / tree.free_place(archive.root, path))
    archive.apply(states)
    if states:
        archive.log.go_on_under_a_later_name()  # this run may store these paths again


def damaged_files(root: Path) -> dict[str, str | None]:
    """Return the files that the logs call damaged: path to sha256, None if the file could not be read.

    A file is logged as damaged before it is moved, and stays in the result after it was fetched again.
    """
    return {
        removal.path: removal.found_sha256
        for log in run_logs(root) if log.name.endswith(STATES_END)
        for removal in map(logline.parse, runlog.read_log(log)) if isinstance(removal, Removal) and removal.is_found
    }  # fmt: skip


def adopt(archive: Archive, path: str) -> bool:
    """Log a whole file that no log line names. Returns False, and changes nothing, if the file is not the archive's."""
    about = leftovers.about_file(archive, path)
    if about:
        _adopt(archive, [FileRecord(path, *sha256_of(archive.root / path), about)])
    return about is not None


def _adopt(archive: Archive, adopted: list[FileRecord]) -> None:
    adopted.sort(key=lambda record: layout.is_document(record.path))
    lines = [record.to_line() for record in adopted]
    if lines:
        archive.log.append(FILES_END, lines)
        archive.apply(lines)
    for record in adopted:
        if layout.is_document(record.path):
            _register_stored(archive, record)
