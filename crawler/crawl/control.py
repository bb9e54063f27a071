"""Wrap Scrapy's engine, as far as a run needs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.utils.defer import _schedule_coro

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

_IN_PIPELINES = 48  # articles waiting for their pictures; more would only cost memory


class Control:
    """Downloads for the pipelines, says how busy a crawl is, and ends it."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._is_open = self._is_closing = False

    def note_opened(self) -> None:
        """Note that the spider has been opened: from now on it can be closed."""
        self._is_open = True

    async def download(self, request: Request) -> Response:
        """Return the response to a request that passes the downloader middlewares only. Raises what Scrapy raises."""
        return await self._crawler.engine.download_async(request)

    def close(self, reason: str) -> None:
        """End the crawl, once. Does nothing before the spider is opened."""
        if self._is_open and not self._is_closing:
            self._is_closing = True
            _schedule_coro(self._crawler.engine.close_spider_async(reason=reason))

    def is_closing(self) -> bool:
        """Whether the crawl is ending: nothing more is started, and waits are cancelled."""
        engine = self._crawler.engine
        slot = engine._slot
        return self._is_closing or not engine.running or slot is None or slot.closing is not None

    def is_idle(self) -> bool:
        """Whether nothing is being downloaded."""
        return not self._crawler.engine.downloader.active

    def has_room(self, most: int) -> bool:
        """Whether another document may be requested.

        most: how many may be under way at once. One more is handed out, so that it is ready when a connection is free;
        further ones would only make a graceful stop wait for them.
        """
        engine = self._crawler.engine
        if engine.scraper.slot and engine.scraper.slot.itemproc_size >= _IN_PIPELINES:
            return False
        return self._downloading() <= most

    def under_way(self) -> int:
        """Return how many documents are being downloaded or stored."""
        slot = self._crawler.engine.scraper.slot
        return self._downloading() + (slot.itemproc_size if slot else 0)

    def _downloading(self) -> int:
        return sum("id" in request.meta for request in self._crawler.engine.downloader.active)
