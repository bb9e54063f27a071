"""When to look at a thing again: pure arithmetic on times in milliseconds UTC."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from crawler.reasons import Reason, parse

DAY_MS = 86_400_000

Rules = tuple[tuple[float, float], ...]
"""(age up to, interval), in days, by rising age: an article younger than `age` is looked at again when `interval` has
passed since the last look; older than every rule: never again."""

DEFAULT_RULES: Rules = ((2, 0), (14, 1), (60, 7))

_AHEAD_MS = 2 * DAY_MS  # articles are dated ahead by hours at most

GONE_AFTER_MISSES = 3
GONE_AFTER_MS = 14 * DAY_MS

# A thing that DW says it does not have: next run, then after a day, two, four ... at most thirty days.
_GROWING_DAYS = (0, 1, 2, 4, 8, 16, 30)
LONGEST_MS = _GROWING_DAYS[-1] * DAY_MS
# A thing that could not be had for a reason that may pass (server error, no connection): every run at first.
_PASSING_RUNS = 10


@dataclass(frozen=True)
class Miss:
    """How often and since when a thing could not be had; gone: for good, as far as anyone can tell."""

    misses: int
    first_ms: int
    next_ms: int
    gone: bool


def after_miss(
    reason: Reason, now_ms: int, misses: int = 0, first_ms: int | None = None, last_reason: str | None = None
) -> Miss:
    """Return what to remember after a thing could not be had once more.

    misses, first_ms, last_reason: what the index remembers. Earlier misses count only if last_reason is of the same sort as
    reason, or None. Only what DW says it does not have (404, 410) ever becomes gone: after 3 misses over 14 days.
    """
    if last_reason is not None and parse(last_reason).sort is not reason.sort:
        misses, first_ms = 0, None
    misses += 1
    first_ms = now_ms if first_ms is None else first_ms
    if reason.may_pass:
        days = 0 if misses <= _PASSING_RUNS else 1
        return Miss(misses, first_ms, now_ms + days * DAY_MS, gone=False)
    gone = misses >= GONE_AFTER_MISSES and now_ms - first_ms >= GONE_AFTER_MS and reason.says_gone
    days = _GROWING_DAYS[min(misses, len(_GROWING_DAYS)) - 1]
    return Miss(misses, first_ms, now_ms + days * DAY_MS, gone)


def rules_of(pairs: Iterable[Any]) -> Rules:
    """Rules as the setting ARCHIVE_REFRESH gives them, by rising age. Raises ValueError for anything but pairs of numbers."""
    given = list(pairs)
    try:
        return tuple(sorted((float(age), float(interval)) for age, interval in given))
    except (TypeError, ValueError):
        raise ValueError(f"ARCHIVE_REFRESH is no list of pairs like [[2, 0], [14, 1]]: {given}") from None


def is_due(published_ms: int, checked_ms: int, now_ms: int, rules: Rules = DEFAULT_RULES) -> bool:
    """Whether an archived article is to be looked at again.

    published_ms: its displayDate (without one: its stamp); before 1970 it is negative. One that lies days ahead is a mistake
    and says nothing about the age: such an article is not looked at again. checked_ms: the last look; one in the future is
    none, for the clock was wrong.
    """
    age = now_ms - published_ms
    if age < -_AHEAD_MS:
        return False
    for up_to_days, interval_days in rules:
        if age < up_to_days * DAY_MS:
            return not 0 <= now_ms - checked_ms < interval_days * DAY_MS
    return False
