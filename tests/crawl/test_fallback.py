"""api.dw.com down, gone or unreadable: the same articles from www.dw.com. The stand-in's replies and pages are invented."""

from __future__ import annotations

import functools
import json
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from crawler.storage import layout
from tests.crawling import Outcome, crawl, fresh_site
from tests.dwsite import articles as dw
from tests.dwsite.client import Site
from tests.dwsite.oracle import references

FIVE = (dw.SEED_ZH, dw.TRADITIONAL, dw.GERMAN, dw.SHARED_PICTURE, dw.CHAIN[0])
NO_RETRY = {"RETRY_TIMES": 0}
LAYOUTS = {"app_state": "page:app-state", "apollo": "page:apollo", "classic": "page:classic", "json_ld": "page:json-ld"}


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory()


@functools.cache
def from_api() -> Outcome:
    """A first run from an edition while everything works, made once for all tests that compare with it."""
    return crawl(Path(_folder().name) / "api", "edition:zh", site=fresh_site())


@pytest.fixture(scope="module", autouse=True)
def _remove_folder() -> object:
    yield
    from_api.cache_clear()
    _folder().cleanup()
    _folder.cache_clear()


@pytest.fixture
def site() -> Site:
    return fresh_site()


def origins_of(outcome: Outcome) -> dict[int, str]:
    """Return where each document was read from, by the run's log."""
    return {line["id"]: line["source"] for line in outcome.log if layout.is_document(line["path"])}


# --- down ---


@pytest.mark.parametrize("how", ["503", "close"])
def test_api_down_from_the_start_gives_the_same_articles(how: str, site: Site, tmp_path: Path) -> None:
    site.down("api", how)
    outcome = crawl(tmp_path, "edition:zh", site=site, settings=NO_RETRY)
    assert set(outcome.documents) == set(from_api().documents)
    # graph-api knows a video and a gallery only under their true kind: these two come from the page, which redirects
    assert Counter(origins_of(outcome).values()) == {"graph-api": 5, "page:app-state": 2}
    for dw_id, path in outcome.documents.items():
        expected, found = from_api().document(dw_id), outcome.document(dw_id)
        assert path == from_api().documents[dw_id]
        assert (found.title, found.display_date) == (expected.title, expected.display_date)
        assert set(found.references) == set(expected.references)
    assert "keeps failing: asking" in outcome.stderr


def test_api_that_goes_down_in_the_middle_gives_the_same_articles(site: Site, tmp_path: Path) -> None:
    site.down("api", after=4)  # robots.txt and three articles
    outcome = crawl(tmp_path, "edition:zh", site=site, settings=NO_RETRY)
    assert set(outcome.documents) == set(from_api().documents)
    assert Counter(origins_of(outcome).values()) == {"api": 3, "graph-api": 2, "page:app-state": 2}


def test_api_that_stays_down_gets_few_requests(site: Site, tmp_path: Path) -> None:
    site.options(articles=40, pictures_per_article=0)
    site.fault("/api/.*", host="api", status=503)
    outcome = crawl(tmp_path, range(dw.FIRST_SYNTHETIC, dw.FIRST_SYNTHETIC + 40), site=site, settings=NO_RETRY)
    assert len(outcome.documents) == 40
    assert 3 < len(outcome.articles_asked()) < 12


def test_an_api_that_comes_back_is_used_again(site: Site, tmp_path: Path) -> None:
    site.options(articles=40, pictures_per_article=0)
    site.fault("/api/detail/.*", host="api", times=4, status=503)
    outcome = crawl(tmp_path, range(dw.FIRST_SYNTHETIC, dw.FIRST_SYNTHETIC + 40), site=site, settings=NO_RETRY)
    assert len(outcome.documents) == 40
    assert Counter(origins_of(outcome).values())["api"] > 10


def test_404s_of_an_api_that_gives_nothing_are_ignored(site: Site, tmp_path: Path) -> None:
    site.fault("/api/.*", host="api", status=404)
    outcome = crawl(tmp_path, "edition:zh", site=site)
    assert set(outcome.documents) == set(from_api().documents)
    assert outcome.state_of(dw.MISSING) == ("missing", "status 404")


def test_documents_that_a_working_api_lacks_are_not_requested_elsewhere() -> None:
    assert from_api().state_of(dw.MISSING) == ("missing", "status 404")
    assert not [path for path in from_api().asked("www") if str(dw.MISSING) in path]


