"""Obeys robots.txt. A host whose robots.txt cannot be fetched gets no requests in this run.

Source: RFC 9309, 2.3.1 (what each answer means) and 2.5 (how much is read).
"""

from __future__ import annotations

import asyncio
import codecs
import logging
import re
from typing import TYPE_CHECKING

from scrapy import Request, signals
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import StopDownload
from scrapy.http.request import NO_CALLBACK
from scrapy.utils.httpobj import urlparse_cached
from scrapy.utils.misc import build_from_crawler

from crawler import reasons
from crawler.crawl import replies
from crawler.crawl.failures import RobotsUnavailable, failure_reason
from crawler.dw.lists.unpacking import MAGIC, chunks

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from scrapy.robotstxt import RobotParser
    from scrapy.settings import BaseSettings

logger = logging.getLogger(__name__)

LIMIT = 512 * 1024
"""The number of bytes of a robots.txt that are read, compressed and decompressed; RFC 9309 requires 500 KiB."""

ITS_ADDRESS = "robots_txt"
"""Key in a request's meta: the address of the robots.txt it asks for, before any redirect."""

_HOPS = 5  # redirects that are followed
_AGENT = re.compile(r"(\s*user[\s-]*agent\s*:?\s*)([^#]*)", re.IGNORECASE)


def user_agent(settings: BaseSettings) -> str:
    """Return the name that robots.txt is matched against, by ROBOTSTXT_USER_AGENT or USER_AGENT."""
    return str(settings["ROBOTSTXT_USER_AGENT"] or settings["USER_AGENT"])


class RobotsMiddleware(RobotsTxtMiddleware):
    """Scrapy's, with three differences. Every request that waits for a robots.txt obeys it; Scrapy 2.19 applies no rules to
    the third and later ones. If it cannot be fetched, everything is forbidden for the run; Scrapy allows everything. If it is
    too large, LIMIT bytes are read. Switched on by ROBOTSTXT_OBEY."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self.locks: dict[str, asyncio.Lock] = {}
        self.unavailable: dict[str, str] = {}  # host: why its robots.txt could not be fetched

    async def robot_parser(self, request: Request) -> RobotParser | None:
        """Return the rules of a request's host. Raises RobotsUnavailable if they could not be fetched in this run."""
        url = urlparse_cached(request)
        if url.netloc not in self._parsers:
            async with self.locks.setdefault(url.netloc, asyncio.Lock()):
                if url.netloc not in self._parsers:  # no other request has asked meanwhile
                    self._parsers[url.netloc] = await self._rules(f"{url.scheme}://{url.netloc}/robots.txt", request)
        if reason := self.unavailable.get(url.netloc):
            raise RobotsUnavailable(reason)
        return self._parsers[url.netloc]  # type: ignore[return-value]

    async def _rules(self, url: str, request: Request) -> RobotParser | None:
        """Return the rules at an address; None if they could not be fetched: then `unavailable` has the reason."""
        try:
            text = _text(await self._ask(url))
        except Exception as error:
            reason = str(error) if isinstance(error, _NotHad) else failure_reason(error)[0]
            self.unavailable[urlparse_cached(request).netloc] = reason
            logger.warning("%s is unavailable (%s): no requests to its host in this run", url, reason)
            return None
        body = narrowed(text, user_agent(self.crawler.settings)).encode()
        rules: RobotParser = build_from_crawler(self._parserimpl, self.crawler, body)
        await self.crawler.signals.send_catch_log_async(signal=signals.robots_parsed, robotparser=rules, request=request)
        return rules

    async def _ask(self, url: str) -> Response:
        """Return the reply at an address, of which some LIMIT bytes at most are read."""
        meta = {"dont_obey_robotstxt": True, ITS_ADDRESS: url, "redirect_ttl": _HOPS, "download_maxsize": 0}
        headers = {"Accept-Encoding": "gzip"}  # `unpacked` can read it in part if it is too large
        robots = Request(url, priority=self.DOWNLOAD_PRIORITY, meta=meta, headers=headers, callback=NO_CALLBACK)
        received: tuple[Request, int] = robots, 0

        def stop_at_limit(data: bytes, request: Request) -> None:
            nonlocal received
            if request.meta.get(ITS_ADDRESS) == url:
                asked, size = received
                received = request, len(data) + (size if asked is request else 0)  # a retry starts from the beginning
                if received[1] > LIMIT:
                    raise StopDownload(fail=False)

        self.crawler.signals.connect(stop_at_limit, signals.bytes_received, weak=False)
        try:
            return await self.crawler.engine.download_async(robots)
        finally:
            self.crawler.signals.disconnect(stop_at_limit, signals.bytes_received)


