"""Choose the library that makes a crawl's requests: setting HTTP_CLIENT.

aiohttp on uvloop's event loop takes less CPU than Twisted's client. pip installs uvloop where it need not be compiled; the
extra `fast` brings it everywhere.
"""

from __future__ import annotations

import asyncio
from importlib.util import find_spec
from typing import Any

from crawler.configuration.reading import Readable
from crawler.exceptions import ArgumentError

AUTO, AIOHTTP, TWISTED = "auto", "aiohttp", "twisted"

HANDLERS = {
    AIOHTTP: "crawler.crawl.aiohttphandler.AiohttpHandler",
    TWISTED: "scrapy.core.downloader.handlers.http11.HTTP11DownloadHandler",
}
"""Scrapy's download handler of each client."""
_TUNNEL_ERROR = "scrapy.core.downloader.handlers.http11.TunnelError"


def client_of(settings: Readable) -> str:
    """Return the client of a run, for its report: `aiohttp`, `twisted`, or the handler that DOWNLOAD_HANDLERS names.

    Raises ArgumentError if HTTP_CLIENT is not a client, or one that is not installed.
    """
    name = settings["HTTP_CLIENT"]
    if name not in (AUTO, AIOHTTP, TWISTED):
        raise ArgumentError(f"HTTP_CLIENT must be {AUTO}, {AIOHTTP} or {TWISTED}, not {name!r}")
    if name == AIOHTTP and not is_fast_installed():
        raise ArgumentError('HTTP_CLIENT is aiohttp, but uvloop is not installed: pip install "dw-archiver[fast]"')
    return str(settings.getdict("DOWNLOAD_HANDLERS").get("https") or _usable(settings))


def is_fast_installed() -> bool:
    """Whether the packages of the extra `fast` are installed."""
    return all(find_spec(name) is not None for name in ("aiohttp", "uvloop"))


def handlers(settings: Readable) -> dict[str, str]:
    """Return Scrapy's DOWNLOAD_HANDLERS_BASE for the client of HTTP_CLIENT."""
    return dict.fromkeys(("http", "https"), HANDLERS[_usable(settings)])


def retry_exceptions(settings: Readable) -> list[Any]:
    """Return Scrapy's RETRY_EXCEPTIONS for the client of HTTP_CLIENT.

    With aiohttp, the error that only Twisted's client raises is left out, because importing it takes a tenth of a run's start.
    """
    errors = settings.getlist("RETRY_EXCEPTIONS")
    return errors if _usable(settings) == TWISTED else [error for error in errors if error != _TUNNEL_ERROR]


def set_event_loop(settings: Readable) -> str | None:
    """Make the event loop for the client of HTTP_CLIENT the current one; return its name, for Scrapy's ASYNCIO_EVENT_LOOP.

    Returns None, and does nothing, for Scrapy's own loop, and if that setting names one already. Call it before Scrapy makes
    its process, which fixes the loop; otherwise Scrapy would make another loop first, and leave it open.
    """
    if settings["ASYNCIO_EVENT_LOOP"] or _usable(settings) == TWISTED:
        return None
    import uvloop  # late, because it may be missing

    asyncio.set_event_loop(uvloop.new_event_loop())
    return "uvloop.Loop"


def _usable(settings: Readable) -> str:
    """Return the client of HTTP_CLIENT; Twisted's if that cannot be used."""
    return AIOHTTP if settings["HTTP_CLIENT"] in (AUTO, AIOHTTP) and is_fast_installed() else TWISTED
