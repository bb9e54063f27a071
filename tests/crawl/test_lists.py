"""New documents from lists: real crawls from editions, feeds, sitemaps and sections of the stand-in,
whose replies are invented."""

from __future__ import annotations

import functools
import os
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from crawler.storage import layout
from tests.crawling import NOW_MS, QUICK, ROOT, Outcome, at_ms, crawl, fresh_site
from tests.dwsite import articles as dw
from tests.dwsite.client import Site
from tests.dwsite.oracle import references

CHINESE = {dw.SEED_ZH, dw.TRADITIONAL, dw.SHARED_PICTURE, dw.BODY_GALLERY}
"""Articles of the stand-in in Chinese: its feed and its news-sitemap list them all."""

LISTS_ONLY = {"ARCHIVE_KINDS": "audio"}
"""Articles are registered but out of scope, so only lists are requested."""

FEED, NEWS = "/rdf/rss-chi-all", "/zh/news-sitemap.xml"


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory()


@functools.cache
def first_run() -> Outcome:
    """A first run from an edition, made once for all tests that look at it."""
    return crawl(Path(_folder().name) / "first", "edition:zh", site=fresh_site())


@pytest.fixture(scope="module", autouse=True)
def _remove_folder() -> object:
    yield
    first_run.cache_clear()
    _folder().cleanup()
    _folder.cache_clear()


@pytest.fixture
def site() -> Site:
    return fresh_site()


def heard(root: Path) -> set[int]:
    """The ids of all documents the index knows."""
    db = sqlite3.connect(root / layout.INDEX)
    try:
        return {dw_id for (dw_id,) in db.execute("SELECT id FROM objects WHERE rendition = ''")}
    finally:
        db.close()


def problems(outcome: Outcome) -> str:
    return "\n".join(one["problem"] for one in outcome.report["listing_problems"])


# --- editions ---


def test_first_run_of_an_edition_finds_listed_documents_and_their_references() -> None:
    outcome = first_run()
    referred = {other for dw_id in CHINESE for other in references(dw_id)} - {dw.MISSING}
    assert set(outcome.documents) == CHINESE | referred
    assert outcome.asked("rss") == {FEED: 1}
    assert outcome.asked("www") == {NEWS: 1}
    assert outcome.report["listings"] == {"named": 8, "new": 4, "read": 2}
    assert outcome.report["documents"] == {"new": 7, "article": 5, "gallery": 1, "video": 1}
    assert outcome.status == 0


def test_depth_0_gives_exactly_what_the_lists_name(site: Site, tmp_path: Path) -> None:
    assert set(crawl(tmp_path, "edition:zh", "depth=0", site=site).documents) == CHINESE


def test_several_editions_instead_of_seeds(site: Site, tmp_path: Path) -> None:
    outcome = crawl(tmp_path, "no/such/file", "edition=de, zh", site=site, settings=LISTS_ONLY)
    assert outcome.asked("rss") == {"/rdf/rss-de-all": 1, FEED: 1}
    assert outcome.asked("www") == {"/de/news-sitemap.xml": 1, NEWS: 1}
    assert outcome.status == 0


def test_the_shipped_list_has_one_edition_switched_on(site: Site, tmp_path: Path) -> None:
    outcome = crawl(tmp_path, "seeds/", site=site, settings=LISTS_ONLY)
    assert set(outcome.asked()) == {FEED, NEWS}
    assert outcome.report["seeds_read"] == {"listing": 1}


def test_requests_go_only_to_hosts_of_the_settings() -> None:
    assert {name.rpartition(" ")[0] for name in first_run().report["requests"]} == {f"127.0.0.{i}" for i in range(1, 5)}
    assert not first_run().report["refused_requests"]
    assert "no connection" not in first_run().stderr


def test_a_dry_run_names_the_lists_and_requests_nothing(site: Site, tmp_path: Path) -> None:
    outcome = crawl(tmp_path, "edition:zh", "dry_run=1", site=site)
    assert not outcome.requests
    assert outcome.status == 0
    assert FEED in outcome.stdout
    assert NEWS in outcome.stdout


