"""A document as a row: the columns that JSONL, Parquet and Scrapy's feeds have in common."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from crawler.library import Document

Row = dict[str, Any]

COLUMNS = (
    "id", "kind", "language", "title", "author", "published", "stamp", "stamp_ms", "url", "html", "text", "references",
    "pictures", "revision", "gone", "path", "reply_path", "sha256",
)  # fmt: skip

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def row(document: Document) -> Row:
    """Return the columns of a document in the order of COLUMNS; published and stamp as datetimes in UTC.

    `stamp_ms`, `title`, `url` and `html` are those of `seedfile.SeedDocument`: `seedfile.dumps` makes the file of them.
    """
    pictures = [
        {"id": one.id, "rendition": one.rendition, "address": one.address, "path": one.path, "sha256": one.sha256}
        for one in document.pictures
    ]
    return {
        "id": document.id, "kind": document.kind, "language": document.language, "title": document.title,
        "author": document.author, "published": document.published,
        "stamp": _EPOCH + timedelta(milliseconds=document.stamp_ms), "stamp_ms": document.stamp_ms, "url": document.url,
        "html": document.html, "text": document.text, "references": list(document.references), "pictures": pictures,
        "revision": document.is_revision, "gone": document.is_gone, "path": document.path, "reply_path": document.reply_path,
        "sha256": document.sha256,
    }  # fmt: skip
