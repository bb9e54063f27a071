"""What `verify` found put right: restored where the archive itself can, else set aside and left to be fetched again.

Nothing is thrown away but temporary files, and nothing under `damaged/` is ever replaced. Order: aside, then the log, then
the index; a repair that is killed is finished by the next one.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import os
import zlib
from dataclasses import dataclass, field
from pathlib import Path

from crawler import disk, layout, recovery, runlog, seedfile, sources, urls, verify
from crawler.archive import Archive
from crawler.exceptions import UnreadableReply
from crawler.logline import Record
from crawler.objects import REMOVED
from crawler.urls import Sites
from crawler.verify import Damage, Verdict

_OF_FILES = (verify.CHANGED, verify.CUT, verify.NO_ACCESS, verify.LOST, verify.UNKNOWN)
_STATES_AT_ONCE = 500


@dataclass
class Repair:
    """What was done. set_aside: path to where it lies now. restored: documents made again from their replies, byte for byte.
    logged_again: whole files whose log line was at fault. logs_mended: run logs without their damaged lines.
    removed: temporary files. again: path to (kind, number) of what the next crawl fetches. hops: the farthest of those.
    for_good: what nobody has any more, as revisions. index_is_wrong: it has to be made again."""

    set_aside: dict[str, str] = field(default_factory=dict)
    restored: list[str] = field(default_factory=list)
    logged_again: list[str] = field(default_factory=list)
    logs_mended: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    again: dict[str, tuple[str, int]] = field(default_factory=dict)
    hops: int = 0
    for_good: list[str] = field(default_factory=list)
    index_is_wrong: bool = False

    @property
    def objects(self) -> set[tuple[str, int]]:
        """Kind and number of everything the next crawl fetches again."""
        return set(self.again.values())


def repair(archive: Archive, verdict: Verdict, time: str) -> Repair:
    """Put right what was found in an archive that is open. time: for the log, as `layout.iso_time` gives it.

    Raises DiskError and OSError.
    """
    done = Repair()
    states: list[Record] = []
    for damage in verdict.damages:
        if damage.what == verify.TEMPORARY:
            (archive.root / damage.path).unlink(missing_ok=True)
            done.removed.append(damage.path)
        elif damage.what == verify.LOG_DAMAGED:
            _mend_log(archive, damage.path, done)
        elif damage.what in (verify.ROW_WITHOUT_FILE, verify.FILE_WITHOUT_ROW, verify.INDEX_DAMAGED):
            done.index_is_wrong = True
        elif damage.what in _OF_FILES and not _log_again(archive, damage, done) and not _restore(archive, damage, done):
            states += _give_up(archive, damage, time, done)
            if len(states) >= _STATES_AT_ONCE:
                archive.store_now([], states)
                states = []
    archive.store_now([], states)
    return done


def _log_again(archive: Archive, damage: Damage, done: Repair) -> bool:
    """Log a file that is as the index knows it: it is the log line that is damaged."""
    is_known = damage.sha256 is not None and archive.index.file(damage.path) == (damage.sha256, damage.bytes)
    if not is_known or not recovery.adopt(archive, damage.path):
        return False
    done.logged_again.append(damage.path)
    return True


def _restore(archive: Archive, damage: Damage, done: Repair) -> bool:
    """Put back a document, or a revision, that its reply gives byte for byte."""
    data = _made_again(archive.root, damage, archive.sites)
    if data is None:
        return False
    if damage.what != verify.LOST:
        done.set_aside[damage.path] = _set_aside(archive.root, damage.path)
    disk.replace_file(archive.root / damage.path, data)
    done.restored.append(damage.path)
    return True


def _made_again(root: Path, damage: Damage, sites: Sites) -> bytes | None:
    """The document as it was when it was stored, made from the reply beside it; None where that gives anything else."""
    is_ours = layout.is_document(damage.path) or (layout.is_revision(damage.path) and damage.path.endswith(".txt"))
    if not is_ours or damage.number is None or damage.stamp_ms is None:
        return None
    kind, language = damage.kind or "article", urls.document_language(damage.url or "")
    for end, place in ((".json.gz", sources.first(kind)), (".json.gz", sources.GRAPH), (".html.gz", sources.PAGE)):
        with contextlib.suppress(OSError, EOFError, zlib.error, UnreadableReply):
            body = gzip.decompress((root / (damage.path.removesuffix(".txt") + end)).read_bytes())
            article = sources.read(place, body, damage.number, kind, language, sites)
            article.language = article.language or language
            data = seedfile.dumps(seedfile.from_article(article, damage.stamp_ms, article.language)).encode()
            if hashlib.sha256(data).hexdigest() == damage.expected_sha256:
                return data
    return None


def _give_up(archive: Archive, damage: Damage, time: str, done: Repair) -> list[Record]:
    """Set a file aside. Returns the states that say so, by which the index hears that it is to be fetched again."""
    path = damage.path
    if damage.what != verify.LOST:
        done.set_aside[path] = _set_aside(archive.root, path)
    if damage.expected_sha256 is None and not (verify.is_utf8(path) and archive.index.file(path)):
        return []  # a stranger
    states = [{"state": REMOVED, "path": path, "reason": f"damaged: {damage.what}", "time": time}]
    number = layout.number_of(path)
    row = archive.index.get(number) if number else None
    if layout.is_document(path) and number:
        done.again[path] = (damage.kind or (row.kind if row else "article"), number)
        done.hops = max(done.hops, row.hop if row else 0)
        if reply := archive.reply_of(path):  # the next one would take its place
            done.set_aside[reply] = _set_aside(archive.root, reply)
            states.append({**states[0], "path": reply, "reason": "damaged: its document"})
    elif layout.is_reply(path) and row and number:
        done.again[path] = (row.kind, number)
        done.hops = max(done.hops, row.hop)
    elif number and (layout.picture_of(path) or layout.is_media(path)):
        done.again[path] = ("media" if layout.is_media(path) else "picture", number)
    elif layout.is_media(path) and number:
        done.again[path] = ("media", number)
    elif number:
        done.for_good.append(path)
    return states


def _set_aside(root: Path, path: str) -> str:
    """Move a file under `damaged/`. Returns where it lies now."""
    aside, count = f"{layout.DAMAGED}/{path}", 0
    while os.path.lexists(root / aside):
        count += 1
        aside = f"{layout.DAMAGED}/{path}.{count}"
    disk.make_folder((root / aside).parent)
    disk.rename(root / path, root / aside)
    disk.sync_folders([(root / aside).parent, (root / path).parent])
    return aside


def _mend_log(archive: Archive, path: str, done: Repair) -> None:
    """Leave out the damaged lines of a run log, but what of them is proved; the log as it was goes under `damaged/`."""
    whole = b"".join(
        b"".join(map(runlog.encode, line.records)) if line.problem else line.data
        for line in runlog.lines(archive.root / path)
    )
    done.set_aside[path] = _set_aside(archive.root, path)
    disk.replace_file(archive.root / path, whole)
    archive.index.set_log_position(path.rpartition("/")[2], len(whole))
    done.logs_mended.append(path)
