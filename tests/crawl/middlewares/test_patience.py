"""The arithmetic of the middlewares; test_crawl_manners and test_crawl_faults test them in crawls."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest
from scrapy import Request

from crawler.crawl.failures import RedirectCircle, RefusedTarget
from crawler.crawl.middlewares.patience import retry_after_s, slower_s
from crawler.crawl.middlewares.targets import AllowedTargetsMiddleware
from crawler.urls import DW

NOON_S = 784_123_200  # Sun, 06 Nov 1994 12:00:00 GMT


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, 0),
        (b"", 0),
        (b"120", 120),
        (b" 7 ", 7),
        (b"0", 0),
        (b"-5", 0),
        (b"1.5", 0),
        (b"soon", 0),
        (b"Sun, 06 Nov 1994 12:00:30 GMT", 30),
        (b"Sunday, 06-Nov-94 12:00:30 GMT", 30),
        (b"Sun Nov  6 12:00:30 1994", 30),
        (b"Sun, 06 Nov 1994 11:59:00 GMT", 0),
        (b"Sun, 06 Nov 1994 13:00:30 +0100", 30),
        (b"Sun, 99 Nov 1994 12:00:30 GMT", 0),
        (b"9" * 400, 999_999_999),
        (b"9" * 100_000, 999_999_999),
        ("²".encode("latin-1"), 0),
        ("1²".encode("latin-1"), 0),
        ("٣".encode(), 0),
        (b"NaN", 0),
        (b"1e999", 0),
        (b"inf", 0),
        (b"1_0", 0),
        (b"+5", 0),
        (b"Sun, 06 Nov 99999 12:00:30 GMT", 0),
        (b"Sun, 06 Nov " + b"9" * 30 + b" 12:00:30 GMT", 0),
        (b"Sun, " + b"9" * 30 + b" Nov 1994 12:00:30 GMT", 0),
        (b"Sun, 06 Nov 1994 12:00:30 +" + b"9" * 30, 0),
        (b"Sun, 06 Nov 1994 12:00:30 -9999", 0),
        (b"Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799 - NOON_S),
        (b", , , :::", 0),
        (b"\xff\xfe", 0),
    ],
)
def test_retry_after(header: bytes | None, seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    try:
        assert retry_after_s(header, NOON_S) == seconds
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    ("delay_s", "most_s", "slower"), [(0, 60, 1), (0.2, 60, 1), (3, 60, 6), (40, 60, 60), (90, 60, 90), (1, 0, 1)]
)
def test_a_429_doubles_the_delay_up_to_the_longest_and_shortens_none(delay_s: float, most_s: float, slower: float) -> None:
    assert slower_s(delay_s, most_s) == slower


def allowed(url: str, *before: str) -> str:
    """Return the address a request has after AllowedTargetsMiddleware. before: the addresses that redirected to it."""
    run: Any = SimpleNamespace(sites=DW, count=lambda name: None)
    middleware = AllowedTargetsMiddleware(run)
    request = Request(url, meta={"redirect_urls": list(before)})
    moved = middleware.process_request(request)
    return moved.url if moved else request.url


@pytest.mark.parametrize("host", ["www", "api", "rss", "static", "amp"])
@pytest.mark.parametrize("begin", ["http://{}.dw.com", "HTTP://{}.DW.com", "http://{}.dw.com:80", "https://{}.dw.com"])
def test_an_http_address_of_dw_is_asked_over_https(begin: str, host: str) -> None:
    url = begin.format(host) + "/en/any/a-7?page=http://x:80/"
    assert allowed(url, "https://www.dw.com/en/a-7").lower() == f"https://{host}.dw.com/en/any/a-7?page=http://x:80/"


@pytest.mark.parametrize(
    "url",
    ["http://www.dw.com:8080/", "http://u:p@www.dw.com/", "http://www.dw.com.evil.example/", "http://10.0.0.1/", "ftp://www.dw.com/"],
)
def test_no_other_address_becomes_allowed(url: str) -> None:
    with pytest.raises(RefusedTarget):
        allowed(url)


def test_a_host_that_leads_from_https_to_http_and_nowhere_else_goes_in_a_circle() -> None:
    with pytest.raises(RedirectCircle):
        allowed("http://www.dw.com/en/a-7", "https://www.dw.com/a-7", "https://www.dw.com/en/a-7")
