"""Durable writes: beside, flushed, renamed. The only place that writes into an archive.

The system calls are names of this module, so that a test can make each of them fail in turn.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from crawler.files import AnyPath, pieces

TEMPORARY_PREFIX = ".tmp-"

os_open = os.open
os_write = os.write
os_fsync = os.fsync
os_rename = os.rename

_CANNOT_FLUSH = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EBADF, errno.EISDIR})
"""What file systems answer that cannot flush a folder at all; EIO and ENOSPC say that they tried."""

_WRITE = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK  # never through a link, never waiting for a FIFO's reader

_numbers = itertools.count()  # two temporary files for the same path never meet


class Unreadable(OSError):
    """A file that was to be copied cannot be read. Raised by `move` and `copy`."""


def write_temporary(path: AnyPath, data: bytes) -> str:
    """Write data beside its final path and flush it to disk. Returns the temporary path, to be renamed by the caller.

    A failure leaves nothing behind. Raises OSError.
    """
    return _write_temporary(path, [data])


def _write_temporary(path: AnyPath, pieces: Iterable[bytes]) -> str:
    folder, name = os.path.split(path)  # not pathlib: every file of an archive comes by here
    temporary = os.path.join(folder, f"{TEMPORARY_PREFIX}{next(_numbers)}-{name}")
    try:
        descriptor = os_open(temporary, _WRITE | os.O_TRUNC, 0o644)
    except FileNotFoundError:
        make_folder(Path(folder))
        descriptor = os_open(temporary, _WRITE | os.O_TRUNC, 0o644)
    try:
        try:
            for piece in pieces:
                write_all(descriptor, piece)
            os_fsync(descriptor)
        finally:
            os.close(descriptor)
    except BaseException:
        discard(temporary)
        raise
    return temporary


def make_folder(folder: Path) -> None:
    """Make a folder and its parents, each name flushed in the folder above it."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        sync_folders([folder.parent])


def write_all(descriptor: int, data: bytes) -> None:
    """Write every byte, also where the system takes fewer at a time (a short write)."""
    view = memoryview(data)
    while view:
        view = view[os_write(descriptor, view) :]


def rename(temporary: AnyPath, path: AnyPath) -> None:
    """Give a flushed temporary file its final name, replacing what stands there."""
    os_rename(temporary, path)


def flush_file(path: AnyPath) -> None:
    """Flush what another wrote into a file, or a folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os_fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folders(folders: Iterable[AnyPath]) -> None:
    """Flush folders, so that the names in them survive a power cut. Where a file system cannot do that for any folder, as
    some network and FUSE file systems, a warning is said once (`warn_with`). Raises OSError for everything else."""
    for folder in folders:
        try:
            flush_file(folder)
        except OSError as error:
            if error.errno not in _CANNOT_FLUSH:
                raise
            _warnings.add(f"{os.fspath(folder)}: {error.strerror}")


class _Warnings:
    """Says once that names of new files may not survive a power cut."""

    def __init__(self) -> None:
        self.say: Callable[[str], None] = lambda sentence: None
        self.is_said = False

    def add(self, why: str) -> None:
        if not self.is_said:
            self.is_said = True
            self.say(f"this file system cannot flush a folder ({why}): after a power cut the newest files may be missing")


_warnings = _Warnings()


def warn_with(say: Callable[[str], None]) -> None:
    """Have warnings about a disk said by a function, each once."""
    if say != _warnings.say:
        _warnings.say, _warnings.is_said = say, False


def replace_file(path: Path, data: bytes) -> None:
    """One file, durable and whole or not at all."""
    _replace_file(path, [data])


def copy(path: Path, to: Path) -> None:
    """A second file with the same bytes, durable and whole or not at all. Raises OSError; Unreadable for the first file."""
    _replace_file(to, _to_copy(path))


def _to_copy(path: Path) -> Iterator[bytes]:
    try:
        yield from pieces(path)
    except OSError as error:
        raise Unreadable(error.errno, error.strerror or str(error), str(path)) from error


def move(path: Path, to: Path) -> None:
    """Move what lies at a path to where nothing lies, durably; a file also to another disk.

    Raises OSError; Unreadable for what is to go to another disk and is no file, or cannot be read: it stays where it is.
    """
    make_folder(to.parent)
    try:
        rename(path, to)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        copy(path, to)
        os.unlink(path)
    sync_folders([to.parent, path.parent])


def _replace_file(path: Path, pieces: Iterable[bytes]) -> None:
    temporary = _write_temporary(path, pieces)
    try:
        rename(temporary, path)
    except BaseException:
        discard(temporary)
        raise
    sync_folders([path.parent])


def write_piece(path: Path, data: bytes, at: int) -> None:
    """Write data into a file from a place on, where nothing stays behind it, and flush it. The file grows in place: it must
    not have its final name yet. A failure leaves what lies before that place as it was. Raises OSError.
    """
    if at == 0:
        make_folder(path.parent)
    descriptor = os_open(path, _WRITE, 0o644)
    try:
        os.ftruncate(descriptor, at)
        os.lseek(descriptor, at, os.SEEK_SET)
        write_all(descriptor, data)
        os_fsync(descriptor)
    finally:
        os.close(descriptor)
    if at == 0:
        sync_folders([path.parent])


def remove(path: Path) -> None:
    """Remove a file durably, so that a power cut does not bring it back. A missing file is no error. Raises OSError."""
    try:
        os.unlink(path)
    except (FileNotFoundError, NotADirectoryError):
        return
    sync_folders([path.parent])


def discard(temporary: AnyPath) -> None:
    """Remove a temporary file whose storing failed. If that fails too, the next recovery removes the file."""
    with contextlib.suppress(OSError):
        os.unlink(temporary)


def free_bytes(folder: Path) -> int:
    """Space an ordinary user may still fill on the disk of a folder."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize
