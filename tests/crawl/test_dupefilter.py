"""The duplicate filter: the index decides about documents, Scrapy's fingerprints about everything else."""

from __future__ import annotations

from typing import Any

import pytest
from scrapy import Request

from crawler.crawl.documents import Documents
from crawler.crawl.dupefilter import IndexDupeFilter
from crawler.crawl.registry import Registry
from tests.conftest import OpenArchive
from tests.crawl.fakes import crawler_with, run_with

FEED = "https://rss.dw.com/rdf/rss-en-all"


@pytest.fixture
def run(archive: OpenArchive) -> Any:
    """A run in which document 7 is due."""
    run = run_with(archive())
    run.archive.register([7], 0)
    Documents(run, Registry(run), lambda response: None, lambda failure: None).open()
    return run


def document(dw_id: int, address: str = "") -> Request:
    return Request(address or f"https://api.dw.com/api/detail/article/{dw_id}", meta={"id": dw_id})


def test_a_due_document_is_requested_once(run: Any) -> None:
    seen = IndexDupeFilter.from_crawler(crawler_with(run)).request_seen
    assert [seen(document(7)), seen(document(7))] == [False, True]


def test_another_address_of_a_document_is_a_duplicate_too(run: Any) -> None:
    seen = IndexDupeFilter.from_crawler(crawler_with(run)).request_seen
    assert [seen(document(7)), seen(document(7, "https://www.dw.com/en/a-7"))] == [False, True]


def test_a_document_that_is_not_due_is_a_duplicate(run: Any) -> None:
    assert IndexDupeFilter.from_crawler(crawler_with(run)).request_seen(document(8))


def test_a_list_is_requested_once(run: Any) -> None:
    seen = IndexDupeFilter.from_crawler(crawler_with(run)).request_seen
    assert [seen(Request(FEED)), seen(Request(FEED)), seen(Request(FEED + "-2"))] == [False, True, False]


def test_the_target_of_a_redirect_is_never_dropped(run: Any) -> None:
    seen = IndexDupeFilter.from_crawler(crawler_with(run)).request_seen
    assert not seen(Request(FEED))
    assert not seen(Request(FEED, meta={"redirect_times": 1}))
