"""Which HTTP client a crawl uses, with and without uvloop."""

from __future__ import annotations

import asyncio
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from scrapy.settings import default_settings

from crawler.configuration.reading import Settings
from crawler.crawl import httpclient
from crawler.exceptions import ArgumentError
from tests.crawling import QUICK, Command, options

OWN = {"https": "mine.Handler"}


def settings(client: str, **more: Any) -> Settings:
    return Settings(HTTP_CLIENT=client, **more)


@pytest.fixture
def without_uvloop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(httpclient, "find_spec", lambda name: None if name == "uvloop" else find_spec(name))


@pytest.mark.parametrize(("asked", "used"), [("auto", "aiohttp"), ("aiohttp", "aiohttp"), ("twisted", "twisted")])
def test_aiohttp_is_used_if_it_is_installed_and_no_other_is_named(asked: str, used: str) -> None:
    assert httpclient.client_of(settings(asked)) == used
    handler = httpclient.handlers(settings(asked))["https"]
    assert ("aiohttphandler" in handler) == (used == "aiohttp")


@pytest.mark.usefixtures("without_uvloop")
def test_twisted_is_used_if_uvloop_is_missing() -> None:
    assert httpclient.client_of(settings("auto")) == "twisted"
    assert "http11" in httpclient.handlers(settings("auto"))["https"]
    assert httpclient.set_event_loop(settings("auto")) is None
    with pytest.raises(ArgumentError, match=r"HTTP_CLIENT is aiohttp, but uvloop is not installed: pip install .*\[fast\]"):
        httpclient.client_of(settings("aiohttp"))


def test_retry_exceptions_lack_the_error_of_twisted_under_aiohttp() -> None:
    scrapys = default_settings.RETRY_EXCEPTIONS
    with_aiohttp = httpclient.retry_exceptions(settings("aiohttp", RETRY_EXCEPTIONS=scrapys))
    assert httpclient.retry_exceptions(settings("twisted", RETRY_EXCEPTIONS=scrapys)) == scrapys
    assert len(with_aiohttp) == len(scrapys) - 1
    assert not [error for error in with_aiohttp if "http11" in str(error)]


@pytest.mark.parametrize("name", ["", "AIOHTTP", "httpx", None, 1])
def test_other_names_are_refused(name: Any) -> None:
    with pytest.raises(ArgumentError, match="HTTP_CLIENT must be auto, aiohttp or twisted, not "):
        httpclient.client_of(settings(name))


def test_the_users_own_handler_is_named_in_the_report() -> None:
    assert httpclient.client_of(settings("auto", DOWNLOAD_HANDLERS=OWN)) == "mine.Handler"
    assert httpclient.client_of(settings("auto", DOWNLOAD_HANDLERS={"ftp": "mine.Handler"})) == "aiohttp"


def test_the_users_own_event_loop_is_kept() -> None:
    assert httpclient.set_event_loop(settings("auto", ASYNCIO_EVENT_LOOP="asyncio.SelectorEventLoop")) is None
    assert httpclient.set_event_loop(settings("twisted")) is None


def test_the_loop_of_uvloop_becomes_the_current_one() -> None:
    try:
        assert httpclient.set_event_loop(settings("auto")) == "uvloop.Loop"
        loop = asyncio.get_event_loop_policy().get_event_loop()
        assert type(loop).__module__ == "uvloop"
        loop.close()
    finally:
        asyncio.set_event_loop(None)


def test_unknown_client_ends_a_crawl_with_one_line(tmp_path: Path) -> None:
    done = Command("crawl", "dw", "-a", "seeds=", *options({**QUICK, "ARCHIVE_DIR": tmp_path, "HTTP_CLIENT": "fast"})).finish()
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith("HTTP_CLIENT must be auto, aiohttp or twisted, not 'fast'")
    assert "Traceback" not in done.stderr
