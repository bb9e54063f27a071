"""List the files in an archive's folders, without opening any. Links are followed at the top only.

Names at the top that the layout does not know, and names that begin with a dot, are not part of the archive and are ignored.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from crawler.exceptions import DiskError, NotAnArchive
from crawler.files import is_file, oddity
from crawler.storage import layout

Strange = Callable[[str, str], None]
"""Called with a path and what lies there, for everything that is not the archive's: "a file", "a FIFO", "cannot be read:
Permission denied"."""

_OF_DISKS = {"lost+found", "System Volume Information", "$RECYCLE.BIN"}  # made by operating systems at the root of a disk
_SHOWN = 3  # names to list in a message


def _ignore(path: str, what: str) -> None:
    """Ignore a strange path."""


def walk(root: Path, strange: Strange = _ignore) -> Iterator[str]:
    """Yield the relative paths of the files that belong to articles, in order: files with a name of the layout, partial media
    files and temporary files; not the logs, the index, and files that were set aside.

    A folder at the top may be a link, for example to a larger disk. strange: called for everything else in the archive's
    folders. Raises OSError if the archive itself cannot be read.
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
    """Return the entries of a folder in order of name; [] if it is missing or cannot be read."""
    try:
        return sorted(os.scandir(root / folder), key=lambda entry: entry.name)
    except FileNotFoundError:
        return []
    except OSError as error:
        strange(folder, f"cannot be read: {error.strerror}")
        return []


def _leads_out(link: Path, root: Path) -> bool:
    """Whether a link leads out of the archive, so that following it cannot go in circles."""
    target, here = link.resolve(), root.resolve()
    return not target.is_relative_to(here) and not here.is_relative_to(target)


def run_files(root: Path, strange: Strange = _ignore, since: str = "") -> Iterator[str]:
    """Yield the names of the logs and reports of all runs, in order. strange: called for everything else beside them.

    since: the name of a run; earlier ones are left out.

    Raises OSError if the folder cannot be read, and DiskError if it is no folder, for example a link to a disk that is not
    mounted: without its logs the archive would look like another one.
    """
    _require_folder(root, layout.RUNS)
    try:
        entries = [entry for entry in os.scandir(root / layout.RUNS) if entry.name >= since]
    except FileNotFoundError:
        return
    for entry in sorted(entries, key=lambda entry: entry.name):
        if layout.is_run_file(entry.name) and entry.is_file(follow_symlinks=False):
            yield entry.name
        elif not entry.name.startswith(".") and not (layout.is_folded_reports(entry.name) and is_file(entry.path)):
            strange(f"{layout.RUNS}/{entry.name}", oddity(entry.path) or "a file")


def has_runs(root: Path) -> bool:
    """Whether there is a log or report of any run. Raises OSError and DiskError as `run_files`."""
    _require_folder(root, layout.RUNS)
    try:
        entries = os.scandir(root / layout.RUNS)
    except FileNotFoundError:
        return False
    with entries:  # the first one is enough: ten years of hourly runs have 270,000
        return any(layout.is_run_file(entry.name) and entry.is_file(follow_symlinks=False) for entry in entries)


def temporary_files(root: Path) -> Iterator[str]:
    """Yield the paths of the temporary files that `walk` does not visit: those under `runs/` and `damaged/`."""
    folders = [(layout.RUNS, [entry.name for entry in _entries(root, layout.RUNS, _ignore)])]
    folders += [(os.path.relpath(folder, root), names) for folder, _, names in os.walk(root / layout.DAMAGED)]
    for folder, names in folders:
        for name in names:
            if layout.is_temporary(name) and is_file(root / folder / name):
                yield f"{folder}/{name}"


def require_archive(root: Path) -> None:
    """Raise NotAnArchive if a folder holds something else, so that no archive is made among other files.

    Accepted are an archive, also one without its logs or its index; an archive that was only begun; and an empty folder.
    README files, names that begin with a dot, and what operating systems keep at the root of a disk do not count.
    """
    strangers = _visible(root)
    if strangers and not is_archive(root):
        if len(strangers) > _SHOWN:
            strangers[_SHOWN:] = ["..."]
        raise NotAnArchive(
            f"{root} is not an archive and not empty ({', '.join(strangers)}); choose another folder with -s ARCHIVE_DIR=..."
        )


def is_archive(root: Path) -> bool:
    """Whether a folder holds an archive: a run's log or report; a document, reply or picture in its place; or only what
    every new archive has."""
    odd: list[str] = []

    def note(path: str, what: str) -> None:
        odd.append(path)

    if has_runs(root):
        return True
    list(run_files(root, note))
    for path in walk(root, note):
        if layout.is_document(path) or layout.is_reply(path) or layout.picture_of(path):
            return True
    return (root / layout.RUNS).is_dir() and not odd and layout.TOP.issuperset(_visible(root))


def _visible(root: Path) -> list[str]:
    """Return the names in a folder, without README files, names that begin with a dot, and those of `_OF_DISKS`."""
    names = set(os.listdir(root) if root.exists() else []) - _OF_DISKS
    return [name for name in sorted(names) if not name.startswith(".") and not name.upper().startswith("README")]


def require_index(root: Path) -> None:
    """Raise DiskError if a name of the index is not a file: SQLite would wait forever for a FIFO."""
    for name in (*layout.INDEX_FILES, layout.INDEX_SEAL):
        if found := oddity(root / name, follow=name == layout.INDEX):
            raise DiskError(f"{root / name} is {found}, but must be a file of the index; move it out of the archive")


def _require_folder(root: Path, name: str) -> None:
    """Raise DiskError if a name exists and is not a folder."""
    path = root / name
    if os.path.lexists(path) and not os.path.isdir(path):
        found = oddity(path) or "a file"
        hint = "is its disk mounted?" if path.is_symlink() else "move it out of the archive"
        raise DiskError(f"{path} is {found}, not a folder; {hint}")


def free_place(root: Path, path: str) -> str:
    """Return an unused path under `damaged/` for a damaged file. Raises DiskError if `damaged` is not a folder."""
    _require_folder(root, layout.DAMAGED)
    place, count = f"{layout.DAMAGED}/{path}", 0
    while os.path.lexists(root / place):
        count += 1
        place = f"{layout.DAMAGED}/{path}.{count}"
    return place
