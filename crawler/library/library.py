"""`Library`: the documents of an archive as Python values. It is read-only and takes no lock, so a crawl may be running."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import weakref
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from crawler import files, normalise, seedfile, times
from crawler.dw.passages import body_passages
from crawler.exceptions import DiskError, NotAnArchive, SeedFormatError
from crawler.library import newseeds
from crawler.library.changes import revisions
from crawler.storage import layout, renditions, tree
from crawler.storage.index import figures, seal
from crawler.storage.index.apply import apply
from crawler.storage.index.objects import GONE
from crawler.storage.index.sqlite import Index
from crawler.storage.logline import About, FileRecord
from crawler.urls import DW, PictureName

if TYPE_CHECKING:
    from crawler.library.selection import Selection
    from crawler.seedfile import SeedDocument
    from crawler.storage.index.objects import Row

T = TypeVar("T")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MTIME_SLACK_MS = 60_000  # clocks are set, and the coarsest file systems round to seconds


@dataclass(frozen=True)
class Picture:
    """A picture that a document shows.

    id: DW's. rendition: the size, as in the file's name (`303`); the stored one if another stands in for the one that the
    document names. address: of the file at DW. path: of the file in the archive, relative to its folder; None if the archive
    lacks it.
    """

    id: int
    rendition: str
    address: str
    path: str | None
    _recorded: str | None = field(repr=False)
    _root: Path = field(repr=False, compare=False)

    @cached_property
    def sha256(self) -> str | None:
        """The file's sha256 in hexadecimal, as recorded when it was stored; read from the file if there is no record. None
        if the archive lacks the file, or cannot read it."""
        if self.path is None or self._recorded:
            return self._recorded
        with contextlib.suppress(OSError):
            return files.sha256_of(self._root / self.path)[0]
        return None


@dataclass(frozen=True)
class Document:
    """An archived document, or an older version of one.

    id: DW's. kind: article, gallery, video, audio or liveblog. language: path of the edition (`zh`, `pt-br`), `und`
    if unknown. title: plain text. author: plain text, names separated by commas; empty if there is none. published: the time
    DW shows, in UTC; None if unknown. stamp_ms: when this version was fetched, milliseconds since 1970-01-01 UTC. url: on
    www.dw.com. html: the body as stored; sanitise it before showing it if the document came as a file (archive/README.md).
    references: ids of the documents it refers to, in order, without repeats. path, reply_path: its file, and that of the
    reply it was made of, relative to the archive's folder; reply_path is None if there is no reply. sha256: of the file, in
    hexadecimal. is_gone: whether DW no longer serves it.
    """

    id: int
    kind: str
    language: str
    title: str
    author: str
    published: datetime | None
    stamp_ms: int
    url: str
    html: str = field(repr=False)
    references: tuple[int, ...] = field(repr=False)
    path: str
    reply_path: str | None
    sha256: str
    is_gone: bool
    _library: Library = field(repr=False, compare=False)

    @property
    def is_revision(self) -> bool:
        """Whether it is an older version of a document."""
        return layout.is_revision(self.path)

    @cached_property
    def text(self) -> str:
        """The body as plain text in reading order, captions included, with an empty line between paragraphs."""
        return "\n\n".join(body_passages(self.html))

    @cached_property
    def pictures(self) -> tuple[Picture, ...]:
        """The pictures it shows, in order, without repeats. Pictures that are not DW's are left out."""
        document = seedfile.SeedDocument(self.stamp_ms, self.title, self.url, self.html)
        return tuple(self._library._picture(name) for name in document.pictures)

    @cached_property
    def revisions(self) -> tuple[Document, ...]:
        """The versions before this one, newest first. Damaged ones are skipped and noted in `Library.damaged`."""
        return tuple(self._library._revisions(self))


