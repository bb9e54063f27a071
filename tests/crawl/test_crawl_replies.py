"""Replies that differ from what they claim: an unrequested 304, odd statuses, wrong encodings, parsers that fail."""

from __future__ import annotations

import gzip
import importlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

from crawler.crawl.components import EXTENSIONS
from crawler.storage import layout
from tests.crawling import DAY_MS, NOW_MS, Outcome, crawl, fresh_site
from tests.dwsite import articles as dw
from tests.dwsite.client import Site
from tests.shares import share

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

FRESH = dw.CHAIN[4]
OTHER_PICTURE = "/image/71000023_303.jpg"  # of the letter before
FEED, NEWS = "/rdf/rss-chi-all", "/zh/news-sitemap.xml"
LISTS_ONLY = {"ARCHIVE_KINDS": "audio"}
DAY = "search:en:2026-01-14..2026-01-14"


@pytest.fixture
def site() -> Site:
    return fresh_site()


@pytest.fixture
def no_pages(site: Site) -> Site:
    """The stand-in without www.dw.com, so that only api.dw.com answers."""
    site.options(layout="none", graph_api=False)
    return site


def detail(dw_id: int) -> str:
    return f"/api/detail/article/{dw_id}"


def conditions(outcome: Outcome) -> list[set[str]]:
    """The condition headers of each request."""
    return [{name for name in one["headers"] if name.startswith("if-")} for one in outcome.requests]


# --- status 200 with an empty body ---


@pytest.mark.parametrize("body", ["", "\n", "\ufeff"])
def test_document_is_taken_from_www_if_the_api_sends_an_empty_body(body: str, site: Site, tmp_path: Path) -> None:
    site.fault(detail(FRESH), status=200, body=body)
    outcome = crawl(tmp_path, [FRESH], "depth=0", site=site)
    assert (outcome.status, set(outcome.documents)) == (0, {FRESH})
    assert outcome.asked("www")
    assert not [path for path in outcome.files if path.startswith("unreadable/")]


def test_an_empty_body_everywhere_is_a_miss_that_is_retried(no_pages: Site, tmp_path: Path) -> None:
    no_pages.fault(detail(FRESH), status=200, body="")
    outcome = crawl(tmp_path, dw.CHAIN[3:], "depth=0", site=no_pages)
    assert (outcome.status, set(outcome.documents)) == (3, {dw.CHAIN[3]})
    assert outcome.state_of(FRESH) == ("missing", "status 200 with an empty body")
    assert not [path for path in outcome.files if path.startswith("unreadable/")]
    no_pages.clear()
    again = crawl(tmp_path, "", "depth=0", site=no_pages)
    assert (again.status, set(again.documents)) == (0, set(dw.CHAIN[3:]))


def test_an_empty_body_revises_nothing(no_pages: Site, tmp_path: Path) -> None:
    before = crawl(tmp_path, [FRESH], "depth=0", site=no_pages)
    no_pages.fault(detail(FRESH), status=200, body="")
    again = crawl(tmp_path, [FRESH], "depth=0", "refresh=all", site=no_pages, now_ms=NOW_MS + DAY_MS)
    assert again.document(FRESH) == before.document(FRESH)
    assert not again.revisions


def test_an_empty_robots_txt_allows_everything(site: Site, tmp_path: Path) -> None:
    site.fault("/robots.txt", status=200, body="")
    assert set(crawl(tmp_path, [FRESH], "depth=0", site=site).documents) == {FRESH}


# --- an unrequested 304 ---


def test_unrequested_304_for_a_document_is_a_miss_that_is_retried(no_pages: Site, tmp_path: Path) -> None:
    no_pages.fault(detail(FRESH), status=304, body="")
    outcome = crawl(tmp_path, dw.CHAIN[3:], "depth=0", site=no_pages)
    assert outcome.status == 3
    assert set(outcome.documents) == {dw.CHAIN[3]}
    assert outcome.state_of(FRESH) == ("missing", "status 304")
    no_pages.clear()
    again = crawl(tmp_path, "", "depth=0", site=no_pages)
    assert (again.status, set(again.documents)) == (0, set(dw.CHAIN[3:]))


