"""What of the middlewares is arithmetic; the rest is tested where a crawl shows it (test_crawl_manners, test_crawl_faults)."""

from __future__ import annotations

import time

import pytest

from crawler.middlewares import retry_after_s

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
