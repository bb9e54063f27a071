"""A run: the archive it holds open, what it counts, its report and exit status."""

from __future__ import annotations

import contextlib
import logging
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scrapy import signals
from scrapy.exceptions import CloseSpider
from scrapy.utils.defer import _schedule_coro
from scrapy.utils.httpobj import urlparse_cached

from crawler import clock
from crawler.crawl import replies, report
from crawler.crawl.options import sites_of
from crawler.crawl.pastreports import past_reports
from crawler.exceptions import ArchiverError, DiskError
from crawler.storage import disk, layout
from crawler.storage.archive import Archive
from crawler.storage.index.objects import OUT_OF_SCOPE, PENDING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    from scrapy import Request, Spider
    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from crawler.storage.logline import Record
from crawler.storage.writer import AnyFile

logger = logging.getLogger(__name__)

_LISTED = 1000  # missing objects named in a report; the rest is counted
_LONGEST = 500  # characters of an address or a reason there




class ArchiveExtension:
    """Opens the archive for a run, and closes it with a report and an exit status. Settings: ARCHIVE_DIR,
    ARCHIVE_MIN_FREE, ARCHIVE_ALERT_SHARE, ARCHIVE_ALERT_MINIMUM.

    Other parts of the glue find the run by `ArchiveExtension.of(crawler)`.
    Raises ArchiveInUse and DiskError when it is made: the run does not start.
    """

    def __init__(self, crawler: Crawler) -> None:
        settings = crawler.settings
        self.crawler = crawler
        self._increase = crawler.stats.inc_value  # looking it up costs more than calling it
        self.sites = replace(sites_of(settings), takes_media=bool(getattr(crawler.spider, "media", False)))
        self.root = Path(settings["ARCHIVE_DIR"])
        self.start_ms = self.now_ms()
        if getattr(crawler.spider, "dry_run", False):
            self.archive = Archive.look(self.root, self.start_ms, sites=self.sites, say=logger.warning)
        else:
            self.archive = Archive.open(
                self.root, self.start_ms, "scrapy crawl", min_free=settings.getint("ARCHIVE_MIN_FREE"), sites=self.sites,
                say=logger.warning,
            )  # fmt: skip
        self.archive.index.on_failure = self.abort
        self.failure: ArchiverError | None = None
        self.exit_status = report.COULD_NOT_START
        self.missing: list[dict[str, Any]] = []
        self.problems: list[dict[str, str]] = []
        self.unknown_keys: set[str] = set()
        self.sentences: list[str] = []
        self._opened = self._closing = self._finished = False
        connect = crawler.signals.connect
        connect(self._count_response, signals.response_downloaded)
        connect(self._count_error, signals.spider_error)
        connect(self._count_error, signals.item_error)
        connect(self._spider_opened, signals.spider_opened)
        connect(self._spider_closed, signals.spider_closed)
        connect(self._engine_stopped, signals.engine_stopped)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    @classmethod
    def of(cls, crawler: Crawler) -> Self:
        found = crawler.get_extension(cls)
        assert found is not None, "EXTENSIONS must hold crawler.crawl.extensions.archive.ArchiveExtension"
        return found

    def now_ms(self) -> int:
        return clock.now_ms()

    # --- what the stages say ---

    def count(self, name: str, by: int = 1) -> None:
        self._increase(name, by)

    def note_answer(self, response: Response) -> None:
        """DW answered in a way that says something about what was asked for."""
        if not replies.fault(response) or response.status in (404, 410):
            self.count("dw/request/answered")

    def note_missing(self, kind: str, number: int, reason: str, url: str | None) -> None:
        if len(self.missing) < _LISTED:
            self.missing.append({"kind": kind, "id": number, "reason": reason[:_LONGEST], "url": url and url[:_LONGEST]})

    def note_problem(self, url: str, problem: str) -> None:
        """A listing holds something that could not be used."""
        self.count("dw/listing/problem")
        url, problem = url[:_LONGEST], problem[:_LONGEST]
        logger.warning("%s: %s", report.printable(url), report.printable(problem))
        if len(self.problems) < _LISTED:
            self.problems.append({"url": url, "problem": problem})

    def note_keys(self, names: tuple[str, ...]) -> None:
        for name in (name[:100] for name in names):
            if name not in self.unknown_keys and len(self.unknown_keys) < 100:
                self.unknown_keys.add(name)
                self.count("dw/reply/unknown_key")
                logger.warning("A key of a reply was never met before: %s", report.printable(name))

    async def store(self, files: Sequence[AnyFile], states: list[Record] | None = None) -> None:
        """Store through the archive; a disk that refuses ends the run."""
        try:
            records = await self.archive.store(files, states)
        except DiskError as error:
            self.abort(error)
            raise
        self.count("dw/stored/bytes", sum(record.get("bytes", 0) for record in records))

    def abort(self, error: ArchiverError) -> None:
        """End the run because of an error; the first one counts."""
        if self.failure is None:
            self.failure = error
            logger.critical("%s", error)
            self.close_spider(type(error).__name__)

    def close_spider(self, reason: str) -> None:
        if self._opened and not self._closing:
            self._closing = True
            _schedule_coro(self.crawler.engine.close_spider_async(reason=reason))

    def is_closing(self) -> bool:
        """Whether the run is ending: nothing more is begun, what waits gives up."""
        engine = self.crawler.engine
        slot = engine._slot
        return self._closing or not engine.running or slot is None or slot.closing is not None

    # --- signals ---

    def _count_response(self, response: Response, request: Request) -> None:
        self.count(f"dw/request/by_host/{urlparse_cached(request).hostname} {response.status}")
        self.count("dw/received/bytes", len(response.body))

    def _count_error(self) -> None:
        if self.failure is None:
            self.count("dw/error/unexpected")

    def _spider_opened(self) -> None:
        self._opened = True
        if self.failure:  # nothing can be closed before it is open
            raise CloseSpider(type(self.failure).__name__)

    def _spider_closed(self, spider: Spider, reason: str) -> None:
        self.finish(reason)

    def _engine_stopped(self) -> None:
        self.finish("could not start")

    def finish(self, reason: str) -> None:
        """Write the report, say the summary, close the archive. Once."""
        if self._finished:
            return
        self._finished = True
        stats = dict(self.crawler.stats.get_stats())
        with contextlib.suppress(DiskError):  # it has told `abort`
            self.archive.index.commit()
        made = self._report(stats, reason)
        if not getattr(self.crawler.spider, "dry_run", False):
            try:
                disk.replace_file(self.root / layout.RUNS / f"{self.archive.log.name}.report.json", report.dumps(made))
            except Exception as error:
                logger.critical("The run report could not be written: %s", str(error) or type(error).__name__)
                self.exit_status = report.DISK
            print(report.summary({**made, "exit_status": self.exit_status}), file=sys.stderr)
        try:
            self.archive.close()
        except Exception as error:
            logger.critical("The archive could not be closed: %s", str(error) or type(error).__name__)
            self.exit_status = report.DISK
        if self.archive.index.failure:
            self.exit_status = report.DISK

    def _report(self, stats: dict[str, Any], reason: str) -> dict[str, Any]:
        """The report of a run. What cannot be told is left out, and a sentence says so: there always is one."""
        self.exit_status = report.exit_status(stats, reason, self.failure.exit_status if self.failure else 0)
        counts: dict[tuple[str, str], int] = {}
        try:
            if alert := self._alert(stats, reason):
                self.sentences.append(alert)
                self.exit_status = self.exit_status or report.INCOMPLETE
            if discovery := getattr(self.crawler.spider, "discovery", None):
                self.sentences += discovery.completeness()
            counts = self.archive.index.counts()
        except Exception as error:
            if not isinstance(error, DiskError):
                logger.critical("An error of ours in the run report", exc_info=True)
            self.sentences.append(f"this report is incomplete: {str(error) or type(error).__name__}")
            self.exit_status = self.exit_status or getattr(error, "exit_status", report.INCOMPLETE)
        if self.exit_status == report.UNREACHABLE:
            self.sentences.append("Nothing could be reached: DW, or the way to it, is down, or refuses this crawler.")
        if self.failure:
            self.sentences.append(str(self.failure))
        end_ms = self.now_ms()
        return report.make(
            stats, start=layout.iso_time(self.start_ms), end=layout.iso_time(end_ms), run=self.archive.log.name,
            seconds=(end_ms - self.start_ms) / 1000, seeds=getattr(self.crawler.spider, "seeds", ""), reason=reason,
            exit_status=self.exit_status, sentences=self.sentences, missing=self.missing,
            listing_problems=self.problems, unknown_keys=sorted(self.unknown_keys),
            pending=sum(n for (_, state), n in counts.items() if state == PENDING),
            out_of_scope=sum(n for (_, state), n in counts.items() if state == OUT_OF_SCOPE),
            refused_requests=stats.get("dw/request/refused", 0), refused_references=stats.get("dw/reference/refused", 0),
        )  # fmt: skip

    def _alert(self, stats: dict[str, Any], reason: str) -> str:
        """What is suspicious about a run that ended by itself, beside the last ones with the same seeds."""
        if reason != "finished" or self.failure:
            return ""
        settings, seeds = self.crawler.settings, getattr(self.crawler.spider, "seeds", "")
        past = [one for one in past_reports(self.root, 100) if one.get("seeds") == seeds and one.get("reason") == "finished"]
        return report.alert(
            report.found(stats), [one.get("found") for one in past], settings.getfloat("ARCHIVE_ALERT_SHARE"),
            settings.getint("ARCHIVE_ALERT_MINIMUM"),
        )  # fmt: skip
