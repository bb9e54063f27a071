"""Scrapy's scheduler, with the archive as the queue of documents."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from scrapy.core.scheduler import Scheduler

from crawler.crawl.documents import Documents
from crawler.exceptions import DiskError

if TYPE_CHECKING:
    from scrapy import Request, Spider
    from twisted.internet.defer import Deferred


@runtime_checkable
class HasDocuments(Protocol):
    """A spider whose documents come from the archive."""

    documents: Documents


class ArchiveScheduler(Scheduler):
    """Scrapy's scheduler for requests that others make, and the index for documents. Switched on by SCHEDULER.

    Nothing is held in memory, and a kill loses nothing: a document stays due in the index until its outcome is durable.
    """

    documents: Documents

    def open(self, spider: Spider) -> Deferred[None] | None:
        assert isinstance(spider, HasDocuments), f"spider {spider} has no documents to request"
        self.documents = spider.documents
        with contextlib.suppress(DiskError):  # here and below: the run has noted the error, and is ending
            self.documents.open()
        return super().open(spider)

    def next_request(self) -> Request | None:
        with contextlib.suppress(DiskError):
            return super().next_request() or self.documents.next_request()
        return None

    def has_pending_requests(self) -> bool:
        with contextlib.suppress(DiskError):
            return super().has_pending_requests() or self.documents.has_due()
        return False
