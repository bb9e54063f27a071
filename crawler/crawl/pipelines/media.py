"""Fetches the files of videos and audio (`-a media=1`), one file at a time, in pieces. Each piece is durable before the next is
requested, and the next run continues a file that a run leaves unfinished."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING

from scrapy import Request
from scrapy.http.request import NO_CALLBACK

from crawler import reasons, times
from crawler.crawl import replies
from crawler.crawl.component import RunComponent
from crawler.crawl.failures import failure_reason
from crawler.exceptions import DiskError
from crawler.files import read_file
from crawler.reasons import Reason
from crawler.storage import disk, layout, mediafile
from crawler.storage.index.objects import ARCHIVED, Row
from crawler.storage.logline import About
from crawler.storage.mediafile import ANEW, BEGIN, Partial, Reply
from crawler.storage.writer import Piece, Whole

if TYPE_CHECKING:
    from scrapy.http import Response

    from crawler.crawl.pipelines.item import Fetched
    from crawler.crawl.run import Run

logger = logging.getLogger(__name__)

_BATCH = 200  # documents read at a time
_KINDS = ("video", "audio")


class _NotHad(Exception):
    """A media file could not be fetched. refused: this crawler does not allow it. Raised and caught here."""

    def __init__(self, reason: Reason, refused: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.refused = refused


class _Stopped(Exception):
    """The run is ending; the next one continues what is on disk. Raised and caught here."""


class MediaPipeline(RunComponent):
    """Fetches the media file of each archived video and audio. Settings: MEDIA_HOSTS, MEDIA_MAXSIZE, DW_MEDIA_URL. Does
    nothing without the spider argument `media`.

    Comes after the document is stored. One item at most waits here: while its file is fetched, so are those of later
    items. Counts dw/media/stored, /already_there, /missing, /missing/<reason>, /refused, /refused/<reason>, /bytes.
    """

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self.largest, whole = run.options.largest_media, run.options.largest_reply  # for a whole file, without ranges
        self.largest_reply = min(self.largest, whole) if whole else self.largest
        self.worker: asyncio.Task[None] | None = None

    async def process_item(self, item: Fetched) -> Fetched:
        if self.run.options.media and item.article.kind in _KINDS and item.document.media:
            row = self.run.archive.index.register_media(item.article.id, item.document.media)
            if row.state == ARCHIVED:
                self.run.count("dw/media/already_there")
            elif self.worker is None or self.worker.done():
                await self.fetch_due()
        return item

    async def close_spider(self) -> None:
        """Wait for the piece that is being fetched."""
        if self.worker:
            with contextlib.suppress(DiskError):  # the run has noted the error
                await self.worker

    async def register_archived(self) -> None:
        """Register the media files of documents that were archived without `media`."""
        index, dw_id = self.run.archive.index, 0
        while rows := index.without_media(dw_id, _BATCH):
            for row in rows:
                dw_id = row.id
                document = self.run.archive.read(row.path) if row.path else None
                if document and document.media:
                    index.register_media(dw_id, document.media)
            await asyncio.sleep(0)

    async def fetch_due(self) -> None:
        """Fetch media files that are due, or become due meanwhile. Uses a task of its own, so that the end of `start` does not
    cut a piece."""
        if self.worker is None or self.worker.done():
            self.worker = asyncio.create_task(self._fetch_all())
        await asyncio.shield(self.worker)

    async def _fetch_all(self) -> None:
        index = self.run.archive.index
        while not self.run.is_closing() and (row := index.next_media()):
            if index.claim(row.id, row.rendition):
                await self._fetch(row)

    async def _fetch(self, row: Row) -> None:
        """Fetch a media file. Counts one outcome, or none if the run ends before. Raises DiskError."""
        assert row.url
        path = layout.media_path(row.id, mediafile.extension(row.url))
        try:
            size = await self._complete(row, path)
            about = About("media", row.id, row.url, times.iso(self.run.now_ms()))
            await self.run.store([Whole(path, about)])
        except _Stopped:
            return
        except _NotHad as error:
            await self._miss(row, path, error)
        else:
            self._forget(path)
            self.run.count("dw/media/stored")
            logger.info("Media file of %s: %d bytes, stored as %s", row.id, size, path)

    async def _complete(self, row: Row, path: str) -> int:
        """Fetch the rest of a partial file. Returns the size of the whole. Raises _NotHad and _Stopped."""
        assert row.url
        url = self.run.sites.media_file(row.url)
        if url is None:
            raise _NotHad(reasons.FOREIGN_MEDIA_HOST, refused=True)
        partial = self._partial(row.url, path)
        began_anew = False
        while not partial.is_whole:
            response = await self._ask(url, partial)
            what, total = mediafile.meaning(_reply(response), partial) if response else (ANEW, 0)
            if response is None or what == ANEW:
                if began_anew:
                    raise _NotHad(reasons.not_a_media_file("it changes while it is fetched"))
                logger.info("%s has changed: starting again", row.url)
                partial, began_anew = Partial(row.url), True
            elif isinstance(what, Reason):
                raise _NotHad(what)
            elif total > self.largest:
                raise _NotHad(reasons.TOO_LARGE, refused=True)
            else:
                partial = Partial(row.url) if what == BEGIN else partial
                await self._append(path, partial, response, total)
        return partial.size

    def _partial(self, url: str, path: str) -> Partial:
        """Return what an earlier run left of a file."""
        partial = layout.partial_path(path)
        with contextlib.suppress(OSError):
            note = read_file(self.run.root / layout.note_path(partial))
            return mediafile.read_note(note, url, (self.run.root / partial).stat().st_size)
        return Partial(url)

    async def _ask(self, url: str, partial: Partial) -> Response | None:
        """Return the reply to a request for the next piece; None if another version came whole, too large for one reply. Raises
    _NotHad and _Stopped."""
        if self.run.is_closing():
            raise _Stopped
        headers = {"Range": partial.next_range(), "Accept-Encoding": "identity"}
        if partial.size and partial.validator:
            headers["If-Range"] = partial.validator
        request = Request(url, callback=NO_CALLBACK, headers=headers, meta={"download_maxsize": self.largest_reply})
        try:
            return await self.run.control.download(request)
        except Exception as error:
            reason, refused = failure_reason(error)
            if self.run.is_closing():
                raise _Stopped from error
            if reason == reasons.TOO_LARGE and partial.size:
                return None
            raise _NotHad(reason, refused or reason == reasons.TOO_LARGE) from error

    async def _append(self, path: str, partial: Partial, response: Response, total: int) -> None:
        """Append a reply's body to a partial file, on disk and in its note. Raises _NotHad and DiskError."""
        at = partial.size
        if at == 0:
            if problem := mediafile.problem(response.body[:16], mediafile.extension(partial.url)):
                raise _NotHad(problem)
            reply = _reply(response)
            partial.etag, partial.last_modified = reply.etag, reply.last_modified
        partial.size, partial.total = at + len(response.body), total
        await self.run.store([Piece(layout.partial_path(path), response.body, at, partial.note())])
        self.run.count("dw/media/bytes", len(response.body))

    async def _miss(self, row: Row, path: str, error: _NotHad) -> None:
        """Store and count why a media file could not be fetched. A partial file stays, unless the file is refused."""
        now_ms = self.run.now_ms()
        state = self.run.archive.miss(row, error.reason, now_ms, refused=error.refused)
        outcome = "refused" if error.refused else "missing"
        if error.refused:
            self._forget(path)
        self.run.count(f"dw/media/{outcome}")
        self.run.count(f"dw/media/{outcome}/{error.reason}")
        logger.info("Media file of %s %s: %s (%s)", row.id, outcome, error.reason, row.url)
        self.run.note_missing("media", row.id, error.reason, row.url)
        await self.run.store([], [state])

    def _forget(self, path: str) -> None:
        """Remove the note of a partial file, then the partial file itself."""
        partial = layout.partial_path(path)
        with contextlib.suppress(OSError):  # a leftover file is harmless
            disk.remove(self.run.root / layout.note_path(partial))
            disk.remove(self.run.root / partial)


def _reply(response: Response) -> Reply:
    names = ("Content-Range", "ETag", "Last-Modified")
    return Reply(response.status, len(response.body), *(replies.header(response, name) for name in names))
