"""A Scrapy spider that requests every address of a list and keeps nothing: `-a requests=FILE`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from scrapy import Request, Spider
from scrapy.http import Response


class BareSpider(Spider):
    name = "bare"
    requests = ""

    async def start(self) -> AsyncIterator[Any]:
        with Path(self.requests).open() as addresses:
            for address in addresses:
                yield Request(address.strip())

    def parse(self, response: Response) -> None:
        """Drop the reply."""
