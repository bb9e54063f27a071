"""The requests of a run to Scrapy's engine, with a minimal engine."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from scrapy import Request

from crawler.crawl import control
from crawler.crawl.control import Control

LIST = Request("https://rss.dw.com/rdf/rss-en-all")


def document(dw_id: int = 7) -> Request:
    return Request(f"https://api.dw.com/api/detail/article/{dw_id}", meta={"id": dw_id})


def crawler(active: set[Request] | None = None, in_pipelines: int = 0, running: bool = True, closing: object = None) -> Any:
    """A crawler whose engine downloads these requests."""
    closed: list[str] = []

    async def close(reason: str) -> None:
        closed.append(reason)

    async def download(request: Request) -> str:
        return f"response to {request.url}"

    scraper = SimpleNamespace(slot=SimpleNamespace(itemproc_size=in_pipelines))
    engine = SimpleNamespace(
        downloader=SimpleNamespace(active=active or set()), scraper=scraper,
        running=running, _slot=SimpleNamespace(closing=closing), close_spider_async=close, download_async=download,
    )  # fmt: skip
    return SimpleNamespace(engine=engine, closed=closed)


@pytest.mark.parametrize(
    ("active", "in_pipelines", "most", "has_room"),
    [
        (set(), 0, 1, True),
        ({document(7)}, 0, 1, True),  # one more, so that it is ready
        ({document(7), document(8)}, 0, 1, False),
        ({document(7), LIST}, 0, 1, True),  # lists and pictures take no room
        (set(), control._IN_PIPELINES - 1, 1, True),
        (set(), control._IN_PIPELINES, 1, False),
    ],
)
def test_there_is_room_for_one_document_more_than_the_limit(
    active: set[Request], in_pipelines: int, most: int, has_room: bool
) -> None:
    assert Control(crawler(active, in_pipelines)).has_room(most) == has_room


def test_documents_being_downloaded_or_stored_are_under_way() -> None:
    assert Control(crawler({document(7), LIST}, in_pipelines=2)).under_way() == 3


def test_crawl_that_downloads_nothing_is_idle() -> None:
    assert Control(crawler()).is_idle()
    assert not Control(crawler({LIST})).is_idle()


@pytest.mark.parametrize(("engine", "is_closing"), [
    ({}, False), ({"running": False}, True), ({"closing": object()}, True),
])  # fmt: skip
def test_crawl_is_closing_if_the_engine_says_so(engine: dict[str, Any], is_closing: bool) -> None:
    assert Control(crawler(**engine)).is_closing() == is_closing


def test_a_crawl_is_closed_once_and_not_before_it_was_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "_schedule_coro", asyncio.run)
    one = crawler()
    running = Control(one)
    running.close("too early")
    assert not running.is_closing()
    running.note_opened()
    running.close("DiskError")
    running.close("shutdown")
    assert one.closed == ["DiskError"]
    assert running.is_closing()


def test_downloads_go_through_the_engine() -> None:
    assert asyncio.run(Control(crawler()).download(LIST)) == f"response to {LIST.url}"  # type: ignore[comparison-overlap]
