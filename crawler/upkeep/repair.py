"""Repair what `verify` found: restore files from the archive itself, or set them aside to be fetched again.

A plan is made first, without changing anything. It touches only files that the run logs or the index name. Only temporary
files are deleted, and nothing under `damaged/` is ever replaced. A file is logged before it is set aside, so that after a
kill the next repair finishes the work.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path

from crawler import seedfile, urls
from crawler.files import is_file, read_file, sha256_of
from crawler.storage import disk, layout, recovery, remaking, runlog, tree
from crawler.storage.archive import Archive
from crawler.storage.index.sqlite import Index
from crawler.storage.logline import Removal
from crawler.upkeep import verify
from crawler.upkeep.verify import Damage, Verdict
from crawler.urls import DW, Sites

_OF_FILES = (verify.CHANGED, verify.CUT, verify.LOST, verify.UNLOGGED, verify.BEING_SET_ASIDE)
_AT_ONCE = 500  # files that are logged together, then set aside


@dataclass
class Repair:
    """What is to be done, or was done.

    set_aside: path to its new path. restored: documents remade from their replies, byte for byte. logged_again: whole files
    whose log line is damaged. logs_mended: run logs that lose their damaged lines, or that are lost. removed: temporary
    files. again: path to (kind, id) of what the next crawl fetches. hops: the largest distance of these from the seeds.
    for_good: files that cannot be fetched again, such as revisions. left: path to the reason why it stays as it is.
    index_is_wrong: the index must be rebuilt. states: records for the log, by path.
    """

    set_aside: dict[str, str] = field(default_factory=dict)
    restored: list[str] = field(default_factory=list)
    logged_again: list[str] = field(default_factory=list)
    logs_mended: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    again: dict[str, tuple[str, int]] = field(default_factory=dict)
    hops: int = 0
    for_good: list[str] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)
    index_is_wrong: bool = False
    states: dict[str, Removal] = field(default_factory=dict)

    @property
    def objects(self) -> set[tuple[str, int]]:
        """Kind and id of everything the next crawl fetches again."""
        return set(self.again.values())


def repair(archive: Archive, verdict: Verdict, time: str) -> Repair:
    """Repair an open archive. time: for the log, in the form of `times.iso`.

    Raises DiskError and OSError; the next repair finds and does what is left.
    """
    planned = plan(archive.root, archive.index, verdict, time, archive.sites)
    _carry_out(archive, planned, verdict)
    return planned


def plan(root: Path, index: Index | None, verdict: Verdict, time: str, sites: Sites = DW) -> Repair:
    """Return what a repair would do, without changing anything.

    index: None if it cannot be read. time: for the log, in the form of `times.iso`. sites: DW's hosts, for reading replies.
    """
    planned = Repair()
    for damage in verdict.damages:
        if damage.what == verify.TEMPORARY:
            planned.removed.append(damage.path)
        elif damage.what == verify.LOG_DAMAGED:
            if _digest(root / damage.path):
                planned.logs_mended.append(damage.path)
                _plan_aside(root, damage.path, planned)
            elif not os.path.lexists(root / damage.path):
                planned.logs_mended.append(damage.path)
            else:
                planned.left[damage.path] = damage.detail
        elif damage.what in (verify.ROW_WITHOUT_FILE, verify.FILE_WITHOUT_ROW, verify.INDEX_DAMAGED):
            planned.index_is_wrong = True
        elif damage.what == verify.TWICE or (damage.what == verify.NO_ACCESS and damage.expected_sha256 is None):
            planned.left[damage.path] = damage.detail
        elif damage.what in (*_OF_FILES, verify.NO_ACCESS):
            _plan_file(root, index, damage, time, planned, sites)
    return planned


def _plan_file(root: Path, index: Index | None, damage: Damage, time: str, planned: Repair, sites: Sites) -> None:
    path = damage.path
    if index and damage.sha256 is not None and index.file(path) == (damage.sha256, damage.bytes):
        planned.logged_again.append(path)  # the file is whole, only its log line is damaged
        return
    if damage.what != verify.LOST:
        _plan_aside(root, path, planned)
    if damage.what == verify.BEING_SET_ASIDE:
        return
    if _made_again(root, damage, sites) is not None:
        planned.restored.append(path)
    else:
        _plan_again(root, index, damage, time, planned)


def _plan_aside(root: Path, path: str, planned: Repair) -> None:
    planned.set_aside[path] = tree.free_place(root, path)


def _plan_again(root: Path, index: Index | None, damage: Damage, time: str, planned: Repair) -> None:
    """Plan to fetch a file again that cannot be restored; the index learns of it from the states."""
    path, dw_id = damage.path, layout.id_of(damage.path)
    is_found = damage.what != verify.LOST
    planned.states[path] = Removal(path, f"damaged: {damage.what}", time, damage.sha256, is_found)
    row = index.get(dw_id) if index and dw_id else None
    if layout.is_document(path) and dw_id:
        planned.again[path] = (damage.kind or (row.kind if row else "article"), dw_id)
        planned.hops = max(planned.hops, row.hop if row else 0)
        for reply in _replies_of(path):  # the next reply would take its path
            if reply not in planned.set_aside and is_file(root / reply):
                _plan_aside(root, reply, planned)
                planned.states[reply] = Removal(reply, "damaged: its document", time, _digest(root / reply))
    elif layout.is_reply(path) and row and dw_id:
        planned.again[path] = (row.kind, dw_id)
        planned.hops = max(planned.hops, row.hop)
    elif dw_id and (layout.picture_of(path) or layout.is_media(path)):
        planned.again[path] = ("media" if layout.is_media(path) else "picture", dw_id)
    elif dw_id:
        planned.for_good.append(path)


def _digest(path: Path) -> str | None:
    try:
        return sha256_of(path)[0]
    except OSError:
        return None


def _replies_of(document: str) -> list[str]:
    return [document.removesuffix(".txt") + end for end in layout.REPLY_ENDS]


def _made_again(root: Path, damage: Damage, sites: Sites) -> bytes | None:
    """Return the document as it was stored, remade from the reply beside it; None if the reply gives anything else."""
    is_ours = layout.is_document(damage.path) or (layout.is_revision(damage.path) and damage.path.endswith(".txt"))
    if not is_ours or damage.id is None or damage.stamp_ms is None:
        return None
    kind, language = damage.kind or "article", urls.document_language(damage.url or "")
    for reply in _replies_of(damage.path):
        with contextlib.suppress(OSError):
            data = read_file(root / reply)
            for one in remaking.documents(root, reply, data, damage.id, kind, damage.stamp_ms, language, sites):
                made = seedfile.dumps(one).encode()
                if hashlib.sha256(made).hexdigest() == damage.expected_sha256:
                    return made
    return None


def _carry_out(archive: Archive, planned: Repair, verdict: Verdict) -> None:
    """Do what was planned. Whatever turns out to be impossible goes into `left`."""
    for path in planned.removed:
        disk.remove(archive.root / path)
    damages = {damage.path: damage for damage in verdict.damages}
    for path in list(planned.restored):  # while the reply is still there
        _restore(archive, damages[path], planned)
    for path in planned.logs_mended:
        if path in planned.set_aside:
            _mend_log(archive, path, planned.set_aside[path])
        else:  # the log is lost: whole files that it named are logged again below
            archive.index.set_log_position(path.rpartition("/")[2], 0)
    for path in list(planned.logged_again):
        if not recovery.adopt(archive, path):
            planned.logged_again.remove(path)
            planned.left[path] = "its content does not fit its name"
    paths = list(planned.states)
    for start in range(0, len(paths), _AT_ONCE):
        archive.store_now([], [planned.states[path] for path in paths[start : start + _AT_ONCE]])
        for path in paths[start : start + _AT_ONCE]:
            _set_aside(archive.root, path, planned)
    for path in list(planned.set_aside):
        if path not in planned.states and path not in planned.logs_mended and path not in planned.restored:
            _set_aside(archive.root, path, planned)


def _restore(archive: Archive, damage: Damage, planned: Repair) -> None:
    """Put a restored document in the place of the damaged one."""
    data = _made_again(archive.root, damage, archive.sites)
    if data is None:  # the disk has changed since the plan was made; the next repair makes a new plan
        planned.restored.remove(damage.path)
        return
    _set_aside(archive.root, damage.path, planned)
    disk.replace_file(archive.root / damage.path, data)


def _set_aside(root: Path, path: str, planned: Repair) -> None:
    """Move a file under `damaged/`, if that is planned."""
    if aside := planned.set_aside.get(path):
        try:
            disk.move(root / path, root / aside)
        except disk.Unreadable as error:
            del planned.set_aside[path]
            planned.left[path] = f"cannot be copied to another disk: {error.strerror}"


def _mend_log(archive: Archive, path: str, aside: str) -> None:
    """Rewrite a run log without its damaged lines, keeping records in them that are proved. The original is copied under
    `damaged/`."""
    whole = b"".join(
        b"".join(map(runlog.encode, line.records)) if line.problem else line.data
        for line in runlog.lines(archive.root / path)
    )
    disk.copy(archive.root / path, archive.root / aside)
    disk.replace_file(archive.root / path, whole)
    archive.index.set_log_position(path.rpartition("/")[2], len(whole))
