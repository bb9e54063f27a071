"""Store files in groups: one thread writes, flushes, renames and logs all files that were submitted meanwhile.

The order within a group is fixed: write every file beside its path and flush it; rename in the order given, revisions first;
flush the folders; append the log lines and flush them. Only then do the callers get their result and update the index.
Grouping reduces how often the program waits for the disk, and never changes this order.
"""

from __future__ import annotations

import asyncio
import hashlib
import queue
import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crawler.exceptions import DiskError
from crawler.files import sha256_of
from crawler.storage import disk, layout, replyfile
from crawler.storage.logline import About, FileRecord, Record
from crawler.storage.runlog import FILES_END, STATES_END, RunLog, encode

_FLUSHERS = 4  # files flushed at a time; disks flush more files a second in parallel, but 8 only cost CPU
_GROUP = 64  # jobs; bounds the memory of a group and how long the first of it waits


@dataclass(frozen=True)
class NewFile:
    """A file to be written.

    path: relative to the archive. compress: store it as a reply file (`replyfile.pack`), with the charset of its HTTP header.
    """

    path: str
    data: bytes = field(repr=False)
    about: About
    compress: bool = False
    charset: str = ""


@dataclass(frozen=True)
class NewReply:
    """A reply to be stored beside its document. extension: json, or html for a page. charset: that of its HTTP header."""

    extension: str
    data: bytes = field(repr=False)
    about: About
    charset: str = ""

    def beside(self, document: str) -> NewFile:
        """The file to be written. document: path of the document."""
        return NewFile(layout.reply_path(document, self.extension), self.data, self.about, compress=True, charset=self.charset)


@dataclass(frozen=True)
class Piece:
    """The next bytes of a partial file.

    path: of the partial file. at: their offset; the file is truncated there first. note: the new note beside the file,
    written after the bytes are flushed.
    """

    path: str
    data: bytes = field(repr=False)
    at: int
    note: bytes


@dataclass(frozen=True)
class Whole:
    """A partial file that has all its bytes, to be renamed to its final path."""

    path: str
    about: About


AnyFile = NewFile | Piece | Whole


_Beside = tuple[str, str, int]
"""(path, sha256, size) of a file under its temporary name."""


@dataclass
class _Job:
    files: Sequence[AnyFile]
    states: list[Record]
    done: Future[list[Record]]


