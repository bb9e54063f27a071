"""Decide where requests may go."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from crawler.crawl.component import RunComponent
from crawler.crawl.failures import RedirectCircle, RefusedTarget
from crawler.crawl.middlewares.robots import ITS_ADDRESS

if TYPE_CHECKING:
    from scrapy import Request

logger = logging.getLogger(__name__)


class AllowedTargetsMiddleware(RunComponent):
    """Lets a request pass only to DW's hosts over https, and to the configured addresses; redirects pass here, too. A request
    to a host of DW's over http is made over https instead.

    Counts dw/request/refused. Runs before robots.txt is requested.
    """

    def process_request(self, request: Request) -> Request | None:
        # the robots.txt of an allowed address lies outside a base with a path
        if not self.run.sites.allows(request.url) and request.url != request.meta.get(ITS_ADDRESS):
            if over_https := self.run.sites.over_https(request.url):
                if over_https in request.meta.get("redirect_urls", ()):
                    raise RedirectCircle
                return request.replace(url=over_https)
            self.run.count("dw/request/refused")
            logger.warning("Refused to request %s: not a host of DW's, or not over https", request.url[:200])
            raise RefusedTarget(f"not DW's: {request.url[:200]}")
        return None
