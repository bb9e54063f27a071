"""Scrapy's downloader, kept to what a slot promises. Switched on by DOWNLOADER.

In 2.19 a slot learns of a download a moment after it has begun one, and by then has begun as many as were waiting: an article
with twenty pictures made twenty requests at once where four were allowed. And what waits in a slot is past every middleware.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from scrapy import signals
from scrapy.core.downloader import Downloader, Slot
from twisted.internet.task import LoopingCall

from crawler.crawl.middlewares import PatienceMiddleware

if TYPE_CHECKING:
    from typing import Self

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from twisted.internet.defer import Deferred


class ExactDownloader(Downloader):
    """Never more requests to a host at once than its slot allows, and none while the host wants to be left alone."""

    def _wait_for_download(self, slot: Slot, request: Request, queue_dfd: Deferred[Response]) -> Coroutine[Any, Any, None]:
        slot.transferring.add(request)
        return super()._wait_for_download(slot, request, queue_dfd)

    async def _download(self, slot: Slot, request: Request) -> Response:
        if patience := self.crawler.get_downloader_middleware(PatienceMiddleware):
            try:
                await patience.wait_for_host(request)
            except BaseException:
                slot.transferring.remove(request)
                self._process_queue(slot)
                raise
        return await super()._download(slot, request)


class TimeoutsExtension:
    """Has Twisted drop the timeouts of requests that have ended. It looks at cancelled calls only when another is due, which
    no one is for DOWNLOAD_TIMEOUT seconds: 34,000 of them, 15 MB, lay there after a minute at full speed."""

    INTERVAL_S = 1.0

    def __init__(self, crawler: Crawler) -> None:
        self.loop = LoopingCall(lambda: None)  # of Twisted itself: asyncio's own timers do not have it look
        crawler.signals.connect(self._opened, signals.spider_opened)
        crawler.signals.connect(self._closed, signals.spider_closed)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def _opened(self) -> None:
        self.loop.start(self.INTERVAL_S, now=False)

    def _closed(self) -> None:
        if self.loop.running:
            self.loop.stop()
