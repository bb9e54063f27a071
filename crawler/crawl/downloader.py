"""Make Scrapy's downloader keep the limits of its slots. Switched on by DOWNLOADER.

Scrapy 2.19 counts a download only after it has started it, and by then has started all waiting ones: an article with
twenty pictures made twenty requests at once, although four were allowed. Requests that wait in a slot have also passed every
middleware, so Retry-After has to be checked here.
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
    """Sends a host no more requests at once than its slot allows, and none while its Retry-After lasts."""

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
