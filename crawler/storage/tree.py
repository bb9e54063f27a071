"""What lies in an archive's folders. Nothing is opened, and no link is followed but one at the top.

Outside the archive, and not looked at: names at the top that the layout does not know, and names that begin with a dot.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from crawler.exceptions import DiskError, NotAnArchive
from crawler.files import is_file, oddity
from crawler.storage import layout

Strange = Callable[[str, str], None]
"""Told the path and what lies there of everything strange: "a file", "a FIFO", "cannot be read: Permission denied"."""

_OF_DISKS = {"lost+found", "System Volume Information", "$RECYCLE.BIN"}  # at the root of one
_SHOWN = 3  # names in a sentence


def _nobody(path: str, what: str) -> None:
    """Nobody wants to know of what is strange."""


def walk(root: Path, strange: Strange = _nobody) -> Iterator[str]:
    """Relative paths of the files that belong to articles, in order: those with a name of the layout's, partial media files,
    temporary files; not the logs, the index, and what was set aside. A folder at the top may be a link: to where there is
    more space.

    strange: told of everything else that lies in the archive's folders. Raises OSError where the archive itself cannot be read.
    """
    for name in sorted(layout.FOLDERS.intersection(os.listdir(root))):
        path = root / name
        if os.path.isdir(path) and (not path.is_symlink() or _leads_out(path, root)):
            yield from _walk(root, name, strange)
        else:
            strange(name, oddity(path) or "a file")


def _walk(root: Path, folder: str, strange: Strange) -> Iterator[str]:
    for entry in _entries(root, folder, strange):
        path = f"{folder}/{entry.name}"
        if entry.is_file(follow_symlinks=False):
            if layout.id_of(path) is not None or layout.is_partial(path) or layout.is_temporary(path):
                yield path
            elif not entry.name.startswith("."):
                strange(path, "a file")
        elif entry.is_dir(follow_symlinks=False) and layout.is_folder(path):
            yield from _walk(root, path, strange)
        elif not entry.name.startswith("."):
            strange(path, oddity(entry.path))


def _entries(root: Path, folder: str, strange: Strange) -> list[os.DirEntry[str]]:
    """What is in a folder, in order of name; nothing where it cannot be read, or is not there."""
    try:
        return sorted(os.scandir(root / folder), key=lambda entry: entry.name)
    except FileNotFoundError:
        return []
    except OSError as error:
        strange(folder, f"cannot be read: {error.strerror}")
        return []


def _leads_out(link: Path, root: Path) -> bool:
    """Whether a link in an archive leads to another disk's folder, not in circles."""
    target, here = link.resolve(), root.resolve()
    return not target.is_relative_to(here) and not here.is_relative_to(target)


def run_files(root: Path, strange: Strange = _nobody) -> Iterator[str]:
    """Names of the logs and reports of every run, in order. strange: told of everything else among them.

    Raises OSError where they cannot be read, DiskError where they lie elsewhere, as on a disk that is not mounted: an archive
    without them would be taken for another.
    """
    _require_folder(root, layout.RUNS)
    try:
        entries = sorted(os.scandir(root / layout.RUNS), key=lambda entry: entry.name)
    except FileNotFoundError:
        return
    for entry in entries:
        if layout.is_run_file(entry.name) and entry.is_file(follow_symlinks=False):
            yield entry.name
        elif not entry.name.startswith("."):
            strange(f"{layout.RUNS}/{entry.name}", oddity(entry.path) or "a file")


def temporary_files(root: Path) -> Iterator[str]:
    """Paths of the temporary files that `walk` does not come by: among the runs, and of what was being set aside."""
    places = [(layout.RUNS, [entry.name for entry in _entries(root, layout.RUNS, _nobody)])]
    places += [(os.path.relpath(folder, root), names) for folder, _, names in os.walk(root / layout.DAMAGED)]
    for folder, names in places:
        for name in names:
            if layout.is_temporary(name) and is_file(root / folder / name):
                yield f"{folder}/{name}"


def require_archive(root: Path) -> None:
    """Raise NotAnArchive where a folder holds other things than an archive, so that none may be made in it.

    Good are an archive, also one whose logs or whose index is lost; one that was only begun; and an empty folder, but for
    README files, names that begin with a dot, and what an operating system keeps at the root of a disk.
    """
    strangers = _visible(root)
    if strangers and not is_archive(root):
        if len(strangers) > _SHOWN:
            strangers[_SHOWN:] = ["..."]
        raise NotAnArchive(
            f"{root} is no archive and not empty ({', '.join(strangers)}); -s ARCHIVE_DIR=... names another folder"
        )


def is_archive(root: Path) -> bool:
    """Whether a folder holds an archive: a run's log or report, a document, reply or picture where the layout has it, or
    nothing but what an archive begins with."""
    odd: list[str] = []

    def note(path: str, what: str) -> None:
        odd.append(path)

    if any(run_files(root, note)):
        return True
    for path in walk(root, note):
        if layout.is_document(path) or layout.is_reply(path) or layout.picture_of(path):
            return True
    return (root / layout.RUNS).is_dir() and not odd and layout.TOP.issuperset(_visible(root))


def _visible(root: Path) -> list[str]:
    """Names in a folder, but for README files, names that begin with a dot, and what every disk has."""
    names = set(os.listdir(root) if root.exists() else []) - _OF_DISKS
    return [name for name in sorted(names) if not name.startswith(".") and not name.upper().startswith("README")]


def require_index(root: Path) -> None:
    """Raise DiskError where something else than files lies where the index belongs: SQLite would wait for a FIFO."""
    for name in (*layout.INDEX_FILES, layout.INDEX_SEAL):
        if found := oddity(root / name, follow=name == layout.INDEX):
            raise DiskError(f"{root / name} is {found}, not a file of the index; move it out of the archive")


def _require_folder(root: Path, name: str) -> None:
    """Raise DiskError where something else than a folder lies at a name."""
    path = root / name
    if os.path.lexists(path) and not os.path.isdir(path):
        found = oddity(path) or "a file"
        hint = "is its disk mounted?" if path.is_symlink() else "move it out of the archive"
        raise DiskError(f"{path} is {found}, not a folder; {hint}")


def free_place(root: Path, path: str) -> str:
    """Where a damaged file goes: under `damaged/`, where nothing lies. Raises DiskError where `damaged` is no folder."""
    _require_folder(root, layout.DAMAGED)
    place, count = f"{layout.DAMAGED}/{path}", 0
    while os.path.lexists(root / place):
        count += 1
        place = f"{layout.DAMAGED}/{path}.{count}"
    return place