# --- feeds ---


def test_rss_2_feed_gives_the_same_as_rss_1(site: Site, tmp_path: Path) -> None:
    outcome = crawl(tmp_path, "https://rss.dw.com/xml/rss-chi-all", "depth=0", site=site)
    assert set(outcome.documents) == CHINESE
    assert all(path.startswith("zh/") for path in outcome.documents.values())


def test_unchanged_lists_are_not_sent_again(site: Site, tmp_path: Path) -> None:
    site.validators()
    crawl(tmp_path, "edition:zh", site=site, settings=LISTS_ONLY)
    second = crawl(tmp_path, "edition:zh", site=site, settings=LISTS_ONLY)
    assert [request["status"] for request in second.requests] == [304, 304]
    assert second.report["listings"] == {"named": 8, "unchanged": 2}
    assert second.status == 0
    site.options(articles=3)  # the third is Chinese
    third = crawl(tmp_path, "edition:zh", site=site, settings=LISTS_ONLY)
    assert third.report["listings"] == {"named": 10, "new": 1, "read": 2}


def test_documents_of_a_feed_survive_a_lost_index(site: Site, tmp_path: Path) -> None:
    crawl(tmp_path, "edition:zh", "max_articles=1", "depth=0", site=site)
    for path in tmp_path.glob("index.sqlite*"):
        path.unlink()
    outcome = crawl(tmp_path, "edition:de", "depth=0", site=site)
    assert set(outcome.documents) > CHINESE


