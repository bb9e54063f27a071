"""Replies that are not what they are said to be: a 304 nobody asked for, odd statuses, false encodings, readers that fail."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.crawling import DAY_MS, NOW_MS, Outcome, crawl, fresh_site
from tests.dwsite import articles as dw
from tests.dwsite.client import Site

FRESH = dw.CHAIN[4]
FEED, NEWS = "/rdf/rss-chi-all", "/zh/news-sitemap.xml"
LISTS_ONLY = {"ARCHIVE_KINDS": "audio"}
DAY = "search:en:2026-01-14..2026-01-14"


@pytest.fixture
def site() -> Site:
    return fresh_site()


@pytest.fixture
def no_pages(site: Site) -> Site:
    """The stand-in without www.dw.com, so that what api.dw.com does is the whole story."""
    site.options(layout="none", graph_api=False)
    return site


def detail(number: int) -> str:
    return f"/api/detail/article/{number}"


def conditions(outcome: Outcome) -> list[set[str]]:
    """The condition headers of each request."""
    return [{name for name in one["headers"] if name.startswith("if-")} for one in outcome.requests]


# --- a 304 that nobody asked for ---


def test_an_unasked_304_for_a_document_is_a_miss_that_is_tried_again(no_pages: Site, tmp_path: Path) -> None:
    no_pages.fault(detail(FRESH), status=304, body="")
    outcome = crawl(tmp_path, dw.CHAIN[3:], "depth=0", site=no_pages)
    assert outcome.status == 3
    assert set(outcome.documents) == {dw.CHAIN[3]}
    assert outcome.state_of(FRESH) == ("missing", "status 304")
    no_pages.clear()
    again = crawl(tmp_path, "", "depth=0", site=no_pages)
    assert (again.status, set(again.documents)) == (0, set(dw.CHAIN[3:]))


def test_an_unasked_304_of_the_api_has_the_document_taken_from_www(site: Site, tmp_path: Path) -> None:
    site.fault(detail(FRESH), status=304, body="")
    outcome = crawl(tmp_path, [FRESH], "depth=0", site=site)
    assert (outcome.status, set(outcome.documents)) == (0, {FRESH})
    assert outcome.asked("www")


def test_a_dw_that_answers_everything_with_304_gave_nothing_usable(site: Site, tmp_path: Path) -> None:
    for host in ("api", "www", "rss", "static"):
        site.fault("/(?!robots.txt).*", host=host, status=304, body="")
    outcome = crawl(tmp_path, f"edition:zh,https://www.dw.com/en/any/a-{FRESH}", site=site)
    assert outcome.status == 4
    assert not outcome.files


@pytest.mark.parametrize(
    ("seeds", "path"),
    [
        ("https://rss.dw.com/rdf/rss-chi-all", FEED),
        ("https://www.dw.com/zh/news-sitemap.xml", NEWS),
        (DAY, "/api/search/global.*"),
        ("mediacenter:en", "/api/list/mediacenter/.*"),
        ("https://www.dw.com/en/any/s-70200002", "/en/any/s-70200002"),
    ],
    ids=["feed", "sitemap", "search page", "media list", "section"],
)
def test_an_unasked_304_for_a_list_is_a_list_that_could_not_be_had(seeds: str, path: str, site: Site, tmp_path: Path) -> None:
    site.fault(path, status=304, body="")
    document = f"https://www.dw.com/en/any/a-{FRESH}"
    outcome = crawl(tmp_path, f"{seeds},{document}", "depth=0", site=site)
    assert outcome.status == 3
    assert outcome.report["listings_missing"] == {"status 304": 1}
    assert "unchanged" not in outcome.report["listings"]
    site.clear()
    again = crawl(tmp_path, seeds, "depth=0", site=site)
    assert again.status == 0
    assert again.report["listings"]["read"] >= 1


def test_an_unasked_304_for_a_picture_is_a_miss_that_is_tried_again(site: Site, tmp_path: Path) -> None:
    site.fault("/image/.*", status=304, body="")
    outcome = crawl(tmp_path, [FRESH], "depth=0", site=site)
    assert (outcome.status, outcome.report["pictures_missing"]) == (3, {"status 304": 1})
    site.clear()
    for days in (0, 1):  # a reason that passes does not make it wait
        site.fault("/image/.*", status=304, body="", times=1)
        crawl(tmp_path, "", site=site, now_ms=NOW_MS + days * DAY_MS)
    site.clear()
    assert len(crawl(tmp_path, "", site=site, now_ms=NOW_MS + DAY_MS).pictures) == 1


def test_an_unasked_304_for_a_media_file_is_a_miss_that_is_tried_again(site: Site, tmp_path: Path) -> None:
    seed = f"https://www.dw.com/en/any/video-{dw.VIDEO}"
    site.fault(".*", host="media", status=304, body="")
    outcome = crawl(tmp_path, seed, "depth=0", "media=1", site=site)
    assert (outcome.status, outcome.report["media_missing"]) == (3, {"status 304": 1})
    site.clear()
    again = crawl(tmp_path, "", "depth=0", "media=1", site=site)
    assert (again.status, again.report["media"]["stored"]) == (0, 1)


def test_a_304_that_was_asked_for_says_that_a_document_is_as_it_was(site: Site, tmp_path: Path) -> None:
    site.validators()
    crawl(tmp_path, [FRESH], "depth=0", site=site)
    again = crawl(tmp_path, [FRESH], "depth=0", "refresh=all", site=site)
    assert conditions(again) == [{"if-none-match", "if-modified-since"}]
    assert (again.status, again.report["documents"]) == (0, {"unchanged": 1})


# --- a condition goes out only where there is something to compare ---


def damage(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20] + b"x" * 20)


@pytest.mark.parametrize("harm", [Path.unlink, damage, lambda path: path.write_bytes(b"")], ids=["lost", "changed", "empty"])
@pytest.mark.parametrize("what", ["document", "reply"])
def test_no_conditional_request_where_a_stored_file_is_lost_or_damaged(
    what: str, harm: Callable[[Path], object], site: Site, tmp_path: Path
) -> None:
    site.validators()
    first = crawl(tmp_path, [FRESH], "depth=0", site=site)
    path = tmp_path / first.documents[FRESH]
    harm(path if what == "document" else path.with_suffix("").with_suffix(".json.gz"))
    again = crawl(tmp_path, [FRESH], "depth=0", "refresh=all", site=site)
    assert conditions(again) == [set()]
