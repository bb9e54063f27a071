"""Bringing an archive that is being opened up to what the run logs and the files say.

After a run that did not end by itself its remains are removed or adopted. An index that is missing or damaged is made again.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable
from pathlib import Path

from crawler import times
from crawler.exceptions import DiskError
from crawler.files import sha256_of
from crawler.storage import disk, layout, leftovers, logline, runlog, tree
from crawler.storage.archive import Archive
from crawler.storage.index import agenda
from crawler.storage.index.apply import apply
from crawler.storage.index.objects import PENDING
from crawler.storage.index.sqlite import Index
from crawler.storage.logline import FileRecord, Record, Removal, StateRecord
from crawler.storage.runlog import FILES_END, STATES_END, run_logs
from crawler.urls import DOCUMENT_KINDS

_MTIME_SLACK_MS = 60_000  # clocks are set, and a run's name may be later than its start


def remove_index(path: Path) -> None:
    """Remove an index and the files SQLite keeps beside it, if they exist. Raises OSError."""
    for end in ("", "-wal", "-shm"):
        disk.remove(path.with_name(path.name + end))


def _put_in_place(archive: Archive) -> None:
    """Give an index that was made again the old one's place. Whatever happens before leaves the old one as it was."""
    new, path = archive.root / layout.INDEX_NEW, archive.root / layout.INDEX
    archive.index.commit(durable=True)
    archive.index.close()
    disk.flush_file(new)
    for end in ("-wal", "-shm"):  # SQLite would take these for the new one's
        disk.remove(path.with_name(path.name + end))
    disk.rename(new, path)
    disk.sync_folders([archive.root])
    disk.remove(archive.root / layout.INDEX_SEAL)  # not before: a damaged one without it might pass for sound
    archive.index = Index(path)


def recover(archive: Archive, why: str, since: str | None, now_ms: int, say: Callable[[str], None]) -> None:
    unclean_since = archive.index.unclean_since() or since
    if why:
        say(why)
        if unclean_since is None:
            unclean_since = max((log.name.split(".")[0] for log in run_logs(archive.root)), default="")
        # noted before anything is made again: this run may be killed too
        archive.index.set_unclean_since(unclean_since or layout.run_name(now_ms))
        archive.index.commit(durable=True)
    list(tree.run_files(archive.root, lambda path, found: _name_odd_log(path, found, say)))
    behind, damaged = catch_up(archive)
    if damaged:
        say(f"damaged log lines left out ({runlog.shown(damaged)}): scrapy repair mends what can be mended")
    if why or unclean_since:
        removed, adopted, aside = _clean_up(archive, unclean_since or "", now_ms, damaged)
        agenda.draw_last_scope(archive.index)
        say(
            f"{'the index was made again' if why else 'the last run did not end by itself'}: "
            f"{behind} log lines taken over, {removed} temporary files removed, {adopted} files adopted"
        )
        if aside:
            say(f"not what was stored: set aside under {layout.DAMAGED}/, to be fetched again: {runlog.shown(aside)}")
    if why:
        _put_in_place(archive)
    archive.index.set_unclean_since(layout.run_name(now_ms))
    archive.index.commit(durable=True)


def _name_odd_log(path: str, found: str, say: Callable[[str], None]) -> None:
    if layout.is_run_log(path.rpartition("/")[2]):
        say(f"{path} is passed over: {found}, not a run log")


def catch_up(archive: Archive) -> tuple[int, list[str]]:
    """Take over log lines the index does not have yet. Returns how many, and which are damaged."""
    count, damaged = 0, []
    for log in run_logs(archive.root):
        size = _whole_bytes(log)
        if 0 < size <= archive.index.log_position(log.name):
            continue
        for line in runlog.lines(log):
            problem = line.problem
            for record in line.records:
                count += 1
                try:
                    _take_over(archive, record, log.name.split(".")[0])
                except (DiskError, MemoryError):
                    raise
                except Exception as error:  # whatever it is, the other lines are to be read
                    problem = str(error) or type(error).__name__
            if problem:
                damaged.append(f"{layout.RUNS}/{log.name} line {line.number}: {problem}")
        archive.index.set_log_position(log.name, size)
    return count, damaged


def _whole_bytes(log: Path) -> int:
    """Return the size of a log without a line that was cut off. A log that cannot be read counts whole: verify names it."""
    try:
        return runlog.whole_bytes(log)
    except OSError:
        return log.stat().st_size


def _take_over(archive: Archive, line: Record, run: str) -> None:
    """Tell the index what a log line says."""
    record = logline.parse(line)
    if isinstance(record, StateRecord) and record.state == PENDING and record.kind in DOCUMENT_KINDS:
        archive.register([record.id], record.hop or 0, record.kind, record.language)  # what it refers to comes nearer with it
        return
    apply(archive.index, line, run)
    if isinstance(record, FileRecord):
        _register_stored(archive, record)