@pytest.mark.parametrize("path", [FEED, NEWS])
def test_list_that_was_cut_off_is_read_again_even_if_unchanged(path: str, site: Site, tmp_path: Path) -> None:
    site.validators()
    _, headers, whole = site.get((site.rss if path == FEED else site.www) + path)
    cut = whole.decode()[: len(whole.decode()) * 2 // 3]
    site.fault(path, body=cut, status=200, content_type="text/xml", headers={"ETag": headers["etag"]})
    site.fault(NEWS if path == FEED else FEED, status=404)
    first = crawl(tmp_path, "edition:zh", site=site, settings=LISTS_ONLY)
    assert "broken XML" in problems(first)
    assert heard(tmp_path) < CHINESE
    site.clear()
    second = crawl(tmp_path, "edition:zh", site=site, settings=LISTS_ONLY)
    assert [request["status"] for request in second.requests] == [200, 200]
    third = crawl(tmp_path, "edition:zh", site=site, settings=LISTS_ONLY)
    assert [request["status"] for request in third.requests] == [304, 304]


# --- hostile feeds ---


HOSTILE = {
    "bomb": ("a DOCTYPE with declarations of its own", 4),
    "xxe": ("a DOCTYPE with declarations of its own", 4),
    "broken": ("broken XML, first in line", 2),
    "lying": ("its bytes are not UTF-8", 4),
    "lyingheader": ("it claims to be ISO-8859-1, but is UTF-8", 4),
}
"""By what is wrong with a feed: the problem that is named, and how many items are read all the same."""


def test_hostile_feeds_are_bounded_reported_and_counted(site: Site, tmp_path: Path) -> None:
    address = "https://rss.dw.com/rdf/rss-{}-all".format
    outcome = crawl(tmp_path, ",".join(map(address, HOSTILE)), site=site, settings=LISTS_ONLY)
    named = [(one["url"].split("-")[1], one["problem"]) for one in outcome.report["listing_problems"]]
    for name, (problem, _) in HOSTILE.items():
        assert [said for about, said in named if about == name and problem in said], name
    counts = outcome.report["listings"]
    assert (counts["read"], counts["problem"]) == (5, len(outcome.report["listing_problems"]))
    assert counts["named"] == sum(items for _, items in HOSTILE.values())
    assert heard(tmp_path) == CHINESE
    assert outcome.status == 3
    assert outcome.report["listings_missing"] == {"cut off": 1}  # the broken one; all that could be read was read
    assert "root:" not in outcome.stderr


@pytest.mark.parametrize("path", [FEED, NEWS])
def test_a_list_with_broken_places_is_read_to_its_end(path: str, site: Site, tmp_path: Path) -> None:
    whole = site.get((site.rss if path == FEED else site.www) + path)[2].decode()
    title = "title>" if path == FEED else "news:title>"
    broken = whole.replace(f"</{title}", f" \0 &#xD83D;&#xDE00; & <b></{title}")
    assert broken != whole
    site.fault(path, body="\ufeff<b>Notice</b>: x\n" + broken, status=200, content_type="text/xml")
    site.fault(NEWS if path == FEED else FEED, status=404)
    outcome = crawl(tmp_path, "edition:zh", site=site, settings=LISTS_ONLY)
    assert heard(tmp_path) == CHINESE
    assert outcome.report["listings_missing"] == {"status 404": 1}
    assert "text before the XML" in problems(outcome)
    assert "broken XML, first in line" in problems(outcome)


@pytest.mark.parametrize("path", [FEED, NEWS])
def test_a_list_whose_end_was_lost_makes_the_run_incomplete(path: str, site: Site, tmp_path: Path) -> None:
    whole = site.get((site.rss if path == FEED else site.www) + path)[2].decode()
    site.fault(path, body=whole[: whole.rindex("</")], status=200, content_type="text/xml")
    outcome = crawl(tmp_path, "edition:zh", site=site, settings=LISTS_ONLY)
    assert heard(tmp_path) == CHINESE
    assert (outcome.status, outcome.report["listings_missing"]) == (3, {"cut off": 1})


MOVED = "/xml/rss-chi-all"


@pytest.mark.parametrize("path", [FEED, NEWS])
def test_redirected_list_is_requested_with_the_validators_of_its_target(path: str, site: Site, tmp_path: Path) -> None:
    site.validators()
    url = "https://" + ("rss" if path == FEED else "www") + f".dw.com{path}"
    moved = MOVED if path == FEED else "/zh/article-sitemap.xml"
    site.fault(path, redirect=moved)
    first = crawl(tmp_path, url, site=site, settings=LISTS_ONLY)
    assert first.report["listings"]["read"] == 1
    second = crawl(tmp_path, url, site=site, settings=LISTS_ONLY)
    assert second.report["listings"] == {"named": first.report["listings"]["named"], "unchanged": 1}
    assert [(one["path"], one["status"], "if-none-match" in one["headers"]) for one in second.requests] == [
        (path, 302, True), (moved, 304, True)]  # fmt: skip


def test_list_that_is_redirected_elsewhere_is_read_even_if_the_old_validators_match(site: Site, tmp_path: Path) -> None:
    site.validators(etag=False)
    site.fault(FEED, redirect=MOVED)
    crawl(tmp_path, "https://rss.dw.com" + FEED, site=site, settings=LISTS_ONLY)
    site.clear()
    site.fault(FEED, redirect="/rdf/rss-en-all")  # as old as the other
    second = crawl(tmp_path, "https://rss.dw.com" + FEED, site=site, settings=LISTS_ONLY)
    assert second.report["listings"]["read"] == 1
    assert dw.ENGLISH in heard(tmp_path)
    third = crawl(tmp_path, "https://rss.dw.com" + FEED, site=site, settings=LISTS_ONLY)
    assert third.report["listings"]["unchanged"] == 1
    site.clear()
    last = crawl(tmp_path, "https://rss.dw.com" + FEED, site=site, settings=LISTS_ONLY)  # no redirect any more
    assert last.report["listings"]["read"] == 1


FAULTS: dict[str, tuple[dict[str, object], str]] = {
    "chi": ({"body": "<h1>Soon</h1>"}, "unreadable"),
    "en": ({"body": ""}, "status 200 with an empty body"),
    "de": ({"status": 404}, "status 404"),
    "ru": ({"status": 503}, "status 503"),
    "sp": ({"huge": 70_000_000, "gzip": True}, "too large"),
    "fre": ({"close": True}, "no connection: broken off"),
    "ar": ({"redirect": "https://elsewhere.example/feed"}, "not a host of DW's"),
    "tur": ({"redirect": "http://127.0.0.1:1/feed"}, "not a host of DW's"),
    "br": ({"redirect_loop": True}, "max redirections reached"),
}
"""By channel: what goes wrong, and what is said of it."""


def test_lists_that_cannot_be_fetched_are_reported_and_the_run_is_incomplete(site: Site, tmp_path: Path) -> None:
    for channel, (fault, _) in FAULTS.items():
        site.fault(f"/rdf/rss-{channel}-all", **fault)
    seeds = ",".join(["edition:zh", *(f"https://rss.dw.com/rdf/rss-{channel}-all" for channel in FAULTS)])
    outcome = crawl(tmp_path, seeds, site=site, settings={**LISTS_ONLY, "RETRY_TIMES": 0})
    assert outcome.status == 3
    assert {one["kind"] for one in outcome.report["missing"]} == {"listing"}
    said = {one["url"].split("-")[1]: one["reason"] for one in outcome.report["missing"] if "rss-" in one["url"]}
    assert said == {channel: reason for channel, (_, reason) in FAULTS.items()}
    assert sum(outcome.report["listings_missing"].values()) == len(FAULTS)
    assert heard(tmp_path) == CHINESE  # by the news-sitemap
    site.clear()
    assert crawl(tmp_path, "edition:zh", site=site, settings=LISTS_ONLY).report["listings"]["read"] == 2


# --- sitemaps ---


IN_SITEMAPS = {n for n, c in dw.CONTENTS.items() if c.kind == "article" and c.display_date and c.language != "und"}


def test_an_index_of_gzip_files_leads_to_every_edition(site: Site, tmp_path: Path) -> None:
    site.options(gzip_sitemaps=True)
    outcome = crawl(tmp_path, "https://www.dw.com/sitemap.xml", site=site, settings=LISTS_ONLY)
    assert heard(tmp_path) == IN_SITEMAPS
    assert set(outcome.asked().values()) == {1}


def test_an_unchanged_index_still_leads_to_changed_sitemaps(site: Site, tmp_path: Path) -> None:
    site.validators()
    crawl(tmp_path, "https://www.dw.com/sitemap.xml", site=site, settings=LISTS_ONLY)
    site.options(articles=1)
    outcome = crawl(tmp_path, "https://www.dw.com/sitemap.xml", site=site, settings=LISTS_ONLY)
    assert dw.FIRST_SYNTHETIC in heard(tmp_path)
    assert outcome.report["listings"]["unchanged"] > 10


def test_an_index_that_contains_itself_is_read_once_and_named(site: Site, tmp_path: Path) -> None:
    site.options(sitemap_loop=True)
    outcome = crawl(tmp_path, "https://www.dw.com/sitemap.xml", site=site, settings=LISTS_ONLY)
    assert set(outcome.asked().values()) == {1}
    assert outcome.report["listings"]["problem"] == 3  # each names itself, and the second the first
    assert "names itself or an index above it, not followed" in problems(outcome)
    assert heard(tmp_path) == IN_SITEMAPS
    assert outcome.status == 0


def test_endless_chain_of_indexes_is_not_followed(site: Site, tmp_path: Path) -> None:
    for i in range(9):
        loc = f"<sitemap><loc>https://www.dw.com/sitemap-{i + 1}.xml</loc></sitemap>"
        site.fault(f"/sitemap-{i}.xml", body=f"<sitemapindex>{loc}</sitemapindex>", content_type="text/xml", status=200)
    outcome = crawl(tmp_path, "https://www.dw.com/sitemap-0.xml", site=site, settings=LISTS_ONLY)
    assert len(outcome.asked("www")) == 4
    assert "not followed" in problems(outcome)


def test_lastmod_decides_which_documents_are_requested_again(site: Site, tmp_path: Path) -> None:
    sitemap = "https://www.dw.com/zh/article-sitemap.xml"
    assert set(crawl(tmp_path, sitemap, "depth=0", site=site).documents) == CHINESE
    site.edit(dw.TRADITIONAL, title="另一個標題")  # lastmod becomes 2026-11-01
    unchanged = crawl(tmp_path, sitemap, "depth=0", site=site, now_ms=at_ms("2026-12-01"))
    assert unchanged.articles_asked() == {dw.TRADITIONAL: 1}
    assert unchanged.report["documents"]["revised"] == 1
    again = crawl(tmp_path, sitemap, "depth=0", site=site, now_ms=at_ms("2026-12-02"))
    assert not again.asked("api")


@pytest.mark.parametrize(
    ("lastmod", "is_newer"),
    [("2026-05-31T23:59:59Z", False), ("2026-06-01T00:00:00Z", False), ("2026-06-01T02:00:00+02:00", False),
     ("2026-06-01T00:00:01Z", True), ("2026-06-01", True), ("2026-05-31", False)],
)  # fmt: skip
def test_only_a_lastmod_after_the_last_check_counts_as_a_change(
    lastmod: str, is_newer: bool, site: Site, tmp_path: Path
) -> None:
    crawl(tmp_path, [dw.TRADITIONAL], "depth=0", site=site, now_ms=at_ms("2026-06-01"))
    url = f"<url><loc>https://www.dw.com/zh/x/a-{dw.TRADITIONAL}</loc><lastmod>{lastmod}</lastmod></url>"
    body = f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{url}</urlset>'
    site.fault("/zh/article-sitemap.xml", body=body, content_type="text/xml")
    later = crawl(tmp_path, "https://www.dw.com/zh/article-sitemap.xml", "depth=0", site=site, now_ms=at_ms("2026-06-03"))
    assert later.articles_asked() == ({dw.TRADITIONAL: 1} if is_newer else {})


@pytest.mark.parametrize("how", ["refresh=none", "max_articles=1"])
def test_lastmod_survives_a_run_that_checks_nothing(how: str, site: Site, tmp_path: Path) -> None:
    site.validators()
    sitemap = "https://www.dw.com/zh/article-sitemap.xml"
    crawl(tmp_path, sitemap, "depth=0", site=site)
    site.edit(dw.TRADITIONAL, title="另一個標題")
    seeds = f"https://www.dw.com/de/a-{dw.GERMAN},https://www.dw.com/a-{dw.RUSSIAN},{sitemap}"
    early = crawl(tmp_path, seeds, "depth=0", how, site=site, now_ms=at_ms("2026-12-01"))
    assert not early.articles_asked()[dw.TRADITIONAL]
    assert not crawl(tmp_path, "", "refresh=none", site=site, now_ms=at_ms("2026-12-01")).articles_asked()[dw.TRADITIONAL]
    later = crawl(tmp_path, sitemap, "depth=0", site=site, now_ms=at_ms("2026-12-02"))
    assert later.asked("www") == {"/zh/article-sitemap.xml": 1}
    assert later.report["listings"] == {"named": len(CHINESE), "unchanged": 1}
    assert later.report["documents"]["revised"] == 1


@pytest.mark.parametrize(("entries", "most_mb"), [(10_000, 15), pytest.param(50_000, 40, marks=pytest.mark.torture)])
def test_a_sitemap_of_many_entries_needs_little_memory(entries: int, most_mb: int, site: Site, tmp_path: Path) -> None:
    sitemap = "https://www.dw.com/zh/article-sitemap.xml"
    small = peak_mb(tmp_path / "small", sitemap, site)
    site.options(sitemap_entries=entries)
    large = peak_mb(tmp_path / "large", sitemap, site)
    assert len(heard(tmp_path / "large")) == entries + len(CHINESE)
    assert large - small < most_mb  # the reply of 50,000 has 6 MB, and takes 9 MB


def peak_mb(root: Path, seeds: str, site: Site) -> float:
    """Return the largest resident size of a crawl that only reads lists."""
    settings = {**QUICK, **LISTS_ONLY, **site.settings, "ARCHIVE_DIR": root, "LOG_LEVEL": "ERROR"}
    options = [part for name, value in settings.items() for part in ("-s", f"{name}={value}")]
    command = [sys.executable, "-m", "scrapy", "crawl", "dw", "-a", f"seeds={seeds}", *options]  # a process of its own: a fork
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)  # would start with the memory of its parent
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_maxrss / 1024


