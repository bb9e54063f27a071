"""Stores new and changed documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler import times
from crawler.crawl.component import RunComponent
from crawler.crawl.pipelines.compare import new_reply, store_if_known
from crawler.dw.places import WEAK
from crawler.storage.logline import About

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
        is_alias = item.requested != article.id
        about = About(
            article.kind, article.id, document.url, times.iso(item.stamp_ms), article.language, item.hop, article.origin,
            item.etag, item.last_modified, times.parse_ms(article.display_date), item.requested if is_alias else None,
        )  # fmt: skip
        if is_alias:
            self.run.count("dw/document/alias")
        await self.run.store(self.run.archive.document_files(document, about, new_reply(self.run, item)))
        self.run.archive.register_references(document, item.hop + 1)
        if article.origin in WEAK:
            self.run.archive.index.set_unchecked(article.id)  # until a better origin answers
        self.run.count("dw/document/revised" if known and known.path else "dw/document/new")
        self.run.count(f"dw/document/{article.kind}")
        self.run.count(f"dw/document/language/{article.language}")
