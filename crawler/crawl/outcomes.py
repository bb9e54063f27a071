"""What becomes of a document that was asked for and gave no article: as it was, an alias, unwanted, missing, unreadable. Each
is counted, logged and remembered. Glue; an article goes through the pipelines.

Counts dw/document/unchanged, /alias, /unwanted/<kind>, /missing/<reason>, /unreadable.
"""

from __future__ import annotations

import functools
import hashlib
import logging
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec

from crawler.crawl import report
from crawler.crawl.headers import header
from crawler.storage import layout
from crawler.storage.archive import state_line
from crawler.storage.index.objects import ALIAS, ARCHIVED, MISSING, OUT_OF_SCOPE, PENDING, UNREADABLE, Row
from crawler.storage.index.refresh import after_miss
from crawler.storage.writer import NewFile

if TYPE_CHECKING:
    from scrapy.http import Response

    from crawler.crawl.run import Run
    from crawler.storage.index.sqlite import Index
    from crawler.urls import Target

logger = logging.getLogger(__name__)

P = ParamSpec("P")
Outcome = Callable[Concatenate["Run", Row, P], Coroutine[Any, Any, None]]


def _in_turn(note: Outcome[P]) -> Outcome[P]:
    """Note an outcome while nobody else plans files of the document, with the row it has by then: a seed may have brought it
    while DW was asked."""

    @functools.wraps(note)
    async def noted(run: Run, row: Row, /, *rest: P.args, **more: P.kwargs) -> None:
        async with run.archive.document(row.number):
            await note(run, run.archive.index.get(row.number) or row, *rest, **more)

    return noted


@_in_turn
async def unchanged(run: Run, row: Row) -> None:
    """DW says that an archived document is as it was."""
    now_ms = run.now_ms()
    run.count("dw/document/unchanged")
    if row.misses:  # DW has it again: an index made again shall know
        await run.store([], [state_line(ARCHIVED, row.kind, row.number, now_ms)])
    run.archive.index.set_checked(row.number, now_ms, row.etag, row.last_modified)


def circle(index: Index, led_to: dict[int, int], number: int, target: int) -> list[int] | None:
    """The other numbers of the circle that a redirect from one number to another closes; None where it closes none.

    led_to: where redirects of this run led. What earlier runs found an alias leads on, too.
    """
    others: list[int] = []
    while target != number:
        row = index.get(target)
        further = led_to.get(target) or (row.target if row and row.state == ALIAS else None)
        if further is None or target in others:
            return None
        others.append(target)
        target = further
    return others


@_in_turn
async def alias(run: Run, row: Row, target: Target) -> None:
    """A number leads to another's document, which is wanted in its place."""
    index = run.archive.index
    assert target.number is not None
    now_ms = run.now_ms()
    states = [state_line(ALIAS, row.kind, row.number, now_ms, target=target.number)]
    known = index.resolve(target.number)
    if known is None or known.hop > row.hop:
        language = target.language or row.language
        states.append(state_line(PENDING, target.kind, target.number, now_ms, hop=row.hop, language=language))
    run.count("dw/document/alias")
    await run.store([], states)
    run.archive.register([target.number], row.hop, target.kind, target.language)
    if row.path:  # it had an article of its own, which stays
        index.set_checked(row.number, now_ms, row.etag, row.last_modified)


@_in_turn
async def unwanted(run: Run, row: Row, kind: str) -> None:
    """A document is of a kind that is not wanted (ARCHIVE_KINDS)."""
    run.count(f"dw/document/unwanted/{kind}")
    if row.path:  # it was of another kind, and stays
        run.archive.index.set_checked(row.number, run.now_ms(), row.etag, row.last_modified)
        return
    state = state_line(OUT_OF_SCOPE, kind, row.number, run.now_ms(), reason="kind", hop=row.hop, language=row.language)
    await run.store([], [state])


@_in_turn
async def missing(run: Run, row: Row, reason: str, refused: bool = False) -> None:
    """A document could not be had. refused: it was we, or robots.txt, who did not allow it."""
    state = run.archive.miss(row, reason, run.now_ms(), refused=refused)
    run.note_missing(row.kind, row.number, reason, run.sites.detail(row.kind, row.number))
    run.count(f"dw/document/missing/{reason}")
    if row.path:
        logger.info("%s %s is archived, but DW does not give it now: %s", row.kind, row.number, reason)
    await run.store([], [state])


@_in_turn
async def unreadable(run: Run, row: Row, response: Response, reason: str) -> None:
    """A reply nobody can read is kept as it came, with the reason beside it."""
    now_ms = run.now_ms()
    digest = hashlib.sha256(response.body).hexdigest()
    path = layout.unreadable_path(row.number, digest, ".reply")
    record = {"kind": row.kind, "id": row.number, "url": run.sites.canonical(response.url), "time": layout.iso_time(now_ms)}
    about = {**record, "reason": reason, "status": response.status, "content_type": header(response, "Content-Type")}
    files = []
    if not (run.root / path).exists():
        data = report.dumps(about)
        # what is said of the reply first: where the reply is, that is too
        files = [NewFile(path.replace(".reply", ".json"), data, record), NewFile(path, response.body, record)]
    miss = after_miss("unreadable", now_ms, row.misses, row.missed_ms, row.reason)
    state = state_line(
        UNREADABLE if row.path is None else MISSING, row.kind, row.number, now_ms, reason=reason, misses=miss.misses,
        missed_ms=miss.first_ms, next_ms=miss.next_ms, hop=row.hop, language=row.language,
    )  # fmt: skip
    run.count("dw/document/unreadable")
    run.note_missing(row.kind, row.number, f"unreadable: {reason}", str(record["url"]))
    logger.warning("%s %s: unreadable, kept as %s: %s", row.kind, row.number, path, reason)
    await run.store(files, [state])