def test_document_is_taken_from_www_if_the_api_sends_an_unrequested_304(site: Site, tmp_path: Path) -> None:
    site.fault(detail(FRESH), status=304, body="")
    outcome = crawl(tmp_path, [FRESH], "depth=0", site=site)
    assert (outcome.status, set(outcome.documents)) == (0, {FRESH})
    assert outcome.asked("www")


def test_run_that_gets_only_304_ends_as_unreachable(site: Site, tmp_path: Path) -> None:
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
def test_unrequested_304_makes_a_list_missing(seeds: str, path: str, site: Site, tmp_path: Path) -> None:
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


def test_unrequested_304_for_a_picture_is_a_miss_that_is_retried(site: Site, tmp_path: Path) -> None:
    site.fault("/image/.*", status=304, body="")
    outcome = crawl(tmp_path, [FRESH], "depth=0", site=site)
    assert (outcome.status, outcome.report["pictures_missing"]) == (3, {"status 304": 1})
    site.clear()
    for days in (0, 1):  # a temporary reason does not make it wait
        site.fault("/image/.*", status=304, body="", times=1)
        crawl(tmp_path, "", site=site, now_ms=NOW_MS + days * DAY_MS)
    site.clear()
    assert len(crawl(tmp_path, "", site=site, now_ms=NOW_MS + DAY_MS).pictures) == 1


def test_unrequested_304_for_a_media_file_is_a_miss_that_is_retried(site: Site, tmp_path: Path) -> None:
    seed = f"https://www.dw.com/en/any/video-{dw.VIDEO}"
    site.fault("/(?!robots.txt).*", host="media", status=304, body="")
    outcome = crawl(tmp_path, seed, "depth=0", "media=1", site=site)
    assert (outcome.status, outcome.report["media_missing"]) == (3, {"status 304": 1})
    site.clear()
    again = crawl(tmp_path, "", "depth=0", "media=1", site=site)
    assert (again.status, again.report["media"]["stored"]) == (0, 1)


def test_requested_304_means_that_a_document_is_unchanged(site: Site, tmp_path: Path) -> None:
    site.validators()
    crawl(tmp_path, [FRESH], "depth=0", site=site)
    again = crawl(tmp_path, [FRESH], "depth=0", "refresh=all", site=site)
    assert conditions(again) == [{"if-none-match", "if-modified-since"}]
    assert (again.status, again.report["documents"]) == (0, {"unchanged": 1})


# --- a request is conditional only if there is something to compare ---


def damage(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20] + b"x" * 20)


@pytest.mark.parametrize("harm", [Path.unlink, damage, lambda path: path.write_bytes(b"")], ids=["lost", "changed", "empty"])
@pytest.mark.parametrize("what", ["document", "reply"])
def test_request_is_unconditional_if_a_stored_file_is_lost_or_damaged(
    what: str, harm: Callable[[Path], object], site: Site, tmp_path: Path
) -> None:
    site.validators()
    first = crawl(tmp_path, [FRESH], "depth=0", site=site)
    path = tmp_path / first.documents[FRESH]
    harm(path if what == "document" else path.with_suffix("").with_suffix(".json.gz"))
    again = crawl(tmp_path, [FRESH], "depth=0", "refresh=all", site=site)
    assert conditions(again) == [set()]


# --- statuses and encodings that are not what they seem ---


def test_a_203_is_content(no_pages: Site, tmp_path: Path) -> None:
    for base, path in ((no_pages.api, detail(FRESH)), (no_pages.rss, FEED), (no_pages.www, NEWS)):
        no_pages.fault(path, status=203, body=no_pages.get(base + path)[2].decode())
    outcome = crawl(tmp_path, f"edition:zh,https://www.dw.com/en/any/a-{FRESH}", "depth=0", site=no_pages)
    assert outcome.status == 0
    assert FRESH in outcome.documents
    assert outcome.report["listings"]["read"] == 2


