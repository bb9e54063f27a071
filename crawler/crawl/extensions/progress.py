"""What a person sees while a run goes on."""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING

from scrapy import signals
from scrapy.utils.asyncio import create_looping_call

from crawler import clock
from crawler.crawl.extensions.archive import ArchiveExtension

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)


def clear_progress_line() -> None:
    """Take the progress line off a terminal, so that what is written next starts at its left edge."""
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()


class _ClearFirst(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        clear_progress_line()
        return True


class ProgressExtension:
    """On a terminal a live line; otherwise a log line every LOGSTATS_INTERVAL seconds. Loaded before ArchiveExtension: its line
    is gone when that prints what the run came to."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.live = sys.stderr.isatty()
        self.loop = create_looping_call(self._show)
        crawler.signals.connect(self._opened, signals.spider_opened)
        crawler.signals.connect(self._closed, signals.spider_closed)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def _opened(self) -> None:
        if self.live:
            for handler in logging.root.handlers:
                handler.addFilter(_ClearFirst())
        self.loop.start(0.5 if self.live else self.crawler.settings.getfloat("LOGSTATS_INTERVAL"), now=False)

    def _closed(self) -> None:
        if self.loop.running:
            self.loop.stop()
        clear_progress_line()

    def _show(self) -> None:
        line = self.line()
        if self.live:
            sys.stderr.write("\r\x1b[K" + line[: os.get_terminal_size(sys.stderr.fileno()).columns - 1])
            sys.stderr.flush()
        else:
            logger.info("%s", line)

    def line(self) -> str:
        """Articles, pictures, waiting, rate."""
        run = ArchiveExtension.of(self.crawler)
        get = self.crawler.stats.get_value
        seconds = max((clock.now_ms() - run.start_ms) / 1000, 1)
        new, known = get("dw/document/new", 0), get("dw/document/unchanged", 0) + get("dw/document/revised", 0)
        stored, missing = get("dw/picture/stored", 0), get("dw/picture/missing", 0)
        rate = (new + known + stored) / seconds
        waiting = run.archive.index.count_due()
        return f"{new} new documents, {known} known, {stored} pictures ({missing} missing), {waiting} waiting, {rate:.1f}/s"
