"""Read from the run logs what happened to documents, line by line, from the last position on."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from crawler.exceptions import ArchiverError, DamagedLine
from crawler.storage import layout, logline
from crawler.storage.logline import FileRecord, StateRecord
from crawler.storage.runlog import decode, run_logs
from crawler.urls import UNKNOWN_LANGUAGE


class Entry(NamedTuple):
    """A document or revision was stored. sha256: of the file, hexadecimal. published_ms, stamp_ms: milliseconds UTC, None if
    they must be read from the document."""

    path: str
    id: int
    sha256: str
    kind: str
    language: str
    published_ms: int | None
    stamp_ms: int | None
    is_revision: bool


class Copy(NamedTuple):
    """A revision was stored. of: path of the document that it was before, '' if unknown; the entry of that one says more."""

    entry: Entry
    of: str


class Removal(NamedTuple):
    """A path is no longer in the archive."""

    path: str
    id: int


class Correction(NamedTuple):
    """A fact from DW that the document itself does not show: that it is a liveblog, or when a video was published."""

    id: int
    kind: str
    published_ms: int | None


Change = Entry | Copy | Removal | Correction


class LogIsShorter(ArchiverError):
    """A log is shorter than what was read of it, so what was read may no longer be true. Caught by `index`."""


def behind(root: Path, positions: Mapping[str, int]) -> list[Path]:
    """Return the logs with unread lines, in the order to read them. Raises LogIsShorter and OSError."""
    found = []
    for log in run_logs(root):
        size, position = log.stat().st_size, positions.get(log.name, 0)
        if size < position:
            raise LogIsShorter(log.name)
        if size > position:
            found.append(log)
    return found


def unread(logs: Iterable[Path], positions: Mapping[str, int]) -> Generator[tuple[str, int, Change | None]]:
    """Yield (name of the log, position after the line, change) for each whole line after the positions.

    A line that was cut off, or is being written, is left for later. Raises OSError.
    """
    for log in logs:
        position = positions.get(log.name, 0)
        with log.open("rb") as lines:
            lines.seek(position)
            for line in lines:
                if not line.endswith(b"\n"):
                    break
                position += len(line)
                yield log.name, position, change(line)


def change(line: bytes) -> Change | None:
    """Return what a line of a run log says of a document; None for other lines, and for damaged ones."""
    if b'.txt"' not in line and b'"archived"' not in line:  # most lines are about pictures; reading one takes 200 times as long
        return None
    try:
        record = logline.parse(decode(line, is_old=True))
    except DamagedLine:
        return None
    match record:
        case FileRecord(path=path) if layout.is_document(path):
            return _entry(record, path)
        case FileRecord(path=path) if layout.is_revision(path) and path.endswith(".txt"):
            home = record.about.revision_of or ""
            return Copy(_entry(record, home), home)
        case logline.Removal(path=path) if path.endswith(".txt") and (dw_id := layout.id_of(path)):
            return Removal(path, dw_id)
        case StateRecord(state="archived"):
            return Correction(record.id, record.kind, record.published_ms)
    return None


def _entry(record: FileRecord, home: str) -> Entry:
    """The entry of a document or revision. home: path of the document, '' if unknown."""
    about, is_revision = record.about, layout.is_revision(record.path)
    language = about.language or home.partition("/")[0] or UNKNOWN_LANGUAGE
    published_ms = about.stamp_ms if about.published_ms is None and not is_revision else about.published_ms
    return Entry(record.path, about.id, record.sha256, about.kind, language, published_ms, about.stamp_ms, is_revision)
