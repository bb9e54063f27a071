"""Write the folder of a site: files are written beside their place and renamed, and pictures are linked from the archive.

Nothing is flushed, because a site can be made again. `.dw-site/` in it holds the builder's memory; new files are written in
`.dw-site/new/`.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import shutil
from pathlib import Path

from crawler.exceptions import ArchiverError
from crawler.files import AnyPath, oddity, open_file, read_file

OWN = ".dw-site"
_NEW = f"{OWN}/new"
_NO_LINKS = frozenset({errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EACCES, errno.ENOSYS})
"""Error numbers of file systems that cannot make a hard link."""


class NotASite(ArchiverError):
    """A folder is not empty and not a site. Raised by `Folder`; ends the command."""


class Folder:
    """The folder of a site, created if it is missing. Files can be stored after `begin`. Raises NotASite if the folder holds
    something else, and OSError."""

    def __init__(self, root: Path, *, copies: bool = False) -> None:
        """Open or create the folder. copies: copy pictures instead of linking them."""
        require_site(root)
        self.root = root
        self._copies = copies
        self._numbers = itertools.count()
        (root / OWN).mkdir(parents=True, exist_ok=True)

    def begin(self) -> None:
        """Prepare for new files. No other process may be working in the folder."""
        shutil.rmtree(self.root / _NEW, ignore_errors=True)  # what a kill left behind
        (self.root / _NEW).mkdir()

    def write(self, path: str, data: bytes) -> bool:
        """Write a file, unless it has these bytes already. Returns whether it was written."""
        with contextlib.suppress(OSError):
            if read_file(self.root / path) == data:
                return False
        new = self._new()
        with open(new, "xb") as file:
            file.write(data)
        self._put(new, path)
        return True

    def take(self, source: Path, path: str) -> None:
        """Put a file of an archive at a path, as a hard link or as a copy. Raises OSError."""
        new = self._new()
        if self._copies or not _link(source, new):
            with open_file(source) as file, open(new, "xb") as copy:
                shutil.copyfileobj(file, copy, 1024 * 1024)
        self._put(new, path)

    def remove(self, path: str) -> None:
        """Remove a file, and the folders that become empty."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.root / path)
        folder = os.path.dirname(path)
        while folder:
            try:
                os.rmdir(self.root / folder)
            except OSError:  # not empty
                return
            folder = os.path.dirname(folder)

    def has(self, path: str) -> bool:
        """Whether anything exists at a path, or in the place of one of its folders."""
        if os.path.lexists(self.root / path):
            return True
        folders = Path(path).parents
        return any(os.path.lexists(self.root / folder) and not (self.root / folder).is_dir() for folder in folders)

    def close(self) -> None:
        shutil.rmtree(self.root / _NEW, ignore_errors=True)

    def _new(self) -> Path:
        return self.root / _NEW / str(next(self._numbers))

    def _put(self, new: Path, path: str) -> None:
        try:
            os.rename(new, self.root / path)
        except FileNotFoundError:
            os.makedirs(self.root / os.path.dirname(path), exist_ok=True)
            os.rename(new, self.root / path)


def require_site(root: Path) -> None:
    """Raise NotASite if a folder is not empty and not a site, so that no site is made among other files."""
    try:
        names = sorted(os.listdir(root))
    except FileNotFoundError:
        return
    except NotADirectoryError as error:
        raise NotASite(f"{root} is not a folder; choose another one with --to FOLDER") from error
    if names and OWN not in names:
        shown = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
        raise NotASite(f"{root} is not empty and not a site ({shown}); choose another folder with --to FOLDER")


def _link(source: AnyPath, new: AnyPath) -> bool:
    """Make a hard link to a file. Returns False if the file system cannot. Raises OSError."""
    if found := oddity(source):
        raise OSError(errno.EINVAL, f"{found}, not a file", os.fspath(source))
    try:
        os.link(source, new, follow_symlinks=False)
    except OSError as error:
        if error.errno in _NO_LINKS:
            return False
        raise
    return True
