"""The spider `dw`: requests out, replies in. `judge` interprets replies; `outcomes` and the pipelines store the result."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import scrapy
from scrapy import Request, signals
from scrapy.exceptions import CloseSpider

from crawler import clock, reasons, seeds
from crawler.crawl import components, dryrun, flat, httpclient, options, replies
from crawler.crawl.documents import Documents
from crawler.crawl.failures import failure_reason
from crawler.crawl.health import Reachability, may_use_pages
from crawler.crawl.judge import Found, judge, read
from crawler.crawl.lists import Lists
from crawler.crawl.options import Options
from crawler.crawl.outcomes import Outcomes, missing
from crawler.crawl.pipelines.media import MediaPipeline
from crawler.crawl.pipelines.pictures import PicturesPipeline
from crawler.crawl.registry import Registry
from crawler.crawl.run import Run
from crawler.crawl.seeding import Seeding, standard_input
from crawler.dw import places
from crawler.exceptions import DiskError, NothingToDo
from crawler.reasons import Reason
from crawler.storage.index.objects import PENDING, Row
from crawler.urls import DW

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from scrapy.settings import BaseSettings
    from twisted.python.failure import Failure

logger = logging.getLogger(__name__)


class DwSpider(scrapy.Spider):
    """Crawls Deutsche Welle from seeds. docs/seeds.md explains the arguments."""

    name = "dw"
    custom_settings = components.SETTINGS

    run: Run
    documents: Documents
    registry: Registry
    lists: Lists
    seeding: Seeding
    outcomes: Outcomes

    def __init__(self, options: Options) -> None:
        super().__init__()
        self.options = options
        self.reachability = Reachability()

    @classmethod
    def update_settings(cls, settings: BaseSettings) -> None:
        """Make the crawl one for an archive; give configured hosts the slots of DW's own, and the User-Agent its contact."""
        if settings.getbool(components.ENABLED, True):
            super().update_settings(settings)
            settings.set("DOWNLOAD_HANDLERS_BASE", httpclient.handlers(settings), "spider")
            settings.set("RETRY_EXCEPTIONS", httpclient.retry_exceptions(settings), "spider")
            for name, instead in components.MEANINGLESS.items():
                if settings[name] and settings[name] not in ("0", "False", "false"):
                    logger.warning("%s has no effect here: %s", name, instead)
                    _replace(settings, name, None)
        slots = dict(settings.getdict("DOWNLOAD_SLOTS"))
        if slots:
            sites = options.hosts_of(settings)
            own = {urlsplit(base).hostname: urlsplit(real).hostname for base, real in zip(sites.all(), DW.all(), strict=True)}
            if len(own) == len(sites.all()):  # one host for all: its slot must not be that of pictures
                slots.update({base: slots[real] for base, real in own.items() if base and real in slots})
            _replace(settings, "DOWNLOAD_SLOTS", slots)
        if settings["CONTACT"] and settings["CONTACT"] not in settings["USER_AGENT"]:
            _replace(settings, "USER_AGENT", f"{settings['USER_AGENT']} (+{settings['CONTACT']})")

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Return the spider. kwargs: its arguments, as text. Raises ArgumentError."""
        return super().from_crawler(crawler, *args, options=options.read(kwargs, crawler.settings))

    def begin(self, run: Run) -> None:
        """Take the run. Called by ArchiveExtension, before the engine is made."""
        self.run = run
        self.registry = Registry(run)
        self.documents = Documents(run, self.registry, self.answered, self.failed)
        self.lists = Lists(run, self.registry)
        self.seeding = Seeding(run, self.registry, self.lists)
        self.outcomes = Outcomes(run)
        self.crawler.signals.connect(self._close_at_limit, signals.spider_idle)
        for signal in (signals.item_scraped, signals.item_dropped, signals.item_error):
            self.crawler.signals.connect(self._note_end_of_item, signal)

    def completeness(self) -> Iterator[str]:
        """Yield a sentence for each search window: how much of what it lists is archived."""
        return self.lists.completeness()

    # --- what to request ---

    async def start(self) -> AsyncIterator[Any]:
        with contextlib.suppress(DiskError):  # the run has noted the error, and is ending
            if self.options.dry_run:
                await dryrun.say(self.run, self.seeding, self._media_files().register_archived)
                return
            async for request in self._seed_requests():
                yield request
            if self.run.is_closing():
                return
            await self._pictures().fetch_due()
            if self.options.media:
                await self._media_files().register_archived()
                await self._media_files().fetch_due()

    async def _seed_requests(self) -> AsyncIterator[Request]:
        """Take the seeds. The scheduler hands out documents meanwhile."""
        given, usable = self.options.seeds, 0
        for seed in seeds.read(given, await standard_input(given), self.run.sites):
            requests = self.seeding.list_requests(seed)
            usable += await self.seeding.take(seed) if requests is None else 1
            for request in requests or ():
                yield request
            for request in self._first_document():
                yield request
            if self.run.is_closing():
                return
        await self.registry.log()
        if not usable and given:  # `-a seeds=` names no seeds: the run requests what is due
            error = NothingToDo(f"the seeds hold nothing usable: {given}")
            logger.error("%s", error)
            self.run.failure = self.run.failure or error
        for request in self._first_document():
            yield request

    def _first_document(self) -> Iterator[Request]:
        """Yield a document if nothing is being downloaded. The engine asks the scheduler only once it has something to do."""
        if self.run.control.is_idle() and (request := self.documents.next_request()):
            yield request

    def _pictures(self) -> PicturesPipeline:
        found = self.crawler.get_item_pipeline(PicturesPipeline)
        assert found is not None, "ITEM_PIPELINES must hold crawler.crawl.pipelines.pictures.PicturesPipeline"
        return found

    def _media_files(self) -> MediaPipeline:
        found = self.crawler.get_item_pipeline(MediaPipeline)
        assert found is not None, "ITEM_PIPELINES must hold crawler.crawl.pipelines.media.MediaPipeline"
        return found

    # --- signals ---

    def _close_at_limit(self) -> None:
        """Close the spider as incomplete if the run reached max_articles."""
        if self.documents.is_cut_short():
            raise CloseSpider("max_articles")

    def _note_end_of_item(self, response: Response) -> None:
        """Note that the pipelines have finished an article, so that it no longer counts as under way."""
        self.documents.allowance.end(is_new=response.meta["new"])

    # --- what came back ---

    async def answered(self, response: Response) -> AsyncIterator[Any]:
        """Judge a reply. An article goes on to the pipelines; if the place gives no document, the next place is asked."""
        run, meta = self.run, response.meta
        row, reply = run.archive.index.get(meta["id"]), replies.reply_of(response, meta["place"])
        assert row is not None
        run.note_answer(response)
        if not reply.fault:
            self.reachability.note_answer()
        self._note_api(reply.place, row, reply.fault)
        verdict = judge(reply, row, self.options.kinds, run.sites, run.now_ms(), self._language_of)
        if isinstance(verdict, Found):
            yield verdict.item  # under way until the pipelines are through with it
            return
        reason = await self.outcomes.store(verdict, row, reply)
        if reason and (request := await self.ask_elsewhere(row, reply.place, reason, meta["why"])):
            yield request
        else:
            self.documents.allowance.end(is_new=meta["new"])

    def _language_of(self, dw_id: int) -> str | None:
        """Return the known language of a document."""
        known = self.run.archive.index.resolve(dw_id)
        return known.language if known else None

    def parse(self, response: Response) -> Iterator[dict[str, Any]]:
        """Show the article at any address of a document: for `scrapy parse`. Nothing is stored. Raises UnreadableReply."""
        sites, asked = self.options.sites, places.asked_at(response.url, self.options.sites)
        if reason := replies.fault(response):
            logger.error("%s: %s", response.url, reason)
        elif asked is None:
            logger.error("%s is not the address of a document", response.url)
        else:
            place, target = asked
            assert target.id is not None
            row = Row(target.id, "", target.kind, PENDING, language=target.language)
            reply = replies.reply_of(response, place)
            yield flat.of_fetched(read(reply, row, sites, clock.now_ms(), lambda dw_id: None))

    async def failed(self, failure: Failure) -> AsyncIterator[Any]:
        """Ask the next place for a document if its request got no reply. If the run is ending, the document stays pending."""
        meta = failure.request.meta  # type: ignore[attr-defined]
        reason, refused = failure_reason(failure.value or RuntimeError())
        row = self.run.archive.index.get(meta["id"])
        if row is not None and not self.run.is_closing():
            self._note_api(meta["place"], row, reason)
            if request := await self.ask_elsewhere(row, meta["place"], reason, meta["why"], refused):
                yield request
                return
        self.documents.allowance.end(is_new=meta["new"])

    async def ask_elsewhere(self, row: Row, place: str, reason: Reason, why: Reason, refused: bool = False) -> Request | None:
        """Return a request to the next place for a document; None after the last one: then it is noted as missing.

        why: the reason the first place gave; it is the one that is remembered, unless that place was the graph API.
        """
        pages_too, works = may_use_pages(row), self.documents.api.works or row.misses > 0
        asked_again = places.following(place, reason, row.kind, self.options.kinds, pages_too=pages_too, api_works=works)
        if asked_again:
            return self.documents.request(row, asked_again, why or (reasons.NONE if place == places.GRAPH else reason))
        why = reason if not why or why.says_gone else why
        if why.is_unreadable:
            return None  # kept and noted already
        if self.reachability.note_miss(row, why, is_answered=bool(self.run.counted("dw/request/answered"))):
            self.run.control.close("unreachable")
        await missing(self.run, row, why, refused)
        return None

    def _note_api(self, place: str, row: Row, reason: Reason) -> None:
        if self.documents.api.note(place, row, reason):
            logger.warning("%s keeps failing: asking %s instead", self.run.sites.api, self.run.sites.www)


def _replace(settings: BaseSettings, name: str, value: object) -> None:
    """Change a setting, with a higher priority than before, because `scrapy crawl` sets all settings once more."""
    settings.set(name, value, priority=(settings.getpriority(name) or 0) + 1)
