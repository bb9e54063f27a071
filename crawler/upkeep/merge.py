"""Import another archive into an archive, by its run logs and without a request.

Pictures, media files and unreadable replies come first, then documents with their replies and revisions, then states. The
other archive is only read. A file is imported if it fits its run log and its path; the others are counted. After a kill, a
repeated import continues.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TypeVar

from crawler import times
from crawler.exceptions import NotTaken
from crawler.seeds import Problem
from crawler.settings import MEDIA_MAXSIZE
from crawler.storage import disk, foreign, layout, logline, mediafile, runlog
from crawler.storage.archive import Archive
from crawler.storage.index import agenda
from crawler.storage.index.logged import Logged
from crawler.storage.index.objects import SCOPE
from crawler.storage.logline import AnyState, FileRecord, Record
from crawler.storage.otherarchive import SMALL, OtherArchive
from crawler.storage.writer import NewFile, Piece, Whole
from crawler.upkeep.takeover import Takeover, plan_document

Advance = Callable[[int, int | None], None]

_MOST_FILES, _MOST_BYTES = 256, 32 * 1024 * 1024  # files that are being written at a time; bounds memory
UNLOGGED = "in no run log of its archive, whose next run or `reindex` logs it if it is whole"
_AHEAD = 24  # files or documents whose files are read ahead
_STATES = 500  # logged together


@dataclass
class Merged:
    """The result of importing another archive.

    documents: its documents by outcome: new, newer (ours became a revision), older (it became a revision), already there.
    taken: the files and states that were taken, by kind. kept: pictures and media files that differ; ours stayed. problems:
    what could not be taken. is_in_use: a run was writing to it, so that there may soon be more.
    """

    documents: Counter[str] = field(default_factory=Counter)
    taken: Counter[str] = field(default_factory=Counter)
    kept: int = 0
    problems: int = 0
    is_in_use: bool = False


class _OnTheirWay:
    """Files that are being written: many at a time share the waiting for the disk."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._stored: deque[tuple[Future[list[Record]], int, Callable[[], None]]] = deque()
        self._bytes = 0

    def store(self, files: list[NewFile], then: Callable[[], None] = lambda: None) -> None:
        """Begin to write files. then: called once they are in the index. Raises DiskError."""
        size = sum(len(file.data) for file in files)
        self._stored.append((self._archive.begin_store(files), size, then))
        self._bytes += size
        self.finish(_MOST_FILES, _MOST_BYTES)

    def finish(self, files: int = 0, size: int = 0) -> None:
        """Wait until no more than this is being written. Raises DiskError."""
        while self._stored and (len(self._stored) > files or self._bytes > size):
            stored, written, then = self._stored.popleft()
            self._archive.end_store(stored)
            self._bytes -= written
            then()


def merge(
    archive: Archive,
    other: OtherArchive,
    now_ms: int,
    *,
    complain: Callable[[Problem], None],
    largest_media: int = MEDIA_MAXSIZE,
    advance: Advance = lambda done, total: None,
) -> Merged:
    """Take another archive into an open one. Raises DiskError and UnusableArchive.

    complain: called for each file or log line that could not be taken. largest_media: bytes of a media file that is taken.
    advance: called with (files so far, all files).
    """
    with contextlib.closing(Logged()) as logged:
        work = _Merge(archive, other, logged, now_ms, complain, largest_media)
        work.read_logs()
        work.take_files(advance)
        work.take_states()
        work.name_unlogged()
        return work.merged


T = TypeVar("T")


def ahead(things: Iterable[T], expect: Callable[[T], None]) -> Iterator[T]:
    """Yield things in their order, each some time after `expect` was called with it."""
    waiting: deque[T] = deque()
    for thing in things:
        expect(thing)
        waiting.append(thing)
        if len(waiting) > _AHEAD:
            yield waiting.popleft()
    yield from waiting


