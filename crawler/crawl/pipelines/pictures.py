"""Fetches the pictures of an article, before its document is stored."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from scrapy import Request
from scrapy.http.request import NO_CALLBACK

from crawler import reasons, times
from crawler.crawl import replies
from crawler.crawl.component import RunComponent
from crawler.crawl.failures import failure_reason
from crawler.exceptions import DiskError
from crawler.reasons import Reason
from crawler.storage import layout, pictures
from crawler.storage.index.objects import ARCHIVED, PENDING, Row
from crawler.storage.logline import About, StateRecord
from crawler.storage.writer import NewFile
from crawler.urls import DW, PictureName

if TYPE_CHECKING:
    from scrapy.http import Response

    from crawler.crawl.pipelines.item import Fetched
    from crawler.crawl.run import Run

_BATCH = 32  # pictures requested at a time


class PicturesPipeline(RunComponent):
    """Fetches the pictures of a document that the archive does not have, before the document is stored.

    Every reference ends in one of dw/picture/stored, dw/picture/already_there, dw/picture/missing (and
    dw/picture/missing/<reason>). Pictures are requested from DW_STATIC_URL, even if a document names another host.
    """

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self.running: dict[PictureName, asyncio.Future[str]] = {}

    async def process_item(self, item: Fetched) -> Fetched:
        names = list(item.document.pictures)
        if item.article.preview and item.article.preview.name not in names:
            names.append(item.article.preview.name)
        await asyncio.gather(*map(self.fetch, names))
        return item

    async def fetch_due(self) -> None:
        """Fetch pictures of seed documents, and those missing or pending from earlier runs."""
        while not self.run.is_closing() and (rows := self.run.archive.index.due_pictures(_BATCH)):
            await asyncio.gather(*(self.fetch(row.picture) for row in rows))

    async def fetch(self, name: PictureName) -> None:
        """Fetch a picture unless the archive has it. Exactly one outcome is counted. Raises DiskError."""
        row, is_to_be_fetched = self.run.archive.index.claim_picture(name, DW.picture(name))
        reason = ""
        if is_to_be_fetched:
            self.running[name] = mine = asyncio.get_running_loop().create_future()
            try:
                reason = await self._fetch(name, row)
            except DiskError:
                reason = "stopped"
                raise
            finally:
                del self.running[name]
                mine.set_result(reason)
            self.run.count("dw/picture/missing" if reason else "dw/picture/stored")
        elif running := self.running.get(name):
            reason = await asyncio.shield(running)
            self.run.count("dw/picture/missing" if reason else "dw/picture/already_there")
        elif row.state == ARCHIVED:
            self.run.count("dw/picture/already_there")
        else:
            reason = row.reason or "not tried again yet"
            self.run.count("dw/picture/missing")
        if reason:
            self.run.count(f"dw/picture/missing/{reason}")

    async def _fetch(self, name: PictureName, row: Row) -> Reason:
        """Fetch and store one picture. Returns why it could not be fetched; empty if it is stored. Raises DiskError."""
        request = Request(self.run.sites.picture(name), callback=NO_CALLBACK, priority=1)
        try:
            response = await self.run.control.download(request)
        except Exception as error:
            reason, refused = failure_reason(error)
            if self.run.is_closing():
                time = times.iso(self.run.now_ms())
                given_back = StateRecord(PENDING, "picture", row.id, time, rendition=row.rendition, url=row.url)
                await self.run.store([], [given_back])  # no document names a preview: only the log has it
                return reasons.STOPPED
            return await self._miss(row, reason, refused)
        self.run.note_answer(response)
        reason = replies.fault(response) or picture_problem(response)
        if reason:
            return await self._miss(row, reason)
        now_ms = self.run.now_ms()
        about = About("picture", name.id, DW.picture(name), times.iso(now_ms))
        await self.run.store([NewFile(layout.picture_path(name), response.body, about)])
        return reasons.NONE

    async def _miss(self, row: Row, reason: Reason, refused: bool = False) -> Reason:
        now_ms = self.run.now_ms()
        state = self.run.archive.miss(row, reason, now_ms, refused=refused)
        self.run.note_missing("picture", row.id, reason, row.url)
        await self.run.store([], [state])
        return reason


def picture_problem(response: Response) -> Reason:
    """Return why a reply with status 200 is not a whole picture; empty if it is one.

    A body that is shorter than its Content-Length never gets here: Scrapy fails the request. It flags a body whose end
    only the end of the connection tells.
    """
    return pictures.problem(response.body, is_complete=not {"partial", "dataloss"} & set(response.flags))