def test_a_liveblog_a_working_api_does_not_know_is_taken_from_its_page(site: Site, tmp_path: Path) -> None:
    site.fault(f"/api/detail/article/{dw.LIVEBLOG_FEED_ONLY}", status=404)  # its type in the API was never seen
    seeds = f"https://www.dw.com/de/any/a-{dw.GERMAN},https://www.dw.com/en/any/live-{dw.LIVEBLOG_FEED_ONLY}"
    outcome = crawl(tmp_path, seeds, "depth=0", site=site)
    assert set(outcome.documents) == {dw.GERMAN, dw.LIVEBLOG_FEED_ONLY}
    assert origins_of(outcome)[dw.LIVEBLOG_FEED_ONLY] != "api"
    assert outcome.status == 0


@pytest.mark.parametrize("name", LAYOUTS)
def test_pages_of_every_layout_give_the_same_articles(name: str, site: Site, tmp_path: Path) -> None:
    site.down("api")
    site.options(graph_api=False, layout=name)
    outcome = crawl(tmp_path, FIVE, "depth=0", site=site, settings=NO_RETRY)
    assert origins_of(outcome) == dict.fromkeys(FIVE, LAYOUTS[name])
    assert outcome.status == 0
    for dw_id in FIVE:
        content, found = dw.CONTENTS[dw_id], outcome.document(dw_id)
        assert found.title == content.name
        assert found.language == content.language
        assert found.display_date[:10] == (content.display_date or "")[:10]
        assert outcome.files[layout.reply_path(outcome.documents[dw_id], "html")]
        if name != "json_ld":  # which has no links
            assert set(found.references) == set(references(dw_id))


def test_without_api_and_pages_articles_are_missing_and_reported(site: Site, tmp_path: Path) -> None:
    site.down("api")
    site.options(graph_api=False, layout="none")
    outcome = crawl(tmp_path, [dw.GERMAN], site=site, settings=NO_RETRY)
    assert not outcome.documents
    assert outcome.status == 3
    assert outcome.state_of(dw.GERMAN) == ("missing", "robots.txt: status 503")  # it may exist, so it is requested again
    assert [(one["id"], one["reason"]) for one in outcome.report["missing"]] == [(dw.GERMAN, "robots.txt: status 503")]


def test_run_ends_as_unreachable_if_everything_is_down(site: Site, tmp_path: Path) -> None:
    for host in ("api", "www", "rss", "static"):
        site.down(host)
    outcome = crawl(tmp_path, "edition:zh", site=site, settings=NO_RETRY)
    assert outcome.status == 4
    assert outcome.report["listings_missing"] == {"robots.txt: status 503": 2}


# --- unreadable ---

BROKEN: dict[int, dict[str, Any]] = {
    dw.GERMAN: {"body": "<h1>We are making this better for you</h1>"},
    dw.RUSSIAN: {"malformed_json": True},
    dw.SPANISH: {"body": '{"type": "Article"}'},
    dw.CHAIN[4]: {"body": "[]"},
}


def test_unreadable_replies_are_kept_and_the_articles_taken_from_elsewhere(site: Site, tmp_path: Path) -> None:
    for dw_id, fault in BROKEN.items():
        site.fault(f"/api/detail/article/{dw_id}", **fault)
    outcome = crawl(tmp_path, BROKEN, "depth=0", site=site)
    assert origins_of(outcome) == dict.fromkeys(BROKEN, "graph-api")
    for dw_id in BROKEN:
        kept = [path for path in outcome.files if path.startswith(f"unreadable/{dw_id}-")]
        assert sorted(path.rpartition(".")[2] for path in kept) == ["json", "reply"]
        about = json.loads(outcome.files[next(path for path in kept if path.endswith(".json"))])
        assert about["url"] == f"https://api.dw.com/api/detail/article/{dw_id}"
        assert about["reason"]
        assert outcome.state_of(dw_id)[0] == "archived"
    assert outcome.status == 3  # somebody should look, because the shapes have changed
    assert outcome.report["documents"]["unreadable"] == len(BROKEN)


def test_article_is_stored_from_its_page_if_the_api_refuses(site: Site, tmp_path: Path) -> None:
    site.fault("/api/detail/.*", host="api", status=403)
    outcome = crawl(tmp_path, [dw.GERMAN], "depth=0", site=site)
    assert origins_of(outcome) == {dw.GERMAN: "graph-api"}


def test_robots_of_the_api_are_obeyed_and_the_pages_are_asked(site: Site, tmp_path: Path) -> None:
    site.options(robots="User-agent: *\nDisallow: /api/\n")
    outcome = crawl(tmp_path, [dw.GERMAN], "depth=0", site=site)
    assert not outcome.asked("api")
    assert origins_of(outcome) == {dw.GERMAN: "graph-api"}


