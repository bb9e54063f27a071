"""Take seeds into the archive: addresses become pending, seed documents are stored, lists become requests.

`seeds` parses the seeds, `lists` reads the replies of lists."""

from __future__ import annotations

import asyncio
import contextlib
import io
import logging
import os
import sys
import threading
from typing import TYPE_CHECKING

from crawler import clock, seeds
from crawler.dw.lists import UnreadableSeed
from crawler.urls import DOCUMENT_KINDS

if TYPE_CHECKING:
    from scrapy import Request

    from crawler.crawl.lists import Lists
    from crawler.crawl.registry import Registry
    from crawler.crawl.run import Run

logger = logging.getLogger(__name__)


async def standard_input(argument: str) -> io.BytesIO:
    """Return all of standard input if a `seeds` argument names it, else nothing.

    A separate thread reads it, and the run does not wait for this thread at its end, so that a signal ends a run that
    waits for input.
    """
    data = bytearray()
    if seeds.STDIN not in map(str.strip, argument.split(",")):
        return io.BytesIO()
    loop, descriptor, is_read = asyncio.get_running_loop(), sys.stdin.fileno(), asyncio.Event()

    def read() -> None:
        with contextlib.suppress(OSError):  # an unreadable input holds no seeds
            while len(data) <= seeds.MAX_FILE_BYTES and (piece := os.read(descriptor, 1 << 20)):
                data.extend(piece)
        with contextlib.suppress(RuntimeError):  # the run has ended meanwhile
            loop.call_soon_threadsafe(is_read.set)

    threading.Thread(target=read, name="standard-input", daemon=True).start()
    await is_read.wait()
    return io.BytesIO(data)


class Seeding:
    """Takes seeds. Counts dw/seed/address, dw/seed/document, dw/seed/mended, dw/seed/listing, dw/seed/unusable,
    dw/document/from_seed/<outcome>."""

    def __init__(self, run: Run, registry: Registry, lists: Lists) -> None:
        self.run = run
        self.registry = registry
        self.lists = lists

    async def take(self, seed: seeds.Seed) -> int:
        """Take a seed into the archive. Returns 1 if it is usable; else 0, and it is logged and counted. Raises DiskError."""
        run, index = self.run, self.run.archive.index
        match seed:
            case seeds.Problem(place, reason):
                run.count("dw/seed/unusable")
                logger.warning("Seed %s: %s", place, reason)
                return 0
            case seeds.Start():
                return 0
            case seeds.Address(_, target, _):
                if target.id is None or target.kind not in DOCUMENT_KINDS:
                    return 0
                run.count("dw/seed/address")
                await self.registry.register(target.kind, target.id, target.language)
            case seeds.Document(_, document, is_mended):
                assert document.id is not None
                run.count("dw/seed/document")
                if is_mended:
                    run.count("dw/seed/mended")
                if not run.options.dry_run:
                    async with run.archive.document(document.id):
                        outcome, files = run.archive.plan_seed(document, "seed", clock.now_ms())
                        if files:
                            await run.store(files)
                    run.count(f"dw/document/from_seed/{outcome}")
                run.archive.register([document.id], 0, document.kind, document.language)
                run.archive.register_document(document, "seed", 0)
                row = index.resolve(document.id)
                if row and row.path and not row.checked_ms and (run.options.looks_again or not run.archive.reply_of(row.path)):
                    index.set_due(row.id)
        return 1

    def list_requests(self, seed: seeds.Seed) -> list[Request] | None:
        """Return the requests of a seed that is a list: a feed, a sitemap, a section, a search window (none if all of it is
        known). None for any other seed, and for an invalid one, which is logged and counted."""
        try:
            match seed:
                case seeds.Start(_, text):
                    requests = list(self.lists.start(text))
                case seeds.Address(_, target, url) if target.id is None or target.kind not in DOCUMENT_KINDS:
                    request = self.lists.from_address(target, url)
                    if request is None:
                        raise UnreadableSeed(f"not over https: {url[:200]}")
                    requests = [request]
                case _:
                    return None
        except UnreadableSeed as error:
            self.run.count("dw/seed/unusable")
            logger.warning("Seed %s: %s", seed.place, error)
            return None
        self.run.count("dw/seed/listing")
        return requests
