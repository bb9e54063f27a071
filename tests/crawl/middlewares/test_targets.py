"""Which addresses a request may have; test_crawl_faults tests it in crawls."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from scrapy import Request

from crawler.crawl.failures import RedirectCircle, RefusedTarget
from crawler.crawl.middlewares.targets import AllowedTargetsMiddleware
from crawler.urls import DW


def allowed(url: str, *before: str) -> str:
    """Return the address a request has after AllowedTargetsMiddleware. before: the addresses that redirected to it."""
    run: Any = SimpleNamespace(sites=DW, count=lambda name: None)
    middleware = AllowedTargetsMiddleware(run)
    request = Request(url, meta={"redirect_urls": list(before)})
    moved = middleware.process_request(request)
    return moved.url if moved else request.url


@pytest.mark.parametrize("host", ["www", "api", "rss", "static", "amp"])
@pytest.mark.parametrize("begin", ["http://{}.dw.com", "HTTP://{}.DW.com", "http://{}.dw.com:80", "https://{}.dw.com"])
def test_http_address_of_dw_is_requested_over_https(begin: str, host: str) -> None:
    url = begin.format(host) + "/en/any/a-7?page=http://x:80/"
    assert allowed(url, "https://www.dw.com/en/a-7").lower() == f"https://{host}.dw.com/en/any/a-7?page=http://x:80/"


@pytest.mark.parametrize(
    "url",
    ["http://www.dw.com:8080/", "http://u:p@www.dw.com/", "http://www.dw.com.evil.example/", "http://10.0.0.1/", "ftp://www.dw.com/"],
)
def test_no_other_address_becomes_allowed(url: str) -> None:
    with pytest.raises(RefusedTarget):
        allowed(url)


def test_redirect_from_https_to_the_same_http_address_is_a_circle() -> None:
    with pytest.raises(RedirectCircle):
        allowed("http://www.dw.com/en/a-7", "https://www.dw.com/a-7", "https://www.dw.com/en/a-7")
