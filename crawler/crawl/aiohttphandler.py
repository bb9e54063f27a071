"""Make Scrapy's aiohttp download handler behave like its Twisted one. Only this module imports aiohttp."""

from __future__ import annotations

from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp.client_proto import ResponseHandler
from scrapy.core.downloader.handlers import _aiohttp
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    ResponseDataLossError,
    UnsupportedURLSchemeError,
)
from scrapy.http import Headers
from scrapy.utils.ssl import _make_ssl_context
from yarl import URL

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

_LONGEST_LINE = 16_384  # bytes of a header, as in Twisted; aiohttp's own limit is 8,190
_MOST_HEADERS = 1000  # aiohttp allows 128
_LOST = "the connection was lost before a response came"
_AUTHORIZATION = "Proxy-Authorization"


class AiohttpHandler(_aiohttp.AiohttpDownloadHandler):
    """Scrapy's handler, which calls itself experimental, with these differences, which tests/crawl/test_aiohttphandler.py
    checks.

    The slots alone limit connections; Scrapy's waits for one within the timeout. Addresses go out as they are. Headers of a
    response are bytes; one that is not UTF-8 is an error in Scrapy's. A proxy's password may hold any character. An error is of
    the kind that Twisted's handler raises.
    """

    experimental = False

    def __init__(self, crawler: Crawler) -> None:
        super(_aiohttp.AiohttpDownloadHandler, self).__init__(crawler)  # Scrapy's own makes a session that nothing would close
        self._session = aiohttp.ClientSession(
            connector=_Connector(local_addr=self._bind_address, ssl=_make_ssl_context(crawler.settings), limit=0),
            cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False, response_class=_Response,
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
            max_line_size=_LONGEST_LINE, max_field_size=_LONGEST_LINE, max_headers=_MOST_HEADERS,
        )  # fmt: skip

    @asynccontextmanager
    async def _make_request(self, request: Request, timeout: float) -> AsyncIterator[_aiohttp._ClientResponse]:
        headers = request.headers.to_tuple_list()
        proxy, login = self._extract_proxy(request)
        if login and request.url.startswith("https:"):  # for the proxy alone; else it reads the headers of the request
            headers = [(name, value) for name, value in headers if name != _AUTHORIZATION]
        try:
            async with await self._session.request(
                request.method, URL(request.url, encoded=True), data=request.body or None, headers=headers,
                timeout=aiohttp.ClientTimeout(total=timeout), allow_redirects=False,
                proxy=proxy, proxy_headers={_AUTHORIZATION: login} if login else None,
            ) as response:  # fmt: skip
                yield response  # type: ignore[misc]
        except TimeoutError as error:
            raise DownloadTimeoutError(f"Getting {request.url} took longer than {timeout} seconds.") from error
        except (aiohttp.InvalidUrlClientError, aiohttp.NonHttpUrlClientError) as error:
            raise UnsupportedURLSchemeError(str(error)) from error
        except aiohttp.ClientError as error:
            raise _scrapys(error) from error

    async def _read_response(self, response: _aiohttp._ClientResponse, request: Request) -> Response:
        try:
            made = await super()._read_response(response, request)
        except ResponseDataLossError as error:
            raise ResponseDataLossError("the body is cut off or damaged") from error  # aiohttp's text holds some of it
        coding = response.headers.get("Transfer-Encoding")
        if not (coding.lower().endswith("chunked") if coding else "Content-Length" in response.headers):
            made.flags.append("partial")  # only the end of the connection shows where the body ends
        return made

    @staticmethod
    def _extract_headers(response: _aiohttp._ClientResponse) -> Headers:
        return Headers(response.raw_headers)


def _scrapys(error: aiohttp.ClientError) -> Exception:
    """Return Scrapy's error for one of aiohttp's, without any part of the reply."""
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return CannotResolveHostError(str(error))
    if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, ConnectionRefusedError):
        return DownloadConnectionRefusedError(str(error))
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return DownloadFailedError(f"the proxy answers with status {error.status}")
    if isinstance(error, aiohttp.ClientResponseError):
        return DownloadFailedError(f"the response is not valid HTTP ({type(error.__cause__).__name__})")
    return DownloadFailedError(_LOST if isinstance(error, aiohttp.ServerDisconnectedError) else str(error))


class _Connector(aiohttp.TCPConnector):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._factory = partial(_Protocol, loop=self._loop)  # type: ignore[assignment]


class _Protocol(ResponseHandler):
    """aiohttp's side of a connection. is_proven: whether it has brought a response."""

    is_proven = False

    def set_exception(self, exc: BaseException, *cause: BaseException) -> None:
        """End the body that is being read, too: aiohttp waits for the rest of a damaged one until the timeout."""
        super().set_exception(exc, *cause)
        if self._payload is not None and not self._payload.is_eof() and self._payload.exception() is None:
            self._payload.set_exception(aiohttp.ClientPayloadError())


class _Response(_aiohttp._ClientResponse):
    async def start(self, connection: aiohttp.connector.Connection) -> aiohttp.ClientResponse:
        """Read the head of the response.

        If the connection is lost, aiohttp sends the request again at once. That is right for a connection that was kept open,
        which the server may close at any time; otherwise Scrapy decides when to retry.
        """
        protocol = connection.protocol
        assert isinstance(protocol, _Protocol)
        try:
            if protocol.transport is None:  # Scrapy's code expects one
                raise aiohttp.ServerDisconnectedError
            response = await super().start(connection)
        except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
            if protocol.is_proven:
                raise
            raise aiohttp.ClientConnectionError(_LOST) from error
        protocol.is_proven = True
        return response
