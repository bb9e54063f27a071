"""The index of an archive that is looked at and not changed, as in a dry run: a private copy, brought up to date in a folder of
its own."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from pathlib import Path

from crawler.storage import layout
from crawler.storage.index.sqlite import Index


def copy_index(root: Path, folder: Path) -> tuple[Index, str]:
    """A copy of an archive's index in another folder, empty where there is none; and why it cannot be used as it is.

    A crawl may be running meanwhile. Raises OSError.
    """
    path = folder / layout.INDEX
    for end in ("", "-wal"):  # what a kill, or a crawl that is running, has not yet written into the file itself
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            shutil.copyfile(root / (layout.INDEX + end), folder / (layout.INDEX + end))
    if not path.exists():
        return Index(path), ""
    why = "missing or unfinished"
    try:
        index = Index(path)
        with contextlib.ExitStack() as undo:
            undo.callback(index.close)
            index.check()
            if index.meta("unclean since") is not None:
                undo.pop_all()
                return index, ""
    except sqlite3.DatabaseError as error:
        why = f"damaged ({error})"
    for left in folder.iterdir():
        left.unlink()
    return Index(path), f"{root / layout.INDEX} is {why}: what follows is told from the run logs"
