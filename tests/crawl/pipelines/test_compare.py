"""Articles that the archive holds already: what is stored nevertheless."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from scrapy.exceptions import DropItem

from crawler import reasons
from crawler.crawl.pipelines.archive import ArchivePipeline
from crawler.crawl.pipelines.compare import ComparePipeline
from crawler.crawl.pipelines.item import Fetched
from crawler.dw import places
from crawler.dw.article import Article, Paragraph
from crawler.sanitise import Markup
from crawler.storage.index.objects import ALIAS, ARCHIVED
from crawler.urls import DW
from tests.conftest import NOW_MS, OpenArchive
from tests.crawl.fakes import run_with

ID = 70000001


def fetched(words: str = "What DW says.", origin: str = "api", stamp_ms: int = NOW_MS, **more: Any) -> Fetched:
    article = Article(ID, "article", "A title", "en", Markup("Somebody"), "2026-05-01T10:00:00.000Z",
                      blocks=(Paragraph(Markup(words)),), origin=origin)  # fmt: skip
    item = Fetched(article, places.document(article, stamp_ms, "en"), ID, words.encode(), DW.detail("article", ID), stamp_ms)
    return replace(item, **more)


@pytest.fixture
def run(archive: OpenArchive) -> Any:
    """A run whose archive holds the article."""
    run = run_with(archive())
    asyncio.run(ArchivePipeline(run).process_item(fetched()))
    run.stats.clear()
    return run


def is_dropped(run: Any, item: Fetched) -> bool:
    try:
        return asyncio.run(ComparePipeline(run).process_item(item)) is not item
    except DropItem:
        return True


def test_same_content_is_not_stored_twice(run: Any) -> None:
    assert is_dropped(run, fetched(stamp_ms=NOW_MS + 5000, etag="later"))
    row = run.archive.index.get(ID)
    assert (row.stamp_ms, row.checked_ms, row.etag) == (NOW_MS, NOW_MS + 5000, "later")
    assert run.stats == {"dw/document/unchanged": 1}


def test_changed_content_reaches_the_next_pipeline(run: Any) -> None:
    assert not is_dropped(run, fetched("What DW says now."))
    assert run.stats == {}


def test_a_weaker_origin_changes_nothing(run: Any) -> None:
    assert is_dropped(run, fetched("What a machine says.", origin=next(iter(places.WEAK))))
    assert run.stats == {"dw/document/weaker": 1}
    assert run.archive.index.get(ID).checked_ms == 0, "it is compared with one of a better origin"


def test_an_alias_that_was_requested_is_remembered(run: Any) -> None:
    assert is_dropped(run, fetched(requested=5))
    row = run.archive.index.get(5)
    assert (row.state, row.target) == (ALIAS, ID)
    assert run.stats == {"dw/document/unchanged": 1, "dw/document/alias": 1}


def test_a_lost_reply_is_stored_again(run: Any) -> None:
    path = run.root / run.archive.reply_of(run.archive.index.get(ID).path)
    before = path.read_bytes()
    path.unlink()
    assert is_dropped(run, fetched())
    assert path.read_bytes() == before


def test_what_was_missing_meanwhile_is_archived_again(run: Any) -> None:
    row = run.archive.index.get(ID)
    run.archive.store_now([], [run.archive.miss(row, reasons.status(404), NOW_MS)])
    assert run.archive.index.get(ID).misses == 1
    assert is_dropped(run, fetched())
    row = run.archive.index.get(ID)
    assert (row.state, row.misses) == (ARCHIVED, 0)
