"""Stops articles that the archive holds already, before their pictures are fetched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.exceptions import DropItem

from crawler import seedfile, times
from crawler.crawl.component import RunComponent
from crawler.dw.places import WEAK
from crawler.storage.index.objects import ARCHIVED
from crawler.storage.logline import About, StateRecord
from crawler.storage.writer import NewReply

if TYPE_CHECKING:
    from crawler.crawl.pipelines.item import Fetched
    from crawler.crawl.run import Run


class ComparePipeline(RunComponent):
    """Drops articles that the archive holds already. Keeps the reply if the document has none yet, or none from api.dw.com.

    Counts dw/document/unchanged, dw/document/alias.
    """

    async def process_item(self, item: Fetched) -> Fetched:
        async with self.run.archive.document(item.requested, item.article.id):
            is_known = await store_if_known(self.run, item)
        if is_known:
            raise DropItem("the archive holds it already", log_level="DEBUG")
        return item


async def store_if_known(run: Run, item: Fetched) -> bool:
    """Store what is new about an article that the archive holds already. Returns whether it does: the same content, or better
    than one of a weak origin. Counts dw/document/weaker beside those of ComparePipeline."""
    archive, dw_id = run.archive, item.article.id
    row = archive.index.get(dw_id)
    known = archive.read(row.path) if row and row.path else None
    if row is None or row.path is None or known is None:
        return False
    is_weak = item.article.origin in WEAK
    if is_weak and row.origin not in WEAK:
        archive.index.set_checked(dw_id, 0, row.etag, row.last_modified)
        run.count("dw/document/weaker")
        return True
    if not seedfile.says_the_same(known, item.document):
        return False
    states = []
    if item.requested != dw_id and archive.index.get(item.requested) != row:
        states.append(StateRecord("alias", "article", item.requested, times.iso(item.stamp_ms), target=dw_id))
        run.count("dw/document/alias")
    is_better = item.article.origin == "api" and row.origin != "api"
    reply = archive.reply_of(row.path, row.origin)
    is_wanted = reply is None or not archive.is_sound(reply) or is_better
    files = [new_reply(run, item).beside(row.path)] if is_wanted else []
    published_ms = times.parse_ms(item.article.display_date)
    published_ms = row.published_ms if published_ms is None else published_ms
    if row.misses or (row.kind, row.published_ms) != (item.article.kind, published_ms):
        # DW has it again, or gives what the document lacks: that it is a liveblog, or the date of a video
        states.append(StateRecord(ARCHIVED, item.article.kind, dw_id, times.iso(item.stamp_ms), published_ms=published_ms))
    if files or states:
        await run.store(files, states)
    archive.index.set_checked(dw_id, 0 if is_weak else item.stamp_ms, item.etag, item.last_modified)
    run.count("dw/document/unchanged")
    return True


def new_reply(run: Run, item: Fetched) -> NewReply:
    """Return the reply that an article was made of, as it is to be stored."""
    about = About(
        item.article.kind, item.article.id, run.sites.canonical(item.url), times.iso(item.stamp_ms),
        origin=item.article.origin, etag=item.etag, last_modified=item.last_modified,
    )  # fmt: skip
    return NewReply(item.reply_extension, item.reply, about, item.charset)
