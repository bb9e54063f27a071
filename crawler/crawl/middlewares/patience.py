"""Waits before retries, and as long as Retry-After asks."""

from __future__ import annotations

import asyncio
import email.utils
import logging
import math
import random
import time
from datetime import UTC
from typing import TYPE_CHECKING

from scrapy import signals
from scrapy.utils.httpobj import urlparse_cached

from crawler.crawl.component import run_of
from crawler.crawl.failures import HostPaused
from crawler.crawl.health import FirstContact

if TYPE_CHECKING:
    from typing import Self

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from crawler.crawl.run import Run

logger = logging.getLogger(__name__)

_SHORTEST_S = 1.0  # of a timeout
_GIVEN_TIMEOUT = "given_timeout"  # key in a request's meta: its timeout once something has answered


class PatienceMiddleware:
    """Waits before a retry, longer each time (RETRY_BACKOFF), and as long as the Retry-After of a 429 or 503 says.

    Scrapy's RetryMiddleware, which comes after it, decides whether to retry. A host that asks for more than RETRY_AFTER_MAX
    seconds gets no more requests in this run. As long as nothing at all has answered, waits and timeouts are short
    (`health.FirstContact`), so that a run without a network ends soon. `downloader` calls `wait_for_host` before it sends a
    request. Counts dw/retry_after/seconds.
    """

    def __init__(self, run: Run, crawler: Crawler) -> None:
        self.run = run
        self.crawler = crawler
        self.backoff_s = run.options.backoff_s
        self.longest_s = run.options.longest_wait_s
        self.not_before: dict[str, float] = {}  # host: time.monotonic()
        self.first_contact = FirstContact()
        # a signal, because it comes before the next request to the host is sent
        crawler.signals.connect(self._response_downloaded, signals.response_downloaded)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(run_of(crawler), crawler)

    async def process_request(self, request: Request) -> None:
        if retries := request.meta.get("retry_times", 0):
            # spread, so that requests that failed together are not retried together
            await self._sleep(self.backoff_s * 2 ** (retries - 1) * random.uniform(0.75, 1.25))  # noqa: S311
        left_s = self._first_contact_s(request)
        given_s = request.meta.setdefault(_GIVEN_TIMEOUT, request.meta.get("download_timeout"))
        request.meta["download_timeout"] = given_s if left_s == math.inf else max(_SHORTEST_S, min(given_s or math.inf, left_s))

    def process_exception(self, request: Request, exception: Exception) -> None:
        """Give up a request that would be retried too late. Called before RetryMiddleware."""
        if self.backoff_s * 2 ** request.meta.get("retry_times", 0) > self._first_contact_s(request):
            request.meta["dont_retry"] = True

    def _first_contact_s(self, request: Request) -> float:
        return self.first_contact.left_s(urlparse_cached(request).netloc, time.monotonic())

    async def wait_for_host(self, request: Request) -> None:
        """Wait until the host of a request may be asked again. Raises HostPaused if that takes too long."""
        host = urlparse_cached(request).netloc
        while (wait := self.not_before.get(host, 0) - time.monotonic()) > 0:
            if wait > self.longest_s:
                raise HostPaused(f"{host} asked to be left alone for {wait:.0f} s")
            await self._sleep(wait)

    def _response_downloaded(self, request: Request, response: Response) -> None:
        self.first_contact.is_made = True
        if response.status in (429, 503):
            seconds = retry_after_s(response.headers.get("Retry-After"), time.time())
            if seconds:
                host = urlparse_cached(request).netloc
                self.not_before[host] = max(self.not_before.get(host, 0), time.monotonic() + seconds)
                self.run.count("dw/retry_after/seconds", math.ceil(seconds))
                if seconds > self.longest_s:
                    logger.warning("%s asks to be left alone for %.0f s: no more requests to it in this run", host, seconds)
                    request.meta["dont_retry"] = True
            if response.status == 429:  # AutoThrottle does not see it
                slot = self.crawler.engine.downloader.slots.get(request.meta.get("download_slot", ""))
                if slot:
                    slot.delay = slower_s(slot.delay, self.crawler.settings.getfloat("AUTOTHROTTLE_MAX_DELAY"))

    async def _sleep(self, seconds: float) -> None:
        """Sleep for some seconds. Raises HostPaused if the run ends meanwhile."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if self.run.is_closing():
                raise HostPaused("stopped")
            await asyncio.sleep(min(left, 0.1))


def slower_s(delay_s: float, most_s: float) -> float:
    """Return the delay between requests after a 429, in seconds: twice as long, at least 1, at most most_s, never shorter.

    >>> [slower_s(delay_s, 60) for delay_s in (0.2, 3, 40, 90)]
    [1, 6, 60, 90]
    """
    return max(delay_s, min(max(delay_s * 2, 1), most_s))


def retry_after_s(value: bytes | None, now_s: float) -> float:
    """Return the seconds that a Retry-After header asks for, as a number or an HTTP date; 0 if it is unusable.

    now_s: seconds since 1970-01-01 UTC. Source: RFC 9110, section 10.2.3.
    """
    if not value:
        return 0
    text = value.decode("latin-1").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = email.utils.parsedate_to_datetime(text)
        if moment.tzinfo is None:  # the oldest form of a date has no zone: it is GMT
            moment = moment.replace(tzinfo=UTC)
        return max(0.0, moment.timestamp() - now_s)
    except (ValueError, TypeError, OverflowError):  # OverflowError: a year, or a number of days, out of range
        return 0
