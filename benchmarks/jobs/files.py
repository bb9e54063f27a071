"""A Scrapy spider that has the pictures of each reply stored by FilesPipeline, and nothing else:
`-a requests=FILE -a static=ADDRESS`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from scrapy import Request, Spider
from scrapy.http import Response, TextResponse


class FilesSpider(Spider):
    name = "files"
    requests = static = ""
    custom_settings = {"ITEM_PIPELINES": {"scrapy.pipelines.files.FilesPipeline": 1}}  # noqa: RUF012

    async def start(self) -> AsyncIterator[Any]:
        with Path(self.requests).open() as addresses:
            for address in addresses:
                yield Request(address.strip())

    def parse(self, response: Response) -> Iterator[Any]:
        assert isinstance(response, TextResponse)
        reply = response.json()
        images = [reply["mainContent"], *(part["content"] for part in reply["body"])]
        ids = [image["id"] for image in images if image["type"] == "Image"]
        yield {"file_urls": [f"{self.static}/image/{dw_id}_303.jpg" for dw_id in dict.fromkeys(ids)]}
