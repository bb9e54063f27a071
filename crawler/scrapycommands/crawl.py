"""`scrapy crawl`, with exit statuses: Scrapy's own ends with 0 whatever happens."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from scrapy.commands.crawl import Command as CrawlCommand
from scrapy.exceptions import UsageError

from crawler import clock, times
from crawler.console.scrapycommand import check_settings
from crawler.crawl import arguments, report
from crawler.crawl.components import ENABLED
from crawler.crawl.extensions.archive import ArchiveExtension
from crawler.exceptions import COULD_NOT_START, ArchiverError, ArgumentError, NotAnArchive
from crawler.storage import disk, layout
from crawler.storage.runlog import free_run_name

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.settings import BaseSettings


class Command(CrawlCommand):
    """Replaces the stock command; its options and arguments are the same."""

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        super().process_options(args, opts)
        assert self.settings is not None
        check_settings(self.settings, opts.set, "crawl")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        if len(args) != 1:
            raise UsageError("name one spider: scrapy crawl dw")
        assert self.crawler_process is not None
        if args[0] not in self.crawler_process.spider_loader.list():
            print(f"scrapy crawl: there is no spider {args[0]!r}; scrapy list names them", file=sys.stderr)
            self.exitcode = COULD_NOT_START
            return
        crawler = self._create_crawler(args[0])
        if crawler.settings.getbool(ENABLED):
            self._crawl_for_archive(crawler, opts.spargs)
        else:  # a spider of another kind
            self.crawler_process.crawl(crawler, **opts.spargs)
            self.crawler_process.start()
            self.exitcode = int(self.crawler_process.bootstrap_failed)

    def _crawl_for_archive(self, crawler: Crawler, given: dict[str, str]) -> None:
        assert self.crawler_process is not None
        _quiet_logs(crawler.settings)
        crawl = self.crawler_process.crawl(crawler, **given)
        if isinstance(crawl, asyncio.Task):
            crawl.add_done_callback(_explain)
        self.crawler_process.start()
        self.exitcode = exit_status(crawler, crawl)
        if isinstance(crawl, asyncio.Task) and crawl.done() and not crawl.cancelled() and (error := crawl.exception()):
            report_failed_start(Path(crawler.settings["ARCHIVE_DIR"]), given, error, self.exitcode)


def _quiet_logs(settings: BaseSettings) -> None:
    """Leave the lists of components to DEBUG, and have LOG_FILE take half a surrogate pair."""
    if settings["LOG_LEVEL"] == "INFO":
        for name in ("scrapy.middleware", "scrapy.crawler", "scrapy.addons", "scrapy.utils.log"):
            logging.getLogger(name).setLevel(logging.WARNING)
    for handler in logging.root.handlers:
        if isinstance(handler, logging.FileHandler) and handler.stream:
            handler.stream.reconfigure(errors="backslashreplace")


def _explain(crawl: asyncio.Task[None]) -> None:
    """One line for an error of our own, in place of a traceback."""
    error = None if crawl.cancelled() else crawl.exception()
    if isinstance(error, ArchiverError):
        print(f"scrapy crawl: {error}", file=sys.stderr)
    elif error is not None:
        traceback.print_exception(error)


def exit_status(crawler: Crawler, crawl: object) -> int:
    """The status of a crawl that has ended: the run's, else that of the error which kept it from starting."""
    if isinstance(crawl, asyncio.Task) and crawl.done() and not crawl.cancelled() and (error := crawl.exception()):
        return error.exit_status if isinstance(error, ArchiverError) else COULD_NOT_START
    try:
        extension = crawler.get_extension(ArchiveExtension)
    except RuntimeError:
        extension = None
    if extension is None:
        return COULD_NOT_START
    extension.finish("shutdown")
    return extension.exit_status


def report_failed_start(root: Path, given: dict[str, str], error: BaseException, status: int) -> None:
    """Write the report of a run that could not start, where there is an archive to hold it and its disk takes it."""
    runs = root / layout.RUNS
    if not os.path.isdir(runs) or isinstance(error, NotAnArchive) or _may_be_dry(given.get("dry_run", "")):
        return
    now_ms = clock.now_ms()
    name = free_run_name(runs, now_ms)
    seeds = given.get("seeds", given.get("edition", ""))
    made = report.make({}, start=times.iso(now_ms), end=times.iso(clock.now_ms()), run=name, seconds=0, seeds=seeds,
                       reason=report.NOT_STARTED, exit_status=status, sentences=[str(error)], missing=[])  # fmt: skip
    with contextlib.suppress(OSError, MemoryError):  # a disk that refuses has been named already, as the reason
        disk.replace_file(runs / f"{name}.report.json", report.dumps(made))


def _may_be_dry(text: str) -> bool:
    """Whether a dry run was asked for, or something that nobody can read."""
    try:
        return arguments.dry_run(text)[0]
    except ArgumentError:
        return True