# --- sections, and what is no starting point ---


def test_a_section_and_a_topic_give_the_articles_they_link_to(site: Site, tmp_path: Path) -> None:
    sections = f"https://www.dw.com/zh/any/s-9058,https://www.dw.com/ru/any/t-{dw.TOPIC}"
    outcome = crawl(tmp_path, sections, site=site, settings=LISTS_ONLY)
    assert heard(tmp_path) == CHINESE | {dw.RUSSIAN}
    assert outcome.report["listings"] == {"named": 5, "new": 5, "read": 2}


def test_invalid_starting_points_are_named_with_file_and_line(site: Site, tmp_path: Path) -> None:
    wrong = [
        "edition:xx",
        "search:zh:foo",
        "mediacenter:tlh",
        "search:zh:2026-02-02..2026-02-01",
        "search:uk:2026-02-01..2026-02-02",
    ]
    (tmp_path / "list.txt").write_text("\n".join(["# wrong ones", *wrong, "edition:zh"]))
    outcome = crawl(tmp_path / "archive", tmp_path / "list.txt", site=site, settings=LISTS_ONLY)
    for line, text in enumerate(wrong, 2):
        assert f"Seed {tmp_path / 'list.txt'}:{line}: " in outcome.stderr, text
    assert outcome.report["seeds_read"] == {"unusable": 5, "listing": 1}
    assert heard(tmp_path / "archive") == CHINESE


