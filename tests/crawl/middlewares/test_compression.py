"""Replies in the encoding that their header names, and those that are not."""

from __future__ import annotations

import gzip
import zlib
from typing import Any

import pytest
from scrapy import Request
from scrapy.exceptions import ResponseDataLossError
from scrapy.http import Response
from scrapy.utils.test import get_crawler

from crawler.crawl.middlewares.compression import IN_PART, CompressionMiddleware
from crawler.crawl.middlewares.robots import ITS_ADDRESS

WORDS = b"What DW says. " * 50
WITHOUT_HEADER = zlib.compressobj(wbits=-zlib.MAX_WBITS)
RAW_DEFLATE = WITHOUT_HEADER.compress(WORDS) + WITHOUT_HEADER.flush()


def unpacked(body: bytes, encoding: str, **meta: Any) -> bytes:
    """Return the body that a parser gets of a reply."""
    crawler = get_crawler()
    crawler.spider = crawler._create_spider("x")
    request = Request("https://www.dw.com/en/a-7", meta=meta)
    response = Response(request.url, body=body, headers={"Content-Encoding": encoding} if encoding else {}, request=request)
    found = CompressionMiddleware.from_crawler(crawler).process_response(request, response)
    assert isinstance(found, Response)
    return found.body


@pytest.mark.parametrize(
    ("encoding", "body"), [("gzip", gzip.compress(WORDS)), ("deflate", zlib.compress(WORDS)), ("deflate", RAW_DEFLATE)]
)
def test_a_reply_is_unpacked(encoding: str, body: bytes) -> None:
    assert unpacked(body, encoding) == WORDS


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "none"])
def test_reply_that_is_not_in_the_encoding_it_names_stays_unchanged(encoding: str) -> None:
    assert unpacked(WORDS, encoding) == WORDS


@pytest.mark.parametrize("damaged", [gzip.compress(WORDS)[:-9], gzip.compress(WORDS)[:-8] + b"12345678"])
def test_damaged_gzip_counts_as_cut_off(damaged: bytes) -> None:
    with pytest.raises(ResponseDataLossError):
        unpacked(damaged, "gzip")


def test_a_list_is_read_up_to_the_damage() -> None:
    read = unpacked(gzip.compress(WORDS)[:-9], "gzip", **{IN_PART: True})
    assert read
    assert WORDS.startswith(read)


def test_gzip_that_no_header_names_stays_compressed() -> None:
    packed = gzip.compress(WORDS)
    assert unpacked(packed[:-9], "") == packed[:-9]


def test_a_robots_txt_is_left_to_its_reader() -> None:
    damaged = gzip.compress(WORDS)[:-9]
    assert unpacked(damaged, "gzip", **{ITS_ADDRESS: "https://www.dw.com/robots.txt"}) == damaged