class _Merge:
    def __init__(
        self, archive: Archive, other: OtherArchive, logged: Logged, now_ms: int, complain: Callable[[Problem], None],
        largest_media: int,
    ) -> None:  # fmt: skip
        self.archive = archive
        self.other = other
        self.logged = logged
        self.now_ms = now_ms
        self.merged = Merged()
        self._complain = complain
        self._largest_media = largest_media
        self._on_their_way = _OnTheirWay(archive)

    def refuse(self, path: str, why: object) -> None:
        """Count and report something that cannot be taken."""
        self.merged.problems += 1
        self._complain(Problem(f"{self.other.name}/{path}", str(why)))

    def read_logs(self) -> None:
        """Read the run logs. Damaged lines are reported; the others count."""
        for name, log in self.other.logs():
            try:
                for line in runlog.lines(log):
                    if line.problem:
                        self.refuse(f"{name}:{line.number}", line.problem)
                    for record in line.records:
                        self.logged.take(logline.parse(record))
            except OSError as error:
                self.refuse(name, f"cannot be read: {error.strerror or error}")

    def take_files(self, advance: Advance) -> None:
        """Take what no document holds, then every document with its replies and revisions."""
        total, done = self.logged.count(), 0
        for record in ahead(self.logged.loose(), self._expect_loose):
            self._take_loose(record)
            done += 1
            advance(done, total)
        for dw_id, records in ahead(((dw_id, self.logged.of_document(dw_id)) for dw_id in self.logged.ids()), self._expect):
            plan = plan_document(self.archive, dw_id, records, self.read, self.refuse, times.iso(self.now_ms))
            self._store(plan)
            done += len(records)
            advance(done, total)
        self._on_their_way.finish()

    def _expect_loose(self, record: FileRecord) -> None:
        if record.bytes <= SMALL and not self.archive.index.file(record.path):
            self.other.expect(record.path)

    def _expect(self, found: tuple[int, list[FileRecord]]) -> None:
        """Expect the files of a document that is new; of one that both archives have, little may be needed."""
        dw_id, records = found
        row = self.archive.index.get(dw_id)
        if row is None or row.path is None:
            for record in records:
                if record.bytes <= SMALL:
                    self.other.expect(record.path)

    def _take_loose(self, record: FileRecord) -> None:
        """Take a picture, a media file or an unreadable reply. If ours has a file at this path, that stays."""
        path = record.path
        known = self.archive.index.file(path)
        if known:
            # two notes about the same unreadable reply differ only in their time
            self.merged.kept += known[0] != record.sha256 and not path.startswith("unreadable/")
            return
        what = "pictures" if layout.picture_of(path) else "media files" if layout.is_media(path) else "unreadable replies"
        try:
            if layout.is_media(path):
                self._stream(record)
            else:
                self._on_their_way.store([NewFile(path, self.read(record), foreign.about_file(record))])
        except NotTaken as error:
            self.refuse(path, error)
        else:
            self.merged.taken[what] += not path.endswith(".json")

    def _stream(self, record: FileRecord) -> None:
        """Take a media file piece by piece, because it may be larger than memory. Raises NotTaken."""
        self._check_line(record)
        about = foreign.about_file(record)
        partial, note = layout.partial_path(record.path), mediafile.Partial(about.url or "").note()
        at = 0
        try:
            for piece in self._pieces(record):
                if at == 0 and (why := foreign.content_problem(record.path, piece)):
                    raise NotTaken(why)
                self.archive.store_now([Piece(partial, piece, at, note)])
                at += len(piece)
            if at == 0:
                raise NotTaken("empty")
            self.archive.store_now([Whole(record.path, about)])
        finally:
            for left in (partial, layout.note_path(partial)):
                disk.remove(self.archive.root / left)

    def read(self, record: FileRecord) -> bytes:
        """Return the bytes of a file of the other archive, checked. Raises NotTaken."""
        self._check_line(record)
        data = b"".join(self._pieces(record))
        if why := foreign.content_problem(record.path, data):
            raise NotTaken(why)
        return data

    def _check_line(self, record: FileRecord) -> None:
        """Raise NotTaken if the log line alone shows that a file cannot be taken."""
        if why := foreign.misplaced(record) or foreign.too_large(record, self._largest_media):
            raise NotTaken(why)

    def _pieces(self, record: FileRecord) -> Iterator[bytes]:
        """Yield the bytes of a file. Raises NotTaken, at the end, if they are not those of its run log."""
        digest, size = hashlib.sha256(), 0
        try:
            for piece in self.other.pieces(record.path):
                size += len(piece)
                digest.update(piece)
                if size > record.bytes:
                    break
                yield piece
        except OSError as error:
            raise NotTaken(f"cannot be read: {error.strerror or error}") from error
        if (digest.hexdigest(), size) != (record.sha256, record.bytes):
            raise NotTaken("its bytes differ from its run log")

    def _store(self, plan: Takeover) -> None:
        """Store what is taken of a document: the document first, then revisions, as a rebuilt index learns of them."""
        archive = self.archive

        def register_document() -> None:
            assert plan.document is not None
            archive.register_document(plan.document, plan.about.origin or "", plan.about.hop or 0)

        def register_revisions() -> None:
            row = archive.index.get(plan.id)
            for document in plan.revisions if row else ():
                assert row
                archive.register_document(document, row.origin, row.hop)

        if plan.files:
            self._on_their_way.store(plan.files, register_document)
        if plan.revision_files:
            self._on_their_way.store(plan.revision_files, register_revisions)
        if plan.outcome:
            self.merged.documents[plan.outcome] += 1
        self.merged.taken.update(plan.taken)

    def take_states(self) -> None:
        """Take the states of objects of which the other archive knows more than ours: alias, gone, missing, pending."""
        batch: list[AnyState] = []
        if self.logged.scope and self.archive.index.meta(SCOPE) is None:  # our archive was never crawled
            batch.append(self.logged.scope)
        for rendition, logged in self.logged.states():
            record = foreign.usable(logged)
            if record and foreign.is_news(record, self.archive.index.get(record.id, rendition)):
                batch.append(record)
                self.merged.taken["states"] += 1
            if len(batch) >= _STATES:
                self.archive.store_now([], batch)
                batch = []
        if batch:
            self.archive.store_now([], batch)
        agenda.draw_last_scope(self.archive.index)  # as when the index is rebuilt

    def name_unlogged(self) -> None:
        """Report files that no log has: a run was killed, or they were copied by hand. While a run writes, there are always
        some."""
        self.merged.is_in_use = self.other.is_in_use()
        if self.merged.is_in_use:
            return
        for path in self.other.paths():
            if not (layout.is_temporary(path) or layout.is_partial(path) or self.logged.has(path)):
                self.refuse(path, UNLOGGED)
