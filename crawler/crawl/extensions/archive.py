"""Opens the archive for a run, and closes it with a report and an exit status."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from scrapy import signals
from scrapy.exceptions import CloseSpider
from scrapy.utils.httpobj import urlparse_cached

from crawler import clock, streams, times
from crawler.configuration import sources
from crawler.configuration.program import program
from crawler.crawl import drift, report
from crawler.crawl.control import Control
from crawler.crawl.options import Options
from crawler.crawl.pastreports import is_crawl, past_reports
from crawler.crawl.run import Run
from crawler.exceptions import COULD_NOT_START, DISK, INCOMPLETE, UNREACHABLE, ArchiverError, DiskError
from crawler.storage import disk, layout, opening
from crawler.storage.index.objects import OUT_OF_SCOPE, PENDING
from crawler.storage.opening import open_archive

if TYPE_CHECKING:
    from typing import Self

    from scrapy import Request, Spider
    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from crawler.storage.archive import Archive

logger = logging.getLogger(__name__)


@runtime_checkable
class ArchiveSpider(Protocol):
    """A spider that crawls for an archive."""

    options: Options

    def begin(self, run: Run) -> None:
        """Take the run. Called before the engine is made."""

    def completeness(self) -> Iterator[str]:
        """Yield a sentence for each search window: how much of what it lists is archived."""


class ArchiveExtension:
    """Makes the run, and ends it. Settings: ARCHIVE_DIR, ARCHIVE_MIN_FREE, ARCHIVE_ALERT_SHARE, ARCHIVE_ALERT_MINIMUM.

    Counts dw/request/by_host/<host> <status>, dw/received/bytes, dw/error/unexpected.
    Raises ArchiveInUse, NotAnArchive and DiskError when it is made: the run does not start.
    """

    def __init__(self, spider: ArchiveSpider, crawler: Crawler) -> None:
        self.spider = spider
        self.stats = crawler.stats
        self.run = Run(
            _opened(spider.options, start_ms := clock.now_ms()), spider.options, crawler.stats, Control(crawler), start_ms
        )
        self.run.archive.index.on_failure = self.run.abort
        self.seeds = sources.recorded(spider.options.seeds)
        self.exit_status = COULD_NOT_START
        self._is_finished = False
        spider.begin(self.run)
        connect = crawler.signals.connect
        connect(self._count_response, signals.response_downloaded)
        connect(self._count_error, signals.spider_error)
        connect(self._count_error, signals.item_error)
        connect(self._spider_opened, signals.spider_opened)
        connect(self._spider_closed, signals.spider_closed)
        connect(self._engine_stopped, signals.engine_stopped)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        assert isinstance(crawler.spider, ArchiveSpider), f"spider {crawler.spider} does not crawl for an archive"
        return cls(crawler.spider, crawler)

    # --- signals ---

    def _count_response(self, response: Response, request: Request) -> None:
        self.run.count(f"dw/request/by_host/{urlparse_cached(request).hostname} {response.status}")
        self.run.count("dw/received/bytes", len(response.body))

    def _count_error(self) -> None:
        if self.run.failure is None:
            self.run.count("dw/error/unexpected")

    def _spider_opened(self) -> None:
        self.run.control.note_opened()
        if self.run.failure:  # nothing can be closed before it is open
            raise CloseSpider(type(self.run.failure).__name__)

    def _spider_closed(self, spider: Spider, reason: str) -> None:
        self.finish(reason)

    def _engine_stopped(self) -> None:
        self.finish(report.NOT_STARTED)

    # --- the end ---

    def finish(self, reason: str) -> None:
        """Write the report, print the summary, close the archive. Only the first call does anything."""
        if self._is_finished:
            return
        self._is_finished = True
        archive, stats = self.run.archive, dict(self.stats.get_stats())
        with contextlib.suppress(DiskError):  # the run has noted the error
            archive.index.commit()
        made = self._report(stats, reason)
        streams.clear_line(sys.stderr)  # clears the line of the progress bar
        if not self.run.options.dry_run:
            try:
                disk.replace_file(self.run.root / layout.RUNS / f"{archive.log.name}.report.json", report.dumps(made))
            except Exception as error:
                logger.critical("The run report could not be written: %s", str(error) or type(error).__name__)
                self.exit_status = DISK
            print(report.summary({**made, "exit_status": self.exit_status}, str(self.run.root)), file=sys.stderr)
        try:
            archive.close()
        except Exception as error:
            logger.critical("The archive could not be closed: %s", str(error) or type(error).__name__)
            self.exit_status = DISK
        if archive.index.failure:
            self.exit_status = DISK

    def _report(self, stats: dict[str, Any], reason: str) -> dict[str, Any]:
        """Return the report of the run. If part of it cannot be made, a sentence says so: there is always a report."""
        run, notes, told = self.run, self.run.notes, report.counts(stats)
        self.exit_status = report.exit_status(stats, reason, run.failure.exit_status if run.failure else 0)
        states: dict[tuple[str, str], int] = {}
        try:
            if alerts := self._alerts(told, reason):
                notes.sentences += alerts
                self.exit_status = self.exit_status or INCOMPLETE
            notes.windows += self.spider.completeness()
            states = run.archive.index.counts()
        except Exception as error:
            if not isinstance(error, DiskError):
                logger.critical("A bug of this program in the run report", exc_info=True)
            notes.sentences.append(f"this report is incomplete: {str(error) or type(error).__name__}")
            status = error.exit_status if isinstance(error, ArchiverError) else INCOMPLETE
            self.exit_status = self.exit_status or status
        if self.exit_status == UNREACHABLE:
            notes.sentences.append("Nothing could be reached: DW or the network is down, or DW refuses this crawler.")
        if run.failure:
            notes.sentences.append(str(run.failure))
        end_ms = run.now_ms()
        return report.make(
            told, start=times.iso(run.start_ms), end=times.iso(end_ms), run=run.archive.log.name,
            logs=sorted(run.archive.log.written), seconds=(end_ms - run.start_ms) / 1000, seeds=self.seeds,
            reason=reason, exit_status=self.exit_status, sentences=notes.sentences,
            windows=notes.windows, missing=notes.missing,
            listing_problems=notes.problems, unknown_keys=sorted(notes.unknown_keys),
            pending=sum(n for (_, state), n in states.items() if state == PENDING),
            out_of_scope=sum(n for (_, state), n in states.items() if state == OUT_OF_SCOPE),
            refused_requests=stats.get("dw/request/refused", 0), refused_references=stats.get("dw/reference/refused", 0),
            http_client=run.options.http_client,
        )  # fmt: skip

    def _alerts(self, told: report.Counts, reason: str) -> list[str]:
        """Return sentences if a run that ended by itself found far less than the last ones with the same seeds, or if its
        replies had other origins or more faults than those of the last runs."""
        if reason != "finished" or self.run.failure:
            return []
        options = self.run.options
        past = [one for one in past_reports(self.run.root, 100) if is_crawl(one) and one.get("reason") == "finished"]
        found_before = [one.get("found") for one in past if one.get("seeds") == self.seeds]
        alert = report.alert(told["found"], found_before, options.alert_share, options.alert_minimum)
        return [*filter(None, [alert]), *drift.jumps(told, past)]


def _opened(options: Options, now_ms: int) -> Archive:
    """Return the archive of a run; of a dry run a copy of its index. Raises ArchiveInUse, NotAnArchive and DiskError."""
    if options.dry_run:
        return opening.look(options.root, now_ms, sites=options.sites, say=logger.warning, scope=options.scope)
    return open_archive(
        options.root, now_ms, f"{program()} crawl", min_free=options.min_free, sites=options.sites, say=logger.warning,
        scope=options.scope,
    )
