"""The arithmetic of waiting; test_crawl_manners tests it in crawls."""

from __future__ import annotations

import time

import pytest

from crawler.crawl.middlewares.patience import retry_after_s, slower_s

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
def test_retry_after_is_read_as_seconds_or_a_date(
    header: bytes | None, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
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
def test_a_429_doubles_the_delay_up_to_a_maximum_and_never_shortens_it(delay_s: float, most_s: float, slower: float) -> None:
    assert slower_s(delay_s, most_s) == slower
