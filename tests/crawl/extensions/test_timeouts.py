"""Timeouts of ended requests. test_crawl_manners tests how many requests are made at once."""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path

import pytest

from crawler.crawl.extensions.timeouts import TimeoutsExtension
from tests.crawling import crawl, fresh_site
from tests.dwsite import articles as dw
from tests.dwsite.client import Site

LIE_ANYWAY = 50  # cancelled timeouts; fewer are not dropped by Twisted


@pytest.fixture
def site() -> Site:
    return fresh_site()


class LooksOften(TimeoutsExtension):
    """Drops timeouts a hundred times a second, and prints at the end how many are left."""

    INTERVAL_S = 0.01

    def _closed(self) -> None:
        from twisted.internet import reactor

        super()._closed()
        calls = [*reactor._pendingTimedCalls, *reactor._newTimedCalls]
        logging.getLogger(__name__).info("%d timeouts of ended requests", sum(bool(call.cancelled) for call in calls))


def test_timeouts_of_ended_requests_do_not_pile_up(site: Site, tmp_path: Path) -> None:
    extensions = {"crawler.crawl.extensions.archive.ArchiveExtension": 1, f"{__name__}.LooksOften": 900,
                  "crawler.crawl.extensions.timeouts.TimeoutsExtension": None}  # fmt: skip
    outcome = crawl(tmp_path, dw.SEEDS, site=site, settings={"EXTENSIONS": json.dumps(extensions)})
    (left,) = re.findall(r"(\d+) timeouts of ended requests", outcome.stderr)
    assert len(outcome.requests) > 2 * LIE_ANYWAY
    assert int(left) < 1.6 * LIE_ANYWAY
