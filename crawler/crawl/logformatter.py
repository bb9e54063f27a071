"""Write log lines that name an article and never hold its body."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from scrapy.logformatter import LogFormatter

from crawler.crawl.pipelines.item import Fetched
from crawler.exceptions import ArchiverError

if TYPE_CHECKING:
    from typing import Self

    from scrapy import Request, Spider
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from scrapy.logformatter import LogFormatterResult
    from twisted.python.failure import Failure


class QuietLogFormatter(LogFormatter):
    """Scrapy's lines without items; lines that LOG_LEVEL hides are not even made. Switched on by LOG_FORMATTER."""

    def __init__(self, *, is_debug: bool = True) -> None:
        self.is_debug = is_debug

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(is_debug=crawler.settings["LOG_LEVEL"] == "DEBUG")

    def crawled(self, request: Request, response: Response, spider: Spider) -> LogFormatterResult | None:  # type: ignore[override]
        return super().crawled(request, response, spider) if self.is_debug else None

    def scraped(  # type: ignore[override]
        self, item: Any, response: Response | Failure | None, spider: Spider
    ) -> LogFormatterResult | None:
        if not self.is_debug:
            return None
        return {"level": logging.DEBUG, "msg": "Stored %(id)s", "args": {"id": _id_of(item)}}

    def dropped(self, item: Any, exception: BaseException, response: Any, spider: Spider) -> LogFormatterResult:
        return {"level": logging.DEBUG, "msg": "Nothing to store for %(id)s: %(exception)s",
                "args": {"id": _id_of(item), "exception": exception}}  # fmt: skip

    def item_error(self, item: Any, exception: BaseException, response: Any, spider: Spider) -> LogFormatterResult:
        return {"level": _level(exception), "msg": "Error storing %(id)s", "args": {"id": _id_of(item)}}

    def spider_error(
        self, failure: Failure, request: Request, response: Response | Failure, spider: Spider
    ) -> LogFormatterResult:
        return {**super().spider_error(failure, request, response, spider), "level": _level(failure.value)}


def _id_of(item: Any) -> int | str:
    """Return the id of the document in an item of ours, `?` for another spider's item."""
    return item.article.id if isinstance(item, Fetched) else "?"


def _level(error: BaseException | None) -> int:
    """Return DEBUG for our own errors, which have been logged in their own words; Scrapy's line would add a traceback."""
    return logging.DEBUG if isinstance(error, ArchiverError) else logging.ERROR
