"""What happens to an article: what its document lacks is named, its pictures are fetched, what is new is stored. A class each.

Nothing runs backwards: no stage asks a later one.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from typing import TYPE_CHECKING

from scrapy import Request
from scrapy.exceptions import DropItem
from scrapy.http.request import NO_CALLBACK

from crawler import normalise, seedfile
from crawler.crawl import replies
from crawler.crawl.failures import failure_reason
from crawler.crawl.run import ArchiveExtension
from crawler.dw.places import WEAK
from crawler.exceptions import DiskError
from crawler.storage import layout, pictures
from crawler.storage.archive import state_line
from crawler.storage.index.objects import ARCHIVED, PENDING, Row
from crawler.storage.logline import Record
from crawler.storage.writer import NewFile
from crawler.urls import DW, PictureName

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from crawler.dw.article import Fetched

logger = logging.getLogger(__name__)

_NAMED = 50  # of a kind, in the log, for an article


class ArchivePart:
    """What every stage has: the run it belongs to, and a way to count."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.run = ArchiveExtension.of(crawler)
        self.archive = self.run.archive
        self.count = self.run.count

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)


class OmissionsPipeline(ArchivePart):
    """Counts and names what a reply holds and its document does not.

    Counts dw/element/skipped/<type>, dw/reference/refused, dw/reference/left_out, dw/picture/refused, dw/reply/unknown_key.
    A log names at most 50 of a kind for an article.
    """

    def process_item(self, item: Fetched) -> Fetched:
        article = item.article
        self.run.note_keys(article.unknown_keys)
        what = f"{article.kind} {article.number}"
        skipped = Counter(article.skipped).most_common()
        for name, count in skipped[:_NAMED]:
            self.count(f"dw/element/skipped/{name}", count)
            logger.info("%s: body element of unknown type %r skipped, %d of them; the reply has it", what, name, count)
        if others := sum(count for _, count in skipped[_NAMED:]):
            self.count("dw/element/skipped/other types", others)
        self._refuse("picture", article.refused, f"{what}: picture or media address refused, not DW's")
        self._refuse("reference", seedfile.refused_references(item.document.html, self.run.sites),
                     f"{what}: reference refused, not DW's")  # fmt: skip
        if left_out := seedfile.references_left_out(item.document.html, self.run.sites):
            self.count("dw/reference/left_out", left_out)
            logger.warning("%s: %d references beyond the first %d left out", what, left_out, seedfile.MOST_REFERENCES)
        return item

    def _refuse(self, what: str, addresses: Sequence[str], message: str) -> None:
        if addresses:
            self.count(f"dw/{what}/refused", len(addresses))
        for address in addresses[:_NAMED]:
            logger.warning("%s: %.200s", message, address)


class ComparePipeline(ArchivePart):
    """Stops what the archive holds already; a reply that was not yet on disk, or is the first of api.dw.com's, is kept
    beside its document.

    Counts dw/document/unchanged, dw/document/alias.
    """

    async def process_item(self, item: Fetched) -> Fetched:
        async with self.archive.document(item.requested, item.article.number):
            is_known = await store_if_known(self, item)
        if is_known:
            raise DropItem("the archive holds it already", log_level="DEBUG")
        return item


async def store_if_known(part: ArchivePart, item: Fetched) -> bool:
    """Whether the archive holds this content already, or better than in a weak source; then only what is new about it is
    noted. Counts dw/document/weaker beside those of ComparePipeline."""
    archive, number = part.archive, item.article.number
    row = archive.index.get(number)
    known = archive.read(row.path) if row and row.path else None
    if row is None or row.path is None or known is None:
        return False
    is_weak = item.article.source in WEAK
    if is_weak and row.source not in WEAK:
        archive.index.set_checked(number, 0, row.etag, row.last_modified)
        part.count("dw/document/weaker")
        return True
    if not seedfile.says_the_same(known, item.document):
        return False
    states = []
    if item.requested != number and archive.index.get(item.requested) != row:
        states.append(state_line("alias", "article", item.requested, item.stamp_ms, target=number))
        part.count("dw/document/alias")
    files = []
    is_better = item.article.source == "api" and row.source != "api"
    if archive.reply_of(row.path) is None or is_better:
        files.append(reply_file(part, item))
        files[0].path = layout.reply_path(row.path, item.reply_extension)
    published_ms = normalise.time_ms(item.article.display_date)
    published_ms = row.published_ms if published_ms is None else published_ms
    if row.misses or (row.kind, row.published_ms) != (item.article.kind, published_ms):
        # DW has it again, or says what a document alone does not: that it is a liveblog, the date of a video
        states.append(state_line(ARCHIVED, item.article.kind, number, item.stamp_ms, published_ms=published_ms))
    if files or states:
        await part.run.store(files, states)
    archive.index.set_checked(number, 0 if is_weak else item.stamp_ms, item.etag, item.last_modified)
    part.count("dw/document/unchanged")
    return True


