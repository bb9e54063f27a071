"""A Scrapy 2.11 spider that requests every address of a list, for scrapy-webarchive to keep: `-a requests=FILE`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scrapy import Request, Spider
from scrapy.http import Response


class WebArchiveSpider(Spider):
    name = "webarchive"
    requests = ""
    custom_settings = {"EXTENSIONS": {"scrapy_webarchive.extensions.WaczExporter": 543}}  # noqa: RUF012

    def start_requests(self) -> Iterator[Any]:
        with Path(self.requests).open() as addresses:
            for address in addresses:
                yield Request(address.strip())

    def parse(self, response: Response) -> None:
        """Drop the reply; the extension stores it."""