@pytest.mark.parametrize("status", [201, 202, 204, 205, 206, 226])
def test_other_2xx_status_is_a_miss_that_is_retried(
    status: int, no_pages: Site, tmp_path: Path
) -> None:
    no_pages.fault(detail(FRESH), status=status, body="")
    outcome = crawl(tmp_path, [FRESH], "depth=0", site=no_pages)
    assert (outcome.status, outcome.state_of(FRESH)) == (3, ("missing", f"status {status}"))
    no_pages.clear()
    assert list(crawl(tmp_path, "", "depth=0", site=no_pages).documents) == [FRESH]


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "br", "zstd", "deflate", "gzip, br", "utf-8", "identity", "none"])
def test_body_that_is_not_compressed_as_declared_is_read_unchanged(encoding: str, no_pages: Site, tmp_path: Path) -> None:
    whole = crawl(tmp_path / "whole", f"edition:zh,https://www.dw.com/en/any/a-{FRESH}", "depth=0", site=no_pages)
    no_pages.fault("/(api|image|rdf)/.*", headers={"Content-Encoding": encoding})
    no_pages.fault(".*news-sitemap.*", headers={"Content-Encoding": encoding})
    outcome = crawl(tmp_path / "odd", f"edition:zh,https://www.dw.com/en/any/a-{FRESH}", "depth=0", site=no_pages)
    assert outcome.status == 0
    assert outcome.files == whole.files


def pack(site: Site, base: str, path: str, cut: int = 0) -> None:
    """Make a path answer with gzip without its last bytes."""
    packed = gzip.compress(site.get(base + path)[2])
    body = packed[: len(packed) - cut].decode("utf-8", "surrogateescape")
    site.fault(path, body=body, headers={"Content-Encoding": "gzip"})


@pytest.mark.parametrize("cut", [1, 8, 30])
def test_damaged_gzip_of_a_document_or_picture_counts_as_cut_off(cut: int, no_pages: Site, tmp_path: Path) -> None:
    for base, path in ((no_pages.api, detail(FRESH)), (no_pages.static, OTHER_PICTURE)):
        pack(no_pages, base, path, cut)
    outcome = crawl(tmp_path, dw.CHAIN[3:], "depth=0", site=no_pages)
    assert (outcome.status, list(outcome.documents), outcome.pictures) == (3, [dw.CHAIN[3]], {})
    assert outcome.state_of(FRESH) == ("missing", "cut off")
    assert outcome.report["pictures_missing"] == {"cut off": 1}
    no_pages.clear()
    pack(no_pages, no_pages.api, detail(FRESH))
    again = crawl(tmp_path, "", "depth=0", site=no_pages)
    assert (again.status, len(again.documents), len(again.pictures)) == (0, 2, 2)


def test_damaged_compressed_list_is_read_as_far_as_possible(site: Site, tmp_path: Path) -> None:
    pack(site, site.www, NEWS, 8)
    outcome = crawl(tmp_path, "https://www.dw.com/zh/news-sitemap.xml", "depth=0", site=site)
    assert len(outcome.documents) == 4


# --- readers that fail ---

ERRORS: dict[str, Callable[[], Exception]] = {
    "RecursionError": RecursionError, "UnicodeError": UnicodeError, "KeyError": KeyError, "MemoryError": MemoryError,
    "AttributeError": AttributeError, "odd text": lambda: ValueError("half a \ud83d pair\n\0"),
}  # fmt: skip
LISTS = {
    "parse_feed": ("https://rss.dw.com/rdf/rss-chi-all", FEED),
    "iter_sitemap": ("https://www.dw.com/zh/news-sitemap.xml", NEWS),
    "parse_search": (DAY, "/api/search/global"),
    "parse_mediacenter": ("mediacenter:en", "/api/list/mediacenter"),
    "parse_section": ("https://www.dw.com/en/any/s-70200002", "/s-70200002"),
}


