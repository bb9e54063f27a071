"""A document as a flat item, with the keys of `scrapy export jsonl` (docs/document-1.schema.json)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from crawler import normalise, seedfile, times
from crawler.dw.passages import body_passages
from crawler.storage import layout, renditions
from crawler.urls import DW, PictureName

if TYPE_CHECKING:
    from crawler.crawl.pipelines.item import Fetched
    from crawler.seedfile import SeedDocument
    from crawler.storage.archive import Archive
    from crawler.storage.logline import Record

Item = dict[str, Any]


def of_stored(archive: Archive, record: Record) -> Item | None:
    """Return a stored document with the values of `crawler.library` and `crawler.export`, times as text; None if its file
    cannot be read any more. record: its log line."""
    path = record["path"]
    document, row = archive.read(path), archive.index.get(record["id"])
    if document is None or row is None:
        return None
    pictures = [_stored_picture(archive, name) for name in document.pictures]
    known_ms = row.published_ms if row.published_ms != row.stamp_ms else None  # the stamp, if there is no time
    language = row.language or document.language
    reply = archive.reply_of(path, row.origin)
    return _item(document, row.id, row.kind, language, known_ms, pictures, path, reply, record["sha256"])


def of_fetched(item: Fetched) -> Item:
    """Return a document that is not stored: without paths, and with the sha256 that its file would have."""
    article, document = item.article, item.document
    sha256 = hashlib.sha256(seedfile.dumps(document).encode()).hexdigest()
    pictures = [_picture(name, None, None) for name in document.pictures]
    known_ms = times.parse_ms(article.display_date)
    language = article.language or document.language
    return _item(document, article.id, article.kind, language, known_ms, pictures, None, None, sha256)


def _item(
    document: SeedDocument, dw_id: int, kind: str, language: str, known_ms: int | None, pictures: Sequence[Item],
    path: str | None, reply_path: str | None, sha256: str,
) -> Item:  # fmt: skip
    shown_ms = times.parse_ms(document.display_date)
    published_ms = known_ms if shown_ms is None else shown_ms
    return {
        "id": dw_id, "kind": kind, "language": language, "title": document.title,
        "author": normalise.author(normalise.text_of(document.author)),
        "published": None if published_ms is None else times.iso_ms(times.moment(published_ms)),
        "stamp": times.iso_ms(times.moment(document.stamp_ms)), "stamp_ms": document.stamp_ms, "url": document.url,
        "html": document.html, "text": "\n\n".join(body_passages(document.html)), "references": document.references,
        "pictures": pictures, "revision": False, "gone": False, "path": path, "reply_path": reply_path, "sha256": sha256,
    }  # fmt: skip


def _picture(name: PictureName, path: str | None, sha256: str | None) -> Item:
    return {"id": name.id, "rendition": name.rendition, "address": DW.picture(name), "path": path, "sha256": sha256}


def _stored_picture(archive: Archive, name: PictureName) -> Item:
    stored = renditions.stored(archive.root, name)
    if stored is None:
        return _picture(name, None, None)
    path = layout.picture_path(stored)
    recorded = archive.index.file(path)
    return _picture(stored, path, recorded and recorded[0])
