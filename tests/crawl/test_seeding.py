"""The treatment of each kind of seed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from crawler import clock, seeds
from crawler.crawl.lists import Lists
from crawler.crawl.registry import Registry
from crawler.crawl.seeding import Seeding, standard_input
from crawler.storage.index.objects import ARCHIVED, PENDING
from crawler.urls import Target
from tests.conftest import NOW_MS, OpenArchive
from tests.crawl.fakes import run_with
from tests.helpers_commands import document

ARTICLE = seeds.Address("list:1", Target("article", 70000001, "en"), "https://www.dw.com/en/a/a-70000001")
FEED = seeds.Address("list:2", Target("feed", None, "en"), "https://rss.dw.com/rdf/rss-en-all")
ELSEWHERE = seeds.Address("list:3", Target("feed", None), "ftp://rss.dw.com/rdf/rss-en-all")


@pytest.fixture
def run(archive: OpenArchive, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(clock, "now_ms", lambda: NOW_MS)
    return run_with(archive())


def seeding(run: Any) -> Seeding:
    registry = Registry(run)
    return Seeding(run, registry, Lists(run, registry))


def test_an_address_becomes_a_pending_document(run: Any) -> None:
    assert asyncio.run(seeding(run).take(ARTICLE)) == 1
    assert run.archive.index.get(70000001).state == PENDING
    assert run.stats == {"dw/seed/address": 1}


def test_a_document_is_stored_once_and_compared_with_dw(run: Any) -> None:
    seed = seeds.Document("file", document(), is_mended=True)
    assert [asyncio.run(seeding(run).take(seed)) for _ in range(2)] == [1, 1]
    row = run.archive.index.get(70000001)
    assert (row.state, row.checked_ms, row.due) == (ARCHIVED, 0, 1)
    assert run.stats["dw/document/from_seed/new"] == run.stats["dw/document/from_seed/already there"] == 1
    assert run.stats["dw/seed/mended"] == 2


def test_a_dry_run_stores_no_document(run: Any) -> None:
    run.options.dry_run = True
    assert asyncio.run(seeding(run).take(seeds.Document("file", document()))) == 1
    assert run.archive.index.get(70000001).path is None


@pytest.mark.parametrize("seed", [seeds.Problem("list:4", "no address"), FEED, seeds.Start("argument", "edition:en")])
def test_file_that_is_not_a_document_is_not_stored(run: Any, seed: seeds.Seed) -> None:
    assert asyncio.run(seeding(run).take(seed)) == 0
    assert run.archive.index.counts() == {}
    assert run.stats["dw/seed/unusable"] == isinstance(seed, seeds.Problem)


def test_a_list_becomes_its_requests(run: Any) -> None:
    [request] = seeding(run).list_requests(FEED) or []
    assert request.url == FEED.url
    assert run.stats["dw/seed/listing"] == 1
    assert seeding(run).list_requests(ARTICLE) is None
    assert len(seeding(run).list_requests(seeds.Start("argument", "edition:en")) or []) > 1


@pytest.mark.parametrize(
    "seed", [ELSEWHERE, seeds.Start("argument", "search:en:yesterday"), seeds.Start("argument", "edition:xx")]
)
def test_an_unusable_list_is_counted_and_named(run: Any, seed: seeds.Seed, caplog: pytest.LogCaptureFixture) -> None:
    assert seeding(run).list_requests(seed) is None
    assert run.stats["dw/seed/unusable"] == 1
    assert seed.place in caplog.text


def test_standard_input_is_read_only_if_it_is_named() -> None:
    assert asyncio.run(standard_input("list.txt,-x")).read() == b""
