"""What a line of a run log changes in the index. Applying a line twice changes nothing."""

from __future__ import annotations

import functools
import json
from typing import Any

from crawler import times
from crawler.storage import layout
from crawler.storage.index import objects
from crawler.storage.index.objects import ALIAS, ARCHIVED, PENDING, REMOVED, SCOPE
from crawler.storage.index.sqlite import Index


def apply(index: Index, record: dict[str, Any], run: str) -> None:
    """Take over what a log line says: a file that is on disk, or a state. Doing it twice changes nothing."""
    if "path" in record and "sha256" in record:
        _apply_file(index, record, run)
    elif record.get("state") == REMOVED:
        _apply_removed(index, record)
    elif record.get("state") == SCOPE:
        index.set_meta(SCOPE, json.dumps({"depth": record["depth"], "kinds": record["kinds"]}))
    elif "state" in record:
        _apply_state(index, record)


def _apply_removed(index: Index, record: dict[str, Any]) -> None:
    path = record["path"]
    index.change("DELETE FROM files WHERE path = ?", [path])
    number = layout.number_of(path)
    index.change("UPDATE objects SET state = ?, home = path, path = NULL, reason = ?, due = 1"
                 " WHERE number = ? AND path = ?", [PENDING, record.get("reason", ""), number, path])  # fmt: skip
    if layout.is_reply(path) and number:
        index.set_unchecked(number)


def _apply_file(index: Index, record: dict[str, Any], run: str) -> None:
    path = record["path"]
    index.change(
        "INSERT INTO files VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET sha256 = excluded.sha256,"
        " bytes = excluded.bytes, run = excluded.run",
        [path, record["sha256"], record["bytes"], run],
    )
    time_ms = times.parse_ms(record.get("time", "")) or 0
    if picture := layout.picture_of(path):
        form = objects.picture_form(picture.rendition, path)
        _archive(index, picture.number, form, record, {"kind": "picture", "checked_ms": time_ms or None})
    elif path.startswith("media/"):
        _archive(index, record["id"], "media", record, {"kind": "media", "checked_ms": time_ms or None})
    elif layout.is_document(path):
        stamp_ms = record.get("stamp_ms")
        values = {
            "kind": record["kind"],
            "language": record.get("language"),
            "stamp_ms": stamp_ms,
            "published_ms": record.get("published_ms", stamp_ms),
            "hop": record.get("hop", 0),
            "source": record.get("source", ""),
            "etag": record.get("etag", ""),
            "last_modified": record.get("last_modified", ""),
            # a seed document is compared with DW once; one taken in by `scrapy add` is not asked for
            # and one read again was not looked at again
            "checked_ms": None
            if record.get("reread")
            else {"seed": 0, "adopted": 0, "add": None}.get(record.get("source", ""), time_ms),
        }
        _archive(index, record["id"], "", record, values)
        requested = record.get("requested", record["id"])
        if requested != record["id"]:
            index.set_alias(requested, record["id"])
    elif layout.is_reply(path):
        # an adopted reply may be newer than its document: to be compared again
        is_checked = not record.get("adopted")
        index.change("UPDATE objects SET checked_ms = max(coalesce(checked_ms, 0), ?) * ?, etag = ?, last_modified = ?,"
                     " source = ?, misses = 0, missed_ms = NULL WHERE number = ? AND format = '' AND path IS NOT NULL",
                     [time_ms, is_checked, record.get("etag", ""), record.get("last_modified", ""),
                      record.get("source", "api"), record["id"]])  # fmt: skip


def _archive(index: Index, number: int, form: str, record: dict[str, Any], values: dict[str, Any]) -> None:
    values = {**values, "number": number, "format": form, "state": ARCHIVED, "reason": "", "path": record["path"],
              "url": record.get("url"), "misses": 0, "missed_ms": None, "next_ms": None, "target": None,
              "due": 0}  # fmt: skip
    kept = frozenset(name for name in ("language", "checked_ms") if values.get(name) is None)
    index.change(_archiving(tuple(values), kept), values.values())


def _apply_state(index: Index, record: dict[str, Any]) -> None:
    number, form = record["id"], record.get("format", "")
    if record["kind"] == "picture":
        form = objects.picture_form(form, record.get("url") or "")
    if record["state"] == ALIAS:
        index.set_alias(number, record["target"])
        return
    if record["state"] == PENDING:
        if record["kind"] == "picture":
            index.register_picture(number, form, record["url"])
        elif record["kind"] == "media":
            index.register_media(number, record["url"])
        else:
            index.register([number], record.get("hop", 0), record["kind"], record.get("language"))
        return
    index.change(
        "INSERT INTO objects"
        " (number, format, kind, state, reason, url, published_ms, missed_ms, misses, next_ms, hop, language)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
        # what is on disk stays archived while DW merely misses it, or we may not ask
        " state = CASE WHEN path IS NOT NULL AND excluded.state IN ('missing', 'refused') THEN state"
        " ELSE excluded.state END,"
        # it may turn out to be a video; a document of an older archive, or adopted, to be a liveblog
        " kind = CASE WHEN path IS NULL OR excluded.state = 'archived' THEN excluded.kind ELSE kind END,"
        " published_ms = coalesce(excluded.published_ms, published_ms),"
        " reason = excluded.reason, missed_ms = excluded.missed_ms, misses = excluded.misses,"
        " next_ms = excluded.next_ms, due = 0",
        [number, form, record["kind"], record["state"], record.get("reason", ""), record.get("url"),
         record.get("published_ms"), record.get("missed_ms"), record.get("misses", 0), record.get("next_ms"),
         record.get("hop", 0), record.get("language")],
    )  # fmt: skip


@functools.cache
def _archiving(names: tuple[str, ...], kept: frozenset[str]) -> str:
    """The SQL that archives an object. kept: columns that stay as they are where it is known."""
    updates = ", ".join(f"{name} = excluded.{name}" for name in names if name not in kept | {"number", "format", "hop"})
    if "hop" in names:
        updates += ", hop = min(hop, excluded.hop)"
    return (f"INSERT INTO objects ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
            f" ON CONFLICT DO UPDATE SET {updates}")  # fmt: skip
