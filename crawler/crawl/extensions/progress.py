"""Show the progress of a run."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scrapy import signals
from scrapy.utils.asyncio import create_looping_call

from crawler import streams, times
from crawler.crawl import report
from crawler.crawl.component import run_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from scrapy.crawler import Crawler

    from crawler.crawl.run import Run

logger = logging.getLogger(__name__)

_DONE = ("new", "revised", "unchanged", "unreadable")
_KNOWN = 5  # objects, from which on their pace is measured and not assumed
_PICTURE_S = 0.2  # seconds a picture is assumed to take
_BAR = 20  # characters


@dataclass(frozen=True)
class Progress:
    """The progress of a run.

    done, new: documents. waiting: documents that are under way or due, as many as the run may still take. pictures,
    missing_pictures, waiting_pictures: pictures and media files. seconds: since the start. delay_s: the pause before a
    document.
    """

    done: int
    new: int
    waiting: int
    pictures: int
    missing_pictures: int
    waiting_pictures: int
    seconds: float
    delay_s: float

    @property
    def left_s(self) -> float:
        """The seconds that are left at this pace; documents wait for one another, and pictures come meanwhile."""
        pictures = self.pictures + self.missing_pictures
        each = self.seconds / self.done if self.done >= _KNOWN else self.delay_s
        each_picture = self.seconds / pictures if pictures >= _KNOWN else _PICTURE_S
        return max(self.waiting * each, self.waiting_pictures * min(each_picture, _PICTURE_S))

    def bar(self, width: int = _BAR, signs: str = "━─") -> str:
        """Return a bar of the documents that are done."""
        total = self.done + self.waiting
        filled = width * self.done // total if total else 0
        return signs[0] * filled + signs[1] * (width - filled)

    def line(self) -> str:
        """Return the progress in words and figures."""
        missing = f", {self.missing_pictures:,} missing" if self.missing_pictures else ""
        left = f"; about {times.duration(self.left_s)} left" if self.waiting or self.waiting_pictures else ""
        rate = (self.done + self.pictures) / max(self.seconds, 1)
        return (
            f"documents: {self.done:,} of {self.done + self.waiting:,}, {self.new:,} new; pictures: {self.pictures:,} of "
            f"{self.pictures + self.waiting_pictures:,}{missing}; {rate:.1f}/s{left}"
        )


    def short(self) -> str:
        """Return the documents alone and the time left, for a narrow terminal."""
        left = f", {times.duration(self.left_s)} left" if self.waiting or self.waiting_pictures else ""
        return f"{self.done:,} of {self.done + self.waiting:,} documents{left}"


class _AroundRecords(logging.Filter):
    """Takes the live line off the terminal before a log record, and puts it back after it."""

    def __init__(self, put_back: Callable[[], None]) -> None:
        super().__init__()
        self._put_back = put_back

    def filter(self, record: logging.LogRecord) -> bool:
        streams.clear_line(sys.stderr)
        with contextlib.suppress(RuntimeError):  # a record of a thread without a loop: the next turn shows the line
            asyncio.get_running_loop().call_soon(self._put_back)
        return True


class ProgressExtension:
    """Shows a live line with a bar on a terminal, or else logs a line every LOGSTATS_INTERVAL seconds. Loaded after
    ArchiveExtension, which makes the run."""

    def __init__(self, run: Run, crawler: Crawler) -> None:
        self.run = run
        self.crawler = crawler
        self.interval_s = crawler.settings.getfloat("LOGSTATS_INTERVAL")
        self.delay_s = crawler.settings.getfloat("DOWNLOAD_DELAY")
        self.live = streams.is_live(sys.stderr)
        self._shown = ""
        self.loop = create_looping_call(self._show)
        crawler.signals.connect(self._opened, signals.spider_opened)
        crawler.signals.connect(self._closed, signals.spider_closed)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(run_of(crawler), crawler)

    def _opened(self) -> None:
        if self.live:
            for handler in logging.root.handlers:
                handler.addFilter(_AroundRecords(self._put_back))
        self.loop.start(0.5 if self.live else self.interval_s, now=False)

    def _closed(self) -> None:
        if self.loop.running:
            self.loop.stop()
        self._shown = ""
        streams.clear_line(sys.stderr)

    def _put_back(self) -> None:
        if self._shown:
            sys.stderr.write(f"\r\x1b[K{self._shown}")
            sys.stderr.flush()

    def _show(self) -> None:
        progress = self.progress()
        if not self.live:
            logger.info("%s", progress.line())
            return
        bar = progress.bar(signs="━─" if (sys.stderr.encoding or "").lower().startswith("utf") else "#.")
        columns = os.get_terminal_size(sys.stderr.fileno()).columns or 80  # 0: it does not know
        forms = (f"{bar} {progress.line()}", progress.line(), progress.short())
        self._shown = next((form for form in forms if len(form) < columns), forms[-1][: columns - 1])
        self._put_back()

    def progress(self) -> Progress:
        """Return how far the run is now."""
        run, get = self.run, self.run.counted
        waiting, waiting_pictures = run.archive.index.count_due()
        waiting += run.control.under_way()
        if most := run.options.max_articles:
            waiting = min(waiting, max(most - get("dw/document/new"), 0))
        missing = sum(report.by_prefix(run.stats.get_stats(), "dw/document/missing/").values())
        return Progress(
            done=sum(get(f"dw/document/{name}") for name in _DONE) + missing, new=get("dw/document/new"), waiting=waiting,
            pictures=get("dw/picture/stored"), missing_pictures=get("dw/picture/missing"), waiting_pictures=waiting_pictures,
            seconds=(run.now_ms() - run.start_ms) / 1000, delay_s=self.delay_s,
        )  # fmt: skip
