"""Keeps delays between requests to a host that Scrapy alone would shorten."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from scrapy import signals

from crawler.crawl.middlewares.robots import user_agent

if TYPE_CHECKING:
    from typing import Self

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.robotstxt import RobotParser


class PolitenessExtension:
    """Applies the Crawl-delay of a robots.txt, which Scrapy only reads, and keeps AutoThrottle from shortening it. Also keeps
    AutoThrottle away from hosts whose delay DOWNLOAD_SLOTS sets."""

    LONGEST = 60.0  # seconds; a longer Crawl-delay is cut to this

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.delays: dict[str, float] = {}
        self.fixed = {host for host, slot in crawler.settings.getdict("DOWNLOAD_SLOTS").items() if "delay" in slot}
        if self.fixed and crawler.settings.getbool("AUTOTHROTTLE_ENABLED"):
            crawler.signals.connect(self._request_reached_downloader, signals.request_reached_downloader)
        crawler.signals.connect(self._robots_parsed, signals.robots_parsed)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def _request_reached_downloader(self, request: Request) -> None:
        if request.meta["download_slot"] in self.fixed:
            request.meta["autothrottle_dont_adjust_delay"] = True

    def _robots_parsed(self, robotparser: RobotParser, request: Request) -> None:
        delay = robotparser.crawl_delay(user_agent(self.crawler.settings))
        if delay:
            if not self.delays:
                self.crawler.signals.connect(self._response_downloaded, signals.response_downloaded)
            host = urlsplit(request.url).hostname or ""
            self.delays[host] = min(float(delay), self.LONGEST)
            self._apply(host)

    def _response_downloaded(self, request: Request) -> None:
        self._apply(request.meta.get("download_slot", ""))

    def _apply(self, host: str) -> None:
        slot = self.crawler.engine.downloader.slots.get(host)
        if slot and host in self.delays:
            slot.delay = max(slot.delay, self.delays[host])
            slot.jitter = min(slot.jitter, 1 - self.delays[host] / slot.delay)  # longer at times, never shorter
