"""Give components that Scrapy creates the run they belong to. No other module looks up a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from crawler.crawl.run import Run

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler


@runtime_checkable
class HasRun(Protocol):
    """A spider that ArchiveExtension has given a run."""

    run: Run


def run_of(crawler: Crawler) -> Run:
    """Return the run of a crawl, for a `from_crawler`. It exists once ArchiveExtension, the first component, has been made."""
    assert isinstance(crawler.spider, HasRun), "EXTENSIONS must hold crawler.crawl.extensions.archive.ArchiveExtension"
    return crawler.spider.run


class RunComponent:
    """A pipeline or middleware that is made with the run it belongs to."""

    def __init__(self, run: Run) -> None:
        self.run = run

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(run_of(crawler))