class BrokenReader:
    """An extension that breaks a function for the run: the setting BROKEN is its module, its name and how it ends."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> BrokenReader:
        module, name, how = crawler.settings["BROKEN"].split(",")

        def fails(*_: object, **__: object) -> NoReturn:
            raise ERRORS[how]()

        setattr(importlib.import_module(module), name, fails)
        return cls()


def broken(module: str, name: str, how: str) -> dict[str, str]:
    """Settings of a crawl in which a function fails."""
    return {"BROKEN": f"{module},{name},{how}", "EXTENSIONS": json.dumps({**EXTENSIONS, f"{__name__}.BrokenReader": 2})}


@pytest.mark.parametrize("how", ERRORS)
def test_reply_whose_parser_fails_is_kept_and_the_next_place_is_asked(how: str, site: Site, tmp_path: Path) -> None:
    outcome = crawl(tmp_path, dw.CHAIN[3:], "depth=0", site=site, settings=broken("crawler.dw.api", "parse", how))
    assert outcome.status == 3
    assert set(outcome.documents) == set(dw.CHAIN[3:])
    assert {line["source"] for line in outcome.log if layout.is_document(line["path"])} == {"graph-api"}
    assert outcome.report["documents"]["unreadable"] == 2
    assert sorted(outcome.files[path] for path in outcome.files if path.endswith(".reply")) == sorted(
        site.get(site.api + detail(dw_id))[2] for dw_id in dw.CHAIN[3:]
    )
    for path in (path for path in outcome.files if path.startswith("unreadable/") and path.endswith(".json")):
        assert re.match(r"[A-Z]\w+Error in test_crawl_replies.py:\d+: ", json.loads(outcome.files[path])["reason"])
    (tmp_path / "index.sqlite").unlink()
    again = crawl(tmp_path, dw.CHAIN[3:], "depth=0", "refresh=all", site=site)
    assert (again.status, again.report["documents"]["unchanged"]) == (0, 2)


@pytest.mark.parametrize("how", ["RecursionError", "odd text"])
def test_a_reply_whose_document_cannot_be_made_is_kept(how: str, site: Site, tmp_path: Path) -> None:
    outcome = crawl(tmp_path, [FRESH], "depth=0", site=site, settings=broken("crawler.dw.render", "document_of", how))
    assert outcome.status == 3
    assert not outcome.documents
    assert len([path for path in outcome.files if path.endswith(".reply")]) == 3, "the API's, the graph API's, the page"
    assert outcome.state_of(FRESH)[0] == "unreadable"
    again = crawl(tmp_path, "", "depth=0", site=site, now_ms=NOW_MS + 3 * DAY_MS)
    assert (again.status, set(again.documents)) == (0, {FRESH})


@pytest.mark.parametrize(
    ("name", "how"), share(((name, how) for name in LISTS for how in ("KeyError", "RecursionError", "odd text")), 4), ids=str
)
def test_error_in_the_parser_of_a_list_affects_only_that_list(name: str, how: str, site: Site, tmp_path: Path) -> None:
    seed, path = LISTS[name]
    document = f"https://www.dw.com/en/any/a-{FRESH}"
    outcome = crawl(tmp_path, f"{seed},{document}", "depth=0", site=site, settings=broken("crawler.dw.lists", name, how))
    assert outcome.status == 3
    assert set(outcome.documents) == {FRESH}
    assert outcome.report["listings_missing"] == {"unreadable": 1}
    assert [path in one["url"] for one in outcome.report["listing_problems"]] == [True]
    assert "a bug of this program: " in outcome.report["listing_problems"][0]["problem"]
    again = crawl(tmp_path, seed, "depth=0", site=site)
    assert (again.status, again.report["listings"]["read"] > 0) == (0, True)
