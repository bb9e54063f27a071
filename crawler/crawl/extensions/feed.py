"""`scrapy crawl dw -O items.jsonl`: documents as flat items in Scrapy's feeds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy.exceptions import NotConfigured
from scrapy.extensions.feedexport import FeedExporter

from crawler import normalise
from crawler.crawl.component import run_of
from crawler.crawl.pipelines.item import Fetched

if TYPE_CHECKING:
    from scrapy import Spider
    from scrapy.crawler import Crawler


class DocumentFeed(FeedExporter):
    """Scrapy's FeedExporter, given one flat item for each document that a reply became, after it is durable.

    Switched on by FEEDS, -o and -O; off in a dry run, which leaves files as they are.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        if run_of(crawler).options.dry_run:
            raise NotConfigured

    def item_scraped(self, item: Any, spider: Spider) -> None:
        if isinstance(item, Fetched) and item.path:
            super().item_scraped(flat(item), spider)


def flat(item: Fetched) -> dict[str, Any]:
    """Return an article as a flat item.

    id, kind, language. title, author: text. published: as DW writes it, UTC (`2023-10-06T01:48:46.923Z`), empty if absent.
    stamp_ms: when it was taken, milliseconds UTC. url: of its page. html: the body of its document. path: of its document,
    relative to the archive; empty if it is not stored.
    """
    article, document = item.article, item.document
    return {
        "id": article.id, "kind": article.kind, "language": article.language, "title": document.title,
        "author": normalise.unescape(document.author), "published": article.display_date, "stamp_ms": document.stamp_ms,
        "url": document.url, "html": document.html, "path": item.path,
    }  # fmt: skip
