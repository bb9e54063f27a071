"""WARC 1.1 (ISO 28500:2017): what DW sent, what was made of it, and pages to read.

Nothing is invented: HTTP headers were not kept, so there are no `response` records. A reply, picture or media file is a
`resource` at the address it came from, dated by the run log; a document is a `conversion` of its reply; its page is a
`resource` at an address that is not DW's.
"""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Protocol

from crawler import times
from crawler.dw.passages import line_of
from crawler.export.needs import needed
from crawler.export.notebook import Notebook
from crawler.export.output import writing
from crawler.export.pages import Pages
from crawler.export.source import Source
from crawler.files import open_file, read_file, sha256_of
from crawler.library import Document
from crawler.library.selection import Selection
from crawler.storage import layout, replyfile
from crawler.storage.runlog import run_logs

PAGES = "https://dw-archive.invalid/"
"""The address of reading pages. No real host ends with `.invalid` (RFC 2606)."""

_INFO = {
    "software": "dw-archiver",
    "format": "WARC File Format 1.1",
    "conformsTo": "https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/",
    "description": (
        "News of Deutsche Welle. HTTP requests and headers were not kept: bodies are resource records at the address they came "
        "from, with the date of the archive's run log. Documents made of them are conversion records. Pages to read are "
        f"resource records below {PAGES}, which are not DW's."
    ),
}  # fmt: skip
_TYPES = {
    ".json.gz": "application/json", ".html.gz": "text/html", ".txt": "text/plain; charset=utf-8", ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg", ".png": "image/png", ".gif": "image/gif", ".webp": "image/webp", ".mp4": "video/mp4",
    ".mp3": "audio/mpeg",
}  # fmt: skip


@dataclass(frozen=True)
class Record:
    """A record. address: WARC-Target-URI. date: ISO 8601. body: bytes, or a large file. key: what its id is made of. path,
    sha256: of the archive's file, the sha256 as in the run log; empty for a page. refers_to: key of the record it was made
    of. title: of a page."""

    type: str
    address: str
    date: str
    mime: str
    body: bytes | Path
    key: str
    path: str = ""
    sha256: str = ""
    refers_to: str = ""
    title: str = ""


@dataclass(frozen=True)
class Written:
    """A record that was written: offset and length of its bytes in the file, and the digest of its body."""

    record: Record
    offset: int
    length: int
    digest: str


def write(source: Source, path: Path, name: str, pages: Pages) -> None:
    """Write a WARC file, each record packed alone if its final name ends with `.gz`."""
    with Notebook(source.library.path) as notebook, writing(path) as file:
        for _ in write_records(records(source, notebook, pages), file, name, last_run(source)):
            pass


def last_run(source: Source) -> str:
    """Return the start of the archive's last run, ISO 8601: the only clock that an export knows."""
    logs = run_logs(source.library.path)
    return times.iso(times.parse_ms(logs[-1].name.partition(".")[0]) or 0) if logs else "1970-01-01T00:00:00Z"


class Output(Protocol):
    """A file-like object that a WARC is written to."""

    def write(self, data: bytes, /) -> int: ...

    def tell(self) -> int: ...

    def flush(self) -> None: ...


def write_records(found: Iterator[Record], file: Output, name: str, date: str) -> Iterator[Written]:
    """Write a `warcinfo` record, dated so, and records. Yields each after it is written."""
    with needed("warcio"):
        from warcio.statusandheaders import StatusAndHeaders
        from warcio.warcwriter import WARCWriter
    writer = WARCWriter(file, gzip=name.endswith(".gz"), warc_version="WARC/1.1")
    lines = "".join(f"{key}: {value}\r\n" for key, value in _INFO.items()).encode()
    info_id = _id(f"warcinfo {name} {date}")
    head = [("WARC-Type", "warcinfo"), ("WARC-Record-ID", info_id), ("WARC-Date", date), ("WARC-Filename", name)]
    info = StatusAndHeaders("", head, protocol="WARC/1.1")
    writer.write_record(writer.create_warc_record("", "warcinfo", BytesIO(lines), len(lines), warc_headers=info))
    for one in found:
        start = file.tell()
        with BytesIO(one.body) if isinstance(one.body, bytes) else open_file(one.body) as body:
            length = body.seek(0, os.SEEK_END)
            body.seek(0)
            headers = StatusAndHeaders("", _head(one, info_id), protocol="WARC/1.1")
            made = writer.create_warc_record(one.address, one.type, body, length, one.mime, warc_headers=headers)
            writer.write_record(made)
        yield Written(one, start, file.tell() - start, str(made.rec_headers.get_header("WARC-Block-Digest")))


