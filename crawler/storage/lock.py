"""Allow one run at a time, with a lock of the operating system that ends with its process.

No library, because the locked file names its holder, and lock libraries truncate it when a second process tries the lock.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import socket
from dataclasses import dataclass
from pathlib import Path

from crawler.exceptions import ArchiveInUse
from crawler.files import oddity, open_file

_LONGEST = 4096  # bytes of a holder's note


class Lock:
    """A lock, held from construction until `release`. Raises ArchiveInUse at once if another process holds it.

    shared: several processes may hold it at a time, of which none is named; nobody can hold it alone meanwhile.
    """

    def __init__(self, path: Path, who: str, since: str, *, shared: bool = False) -> None:
        if found := oddity(path):
            raise OSError(errno.EINVAL, f"{found}, not a file that can be locked", str(path))
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o644)
        try:
            fcntl.flock(self._descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(self._descriptor, _LONGEST)
            os.close(self._descriptor)
            raise ArchiveInUse(f"{path.parent} is in use by {describe(holder)}") from None
        self._is_named = not shared
        if shared:
            return
        os.ftruncate(self._descriptor, 0)
        holder = json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "who": who, "since": since}).encode()
        os.write(self._descriptor, holder)

    def release(self) -> None:
        with contextlib.suppress(OSError):  # the name is for people; closing the file releases the lock
            if self._is_named:
                os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)


def describe(holder: bytes) -> str:
    """Return a description of the process that holds a lock, for a message."""
    try:
        found = json.loads(holder)
        return f"{found['who']} (process {found['pid']} on {found['host']}, since {found['since']})"
    except (ValueError, KeyError, TypeError, RecursionError):
        return "another process"


@dataclass(frozen=True)
class Holder:
    """The holder of a lock, or a process that was killed while holding it.

    described: for a person. since: UTC, empty if unknown. is_alive: whether the process still runs; None if that cannot be
    known, as of one on another machine.
    """

    described: str
    since: str
    is_alive: bool | None


def holder(path: Path) -> Holder | None:
    """Return the holder of a lock, without touching it; None if it is free."""
    try:
        with open_file(path) as file:
            data = file.read(_LONGEST)
    except OSError:
        return None
    if not data:
        return None
    try:
        found = json.loads(data)
        since, host, pid = str(found["since"]), found["host"], int(found["pid"])
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return Holder(describe(data), "", None)
    return Holder(describe(data), since, _is_alive(pid) if host == socket.gethostname() else None)


def _is_alive(pid: int) -> bool | None:
    """Whether a process of this machine runs; None if that cannot be told."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # of another user
        return True
    except (OSError, OverflowError):
        return None
    return True
