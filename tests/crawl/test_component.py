"""The run that components are made with."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from crawler.crawl.component import RunComponent, run_of
from tests.conftest import OpenArchive
from tests.crawl.fakes import crawler_with, run_with


def test_a_component_is_made_with_the_run_of_the_spider(archive: OpenArchive) -> None:
    run = run_with(archive())
    assert RunComponent.from_crawler(crawler_with(run)).run is run


def test_spider_without_a_run_is_reported_as_a_wrong_setting() -> None:
    crawler: Any = SimpleNamespace(spider=SimpleNamespace())
    with pytest.raises(AssertionError, match="EXTENSIONS must hold"):
        run_of(crawler)