def test_robots_that_forbid_all_are_obeyed(site: Site, tmp_path: Path) -> None:
    site.options(robots="User-agent: *\nDisallow: /\n")
    outcome = crawl(tmp_path, f"edition:zh,https://www.dw.com/de/any/a-{dw.GERMAN}", site=site)
    assert not outcome.requests
    assert outcome.status == 4
    assert outcome.state_of(dw.GERMAN) == ("refused", "robots.txt")
    assert outcome.report["listings_missing"] == {"robots.txt": 2}


def test_an_alias_is_resolved_by_pages_too(site: Site, tmp_path: Path) -> None:
    site.down("api")
    outcome = crawl(tmp_path, [dw.ALIAS_REDIRECT], "depth=0", site=site, settings=NO_RETRY)
    assert set(outcome.documents) == {dw.ALIAS_REDIRECT_TO}


# --- better and weaker origins ---


def test_a_weak_origin_is_replaced_by_a_revision_when_the_api_is_back(site: Site, tmp_path: Path) -> None:
    site.down("api")
    site.options(graph_api=False, layout="json_ld")
    weak = crawl(tmp_path, [dw.GERMAN], "depth=0", site=site, settings=NO_RETRY)
    again = crawl(tmp_path, [dw.GERMAN], "depth=0", site=site, settings=NO_RETRY)
    assert again.report["documents"] == {"unchanged": 1}
    site.up("api")
    better = crawl(tmp_path, [dw.GERMAN], "depth=0", site=site)
    assert origins_of(weak) == {dw.GERMAN: "page:json-ld"}
    assert origins_of(better) == {dw.GERMAN: "api"}
    assert better.document(dw.GERMAN).references
    path = layout.revision_path(dw.GERMAN, weak.document(dw.GERMAN).stamp_ms)
    assert better.files[path] == weak.files[weak.documents[dw.GERMAN]]
    assert path.replace(".txt", ".html.gz") in better.files
    last = crawl(tmp_path, [dw.GERMAN], "depth=0", site=site)
    assert not last.requests


def test_a_weak_origin_never_replaces_a_whole_article(site: Site, tmp_path: Path) -> None:
    site.down("api")
    whole = crawl(tmp_path, [dw.GERMAN], "depth=0", site=site, settings=NO_RETRY)
    site.options(graph_api=False, layout="json_ld")
    outcome = crawl(tmp_path, [dw.GERMAN], "depth=0", "refresh=all", site=site, settings=NO_RETRY)
    assert outcome.files == whole.files
    assert outcome.report["documents"] == {"weaker": 1}


def test_page_does_not_replace_a_document_from_the_api(site: Site, tmp_path: Path) -> None:
    first = crawl(tmp_path, [dw.GERMAN], "depth=0", site=site)
    site.down("api")
    site.edit(dw.GERMAN, title="Eine andere Überschrift")
    second = crawl(tmp_path, [dw.GERMAN], "depth=0", "refresh=all", site=site, settings=NO_RETRY)
    assert second.files == first.files
    assert not second.asked("www")
    assert second.state_of(dw.GERMAN)[0] == "archived"


def test_page_does_not_replace_a_document_that_the_api_confirmed(site: Site, tmp_path: Path) -> None:
    site.down("api")
    page = crawl(tmp_path, [dw.CHAIN[4]], "depth=0", site=site, settings=NO_RETRY)
    site.up("api")
    same = crawl(tmp_path, [dw.CHAIN[4]], "depth=0", "refresh=all", site=site)
    site.down("api")
    site.edit(dw.CHAIN[4], title="Another headline")
    last = crawl(tmp_path, [dw.CHAIN[4]], "depth=0", "refresh=all", site=site, settings=NO_RETRY)
    assert same.report["documents"] == {"unchanged": 1}
    assert page.documents == same.documents == last.documents
    assert last.document(dw.CHAIN[4]) == page.document(dw.CHAIN[4])
    assert not last.asked("www")


def test_a_change_while_the_api_is_down_is_seen_on_the_page_that_gave_the_article(site: Site, tmp_path: Path) -> None:
    site.down("api")
    crawl(tmp_path, [dw.GERMAN], "depth=0", site=site, settings=NO_RETRY)
    site.edit(dw.GERMAN, title="Eine andere Überschrift")
    outcome = crawl(tmp_path, [dw.GERMAN], "depth=0", "refresh=all", site=site, settings=NO_RETRY)
    assert outcome.document(dw.GERMAN).title == "Eine andere Überschrift"
    assert len([path for path in outcome.revisions if path.endswith(".txt")]) == 1
