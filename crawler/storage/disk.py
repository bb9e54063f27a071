"""Write files durably: under a temporary name, flushed, then renamed. Only this module writes into an archive.

The system calls are names of this module, so that a test can make each of them fail in turn.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from crawler.files import AnyPath, pieces

TEMPORARY_PREFIX = ".tmp-"

os_open = os.open
os_write = os.write
os_fsync = os.fsync
os_rename = os.rename

_CANNOT_FLUSH = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EBADF, errno.EISDIR})
"""Error numbers of file systems that cannot flush a folder at all. EIO and ENOSPC mean that flushing was tried and failed."""

_WRITE = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK  # never follow a link, never wait for a FIFO's reader


class Unreadable(OSError):
    """A file that was to be copied cannot be read. Raised by `move` and `copy`."""


def write_temporary(path: AnyPath, data: bytes) -> str:
    """Write data beside its final path and flush it to disk. Returns the temporary path, which the caller renames.

    A failure leaves nothing behind. Raises OSError.
    """
    return _write_temporary(path, [data])


def _write_temporary(path: AnyPath, pieces: Iterable[bytes]) -> str:
    folder, name = os.path.split(path)  # faster than pathlib; this runs for every file
    try:
        temporary, descriptor = _open_temporary(folder, name)
    except FileNotFoundError:
        make_folder(Path(folder))
        temporary, descriptor = _open_temporary(folder, name)
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


def _open_temporary(folder: str, name: str) -> tuple[str, int]:
    """Create a file with the first free temporary name: another thread or a killed process may have taken some."""
    for number in itertools.count():
        temporary = os.path.join(folder, f"{TEMPORARY_PREFIX}{number}-{name}")
        with contextlib.suppress(FileExistsError):
            return temporary, os_open(temporary, _WRITE | os.O_EXCL, 0o644)
    raise AssertionError("unreachable")


def make_folder(folder: Path) -> None:
    """Make a folder and its parents, and flush each parent."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        sync_folders([folder.parent])


def write_all(descriptor: int, data: bytes) -> None:
    """Write every byte, repeating short writes."""
    view = memoryview(data)
    while view:
        view = view[os_write(descriptor, view) :]


def rename(temporary: AnyPath, path: AnyPath) -> None:
    """Give a flushed temporary file its final name, replacing a file of that name."""
    os_rename(temporary, path)


def flush_file(path: AnyPath) -> None:
    """Flush a file or a folder that other code wrote."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os_fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folders(folders: Iterable[AnyPath]) -> None:
    """Flush folders, so that the names in them survive a power cut.

    Some network and FUSE file systems cannot flush a folder at all, which is no error (see `flush_problem`). Raises OSError
    for every other failure.
    """
    for folder in folders:
        flush_problem(folder)


def flush_problem(folder: AnyPath) -> str:
    """Flush a folder. Returns a warning if its file system can flush no folder, else ''. Raises OSError if flushing failed."""
    try:
        flush_file(folder)
    except OSError as error:
        if error.errno not in _CANNOT_FLUSH:
            raise
        why = f"{os.fspath(folder)}: {error.strerror}"
        return f"this file system cannot flush a folder ({why}): after a power cut the newest files may be missing"
    return ""


def replace_file(path: Path, data: bytes) -> None:
    """Write or replace one file, durably and atomically."""
    _replace_file(path, [data])


def save(path: Path, pieces: Iterable[bytes]) -> None:
    """Write or replace one file as `replace_file`, piece by piece. Raises what the pieces raise, and OSError."""
    _replace_file(path, pieces)


def copy(path: Path, to: Path) -> None:
    """Copy a file, durably and atomically. Raises OSError, or Unreadable if the original cannot be read."""
    _replace_file(to, _to_copy(path))


def _to_copy(path: Path) -> Iterator[bytes]:
    try:
        yield from pieces(path)
    except OSError as error:
        raise Unreadable(error.errno, error.strerror or str(error), str(path)) from error


def move(path: Path, to: Path) -> None:
    """Move a file or folder to an unused path, durably; a file also to another disk.

    Raises OSError, or Unreadable if it must go to another disk and is not a readable file; then it stays where it is.
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
    """Write data into a file at an offset, cut off what followed it, and flush.

    The file grows in place, so it must not have its final name yet. A failure leaves the bytes before the offset as they
    were. Raises OSError.
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
    """Remove a file durably, so that a power cut does not bring it back. A missing file is not an error. Raises OSError."""
    try:
        os.unlink(path)
    except (FileNotFoundError, NotADirectoryError):
        return
    sync_folders([path.parent])


def remove_all(paths: Sequence[Path]) -> None:
    """Remove files of one folder durably. Missing files are no error. Raises OSError."""
    for path in paths:
        path.unlink(missing_ok=True)
    sync_folders({path.parent for path in paths})


def discard(temporary: AnyPath) -> None:
    """Remove a temporary file whose storing failed. If that fails too, the next recovery removes the file."""
    with contextlib.suppress(OSError):
        os.unlink(temporary)


def free_bytes(folder: Path) -> int:
    """Return the bytes that an ordinary user may still fill on the disk of a folder."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize
