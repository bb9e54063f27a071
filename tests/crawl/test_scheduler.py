"""The queue: requests of other components come first, then the due documents of the archive."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from scrapy import Request
from scrapy.utils.test import get_crawler

from crawler.crawl.documents import Documents
from crawler.crawl.dupefilter import IndexDupeFilter
from crawler.crawl.registry import Registry
from crawler.crawl.scheduler import ArchiveScheduler
from crawler.exceptions import DiskError
from tests.conftest import OpenArchive
from tests.crawl.fakes import run_with

FEED = Request("https://rss.dw.com/rdf/rss-en-all")


class Unreadable(Documents):
    """Documents of an archive whose disk fails."""

    def open(self) -> None:
        raise DiskError("the disk fails")

    def has_due(self) -> bool:
        raise DiskError("the disk fails")

    def next_request(self) -> Request | None:
        raise DiskError("the disk fails")


def scheduler(run: Any, documents: type[Documents] = Documents) -> ArchiveScheduler:
    made = documents(run, Registry(run), lambda response: None, lambda failure: None)
    spider: Any = SimpleNamespace(name="x", run=run, documents=made)
    crawler = get_crawler(settings_dict={"SCHEDULER_PRIORITY_QUEUE": "scrapy.pqueues.ScrapyPriorityQueue"})
    crawler.spider, spider.crawler = spider, SimpleNamespace(stats=SimpleNamespace(inc_value=lambda name: None))
    found = ArchiveScheduler.from_crawler(crawler)
    found.df = IndexDupeFilter.from_crawler(crawler)
    found.open(spider)
    return found


@pytest.fixture
def run(archive: OpenArchive) -> Any:
    """A run whose archive has registered documents 7 and 8."""
    run = run_with(archive())
    run.archive.register([7, 8], 0)
    return run


def test_requests_of_others_come_before_documents(run: Any) -> None:
    queue = scheduler(run)
    assert queue.enqueue_request(FEED)
    requests = [request for request in iter(queue.next_request, None) if request]
    assert requests[0].url == FEED.url
    assert [request.meta["id"] for request in requests[1:]] == [8, 7]
    assert not queue.has_pending_requests()


def test_a_due_document_is_pending(run: Any) -> None:
    assert scheduler(run).has_pending_requests()


def test_a_document_that_was_handed_out_is_not_queued_again(run: Any) -> None:
    queue = scheduler(run)
    assert (request := queue.next_request())
    assert not queue.enqueue_request(request.replace(dont_filter=False))


def test_a_failing_disk_leaves_nothing_to_request(run: Any) -> None:
    queue = scheduler(run, Unreadable)
    assert queue.next_request() is None
    assert not queue.has_pending_requests()


def test_a_spider_without_documents_is_refused() -> None:
    queue = ArchiveScheduler.from_crawler(get_crawler())
    spider: Any = SimpleNamespace(name="x")
    with pytest.raises(AssertionError, match="no documents to request"):
        queue.open(spider)
