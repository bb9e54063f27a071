"""`scrapy site`: turn an archive into a folder of plain files. Only what changed is made again.

Pictures come first, then new pages, then changed ones, then the lists that link to them; obsolete files are removed last. So
everything that can be reached from `index.html` exists at every instant.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from itertools import islice
from pathlib import Path

from crawler.files import is_file
from crawler.library.search import fold
from crawler.reader import about
from crawler.reader.memory import NAME, Memory
from crawler.reader.output import Folder
from crawler.reader.pages import SCRIPTS, STYLE, TEMPLATES, Page, Pages
from crawler.reader.plan import Advance, Planner, Selection, attach
from crawler.reader.segments import Part, Shelf
from crawler.reader.shards import FOLDER, folding

_CHUNK = 200  # documents between two commits; after a kill at most so many are made twice
_FILES = 50  # of the search, between two commits

_LIVING = "id IN (SELECT id FROM documents)"
_NEW = "NOT EXISTS (SELECT 1 FROM made WHERE made.id = due.id AND sha256 <> '')"


@dataclass
class Built:
    """The result of a build.

    written: number of pages. linked: of pictures and media files. removed: of files of the site. left_out: paths of documents,
    pictures and media files that are missing or damaged in the archive. foreign: paths of files that the site did not make,
    which are left alone.
    """

    written: int = 0
    linked: int = 0
    removed: int = 0
    left_out: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)


def _ignore(done: int, total: int | None) -> None:
    """Ignore the progress."""


def build(archive: Path, to: Path, selection: Selection, *, copies: bool = False, advance: Advance = _ignore) -> Built:
    """Make or update the site of an archive in a folder.

    copies: copy pictures instead of linking them. advance: called with (documents read and made so far, documents in all).
    Raises NotASite, NoIndex, ArchiveInUse, DiskError and OSError.
    """
    folder = Folder(to, copies=copies)
    memory = Memory(to / NAME)
    try:
        folder.begin()
        builder = _Builder(archive, folder, memory, advance)
        builder.plan(selection)
        builder.make()
        return builder.built
    except sqlite3.DatabaseError as error:
        raise memory.failure(error) from error
    finally:
        folder.close()
        memory.close()


def remember(memory: Memory, archive: Path, selection: Selection, advance: Advance = _ignore) -> tuple[int, list[str]]:
    """Bring a memory up to what an archive holds now. Returns how many documents were read, and the paths of those that are
    lost or damaged. Raises NoIndex, DiskError and sqlite3.DatabaseError."""
    attach(memory, archive)
    try:
        with memory.transaction():
            version = _version()
            if memory.meta("version") != version:  # every page may come out differently
                memory.make_due(dw_id for (dw_id,) in list(memory.rows("SELECT id FROM documents")))
                for (folder,) in list(memory.rows("SELECT DISTINCT folder FROM documents")):
                    memory.make_folder_due(folder)
                memory.db.execute("UPDATE documents SET sha256 = ''")  # so that all documents are read again
                memory.db.execute("DELETE FROM segments")
                memory.set_meta("folding", "")
                memory.set_meta("version", version)
            planner = Planner(memory, archive, selection)
            read = planner.plan(advance)
            if read:
                memory.set_meta("search", "due")
            memory.set_meta("about", json.dumps(about.figures(memory, archive, selection)))
    finally:
        memory.db.execute("DETACH DATABASE archive")
    return read, planner.left_out


class _Builder:
    def __init__(self, archive: Path, folder: Folder, memory: Memory, advance: Advance) -> None:
        self._archive = archive
        self._folder = folder
        self._memory = memory
        self._advance = advance
        self._pages = Pages(memory, archive)
        self._read = self._total = 0  # documents: read or made so far, to be read or made
        self.built = Built()

    def plan(self, selection: Selection) -> None:
        self._read, self.built.left_out = remember(self._memory, self._archive, selection, self._advance)

    def make(self) -> None:
        self._write(Page(STYLE, (TEMPLATES / STYLE).read_bytes()))
        self._take_files()
        shelf = Shelf(self._memory, self._archive) if self._memory.meta("search") else None
        missing = shelf.missing() if shelf else []
        self._total = self._read + self._memory.value("SELECT count(*) FROM due") + sum(part.documents for part in missing)
        self._make_documents(f"{_NEW} AND {_LIVING}")
        self._make_lists()
        self._make_documents(_LIVING)
        if shelf:
            self._make_segments(shelf, missing)
        self._make_search_page()
        self._make_first_pages()
        self._remove_lists()
        self._remove()

    def _due(self, which: str) -> Iterator[list[int]]:
        """Yield the ids of documents whose pages are due, some at a time."""
        last = 0
        while ids := [dw_id for (dw_id,) in self._memory.rows(
            f"SELECT id FROM due WHERE {which} AND id > ? ORDER BY 1 LIMIT ?", [last, _CHUNK])]:  # fmt: skip
            yield ids
            last = ids[-1]

    # --- files of the archive ---

    def _take_files(self) -> None:
        """Link or copy every picture and media file that is shown."""
        sql = ("SELECT shown.path, shown.sha256 FROM shown LEFT JOIN made ON made.path = shown.path"
               " WHERE shown.path <> '' AND shown.path > ? AND coalesce(made.sha256, '') <> shown.sha256"
               " GROUP BY shown.path ORDER BY shown.path LIMIT ?")  # fmt: skip
        last = ""
        while files := list(self._memory.rows(sql, [last, _CHUNK])):
            claimed = self._claim([(path, None) for path, _ in files])
            taken = [(sha256, path) for path, sha256 in files if path in claimed and self._take(path)]
            with self._memory.transaction():
                self._memory.db.executemany("UPDATE made SET sha256 = ? WHERE path = ?", taken)
            self.built.linked += len(taken)
            last = files[-1][0]

    def _take(self, path: str) -> bool:
        """Put a file of the archive into the site. Returns whether the archive has it."""
        if not is_file(self._archive / path):
            self.built.left_out.append(path)
            return False
        self._folder.take(self._archive / path, path)
        return True

    # --- pages ---

    def _make_documents(self, which: str) -> None:
        for ids in self._due(which):
            self._make_some_documents(ids)
            self._read += len(ids)
            self._advance(self._read, self._total)

    def _make_some_documents(self, ids: list[int]) -> None:
        done, pages = [], []
        for dw_id in ids:
            made = self._pages.document(dw_id)
            if made is not None:
                pages += made
                done.append(dw_id)
        self._write(*pages)
        wanted = {page.path for page in pages}
        sql = f"SELECT path FROM made WHERE id IN ({', '.join('?' * len(done))})"
        for (path,) in list(self._memory.rows(sql, done)):
            if path not in wanted:  # the page of a version that is gone; its document no longer links to it
                self._take_away(path)
        with self._memory.transaction():
            for sql in ("UPDATE made SET sha256 = 'written' WHERE id = ?", "DELETE FROM due WHERE id = ?"):
                self._memory.db.executemany(sql, ((dw_id,) for dw_id in done))

    def _make_lists(self) -> None:
        """Make the pages of months and languages. New months come first, because pages of their documents link to them."""
        folders = [folder for (folder,) in self._memory.rows("SELECT folder FROM due_folders ORDER BY 1")]
        is_new = {folder: not self._folder.has(f"{folder}/index.html") for folder in folders}
        for folder in filter(is_new.get, folders):
            self._write(*self._pages.month(folder))
        self._write(*(self._pages.language(language) for language, _ in self._pages.languages()))
        for folder in folders:
            pages = [] if is_new[folder] else self._pages.month(folder)
            self._write(*pages)
            if pages:
                self._take_others_away(f"{folder}/index*.html", pages)

    def _take_others_away(self, pattern: str, pages: Sequence[Page]) -> None:
        """Remove the lists that match a pattern and are not among these pages."""
        wanted = {page.path for page in pages}
        sql = "SELECT path FROM made WHERE path GLOB ? AND id IS NULL"
        for (path,) in list(self._memory.rows(sql, [pattern])):
            if path not in wanted:
                self._take_away(path)

    def _make_first_pages(self) -> None:
        self._write(self._pages.pictures(), self._pages.about(), self._pages.home())

    def _make_search_page(self) -> None:
        scripts = [Page(f"{FOLDER}/{name}", (TEMPLATES / name).read_bytes()) for name in SCRIPTS]
        if not self._memory.meta("folding"):
            self._write(Page(*folding()))
            self._memory.set_meta("folding", "written")
        self._write(*scripts, self._pages.search())

    def _make_segments(self, shelf: Shelf, missing: Sequence[Part]) -> None:
        """Update the search: write new segments, then the list of segments; then remove the old ones."""
        for part in missing:
            files = shelf.make(part)
            while some := list(islice(files, _FILES)):
                self._write(*(Page(*file) for file in some))
            shelf.keep(part)
            self._read += part.documents
            self._advance(self._read, self._total)
        self._write(Page(*shelf.directory()))
        for path in shelf.forget_others():
            self._take_away(path)
        self._memory.set_meta("search", "due" if shelf.missing() else "")

    def _remove_lists(self) -> None:
        """Remove the pages of months and languages that have no documents any more."""
        memory = self._memory
        sql = "SELECT folder FROM due_folders WHERE folder NOT IN (SELECT folder FROM documents)"
        for (folder,) in list(memory.rows(sql)):
            self._take_others_away(f"{folder}/index*.html", [])
        languages = {language.path for language, _ in self._pages.languages()}
        for (path,) in list(memory.rows("SELECT path FROM made WHERE path LIKE '%/index.html' AND path NOT LIKE '%/%/%'")):
            if path.partition("/")[0] not in languages:
                self._take_away(path)
        with self._memory.transaction():
            memory.db.execute("DELETE FROM due_folders")

    def _remove(self) -> None:
        """Remove the pages of documents that are gone, and files that no page shows any more."""
        memory = self._memory
        gone = "id IN (SELECT id FROM due) AND id NOT IN (SELECT id FROM documents)"
        unshown = ("(path LIKE 'images/%' OR path LIKE 'media/%')"
                   " AND NOT EXISTS (SELECT 1 FROM shown WHERE shown.path = made.path AND shown.path <> '')")  # fmt: skip
        for (path,) in list(memory.rows(f"SELECT path FROM made WHERE {gone} UNION ALL SELECT path FROM made WHERE {unshown}")):
            self._take_away(path)
        with self._memory.transaction():
            memory.db.execute("DELETE FROM due WHERE id NOT IN (SELECT id FROM documents)")

    # --- files of the site ---

    def _write(self, *pages: Page) -> None:
        """Write pages, new ones first, because others may link to them."""
        pages = tuple(sorted(pages, key=lambda page: self._folder.has(page.path)))
        claimed = self._claim([(page.path, page.id) for page in pages])
        self.built.written += sum(self._folder.write(page.path, page.data) for page in pages if page.path in claimed)

    def _claim(self, files: Iterable[tuple[str, int | None]]) -> set[str]:
        """Note files as the site's before they are written. Returns the paths that may be written."""
        claimed = set()
        with self._memory.transaction():
            for path, dw_id in files:
                if not self._memory.is_made(path):
                    if self._folder.has(path):
                        self.built.foreign.append(path)
                        continue
                    self._memory.claim(path, dw_id)
                claimed.add(path)
        return claimed

    def _take_away(self, path: str) -> None:
        self._folder.remove(path)
        self._memory.forget(path)
        self.built.removed += 1


def _version() -> str:
    """Return a digest of everything but the archive that decides how pages look: code, templates and libraries."""
    digest = hashlib.sha256()
    here = Path(__file__).parent
    folders = (here, here.parent / "dw", here.parent / "library")
    code = [path for folder in folders for path in folder.rglob("*.py")]
    for path in sorted([*code, *here.parent.glob("*.py"), *TEMPLATES.iterdir()]):
        digest.update(path.name.encode() + path.read_bytes())
    digest.update(fold.VERSION.encode())
    for library in ("jinja2", "nh3", "lxml"):
        digest.update(metadata.version(library).encode())
    return digest.hexdigest()


