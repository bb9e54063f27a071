"""Store the outcome of a request that gave no article: each outcome is counted, logged and remembered.

An article goes through the pipelines. Counts dw/document/unchanged, /alias, /unwanted/<kind>, /missing/<reason>, /unreadable.
"""

from __future__ import annotations

import functools
import hashlib
import logging
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec

from crawler import reasons, times
from crawler.crawl import report
from crawler.crawl.failures import RedirectCircle, failure_reason
from crawler.crawl.judge import Alias, Found, Missing, Unchanged, Unreadable, Unwanted, Verdict
from crawler.reasons import Reason
from crawler.storage import layout
from crawler.storage.index.objects import ALIAS, ARCHIVED, MISSING, OUT_OF_SCOPE, PENDING, UNREADABLE, Row
from crawler.storage.index.refresh import after_miss
from crawler.storage.logline import About, StateRecord
from crawler.storage.writer import NewFile

if TYPE_CHECKING:
    from crawler.crawl.replies import Reply
    from crawler.crawl.run import Run
    from crawler.storage.index.sqlite import Index
    from crawler.urls import Target

logger = logging.getLogger(__name__)

P = ParamSpec("P")
Outcome = Callable[Concatenate["Run", Row, P], Coroutine[Any, Any, None]]


def _in_turn(note: Outcome[P]) -> Outcome[P]:
    """Store an outcome under the document's lock, with the row that the document has by then: a seed may have stored it while
    the request was under way."""

    @functools.wraps(note)
    async def noted(run: Run, row: Row, /, *rest: P.args, **more: P.kwargs) -> None:
        async with run.archive.document(row.id):
            await note(run, run.archive.index.get(row.id) or row, *rest, **more)

    return noted


class Outcomes:
    """Stores the outcomes of a run."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.led_to: dict[int, int] = {}  # redirects of this run from one id to another

    async def store(self, verdict: Verdict, row: Row, reply: Reply) -> Reason:
        """Store what a reply means for a document. Returns why the next place should be asked, '' if it should not.

        Nothing is stored for an article, or for a document that the place does not give. Raises DiskError.
        """
        match verdict:
            case Found():
                pass
            case Unchanged():
                await unchanged(self.run, row)
            case Unwanted(kind):
                await unwanted(self.run, row, kind)
            case Alias(target):
                return await self._follow(row, target)
            case Missing(reason):
                return reason
            case Unreadable(problem):
                await unreadable(self.run, row, reply, problem)
                return verdict.reason
        return reasons.NONE

    async def _follow(self, row: Row, target: Target) -> Reason:
        """Store that an id leads to another. If the ids lead in a circle, the others in it become missing, and the reason is
        returned."""
        assert target.id is not None
        index = self.run.archive.index
        others = circle(index, self.led_to, row.id, target.id)
        if others is None:
            self.led_to[row.id] = target.id
            self.run.count("dw/request/answered")
            await alias(self.run, row, target)
            return reasons.NONE
        reason, _ = failure_reason(RedirectCircle())
        for other in filter(None, map(index.get, others)):
            await missing(self.run, other, reason)
        return reason


@_in_turn
async def unchanged(run: Run, row: Row) -> None:
    """Store that an archived document is as it was."""
    now_ms = run.now_ms()
    run.count("dw/document/unchanged")
    if row.misses:  # DW has it again: a rebuilt index must know
        await run.store([], [StateRecord(ARCHIVED, row.kind, row.id, times.iso(now_ms))])
    run.archive.index.set_checked(row.id, now_ms, row.etag, row.last_modified)


def circle(index: Index, led_to: dict[int, int], dw_id: int, target: int) -> list[int] | None:
    """Return the other ids of the circle that a redirect from one id to another closes; None if it closes none.

    led_to: the redirects of this run, id to id. Aliases of earlier runs are followed too.
    """
    others: list[int] = []
    while target != dw_id:
        row = index.get(target)
        further = led_to.get(target) or (row.target if row and row.state == ALIAS else None)
        if further is None or target in others:
            return None
        others.append(target)
        target = further
    return others


@_in_turn
async def alias(run: Run, row: Row, target: Target) -> None:
    """Store that an id leads to another document, which is wanted in its place."""
    index = run.archive.index
    assert target.id is not None
    now_ms = run.now_ms()
    states = [StateRecord(ALIAS, row.kind, row.id, times.iso(now_ms), target=target.id)]
    known = index.resolve(target.id)
    if known is None or known.hop > row.hop:
        language = target.language or row.language
        states.append(StateRecord(PENDING, target.kind, target.id, times.iso(now_ms), hop=row.hop, language=language))
    run.count("dw/document/alias")
    await run.store([], states)
    run.archive.register([target.id], row.hop, target.kind, target.language)
    if row.path:  # it has an article of its own, which stays
        index.set_checked(row.id, now_ms, row.etag, row.last_modified)


@_in_turn
async def unwanted(run: Run, row: Row, kind: str) -> None:
    """Store that a document is of a kind that is not wanted (ARCHIVE_KINDS)."""
    run.count(f"dw/document/unwanted/{kind}")
    if row.path:  # it was of another kind, and stays
        run.archive.index.set_checked(row.id, run.now_ms(), row.etag, row.last_modified)
        return
    time = times.iso(run.now_ms())
    state = StateRecord(OUT_OF_SCOPE, kind, row.id, time, reason="kind", hop=row.hop, language=row.language)
    await run.store([], [state])


@_in_turn
async def missing(run: Run, row: Row, reason: Reason, refused: bool = False) -> None:
    """Store that a document could not be fetched. refused: this crawler, or robots.txt, does not allow it."""
    state = run.archive.miss(row, reason, run.now_ms(), refused=refused)
    run.note_missing(row.kind, row.id, reason, run.sites.detail(row.kind, row.id))
    run.count(f"dw/document/missing/{reason}")
    if row.path:
        logger.info("%s %s is archived, but DW no longer serves it: %s", row.kind, row.id, reason)
    await run.store([], [state])


@_in_turn
async def unreadable(run: Run, row: Row, reply: Reply, problem: str) -> None:
    """Keep an unreadable reply unchanged, with the problem beside it."""
    now_ms = run.now_ms()
    digest = hashlib.sha256(reply.body).hexdigest()
    path = layout.unreadable_path(row.id, digest, ".reply")
    about = About(row.kind, row.id, run.sites.canonical(reply.url), times.iso(now_ms))
    files = []
    if not (run.root / path).exists():
        data = report.dumps({**about.as_json(), "reason": problem, "status": reply.status, "content_type": reply.content_type})
        # the description first, so that every stored reply has one
        files = [NewFile(path.replace(".reply", ".json"), data, about), NewFile(path, reply.body, about)]
    miss = after_miss(reasons.UNREADABLE, now_ms, row.misses, row.missed_ms, row.reason)
    state = StateRecord(
        UNREADABLE if row.path is None else MISSING, row.kind, row.id, times.iso(now_ms), reason=problem,
        misses=miss.misses, missed_ms=miss.first_ms, next_ms=miss.next_ms, hop=row.hop, language=row.language,
    )  # fmt: skip
    run.count("dw/document/unreadable")
    run.note_missing(row.kind, row.id, reasons.unreadable(problem), about.url)
    logger.warning("%s %s: unreadable, kept as %s: %s", row.kind, row.id, path, problem)
    await run.store(files, [state])
