"""The archive is the queue: requests are made of what the index says is due, one at a time, when there is room for one."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from scrapy.core.scheduler import Scheduler

from crawler.exceptions import DiskError

if TYPE_CHECKING:
    from scrapy import Request, Spider
    from twisted.internet.defer import Deferred


class ArchiveScheduler(Scheduler):
    """Scrapy's scheduler for requests that others make, and the index for everything else. Switched on by SCHEDULER.

    Nothing is held in memory and nothing is lost by a kill: an object stays due in the index until its outcome is durable.
    """

    def open(self, spider: Spider) -> Deferred[None] | None:
        with contextlib.suppress(DiskError):  # here and below: it has been said, and the run is being ended
            spider.begin_run()  # type: ignore[attr-defined]
        return super().open(spider)

    def next_request(self) -> Request | None:
        with contextlib.suppress(DiskError):
            return super().next_request() or self.spider.next_request()  # type: ignore[attr-defined]
        return None

    def has_pending_requests(self) -> bool:
        with contextlib.suppress(DiskError):
            return super().has_pending_requests() or self.spider.has_due_documents()  # type: ignore[attr-defined]
        return False