def _head(one: Record, info_id: str) -> list[tuple[str, str]]:
    head = [("WARC-Type", one.type), ("WARC-Record-ID", _id(one.key)), ("WARC-Warcinfo-ID", info_id),
            ("WARC-Target-URI", one.address), ("WARC-Date", one.date), ("Content-Type", one.mime)]  # fmt: skip
    if one.refers_to:
        head.append(("WARC-Refers-To", _id(one.refers_to)))
    if one.path:  # extension fields, so that a record can be traced to the archive and its run log
        head += [("DW-Archiver-Path", one.path), ("DW-Archiver-SHA256", one.sha256)]
    return head


def _id(key: str) -> str:
    return f"<urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'dw-archiver {key}')}>"


def records(source: Source, notebook: Notebook, pages: Pages) -> Iterator[Record]:
    """Yield the records of every document of a source: its reply, its pictures and media files, the document, its page.

    Without a selection, the pictures and media files that no document shows follow.
    """
    archive = _Archive(source, notebook)
    for document in source.all():
        reply = archive.reply(document)
        if reply:
            yield reply
        for path in pages.files(document):
            if notebook.is_first(path) and (file := archive.file(path, _date(document))):
                yield file
        address = reply.address if reply else document.url
        data = read_file(source.library.path / document.path)
        yield Record("conversion", address, _date(document), _TYPES[".txt"], data, f"{document.path} {document.sha256}",
                     document.path, document.sha256, refers_to=reply.key if reply else "")  # fmt: skip
        yield Record("resource", page_address(document.path), _date(document), "text/html; charset=utf-8",
                     pages.page(document, archive.address), f"page {document.path} {document.sha256}",
                     title=line_of(document.title) or "Untitled")  # fmt: skip
    if source.selection == Selection():  # pictures that no document shows any more, and previews of videos
        for path in source.library.files():
            is_left = path.startswith(("images/", "media/")) and notebook.is_first(path)
            if is_left and (file := archive.file(path, last_run(source))):
                yield file
    yield Record("resource", f"{PAGES}style.css", last_run(source), "text/css; charset=utf-8", pages.style, "style.css")


def page_address(path: str) -> str:
    """Return the address of a document's page, from the path of the document or of its page."""
    return f"{PAGES}{path.removesuffix('.txt')}{'.html' if path.endswith('.txt') else ''}"


def _date(document: Document) -> str:
    return times.iso(document.stamp_ms)


class _Archive:
    """The archive's files as records."""

    def __init__(self, source: Source, notebook: Notebook) -> None:
        self._library = source.library
        self._notebook = notebook

    def reply(self, document: Document) -> Record | None:
        """Return the reply of a document, None if it has none. The log has that of an earlier version under the document."""
        path = came_as = document.reply_path
        if path is None:
            return None
        try:
            data = read_file(self._library.path / path)
            body, charset = replyfile.unpack(data)
        except OSError as error:
            self._library.damaged[path] = error.strerror or str(error)
            return None
        sha256 = hashlib.sha256(data).hexdigest()
        if not self._is_sound(path, sha256):
            return None
        if layout.is_revision(path) and (current := self._library.path_of(document.id)):
            end = next(end for end in layout.REPLY_ENDS if path.endswith(end))
            came_as = current.removesuffix(".txt") + end
        assert came_as is not None
        date, address = self._notebook.origin(came_as, sha256)
        mime = _TYPES[path[path.index(".") :]] + (f"; charset={charset}" if charset else "")
        address, date = address or document.url, date or _date(document)
        return Record("resource", address, date, mime, body, f"{path} {sha256}", path, sha256)

    def file(self, path: str, date: str) -> Record | None:
        """Return a picture or media file, None if it is lost or damaged. date: used if the run log has none."""
        try:
            sha256, _ = sha256_of(self._library.path / path)
        except OSError as error:
            self._library.damaged[path] = error.strerror or str(error)
            return None
        if not self._is_sound(path, sha256):
            return None
        logged, _ = self._notebook.origin(path, sha256)
        mime, body = _TYPES[path[path.rindex(".") :]], self._library.path / path
        return Record("resource", self.address(path), logged or date, mime, body, f"{path} {sha256}", path, sha256)

    def address(self, path: str) -> str:
        """Return the address for a path: DW's for a picture or media file, else that of a page."""
        if path.startswith(("images/", "media/")):
            recorded = self._library.sha256(path)
            _, address = self._notebook.origin(path, recorded) if recorded else ("", "")
            if address.startswith("https://"):
                return address
            if name := layout.picture_of(path):
                return f"https://static.dw.com/image/{name.file_name}"
        return page_address(path)

    def _is_sound(self, path: str, sha256: str) -> bool:
        """Whether a file has the bytes that were stored. If not, it is noted in `Library.damaged`."""
        if self._library.sha256(path) in (sha256, None):
            return True
        self._library.damaged[path] = "other bytes than were stored"
        return False
