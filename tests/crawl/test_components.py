"""The settings that make a crawl one for an archive."""

from __future__ import annotations

from typing import Any

import pytest
from scrapy.settings import default_settings
from scrapy.utils.misc import load_object

from crawler.crawl import components, httpclient

NAMED = [
    *components.DOWNLOADER_MIDDLEWARES, *components.DOWNLOADER_MIDDLEWARES_BASE, *components.ITEM_PIPELINES,
    *components.EXTENSIONS, *components.EXTENSIONS_BASE,
    *(components.SETTINGS[name] for name in ("DOWNLOADER", "SCHEDULER", "DUPEFILTER_CLASS", "LOG_FORMATTER")),
    *httpclient.HANDLERS.values(), *components.SETTINGS["FEED_EXPORTERS"].values(),
]  # fmt: skip


@pytest.mark.parametrize("path", NAMED)
def test_components_have_the_positions_of_the_settings(path: str) -> None:
    assert callable(load_object(path))


@pytest.mark.parametrize("name", ["DOWNLOADER_MIDDLEWARES_BASE", "EXTENSIONS_BASE"])
def test_a_component_of_scrapys_keeps_its_position(name: str) -> None:
    ours: dict[str, int] = components.SETTINGS[name]
    scrapys: dict[str, Any] = vars(default_settings)[name]
    assert {path: scrapys[path] for path in ours} == ours


def test_run_is_made_before_the_components_that_use_it() -> None:
    first = min(components.EXTENSIONS.values())
    assert [path for path, position in components.EXTENSIONS.items() if position == first] == [
        "crawler.crawl.extensions.archive.ArchiveExtension"
    ]


def test_pictures_are_fetched_before_the_document_is_stored() -> None:
    order = sorted(components.ITEM_PIPELINES, key=components.ITEM_PIPELINES.__getitem__)
    assert [path.rpartition(".")[2] for path in order] == [
        "OmissionsPipeline", "ComparePipeline", "PicturesPipeline", "ArchivePipeline", "MediaPipeline",
    ]  # fmt: skip
