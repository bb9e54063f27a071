"""Mark in the index what a run is to request, and what is out of its scope.

This happens before the first request, so that a run only has to look for what is due. Documents too far from the seeds, or of
an unwanted kind, are out of scope.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from crawler import times
from crawler.storage.index import refresh
from crawler.storage.index.objects import (
    ARCHIVED,
    GONE,
    MISSING,
    OPEN,
    OUT_OF_SCOPE,
    PENDING,
    REFUSED,
    SCOPE,
    UNREADABLE,
    Scope,
)
from crawler.storage.index.sqlite import Index
from crawler.storage.logline import ScopeChange
from crawler.urls import DOCUMENT_KINDS

# In this order: objects that could not be fetched or read and may be tried again; archived documents that DW did not have at
# the last check; archived documents never compared with DW.
_NOT_HAD = f"state IN ('{MISSING}', '{GONE}', '{UNREADABLE}', '{REFUSED}')"
_MISSED = f"misses > 0 AND state = '{ARCHIVED}'"
_UNCOMPARED = f"checked_ms = 0 AND state = '{ARCHIVED}'"
_STEM = "substr(objects.path, 1, length(objects.path) - 4)"  # without .txt
_HAS_REPLY = f"EXISTS (SELECT 1 FROM files WHERE files.path IN ({_STEM} || '.json.gz', {_STEM} || '.html.gz'))"


@dataclass(frozen=True)
class Waiting:
    """How many objects wait for the next run, by what it will do with them.

    documents, pictures, media: pending (only a run with media=1 fetches media files). try_again: not fetched or not readable
    before, and due now. try_later: the same, but due later, the first at next_ms (milliseconds UTC, None if there are none).
    look_again: archived documents to be checked by the refresh rules. compare: seed documents not yet compared with DW.
    """

    documents: int
    pictures: int
    media: int
    try_again: int
    try_later: int
    next_ms: int | None
    look_again: int
    compare: int


def mark(index: Index, now_ms: int, scope: Scope, rules: refresh.Rules, again: str = "", *, media: bool = False) -> None:
    """Mark what a run is to request.

    Due are objects that are pending and in scope, that may be tried again, or that are archived and to be checked again.
    again: which archived documents to check again: '' for those of the refresh rules, `all`, `none`, or ids separated by
    commas. With `none` or ids, other documents are requested only if they have no reply yet. media: whether media files are
    wanted.
    """
    index.change("UPDATE objects SET due = 0 WHERE due = 1 AND rendition = ''")  # two statements, one for each partial index
    index.change("UPDATE objects SET due = 0 WHERE due = 1 AND rendition <> ''")
    _draw(index, scope)
    _mark_open(index, now_ms, scope)
    _mark_archived(index, now_ms, rules, again)
    if not media:
        index.change("UPDATE objects SET due = 0 WHERE due = 1 AND rendition <> '' AND rendition = 'media'")
    index.commit()


def _mark_open(index: Index, now_ms: int, scope: Scope) -> None:
    """Mark what is pending, and what could not be fetched or read and is due again."""
    longest = now_ms + refresh.LONGEST_MS  # no wait is longer, unless a clock was wrong
    index.change("UPDATE objects SET next_ms = ? WHERE misses > 0 AND next_ms > ?", [now_ms, longest])
    index.change(f"UPDATE objects SET due = 1 WHERE {OPEN} state = ?", [PENDING])
    index.change(f"UPDATE objects SET due = 1 WHERE {OPEN} {_NOT_HAD} AND coalesce(next_ms, 0) <= ?"
                 " AND (hop <= ? OR path IS NOT NULL)", [now_ms, scope.farthest])  # fmt: skip


def _mark_archived(index: Index, now_ms: int, rules: refresh.Rules, again: str) -> None:
    """Mark documents that were never compared with DW, and those to be checked again."""
    index.change(f"UPDATE objects SET due = 1 WHERE {_UNCOMPARED} AND coalesce(next_ms, 0) <= ?", [now_ms])  # fmt: skip
    if again == "all":
        index.change("UPDATE objects SET due = 1 WHERE rendition = '' AND state = ?", [ARCHIVED])
    elif again:
        # this also takes back documents that a list calls changed, that came from a second-choice place, or that were gone
        index.change(f"UPDATE objects SET due = 0 WHERE due = 1 AND rendition = '' AND {_HAS_REPLY}")
        for text in again.replace("none", "").split(","):
            if text.strip() and (row := index.resolve(int(text))):  # follows an alias
                index.set_due(row.id)
    else:
        for dw_id in _to_look_at_again(index, now_ms, rules):
            index.set_due(dw_id)
        # a document that DW did not have at the last check is requested until it is back or gone
        index.change(f"UPDATE objects SET due = 1 WHERE {_MISSED} AND next_ms <= ?", [now_ms])


def waiting(index: Index, now_ms: int, rules: refresh.Rules) -> Waiting:
    """Count what the next run will find to do, by the conditions that `mark` uses. Each document counts once."""
    pending = dict(index.select("SELECT CASE kind WHEN 'picture' THEN kind WHEN 'media' THEN kind ELSE '' END, count(*)"
                                " FROM objects WHERE state = ? GROUP BY 1", [PENDING]))  # fmt: skip
    again, later, next_ms = index.select(
        "SELECT count(*) FILTER (WHERE next <= ?), count(*) FILTER (WHERE next > ?), min(next) FILTER (WHERE next > ?)"
        f" FROM (SELECT coalesce(next_ms, 0) AS next FROM objects WHERE rendition <> 'media' AND ({_NOT_HAD} OR ({_MISSED})))",
        [now_ms, now_ms, now_ms]).fetchone()  # fmt: skip
    is_apart = f"coalesce(checked_ms, 1) > 0 AND (misses = 0 OR next_ms > {now_ms:d})"  # counted elsewhere otherwise
    return Waiting(
        documents=pending.get("", 0),
        pictures=pending.get("picture", 0),
        media=pending.get("media", 0),
        try_again=again,
        try_later=later,
        next_ms=next_ms,
        look_again=len(_to_look_at_again(index, now_ms, rules, is_apart)),
        compare=index.select(f"SELECT count(*) FROM objects WHERE {_UNCOMPARED}").fetchone()[0],
    )


def _to_look_at_again(index: Index, now_ms: int, rules: refresh.Rules, condition: str = "true") -> list[int]:
    """Return the ids of the archived documents that the rules name. condition: SQL that must hold as well.

    Age is counted from the earlier of displayDate and stamp: DW shows no article before it is published, so a displayDate
    after the stamp is a mistake.
    """
    oldest = now_ms - max((age for age, _ in rules), default=0) * refresh.DAY_MS
    young = index.select(
        "SELECT id, min(published_ms, coalesce(stamp_ms, published_ms)) AS born, checked_ms FROM objects"
        f" WHERE rendition = '' AND state = 'archived' AND published_ms > ? AND born > ? AND {condition}", [oldest, oldest],
    )  # fmt: skip
    return [dw_id for dw_id, born, checked in young if refresh.is_due(born, checked or 0, now_ms, rules)]


# --- scope ---


def scope_line(index: Index, now_ms: int, scope: Scope) -> ScopeChange | None:
    """Return the log record of a run whose scope differs from the last run's; None if it is the same.

    From this line, a rebuilt index knows the same objects as out of scope.
    """
    return None if _last_scope(index) == scope else ScopeChange(scope.depth, tuple(sorted(scope.kinds)), times.iso(now_ms))


def draw_last_scope(index: Index) -> None:
    """Put out of scope what the last run did not want, after an index was rebuilt or files were adopted."""
    if scope := _last_scope(index):
        _draw(index, scope)


def _last_scope(index: Index) -> Scope | None:
    found = json.loads(index.meta(SCOPE) or "null")
    return Scope(found["depth"], frozenset(found["kinds"])) if found else None


def _draw(index: Index, scope: Scope) -> None:
    """Put pending documents that are not wanted out of scope, and make those pending again that are wanted now."""
    unwanted = [kind for kind in DOCUMENT_KINDS if kind not in scope.kinds]
    some = f"({', '.join('?' * len(unwanted))})"
    index.change(f"UPDATE objects SET state = ?, reason = '' WHERE {OPEN} state = ? AND reason = 'kind' AND kind NOT IN {some}",
               [PENDING, OUT_OF_SCOPE, *unwanted])  # fmt: skip
    index.change(f"UPDATE objects SET state = ?, reason = 'kind' WHERE {OPEN} state = ? AND rendition = '' AND kind IN {some}",
               [OUT_OF_SCOPE, PENDING, *unwanted])  # fmt: skip
    index.change(f"UPDATE objects SET state = ?, reason = '' WHERE {OPEN} state = ? AND reason = 'hop limit' AND hop <= ?",
               [PENDING, OUT_OF_SCOPE, scope.farthest])  # fmt: skip
    index.change(f"UPDATE objects SET state = ?, reason = 'hop limit' WHERE {OPEN} state = ? AND rendition = '' AND hop > ?",
               [OUT_OF_SCOPE, PENDING, scope.farthest])  # fmt: skip
