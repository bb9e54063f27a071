"""An open archive: its writer, run log and index together, and the operations that need all of them.

Files are the truth, the index is a cache, the run log is the proof. `opening` makes an Archive.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from weakref import WeakValueDictionary

from crawler import seedfile, times
from crawler.exceptions import DiskError, SeedFormatError
from crawler.files import is_file, read_file, sha256_of
from crawler.reasons import Reason
from crawler.seedfile import SeedDocument
from crawler.storage import disk, identify, layout
from crawler.storage.index import refresh
from crawler.storage.index.apply import apply
from crawler.storage.index.objects import EVERYTHING, GONE, MISSING, REFUSED, Row, Scope
from crawler.storage.index.seal import seal
from crawler.storage.index.sqlite import Index
from crawler.storage.logline import About, AnyState, Record, StateRecord
from crawler.storage.runlog import RunLog
from crawler.storage.writer import AnyFile, Arrivals, NewFile, NewReply, Whole, Writer
from crawler.urls import DW, UNKNOWN_LANGUAGE, Sites

_CHECK_EVERY = 4 * 1024 * 1024  # bytes


class Archive:
    """One archive, made by `opening.open_archive` or `opening.look`; the caller closes it.

    Methods that store raise DiskError. release: called by `close` at the end, to release the lock.
    """

    def __init__(
        self, root: Path, release: Callable[[], None], index: Index, log: RunLog, min_free: int, sites: Sites,
        scope: Scope = EVERYTHING,
    ) -> None:  # fmt: skip
        self.root = root
        self.index = index
        self.log = log
        self.min_free = min_free
        self.sites = sites
        self.scope = scope
        self.writer = Writer(root, log)
        self._release = release
        self._submitted: dict[Future[list[Record]], None] = {}  # in order; not in the index yet
        self._given_up: set[Future[list[Record]]] = set()  # submitted, but the waiting task was cancelled
        self._durable = Arrivals()
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()  # a lock lives while it is used
        self._unchecked_bytes = _CHECK_EVERY + 1

    def close(self, *, clean: bool = True) -> None:
        """Finish writing and release the lock. clean: the run ended normally, so the index is complete and gets a seal."""
        try:
            self.writer.close()
            with contextlib.suppress(DiskError):  # reported already; what the index lacks is in the logs
                if clean and self.writer.failure is None:
                    for stored in list(self._submitted):  # the tasks that waited for these were cancelled
                        if not stored.cancelled() and stored.exception() is None:
                            self.end_store(stored)
                    for name, position in self.log.written.items():
                        self.index.set_log_position(name, position)
                    self.index.set_unclean_since("")
            with contextlib.suppress(DiskError, OSError):  # an index without a seal is checked when it is opened
                self.index.close()
                if clean and self.writer.failure is None and self.index.failure is None:
                    seal(self.root)
        finally:
            self._release()

    # --- storing ---

    async def store(self, files: Sequence[AnyFile], states: Sequence[AnyState] = ()) -> list[Record]:
        """Store files durably in the order given, log them, and update the index. Returns the log records."""
        stored = self.begin_store(files, states)
        try:
            await self._durable.wait_for(stored)
        except asyncio.CancelledError:
            if not stored.cancelled():
                self._given_up.add(stored)
            raise
        return self.end_store(stored)

    def store_now(self, files: Sequence[AnyFile], states: Sequence[AnyState] = ()) -> list[Record]:
        """Store files like `store`, without an event loop."""
        return self.end_store(self.begin_store(files, states))

    def begin_store(self, files: Sequence[AnyFile], states: Sequence[AnyState] = ()) -> Future[list[Record]]:
        """Submit files for storing, as the first half of `store_now`. Files submitted together are flushed together."""
        self._check_free(files)
        stored = self.writer.submit(files, [state.to_line() for state in states])
        self._submitted[stored] = None
        return stored

    def end_store(self, stored: Future[list[Record]]) -> list[Record]:
        """Wait until submitted files are durable, then update the index. Returns the log records."""
        del self._submitted[stored]
        if stored.cancelled():
            return []
        self.apply(records := stored.result())
        return records

    def _check_free(self, files: Sequence[AnyFile]) -> None:
        """Check the free space every few MiB. ARCHIVE_MIN_FREE leaves room for what is stored between two checks."""
        self._unchecked_bytes += sum(len(file.data) for file in files if not isinstance(file, Whole))
        if self._unchecked_bytes > _CHECK_EVERY:
            check_free(self.root, self.min_free)
            self._unchecked_bytes = 0

    def apply(self, records: Iterable[Record]) -> None:
        """Apply log lines of this run to the index."""
        for record in records:
            apply(self.index, record, self.log.name, self.scope)

    def miss(self, row: Row, reason: Reason, now_ms: int, *, refused: bool = False) -> StateRecord:
        """Return the record of an object that could not be fetched; see `refresh.after_miss`.

        refused: our own rules or robots.txt forbid the request.
        """
        miss = refresh.after_miss(reason, now_ms, row.misses, row.missed_ms, row.reason)
        state = REFUSED if refused else GONE if miss.gone else MISSING
        return StateRecord(
            state, row.kind, row.id, times.iso(now_ms), rendition=row.rendition, reason=reason, misses=miss.misses,
            missed_ms=miss.first_ms, next_ms=miss.next_ms, url=row.url, hop=row.hop, language=row.language,
        )  # fmt: skip

    # --- documents ---

    @contextlib.asynccontextmanager
    async def document(self, *ids: int) -> AsyncIterator[None]:
        """Hold the lock of a document, as every task that plans and stores its files must: two plans made from the same state
        of the disk would overwrite each other.

        ids: DW's ids that lead to the document. An alias and its target share one lock.
        """
        while True:
            found = self._targets(ids)
            async with contextlib.AsyncExitStack() as turns:
                for dw_id in found:
                    await turns.enter_async_context(self._turn(dw_id))
                if found == self._targets(ids):  # otherwise one has become an alias meanwhile
                    await self._settle()
                    yield
                    return

    def _targets(self, ids: Iterable[int]) -> list[int]:
        """Return the ids that these lead to, in order, so that two tasks cannot wait for each other."""
        rows = ((dw_id, self.index.resolve(dw_id)) for dw_id in set(ids))
        return sorted({row.id if row else dw_id for dw_id, row in rows})

    def _turn(self, dw_id: int) -> asyncio.Lock:
        lock = self._turns.get(dw_id)
        if lock is None:
            lock = self._turns[dw_id] = asyncio.Lock()
        return lock

    async def _settle(self) -> None:
        """Wait for files that are still being written although their tasks were cancelled."""
        for stored in list(self._given_up):
            await self._durable.wait_for(stored)
            if stored in self._submitted:
                self.end_store(stored)
            self._given_up.discard(stored)

    def read(self, path: str) -> SeedDocument | None:
        """Return a stored document; None if the file is missing or damaged (`scrapy verify` reports which)."""
        try:
            return seedfile.loads(read_file(self.root / path))
        except (OSError, SeedFormatError):
            return None

    def reply_of(self, path: str, origin: str = "") -> str | None:
        """Return the path of the reply beside a document; None if there is none. origin: of the document, if known."""
        stem = path.removesuffix(".txt")
        return next((stem + end for end in layout.reply_ends(origin) if is_file(self.root / (stem + end))), None)

    def is_sound(self, path: str) -> bool:
        """Whether a stored file has the size and sha256 that were logged."""
        try:
            return self.index.file(path) == sha256_of(self.root / path)
        except OSError:
            return False

    def document_files(self, document: SeedDocument, about: About, reply: NewReply | None = None) -> list[NewFile]:
        """Return the files to write for a document, in order: the version it replaces as a revision, the reply, the document.

        A document keeps the path it was first archived under.
        """
        row = self.index.get(about.id)
        published_ms = identify.published_ms(document, row) if about.published_ms is None else about.published_ms
        if row is not None and row.path:
            path = row.path
            files = self.as_revision(row, about.time)
        else:
            language = about.language or UNKNOWN_LANGUAGE
            home = row.home if row else None
            path, files = home or layout.document_path(language, published_ms, about.id, document.title), []
        if reply is not None:
            files.append(reply.beside(path))
        about = replace(about, stamp_ms=document.stamp_ms, published_ms=published_ms)
        files.append(NewFile(path, seedfile.dumps(document).encode(), about))
        return files

    def as_revision(self, row: Row, time: str) -> list[NewFile]:
        """Return copies of a document and its reply as revisions, so that new ones may take their paths."""
        assert row.path
        files: list[NewFile] = []
        try:
            old = read_file(self.root / row.path)
        except OSError:
            return []
        path = self.free_revision(row.id, row.stamp_ms or 0, old)
        about = About(row.kind, row.id, row.url, time, revision_of=row.path)
        if path is not None:  # the reply first: a document among the revisions shows that its reply is there too
            reply = self.reply_of(row.path, row.origin)
            if reply:
                end = layout.end_of(reply)
                reply_path = path.removesuffix(".txt") + end
                if not os.path.lexists(self.root / reply_path):
                    files.append(NewFile(reply_path, read_file(self.root / reply), about))
            files.append(NewFile(path, old, replace(about, stamp_ms=row.stamp_ms)))
        return files

    def free_revision(self, dw_id: int, stamp_ms: int, data: bytes, reserved: Collection[str] = ()) -> str | None:
        """Return an unused path among the revisions; None if a revision with these bytes exists.

        reserved: paths that are about to be used.
        """
        while os.path.lexists(self.root / (path := layout.revision_path(dw_id, stamp_ms))) or path in reserved:
            if is_file(self.root / path) and read_file(self.root / path) == data:
                return None
            stamp_ms += 1
        return path

    def plan_seed(self, document: SeedDocument, origin: str, now_ms: int) -> tuple[str, list[NewFile]]:
        """Plan the storing of a document that came as a file, not from DW. origin: `seed` (to be compared with DW once) or
        `add`.

        Returns (outcome, files); outcome is "new", "already there", "newer" or "older". Content and stamp stay as they are.
        Of two versions the one with the later stamp becomes the document, the other a revision. If the archived one is
        missing or damaged, the new one becomes a revision, and `scrapy repair` has the archived one fetched again.
        """
        dw_id = document.id
        assert dw_id is not None
        row = self.index.resolve(dw_id)
        about = About(
            identify.kind(document, row), row.id if row and row.path else dw_id, document.url, times.iso(now_ms),
            language=document.language, hop=0, origin=origin,
        )  # fmt: skip
        if row is None or not row.path:
            return "new", self.document_files(document, about)
        known = self.read(row.path)
        if known and seedfile.says_the_same(known, document):
            return "already there", []
        if known and document.stamp_ms > known.stamp_ms:
            return "newer", self.document_files(document, about)
        data = seedfile.dumps(document).encode()
        path = self.free_revision(row.id, document.stamp_ms, data)
        if path is None:
            return "already there", []
        about = replace(about, revision_of=row.path, stamp_ms=document.stamp_ms)
        return "older", [NewFile(path, data, about)]

    def register_references(self, document: SeedDocument, hop: int) -> None:
        """Register everything that a document refers to. hop: the distance of the references from the seeds, by the way that
        led to the document. A nearer way that was found while the document was being fetched counts instead."""
        row = self.index.resolve(document.id) if document.id else None
        nearest = min(hop, row.hop + 1) if row else hop
        self.register(seedfile.references(document.html, self.sites), nearest)

    def register(self, ids: Iterable[int], hop: int, kind: str = "article", language: str | None = None) -> None:
        """Register documents at a distance from the seeds. If an archived one is nearer now, its references are too."""
        nearer = [(row, hop) for row in self.index.register(ids, hop, kind, language, scope=self.scope)]
        while nearer:
            row, hop = nearer.pop()
            if row.path and (document := self.read(row.path)):
                found = self.index.register(seedfile.references(document.html, self.sites), hop + 1, scope=self.scope)
                nearer.extend((row, hop + 1) for row in found)

    def register_document(self, document: SeedDocument, origin: str, hop: int) -> None:
        """Register the references and pictures of a stored document. References of a seed document are seeds themselves."""
        self.register_references(document, 0 if origin in ("seed", "add") else hop + 1)
        for name in document.pictures:
            self.index.register_picture(name.id, name.rendition, DW.picture(name))


def check_free(root: Path, min_free: int) -> None:
    """Raise DiskError if less than min_free bytes are free on the archive's disk."""
    try:
        free = disk.free_bytes(root)
    except OSError as error:
        raise DiskError(f"{root}: {error.strerror or error}") from error
    if free < min_free:
        raise DiskError(f"only {free:,} bytes are free for {root}; ARCHIVE_MIN_FREE requires {min_free:,}")
