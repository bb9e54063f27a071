"""The duplicate filter: the index says what is a duplicate. A document is requested once a run, and only while it is due."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.dupefilters import RFPDupeFilter

from crawler.crawl.component import run_of

if TYPE_CHECKING:
    from typing import Self

    from scrapy import Request
    from scrapy.crawler import Crawler

    from crawler.crawl.run import Run


class IndexDupeFilter(RFPDupeFilter):
    """Asks the index about requests for documents, and Scrapy's fingerprints about others. Switched on by
    DUPEFILTER_CLASS."""

    run: Run

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        found = super().from_crawler(crawler)
        found.run = run_of(crawler)
        return found

    def request_seen(self, request: Request) -> bool:
        dw_id = request.meta.get("id")
        if dw_id is None:
            # the target of a redirect would be dropped silently; REDIRECT_MAX_TIMES ends a circle
            return "redirect_times" not in request.meta and super().request_seen(request)
        return not self.run.archive.index.claim(dw_id)