class Writer:
    """Takes files from the event loop and stores them on a thread of its own.

    After the first failure, be it of the disk or a lack of memory or threads, nothing more is written: every job fails with
    the same DiskError. Raises DiskError if the thread cannot be started.
    """

    def __init__(self, root: Path, log: RunLog) -> None:
        self.root = root
        self._base = str(root)  # joined as text for each file: pathlib takes ten times as long
        self.log = log
        self.failure: DiskError | None = None
        self._queue: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._flushers = ThreadPoolExecutor(_FLUSHERS, thread_name_prefix="archive-flusher")
        self._thread = threading.Thread(target=self._run, name="archive-writer", daemon=True)
        try:
            self._thread.start()
        except RuntimeError as error:  # "can't start new thread"
            raise _failure(error) from error

    def submit(self, files: Sequence[AnyFile], states: list[Record] | None = None) -> Future[list[Record]]:
        """Store files in the order given, then log them and the states. The result is the log records, once all is durable.

        Fails with DiskError; files that were not renamed by then leave nothing behind. A job whose records are not JSON fails
        alone, with TypeError or ValueError, before any of its files is written. Pieces are neither renamed nor logged; the
        whole file is.
        """
        job = _Job(files, states or [], Future())
        self._queue.put(job)
        return job.done

    def close(self) -> None:
        """Finish what was submitted and end the thread."""
        self._queue.put(None)
        self._thread.join()
        self._flushers.shutdown()
        self.log.close()

    def _run(self) -> None:
        ended = False
        while not ended:
            jobs: list[_Job] = []
            try:
                ended = self._gather(jobs)
                self._store(jobs)
            except BaseException as error:
                self._fail(jobs, error)

    def _gather(self, jobs: list[_Job]) -> bool:
        """Wait for jobs and take all that are queued. Returns whether no more will come."""
        job = self._queue.get()
        while job is not None:
            jobs.append(job)
            if len(jobs) >= _GROUP or self._queue.empty():
                return False
            job = self._queue.get()
        return True

    def _store(self, jobs: list[_Job]) -> None:
        # cancelled jobs are dropped here; from now on a job cannot be cancelled
        jobs[:] = [job for job in jobs if job.done.set_running_or_notify_cancel()]
        if self.failure:
            raise self.failure
        jobs[:] = [job for job in jobs if _is_sound(job)]
        for job, records in zip(jobs, self._write(jobs), strict=True):
            job.done.set_result(records)

    def _fail(self, jobs: list[_Job], error: BaseException) -> None:
        """Stop storing: these jobs fail, and so do all later ones."""
        if self.failure is None:
            self.failure = error if isinstance(error, DiskError) else _failure(error)
        for job in jobs:
            if not job.done.done() and (job.done.running() or job.done.set_running_or_notify_cancel()):
                job.done.set_exception(self.failure)

    def _write(self, jobs: list[_Job]) -> list[list[Record]]:
        results: list[list[Record]] = []
        renames: list[tuple[str, str]] = []
        beside: dict[int, _Beside] = {}
        try:
            self._write_all_beside([file for job in jobs for file in job.files if isinstance(file, NewFile)], beside)
            for job in jobs:
                records = []
                for file in job.files:
                    if isinstance(file, Piece):
                        self._write_piece(file)
                        continue
                    if isinstance(file, Whole):  # its pieces were flushed one by one
                        partial = self.root / layout.partial_path(file.path)
                        renames.append((str(partial), file.path))
                        digest, size = sha256_of(partial)
                    else:
                        temporary, digest, size = beside[id(file)]
                        renames.append((temporary, file.path))
                    records.append(FileRecord(file.path, digest, size, file.about).to_line())
                results.append(records)
            # the old version must be durable among the revisions before the new one takes its path
            revisions = [names for names in renames if layout.is_revision(names[1])]
            others = [names for names in renames if not layout.is_revision(names[1])]
            for stage in (revisions, others):
                for temporary, path in stage:
                    disk.rename(temporary, f"{self._base}/{path}")
                disk.sync_folders(sorted({f"{self._base}/{path}".rpartition("/")[0] for _, path in stage}))
        except BaseException:
            self._flushers.shutdown(cancel_futures=True)  # waits, so that running shares are cleaned up too
            for temporary, _, _ in beside.values():
                disk.discard(temporary)
            raise
        if lines := [record for records in results for record in records]:
            self.log.append(FILES_END, lines)
        if states := [state for job in jobs for state in job.states]:
            self.log.append(STATES_END, states)
        return [records + job.states for job, records in zip(jobs, results, strict=True)]

    def _write_all_beside(self, files: Sequence[NewFile], beside: dict[int, _Beside]) -> None:
        """Write and flush files under temporary names. Each is added to `beside`, under `id(file)`, once it is written."""
        # one share for each flusher, not one task for each file: handing over tasks takes time from the event loop
        shares = [share for n in range(_FLUSHERS) if (share := files[n::_FLUSHERS])]
        for written in [self._flushers.submit(self._write_share, share, beside) for share in shares]:
            written.result()

    def _write_share(self, files: Sequence[NewFile], beside: dict[int, _Beside]) -> None:
        for file in files:
            data = replyfile.pack(file.data, file.charset) if file.compress else file.data
            digest = hashlib.sha256(data).hexdigest()
            beside[id(file)] = (disk.write_temporary(f"{self._base}/{file.path}", data), digest, len(data))

    def _write_piece(self, piece: Piece) -> None:
        note = self.root / layout.note_path(piece.path)
        if piece.at == 0:
            disk.remove(note)  # it describes other bytes
        disk.write_piece(self.root / piece.path, piece.data, piece.at)
        disk.replace_file(note, piece.note)


def _is_sound(job: _Job) -> bool:
    """Whether a job's records can be logged. If not, the job fails alone: a bug must not harm other jobs."""
    try:
        for record in (*job.states, *(file.about.as_json() for file in job.files if not isinstance(file, Piece))):
            encode(record)
    except (TypeError, ValueError) as error:
        job.done.set_exception(error)
        return False
    return True


def _failure(error: BaseException) -> DiskError:
    """Return the error that callers get for an exception of the writer."""
    if isinstance(error, OSError):
        place = f" ({error.filename})" if error.filename else ""
        sentence = f"cannot write to disk: {error.strerror or error}{place}"
    else:
        sentence = f"cannot store any more: {str(error) or 'no reason given'} ({type(error).__name__})"
    failure = DiskError(sentence)
    failure.__cause__ = error
    return failure


class Arrivals:
    """Waits in an event loop for futures that another thread completes.

    Works like `asyncio.wrap_future`, but all futures that complete while the event loop is busy wake it once, not once each: a
    wake-up is a system call, at which the two threads compete for the interpreter. Used from one event loop at a time.
    """

    def __init__(self) -> None:
        self._arrived: deque[asyncio.Future[None]] = deque()
        self._waking: asyncio.AbstractEventLoop | None = None

    async def wait_for(self, future: Future[Any]) -> None:
        """Wait until a future is done; the caller takes its result or error.

        A cancelled wait also cancels the future if it has not started.
        """
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = loop.create_future()
        future.add_done_callback(lambda _: self._arrive(loop, waiter))
        try:
            await waiter
        except asyncio.CancelledError:
            future.cancel()
            raise

    def _arrive(self, loop: asyncio.AbstractEventLoop, waiter: asyncio.Future[None]) -> None:
        self._arrived.append(waiter)  # first: a wake-up that has not begun yet will see it
        if self._waking is not loop:  # a loop that has ended may never run the wake-up it was given
            self._waking = loop
            try:
                loop.call_soon_threadsafe(self._wake)
            except RuntimeError:  # the loop is closed
                self._waking = None

    def _wake(self) -> None:
        self._waking = None
        while self._arrived:
            waiter = self._arrived.popleft()
            if not waiter.done() and not waiter.get_loop().is_closed():
                waiter.set_result(None)