class _NotHad(Exception):
    """A reply is not a robots.txt, and does not say that there is none. Raised and caught here."""


def _text(response: Response) -> str:
    """Return the text of a robots.txt, empty if the host says that it has none. Raises _NotHad."""
    if 400 <= response.status < 500 and response.status != 429:
        return ""
    if reason := replies.fault(response, may_be_empty=True):
        raise _NotHad(reason)
    try:
        return decoded(unpacked(response.body, replies.header(response, "Content-Encoding")))
    except ValueError:
        raise _NotHad(reasons.UNREADABLE) from None


def unpacked(body: bytes, encoding: str) -> bytes:
    """Return a robots.txt without its Content-Encoding; of one beyond LIMIT the whole lines up to there.

    Raises ValueError if it is damaged, and for every encoding except gzip.
    """
    is_cut = len(body) > LIMIT
    if encoding.strip().lower() in ("gzip", "x-gzip") and body.startswith(MAGIC):
        problems: list[str] = []
        body = b"".join(chunks(body, LIMIT + 1, problems.append))
        if problems and not is_cut and len(body) <= LIMIT:
            raise ValueError(problems[0])
    elif encoding.strip().lower() not in ("", "identity"):
        raise ValueError(f"not in the encoding {encoding[:40]!r}, or an unknown one")
    if is_cut or len(body) > LIMIT:
        body = body[:LIMIT]
        body = body[: max(body.rfind(b"\n"), body.rfind(b"\r")) + 1]
    return body


def decoded(body: bytes) -> str:
    """Return the text of a robots.txt in UTF-8 or, with a byte order mark, UTF-16. Invalid bytes are left out."""
    is_utf16 = body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return body.decode("utf-16" if is_utf16 else "utf-8-sig", "ignore")


def narrowed(text: str, name: str) -> str:
    """Return a robots.txt in which all groups except the one for a user agent have the same name, `-`.

    Protego stores each rule of a group for each of its user agents: 20,000 of both take minutes and gigabytes.

    >>> print(narrowed("User-agent: a\\nUser-agent: b # B\\nDisallow: /\\nUser-agent: *\\nAllow: /", "c/1.0"))
    User-agent: -
    User-agent: -# B
    Disallow: /
    User-agent: *
    Allow: /
    """
    lines = text.splitlines()
    agents = {place: found for place, line in enumerate(lines) if (found := _AGENT.match(line))}
    named = (agent for found in agents.values() for agent in _agents(found[2]))
    best = max(named, key=lambda agent: _score(agent, name), default="")
    for place, found in agents.items():
        if best not in _agents(found[2]):
            lines[place] = f"{found[1]}-{lines[place][found.end():]}"
    return "\n".join(lines)


def _agents(value: str) -> list[str]:
    """Return the user agents that a line names, as Protego reads them: with and without asterisks."""
    agent = value.strip().lower()
    return [one for one in dict.fromkeys((agent, agent.replace("*", ""))) if one]


def _score(agent: str, name: str) -> int:
    """Return how well a user agent of a robots.txt matches a name, as Protego counts: 0 for no match, 1 for `*`, else its
    length."""
    if agent == "*":
        return 1
    name = name.lower()
    is_found = agent in name and re.search(rf"(?<![\w-]){re.escape(agent)}", name)  # no match, so no pattern is needed
    return len(agent) if is_found else 0
