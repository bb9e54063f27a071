"""Where requests may go, and how patiently they are made again."""

from __future__ import annotations

import asyncio
import email.utils
import logging
import math
import random
import time
from datetime import UTC
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from scrapy import Request, signals
from scrapy.downloadermiddlewares.redirect import RedirectMiddleware
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.http.request import NO_CALLBACK
from scrapy.utils.httpobj import urlparse_cached
from scrapy.utils.misc import build_from_crawler

from crawler.extensions import ArchiveExtension
from crawler.failures import HostPaused, RefusedTarget, RobotsUnavailable
from crawler.urls import DOCUMENT_KINDS, parse_target

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from scrapy.robotstxt import RobotParser

logger = logging.getLogger(__name__)


class AllowedTargetsMiddleware:
    """Lets only requests to DW's hosts over https and to the configured addresses pass; redirects come by here too.

    Counts dw/request/refused. Runs before robots.txt is asked for.
    """

    def __init__(self, crawler: Crawler) -> None:
        self.stats = crawler.stats
        self.sites = ArchiveExtension.of(crawler).sites

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        if not self.sites.allows(request.url):
            self.stats.inc_value("dw/request/refused")
            logger.warning("Refused to request %s: not a host of DW's, or not over https", request.url[:200])
            raise RefusedTarget(f"not DW's: {request.url[:200]}")


class RobotsMiddleware(RobotsTxtMiddleware):
    """Scrapy's, but whoever waits for a robots.txt is told what it says: in 2.19 the third and every later one that waits
    for the same is told nothing, and goes wherever it likes. And an error of the server's forbids, where Scrapy reads the error
    page as rules. Switched on by ROBOTSTXT_OBEY."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self.locks: dict[str, asyncio.Lock] = {}
        self.unavailable: dict[str, int] = {}  # host: status of its robots.txt

    async def robot_parser(self, request: Request) -> RobotParser | None:
        """The rules of a request's host; None where it cannot be reached, as the request itself will say.
        Raises RobotsUnavailable."""
        url = urlparse_cached(request)
        if url.netloc not in self._parsers:
            async with self.locks.setdefault(url.netloc, asyncio.Lock()):
                if url.netloc not in self._parsers:  # nobody else asked meanwhile
                    self._parsers[url.netloc] = await self._fetch(f"{url.scheme}://{url.netloc}/robots.txt", request)
        if status := self.unavailable.get(url.netloc):
            raise RobotsUnavailable(status)
        return self._parsers[url.netloc]  # type: ignore[return-value]

    async def _fetch(self, url: str, request: Request) -> RobotParser | None:
        meta = {"dont_obey_robotstxt": True}
        robots = Request(url, priority=self.DOWNLOAD_PRIORITY, meta=meta, callback=NO_CALLBACK)
        try:
            response = await self.crawler.engine.download_async(robots)
        except Exception as error:
            logger.warning("%s could not be had: %s", url, error)
            return None
        if response.status >= 500:
            self.unavailable[urlparse_cached(request).netloc] = response.status
            logger.warning("%s: status %d; nothing is requested there in this run", url, response.status)
        body = response.body if response.status == 200 else b""  # an error page is no rules
        rules: RobotParser = build_from_crawler(self._parserimpl, self.crawler, body)
        await self.crawler.signals.send_catch_log_async(signal=signals.robots_parsed, robotparser=rules, request=request)
        return rules


class AliasMiddleware:
    """Does not follow a redirect from one document's number to another's: the other is requested in its own name, so once at
    most. The spider finds what it leads to in meta["alias_of"]. Comes before Scrapy's RedirectMiddleware."""

    def __init__(self, crawler: Crawler) -> None:
        self.sites = ArchiveExtension.of(crawler).sites

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def process_response(self, request: Request, response: Response) -> Response:
        location = response.headers.get("Location")
        if location and "number" in request.meta and response.status in (301, 302, 303, 307, 308):
            target = parse_target(urljoin(request.url, location.decode("latin-1")), self.sites)
            if target and target.kind in DOCUMENT_KINDS and target.number != request.meta["number"]:
                request.meta.update(dont_redirect=True, alias_of=target)
        return response


class RedirectsMiddleware(RedirectMiddleware):
    """Scrapy's, which warns in every run that it found nobody to set a Referer: none is ever sent."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        middleware = cls(crawler.settings)
        middleware.crawler = crawler
        return middleware


class PatienceMiddleware:
    """Waits before a retry, longer each time (RETRY_BACKOFF), and as long as Retry-After of a 429 or 503 says.

    Scrapy's RetryMiddleware, which comes after it, decides whether to try again. A host that wants more than
    RETRY_AFTER_MAX seconds is left alone for the rest of the run. Counts dw/retry_after/seconds. `downloader` asks
    `wait_for_host` before each request goes out.
    """

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.backoff = crawler.settings.getfloat("RETRY_BACKOFF")
        self.longest = crawler.settings.getfloat("RETRY_AFTER_MAX")
        self.not_before: dict[str, float] = {}  # host: time.monotonic()
        # a signal, since it comes before the next request of the host goes out
        crawler.signals.connect(self._response_downloaded, signals.response_downloaded)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        if retries := request.meta.get("retry_times", 0):
            # spread, so that many who failed together do not come back together
            await self._sleep(self.backoff * 2 ** (retries - 1) * random.uniform(0.75, 1.25))  # noqa: S311

    async def wait_for_host(self, request: Request) -> None:
        """Wait until the host of a request may be asked again. Raises HostPaused where that takes too long."""
        host = urlparse_cached(request).netloc
        while (wait := self.not_before.get(host, 0) - time.monotonic()) > 0:
            if wait > self.longest:
                raise HostPaused(f"{host} asked to be left alone for {wait:.0f} s")
            await self._sleep(wait)

    def _response_downloaded(self, request: Request, response: Response) -> None:
        if response.status in (429, 503):
            seconds = retry_after_s(response.headers.get("Retry-After"), time.time())
            if seconds:
                host = urlparse_cached(request).netloc
                self.not_before[host] = max(self.not_before.get(host, 0), time.monotonic() + seconds)
                self.crawler.stats.inc_value("dw/retry_after/seconds", math.ceil(seconds))
                if seconds > self.longest:
                    logger.warning("%s asks to be left alone for %.0f s: no more requests to it in this run", host, seconds)
                    request.meta["dont_retry"] = True
            if response.status == 429:  # AutoThrottle does not see it
                slot = self.crawler.engine.downloader.slots.get(request.meta.get("download_slot", ""))
                if slot:
                    slot.delay = min(max(slot.delay * 2, 1), self.crawler.settings.getfloat("AUTOTHROTTLE_MAX_DELAY"))

    async def _sleep(self, seconds: float) -> None:
        """Sleep, but not beyond the end of the run."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if ArchiveExtension.of(self.crawler).is_closing():
                raise HostPaused("stopped")
            await asyncio.sleep(min(left, 0.1))


def retry_after_s(value: bytes | None, now_s: float) -> float:
    """Seconds that a Retry-After header asks for, in seconds or as an HTTP date; 0 where it says nothing usable.

    now_s: seconds since 1970-01-01 UTC. Source: RFC 9110, section 10.2.3.
    """
    if not value:
        return 0
    text = value.decode("latin-1").strip()
    if text.isdigit():
        return float(text[:9])
    try:
        moment = email.utils.parsedate_to_datetime(text)
        if moment.tzinfo is None:  # the oldest form names no zone: GMT
            moment = moment.replace(tzinfo=UTC)
        return max(0.0, moment.timestamp() - now_s)
    except (ValueError, TypeError):
        return 0
