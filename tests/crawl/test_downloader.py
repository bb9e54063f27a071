"""Slots never hold more requests than they allow."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from scrapy import Request
from scrapy.core.downloader import Downloader, Slot

from crawler.crawl.downloader import ExactDownloader

REQUEST = Request("https://api.dw.com/api/detail/article/7")


class Gone(Exception):
    """A host with a Retry-After that is too long for the run."""


def downloader(patience: Any) -> Any:
    made: Any = object.__new__(ExactDownloader)
    made.crawler = SimpleNamespace(get_downloader_middleware=lambda kind: patience)
    made.processed = []
    made._process_queue = made.processed.append
    return made


def test_request_takes_its_place_in_the_slot_before_it_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    slot = Slot(1, 0)
    found: list[bool] = []
    monkeypatch.setattr(Downloader, "_wait_for_download", lambda *rest: found.append(REQUEST in slot.transferring))
    downloader(None)._wait_for_download(slot, REQUEST, None)
    assert found == [True]


def test_retry_after_is_waited_for_before_the_download(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    async def wait(request: Request) -> None:
        done.append("waited")

    async def download(*rest: Any) -> str:
        done.append("asked")
        return "response"

    monkeypatch.setattr(Downloader, "_download", download)
    made = downloader(SimpleNamespace(wait_for_host=wait))
    assert asyncio.run(made._download(Slot(1, 0), REQUEST)) == "response"
    assert done == ["waited", "asked"]


def test_cancelled_wait_makes_room_for_the_next_request() -> None:
    async def wait(request: Request) -> None:
        raise Gone

    slot = Slot(1, 0)
    slot.transferring.add(REQUEST)
    made = downloader(SimpleNamespace(wait_for_host=wait))
    with pytest.raises(Gone):
        asyncio.run(made._download(slot, REQUEST))
    assert (slot.transferring, made.processed) == (set(), [slot])
