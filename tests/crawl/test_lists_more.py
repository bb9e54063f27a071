"""Search windows and media lists, read page by page: real crawls of the stand-in, whose replies are invented."""

from __future__ import annotations

import json
import signal
from datetime import date
from pathlib import Path

import pytest

from crawler.dw.lists import search_url
from crawler.storage import layout
from crawler.urls import DW
from tests.crawl.test_lists import LISTS_ONLY, heard, problems
from tests.crawling import DAY_MS, NOW_MS, Outcome, Running, at_ms, crawl, fresh_site
from tests.dwsite import articles as dw
from tests.dwsite.client import Site


@pytest.fixture
def site() -> Site:
    return fresh_site()


# --- search windows ---

WINDOW = "search:en:2026-03-01..2026-03-02"


def completeness(outcome: Outcome) -> str:
    """The line on how complete a window is."""
    return str(next(line for line in outcome.report["windows"] if line.startswith("search:")))


def searched(outcome: Outcome) -> list[tuple[str, int]]:
    """Day and page of every search request, in order."""
    queries = [dict(part.split("=") for part in path.partition("?")[2].split("&")) for path in search_paths(outcome)]
    return [(query["startDate"], int(query["pageIndex"])) for query in queries]


def search_paths(outcome: Outcome) -> list[str]:
    return [request["path"] for request in outcome.requests if "/api/search/" in request["path"]]


def test_search_window_is_completed_and_reported(site: Site, tmp_path: Path) -> None:
    site.options(articles=400, pictures_per_article=0)  # 52 on the first day and 48 on the second
    first = crawl(tmp_path, WINDOW, site=site)
    assert sorted(searched(first)) == [("2026-03-01", 1), ("2026-03-01", 2), ("2026-03-01", 3),
                                       ("2026-03-02", 1), ("2026-03-02", 2), ("2026-03-02", 3)]  # fmt: skip
    assert len(first.documents) == 100
    line = f"{WINDOW}: DW counts 100, lists 100, of which 100 are archived (100.0 %)"
    assert first.report["windows"] == [line]
    assert f"\nwindow          {line}\n" in first.stderr
    second = crawl(tmp_path, WINDOW, site=site)
    assert not second.requests
    assert second.report["windows"] == [line]


def test_commentaries_are_searched_too_if_dw_has_a_type_for_them(site: Site, tmp_path: Path) -> None:
    """[assumed: no recorded search shows such a type]"""
    day = "search:en:2026-03-01..2026-03-01"
    site.options(articles=400, pictures_per_article=0)
    site.fault("/api/search/global[?].*contentTypes=Comment&.*", status=503, times=1)
    articles = [dw.FIRST_SYNTHETIC + 1, dw.FIRST_SYNTHETIC + 2]
    for kind, dw_id in (("Article", articles[0]), ("Comment", articles[1])):
        body = {"languageId": 2, "items": [{"type": "BasicTeaser", "reference": {"id": dw_id, "type": f"{kind}Ref"}}],
                "paginationInfo": {"availableItems": 1, "currentPage": 1, "availablePages": 1},
                "filterParameters": {"contentTypes": ["Article", "Comment"]}}  # fmt: skip
        site.fault(f"/api/search/global[?].*contentTypes={kind}&.*", body=json.dumps(body), content_type="application/json")
    first = crawl(tmp_path, day, "depth=0", site=site, settings={**LISTS_ONLY, "RETRY_TIMES": 0})
    assert len(search_paths(first)) == 2
    assert "1 of 1 days not over, or not read to their end" in completeness(first)
    second = crawl(tmp_path, day, "depth=0", site=site)  # the failed one is requested again, although the articles are complete
    assert [path.partition("contentTypes=")[2][:7] for path in search_paths(second)] == ["Comment"]
    assert "DW counts 2, lists 2" in completeness(second)
    assert set(second.documents) >= set(articles)
    assert not search_paths(crawl(tmp_path, day, "depth=0", site=site))


def test_window_reports_the_states_of_unarchived_documents(site: Site, tmp_path: Path) -> None:
    site.options(articles=400, pictures_per_article=0)
    crawl(tmp_path, WINDOW, site=site, settings=LISTS_ONLY)
    alias, other, missing, down, video, *_ = sorted(heard(tmp_path))
    site.fault(f"/api/detail/article/{alias}", status=302, redirect=f"/api/detail/article/{other}")
    site.fault(f".*/{missing}", status=404)
    site.fault(f".*[/-]{down}", status=503)
    reply = {"type": "Video", "id": video, "name": "Moving", "teaser": "It moves."}
    site.fault(f"/api/detail/article/{video}", status=200, body=json.dumps(reply), content_type="application/json")
    articles = {"ARCHIVE_KINDS": "article", "RETRY_TIMES": 0}
    outcome = crawl(tmp_path, WINDOW, site=site, settings=articles)
    line = f"{WINDOW}: DW counts 100, lists 100, of which 97 are archived (97.0 %), 2 missing, 1 out of scope"
    assert outcome.report["windows"] == [line]
    site.clear()
    last = crawl(tmp_path, WINDOW, site=site, now_ms=NOW_MS + DAY_MS)  # an alias counts as its target
    assert completeness(last) == f"{WINDOW}: DW counts 100, lists 100, of which 100 are archived (100.0 %)"


def test_killed_search_window_resumes_after_the_pages_already_read(site: Site, tmp_path: Path) -> None:
    site.options(articles=400, pictures_per_article=0)
    for day in ("01", "02"):
        site.fault(f"/api/search/global[?].*startDate=2026-03-{day}.*pageIndex=3", stall=0)
    running = Running(tmp_path, WINDOW, site=site, settings=LISTS_ONLY)
    running.signal(signal.SIGKILL, lambda: any("pageIndex=3" in path for path in site.paths("api")))
    first = running.finish()
    assert first.status == -signal.SIGKILL
    read = [page for page in searched(first) if page[1] < 3]
    site.clear()
    second = crawl(tmp_path, WINDOW, site=site, settings=LISTS_ONLY)
    assert ("2026-03-01", 2) in read or ("2026-03-02", 2) in read
    assert not set(searched(second)) & set(read[:-1])  # the last one's reply may have come too late
    assert "DW counts 100, lists 100" in completeness(second)


def test_window_stopped_by_a_limit_reports_the_rest(site: Site, tmp_path: Path) -> None:
    site.options(articles=400, pictures_per_article=0)
    first = crawl(tmp_path, WINDOW, "max_articles=10", site=site)
    assert "of which 10 are archived" in completeness(first)
    second = crawl(tmp_path, WINDOW, site=site)
    assert not search_paths(second)
    assert len(second.documents) == 100


def test_a_day_that_is_not_over_is_read_again(site: Site, tmp_path: Path) -> None:
    site.options(articles=250, pictures_per_article=0)  # to 2026-03-02T05:03
    now = at_ms("2026-03-02T06:00:00+00:00")
    first = crawl(tmp_path, WINDOW, "refresh=none", site=site, now_ms=now, settings=LISTS_ONLY)
    assert "of 2 days not over" in completeness(first)
    site.options(articles=400)
    later = crawl(tmp_path, WINDOW, "refresh=none", site=site, now_ms=now + 3 * DAY_MS, settings=LISTS_ONLY)
    assert "DW counts 100, lists 100" in completeness(later)
    last = crawl(tmp_path, WINDOW, "refresh=none", site=site, now_ms=now + 4 * DAY_MS, settings=LISTS_ONLY)
    assert not last.requests


@pytest.mark.parametrize(
    ("now", "is_over"),
    [("2026-03-02T23:59:59+00:00", False), ("2026-03-03T00:00:00+00:00", False), ("2026-03-03T00:00:01+00:00", True)],
)
def test_a_day_is_over_a_whole_day_after_its_end(now: str, is_over: bool, site: Site, tmp_path: Path) -> None:
    site.options(articles=400, pictures_per_article=0)
    day = "search:en:2026-03-01..2026-03-01"
    first = crawl(tmp_path, day, "refresh=none", site=site, now_ms=at_ms(now), settings=LISTS_ONLY)
    assert ("1 of 1 days not over" in completeness(first)) is not is_over
    later = crawl(tmp_path, day, "refresh=none", site=site, now_ms=at_ms("2026-03-05"), settings=LISTS_ONLY)
    assert bool(searched(later)) is not is_over


def test_days_that_have_not_begun_are_not_asked_for(site: Site, tmp_path: Path) -> None:
    outcome = crawl(tmp_path, "search:en:2026-05-31..9998-12-31", site=site)  # in memory they would be gigabytes
    assert searched(outcome) == [("2026-05-31", 1), ("2026-06-01", 1)]
    assert "; 2911928 of 2911928 days not over" in completeness(outcome)
    assert outcome.status == 0


def test_days_that_could_not_be_read_do_not_count_as_done(site: Site, tmp_path: Path) -> None:
    site.options(articles=1000)
    window = "search:en:2026-03-01..2026-03-04"
    faults: list[dict[str, object]] = [{"status": 503}, {"body": "<h1>Soon</h1>"}, {"malformed_json": True}]
    for day, fault in enumerate(faults, 1):
        site.fault(f"/api/search/global[?].*startDate=2026-03-0{day}.*", **fault)
    first = crawl(tmp_path, window, site=site, settings={**LISTS_ONLY, "RETRY_TIMES": 0})
    assert "3 of 4 days not over, or not read to their end" in completeness(first)
    assert first.report["listings_missing"] == {"unreadable": 1, "cut off": 1, "status 503": 1}
    assert first.status == 3
    site.clear()
    second = crawl(tmp_path, window, site=site, settings=LISTS_ONLY)
    assert "DW counts 206, lists 206" in completeness(second)


@pytest.mark.parametrize("further", [None, 2, "/elsewhere", "https://elsewhere.example/?pageIndex=2"])
def test_page_without_a_usable_next_page_is_followed_by_number(further: object, site: Site, tmp_path: Path) -> None:
    site.options(articles=400)
    day = "search:en:2026-03-01..2026-03-01"
    _, _, reply = site.get(search_url(DW, 2, date(2026, 3, 1)).replace(DW.api, site.api))
    page = json.loads(reply)
    page["paginationInfo"]["nextPageUrl"] = further
    site.fault("/api/search/global[?].*pageIndex=1", body=json.dumps(page), content_type="application/json", status=200)
    first = crawl(tmp_path, day, site=site, settings=LISTS_ONLY)
    assert searched(first) == [("2026-03-01", 1), ("2026-03-01", 2), ("2026-03-01", 3)]
    assert "DW counts 52, lists 52" in completeness(first)
    assert "page 1 of 3 names no usable next page: requested by its number" in problems(first)
    assert not search_paths(crawl(tmp_path, day, site=site, settings=LISTS_ONLY))


@pytest.mark.parametrize("drifted", ["entries", "items"])
@pytest.mark.parametrize("pages", [1, 3])
def test_list_with_unreadable_items_does_not_count_as_read(
    pages: int, drifted: str, site: Site, tmp_path: Path
) -> None:
    further = f"{DW.api}/api/search/global?pageIndex=2" if pages > 1 else None
    info = {"availableItems": 20 * pages, "currentPage": 1, "availablePages": pages, "nextPageUrl": further}
    body = json.dumps({"paginationInfo": info, drifted: [{"thing": number} for number in range(20)]})
    site.fault("/api/search/global[?].*", body=body, content_type="application/json", status=200)
    first = crawl(tmp_path, "search:en:2026-03-01..2026-03-01", site=site, settings=LISTS_ONLY)
    assert (first.status, first.report["listings_missing"]) == (3, {"unreadable": 1})
    assert "1 of 1 days not over, or not read to their end" in completeness(first)
    site.clear()
    site.options(articles=400)
    second = crawl(tmp_path, "search:en:2026-03-01..2026-03-01", site=site, settings=LISTS_ONLY)
    assert "DW counts 52, lists 52" in completeness(second)


@pytest.mark.parametrize("items", [{}, {"items": None}, {"items": []}])
def test_a_day_without_articles_is_complete(items: dict[str, object], site: Site, tmp_path: Path) -> None:
    body = json.dumps({"paginationInfo": {"availableItems": 0}, **items})
    site.fault("/api/search/global[?].*", body=body, content_type="application/json", status=200)
    outcome = crawl(tmp_path, "search:en:2026-03-01..2026-03-01", site=site, settings=LISTS_ONLY)
    assert (outcome.status, problems(outcome)) == (0, "")
    assert completeness(outcome).endswith("DW counts 0, lists 0, of which 0 are archived")


def test_endless_search_is_stopped_and_reported(site: Site, tmp_path: Path) -> None:
    site.options(articles=100, endless_search=True)
    outcome = crawl(tmp_path, "search:en:2026-03-01..2026-03-01", site=site, settings=LISTS_ONLY)
    assert len(search_paths(outcome)) == 2
    assert "lists nothing new, yet names a next page: not followed" in problems(outcome)
    assert "1 of 1 days not over, or not read to their end" in completeness(outcome)


def test_a_new_key_of_a_list_is_named_in_the_report(site: Site, tmp_path: Path) -> None:
    page = {"items": [], "paginationInfo": {"availableItems": 0, "mood": "calm"}, "weather": "fair"}
    site.fault("/api/search/.*", host="api", body=json.dumps(page))
    site.fault("/api/list/.*", host="api", body=json.dumps(page))
    outcome = crawl(tmp_path, f"{WINDOW},mediacenter:zh", site=site)
    assert outcome.report["unknown_keys"] == ["mood", "weather"]
    assert outcome.stderr.count("Unknown key in a reply: weather") == 1


# --- media lists ---


def test_media_list_is_read_to_its_end_and_later_only_up_to_known_items(site: Site, tmp_path: Path) -> None:
    site.options(media=500, pictures_per_article=0)  # 125 of them in Chinese, and two by name
    kinds = {"ARCHIVE_KINDS": "liveblog"}
    first = crawl(tmp_path, "mediacenter:zh", site=site, settings=kinds)
    assert len(first.requests) == 5
    assert first.report["listings"]["named"] == 127
    second = crawl(tmp_path, "mediacenter:zh", site=site, settings=kinds)
    assert len(second.requests) == 1
    assert second.report["listings"]["named"] == 127
    site.options(media=640)
    third = crawl(tmp_path, "mediacenter:zh", site=site, settings=kinds)
    assert len(third.requests) == 3
    assert third.report["listings"]["new"] == 35


def test_interrupted_media_list_is_read_to_its_end_in_the_next_run(site: Site, tmp_path: Path) -> None:
    site.options(media=500)
    kinds = {"ARCHIVE_KINDS": "liveblog", "RETRY_TIMES": 0}
    site.fault("/api/list/mediacenter/4[?]pageIndex=3", status=503)
    first = crawl(tmp_path, "mediacenter:zh", site=site, settings=kinds)
    assert (first.status, len(heard(tmp_path))) == (3, 60)
    site.clear()
    crawl(tmp_path, "mediacenter:zh", site=site, settings=kinds)
    assert len(heard(tmp_path)) == 127


def test_a_media_list_without_next_pages_is_read_by_their_numbers(site: Site, tmp_path: Path) -> None:
    site.options(media=300)  # 75 in Chinese, and two by name
    for page in (1, 2):
        _, _, reply = site.get(f"{site.api}/api/list/mediacenter/4?pageIndex={page}")
        listed = json.loads(reply)
        del listed["paginationInfo"]["nextPageUrl"]
        path, body = f"/api/list/mediacenter/4[?]pageIndex={page}", json.dumps(listed)
        site.fault(path, body=body, content_type="application/json", status=200)
    outcome = crawl(tmp_path, "mediacenter:zh", site=site, settings={"ARCHIVE_KINDS": "liveblog"})
    assert len(heard(tmp_path)) == 77
    assert problems(outcome).count("names no usable next page") == 2


def test_endless_media_list_is_stopped_and_reported(site: Site, tmp_path: Path) -> None:
    site.options(media=100, endless_mediacenter=True)
    outcome = crawl(tmp_path, "mediacenter:zh", site=site, settings=LISTS_ONLY)
    assert len([path for path in outcome.asked("api") if "mediacenter" in path]) == 2
    assert "lists nothing new, yet names a next page: not followed" in problems(outcome)


def test_documents_of_unwanted_kinds_wait_until_they_are_wanted(site: Site, tmp_path: Path) -> None:
    site.options(media=12)
    first = crawl(tmp_path, "mediacenter:zh", site=site, settings={"ARCHIVE_KINDS": "article,gallery"})
    kinds = {line["kind"] for line in first.log if layout.is_document(line["path"])}
    assert kinds == {"gallery"}
    assert first.state_of(dw.VIDEO_BY_REFERENCE) == ("out of scope", "kind")
    second = crawl(tmp_path, "mediacenter:zh", site=site, settings={"ARCHIVE_KINDS": "article,gallery,video,audio"})
    kinds = {line["kind"] for line in second.log if layout.is_document(line["path"])}
    assert kinds == {"video", "audio"}
    assert dw.VIDEO_BY_REFERENCE in second.documents


def test_reference_to_an_unwanted_kind_is_requested_once(site: Site, tmp_path: Path) -> None:
    articles = {"ARCHIVE_KINDS": "article"}
    first = crawl(tmp_path, [dw.GALLERY_BY_REFERENCE, dw.GERMAN], "depth=0", site=site, settings=articles)
    assert set(first.documents) == {dw.GERMAN}
    assert first.state_of(dw.GALLERY_BY_REFERENCE) == ("out of scope", "kind")
    assert not crawl(tmp_path, [dw.GERMAN], "depth=0", site=site, settings=articles).requests
    third = crawl(tmp_path, [dw.GERMAN], "depth=0", site=site, settings={"ARCHIVE_KINDS": "article,gallery"})
    assert dw.GALLERY_BY_REFERENCE in third.documents
