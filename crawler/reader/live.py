"""Make the pages of an archive on request, from a memory and, for newer documents, from the run logs."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import sqlite3
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from crawler import files
from crawler.library.search.logs import Entry
from crawler.reader.body import page_path
from crawler.reader.facts import facts
from crawler.reader.follower import Follower
from crawler.reader.memory import CURRENT, Document, Memory, Shown
from crawler.reader.pages import Page, Pages, Seen, Version
from crawler.reader.plan import read_document
from crawler.reader.results import Results
from crawler.seedfile import SeedDocument
from crawler.storage import layout, renditions
from crawler.storage.index.objects import ARCHIVED, MEDIA, rendition_key

_END_S = 2.0  # seconds that `close` waits for the page that is being made

_LIST = re.compile(r"([a-z0-9-]+)/(?:(\d{4}/\d\d)/index(?:-([1-9]\d{0,3}))?|index)\.html", re.ASCII)
_REVISION = re.compile(r"revisions/(\d{1,15})/(\d{1,17})\.html", re.ASCII)


class Moved(Exception):
    """A page is at another path. Raised by `Live.page`; answered with a redirect."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


class Live:
    """The pages of an archive. Any thread may request them; they are made one at a time.

    archive: its folder. follower: keeps the memory up to date. logged: returns the entry of the run logs for the id and path of
    a document.
    """

    def __init__(self, archive: Path, follower: Follower, logged: Callable[[int, str], Entry | None]) -> None:
        self._archive = archive
        self._follower = follower
        self._logged = logged
        self._memory = Memory(follower.path, is_shared=True)
        self._pages = Pages(self._memory, archive, is_served=True)
        self._turn = threading.Lock()
        self._lists: dict[str, bytes] = {}  # pages of the whole archive
        self._generation = 0  # the state of the memory that they were made from

    def close(self) -> None:
        if self._turn.acquire(timeout=_END_S):  # otherwise a page is still being made; it ends with the process
            self._memory.close()

    def results(self, results: Results) -> bytes:
        """Return the search page."""
        return self._pages.results(results).data

    def refusal(self, status: int, sentence: str = "") -> bytes:
        """Return the page that explains why a request is refused."""
        return self._pages.refusal(status, sentence).data

    def page(self, path: str) -> bytes | None:
        """Return the page at a path of the site; None if there is none. Raises Moved and DiskError."""
        self._follower.catch_up()
        document = path.removesuffix(".html") + ".txt"
        dw_id = layout.id_of(document) if path.endswith(".html") and layout.is_document(document) else None
        with self._reading():
            page = self._list(path) or self._revision(path)
            if page is None and dw_id is not None:
                page = self._document(dw_id, document)
        if page is None and dw_id is not None and files.is_file(self._archive / document):
            entry = self._logged(dw_id, document)  # may take long: other pages are made meanwhile
            with self._reading():
                page = self._unplanned(entry) if entry else None
        return page

    def _list(self, path: str) -> bytes | None:
        """Return a page that lists documents. Pages over the whole archive are cached until the archive changes."""
        if self._generation != (generation := self._memory.generation()):
            self._lists, self._generation = {}, generation
        if path not in self._lists:
            page = self._made_list(path)
            if page is None or page.path.count("/") > 1:
                return page.data if page else None
            self._lists[path] = page.data
        return self._lists[path]

    def _made_list(self, path: str) -> Page | None:
        first_pages = {"": self._pages.home, "index.html": self._pages.home, "pictures.html": self._pages.pictures,
                       "about.html": self._pages.about}  # fmt: skip
        if path in first_pages:
            return first_pages[path]()
        found = _LIST.fullmatch(path)
        if found is None:
            return None
        name, folder, place = found.groups()
        if folder:
            return self._pages.month_page(f"{name}/{folder}", int(place or 1) - 1)
        language = next((language for language, _ in self._pages.languages() if language.path == name), None)
        return self._pages.language(language) if language else None

    def _revision(self, path: str) -> bytes | None:
        found = _REVISION.fullmatch(path)
        row = self._memory.document(int(found[1])) if found else None
        if found is None or row is None:
            return None
        stamps = [stamp_ms for stamp_ms, _ in self._memory.revisions(row.id)]
        wanted = int(found[2])
        version = self._pages.version(row, wanted) if wanted in stamps else None
        later = (self._pages.version(row, stamp_ms) for stamp_ms in (*stamps, CURRENT) if stamp_ms > wanted or not stamp_ms)
        following = next(filter(None, later), None)
        return self._pages.earlier(row, version, following).data if version and following else None

    def _document(self, dw_id: int, path: str) -> bytes | None:
        row = self._memory.document(dw_id)
        if row and row.path != path:
            raise Moved(page_path(row.path))
        if row and (version := self._pages.version(row)):
            return self._pages.current(row, version, self._pages.seen(dw_id)).data
        return None

    def _unplanned(self, entry: Entry) -> bytes | None:
        """Return the page of a document that was stored or changed since the index was last written."""
        path = entry.path
        document = read_document(self._archive, path, entry.sha256)
        if document is None:
            return None
        found = facts(document)
        targets = {target: row.path for target in found.targets if (row := self._memory.document(target))}
        shown = [Shown(*one, self._path_of(document, *one), "not fetched yet") for one in found.shown]
        stamp_ms = document.stamp_ms
        folder = path.rpartition("/")[0]
        row = Document(
            entry.id, path, folder, folder.partition("/")[0], entry.sha256, entry.kind, ARCHIVED,
            stamp_ms if entry.published_ms is None else entry.published_ms, stamp_ms, "", found.title,
        )  # fmt: skip
        return self._pages.current(row, Version(page_path(path), stamp_ms, entry.sha256, document), Seen(targets, shown)).data

    def _path_of(self, document: SeedDocument, dw_id: int, rendition: str) -> str:
        """Return the path of a picture or media file that a document shows, '' if the archive lacks it."""
        if rendition == MEDIA:
            paths = [layout.media_path(dw_id, end) for end in ("mp4", "mp3")]
        else:
            paths = [layout.picture_path(stored) for name in document.pictures
                     if (name.id, rendition_key(name.rendition, name.file_name)) == (dw_id, rendition)
                     and (stored := renditions.stored(self._archive, name))]  # fmt: skip
        return next((path for path in paths if files.is_file(self._archive / path)), "")

    @contextlib.contextmanager
    def _reading(self) -> Iterator[None]:
        """Read one state of the memory, while no other page is made. Raises DiskError."""
        with self._turn:
            try:
                with self._memory.snapshot():
                    yield
            except sqlite3.DatabaseError as error:
                raise self._memory.failure(error) from error


def is_media(path: str) -> bool:
    """Whether a path is that of a picture or media file, by its name."""
    return layout.is_media(path) or layout.picture_of(path) is not None


def open_media(archive: Path, path: str) -> BinaryIO:
    """Open a picture or media file of an archive. No link below the folders at the top is followed. Raises OSError."""
    folder = archive / path.rpartition("/")[0]
    if not stat.S_ISDIR(os.lstat(folder).st_mode):
        raise FileNotFoundError(errno.ENOENT, "not in a folder", path)
    return files.open_file(archive / path)
