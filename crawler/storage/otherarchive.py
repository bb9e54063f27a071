"""Read the run logs and files of another archive, without its index. Nothing in it is trusted or changed."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from crawler import files
from crawler.exceptions import DiskError, UnusableArchive
from crawler.storage import layout, lock, tree
from crawler.storage.runlog import order_of

SMALL = 1024 * 1024
"""Bytes of a file that may be read ahead."""


class OtherArchive(Protocol):
    """The interface of another archive. name: for a person."""

    name: str

    def logs(self) -> Iterator[tuple[str, Path]]:
        """Yield (path, file on this disk) of each run log, in the order to read them; the file is valid until the next one.

        Raises UnusableArchive.
        """

    def paths(self) -> Iterator[str]:
        """Yield the paths of the files that belong to articles, in any order. Raises UnusableArchive."""

    def pieces(self, path: str) -> Iterator[bytes]:
        """Yield the bytes of a file. path: one of the layout. Raises OSError, also for anything but a file."""

    def expect(self, path: str) -> None:
        """Begin to read a small file for which `pieces` will be called soon, if that saves waiting. Raises nothing."""

    def is_in_use(self) -> bool:
        """Whether a run is writing to it now, as far as can be known."""


class Folder:
    """Another archive in a folder. Links are followed at the top only, as in our own archive."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.name = str(root)

    def logs(self) -> Iterator[tuple[str, Path]]:
        odd: list[str] = []  # such as a FIFO, which reading it will name: the documents in it must not be missing silently
        try:
            names = [*tree.run_files(self.root, lambda path, what: odd.append(path.rpartition("/")[2])), *odd]
        except (OSError, DiskError) as error:
            raise UnusableArchive(f"{self.name}: its run logs cannot be read: {error}") from error
        for name in sorted(filter(layout.is_run_log, names), key=order_of):
            yield f"{layout.RUNS}/{name}", self.root / layout.RUNS / name

    def paths(self) -> Iterator[str]:
        try:
            yield from tree.walk(self.root)
        except OSError as error:
            raise UnusableArchive(f"{self.name}: {error.strerror}") from error

    def pieces(self, path: str) -> Iterator[bytes]:
        folder, *below = path.split("/")[:-1]
        for name in below:
            folder = f"{folder}/{name}"
            if not stat.S_ISDIR(os.lstat(self.root / folder).st_mode):
                raise NotADirectoryError(f"{folder} is {files.oddity(self.root / folder) or 'a file'}, not a folder")
        yield from files.pieces(self.root / path)

    def expect(self, path: str) -> None:
        """Do nothing: a disk is near."""

    def is_in_use(self) -> bool:
        holder = lock.holder(self.root / layout.LOCK)
        return holder is not None and holder.is_alive is True


def refuse_segments(where: str, path: str) -> None:
    """Raise UnusableArchive for log segments of a later version: without them, documents would be missing silently.

    where: the archive. path: of something beside its run logs.
    """
    if layout.is_segment_folder(path.rpartition("/")[2]):
        raise UnusableArchive(f"{where}: {path} holds log segments, which only a later version of dw-archiver can read")


def named(where: str, ours: Path) -> OtherArchive | None:
    """Return the archive in a folder with `runs/`; None if there is none. ours: the archive that is to take it in.

    Raises UnusableArchive if it is ours, lies in ours, or cannot be read.
    """
    path = Path(where)
    try:
        runs = path / layout.RUNS
        if not (runs.is_dir() or runs.is_symlink()) or not tree.is_archive(path):
            return None
        if path.resolve().is_relative_to(ours.resolve()) or (ours.exists() and os.path.samefile(path, ours)):
            raise UnusableArchive(f"{where} is this archive or lies in it: nothing to add")
        list(tree.run_files(path, lambda found, what: refuse_segments(where, found)))
        return Folder(path)
    except (OSError, DiskError) as error:
        raise UnusableArchive(f"{where} cannot be read: {error}") from error
