"""Read from the run logs what happened to documents, line by line, from where they were read last."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from crawler.exceptions import ArchiverError, DamagedLine
from crawler.storage import layout
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
    """DW has said what an archived document does not show: that it is a liveblog, or when a video was published."""

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
    try:
        record = decode(line, is_old=True)
    except DamagedLine:
        return None
    path = record.get("path")
    if isinstance(path, str):
        return _of_file(path, record) if path.endswith(".txt") else None
    dw_id, published_ms = record.get("id"), record.get("published_ms")
    if record.get("state") != "archived" or not isinstance(dw_id, int) or not isinstance(record.get("kind"), str):
        return None
    return Correction(dw_id, record["kind"], published_ms if isinstance(published_ms, int) else None)


def _of_file(path: str, record: dict[str, Any]) -> Entry | Copy | Removal | None:
    dw_id = layout.id_of(path)
    is_revision = layout.is_revision(path)
    if dw_id is None or not (is_revision or layout.is_document(path)):
        return None
    if record.get("state") == "removed":
        return Removal(path, dw_id)
    if not isinstance(record.get("sha256"), str):
        return None
    of = record.get("revision_of") if is_revision else None
    home = of if isinstance(of, str) else "" if is_revision else path
    language = _text(record.get("language")) or home.partition("/")[0] or UNKNOWN_LANGUAGE
    times = (record.get(name) for name in ("published_ms", "stamp_ms"))
    published_ms, stamp_ms = (time if isinstance(time, int) else None for time in times)
    if not is_revision and published_ms is None:
        published_ms = stamp_ms
    kind = _text(record.get("kind")) or "article"
    entry = Entry(path, dw_id, record["sha256"], kind, language, published_ms, stamp_ms, is_revision)
    return Copy(entry, home) if is_revision else entry


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
