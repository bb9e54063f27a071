"""Decide when to request an object again: pure arithmetic on times in milliseconds UTC."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from crawler.reasons import Reason, parse

DAY_MS = 86_400_000

Rules = tuple[tuple[float, float], ...]
"""Pairs (age, interval) in days, by rising age. An article younger than `age` is checked again when `interval` has passed
since the last check; an article older than every rule is not checked again."""

DEFAULT_RULES: Rules = ((2, 0), (14, 1), (60, 7))

_AHEAD_MS = 2 * DAY_MS  # articles are dated ahead by hours at most

GONE_AFTER_MISSES = 3
GONE_AFTER_MS = 14 * DAY_MS

# Waits for an object that DW says it does not have: until the next run, then a day, two, four ... at most thirty days.
_GROWING_DAYS = (0, 1, 2, 4, 8, 16, 30)
LONGEST_MS = _GROWING_DAYS[-1] * DAY_MS
# An object missed for a reason that may pass (server error, no connection) is tried in every run at first.
_PASSING_RUNS = 10


@dataclass(frozen=True)
class Miss:
    """How often and since when an object could not be fetched. first_ms, next_ms: milliseconds UTC. gone: DW has removed it."""

    misses: int
    first_ms: int
    next_ms: int
    gone: bool


def after_miss(
    reason: Reason, now_ms: int, misses: int = 0, first_ms: int | None = None, last_reason: str | None = None
) -> Miss:
    """Return the miss to remember after an object could not be fetched.

    misses, first_ms, last_reason: from the index. Earlier misses count only if last_reason is of the same sort as reason, or
    None. An object becomes gone only if DW says it does not have it (404, 410), after 3 misses over 14 days.
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
    """Return the rules of the setting ARCHIVE_REFRESH, by rising age. Raises ValueError if they are not pairs of numbers."""
    given = list(pairs)
    try:
        return tuple(sorted((float(age), float(interval)) for age, interval in given))
    except (TypeError, ValueError):
        raise ValueError(f"ARCHIVE_REFRESH is not a list of pairs like [[2, 0], [14, 1]]: {given}") from None


def is_due(published_ms: int, checked_ms: int, now_ms: int, rules: Rules = DEFAULT_RULES) -> bool:
    """Whether an archived article is to be checked again.

    published_ms: its displayDate, else its stamp; negative before 1970. A date that lies days ahead is a mistake and does not
    show the age, so the article is not checked again. checked_ms: the last check; a time in the future does not count,
    because a clock was wrong.
    """
    age = now_ms - published_ms
    if age < -_AHEAD_MS:
        return False
    for up_to_days, interval_days in rules:
        if age < up_to_days * DAY_MS:
            return not 0 <= now_ms - checked_ms < interval_days * DAY_MS
    return False
