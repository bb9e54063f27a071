"""Watch a run: whether api.dw.com works, whether anything answers, how many new documents it may still take. Pure."""

from __future__ import annotations

import math

from crawler.dw import places
from crawler.reasons import Reason
from crawler.storage.index.objects import Row

_API_FAILURES = 3  # in a row, before www.dw.com is asked first
_API_ANYWAY = 10  # every tenth request goes to api.dw.com nevertheless
_UNANSWERED = 5  # documents in a row, in a run that was never answered
_UNANSWERED_NOW = 20  # the same, in a run that once was

# Seconds that a run without a single answer waits: for a host, for all hosts, and for each that is asked after that.
_HOST_S, _ALL_S, _LAST_S = 8.0, 14.0, 2.0


def may_use_pages(row: Row) -> bool:
    """Whether www.dw.com may be asked for a document. It may not if api.dw.com once gave the document, because a page holds
    less."""
    return row.path is None or row.origin != "api"


class ApiHealth:
    """Whether api.dw.com works. works: it has given something in this run. failures: how many times in a row it has not."""

    def __init__(self) -> None:
        self.works = False
        self.failures = 0

    def note(self, place: str, row: Row, reason: Reason) -> bool:
        """Note what a place answered. Returns whether api.dw.com has just become unusable.

        reason: why the answer is unusable, empty for a usable one. A known miss that is still missing does not count.
        """
        self.works = self.works or (place.startswith("api:") and not reason)
        if place != places.first(row.kind) or (reason.says_gone and row.misses):
            return False
        has_failed = reason.may_pass or (reason.says_gone and not self.works)
        self.failures = self.failures + 1 if has_failed else 0
        return self.failures == _API_FAILURES

    def first_place(self, row: Row) -> str:
        """Return where to ask for a document first: api.dw.com; while that fails, www.dw.com nine times out of ten."""
        if self.failures >= _API_FAILURES and may_use_pages(row):
            self.failures += 1
            if self.failures % _API_ANYWAY:
                return places.GRAPH
        return places.first(row.kind)


class Reachability:
    """Whether documents are answered at all. Otherwise a run would try each of a thousand documents with all retries."""

    def __init__(self) -> None:
        self.unanswered = 0

    def note_answer(self) -> None:
        """Note a usable answer."""
        self.unanswered = 0

    def note_miss(self, row: Row, reason: Reason, *, is_answered: bool) -> bool:
        """Note a document that could not be fetched. Returns whether the run should give up.

        is_answered: whether this run was ever answered. If so, a document that was missing before does not count.
        """
        if not reason.may_pass:
            self.unanswered = 0
        elif not is_answered or not row.misses:
            self.unanswered += 1
        return self.unanswered >= (_UNANSWERED_NOW if is_answered else _UNANSWERED)


class FirstContact:
    """Limits how long a run waits for its first answer. Without a network nothing ever answers, and each host would be retried
    with growing waits. Times are seconds of one monotonic clock."""

    def __init__(self) -> None:
        self.is_made = False  # after any answer, every host gets full patience
        self._began: dict[str, float] = {}

    def left_s(self, host: str, now_s: float) -> float:
        """Return how long a host that has not answered may still take. Infinite once anything was answered."""
        if self.is_made:
            return math.inf
        began_s = self._began.setdefault(host, now_s)
        of_all = _ALL_S - (now_s - min(self._began.values()))
        return max(min(_HOST_S - (now_s - began_s), of_all), _LAST_S - (now_s - began_s))


class Allowance:
    """Counts how many new documents a run may still take. most: 0 for no limit. under_way: requested, and neither stored nor
    given up."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.under_way = 0

    def begin(self, *, is_new: bool) -> None:
        """Note that a document is requested."""
        self.under_way += is_new

    def end(self, *, is_new: bool) -> None:
        """Note that a requested document is stored or given up."""
        self.under_way -= is_new

    def is_used_up(self, stored: int) -> bool:
        """Whether no further document may be requested. stored: how many new ones are."""
        return bool(self.most) and stored + self.under_way >= self.most
