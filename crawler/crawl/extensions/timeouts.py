"""Timeouts of requests that have ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy import signals
from twisted.internet.task import LoopingCall

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler


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
