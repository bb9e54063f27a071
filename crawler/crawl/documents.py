"""Use the archive as the queue: request the documents that are due by the index, one at a time."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from scrapy import Request

from crawler import reasons
from crawler.crawl import replies
from crawler.crawl.health import Allowance, ApiHealth
from crawler.dw import places
from crawler.reasons import Reason
from crawler.storage.index import agenda
from crawler.storage.index.objects import ARCHIVED, PENDING, Row
from crawler.urls import DOCUMENT_KINDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawler.crawl.registry import Registry
    from crawler.crawl.run import Run

logger = logging.getLogger(__name__)


class Documents:
    """Requests for the documents of a run. callback, errback: what their responses and failures are given to.

    Counts dw/request/attempted. Each request's meta holds `id`, `place`, `why` and `new`: whether the document is new.
    """

    def __init__(self, run: Run, registry: Registry, callback: Callable[..., Any], errback: Callable[..., Any]) -> None:
        self.run = run
        self.registry = registry
        self.callback, self.errback = callback, errback
        self.api = ApiHealth()
        self.allowance = Allowance(run.options.max_articles)

    def open(self) -> None:
        """Mark in the index what this run requests. Called once, before the first request. Raises DiskError."""
        run, options, index = self.run, self.run.options, self.run.archive.index
        scope_line = agenda.scope_line(index, run.start_ms, options.scope)
        agenda.mark(index, run.start_ms, options.scope, options.rules, options.refresh, media=options.media)
        if scope_line and not options.dry_run:
            self.registry.add(scope_line)
        archived = index.count(ARCHIVED, DOCUMENT_KINDS)
        pending = index.count(PENDING, (*DOCUMENT_KINDS, "picture", "media"))
        again = max(sum(index.count_due()) - pending, 0)
        logger.info("%s: %d archived, %d pending, %d to check again", run.root, archived, pending, again)

    def next_request(self) -> Request | None:
        """Return a request for the next document, and claim that; None if the limits leave no room, or nothing is due."""
        if self.run.options.dry_run or not self.run.control.has_room(self.run.options.concurrency):
            return None
        row = self._next()
        return self.request(row) if row and self.run.archive.index.claim(row.id) else None

    def has_due(self) -> bool:
        """Whether there is more to request in this run."""
        return not self.run.options.dry_run and self._next() is not None

    def is_cut_short(self) -> bool:
        """Whether documents are due, and max_articles forbids to request them."""
        return self.run.archive.index.next_document() is not None and self._is_limit_reached()

    def request(self, row: Row, place: str = "", why: Reason = reasons.NONE) -> Request:
        """Return the request for a document, conditional if the last reply gave a validator.

        place: where to ask, empty for the first place. why: why the first place gave nothing.
        """
        is_new = row.path is None
        if not place:
            place = self.api.first_place(row)
            self.allowance.begin(is_new=is_new)
            self.run.count("dw/request/attempted")
        return Request(
            places.url(place, row.kind, row.id, row.language, self.run.sites), callback=self.callback, errback=self.errback,
            headers=self._conditions(row, place), dont_filter=True,
            meta={"id": row.id, "new": is_new, "place": place, "why": why},
        )  # fmt: skip

    def _next(self) -> Row | None:
        row = self.run.archive.index.next_document()
        return None if row is None or (row.path is None and self._is_limit_reached()) else row

    def _is_limit_reached(self) -> bool:
        return self.allowance.is_used_up(self.run.counted("dw/document/new"))

    def _conditions(self, row: Row, place: str) -> dict[str, str]:
        """Return the condition headers for a document; none if a 304 would prove nothing, because its files are lost or
        damaged, or its reply came from another place."""
        archive, found = self.run.archive, replies.conditions(row.etag, row.last_modified)
        if not found or not row.path or not places.gives(place, row.origin):
            return {}
        reply = archive.reply_of(row.path, row.origin)
        return found if reply and archive.is_sound(row.path) and archive.is_sound(reply) else {}
