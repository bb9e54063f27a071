"""Read regular files only: never open a FIFO, device, socket, folder or (unless asked to) link."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from typing import BinaryIO

AnyPath = str | os.PathLike[str]

_PIECE = 1024 * 1024  # bytes read at a time

_KINDS = {
    stat.S_IFDIR: "a folder", stat.S_IFLNK: "a link", stat.S_IFIFO: "a FIFO", stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device", stat.S_IFBLK: "a device",
}  # fmt: skip


def oddity(path: AnyPath, *, follow: bool = False) -> str:
    """Return what lies at a path if it is not a regular file, such as "a FIFO"; empty for a regular file or nothing at all.

    follow: look at the target of a link, not at the link. Raises OSError.
    """
    try:
        mode = os.stat(path, follow_symlinks=follow).st_mode
    except FileNotFoundError:
        return "a link that leads nowhere" if os.path.islink(path) else ""
    if stat.S_ISLNK(mode) and not os.path.exists(path):
        return "a link that leads nowhere"
    return "" if stat.S_ISREG(mode) else _KINDS.get(stat.S_IFMT(mode), "no file")


def is_file(path: AnyPath) -> bool:
    """Whether a regular file lies at a path. A link to one is not a regular file."""
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return False


def open_file(path: AnyPath, *, follow: bool = False) -> BinaryIO:
    """Open a regular file for reading. Everything that reads an archive uses this function: opening a FIFO would wait for
    its writer for ever, and reading /dev/zero would never end.

    follow: open the target of a link; links in an archive are refused. Raises OSError, also for anything but a regular file.
    """
    if found := oddity(path, follow=follow):  # checked before opening: opening alone may trigger a device
        raise OSError(errno.EINVAL, f"{found}, not a file", os.fspath(path))
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | (0 if follow else os.O_NOFOLLOW))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):  # replaced since the check
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a file", os.fspath(path))
    return os.fdopen(descriptor, "rb")


def read_file(path: AnyPath) -> bytes:
    """Return all bytes of a regular file; links are refused. Raises OSError; see `open_file`."""
    with open_file(path) as file:
        return file.read()


def sha256_of(path: AnyPath, *, follow: bool = False) -> tuple[str, int]:
    """Return sha256 (hexadecimal) and size in bytes of a regular file of any size. Raises OSError; see `open_file`."""
    digest, size = hashlib.sha256(), 0
    for piece in pieces(path, follow=follow):
        digest.update(piece)
        size += len(piece)
    return digest.hexdigest(), size


def pieces(path: AnyPath, *, follow: bool = False) -> Iterator[bytes]:
    """Yield the bytes of a regular file, 1 MiB at a time. Raises OSError; see `open_file`."""
    with open_file(path, follow=follow) as file:
        while piece := file.read(_PIECE):
            yield piece
