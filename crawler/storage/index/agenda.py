"""What a run is to request: marked in the index before its first request, so that only what is due is looked for later."""

from __future__ import annotations

from collections.abc import Collection

from crawler.storage.index import refresh, scope
from crawler.storage.index.objects import ARCHIVED, GONE, MISSING, OPEN, PENDING, REFUSED, UNREADABLE
from crawler.storage.index.sqlite import Index
from crawler.urls import DOCUMENT_KINDS

_STEM = "substr(objects.path, 1, length(objects.path) - 4)"  # without .txt
_HAS_REPLY = f"EXISTS (SELECT 1 FROM files WHERE files.path IN ({_STEM} || '.json.gz', {_STEM} || '.html.gz'))"


def mark(
    index: Index,
    now_ms: int,
    depth: int,
    rules: refresh.Rules,
    again: str = "",
    kinds: Collection[str] = DOCUMENT_KINDS,
    *,
    media: bool = False,
) -> None:
    """Mark what is pending within the hop limit, what may be tried again, and what is archived and to be looked at again.

    depth: how many references to follow, negative for no limit. again: what archived documents to look at again: empty for
    the rules, `all`, `none`, or ids separated by commas; but for the first two, only these and what has no reply are asked for.
    kinds: those that are wanted. media: whether media files are.
    """
    index.depth, index.kinds = scope.limit(depth), frozenset(kinds)
    index.read("UPDATE objects SET due = 0 WHERE due = 1 AND format = ''")  # in two: neither partial index has both
    index.read("UPDATE objects SET due = 0 WHERE due = 1 AND format <> ''")
    scope.draw(index, index.depth, index.kinds)
    _mark_open(index, now_ms)
    _mark_archived(index, now_ms, rules, again)
    if not media:
        index.read("UPDATE objects SET due = 0 WHERE due = 1 AND format <> '' AND format = 'media'")
    index.commit()


def _mark_open(index: Index, now_ms: int) -> None:
    """What is pending, and what could not be had or read and whose time has come."""
    longest = now_ms + refresh.LONGEST_MS  # nothing waits so long: a clock was wrong
    index.read("UPDATE objects SET next_ms = ? WHERE misses > 0 AND next_ms > ?", [now_ms, longest])
    index.read(f"UPDATE objects SET due = 1 WHERE {OPEN} state = ?", [PENDING])
    index.read(f"UPDATE objects SET due = 1 WHERE {OPEN} state IN (?, ?, ?, ?) AND coalesce(next_ms, 0) <= ?"
               " AND (hop <= ? OR path IS NOT NULL)", [MISSING, GONE, UNREADABLE, REFUSED, now_ms, index.depth])  # fmt: skip


def _mark_archived(index: Index, now_ms: int, rules: refresh.Rules, again: str) -> None:
    """What was never compared with DW, and what is to be looked at again."""
    index.read("UPDATE objects SET due = 1 WHERE checked_ms = 0 AND state = ? AND coalesce(next_ms, 0) <= ?",
               [ARCHIVED, now_ms])  # fmt: skip
    if again == "all":
        index.read("UPDATE objects SET due = 1 WHERE format = '' AND state = ?", [ARCHIVED])
    elif again:
        # what a list says has changed, what a weak source gave and what was gone has been had before
        index.read(f"UPDATE objects SET due = 0 WHERE due = 1 AND format = '' AND {_HAS_REPLY}")
        for text in again.replace("none", "").split(","):
            if text.strip() and (row := index.resolve(int(text))):  # of an alias: what it leads to
                index.set_due(row.number)
    else:
        for number in to_look_at_again(index, now_ms, rules):
            index.set_due(number)
        # what DW did not have at the last look is asked for until it is back or gone
        index.read("UPDATE objects SET due = 1 WHERE misses > 0 AND next_ms <= ? AND state = ?", [now_ms, ARCHIVED])


def to_look_at_again(index: Index, now_ms: int, rules: refresh.Rules, condition: str = "true") -> list[int]:
    """Numbers of the archived documents that the rules name. condition: SQL that must hold as well.

    A document is as old as it says, but no younger than its stamp: DW shows no article before it is published, so a later
    date is a mistake.
    """
    oldest = now_ms - max((age for age, _ in rules), default=0) * refresh.DAY_MS
    young = index.read(
        "SELECT number, min(published_ms, coalesce(stamp_ms, published_ms)) AS born, checked_ms FROM objects"
        f" WHERE format = '' AND state = 'archived' AND published_ms > ? AND born > ? AND {condition}", [oldest, oldest],
    )  # fmt: skip
    return [number for number, born, checked in young if refresh.is_due(born, checked or 0, now_ms, rules)]
