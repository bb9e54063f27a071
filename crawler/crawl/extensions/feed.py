"""`scrapy crawl dw -O new.jsonl`: what a run stored as flat items in Scrapy's feeds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.exceptions import NotConfigured

from crawler.crawl.component import run_of

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.extensions.feedexport import FeedExporter


class DocumentFeed:
    """Loads `crawler.crawl.feeds.DocumentFeedExporter` only if FEEDS, -o or -O ask for it, because the import takes time.
    Off in a dry run, which changes no files."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> FeedExporter:
        if not crawler.settings["FEEDS"] or run_of(crawler).options.dry_run:
            raise NotConfigured
        from crawler.crawl.feeds import DocumentFeedExporter

        return DocumentFeedExporter.from_crawler(crawler)