class Library:
    """The documents of an archive. Nothing in the archive's folder changes, and no lock is taken.

    path: the folder (ARCHIVE_DIR). It may be read-only, and a crawl may be writing to it. If the index is missing or damaged,
    the run logs and the files are read instead: slower at the start, otherwise the same. Memory use does not grow with the
    archive. The archive is opened at the first use, and closed by `close`, at the end of a `with` block, or with the object.

    damaged: path and reason of every document skipped so far. A file is damaged if it cannot be read, is not a seed document,
    or has other bytes than were stored; without a record of these, if it is another document than its name says.

    Raises NotAnArchive if the folder holds no archive. Every method raises DiskError if the disk fails.

    >>> import pathlib, tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = pathlib.Path(folder.name) / "en/2026/05/70000001-rain.txt"
    >>> path.parent.mkdir(parents=True)
    >>> text = "<!--1777629600000-->\\n[Rain](https://www.dw.com/en/Rain/a-70000001)\\n------\\n\\n<p>It rains.</p>\\n"
    >>> _ = path.write_text(text)
    >>> with Library(folder.name) as library:
    ...     for document in library.documents():
    ...         print(document.id, document.language, document.title, document.text)
    70000001 en Rain It rains.
    >>> folder.cleanup()
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        self.path = Path(path)
        self.damaged: dict[str, str] = {}
        try:
            if not self.path.is_dir() or not tree.is_archive(self.path):
                raise NotAnArchive(f"no archive in {self.path}")
        except OSError as error:
            raise DiskError(f"{self.path}: {error.strerror or error}") from error
        self._opened: Index | None = None
        self._is_private = False  # whether the open index is a temporary one, made from the logs and documents
        self._resources = contextlib.ExitStack()
        self._finalizer = weakref.finalize(self, self._resources.close)

    def __enter__(self) -> Library:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Release files and temporary copies. Later calls open the archive again."""
        self._resources.close()
        self._opened = None

    def __len__(self) -> int:
        """Return the number of documents, damaged ones included, revisions not."""
        return self._attempt(lambda index: newseeds.count(index, newseeds.Selection()))

    def documents(self) -> Iterator[Document]:
        """Yield every document in order of id. Damaged ones are skipped and noted in `damaged`.

        Documents that a crawl stores meanwhile may or may not appear.
        """
        last = 0
        while True:
            try:
                index = self._index
                for row in index.documents():
                    if row.id > last:
                        last = row.id
                        if document := self._document(row):
                            yield document
                    if self._opened is not index or self._is_outdated():
                        break  # continue with another index
                else:
                    return
            except DiskError as error:
                self._fall_back(error)

    def chosen(self, ids: Iterable[int]) -> Iterator[Document]:
        """Yield the documents with these ids, in the order given. Damaged ones are skipped and noted in `damaged`."""
        for id in ids:
            row = self._attempt(lambda index, id=id: index.get(id))  # type: ignore[misc]
            if row and row.path and (document := self._document(row)):
                yield document

    def ids(self, selection: Selection, newest: int = 0) -> Sequence[int]:
        """Return the ids of the selected documents, damaged ones included, in order of publication; those without a known
        time of publication come last, in order of stamp. newest: only so many, the newest first; 0 for all."""
        chosen = selection.languages, selection.kinds, selection.since_ms, selection.until_ms, selection.since_run, newest
        return self._attempt(lambda index: array("q", figures.ids_by_publication(index, *chosen)))

    def languages(self) -> list[str]:
        """Return the language paths of all documents, in order; `und` stands for documents without one."""
        return sorted(self._attempt(figures.languages))

    def files(self) -> Iterator[str]:
        """The paths of all files that the archive has stored, in order, revisions and replies included."""
        last = ""
        while paths := self._attempt(lambda index, after=last: figures.paths(index, after, 500)):  # type: ignore[misc]
            yield from paths
            last = paths[-1]

    def sha256(self, path: str) -> str | None:
        """Return the sha256 that a file was stored with, in hexadecimal; None if it was not recorded."""
        return self._recorded(path)

    def path_of(self, id: int) -> str | None:
        """Return the path of the document with this id, following an alias; None if the archive does not hold it."""
        row = self._attempt(lambda index: index.resolve(id)) if 0 < id < 2**63 else None
        return row.path if row else None

    def document(self, id: int) -> Document | None:
        """Return the document with this id, following an alias to the document it leads to.

        Returns None if the archive does not hold it, or if it is damaged; then `damaged` has its path.
        """
        if not 0 < id < 2**63:  # what SQLite can hold
            return None
        row = self._attempt(lambda index: index.resolve(id))
        return self._document(row) if row and row.path else None

    # --- opening ---

    @property
    def _index(self) -> Index:
        if self._is_outdated():
            self.close()
        if self._opened is None:
            self._is_private = False
            self._opened = self._own_index() or self._private_index()
        return self._opened

    def _is_outdated(self) -> bool:
        """Whether another process has replaced the index since it was opened, or has begun to write to it."""
        return self._opened is not None and not self._is_private and self._opened.is_outdated()

    def _own_index(self) -> Index | None:
        """Return the archive's own index, read-only; None if it cannot be used."""
        path = self.path / layout.INDEX
        try:
            tree.require_index(self.path)
            is_sealed = seal.is_as_closed(self.path)
            if is_sealed is False or not path.exists():
                return None
            index = Index(path, read_only=True)
        except (OSError, DiskError, sqlite3.DatabaseError):
            return None
        with contextlib.ExitStack() as undo:
            undo.callback(index.close)
            with contextlib.suppress(DiskError, sqlite3.DatabaseError):
                if not is_sealed:
                    index.check()
                if index.meta("unclean since") is not None:  # else it was never complete
                    undo.pop_all()
                    self._resources.callback(index.close)
                    return index
        return None

    def _private_index(self) -> Index:
        """Return a temporary index, made from the run logs and from the documents that no log names."""
        from crawler.storage import opening  # late, because most archives have an index and most commands write nothing

        archive = opening.look(self.path, 0)
        self._resources.callback(archive.close, clean=False)
        self._is_private = True
        for path in tree.walk(self.path):
            if layout.is_document(path) and archive.index.file(path) is None:
                with contextlib.suppress(OSError, SeedFormatError):
                    _apply_unlogged(archive.index, path, files.read_file(self.path / path))
        return archive.index

    def _fall_back(self, error: DiskError) -> None:
        """Replace an index that failed while in use. Raises the error if it is the private one."""
        if self._is_private:
            raise error
        self.close()
        self._opened = self._private_index()

    def _attempt(self, look: Callable[[Index], T]) -> T:
        """Return the result of a function on the index; on a private index if the archive's own fails."""
        try:
            return look(self._index)
        except DiskError as error:
            self._fall_back(error)
            return look(self._index)

    # --- reading ---

    def _document(self, row: Row) -> Document | None:
        published = row.published_ms if row.published_ms != row.stamp_ms else None  # the stamp is used if the time is unknown
        return self._read(row.id, row.path or "", row.kind, row.language, published, row.state == GONE, row.origin)

    def _read(
        self, id: int, path: str, kind: str, language: str | None, published_ms: int | None, is_gone: bool, origin: str = ""
    ) -> Document | None:
        """Return the document in a file; None, with a note in `damaged`, if it is damaged."""
        try:
            data = files.read_file(self._at(path))
            document = seedfile.loads(data)
        except (OSError, SeedFormatError) as error:
            self.damaged[path] = (error.strerror if isinstance(error, OSError) else None) or str(error)
            return None
        sha256, recorded = hashlib.sha256(data).hexdigest(), self._recorded(path, self._opened)
        if recorded is None and document.id != id:
            self.damaged[path] = f"it is document {document.id}"
            return None
        if recorded not in (sha256, None) and not self._is_being_written(path):
            self.damaged[path] = "its bytes differ from what was stored"
            return None
        shown_ms = times.parse_ms(document.display_date)
        return Document(
            id, kind, language or document.language, document.title, _author(document),
            _moment(published_ms if shown_ms is None else shown_ms), document.stamp_ms, document.url, document.html,
            tuple(document.references), path, self._reply_path(path, origin), sha256, is_gone, self,
        )  # fmt: skip

    def _at(self, path: str) -> str:
        """Return a path of the archive as one of the disk. Joining it as a `Path` would take a tenth of the time of reading."""
        return os.path.join(self.path, path)

    def _recorded(self, path: str, index: Index | None = None) -> str | None:
        """Return the sha256 that a file was stored with; None if it was not recorded. index: the open one if it was just
        asked, because finding out whether it is outdated takes as long as the answer."""
        with contextlib.suppress(DiskError):
            return found[0] if (found := (index or self._index).file(path)) else None
        return None

    def _is_being_written(self, path: str) -> bool:
        """Whether a file was stored by a run that has not ended, so that the index may not have it yet."""
        with contextlib.suppress(OSError, DiskError):
            since_ms = times.parse_ms(self._index.meta("unclean since") or "")
            mtime_ms = (self.path / path).stat().st_mtime * 1000
            return since_ms is not None and mtime_ms >= since_ms - _MTIME_SLACK_MS
        return False

    def _reply_path(self, path: str, origin: str) -> str | None:
        replies = (path.removesuffix(".txt") + end for end in layout.reply_ends(origin))
        return next((reply for reply in replies if files.is_file(self._at(reply))), None)

    def _picture(self, name: PictureName) -> Picture:
        stored = renditions.stored(self.path, name)
        path = layout.picture_path(stored) if stored else None
        shown = stored or name
        return Picture(name.id, shown.rendition, DW.picture(shown), path, self._recorded(path) if path else None, self.path)

    def _revisions(self, of: Document) -> Iterator[Document]:
        for stamp_ms, path in reversed(revisions(self.path, of.id).items()):
            if stamp_ms < of.stamp_ms and (found := self._read(of.id, path, of.kind, None, None, of.is_gone)):
                yield found if found.language != "und" else replace(found, language=of.language)


def _apply_unlogged(index: Index, path: str, data: bytes) -> None:
    """Add a document that no log names to an index. Raises SeedFormatError."""
    document = seedfile.loads(data)
    about = About(document.kind, layout.id_of(path) or 0, document.url, language=document.language, stamp_ms=document.stamp_ms)
    apply(index, FileRecord(path, hashlib.sha256(data).hexdigest(), len(data), about).to_line(), "")


def _author(document: SeedDocument) -> str:
    return normalise.author(normalise.text_of(document.author))


def _moment(time_ms: int | None) -> datetime | None:
    with contextlib.suppress(OverflowError):
        return None if time_ms is None else _EPOCH + timedelta(milliseconds=time_ms)
    return None
