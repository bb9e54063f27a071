"""Shows how a run is doing while it goes on."""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING

from scrapy import signals
from scrapy.utils.asyncio import create_looping_call

from crawler import streams
from crawler.crawl.component import run_of

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler

    from crawler.crawl.run import Run

logger = logging.getLogger(__name__)


class _ClearFirst(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        streams.clear_line(sys.stderr)
        return True


class ProgressExtension:
    """Shows a live line on a terminal, or else logs a line every LOGSTATS_INTERVAL seconds. Loaded after ArchiveExtension,
    which makes the run."""

    def __init__(self, run: Run, crawler: Crawler) -> None:
        self.run = run
        self.interval_s = crawler.settings.getfloat("LOGSTATS_INTERVAL")
        self.live = sys.stderr.isatty()
        self.loop = create_looping_call(self._show)
        crawler.signals.connect(self._opened, signals.spider_opened)
        crawler.signals.connect(self._closed, signals.spider_closed)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(run_of(crawler), crawler)

    def _opened(self) -> None:
        if self.live:
            for handler in logging.root.handlers:
                handler.addFilter(_ClearFirst())
        self.loop.start(0.5 if self.live else self.interval_s, now=False)

    def _closed(self) -> None:
        if self.loop.running:
            self.loop.stop()
        streams.clear_line(sys.stderr)

    def _show(self) -> None:
        line = self.line()
        if self.live:
            sys.stderr.write("\r\x1b[K" + line[: os.get_terminal_size(sys.stderr.fileno()).columns - 1])
            sys.stderr.flush()
        else:
            logger.info("%s", line)

    def line(self) -> str:
        """Return the progress: documents, pictures, waiting, rate."""
        run, get = self.run, self.run.counted
        seconds = max((run.now_ms() - run.start_ms) / 1000, 1)
        new, known = get("dw/document/new"), get("dw/document/unchanged") + get("dw/document/revised")
        stored, missing = get("dw/picture/stored"), get("dw/picture/missing")
        rate = (new + known + stored) / seconds
        waiting = run.archive.index.count_due()
        return f"{new} new documents, {known} known, {stored} pictures ({missing} missing), {waiting} waiting, {rate:.1f}/s"
