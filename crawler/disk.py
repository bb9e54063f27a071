"""Durable writes: beside, flushed, renamed. The only place that writes into an archive.

The system calls are names of this module, so that a test can make each of them fail in turn.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
from collections.abc import Iterable
from pathlib import Path

TEMPORARY_PREFIX = ".tmp-"

AnyPath = str | os.PathLike[str]

os_open = os.open
os_write = os.write
os_fsync = os.fsync
os_rename = os.rename

_PIECE = 1024 * 1024  # bytes read at a time

_numbers = itertools.count()  # two temporary files for the same path never meet


def write_temporary(path: AnyPath, data: bytes) -> str:
    """Write data beside its final path and flush it to disk. Returns the temporary path, to be renamed by the caller.

    A failure leaves nothing behind. Raises OSError.
    """
    folder, name = os.path.split(path)  # not pathlib: every file of an archive comes by here
    temporary = os.path.join(folder, f"{TEMPORARY_PREFIX}{next(_numbers)}-{name}")
    try:
        descriptor = os_open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    except FileNotFoundError:
        make_folder(Path(folder))
        descriptor = os_open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    try:
        try:
            write_all(descriptor, data)
            os_fsync(descriptor)
        finally:
            os.close(descriptor)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
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


def flush_file(path: Path) -> None:
    """Flush what another wrote into a file."""
    sync_folders([path])


def sync_folders(folders: Iterable[AnyPath]) -> None:
    """Flush folders, so that the names in them survive a power cut."""
    for folder in folders:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os_fsync(descriptor)
        finally:
            os.close(descriptor)


def replace_file(path: Path, data: bytes) -> None:
    """One file, durable and whole or not at all."""
    temporary = write_temporary(path, data)
    try:
        rename(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    sync_folders([path.parent])


def write_piece(path: Path, data: bytes, at: int) -> None:
    """Write data into a file from a place on, where nothing stays behind it, and flush it. The file grows in place: it must
    not have its final name yet. A failure leaves what lies before that place as it was. Raises OSError.
    """
    if at == 0:
        make_folder(path.parent)
    descriptor = os_open(path, os.O_WRONLY | os.O_CREAT, 0o644)
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
    """Take a file away, so that it does not come back after a power cut. One that is not there is no error."""
    if path.exists():
        path.unlink()
        sync_folders([path.parent])


def sha256_of(path: Path) -> tuple[str, int]:
    """sha256 (hexadecimal) and size of a file of any size."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
            size += len(piece)
    return digest.hexdigest(), size


def free_bytes(folder: Path) -> int:
    """Space an ordinary user may still fill on the disk of a folder."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize
