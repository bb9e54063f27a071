"""The health of a run: counters with a meaning, without Scrapy."""

from __future__ import annotations

import math

import pytest

from crawler.crawl.health import Allowance, ApiHealth, FirstContact, Reachability, may_use_pages
from crawler.dw import places
from crawler.reasons import NONE, ROBOTS, TIMEOUT, Reason, status
from crawler.storage.index.objects import PENDING, Row

NEW = Row(7, "", "article", PENDING)
ARCHIVED_FROM_API = NEW._replace(path="en/7.txt", origin="api")
ARCHIVED_FROM_PAGE = NEW._replace(path="en/7.txt", origin="page:react")
MISSED_BEFORE = NEW._replace(misses=2)


@pytest.mark.parametrize(("row", "may"), [(NEW, True), (ARCHIVED_FROM_PAGE, True), (ARCHIVED_FROM_API, False)])
def test_page_does_not_replace_a_document_from_the_api(row: Row, may: bool) -> None:
    assert may_use_pages(row) is may


# --- the first answer ---


def test_a_run_without_an_answer_waits_eight_seconds_for_a_host_and_fourteen_for_all() -> None:
    contact = FirstContact()
    assert contact.left_s("rss.dw.com", 100) == 8
    assert contact.left_s("rss.dw.com", 103) == 5
    assert contact.left_s("api.dw.com", 109) == 5, "fourteen seconds after the first"
    assert contact.left_s("api.dw.com", 115) < 0
    assert contact.left_s("static.dw.com", 120) == 2, "a host that is asked late gets a chance too"
    assert contact.left_s("static.dw.com", 123) < 0


def test_any_answer_brings_full_patience() -> None:
    contact = FirstContact()
    contact.left_s("rss.dw.com", 100)
    contact.is_made = True
    assert contact.left_s("rss.dw.com", 1000) == contact.left_s("www.dw.com", 1000) == math.inf


# --- api.dw.com ---


def failing() -> ApiHealth:
    """api.dw.com after three failures in a row."""
    api = ApiHealth()
    assert [api.note("api:article", NEW, status(503)) for _ in range(3)] == [False, False, True]
    return api


def test_third_failure_in_a_row_is_reported_once() -> None:
    api = failing()
    assert not api.note("api:article", NEW, TIMEOUT)


def test_usable_answer_resets_the_count_of_failures() -> None:
    api = failing()
    assert not api.note("api:article", NEW, NONE)
    assert (api.works, api.failures) == (True, 0)


def test_while_the_api_fails_one_request_in_ten_goes_there() -> None:
    api = failing()
    asked = [api.first_place(NEW) for _ in range(20)]
    assert asked.count("api:article") == 2
    assert asked.count(places.GRAPH) == 18


def test_documents_from_the_api_are_requested_only_there() -> None:
    api = failing()
    assert {api.first_place(ARCHIVED_FROM_API) for _ in range(20)} == {"api:article"}


@pytest.mark.parametrize(
    ("place", "row", "reason", "works", "failures"),
    [
        ("api:article", NEW, status(404), False, 1),  # of an API that gave nothing yet: not believed
        ("api:article", NEW, status(404), True, 0),
        ("api:article", MISSED_BEFORE, status(404), False, 0),
        ("api:video", NEW, status(503), False, 0),  # not the first place of an article
        ("graph", NEW, status(503), False, 0),
        ("api:article", NEW, status(403), False, 0),
        ("api:article", NEW, status(503), True, 1),
    ],
)
def test_failures_of_the_api_are_counted(place: str, row: Row, reason: Reason, works: bool, failures: int) -> None:
    api = ApiHealth()
    api.works = works
    api.note(place, row, reason)
    assert api.failures == failures


# --- any answer ---


@pytest.mark.parametrize(("is_answered", "most"), [(False, 5), (True, 20)])
def test_a_run_gives_up_after_so_many_documents_without_an_answer(is_answered: bool, most: int) -> None:
    reachability = Reachability()
    told = [reachability.note_miss(NEW, TIMEOUT, is_answered=is_answered) for _ in range(most)]
    assert told == [False] * (most - 1) + [True]


@pytest.mark.parametrize("reason", [status(404), status(403), ROBOTS])
def test_answer_without_a_document_counts_as_an_answer(reason: Reason) -> None:
    reachability = Reachability()
    for _ in range(4):
        reachability.note_miss(NEW, TIMEOUT, is_answered=False)
    assert not reachability.note_miss(NEW, reason, is_answered=False)
    assert reachability.unanswered == 0


def test_answer_resets_the_count_of_unanswered_documents() -> None:
    reachability = Reachability()
    reachability.note_miss(NEW, TIMEOUT, is_answered=False)
    reachability.note_answer()
    assert reachability.unanswered == 0


@pytest.mark.parametrize(("is_answered", "unanswered"), [(True, 0), (False, 1)])
def test_earlier_misses_count_only_while_nothing_answers(is_answered: bool, unanswered: int) -> None:
    reachability = Reachability()
    reachability.note_miss(MISSED_BEFORE, TIMEOUT, is_answered=is_answered)
    assert reachability.unanswered == unanswered


# --- max_articles ---


def test_allowance_counts_stored_and_requested_documents() -> None:
    allowance = Allowance(2)
    allowance.begin(is_new=True)
    allowance.begin(is_new=False)
    assert not allowance.is_used_up(stored=0)
    assert allowance.is_used_up(stored=1)
    allowance.end(is_new=True)
    allowance.end(is_new=False)
    assert not allowance.is_used_up(stored=1)


def test_no_limit_is_never_used_up() -> None:
    assert not Allowance(0).is_used_up(stored=10**6)
