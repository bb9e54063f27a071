"""A dry run: prints what would be requested, and why. Nothing is requested, and the index is a copy (`opening.look`)."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from crawler import seeds, streams
from crawler.crawl.seeding import standard_input
from crawler.exceptions import DiskError
from crawler.storage.index.objects import ARCHIVED, PENDING, Row

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from crawler.crawl.run import Run
    from crawler.crawl.seeding import Seeding


async def say(run: Run, seeding: Seeding, register_media: Callable[[], Awaitable[None]]) -> None:
    """Print a line for each request: the address and the reason. With dry_run=json the lines are JSON, without a sum at
    the end. register_media: registers the media files of archived documents.

    Ends if the reader closes the pipe (`| head`). Raises DiskError if standard output cannot be written.
    """
    try:
        await _say(run, seeding, register_media)
        sys.stdout.flush()
    except BrokenPipeError:
        streams.silence(sys.stdout)
    except OSError as error:
        streams.silence(sys.stdout)
        failure = DiskError(f"standard output cannot be written: {error.strerror or error}")
        run.abort(failure)
        raise failure from error


async def _say(run: Run, seeding: Seeding, register_media: Callable[[], Awaitable[None]]) -> None:
    index, sites, given, as_json = run.archive.index, run.sites, run.options.seeds, run.options.is_json
    count = 0
    for seed in seeds.read(given, await standard_input(given), sites):
        for request in seeding.list_requests(seed) or ():
            count += 1
            _print(request.url, "a list of articles", as_json)
        await seeding.take(seed)
    if run.options.media:
        await register_media()
    for row in index.due():
        count += 1
        where = sites.picture(row.picture) if row.kind == "picture" else row.url
        _print(str(where) if row.rendition else sites.detail(row.kind, row.id), why(row), as_json)
    if not as_json:
        requests = f"{count:,} request{'' if count == 1 else 's'} would be made"
        print(requests + (", and more for the documents and pictures they lead to" if count else ""))


def _print(url: str, reason: str, as_json: bool) -> None:
    if as_json:
        streams.print_json({"url": url, "why": reason})
    else:
        print(f"{url}  {reason}")


def why(row: Row) -> str:
    """Return why an object is to be requested, for a person."""
    if row.state == ARCHIVED:
        return "archived, to be compared with DW" if not row.checked_ms else "archived, to be checked again"
    if row.state == PENDING:
        return f"pending: {row.kind} of an archived document" if row.rendition else f"pending, {row.hop} hops from the seeds"
    return f"{row.state} ({row.reason}), tried {times(row.misses)}"


def times(count: int) -> str:
    """Return how often something was tried, in words."""
    return "once" if count == 1 else f"{count} times"
