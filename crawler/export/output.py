"""Write the files of an export beside their final place, flush them, then rename them: only whole files get their name."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from crawler.exceptions import ArchiverError
from crawler.files import oddity
from crawler.storage import disk

_NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS})


class ExportError(ArchiverError):
    """An export cannot be made as requested: its place, its options, or a missing package. Raised in `export`; ends the
    command."""


IsOurs = Callable[[Path], bool]


def require_place(path: Path, *, archive: Path, force: bool, is_ours: IsOurs | None) -> None:
    """Raise ExportError if an export may not go to a path.

    archive: the archive's folder; an export lies neither in it nor around it. force: replace what is there. is_ours: for a
    folder, whether a folder is an export of the same format, which may be replaced; None for a file.
    """
    there, ours = path.absolute().parent.resolve() / path.name, archive.resolve()
    if not path.name or there == ours or there.is_relative_to(ours) or ours.is_relative_to(there):
        raise ExportError(f"{path} is the archive, or lies in or around it; choose another place with --to")
    if not os.path.lexists(path):
        return
    if is_ours is None:
        if found := oddity(path):
            raise ExportError(f"{path} is {found}, not a file; choose another place with --to")
    elif path.is_symlink() or not path.is_dir():
        raise ExportError(f"{path} is not a folder; choose another place with --to")
    elif not any(path.iterdir()):
        return
    if not force:
        raise ExportError(f"{path} exists; --force replaces it")
    if is_ours is not None and not is_ours(path):
        raise ExportError(f"{path} holds something other than an export of this format; --force does not replace it")


@contextlib.contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """Yield the path of an empty file beside a path, to be written; at the end of the block it takes that path's place.

    If the block raises, nothing is left. The leftover of a killed export is overwritten. Raises ExportError if another export
    is writing the same file, and OSError.
    """
    disk.make_folder(path.absolute().parent)
    part = path.with_name(f".{path.name}.part")
    if found := oddity(part):
        raise ExportError(f"{part} is {found}, not a file; remove it first")
    descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
    try:
        _lock(descriptor, part)
        os.ftruncate(descriptor, 0)
        with _removed_on_error(part):
            yield part
            disk.flush_file(part)
            disk.rename(part, path)
            disk.sync_folders([path.absolute().parent])
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Yield the path of an empty folder beside a path, to be filled; at the end of the block it takes that path's place.

    A folder that stood there is removed then. Otherwise as `new_file`.
    """
    disk.make_folder(path.absolute().parent)
    part, old = path.with_name(f".{path.name}.part"), path.with_name(f".{path.name}.old")
    if old.is_dir() and not path.exists():  # a kill between the two renames below
        disk.rename(old, path)
    part.mkdir(exist_ok=True)
    descriptor = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        _lock(descriptor, part)
        _empty(part)
        with _removed_on_error(part):
            yield part
            _flush(part)
            shutil.rmtree(old, ignore_errors=True)
            if path.exists():
                disk.rename(path, old)
            disk.rename(part, path)
            disk.sync_folders([path.absolute().parent])
            shutil.rmtree(old, ignore_errors=True)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def writing(path: Path) -> Iterator[BinaryIO]:
    """Open a file of an export for writing, and create its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        yield file


def _lock(descriptor: int, part: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        is_still_there = os.path.samestat(os.fstat(descriptor), os.lstat(part))
    except FileNotFoundError:
        is_still_there = False
    except BlockingIOError:
        is_still_there = False
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        return
    if not is_still_there:
        raise ExportError(f"another export is writing {part}")


@contextlib.contextmanager
def _removed_on_error(part: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        if part.is_dir():
            shutil.rmtree(part, ignore_errors=True)
        else:
            disk.discard(part)
        raise


def _empty(folder: Path) -> None:
    for left in folder.iterdir():
        if left.is_dir() and not left.is_symlink():
            shutil.rmtree(left)
        else:
            left.unlink()


def _flush(folder: Path) -> None:
    for place, _, names in os.walk(folder):
        for name in names:
            disk.flush_file(os.path.join(place, name))
        disk.sync_folders([place])
