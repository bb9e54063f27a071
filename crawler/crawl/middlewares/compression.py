"""Decompress replies. Those that are not in the encoding they name stay as they are."""

from __future__ import annotations

import logging
import zlib
from typing import TYPE_CHECKING

from scrapy.downloadermiddlewares.httpcompression import HttpCompressionMiddleware
from scrapy.exceptions import ResponseDataLossError

from crawler.crawl.middlewares.robots import ITS_ADDRESS
from crawler.dw.lists.unpacking import MAGIC

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response

logger = logging.getLogger(__name__)

IN_PART = "in_part"
"""Key in the meta of a request: a part of its reply is useful, too."""

_PIECE = 65_536
_GZIP = 16 + zlib.MAX_WBITS
_DEFLATE = (zlib.MAX_WBITS, -zlib.MAX_WBITS)  # with a zlib header, as the standard says, and without, as some servers send it


class CompressionMiddleware(HttpCompressionMiddleware):
    """Scrapy's, with two differences. A body that is not in the encoding that Content-Encoding names is left unchanged, for
    its reader to try. Damaged gzip counts as cut off; Scrapy returns what comes before the damage as if it were all.

    Lists (meta IN_PART) are read up to the damage. `robots` decompresses a robots.txt itself.
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
                logger.warning("A body is not encoded as its header says: deflate")  # other data may begin like deflate
                continue
            try:
                body = self._decode(body, encoding, max_size)
            except ValueError:
                raise  # too large
            except Exception as error:
                logger.warning("A body is not encoded as its header says: %s (%s)", encoding.decode(), type(error).__name__)
        return body, unknown


def _is_whole(body: bytes, wbits: int) -> bool:
    """Whether compressed bytes are complete and undamaged; of gzip only the first member is checked. Takes constant memory.

    wbits: the format, in zlib's numbers.
    """
    unpacker = zlib.decompressobj(wbits)
    try:
        while body and not unpacker.eof:
            unpacker.decompress(body, _PIECE)
            body = unpacker.unconsumed_tail
    except zlib.error:
        return False
    return unpacker.eof and (wbits == _GZIP or not unpacker.unused_data)
