"""`scrapy crawl`, with exit statuses: Scrapy's own ends with 0 whatever happens."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import shutil
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from scrapy.commands import ScrapyHelpFormatter
from scrapy.commands.crawl import Command as CrawlCommand
from scrapy.spiderloader import get_spider_loader

from crawler import clock, times
from crawler.configuration import names
from crawler.console import PROGRAM, crawling, program, say
from crawler.console.scrapycommand import CheckedCommand
from crawler.crawl import arguments, httpclient, report
from crawler.crawl.components import ENABLED
from crawler.crawl.extensions.archive import ArchiveExtension
from crawler.exceptions import COULD_NOT_START, ArchiverError, ArgumentError, NotAnArchive
from crawler.storage import disk, layout
from crawler.storage.runlog import free_run_name

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.settings import BaseSettings


class Command(CheckedCommand, CrawlCommand):
    """Replaces the stock command; its options and arguments are the same. The help explains those of the spider `dw`."""

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        if program() == PROGRAM:
            parser.usage = f"{PROGRAM} crawl [options]"
            parser.description = "Crawl Deutsche Welle, starting from seeds."
        parser.epilog = arguments.described(crawling(), shutil.get_terminal_size().columns - 2)
        parser.formatter_class = _HelpFormatter

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        super().process_options(args, opts)
        assert self.settings is not None
        loader = get_spider_loader(self.settings)
        if problem := _misnamed(args, loader.list()):
            say(f"{program()} crawl: {problem}")
            sys.exit(COULD_NOT_START)
        if (loader.load(args[0]).custom_settings or {}).get(ENABLED):
            _quiet_logs(self.settings)
            if event_loop := httpclient.set_event_loop(self.settings):
                self.settings.set("ASYNCIO_EVENT_LOOP", event_loop, "cmdline")

    def refused(self, error: ArgumentError, opts: argparse.Namespace) -> None:
        """Report that the run could not start, for `status` and those who watch it."""
        assert self.settings is not None
        report_failed_start(Path(self.settings["ARCHIVE_DIR"]), opts.spargs, error, error.exit_status)

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        assert self.crawler_process is not None
        crawler = self._create_crawler(args[0])
        if crawler.settings.getbool(ENABLED):
            self._crawl_for_archive(crawler, opts.spargs)
        else:  # a spider of another kind
            self.crawler_process.crawl(crawler, **opts.spargs)
            self.crawler_process.start()
            self.exitcode = int(self.crawler_process.bootstrap_failed)

    def _crawl_for_archive(self, crawler: Crawler, given: dict[str, str]) -> None:
        assert self.crawler_process is not None
        _take_any_text()
        crawl = self.crawler_process.crawl(crawler, **given)
        if isinstance(crawl, asyncio.Task):
            crawl.add_done_callback(_explain)
        self.crawler_process.start()
        self.exitcode = exit_status(crawler, crawl)
        if isinstance(crawl, asyncio.Task) and crawl.done() and not crawl.cancelled() and (error := crawl.exception()):
            report_failed_start(Path(crawler.settings["ARCHIVE_DIR"]), given, error, self.exitcode)


class _HelpFormatter(ScrapyHelpFormatter):
    """Keeps the line breaks of texts that have several lines."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return text if "\n" in text else super()._fill_text(text, width, indent)


def _misnamed(args: list[str], spiders: list[str]) -> str:
    """Return what is wrong with the words of a crawl, empty if they are the name of a spider."""
    if unknown := next((arg for arg in args if arg.startswith("-")), None):
        return f"unknown option {unknown}; see {program()} crawl --help"
    if not args:
        return "name one spider: scrapy crawl dw"
    if args[0] not in spiders:
        return f"there is no spider {args[0]!r}{names.closest(args[0].lower(), spiders) or '; scrapy list names them'}"
    if len(args) > 1:
        return f"unexpected argument {args[1]}; arguments of the spider are written -a NAME=VALUE, as in -a edition=zh"
    return ""


def _quiet_logs(settings: BaseSettings) -> None:
    """Log the lists of components only at level DEBUG."""
    if settings["LOG_LEVEL"] == "INFO":
        for name in ("scrapy.middleware", "scrapy.crawler", "scrapy.addons", "scrapy.utils.log"):
            logging.getLogger(name).addFilter(_is_warning)  # Scrapy resets the levels when it makes the process


def _is_warning(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING


def _take_any_text() -> None:
    """Make LOG_FILE accept half a surrogate pair."""
    for handler in logging.root.handlers:
        if isinstance(handler, logging.FileHandler) and handler.stream:
            handler.stream.reconfigure(errors="backslashreplace")


def _explain(crawl: asyncio.Task[None]) -> None:
    """Log one line for an error of our own, in place of a traceback."""
    error = None if crawl.cancelled() else crawl.exception()
    if isinstance(error, ArchiverError):
        say(f"{program()} crawl: {error}")
    elif error is not None:
        traceback.print_exception(error)


def exit_status(crawler: Crawler, crawl: object) -> int:
    """Return the exit status of a crawl: that of the run, or of the error that kept it from starting."""
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
    """Write the report of a run that could not start, if there is an archive and its disk works."""
    runs = root / layout.RUNS
    if not os.path.isdir(runs) or isinstance(error, NotAnArchive) or _may_be_dry(given.get("dry_run", "")):
        return
    now_ms = clock.now_ms()
    name = free_run_name(runs, now_ms)
    seeds = given.get("seeds", given.get("edition", ""))
    made = report.make(report.counts({}), start=times.iso(now_ms), end=times.iso(clock.now_ms()), run=name, seconds=0,
                       seeds=seeds, reason=report.NOT_STARTED, exit_status=status, sentences=[str(error)],
                       missing=[])  # fmt: skip
    with contextlib.suppress(OSError, MemoryError):  # if the disk fails, the reported reason already says so
        disk.replace_file(runs / f"{name}.report.json", report.dumps(made))


def _may_be_dry(text: str) -> bool:
    """Whether a dry run was requested, or the value cannot be understood."""
    try:
        return arguments.dry_run(text)[0]
    except ArgumentError:
        return True
