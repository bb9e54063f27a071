"""Request lists (feeds, sitemaps, search windows, media lists, sections) and take in what they name. `dw.lists` parses replies.

A list is an ordinary request: the duplicate filter keeps a sitemap index that names itself from being read twice.
Counts dw/listing/read, dw/listing/unchanged, dw/listing/named, dw/listing/new, dw/listing/missing/<reason>,
dw/listing/problem.
"""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from scrapy import Request

from crawler import reasons
from crawler.crawl import replies
from crawler.crawl.failures import failure_reason
from crawler.crawl.middlewares.compression import IN_PART
from crawler.dw import lists
from crawler.dw.lists import Listed, ListPage, Problem
from crawler.dw.lists.listpage import followable
from crawler.exceptions import ArchiverError, described
from crawler.reasons import Reason
from crawler.storage.index.lists import ReadLists
from crawler.storage.index.objects import Row
from crawler.urls import LANGUAGE_IDS, Target

if TYPE_CHECKING:
    from scrapy.http import Response
    from twisted.python.failure import Failure

    from crawler.crawl.registry import Registry
    from crawler.crawl.run import Run

logger = logging.getLogger(__name__)

_PAGES = 1000  # of one list; a day of one edition has some 3, a year of media some 200
_SITEMAP_BYTES = 50_000_000  # unpacked; what sitemaps.org allows
_SITEMAP_LEVELS = 4  # of indexes; sitemaps.org allows one


