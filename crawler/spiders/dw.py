"""The spider: requests out, replies in. What a reply means is read by `api`, what becomes of it is up to the pipelines."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import scrapy
from scrapy import Request, signals
from scrapy.exceptions import CloseSpider

from crawler import seeds
from crawler.crawl import arguments, dryrun, outcomes, replies
from crawler.crawl.extensions.archive import ArchiveExtension
from crawler.crawl.failures import RedirectCircle, failure_reason
from crawler.crawl.headers import charset, header
from crawler.crawl.lists import Discovery
from crawler.crawl.options import sites_of
from crawler.crawl.pipelines.media import MediaPipeline
from crawler.crawl.pipelines.pictures import PicturesPipeline
from crawler.crawl.seeding import Intake, standard_input
from crawler.dw import places
from crawler.dw.article import Fetched
from crawler.exceptions import ArgumentError, DiskError, NothingToDo, UnreadableReply
from crawler.storage.index import agenda, scope
from crawler.storage.index.objects import ARCHIVED, PENDING, Row
from crawler.storage.index.refresh import is_passing, rules_of, says_gone
from crawler.urls import DOCUMENT_KINDS, DW, NUMBERS, Target

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from scrapy.settings import BaseSettings
    from twisted.python.failure import Failure

logger = logging.getLogger(__name__)

_BATCH = 32  # pictures asked for at a time
_IN_PIPELINES = 48  # articles waiting for their pictures; more would only cost memory
_UNREACHED = 5  # documents in a row, while nothing was ever answered, before a run gives up
_UNREACHED_NOW = 20  # the same, once something was
_API_FAILURES = 3  # in a row, before www.dw.com is asked first


class DwSpider(scrapy.Spider):
    """Crawls Deutsche Welle from seeds. Arguments are explained in README.md, "Arguments"."""

    name = "dw"

    def __init__(
        self,
        seeds: str = "seeds/",
        depth: str = "1",
        max_articles: str = "0",
        refresh: str = "",
        dry_run: str = "",
        edition: str = "",
        media: str = "",
        **others: Any,
    ) -> None:
        super().__init__()
        if others:
            raise ArgumentError(f"unknown argument: {', '.join(others)}")
        self.seeds = ",".join(f"edition:{name.strip()}" for name in edition.split(",")) if edition else seeds
        self.depth = arguments.number("depth", depth)
        self.max_articles = arguments.number("max_articles", max_articles)
        self.dry_run, self.dry_run_as_json = arguments.dry_run(dry_run)
        self.media = arguments.switch("media", media)
        self.refresh = refresh.strip()
        if self.refresh not in ("", "all", "none"):
            for number in (arguments.number("refresh", text) for text in self.refresh.split(",")):
                if number not in NUMBERS:
                    raise ArgumentError(f"refresh is no number of a document: {number}")
        self.looks_again = self.refresh in ("", "all")  # at more archived documents than those it names
        self.in_flight_new = 0
        self.api_failures = 0
        self.unreached = 0
        self.led_to: dict[int, int] = {}  # redirects of this run from one number to another
        self.api_works = False  # it gave something in this run
        self.discovery: Discovery
        self.intake: Intake

    @classmethod
    def update_settings(cls, settings: BaseSettings) -> None:
        """Give configured hosts the slots of DW's own, and the User-Agent its contact."""
        super().update_settings(settings)
        slots = dict(settings.getdict("DOWNLOAD_SLOTS"))
        if slots:
            sites = sites_of(settings)
            own = {urlsplit(base).hostname: urlsplit(real).hostname for base, real in zip(sites.all(), DW.all(), strict=True)}
            if len(own) == len(sites.all()):  # one host for everything: the pictures' larger slot is not for the rest
                slots.update({base: slots[real] for base, real in own.items() if base and real in slots})
            _replace(settings, "DOWNLOAD_SLOTS", slots)
        if settings["CONTACT"] and settings["CONTACT"] not in settings["USER_AGENT"]:
            _replace(settings, "USER_AGENT", f"{settings['USER_AGENT']} (+{settings['CONTACT']})")

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        spider = super().from_crawler(crawler, *args, **kwargs)
        spider.read_settings()
        crawler.signals.connect(spider.close_at_limit, signals.spider_idle)
        for signal in (signals.item_scraped, signals.item_dropped, signals.item_error):
            crawler.signals.connect(spider.note_end_of_item, signal)
        return spider

    def read_settings(self) -> None:
        """Take the settings that say what is wanted. Raises ArgumentError."""
        try:
            self.rules = rules_of(self.settings.getdictorlist("ARCHIVE_REFRESH"))
        except ValueError as error:
            raise ArgumentError(str(error)) from error
        get = self.settings
        for name, read in (("MIN_FREE", get.getint), ("ALERT_SHARE", get.getfloat), ("ALERT_MINIMUM", get.getint)):
            try:
                read(f"ARCHIVE_{name}")
            except ValueError as error:
                raise ArgumentError(f"ARCHIVE_{name} is no number: {get[f'ARCHIVE_{name}']!r}") from error
        self.kinds = [kind.strip() for kind in self.settings.getlist("ARCHIVE_KINDS")]
        if unknown := set(self.kinds) - set(DOCUMENT_KINDS):
            raise ArgumentError(f"ARCHIVE_KINDS names what is no kind of document: {', '.join(sorted(unknown))}")

    @property
    def run(self) -> ArchiveExtension:
        return ArchiveExtension.of(self.crawler)

    # --- what to request ---

    def begin_run(self) -> None:
        """Decide what this run looks at; called by the scheduler before the first request."""
        index = self.run.archive.index
        slot = self.settings.getdict("DOWNLOAD_SLOTS").get(urlsplit(self.run.sites.api).hostname or "", {})
        self.concurrency = int(slot.get("concurrency", self.settings.getint("CONCURRENT_REQUESTS_PER_DOMAIN")))
        scope_line = scope.line(index, self.run.start_ms, self.depth, self.kinds)
        agenda.mark(index, self.run.start_ms, self.depth, self.rules, self.refresh, self.kinds, media=self.media)
        self.intake, self.discovery = Intake(self), Discovery(self)
        if scope_line and not self.dry_run:
            self.intake.heard.append(scope_line)  # logged with what the seeds name
        archived = index.count(ARCHIVED, DOCUMENT_KINDS)
        pending = index.count(PENDING, (*DOCUMENT_KINDS, "picture", "media"))
        again = index.count_due() - pending
        logger.info("%s: %d archived, %d pending, %d to look at again", self.run.root, archived, pending, max(again, 0))

    async def start(self) -> AsyncIterator[Any]:
        with contextlib.suppress(DiskError):  # it has been said, and the run is being ended
            async for request in self._start():
                yield request

    async def _start(self) -> AsyncIterator[Any]:
        """Read the seeds, then fetch the pictures that are due; documents are handed out by the scheduler meanwhile."""
        if self.dry_run:
            await dryrun.say(self, as_json=self.dry_run_as_json)
            return
        usable = 0
        for seed in seeds.read(self.seeds, await standard_input(self.seeds), self.run.sites):
            listings = self.intake.listings(seed)
            usable += await self.intake.take(seed) if listings is None else 1
            for listing in listings or ():
                yield listing
            # the engine asks the scheduler by itself once it has something to do
            if not self.crawler.engine.downloader.active and (document := self.next_request()):
                yield document
            if self.run.is_closing():
                return
        await self.intake.log_heard()
        if not usable and self.seeds:  # none at all, `-a seeds=`: only what the archive itself waits for
            error = NothingToDo(f"the seeds hold nothing usable: {self.seeds}")
            logger.error("%s", error)
            self.run.failure = self.run.failure or error
        if not self.crawler.engine.downloader.active and (document := self.next_request()):
            yield document
        await self.fetch_due_pictures()
        if self.media:
            await self.media_files().hear_of_archived()
            await self.media_files().fetch_due()

    async def fetch_due_pictures(self) -> None:
        """Fetch pictures of seed documents, and those missing or pending from earlier runs."""
        fetch = self._pictures().fetch
        while not self.run.is_closing() and (rows := self.run.archive.index.due_pictures(_BATCH)):
            await asyncio.gather(*(fetch(row.picture) for row in rows))

    def _pictures(self) -> PicturesPipeline:
        found = self.crawler.get_item_pipeline(PicturesPipeline)
        assert found is not None, "ITEM_PIPELINES must hold crawler.crawl.pipelines.pictures.PicturesPipeline"
        return found

    def media_files(self) -> MediaPipeline:
        found = self.crawler.get_item_pipeline(MediaPipeline)
        assert found is not None, "ITEM_PIPELINES must hold crawler.crawl.pipelines.media.MediaPipeline"
        return found

    def next_request(self) -> Request | None:
        """The next document's request, where the limits leave room for one; it is claimed."""
        scraping = self.crawler.engine.scraper.slot
        if self.dry_run or (scraping and scraping.itemproc_size >= _IN_PIPELINES):
            return None
        # one more than can be on the wire: a graceful stop has to wait for what is handed out
        if sum("number" in request.meta for request in self.crawler.engine.downloader.active) > self.concurrency:
            return None
        index = self.run.archive.index
        row = index.next_document()
        if row is None or (row.path is None and self._limit_reached()) or not index.claim(row.number):
            return None
        return self.request_for(row)

    def has_due_documents(self) -> bool:
        """Whether there is more to hand out in this run."""
        row = self.run.archive.index.next_document()
        return row is not None and not self.dry_run and not (row.path is None and self._limit_reached())

    def _limit_reached(self) -> bool:
        return bool(self.max_articles) and self._new_documents() + self.in_flight_new >= self.max_articles

    def _new_documents(self) -> int:
        return int(self.crawler.stats.get_value("dw/document/new", 0))

    def request_for(self, row: Row, place: str = "", why: str = "") -> Request:
        """The request for a document, conditional where the last reply gave a validator.

        place: where to ask, as in `sources`; the first one by itself. why: it was asked for elsewhere in vain.
        """
        if not place:
            place = self._first_place(row)
            self.in_flight_new += row.path is None
            self.run.count("dw/request/attempted")
        return Request(
            places.url(place, row.kind, row.number, row.language, self.run.sites), callback=self.parse, errback=self.failed,
            headers=self._conditions(row, place), dont_filter=True,
            meta={"number": row.number, "new": row.path is None, "place": place, "why": why},
        )  # fmt: skip

    def _conditions(self, row: Row, place: str) -> dict[str, str]:
        """The condition headers for a document. None where a 304 would vouch for what is lost or damaged, or came from
        elsewhere."""
        archive, found = self.run.archive, replies.conditions(row.etag, row.last_modified)
        if not found or not row.path or not places.gives(place, row.source):
            return {}
        reply = archive.reply_of(row.path)
        return found if reply and archive.is_sound(row.path) and archive.is_sound(reply) else {}

    def _first_place(self, row: Row) -> str:
        """api.dw.com; www.dw.com while api.dw.com fails every time, but for one request in ten."""
        if self.api_failures >= _API_FAILURES and _pages_too(row):
            self.api_failures += 1
            if self.api_failures % 10:
                return places.GRAPH
        return places.first(row.kind)

    def close_at_limit(self) -> None:
        """Tell a run that reached max_articles from one that is complete."""
        if self.run.archive.index.next_document() and self._limit_reached():
            raise CloseSpider("max_articles")

    # --- what came back ---

    def note_end_of_item(self, response: Response) -> None:
        """The pipelines are through with an article: it is counted, or will not be."""
        self.in_flight_new -= response.meta["new"]

    async def parse(self, response: Response) -> AsyncIterator[Any]:
        """Read a reply; the article goes on to the pipelines. What gave nothing usable is asked for elsewhere."""
        number, place = response.meta["number"], response.meta["place"]
        run = self.run
        row = run.archive.index.get(number)
        assert row is not None
        run.note_answer(response)
        reason = replies.fault(response)
        if not reason:
            self.unreached = 0
        self._note_api(place, row, reason)
        if target := response.meta.get("alias_of"):
            reason = await self._follow_alias(row, target)
        elif replies.is_unchanged(response):
            await outcomes.unchanged(run, row)
        elif not reason:
            try:
                item = self._read(response, row)
            except UnreadableReply as error:
                reason = f"unreadable: {error}"
                await outcomes.unreadable(run, row, response, str(error))
            else:
                if item.article.kind in self.kinds:
                    yield item
                    return  # in flight until the pipelines are through with it
                await outcomes.unwanted(run, row, item.article.kind)
        if reason and (request := await self.ask_elsewhere(row, place, reason, response.meta["why"])):
            yield request
        else:
            self.in_flight_new -= response.meta["new"]

    async def _follow_alias(self, row: Row, target: Target) -> str:
        """Note that a number leads to another. Returns why not: it leads in a circle, all of which is missing."""
        assert target.number is not None
        index = self.run.archive.index
        others = outcomes.circle(index, self.led_to, row.number, target.number)
        if others is None:
            self.led_to[row.number] = target.number
            self.run.count("dw/request/answered")
            await outcomes.alias(self.run, row, target)
            return ""
        reason, _ = failure_reason(RedirectCircle())
        for other in filter(None, map(index.get, others)):
            await outcomes.missing(self.run, other, reason)
        return reason

    def _read(self, response: Response, row: Row) -> Fetched:
        """The article and the document in a reply. Raises UnreadableReply; nothing else reads a document's reply in a run."""
        place, now_ms = response.meta["place"], self.run.now_ms()
        article = places.read(
            place, response.body, row.number, row.kind, row.language, self.run.sites, charset(response)
        )
        known = self.run.archive.index.resolve(article.number)
        document = places.document(article, now_ms, row.language or (known.language if known else None))
        return Fetched(
            article, document, row.number, response.body, response.url, now_ms, row.hop, header(response, "ETag"),
            header(response, "Last-Modified"), places.reply_extension(place), charset(response),
        )  # fmt: skip

    async def failed(self, failure: Failure) -> AsyncIterator[Any]:
        """A request brought no reply."""
        meta = failure.request.meta  # type: ignore[attr-defined]
        reason, refused = failure_reason(failure.value or RuntimeError())
        row = self.run.archive.index.get(meta["number"])
        if row is not None and not self.run.is_closing():  # else given back: still pending
            self._note_api(meta["place"], row, reason)
            if request := await self.ask_elsewhere(row, meta["place"], reason, meta["why"], refused):
                yield request
                return
        self.in_flight_new -= meta["new"]

    async def ask_elsewhere(self, row: Row, place: str, reason: str, why: str, refused: bool = False) -> Request | None:
        """The next place to ask for a document; None after the last one, when it is noted as missing.

        why: the reason the first place gave; it is the one that is remembered, unless that place was the graph API.
        """
        pages_too, works = _pages_too(row), self.api_works or row.misses > 0
        asked_again = places.following(place, reason, row.kind, self.kinds, pages_too=pages_too, api_works=works)
        if asked_again:
            return self.request_for(row, asked_again, why or ("" if place == places.GRAPH else reason))
        why = reason if not why or says_gone(why) else why
        if why.startswith("unreadable"):
            return None  # kept and noted already
        self._note_unreached(row, why)
        await outcomes.missing(self.run, row, why, refused)
        return None

    def _note_unreached(self, row: Row, reason: str) -> None:
        """End a run that gets no answer (any more): each of a thousand documents would be tried with all retries."""
        is_answering = bool(self.crawler.stats.get_value("dw/request/answered"))
        if not is_passing(reason):
            self.unreached = 0
        elif not is_answering or not row.misses:  # what was missed before says nothing about now
            self.unreached += 1
        if self.unreached >= (_UNREACHED_NOW if is_answering else _UNREACHED):
            self.run.close_spider("unreachable")

    def _note_api(self, place: str, row: Row, reason: str) -> None:
        self.api_works = self.api_works or (place.startswith("api:") and not reason)
        # that a known miss is missing still says nothing about the API; a run often begins with them
        if place == places.first(row.kind) and not (says_gone(reason) and row.misses):
            failed = is_passing(reason) or (says_gone(reason) and not self.api_works)
            self.api_failures = self.api_failures + 1 if failed else 0
            if self.api_failures == _API_FAILURES:
                logger.warning("%s fails every time: asking %s instead", self.run.sites.api, self.run.sites.www)


def _replace(settings: BaseSettings, name: str, value: object) -> None:
    """Set a setting for good: `scrapy crawl` sets all of them once more, at the priority they had."""
    settings.set(name, value, priority=(settings.getpriority(name) or 0) + 1)


def _pages_too(row: Row) -> bool:
    """Whether www.dw.com may be asked for a document: not for what api.dw.com once gave, which would only get worse."""
    return row.path is None or row.source != "api"