def _register_stored(archive: Archive, record: FileRecord) -> None:
    """Register what a stored document, or an earlier version of one, refers to and shows."""
    path = record.path
    if layout.is_document(path):
        source, hop = record.source or "", record.hop
    elif layout.is_revision(path) and path.endswith(".txt") and (row := archive.index.get(record.id)):
        source, hop = row.source, row.hop
    else:
        return
    if document := archive.read(path):
        archive.register_document(document, source, hop)


def _clean_up(archive: Archive, unclean_since: str, now_ms: int, lines: list[str]) -> tuple[int, int, list[str]]:
    """Remove temporary files; adopt files that no log line names, or that replaced others since a run began; set aside what
    is damaged since then. Returns how many of the first two, and the last.

    lines: damaged ones. Where there are any, older files are looked at, too: theirs may be the line that names what they hold.
    """
    removed = _remove_temporary(archive.root)
    since_ms = (times.parse_ms(unclean_since) or 0) - _MTIME_SLACK_MS
    unlogged, recent = _unlogged(archive, since_ms, look_at_all=bool(lines))
    unfinished = damaged_files(archive.root)
    adopted, damaged = [], {}
    for path, (digest, size) in unlogged.items():
        if archive.index.file(path) is None and unfinished.get(path) == digest:
            damaged[path] = digest  # who was killed had still to set it aside
            continue
        verdict = leftovers.judge(archive, path, unlogged)
        if isinstance(verdict, dict):
            adopted.append({"path": path, "sha256": digest, "bytes": size, **verdict})
        elif verdict == leftovers.DAMAGED and path in recent:  # of anything older `scrapy verify` tells
            damaged[path] = digest
        elif verdict == leftovers.LEFT and archive.index.file(path):  # a reply: this run is to replace it
            archive.index.set_unchecked(layout.id_of(path) or 0)
    _adopt(archive, adopted)
    _set_aside(archive, damaged, now_ms)
    return removed, len(adopted), sorted(damaged)


def _remove_temporary(root: Path) -> int:
    """Remove temporary files, and notes of partial media files that are whole by now. Returns how many."""
    removed = 0
    for path in itertools.chain(tree.temporary_files(root), tree.walk(root)):
        is_note_alone = layout.is_partial(path) and not (root / path.removesuffix(".json")).exists()
        if layout.is_temporary(path) or is_note_alone:
            disk.remove(root / path)
            removed += 1
    return removed


def _unlogged(archive: Archive, since_ms: int, *, look_at_all: bool) -> tuple[dict[str, tuple[str, int]], set[str]]:
    """Files that no log line names, or names with other bytes: path to sha256 and size; and which files are not older than
    the run that began at a time. Of those that a line names only these are read, or all."""
    unlogged: dict[str, tuple[str, int]] = {}
    recent = set()
    for path in tree.walk(archive.root):
        if layout.is_partial(path):  # to be continued
            continue
        known = archive.index.file(path)
        with contextlib.suppress(OSError):  # `scrapy verify` names what cannot be read
            if since_ms > 0 and (archive.root / path).stat().st_mtime * 1000 >= since_ms:
                recent.add(path)
            if known is None or path in recent or look_at_all:
                found = sha256_of(archive.root / path)
                if found != known:
                    unlogged[path] = found
    return unlogged, recent


def _set_aside(archive: Archive, damaged: dict[str, str], now_ms: int) -> None:
    """Move files under `damaged/`, logged first, and have them fetched again. damaged: path to sha256; the replies of documents
    are added: the next one would take their place."""
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
    """What the logs call damaged: path to the sha256 it had, None where nobody could tell. It is logged before it is set aside;
    a path that was stored again is still in it."""
    return {
        removal.path: removal.found_sha256
        for log in run_logs(root) if log.name.endswith(STATES_END)
        for removal in map(logline.parse, runlog.read_log(log)) if isinstance(removal, Removal) and removal.is_found
    }  # fmt: skip


def adopt(archive: Archive, path: str) -> bool:
    """Log a whole file that no log line names (any more). Returns False, and does nothing, for a stranger."""
    record = leftovers.record_of(archive, path)
    if record:
        digest, size = sha256_of(archive.root / path)
        _adopt(archive, [{"path": path, "sha256": digest, "bytes": size, **record}])
    return record is not None


def _adopt(archive: Archive, adopted: list[Record]) -> None:
    adopted.sort(key=lambda record: layout.is_document(record["path"]))
    if adopted:
        archive.log.append(FILES_END, adopted)
        archive.apply(adopted)
    for record in adopted:
        if layout.is_document(record["path"]) and (document := archive.read(record["path"])):
            archive.register_document(document, record["source"], record["hop"])
