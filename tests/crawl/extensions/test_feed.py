"""Scrapy's feeds are made only on request. tests/crawl/test_feeds.py tests their content."""

from __future__ import annotations

from typing import Any

import pytest
from scrapy.exceptions import NotConfigured
from scrapy.utils.test import get_crawler

from crawler.crawl.extensions.feed import DocumentFeed
from crawler.crawl.feeds import DocumentFeedExporter
from tests.conftest import OpenArchive
from tests.crawl.fakes import run_with

FEEDS = {"items.jsonl": {"format": "jsonlines"}}


def crawler(run: Any, **settings: Any) -> Any:
    made: Any = get_crawler(settings_dict=settings)
    made.spider = type("spider", (), {"run": run})()
    return made


@pytest.mark.parametrize(("feeds", "dry_run"), [({}, False), (FEEDS, True)])
def test_run_without_feeds_and_dry_run_load_no_exporter(feeds: dict[str, Any], dry_run: bool, archive: OpenArchive) -> None:
    with pytest.raises(NotConfigured):
        DocumentFeed.from_crawler(crawler(run_with(archive(), dry_run=dry_run), FEEDS=feeds))


def test_a_run_with_feeds_exports_the_documents_it_stores(archive: OpenArchive) -> None:
    run = run_with(archive())
    run.on_document = None
    made = DocumentFeed.from_crawler(crawler(run, FEEDS=FEEDS))
    assert isinstance(made, DocumentFeedExporter)
    assert callable(run.on_document)
