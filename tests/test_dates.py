"""Odd dates: an article is stored under the month of its displayDate, and not requested in every run forever."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from crawler import seedfile, times
from crawler.storage.opening import open_archive
from crawler.urls import document_url
from tests.conftest import NOW_MS as TEST_NOW_MS
from tests.crawling import DAY_MS, NOW_MS, crawl, fresh_site
from tests.dwsite import articles as dw
from tests.dwsite.client import Site
from tests.helpers_commands import document
from tests.shares import share

DATES = {
    "1969-12-31T23:59:59.999Z": "1969/12", "1970-01-01T00:00:00Z": "1970/01", "1970-01-01T00:00:00.000Z": "1970/01",
    "1960-02-29T12:00:00Z": "1960/02", "0001-01-01T00:00:00Z": "0001/01", "9999-12-31T23:59:59Z": "9999/12",
    "2016-12-31T23:59:60Z": "2016/12", "2017-01-01T05:29:59+05:30": "2016/12", "2017-01-01T05:29:59+0530": "2016/12",
    "Sun, 01 Jan 2017 05:29:59 +0530": "2016/12", "Sat, 31 Dec 2016 23:59:60 GMT": "2016/12", "2030-02-01T00:00:00Z": "2030/02",
    "9999-12-31T23:59:59-05:00": "9999/12", "0001-01-01T00:00:00+02:00": "0001/01",
}  # fmt: skip
"""The folder of each date."""


@pytest.fixture
def site() -> Site:
    return fresh_site()


@pytest.mark.parametrize("date", share(DATES, 3))
def test_article_is_stored_under_the_month_of_its_date_and_not_requested_again(date: str, site: Site, tmp_path: Path) -> None:
    dw_id = dw.CHAIN[4]
    site.edit(dw_id, keys={"displayDate": date})
    outcome = crawl(tmp_path, [dw_id], "depth=0", site=site)
    assert outcome.status == 0, outcome.stderr
    assert re.fullmatch(rf"en/{DATES[date]}/{dw_id}-[a-z0-9-]+\.txt", outcome.documents[dw_id])
    assert outcome.document(dw_id).display_date == times.canonical(date)
    for days in (61, 62, 5000):
        again = crawl(tmp_path, [], "depth=0", "seeds=", site=site, now_ms=NOW_MS + days * DAY_MS)
        assert again.status == 0
        assert not again.articles_asked()
    rebuilt = open_archive(tmp_path, NOW_MS, "a test", rebuild=True)
    row = rebuilt.index.get(dw_id)
    rebuilt.close()
    assert row is not None
    assert row.published_ms == times.parse_ms(date)


@pytest.mark.parametrize("date", DATES)
def test_seed_document_is_stored_under_the_month_of_its_date(date: str, tmp_path: Path) -> None:
    archive = open_archive(tmp_path, TEST_NOW_MS, "a test")
    outcome, files = archive.plan_seed(document(date=date), "add", TEST_NOW_MS)
    archive.store_now(files)
    row = archive.index.get(70000001)
    archive.close()
    assert outcome == "new"
    assert row is not None
    assert row.path is not None
    assert row.path.startswith(f"en/{DATES[date]}/70000001-")
    assert row.published_ms == times.parse_ms(date)


@pytest.mark.parametrize("stamp_ms", [0, 1000])
def test_a_video_of_1970_keeps_the_date_it_has(stamp_ms: int, tmp_path: Path) -> None:
    body = '<p>words</small></p><video src="https://tvdownloaddw-a.akamaihd.net/a.mp4" controls style="width:100%"></video>'
    video = seedfile.SeedDocument(stamp_ms, "A video", document_url("en", "A video", 5), body)
    archive = open_archive(tmp_path, TEST_NOW_MS, "a test")
    archive.store_now(archive.plan_seed(video, "add", TEST_NOW_MS)[1])
    newer = seedfile.SeedDocument(TEST_NOW_MS, "A newer video", video.url, body)
    archive.store_now(archive.plan_seed(newer, "add", TEST_NOW_MS)[1])
    row = archive.index.get(5)
    archive.close()
    assert row is not None
    assert (row.published_ms, row.stamp_ms) == (stamp_ms, TEST_NOW_MS)
    assert row.path == "en/1970/01/5-a-video.txt"
