"""Headers of a response as text."""

from __future__ import annotations

import pytest
from scrapy.http import Response

from crawler.crawl.headers import charset, header


def test_a_header_is_text_with_a_character_for_each_byte() -> None:
    response = Response("https://www.dw.com/", headers={"ETag": b'"\xe4\xff"'})
    assert header(response, "etag") == '"äÿ"'


def test_an_absent_header_is_empty() -> None:
    assert header(Response("https://www.dw.com/"), "ETag") == ""


@pytest.mark.parametrize(
    ("content_type", "named"), [("text/html; charset=UTF-8", "utf-8"), ("text/html", ""), ("", ""), ("text/html; charset=", "")]
)
def test_charset_is_that_of_the_content_type(content_type: str, named: str) -> None:
    assert charset(Response("https://www.dw.com/", headers={"Content-Type": content_type})).lower() == named
