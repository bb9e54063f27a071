"""New and changed documents: what is stored, registered and counted."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from crawler.crawl.pipelines.archive import ArchivePipeline
from crawler.crawl.pipelines.item import Fetched
from crawler.dw import places
from crawler.storage import layout, logline
from crawler.storage.index.objects import ALIAS, PENDING
from crawler.storage.logline import FileRecord
from crawler.storage.runlog import read_log, run_logs
from tests.conftest import NOW_MS, OpenArchive
from tests.crawl.fakes import run_with
from tests.crawl.pipelines.test_compare import ID, fetched


@pytest.fixture
def run(archive: OpenArchive) -> Any:
    return run_with(archive())


def store(run: Any, *items: Fetched) -> None:
    """Let items arrive at once."""

    async def all_of_them() -> None:
        assert await asyncio.gather(*map(ArchivePipeline(run).process_item, items)) == list(items)

    asyncio.run(all_of_them())


def test_a_document_is_stored_with_the_reply_it_was_made_of(run: Any) -> None:
    store(run, fetched(etag="e", hop=2))
    row = run.archive.index.get(ID)
    assert (row.origin, row.hop, row.etag, row.stamp_ms, row.checked_ms) == ("api", 2, "e", NOW_MS, NOW_MS)
    assert sorted(run.root.glob("en/*/*/*")) == sorted(run.root / path for path in (row.path, layout.reply_path(row.path)))
    assert run.stats == {"dw/document/new": 1, "dw/document/article": 1, "dw/document/language/en": 1}


def test_log_line_says_where_a_document_came_from(run: Any) -> None:
    store(run, fetched(hop=1))
    records = [logline.parse(line) for log in run_logs(run.root) for line in read_log(log)]
    [about] = [one.about for one in records if isinstance(one, FileRecord) and layout.is_document(one.path)]
    assert (about.kind, about.id, about.language, about.hop, about.origin) == ("article", ID, "en", 1, "api")
    assert about.requested is None


def test_a_reference_is_one_hop_further_away(run: Any) -> None:
    store(run, fetched('<a href="https://api.dw.com/api/detail/article/8" rel="ArticleRef">More</a>', hop=1))
    assert (run.archive.index.get(8).state, run.archive.index.get(8).hop) == (PENDING, 2)


def test_reference_counts_from_the_nearest_way_to_its_document_found_while_that_was_fetched(run: Any) -> None:
    run.archive.register([ID], 1)  # by another document, after the request
    store(run, fetched('<a href="https://api.dw.com/api/detail/article/8" rel="ArticleRef">More</a>', hop=3))
    assert (run.archive.index.get(ID).hop, run.archive.index.get(8).hop) == (1, 2)


def test_changed_content_becomes_a_revision(run: Any) -> None:
    store(run, fetched())
    store(run, fetched("What DW says now.", stamp_ms=NOW_MS + 5000))
    assert (run.stats["dw/document/new"], run.stats["dw/document/revised"]) == (1, 1)
    assert len(list(run.root.glob(f"revisions/{ID}/*.txt"))) == 1


def test_a_document_that_came_under_an_alias_is_stored_under_its_own_id(run: Any) -> None:
    store(run, fetched(requested=5))
    alias = run.archive.index.get(5)
    assert (alias.state, alias.target) == (ALIAS, ID)
    assert run.stats["dw/document/alias"] == 1


def test_a_document_that_arrives_twice_at_once_is_stored_once(run: Any) -> None:
    store(run, fetched(), fetched(requested=5))
    assert (run.stats["dw/document/new"], run.stats["dw/document/unchanged"]) == (1, 1)


def test_document_of_a_weak_origin_is_due_again(run: Any) -> None:
    item = fetched(origin=next(iter(places.WEAK)))
    store(run, replace(item))
    assert run.archive.index.get(ID).checked_ms == 0
