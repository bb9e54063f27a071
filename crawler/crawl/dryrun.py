"""A dry run: what would be requested, and why; nothing is requested, and the index is a copy
(`Archive.look`). Glue."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from crawler import seeds, streams
from crawler.console import print_json
from crawler.crawl.seeding import standard_input
from crawler.exceptions import DiskError
from crawler.storage.index.objects import ARCHIVED, PENDING, Row

if TYPE_CHECKING:
    from crawler.spiders.dw import DwSpider


async def say(spider: DwSpider, *, as_json: bool) -> None:
    """Print a line for each request: the address and the reason. as_json: of JSON, without a sum at the end.

    Ends where nobody reads on (`| head`). Raises DiskError where standard output takes no more.
    """
    try:
        await _say(spider, as_json)
        sys.stdout.flush()
    except BrokenPipeError:
        streams.silence(sys.stdout)
    except OSError as error:
        streams.silence(sys.stdout)
        failure = DiskError(f"standard output takes no more: {error.strerror or error}")
        spider.run.abort(failure)
        raise failure from error


async def _say(spider: DwSpider, as_json: bool) -> None:
    index, sites = spider.run.archive.index, spider.run.sites
    for seed in seeds.read(spider.seeds, await standard_input(spider.seeds), sites):
        for request in spider.intake.listings(seed) or ():
            _print(request.url, "a list of what is new", as_json)
        await spider.intake.take(seed)
    if spider.media:
        await spider.media_files().hear_of_archived()
    count = 0
    for row in index.due():
        count += 1
        where = sites.picture(row.picture) if row.kind == "picture" else row.url
        _print(str(where) if row.format else sites.detail(row.kind, row.number), why(row), as_json)
    if not as_json:
        print(f"{count} requests would be made, and more for what they lead to")


def _print(url: str, reason: str, as_json: bool) -> None:
    if as_json:
        print_json({"url": url, "why": reason})
    else:
        print(f"{url}  {reason}")


def why(row: Row) -> str:
    """Why an object is to be requested, for a person."""
    if row.state == ARCHIVED:
        return "archived, to be compared with DW" if not row.checked_ms else "archived, to be looked at again"
    if row.state == PENDING:
        return f"pending: {row.kind} of an archived document" if row.format else f"pending, {row.hop} hops from the seeds"
    return f"{row.state} ({row.reason}), tried {row.misses} times"
