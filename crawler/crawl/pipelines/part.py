"""What every pipeline has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.crawl.extensions.archive import ArchiveExtension

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler


class ArchivePart:
    """What every stage has: the run it belongs to, and a way to count."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.run = ArchiveExtension.of(crawler)
        self.archive = self.run.archive
        self.count = self.run.count

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)