def test_run_with_only_invalid_starting_points_does_not_start(site: Site, tmp_path: Path) -> None:
    outcome = crawl(tmp_path, "edition:xx", site=site)
    assert outcome.status == 1
    assert "Seed argument: not an edition of DW: 'xx'" in outcome.stderr


# --- changes and unknown keys ---


def test_a_liveblog_with_new_posts_is_revised(site: Site, tmp_path: Path) -> None:
    blog = f"https://www.dw.com/en/any/live-{dw.LIVEBLOG_FEED_ONLY}"
    now = at_ms("2026-02-08T15:00:00+00:00")
    crawl(tmp_path, blog, "depth=0", site=site, now_ms=now)
    body = [{"content": {"type": "Paragraph", "text": "It boils."}}]
    site.edit(dw.LIVEBLOG_FEED_ONLY, add_post={"id": 70100095, "type": "LiveblogPost", "name": "Steam", "body": body})
    second = crawl(
        tmp_path, "https://rss.dw.com/rdf/rss-en-all", "depth=0", "max_articles=1", site=site, now_ms=now + 3_600_000
    )
    html = second.document(dw.LIVEBLOG_FEED_ONLY).html
    assert html.index("It boils.") < html.index("Nothing yet.")
    assert second.report["documents"]["revised"] == 1
    assert len([path for path in second.revisions if path.endswith(".txt")]) == 1
    third = crawl(tmp_path, blog, "depth=0", "refresh=all", site=site, now_ms=now + 7_200_000)
    assert third.asked("api")[f"/api/detail/article/{dw.LIVEBLOG_FEED_ONLY}"] == 1
    assert third.report["documents"].get("revised", 0) == 0
    assert third.document(dw.LIVEBLOG_FEED_ONLY) == second.document(dw.LIVEBLOG_FEED_ONLY)


def test_every_unknown_key_is_counted_once_by_name(site: Site, tmp_path: Path) -> None:
    for dw_id in CHINESE:
        site.edit(dw_id, keys={"readingTime": 4, "paywall": {"on": False}})
    outcome = crawl(tmp_path, "edition:zh", "depth=0", site=site)
    assert outcome.report["unknown_keys"] == ["paywall", "readingTime"]
    assert outcome.stderr.count("Unknown key in a reply: ") == 2
    assert outcome.status == 0
    again = crawl(tmp_path, "edition:zh", "depth=0", "refresh=all", site=site)
    assert again.report["unknown_keys"] == ["paywall", "readingTime"]  # though nothing else is new


def test_clock_of_these_tests_is_later_than_all_listed_documents() -> None:
    assert at_ms("2026-02-12") < NOW_MS
