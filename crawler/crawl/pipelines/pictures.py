"""Fetch the pictures of an article, before its document is stored."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scrapy import Request
from scrapy.http.request import NO_CALLBACK

from crawler import reasons, seedfile, times
from crawler.crawl import replies
from crawler.crawl.component import RunComponent
from crawler.crawl.failures import failure_reason
from crawler.dw.renditions import candidates, standing_in
from crawler.reasons import Reason
from crawler.storage import layout, pictures
from crawler.storage.index.objects import PENDING, Row, rendition_key
from crawler.storage.logline import About, StateRecord
from crawler.storage.writer import NewFile
from crawler.urls import DW, PictureName

if TYPE_CHECKING:
    from scrapy.http import Response

    from crawler.crawl.pipelines.item import Fetched
    from crawler.crawl.run import Run

_BATCH = 32  # pictures requested at a time


@dataclass(frozen=True)
class _Answer:
    """What DW answered to a request for a rendition. reason: why it is not stored, empty if it is. refused: whether our own
    rules or robots.txt forbid the request."""

    reason: Reason
    refused: bool = False


_STORED, _STOPPED = _Answer(reasons.NONE), _Answer(reasons.STOPPED)


@dataclass(frozen=True)
class _Outcome:
    """The outcome of a picture. shown: the rendition that the archive has; the wanted one if it has none, for a reason."""

    shown: PictureName
    reason: Reason = reasons.NONE


class PicturesPipeline(RunComponent):
    """Fetches the pictures of a document that the archive does not have, before the document is stored.

    If DW does not have the wanted rendition (404, 410), the next one stands in for it, and the document shows that one. The
    wanted one is requested again like other missing objects; a stored substitute is not requested again.

    Every reference ends in one of dw/picture/stored, dw/picture/already_there, dw/picture/missing (and
    dw/picture/missing/<reason>); dw/picture/standing_in counts those stored in another rendition than the wanted one. Pictures
    are requested from DW_STATIC_URL, even if a document names another host.
    """

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self.running: dict[PictureName, asyncio.Future[_Outcome]] = {}  # by the wanted rendition
        self._asking: dict[PictureName, asyncio.Future[_Answer]] = {}
        self._not_there: dict[PictureName, _Answer] = {}  # renditions that DW does not have, by its answers in this run

    async def process_item(self, item: Fetched) -> Fetched:
        names = list(item.document.pictures)
        if item.article.preview and item.article.preview.name not in names:
            names.append(item.article.preview.name)
        others = {shown.name: shown.others for shown in item.article.pictures()}
        found = await asyncio.gather(*(self.fetch(name, others.get(name, ())) for name in names))
        instead = {name: shown for name, shown in zip(names, found, strict=True) if shown != name}
        if instead:
            item.document = seedfile.with_renditions(item.document, lambda name: instead.get(name, name))
        return item

    async def fetch_due(self) -> None:
        """Fetch pictures of seed documents, and those missing or pending from earlier runs."""
        while not self.run.is_closing() and (rows := self.run.archive.index.due_pictures(_BATCH)):
            names = [row.picture for row in rows]
            await asyncio.gather(*(self.fetch(name, candidates(name)[1:]) for name in names))

    async def fetch(self, name: PictureName, others: Sequence[PictureName] = ()) -> PictureName:
        """Fetch a picture unless the archive has it. Exactly one outcome is counted. Raises DiskError.

        others: the renditions to request if DW does not have this one, in order. Returns the rendition that the archive has,
        `name` if it has none.
        """
        index = self.run.archive.index
        row, is_to_be_fetched = index.claim_picture(name, DW.picture(name))
        how = "already_there"
        if is_to_be_fetched:
            self.running[name] = mine = asyncio.get_running_loop().create_future()
            outcome = _Outcome(name, reasons.STOPPED)
            try:
                outcome, is_new = await self._fetch_first_of((name, *others), row)
                how = "stored" if is_new else how
            finally:
                del self.running[name]
                mine.set_result(outcome)
        elif running := self.running.get(name):
            outcome = await asyncio.shield(running)
        elif shown := standing_in(name, index.archived_pictures(name.id)):
            outcome = _Outcome(shown)
        else:
            outcome = _Outcome(name, reasons.parse(row.reason or reasons.NOT_YET))
        self._count(name, outcome, how)
        return outcome.shown

    def _count(self, wanted: PictureName, outcome: _Outcome, how: str) -> None:
        if outcome.reason:
            self.run.count("dw/picture/missing")
            self.run.count(f"dw/picture/missing/{outcome.reason}")
            return
        self.run.count(f"dw/picture/{how}")
        if how == "stored" and outcome.shown != wanted:
            self.run.count("dw/picture/standing_in")

    async def _fetch_first_of(self, names: Sequence[PictureName], row: Row) -> tuple[_Outcome, bool]:
        """Fetch the first rendition that DW has, and store whether the wanted one is missing. Raises DiskError.

        names: the wanted one, then the others, requested only if the archive has no rendition at all. row: of the wanted one.
        Returns the outcome, and whether a file was stored. A reason that may pass, or does not come from DW, ends the search:
        the next run starts it again.
        """
        wanted, *others = names
        first = answer = await self._ask(wanted)
        if first.reason.says_gone:
            if there := standing_in(wanted, self.run.archive.index.archived_pictures(wanted.id)):
                await self._miss(row, first, is_shown=True)
                return _Outcome(there), False
            for other in others:
                answer = self._known(other) or await self._ask(other)
                if not answer.reason:
                    await self._miss(row, first, is_shown=True)
                    return _Outcome(other), True
                if not answer.reason.says_gone:
                    break
            else:
                answer = first
        if answer.reason:
            await self._miss(row, answer)
        return _Outcome(wanted, answer.reason), not answer.reason

    def _known(self, name: PictureName) -> _Answer | None:
        """Return the known answer that DW does not have a rendition, if the next request is not due yet; else None."""
        row = self.run.archive.index.get(name.id, rendition_key(name.rendition, name.file_name))
        reason = reasons.parse(row.reason) if row and not row.due else reasons.NONE
        return _Answer(reason) if reason.says_gone else None

    async def _ask(self, name: PictureName) -> _Answer:
        """Fetch and store one rendition, once in a run if DW does not have it. Raises DiskError."""
        if name in self._not_there:
            return self._not_there[name]
        if asking := self._asking.get(name):
            return await asyncio.shield(asking)
        self._asking[name] = mine = asyncio.get_running_loop().create_future()
        answer = _STOPPED
        try:
            answer = await self._fetch(name)
        finally:
            del self._asking[name]
            mine.set_result(answer)
        if answer.reason.says_gone:
            self._not_there[name] = answer
        return answer

    async def _fetch(self, name: PictureName) -> _Answer:
        request = Request(self.run.sites.picture(name), callback=NO_CALLBACK, priority=1)
        try:
            response = await self.run.control.download(request)
        except Exception as error:
            return _STOPPED if self.run.is_closing() else _Answer(*failure_reason(error))
        self.run.note_answer(response)
        if reason := replies.fault(response) or picture_problem(response):
            return _Answer(reason)
        about = About("picture", name.id, DW.picture(name), times.iso(self.run.now_ms()))
        await self.run.store([NewFile(layout.picture_path(name), response.body, about)])
        return _STORED

    async def _miss(self, row: Row, answer: _Answer, *, is_shown: bool = False) -> None:
        """Store why the wanted rendition could not be fetched. is_shown: whether another one stands in for it."""
        if answer is _STOPPED:
            time = times.iso(self.run.now_ms())
            given_back = StateRecord(PENDING, "picture", row.id, time, rendition=row.rendition, url=row.url)
            await self.run.store([], [given_back])  # no document names a preview: only the log has it
            return
        state = self.run.archive.miss(row, answer.reason, self.run.now_ms(), refused=answer.refused)
        if not is_shown:
            self.run.note_missing("picture", row.id, answer.reason, row.url)
        await self.run.store([], [state])


def picture_problem(response: Response) -> Reason:
    """Return why a reply with status 200 is not a whole picture; empty if it is one.

    A body that is shorter than its Content-Length never gets here: Scrapy fails the request. It flags a body whose end
    only the end of the connection tells.
    """
    return pictures.problem(response.body, is_complete=not {"partial", "dataloss"} & set(response.flags))