def reply_file(part: ArchivePart, item: Fetched) -> NewFile:
    """The reply an article was made of, to lie beside its document; `path` holds its extension."""
    record: Record = {
        "kind": item.article.kind, "id": item.article.number, "url": part.run.sites.canonical(item.url),
        "time": layout.iso_time(item.stamp_ms), "source": item.article.source, "etag": item.etag,
        "last_modified": item.last_modified,
    }  # fmt: skip
    return NewFile(item.reply_extension, item.reply, record, compress=True, charset=item.charset)


class PicturesPipeline(ArchivePart):
    """Fetches every picture of a document that the archive does not have, before the document is stored.

    Every reference ends in one of dw/picture/stored, dw/picture/already_there, dw/picture/missing (and
    dw/picture/missing/<reason>). Pictures are taken from DW_STATIC_URL, whatever host a document names.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self.running: dict[PictureName, asyncio.Future[str]] = {}

    async def process_item(self, item: Fetched) -> Fetched:
        names = list(item.document.pictures)
        if item.article.preview and item.article.preview.name not in names:
            names.append(item.article.preview.name)
        await asyncio.gather(*map(self.fetch, names))
        return item

    async def fetch(self, name: PictureName) -> None:
        """Have a picture in the archive or know why not; one outcome is counted."""
        row, is_to_be_fetched = self.archive.index.claim_picture(name, DW.picture(name))
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
            self.count("dw/picture/missing" if reason else "dw/picture/stored")
        elif running := self.running.get(name):
            reason = await asyncio.shield(running)
            self.count("dw/picture/missing" if reason else "dw/picture/already_there")
        elif row.state == ARCHIVED:
            self.count("dw/picture/already_there")
        else:
            reason = row.reason or "not tried again yet"
            self.count("dw/picture/missing")
        if reason:
            self.count(f"dw/picture/missing/{reason}")

    async def _fetch(self, name: PictureName, row: Row) -> str:
        """Fetch and store one picture. Returns why it could not be had; empty when it is stored."""
        request = Request(self.run.sites.picture(name), callback=NO_CALLBACK, priority=1)
        try:
            response = await self.crawler.engine.download_async(request)
        except Exception as error:
            reason, refused = failure_reason(error)
            if self.run.is_closing():
                given_back = state_line(PENDING, "picture", row.number, self.run.now_ms(), format=row.format, url=row.url)
                await self.run.store([], [given_back])  # a preview is named in no document: an index made again has it too
                return "stopped"
            return await self._miss(row, reason, refused)
        self.run.note_answer(response)
        reason = replies.fault(response) or picture_problem(response)
        if reason:
            return await self._miss(row, reason)
        now_ms = self.run.now_ms()
        record = {"kind": "picture", "id": name.number, "url": DW.picture(name), "time": layout.iso_time(now_ms)}
        await self.run.store([NewFile(layout.picture_path(name), response.body, record)])
        return ""

    async def _miss(self, row: Row, reason: str, refused: bool = False) -> str:
        now_ms = self.run.now_ms()
        state = self.archive.miss(row, reason, now_ms, refused=refused)
        self.run.note_missing("picture", row.number, reason, row.url)
        await self.run.store([], [state])
        return reason


def picture_problem(response: Response) -> str:
    """Return why a reply with status 200 is not a whole picture; empty if it is one.

    A body that is shorter than its Content-Length never gets here: Scrapy fails the request. It flags a body whose end
    only the end of the connection tells.
    """
    return pictures.problem(response.body, is_complete=not {"partial", "dataloss"} & set(response.flags))


class ArchivePipeline(ArchivePart):
    """Stores the reply and the document, and hears of what the document refers to.

    Counts dw/document/new, dw/document/revised, dw/document/<kind>, dw/document/language/<language>.
    """

    async def process_item(self, item: Fetched) -> Fetched:
        async with self.archive.document(item.requested, item.article.number):  # they may arrive together
            if not await store_if_known(self, item):
                await self._store(item)
        return item

    async def _store(self, item: Fetched) -> None:
        article, document = item.article, item.document
        known = self.archive.index.get(article.number)
        record: Record = {
            "kind": article.kind, "id": article.number, "url": document.url, "time": layout.iso_time(item.stamp_ms),
            "language": article.language, "hop": item.hop, "source": article.source, "etag": item.etag,
            "last_modified": item.last_modified,
        }  # fmt: skip
        if (published_ms := normalise.time_ms(article.display_date)) is not None:
            record["published_ms"] = published_ms
        if item.requested != article.number:
            record["requested"] = item.requested
            self.count("dw/document/alias")
        await self.run.store(self.archive.document_files(document, record, reply_file(self, item)))
        self.archive.register_references(document, item.hop + 1)
        if article.source in WEAK:
            self.archive.index.set_unchecked(article.number)  # until a better source answers
        self.count("dw/document/revised" if known and known.path else "dw/document/new")
        self.count(f"dw/document/{article.kind}")
        self.count(f"dw/document/language/{article.language}")