class Lists:
    """Turns seeds that are lists into requests, and their replies into registered documents."""

    def __init__(self, run: Run, registry: Registry) -> None:
        self.run = run
        self.registry = registry
        self.index = run.archive.index
        self.read_lists = ReadLists(self.index)
        self.windows: dict[str, lists.Window] = {}

    # --- starting points ---

    def start(self, text: str) -> Iterator[Request]:
        """Yield the requests for a starting point: `search:`, `mediacenter:` or `edition:`. Raises UnreadableSeed."""
        word, _, rest = text.partition(":")
        if word == "edition":
            for url in lists.edition_urls(self.run.sites, rest):
                read = self.feed if url.startswith(self.run.sites.rss + "/") else self.sitemap
                yield self._request(url, read, language=rest.strip())
        elif word == "mediacenter":
            number = lists.language_id(rest)
            name = f"mediacenter:{number}"
            is_whole = self.read_lists.page(name)[1]
            yield self._request(
                lists.mediacenter_url(self.run.sites, number), self.media_list, conditional=is_whole, name=name,
                language=LANGUAGE_IDS.get(number), is_whole=is_whole, seen=set(),
            )  # fmt: skip
        else:
            window = lists.parse_window(text)
            self.windows[text] = window
            for day in window.days(self._today()):
                for kind in self._kinds_of(window, day):
                    yield from self._search(window, day, kind)

    def from_address(self, target: Target, url: str) -> Request | None:
        """Return the request for a feed, a sitemap, a section or another list of articles; None if it is not over https."""
        callback = {"feed": self.feed, "sitemap": self.sitemap}.get(target.kind, self.section)
        followed = followable(url, self.run.sites)
        return self._request(followed, callback, language=target.language) if followed else None

    def _kinds_of(self, window: lists.Window, day: date) -> list[str]:
        """Return what to search a day for: articles, and commentaries if DW has shown a type of their own for them."""
        has_comments = self.read_lists.is_known(_day_name(window, day, "comment"))
        return ["article", "comment"] if has_comments else ["article"]

    def _search(self, window: lists.Window, day: date, kind: str) -> Iterator[Request]:
        """Yield the request for the next page of a day that was not read to its end."""
        name = _day_name(window, day, kind)
        page, is_done = self.read_lists.page(name)
        if is_done:
            self.run.count("dw/listing/named", self.read_lists.counts([name])[0])
            return
        if page == 0:
            self.read_lists.forget(name)
        url = lists.search_url(self.run.sites, window.language_id, day, page + 1, (kind,))
        yield self._request(url, self.search_page, conditional=False, window=window, day=day, kind=kind)

    def _request(self, url: str, callback: Any, *, conditional: bool = True, again: bool = False, **kwargs: Any) -> Request:
        """Return the request for a list. conditional: with its validators. again: even if it has been requested before."""
        headers = replies.conditions(*self.read_lists.validators(url)) if conditional else {}
        if not self.run.options.dry_run:
            self.run.count("dw/request/attempted")
        return Request(url, callback=self._judged, errback=self._failed, headers=headers, priority=10,
                       dont_filter=again, meta={IN_PART: True}, cb_kwargs={"read": callback, "kwargs": kwargs})  # fmt: skip

    async def _judged(self, response: Response, read: Any, kwargs: dict[str, Any]) -> AsyncIterator[Request]:
        """Read a usable reply; log and count any other."""
        self.run.note_answer(response)
        if reason := replies.fault(response):
            self._missed(response.url, reason)
        elif replies.is_unchanged(response) and response.url != self.read_lists.answered_by(_asked(response)):
            # the redirect leads elsewhere now, and the condition was for the former target
            yield self._request(_asked(response), read, conditional=False, again=True, **kwargs)
        elif replies.is_unchanged(response):
            self.run.count("dw/listing/unchanged")
            self.run.count("dw/listing/named", self.read_lists.total(_asked(response)))
        else:
            self.run.count("dw/listing/read")
            try:
                async for request in read(response, **kwargs):
                    yield request
            except ArchiverError:
                raise  # the disk failed, which ends the run
            except Exception as error:  # a parser failed, which concerns this list alone; what was read so far is kept
                self._name(response.url, [f"a bug of this program: {described(error)}"])
                self._missed(response.url, reasons.UNREADABLE)
            await self.registry.log()

    def _failed(self, failure: Failure) -> None:
        request: Request = failure.request  # type: ignore[attr-defined]
        url = request.meta.get("redirect_urls", [request.url])[0]
        self._missed(url, failure_reason(failure.value or RuntimeError())[0])

    def _missed(self, url: str, reason: Reason) -> None:
        if not self.run.is_closing():
            self.run.count(f"dw/listing/missing/{reason}")
            self.run.note_missing("listing", 0, reason, url)
            logger.warning("%s is unavailable: %s", url, reason)

    # --- replies ---

    async def feed(self, response: Response, language: str | None = None) -> AsyncIterator[Request]:
        """Read a feed."""
        found = lists.parse_feed(response.body, replies.header(response, "Content-Type"), self.run.sites)
        await self._take(response, found, language)
        return
        yield

    async def sitemap(
        self, response: Response, language: str | None = None, above: tuple[str, ...] = ()
    ) -> AsyncIterator[Request]:
        """Read a sitemap, in constant memory; the sitemaps of an index are requested. above: the indexes that led here."""
        chain = (*above, _asked(response))
        problems, named, is_index, is_damaged, is_cut = [], 0, False, False, False
        content_type = replies.header(response, "Content-Type")
        for found in lists.iter_sitemap(response.body, self.run.sites, _SITEMAP_BYTES, content_type):
            match found:
                case Listed():
                    await self._register([found], language)
                    named += 1
                case Problem(text, is_damaged, is_cut):
                    problems.append(text)
                case _:
                    is_index = True
                    if found in chain or found == response.url:
                        problems.append(f"names itself or an index above it, not followed: {found[:200]}")
                        continue
                    if len(chain) >= _SITEMAP_LEVELS:
                        problems.append(f"an index below {_SITEMAP_LEVELS - 1} others, not followed: {found[:200]}")
                        continue
                    yield self._request(found, self.sitemap, language=language, above=chain)
        self._name(response.url, problems)
        if problems and not named and not is_index:
            self._missed(response.url, reasons.UNREADABLE)
        elif is_cut:
            self._missed(response.url, reasons.CUT_OFF)
        elif not is_index and not is_damaged:  # an index may be unchanged although its sitemaps changed: it is always read
            await self._remember(response, named)

    async def section(self, response: Response, language: str | None = None) -> AsyncIterator[Request]:
        """Read the page of a section or topic: the articles it links to."""
        found = lists.parse_section(response.body, self.run.sites, language, replies.charset(response))
        await self._take(response, found, language)
        return
        yield

    async def media_list(
        self, response: Response, name: str, language: str | None, is_whole: bool, seen: set[int], page: int = 1
    ) -> AsyncIterator[Request]:
        """Read a page of a media list, newest first. is_whole: an earlier run read it to its end, or to what was known then, so
        that all pages after one without anything new are known. seen: what the pages before this one list."""
        found = lists.parse_mediacenter(response.body, self.run.sites, replies.charset(response))
        self.run.note_keys(found.unknown_keys)
        new = await self._register(found.items, language)
        self._name(response.url, found.problems)
        if _gave_nothing(found) or found.is_cut:  # the next run reads it again
            self._missed(response.url, reasons.CUT_OFF if found.is_cut else reasons.UNREADABLE)
            return
        ids = {item.id for item in found.items}
        more = self._next_page(found, page, response)
        if more and (ids <= seen or page >= _PAGES):
            self._name(response.url, [f"page {page} of {name} lists nothing new, yet names a next page: not followed"])
            more = []
        elif more and is_whole and not new:
            self.run.count("dw/listing/named", max((found.total or 0) - len(seen | ids), 0))
            more = []
        seen |= ids
        if page == 1:
            await self._remember(response, found.total or len(found.items))
        self.read_lists.set_page(name, page, found.total, is_done=not more, is_end=not more)
        await self._keep()
        for url in more:
            yield self._request(url, self.media_list, conditional=False, name=name, language=language, is_whole=is_whole,
                                seen=seen, page=page + 1)  # fmt: skip

    async def search_page(self, response: Response, window: lists.Window, day: date, kind: str) -> AsyncIterator[Request]:
        """Read a page of a day of a search window; further pages are requested until the day is complete.

        kind: article, or comment if DW lists commentaries under a type of their own.
        """
        name = _day_name(window, day, kind)
        found = lists.parse_search(response.body, self.run.sites, replies.charset(response))
        self.run.note_keys(found.unknown_keys)
        await self._register(found.items, window.language)
        self._name(response.url, found.problems)
        if _gave_nothing(found) or found.is_cut:  # the next run reads it again
            self._missed(response.url, reasons.CUT_OFF if found.is_cut else reasons.UNREADABLE)
            return
        page = self.read_lists.page(name)[0] + 1
        is_new = self.read_lists.add(name, (item.id for item in found.items))
        more, is_endless = self._next_page(found, page, response), False
        if more and (not is_new or page >= _PAGES):
            self._name(response.url, [f"page {page} of {name} lists nothing new, yet names a next page: not followed"])
            more, is_endless = [], True
        # a day that is not over may still get articles
        is_over = self.run.start_ms > (datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() + 2 * 86_400) * 1000
        is_done = not more and is_over and not is_endless
        self.read_lists.set_page(name, page, found.total, is_done=is_done, is_end=not more)
        shows_comments = lists.COMMENTS in found.content_types and self._kinds_of(window, day) == ["article"]
        if shows_comments:  # noted together with the page that showed it, so that a kill cannot lose it
            self.read_lists.set_page(_day_name(window, day, "comment"), 0, None, is_done=False, is_end=False)
        await self._keep()
        for url in more:
            yield self._request(url, self.search_page, conditional=False, window=window, day=day, kind=kind)
        if shows_comments:
            for request in self._search(window, day, "comment"):
                yield request

    def _next_page(self, found: ListPage, page: int, response: Response) -> list[str]:
        """Return the address of the next page of a list, or nothing: the one it names, or one made of its number if DW counts
        more pages."""
        if found.more or page >= (found.pages or 0):
            return found.more
        url, is_numbered = re.subn(r"(?<=[?&]pageIndex=)[0-9]+", str(page + 1), _asked(response))
        self._name(response.url, [f"page {page} of {found.pages} names no usable next page: requested by its number"])
        return [url] if is_numbered else []

    # --- what lists name ---

    async def _take(self, response: Response, found: ListPage, language: str | None) -> None:
        """Take what a list of one page names."""
        await self._register(found.items, language)
        self._name(response.url, found.problems)
        if _gave_nothing(found):
            self._missed(response.url, reasons.UNREADABLE)
        elif found.is_cut:
            self._missed(response.url, reasons.CUT_OFF)
        elif not found.is_damaged:  # a damaged one is read again even if it is unchanged
            await self._remember(response, len(found.items))

    async def _register(self, items: Iterable[Listed], language: str | None) -> int:
        """Register what a list names. Returns how many documents were unknown."""
        new = named = 0
        for item in items:
            named += 1
            row = await self.registry.register(item.kind, item.id, item.language or language)
            new += row is None
            if row and row.path and item.modified_ms and item.modified_ms > _looked_at_ms(row):
                self.index.set_unchecked(row.id)  # for later runs as well: the list may not be sent again
                if self.run.options.looks_again:
                    self.index.set_due(row.id)
        self.run.count("dw/listing/named", named)
        self.run.count("dw/listing/new", new)
        return new

    def _today(self) -> date:
        return datetime.fromtimestamp(self.run.start_ms / 1000, UTC).date()

    async def _keep(self) -> None:
        """Commit, so that a kill cannot lose the page position."""
        await self.registry.log()
        self.index.commit()

    def _name(self, url: str, problems: Iterable[str]) -> None:
        for problem in problems:
            self.run.note_problem(url, problem)

    async def _remember(self, response: Response, named: int) -> None:
        """Remember the validators of a list, and how much it names, after everything in it is logged."""
        await self.registry.log()
        etag, last_modified = replies.header(response, "ETag"), replies.header(response, "Last-Modified")
        self.read_lists.set_validators(_asked(response), etag, last_modified, named, response.url)

    def completeness(self) -> Iterator[str]:
        """Yield a sentence for each search window: how much of what it lists is archived."""
        for text, window in self.windows.items():
            days = list(window.days(self._today()))
            names = [_day_name(window, day, kind) for day in days for kind in self._kinds_of(window, day)]
            listed, archived, available, open_days = self.read_lists.counts(names)
            all_days = (window.last - window.first).days + 1
            open_days += all_days - len(days)  # those yet to come
            share = f" ({100 * archived / listed:.1f} %)" if listed else ""
            others = "".join(f", {count} {state}" for state, count in self.read_lists.others(names).items())
            sentence = f"{text}: DW counts {available}, lists {listed}, of which {archived} are archived{share}{others}"
            yield sentence + (f"; {open_days} of {all_days} days not over, or not read to their end" if open_days else "")


def _gave_nothing(found: ListPage) -> bool:
    """Whether a reply is not a list, or is unreadable, even if it says how much it lists."""
    return bool(found.problems) and not found.items


def _looked_at_ms(row: Row) -> int:
    """Return when an archived document was last compared with DW, milliseconds UTC; for one that came as a file, its stamp."""
    return (row.stamp_ms if row.checked_ms is None else row.checked_ms) or 0


def _day_name(window: lists.Window, day: date, kind: str) -> str:
    return f"search:{window.language_id}:{day}" + (":comment" if kind == "comment" else "")


def _asked(response: Response) -> str:
    """Return the address that was requested, before any redirect."""
    return str(response.meta.get("redirect_urls", [response.url])[0])
