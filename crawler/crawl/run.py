"""A run: the archive, what is wanted, what is counted, and a way to end. Made once, by `extensions.archive`."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crawler import clock
from crawler.crawl import replies, report
from crawler.exceptions import ArchiverError, DiskError
from crawler.storage import layout

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from scrapy.http import Response
    from scrapy.statscollectors import StatsCollector

    from crawler.crawl.control import Control
    from crawler.crawl.options import Options
    from crawler.storage.archive import Archive
    from crawler.storage.logline import AnyState, Record
    from crawler.storage.writer import AnyFile
    from crawler.urls import Sites

logger = logging.getLogger(__name__)

_LISTED = 1000  # missing objects and problems in a report; the rest is counted
_LONGEST = 500  # characters of an address or a reason there
_KEYS = 100  # unknown keys in a report, and characters of each


@dataclass
class Notes:
    """Lists for the report of a run. missing: objects that could not be fetched. problems: of lists, by address.
    unknown_keys: of replies. sentences: what is wrong, for a person. windows: how much of each search window is archived."""

    missing: list[dict[str, Any]] = field(default_factory=list)
    problems: list[dict[str, str]] = field(default_factory=list)
    unknown_keys: set[str] = field(default_factory=set)
    sentences: list[str] = field(default_factory=list)
    windows: list[str] = field(default_factory=list)


class Run:
    """One run, as its components see it. archive: open, of this run alone. start_ms: when the run began, milliseconds UTC.
    failure: the error that ends the run, None as long as there is none. on_document: called with the log line of each document
    that was stored."""

    def __init__(self, archive: Archive, options: Options, stats: StatsCollector, control: Control, start_ms: int) -> None:
        self.archive = archive
        self.options = options
        self.stats = stats
        self.control = control
        self.start_ms = start_ms
        self.notes = Notes()
        self.failure: ArchiverError | None = None
        self.on_document: Callable[[Record], None] = lambda record: None
        self._increase = stats.inc_value  # looking it up costs more than calling it

    @property
    def root(self) -> Path:
        """The archive's folder."""
        return self.options.root

    @property
    def sites(self) -> Sites:
        """DW's hosts."""
        return self.options.sites

    def now_ms(self) -> int:
        """Return the time, in milliseconds UTC."""
        return clock.now_ms()

    # --- counters and notes ---

    def count(self, name: str, by: int = 1) -> None:
        """Add to a counter."""
        self._increase(name, by)

    def counted(self, name: str) -> int:
        """Return the value of a counter."""
        return int(self.stats.get_value(name, 0))

    def note_answer(self, response: Response) -> None:
        """Count an answer that says something about the requested object. Counts dw/request/answered."""
        if not replies.fault(response) or response.status in (404, 410):
            self.count("dw/request/answered")

    def note_missing(self, kind: str, dw_id: int, reason: str, url: str | None) -> None:
        """Note an object that could not be fetched, for the report."""
        if len(self.notes.missing) < _LISTED:
            one = {"kind": kind, "id": dw_id, "reason": reason[:_LONGEST], "url": url and url[:_LONGEST]}
            self.notes.missing.append(one)

    def note_problem(self, url: str, problem: str) -> None:
        """Log and count something in a list that cannot be used. Counts dw/listing/problem."""
        self.count("dw/listing/problem")
        url, problem = url[:_LONGEST], problem[:_LONGEST]
        logger.warning("%s: %s", report.printable(url), report.printable(problem))
        if len(self.notes.problems) < _LISTED:
            self.notes.problems.append({"url": url, "problem": problem})

    def note_keys(self, names: Sequence[str]) -> None:
        """Log and count keys of a reply that no run has met before, once each. Counts dw/reply/unknown_key."""
        for name in (name[:_KEYS] for name in names):
            if name not in self.notes.unknown_keys and len(self.notes.unknown_keys) < _KEYS:
                self.notes.unknown_keys.add(name)
                self.count("dw/reply/unknown_key")
                logger.warning("Unknown key in a reply: %s", report.printable(name))

    # --- storing and ending ---

    async def store(self, files: Sequence[AnyFile], states: Sequence[AnyState] = ()) -> None:
        """Store files and states in the archive. Raises DiskError, which also ends the run. Counts
        dw/stored/bytes, dw/stored/documents.

        Each document among the files is named in the log, and passed to `on_document`, once it is durable.
        """
        revised = {file.path for file in files if layout.is_document(file.path) and self.archive.index.file(file.path)}
        try:
            records = await self.archive.store(files, states)
        except DiskError as error:
            self.abort(error)
            raise
        self.count("dw/stored/bytes", sum(record.get("bytes", 0) for record in records))
        for record in records:
            if layout.is_document(path := record.get("path", "")):
                logger.info("%s %s %s: %s", "Revised" if path in revised else "New", record["kind"], record["id"], path)
                self.count("dw/stored/documents")
                self.on_document(record)

    def abort(self, error: ArchiverError) -> None:
        """End the run because of an error; the first one decides the exit status."""
        if self.failure is None:
            self.failure = error
            logger.critical("%s", error)
            self.control.close(type(error).__name__)

    def is_closing(self) -> bool:
        """Whether the run is ending: nothing more is started, and waits are cancelled."""
        return self.control.is_closing()
