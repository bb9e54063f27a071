"""Fixtures for the tests of a crawl."""

from __future__ import annotations

import pytest

from tests.crawling import QUICK


@pytest.fixture(params=["aiohttp", pytest.param("twisted", marks=pytest.mark.torture)])
def client(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The HTTP client of every crawl in a test: aiohttp, and in `make torture` Twisted's too."""
    name = str(request.param)
    monkeypatch.setitem(QUICK, "HTTP_CLIENT", name)
    return name
