"""Scrapy's downloader, kept to what a slot promises. Switched on by DOWNLOADER.

In 2.19 a slot learns of a download a moment after it has begun one, and by then has begun as many as were waiting: an article
with twenty pictures made twenty requests at once where four were allowed. And what waits in a slot is past every middleware.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from scrapy.core.downloader import Downloader, Slot

from crawler.crawl.middlewares.patience import PatienceMiddleware

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response
    from twisted.internet.defer import Deferred


class ExactDownloader(Downloader):
    """Never more requests to a host at once than its slot allows, and none while the host wants to be left alone."""

    def _wait_for_download(self, slot: Slot, request: Request, queue_dfd: Deferred[Response]) -> Coroutine[Any, Any, None]:
        slot.transferring.add(request)
        return super()._wait_for_download(slot, request, queue_dfd)

    async def _download(self, slot: Slot, request: Request) -> Response:
        if patience := self.crawler.get_downloader_middleware(PatienceMiddleware):
            try:
                await patience.wait_for_host(request)
            except BaseException:
                slot.transferring.remove(request)
                self._process_queue(slot)
                raise
        return await super()._download(slot, request)
