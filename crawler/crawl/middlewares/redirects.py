"""Follows redirects, except from one document to another."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urljoin

from scrapy.downloadermiddlewares.redirect import RedirectMiddleware

from crawler.crawl.component import RunComponent
from crawler.urls import DOCUMENT_KINDS, parse_target

if TYPE_CHECKING:
    from typing import Self

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response


class AliasMiddleware(RunComponent):
    """Stops a redirect from one document's id to another's, and puts its target into meta["alias_of"]. The other document
    is requested under its own id, so once at most. A redirect to a known alias of an archived document is followed: an
    alias is not requested by itself. Comes before Scrapy's RedirectMiddleware."""

    def process_response(self, request: Request, response: Response) -> Response:
        location = response.headers.get("Location")
        if location and "id" in request.meta and response.status in (301, 302, 303, 307, 308):
            dw_id, here = request.meta["id"], parse_target(request.url, self.run.sites)
            target = parse_target(urljoin(request.url, location.decode("latin-1")), self.run.sites)
            if target and target.kind in DOCUMENT_KINDS and target.id:
                is_same = target.id == (here.id if here and here.id else dw_id)
                if not is_same and not self._is_alias(target.id, dw_id):
                    request.meta.update(dont_redirect=True, alias_of=target)
        return response

    def _is_alias(self, dw_id: int, of: int) -> bool:
        """Whether an id is a known alias of an archived document."""
        row = self.run.archive.index.resolve(dw_id)
        return row is not None and row.id == of != dw_id and row.path is not None


class RedirectsMiddleware(RedirectMiddleware):
    """Scrapy's, without its warning that no middleware sets a Referer: none is ever sent."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        middleware = cls(crawler.settings)
        middleware.crawler = crawler
        return middleware
