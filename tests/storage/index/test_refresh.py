"""When to request an object again."""

from __future__ import annotations

import re

import pytest

from crawler.reasons import parse, status
from crawler.storage.index import refresh
from crawler.storage.index.refresh import DAY_MS, Miss
from tests.conftest import NOW_MS
from tests.test_reasons import LASTING, PASSING

HOUR_MS = DAY_MS // 24


@pytest.mark.parametrize(
    ("age_days", "since_days", "due"),
    [
        (0, 0, True), (1, 0, True), (1.99, 0.01, True),
        (2, 0.99, False), (2, 1, True), (13.9, 0.5, False), (13.9, 1.5, True),
        (14, 1, False), (14, 6.9, False), (14, 7, True), (59.9, 7, True), (59.9, 6.9, False),
        (60, 50, False), (3650, 3650, False),
        (-1, 0, True),  # published ahead of time
        (-3, 0, False), (-3, 100, False), (-365 * 7976, 0, False),  # a mistake
        (NOW_MS / DAY_MS, 0, False), (NOW_MS / DAY_MS + 1, 0, False), (365 * 2022, 20_000, False),  # in 1970, 1969, year 1
        (1, -1, True), (20, -1, True), (100, -1, False),  # checked when the clock was wrong
    ],
)  # fmt: skip
def test_article_is_due_by_age_and_last_look(age_days: float, since_days: float, due: bool) -> None:
    published_ms, checked_ms = NOW_MS - int(age_days * DAY_MS), NOW_MS - int(since_days * DAY_MS)
    assert refresh.is_due(published_ms, checked_ms, NOW_MS) is due


@pytest.mark.parametrize(("rules", "due"), [((), False), (((1, 0),), False), (((30, 1),), True), (((30, 2),), False)])
def test_rules_decide_when_an_article_is_due(rules: refresh.Rules, due: bool) -> None:
    assert refresh.is_due(NOW_MS - 5 * DAY_MS, NOW_MS - DAY_MS, NOW_MS, rules) is due


def test_default_rules_check_for_two_days_always_two_weeks_daily_two_months_weekly() -> None:
    assert refresh.DEFAULT_RULES == ((2, 0), (14, 1), (60, 7))
    looks, checked_ms = 0, NOW_MS
    for hours in range(0, 24 * 100, 6):  # a run every six hours
        now_ms = NOW_MS + hours * HOUR_MS
        if refresh.is_due(NOW_MS, checked_ms, now_ms):
            looks, checked_ms = looks + 1, now_ms
    assert looks == 8 + 12 + 7 - 1


def test_rules_of_a_setting_are_pairs_by_rising_age() -> None:
    assert refresh.rules_of([[14, 1], ["2", 0.5]]) == ((2, 0.5), (14, 1))
    assert refresh.rules_of(()) == ()
    for wrong in ([[2]], ["[(2", "0)]"], [2, 0], [["young", 1]], [None]):
        with pytest.raises(ValueError, match=re.escape(f"is not a list of pairs like [[2, 0], [14, 1]]: {wrong}")):
            refresh.rules_of(wrong)


def row_of_misses(reason: str, apart_ms: int, count: int) -> list[Miss]:
    """Return the miss remembered after each of several misses at a fixed interval."""
    found: list[Miss] = []
    for place in range(count):
        last = found[-1] if found else Miss(0, NOW_MS, NOW_MS, False)
        found.append(refresh.after_miss(parse(reason), NOW_MS + place * apart_ms, last.misses, last.first_ms))
    return found


def test_first_miss_starts_the_count() -> None:
    assert refresh.after_miss(status(404), NOW_MS) == Miss(1, NOW_MS, NOW_MS, False)


def test_intervals_grow_up_to_thirty_days() -> None:
    found = row_of_misses("status 404", DAY_MS, 10)
    waits = [(miss.next_ms - NOW_MS) // DAY_MS - place for place, miss in enumerate(found)]
    assert waits == [0, 1, 2, 4, 8, 16, 30, 30, 30, 30]
    assert [miss.misses for miss in found] == list(range(1, 11))
    assert {miss.first_ms for miss in found} == {NOW_MS}


@pytest.mark.parametrize("reason", ["status 404", "status 410"])
@pytest.mark.parametrize(
    ("apart_days", "gone"),
    [(1, [False] * 4), (6.9, [False, False, False, True]), (7, [False, False, True, True]), (14, [False, False, True, True])],
)
def test_gone_after_three_misses_over_fourteen_days(reason: str, apart_days: float, gone: list[bool]) -> None:
    assert [miss.gone for miss in row_of_misses(reason, int(apart_days * DAY_MS), 4)] == gone


@pytest.mark.parametrize("reason", PASSING + [one for one in LASTING if not one.startswith("status 4")] + ["status 403"])
def test_nothing_is_gone_unless_dw_says_so(reason: str) -> None:
    assert not any(miss.gone for miss in row_of_misses(reason, 30 * DAY_MS, 40))


@pytest.mark.parametrize(
    ("last", "reason", "counts_on"),
    [
        ("status 500", "timeout", True), ("status 404", "status 410", True), ("robots.txt", "not a host of DW's", True),
        ("status 500", "not a host of DW's", False), ("status 404", "robots.txt", False), ("timeout", "status 404", False),
        ("robots.txt", "robots.txt: timeout", False), ("timeout", "unreadable", False), ("status 404", "unreadable", False),
    ],
)  # fmt: skip
def test_misses_add_up_only_within_one_sort_of_reason(last: str, reason: str, counts_on: bool) -> None:
    before = (9, NOW_MS - DAY_MS) if counts_on else ()
    why = parse(reason)
    assert refresh.after_miss(why, NOW_MS, 9, NOW_MS - DAY_MS, last) == refresh.after_miss(why, NOW_MS, *before)


def test_temporary_misses_are_retried_in_every_run_then_daily() -> None:
    found = row_of_misses("status 500", HOUR_MS, 12)
    waits = [miss.next_ms - (NOW_MS + place * HOUR_MS) for place, miss in enumerate(found)]
    assert waits == [0] * 10 + [DAY_MS] * 2
