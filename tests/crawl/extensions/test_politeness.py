"""Crawl-delay is kept up to a limit, and never shortens a delay. test_crawl_manners tests it in crawls."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from protego import Protego
from scrapy import Request
from scrapy.settings import Settings

from crawler.crawl.extensions.politeness import PolitenessExtension

HOST = "api.dw.com"


def slot_after(robots: str, delay: float = 0.0, jitter: float = 0.5, **settings: Any) -> SimpleNamespace:
    """Return the slot of a host after its robots.txt was read and one more request was made."""
    slot = SimpleNamespace(delay=delay, jitter=jitter)
    signals = SimpleNamespace(connect=lambda handler, signal: None)
    engine = SimpleNamespace(downloader=SimpleNamespace(slots={HOST: slot}))
    given = Settings({"USER_AGENT": "dw-archiver/1.0", **settings})
    crawler: Any = SimpleNamespace(settings=given, signals=signals, engine=engine)
    extension = PolitenessExtension(crawler)
    rules: Any = Protego.parse(robots)
    extension._robots_parsed(rules, Request(f"https://{HOST}/api/detail/article/7"))
    extension._response_downloaded(Request(f"https://{HOST}/", meta={"download_slot": HOST}))
    return slot


@pytest.mark.parametrize(
    ("asked", "before", "after"),
    [("0.3", 0, 0.3), ("0.3", 5, 5), ("5", 0.3, 5), ("5", 5, 5), ("60", 0, 60), ("61", 0, 60), ("86400", 0, 60),
     ("86400", 90, 90), ("-3", 1, 1), ("nan", 1, 1), ("inf", 1, 1), ("1e999", 1, 1), ("soon", 1, 1), ("", 1, 1)],
)  # fmt: skip
def test_crawl_delay_lengthens_a_delay_up_to_a_minute_and_never_shortens_it(asked: str, before: float, after: float) -> None:
    slot = slot_after(f"User-agent: *\nCrawl-delay: {asked}\n", before)
    assert slot.delay == after


def test_random_delays_are_never_shorter_than_the_crawl_delay() -> None:
    for before in (0.0, 0.5, 1.0, 1.5, 8.0):
        slot = slot_after("User-agent: *\nCrawl-delay: 1\n", before)
        assert slot.delay * (1 - slot.jitter) >= 1 or slot.jitter == 0


def test_crawl_delay_is_that_of_our_name_in_robots_txt() -> None:
    robots = "User-agent: other\nCrawl-delay: 7\n\nUser-agent: *\nCrawl-delay: 3\n"
    assert slot_after(robots).delay == 3
    assert slot_after(robots, ROBOTSTXT_USER_AGENT="other").delay == 7
