"""Apply the lines of a run log to the index. Applying a line twice changes nothing."""

from __future__ import annotations

import functools
import json
from typing import Any

from crawler import times
from crawler.storage import layout, logline
from crawler.storage.index import objects
from crawler.storage.index.objects import ALIAS, ARCHIVED, EVERYTHING, MEDIA, PENDING, SCOPE, Scope
from crawler.storage.index.sqlite import Index
from crawler.storage.logline import FileRecord, Record, Removal, ScopeChange, StateRecord


def apply(index: Index, line: Record, run: str, scope: Scope = EVERYTHING) -> None:
    """Apply a log line of a run: a file that is on disk, a state, a removal, or a scope. Raises DiskError.

    scope: what the run wants; documents that become known beyond it are out of scope.
    """
    match logline.parse(line):
        case FileRecord() as record:
            _apply_file(index, record, run)
        case Removal() as record:
            _apply_removal(index, record)
        case ScopeChange() as record:
            index.set_meta(SCOPE, json.dumps({"depth": record.depth, "kinds": record.kinds}))
        case StateRecord() as record:
            _apply_state(index, record, scope)


def _apply_removal(index: Index, record: Removal) -> None:
    dw_id = layout.id_of(record.path)
    index.change("DELETE FROM files WHERE path = ?", [record.path])
    index.change("UPDATE objects SET state = ?, home = path, path = NULL, reason = ?, due = 1"
                 " WHERE id = ? AND path = ?", [PENDING, record.reason, dw_id, record.path])  # fmt: skip
    if layout.is_reply(record.path) and dw_id:
        index.set_unchecked(dw_id)


def _apply_file(index: Index, record: FileRecord, run: str) -> None:
    path = record.path
    index.change(
        "INSERT INTO files VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET sha256 = excluded.sha256,"
        " bytes = excluded.bytes, run = excluded.run",
        [path, record.sha256, record.bytes, run],
    )
    about = record.about
    time_ms = times.parse_ms(about.time) or 0
    if picture := layout.picture_of(path):
        rendition = objects.rendition_key(picture.rendition, path)
        _archive(index, picture.id, rendition, record, {"kind": "picture", "checked_ms": time_ms or None})
    elif path.startswith("media/"):
        _archive(index, about.id, MEDIA, record, {"kind": "media", "checked_ms": time_ms or None})
    elif layout.is_document(path):
        _archive_document(index, record, time_ms)
    elif layout.is_reply(path):
        # an adopted reply may be newer than its document, so the document is compared again
        index.change("UPDATE objects SET checked_ms = max(coalesce(checked_ms, 0), ?) * ?, etag = ?, last_modified = ?,"
                     " origin = ?, misses = 0, missed_ms = NULL WHERE id = ? AND rendition = '' AND path IS NOT NULL",
                     [time_ms, not about.adopted, about.etag or "", about.last_modified or "",
                      "api" if about.origin is None else about.origin, about.id])  # fmt: skip


def _archive_document(index: Index, record: FileRecord, time_ms: int) -> None:
    # a seed document is compared with DW once, an added one never; reading a reply again does not count
    about = record.about
    checked_ms = None if about.reread else {"seed": 0, "adopted": 0, "add": None}.get(about.origin or "", time_ms)
    _archive(index, about.id, "", record, {
        "kind": about.kind,
        "language": about.language,
        "stamp_ms": about.stamp_ms,
        "published_ms": about.stamp_ms if about.published_ms is None else about.published_ms,
        "hop": about.hop or 0,
        "origin": about.origin or "",
        "etag": about.etag or "",
        "last_modified": about.last_modified or "",
        "checked_ms": checked_ms,
    })  # fmt: skip
    if about.requested is not None and about.requested != about.id:
        index.set_alias(about.requested, about.id)


def _archive(index: Index, dw_id: int, rendition: str, record: FileRecord, values: dict[str, Any]) -> None:
    values = {**values, "id": dw_id, "rendition": rendition, "state": ARCHIVED, "reason": "", "path": record.path,
              "url": record.about.url, "misses": 0, "missed_ms": None, "next_ms": None, "target": None,
              "due": 0}  # fmt: skip
    kept = frozenset(name for name in ("language", "checked_ms") if values.get(name) is None)
    index.change(_archiving(tuple(values), kept), values.values())


def _apply_state(index: Index, record: StateRecord, scope: Scope) -> None:
    rendition = record.rendition or ""
    if record.kind == "picture":
        rendition = objects.rendition_key(rendition, record.url or "")
    if record.state == ALIAS:
        assert record.target is not None
        index.set_alias(record.id, record.target)
    elif record.state == PENDING and record.kind == "picture":
        index.register_picture(record.id, rendition, record.url or "")
    elif record.state == PENDING and record.kind == "media":
        index.register_media(record.id, record.url or "")
    elif record.state == PENDING:
        index.register([record.id], record.hop or 0, record.kind, record.language, scope=scope)
    else:
        _set_state(index, record, rendition)


def _set_state(index: Index, record: StateRecord, rendition: str) -> None:
    index.change(
        "INSERT INTO objects"
        " (id, rendition, kind, state, reason, url, published_ms, missed_ms, misses, next_ms, hop, language)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
        # a document on disk stays archived while DW misses it, or while we may not request it
        " state = CASE WHEN path IS NOT NULL AND excluded.state IN ('missing', 'refused') THEN state"
        " ELSE excluded.state END,"
        # an object may turn out to be a video; a document of an older archive, or an adopted one, a liveblog
        " kind = CASE WHEN path IS NULL OR excluded.state = 'archived' THEN excluded.kind ELSE kind END,"
        " published_ms = coalesce(excluded.published_ms, published_ms),"
        " reason = excluded.reason, missed_ms = excluded.missed_ms, misses = excluded.misses,"
        " next_ms = excluded.next_ms, due = 0",
        [record.id, rendition, record.kind, record.state, record.reason or "", record.url, record.published_ms,
         record.missed_ms, record.misses or 0, record.next_ms, record.hop or 0, record.language],
    )  # fmt: skip


@functools.cache
def _archiving(names: tuple[str, ...], kept: frozenset[str]) -> str:
    """Return the SQL that archives an object. kept: columns that keep their value if the object is known."""
    updates = ", ".join(f"{name} = excluded.{name}" for name in names if name not in kept | {"id", "rendition", "hop"})
    if "hop" in names:
        updates += ", hop = min(hop, excluded.hop)"
    return (f"INSERT INTO objects ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
            f" ON CONFLICT DO UPDATE SET {updates}")  # fmt: skip
