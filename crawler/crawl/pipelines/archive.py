"""Stores new and changed documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler import times
from crawler.crawl.component import RunComponent
from crawler.crawl.pipelines.compare import reply_file, store_if_known
from crawler.dw.places import WEAK
from crawler.storage.logline import Record

if TYPE_CHECKING:
    from crawler.crawl.pipelines.item import Fetched


class ArchivePipeline(RunComponent):
    """Stores the reply and the document, and registers what the document refers to.

    Counts dw/document/new, dw/document/revised, dw/document/<kind>, dw/document/language/<language>.
    """

    async def process_item(self, item: Fetched) -> Fetched:
        async with self.run.archive.document(item.requested, item.article.id):  # both may arrive at once
            if not await store_if_known(self.run, item):
                await self._store(item)
        return item

    async def _store(self, item: Fetched) -> None:
        article, document = item.article, item.document
        known = self.run.archive.index.get(article.id)
        record: Record = {
            "kind": article.kind, "id": article.id, "url": document.url, "time": times.iso(item.stamp_ms),
            "language": article.language, "hop": item.hop, "source": article.origin, "etag": item.etag,
            "last_modified": item.last_modified,
        }  # fmt: skip
        if (published_ms := times.parse_ms(article.display_date)) is not None:
            record["published_ms"] = published_ms
        if item.requested != article.id:
            record["requested"] = item.requested
            self.run.count("dw/document/alias")
        await self.run.store(self.run.archive.document_files(document, record, reply_file(self.run, item)))
        self.run.archive.register_references(document, item.hop + 1)
        if article.origin in WEAK:
            self.run.archive.index.set_unchecked(article.id)  # until a better source answers
        self.run.count("dw/document/revised" if known and known.path else "dw/document/new")
        self.run.count(f"dw/document/{article.kind}")
        self.run.count(f"dw/document/language/{article.language}")
