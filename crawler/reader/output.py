"""The folder of a site: files written beside their place and renamed, pictures linked from the archive.

Nothing is flushed: a site can be made again. `.dw-site/` in it holds what the builder remembers; files are made in
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
"""What file systems answer that cannot link a file to another place."""


class NotASite(ArchiverError):
    """A folder holds other things than a site. Raised by `Folder`; ends the command."""


class Folder:
    """The folder of a site, made where there is none. Files are taken in after `begin`. Raises NotASite where it holds other
    things, and OSError."""

    def __init__(self, root: Path, *, copies: bool = False) -> None:
        """copies: copy pictures, rather than link them where the file system can."""
        require_site(root)
        self.root = root
        self._copies = copies
        self._numbers = itertools.count()
        (root / OWN).mkdir(parents=True, exist_ok=True)

    def begin(self) -> None:
        """Make room for new files. No other process may be at work here."""
        shutil.rmtree(self.root / _NEW, ignore_errors=True)  # what a kill left behind
        (self.root / _NEW).mkdir()

    def write(self, path: str, data: bytes) -> bool:
        """Have a file with these bytes at a path. Returns whether it had to be written."""
        with contextlib.suppress(OSError):
            if read_file(self.root / path) == data:
                return False
        new = self._new()
        with open(new, "xb") as file:
            file.write(data)
        self._put(new, path)
        return True

    def take(self, source: Path, path: str) -> None:
        """Have the file of an archive at a path, as a link to it or as a copy. Raises OSError."""
        new = self._new()
        if self._copies or not _link(source, new):
            with open_file(source) as file, open(new, "xb") as copy:
                shutil.copyfileobj(file, copy, 1024 * 1024)
        self._put(new, path)

    def remove(self, path: str) -> None:
        """Take a file away, and the folders that are empty without it."""
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
        """Whether anything lies at a path, or where one of its folders should be."""
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
    """Raise NotASite where a folder is not empty and no site, so that no site may be made in it."""
    try:
        names = sorted(os.listdir(root))
    except FileNotFoundError:
        return
    except NotADirectoryError as error:
        raise NotASite(f"{root} is no folder; --to FOLDER names another one") from error
    if names and OWN not in names:
        shown = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
        raise NotASite(f"{root} is not empty and no site ({shown}); --to FOLDER names another one")


def _link(source: AnyPath, new: AnyPath) -> bool:
    """Make a second name for a file. Returns whether the file system could."""
    if found := oddity(source):
        raise OSError(errno.EINVAL, f"{found}, not a file", os.fspath(source))
    try:
        os.link(source, new, follow_symlinks=False)
    except OSError as error:
        if error.errno in _NO_LINKS:
            return False
        raise
    return True
