"""Where requests may go, and how patiently they are made again."""

from __future__ import annotations

import asyncio
import email.utils
import logging
import math
import random
import time
import zlib
from datetime import UTC
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from scrapy import signals
from scrapy.downloadermiddlewares.httpcompression import HttpCompressionMiddleware
from scrapy.downloadermiddlewares.redirect import RedirectMiddleware
from scrapy.exceptions import ResponseDataLossError
from scrapy.utils.httpobj import urlparse_cached

from crawler.crawl.failures import HostPaused, RedirectCircle, RefusedTarget
from crawler.crawl.robots import ITS_ADDRESS
from crawler.crawl.run import ArchiveExtension
from crawler.dw.lists.unpacking import MAGIC
from crawler.urls import DOCUMENT_KINDS, parse_target

if TYPE_CHECKING:
    from typing import Self

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

logger = logging.getLogger(__name__)

IN_PART = "in_part"
"""Key in the meta of a request whose reply is of use in part, too."""

_PIECE = 65_536
_GZIP = 16 + zlib.MAX_WBITS
_DEFLATE = (zlib.MAX_WBITS, -zlib.MAX_WBITS)  # as the standard says, and as some servers send it


class AllowedTargetsMiddleware:
    """Lets only requests to DW's hosts over https and to the configured addresses pass; redirects come by here too. One that
    leads to a host of DW's over http is asked over https instead.

    Counts dw/request/refused. Runs before robots.txt is asked for.
    """

    def __init__(self, crawler: Crawler) -> None:
        self.stats = crawler.stats
        self.sites = ArchiveExtension.of(crawler).sites

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def process_request(self, request: Request) -> Request | None:
        # the robots.txt of an allowed address lies outside a base with a path
        if not self.sites.allows(request.url) and request.url != request.meta.get(ITS_ADDRESS):
            if over_https := self.sites.over_https(request.url):
                if over_https in request.meta.get("redirect_urls", ()):
                    raise RedirectCircle
                return request.replace(url=over_https)
            self.stats.inc_value("dw/request/refused")
            logger.warning("Refused to request %s: not a host of DW's, or not over https", request.url[:200])
            raise RefusedTarget(f"not DW's: {request.url[:200]}")
        return None


class AliasMiddleware:
    """Does not follow a redirect from one document's number to another's: the other is requested in its own name, so once at
    most. The spider finds what it leads to in meta["alias_of"]. Where the other is a known alias of an archived document, it
    is followed: in its own name it would not be requested. Comes before Scrapy's RedirectMiddleware."""

    def __init__(self, crawler: Crawler) -> None:
        self.run = ArchiveExtension.of(crawler)
        self.sites = self.run.sites

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def process_response(self, request: Request, response: Response) -> Response:
        location = response.headers.get("Location")
        if location and "number" in request.meta and response.status in (301, 302, 303, 307, 308):
            number, here = request.meta["number"], parse_target(request.url, self.sites)
            target = parse_target(urljoin(request.url, location.decode("latin-1")), self.sites)
            if target and target.kind in DOCUMENT_KINDS and target.number:
                is_same = target.number == (here.number if here and here.number else number)
                if not is_same and not self._is_alias(target.number, number):
                    request.meta.update(dont_redirect=True, alias_of=target)
        return response

    def _is_alias(self, number: int, of: int) -> bool:
        """Whether a number is a known alias of an archived document."""
        row = self.run.archive.index.resolve(number)
        return row is not None and row.number == of != number and row.path is not None


class RedirectsMiddleware(RedirectMiddleware):
    """Scrapy's, which warns in every run that it found nobody to set a Referer: none is ever sent."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        middleware = cls(crawler.settings)
        middleware.crawler = crawler
        return middleware


class CompressionMiddleware(HttpCompressionMiddleware):
    """Scrapy's, but a body that is not packed as its Content-Encoding says is left as it came, for whoever can read it; and
    gzip that is damaged counts as cut off, where Scrapy gives what comes before the damage as if it were the whole.

    Lists (meta IN_PART) are read as far as they can be. A robots.txt is unpacked by `robots`.
    """

    def process_response(self, request: Request, response: Response) -> Request | Response:  # type: ignore[override]
        if ITS_ADDRESS in request.meta:
            return response
        is_gzip = "Content-Encoding" in response.headers and response.body.startswith(MAGIC)
        if is_gzip and IN_PART not in request.meta and not _is_whole(response.body, _GZIP):
            raise ResponseDataLossError
        return super().process_response(request, response)

    def _handle_encoding(self, body: bytes, content_encoding: list[bytes], max_size: int) -> tuple[bytes, list[bytes]]:
        encodings, unknown = self._split_encodings(content_encoding)
        for encoding in encodings:
            if encoding == b"deflate" and not any(_is_whole(body, wbits) for wbits in _DEFLATE):
                logger.warning("A body is not in the encoding deflate that it names")  # much else begins like it
                continue
            try:
                body = self._decode(body, encoding, max_size)
            except ValueError:
                raise  # too large
            except Exception as error:
                logger.warning("A body is not in the encoding %s that it names: %s", encoding.decode(), type(error).__name__)
        return body, unknown


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


def _is_whole(body: bytes, wbits: int) -> bool:
    """Whether packed bytes are complete and undamaged; of gzip only the first member. In constant memory.

    wbits: the format, as zlib wants it.
    """
    unpacker = zlib.decompressobj(wbits)
    try:
        while body and not unpacker.eof:
            unpacker.decompress(body, _PIECE)
            body = unpacker.unconsumed_tail
    except zlib.error:
        return False
    return unpacker.eof and (wbits == _GZIP or not unpacker.unused_data)


def retry_after_s(value: bytes | None, now_s: float) -> float:
    """Seconds that a Retry-After header asks for, in seconds or as an HTTP date; 0 where it says nothing usable.

    now_s: seconds since 1970-01-01 UTC. Source: RFC 9110, section 10.2.3.
    """
    if not value:
        return 0
    text = value.decode("latin-1").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = email.utils.parsedate_to_datetime(text)
        if moment.tzinfo is None:  # the oldest form names no zone: GMT
            moment = moment.replace(tzinfo=UTC)
        return max(0.0, moment.timestamp() - now_s)
    except (ValueError, TypeError, OverflowError):  # the last: a year, or a number of days, that no clock knows
        return 0
