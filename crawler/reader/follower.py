"""Keep the memory of a server up to date with the archive's index, so that new documents appear without a restart.

The memory is `.reader.sqlite` in the archive's folder. Its name begins with a dot, so it is not part of the archive; it may be
deleted while no server runs.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path

from crawler.exceptions import ArchiverError, DiskError
from crawler.reader.memory import Memory
from crawler.reader.plan import Advance, Selection
from crawler.reader.site import remember
from crawler.storage import layout

NAME = ".reader.sqlite"

_SHORT_S = 0.1  # if the last update was faster than this, a request waits for the next one ...
_WAIT_S = 1.0  # ... at most so long
_REST = 5  # the pause after an update, as a multiple of its duration
_LONGEST_REST_S = 60.0
_AFTER_FAILURE_S = 5.0

_Identity = tuple[tuple[int, int, int], ...]


class Follower:
    """Keeps a memory up to date, in a thread of its own.

    archive: its folder. home: the folder of the memory. say: called with a sentence about what went wrong.
    """

    def __init__(self, archive: Path, home: Path, say: Callable[[str], None]) -> None:
        self.path = home / NAME
        self._archive = archive
        self._say = say
        self._wanted, self._is_over = threading.Event(), threading.Event()
        self._news = threading.Condition()
        self._planned: _Identity | None = None  # the index that the memory was made of
        self._took_s = 0.0

    def begin(self, advance: Advance) -> None:
        """Bring the memory up to date, then keep it up to date. Raises NoIndex and DiskError."""
        try:
            self._remember(advance)
        except DiskError:  # damaged, or of another version
            for end in ("", "-wal", "-shm"):
                self.path.with_name(f"{NAME}{end}").unlink(missing_ok=True)
            self._remember(advance)
        threading.Thread(target=self._follow, name="follower", daemon=True).start()

    def close(self) -> None:
        """Stop following."""
        self._is_over.set()
        self._wanted.set()

    def catch_up(self) -> None:
        """Bring the memory up to date, but wait only a moment for it."""
        if self._index() == self._planned:
            return
        with self._news:
            self._wanted.set()
            if self._took_s < _SHORT_S:
                self._news.wait(_WAIT_S)

    def _follow(self) -> None:
        while not self._is_over.is_set():
            self._wanted.wait()
            self._wanted.clear()
            if self._is_over.is_set() or self._index() == self._planned:
                continue
            try:
                self._remember(self._go_on)
                rest_s = min(_REST * self._took_s, _LONGEST_REST_S)
            except (ArchiverError, OSError) as error:
                self._say(f"the pages are not up to date: {error}")
                self._took_s = rest_s = _AFTER_FAILURE_S
            with self._news:
                self._news.notify_all()
            self._is_over.wait(rest_s)

    def _go_on(self, done: int, total: int | None) -> None:
        """Raise ArchiverError if the follower was stopped."""
        if self._is_over.is_set():
            raise ArchiverError("stopped")

    def _remember(self, advance: Advance) -> None:
        index, began = self._index(), time.monotonic()
        memory = Memory(self.path, is_shared=True)
        try:
            remember(memory, self._archive, Selection(), advance)
            memory.forget_due()
        except sqlite3.DatabaseError as error:
            raise memory.failure(error) from error
        finally:
            memory.close()
        self._took_s, self._planned = time.monotonic() - began, index

    def _index(self) -> _Identity:
        """Return a value that differs after each change of the archive's index."""
        found = []
        for name in (layout.INDEX, f"{layout.INDEX}-wal"):
            with contextlib.suppress(OSError):
                status = (self._archive / name).stat()
                found.append((status.st_ino, status.st_size, status.st_mtime_ns))
        return tuple(found)
