"""The agenda of a run. Ids and paths are invented."""

from __future__ import annotations

import pytest

from crawler.storage.index import agenda
from crawler.storage.index.apply import apply
from crawler.storage.index.objects import GONE, MISSING, OUT_OF_SCOPE, REFUSED, UNREADABLE, Scope
from crawler.storage.index.refresh import DAY_MS
from crawler.storage.index.sqlite import Index
from tests.conftest import NOW_MS
from tests.storage.index.lines import RUN, begin, document, due_ids, missing, reply, row, state

AGES = {1: 0, 2: 1, 3: 5, 4: 30, 5: 100}  # id: age in days


@pytest.mark.parametrize(("depth", "ids"), [(0, [1]), (1, [1, 2]), (2, [1, 2, 3]), (-1, [1, 2, 3])])
def test_hop_limit_of_a_run(index: Index, depth: int, ids: list[int]) -> None:
    for hop, dw_id in enumerate([1, 2, 3]):
        index.register([dw_id], hop)
    assert begin(index, depth=depth) == ids
    assert begin(index, depth=-1) == [1, 2, 3], "what was out of scope is pending again"


def test_kind_that_is_not_wanted_is_out_of_scope_until_it_is(index: Index) -> None:
    articles = Scope(kinds=frozenset({"article"}))
    index.register([7], 0, "video", scope=articles)
    assert (row(index).state, row(index).reason) == (OUT_OF_SCOPE, "kind")
    assert begin(index) == [7]
    agenda.mark(index, NOW_MS, articles, ())
    assert due_ids(index) == []


def test_run_that_ended_early_leaves_nothing_claimed(index: Index) -> None:
    index.register([7], 0)
    index.claim(7)
    assert due_ids(index) == []
    assert begin(index) == [7]


@pytest.mark.parametrize("name", [MISSING, GONE, UNREADABLE, REFUSED])
def test_missing_objects_wait_until_they_are_due(index: Index, name: str) -> None:
    apply(index, state(name, next_ms=NOW_MS + DAY_MS), RUN)
    assert begin(index, NOW_MS) == []
    assert begin(index, NOW_MS + DAY_MS) == [7]
    assert begin(index, NOW_MS + DAY_MS, what="none") == [7]


def test_seed_document_that_dw_does_not_have_is_requested_at_growing_intervals(index: Index) -> None:
    apply(index, document(source="seed"), RUN)
    assert begin(index, what="none") == [7]
    miss = {"state": "missing", "kind": "article", "id": 7, "reason": "status 404", "misses": 2, "next_ms": NOW_MS + DAY_MS}
    apply(index, miss, RUN)
    assert begin(index, NOW_MS + DAY_MS - 1, what="none") == []
    assert begin(index, NOW_MS + DAY_MS, what="none") == [7]


@pytest.mark.parametrize(
    ("what", "since_days", "ids"),
    [
        ("", 0, [2, 1]), ("", 1, [3, 2, 1]), ("", 7, [4, 3, 2, 1]), ("none", 7, []), ("all", 0, [5, 4, 3, 2, 1]),
        ("5", 0, [5]), ("5, 1,99,", 0, [5, 1]),
    ],
)  # fmt: skip
def test_documents_are_checked_again_by_the_rules(index: Index, what: str, since_days: int, ids: list[int]) -> None:
    for dw_id, age in AGES.items():
        apply(index, document(dw_id, published_ms=NOW_MS - age * DAY_MS), RUN)
        index.set_checked(dw_id, NOW_MS - since_days * DAY_MS, "", "")
    assert begin(index, what=what) == ids


@pytest.mark.parametrize("end", ["json", "html"])
def test_refresh_none_and_ids_request_no_other_archived_document(index: Index, end: str) -> None:
    """3: a list said it has changed. 4: of a weak origin. 5: it was gone. 6: its reply was lost. 7: a seed document."""
    for dw_id in (3, 4, 5, 6):
        apply(index, document(dw_id, source="page:json-ld" if dw_id == 4 else "api", published_ms=0), RUN)
        apply(index, reply(dw_id, path=f"zh/2023/11/{dw_id}-a.{end}.gz"), RUN)
    apply(index, document(7, source="seed"), RUN)
    index.set_unchecked(3)
    index.set_unchecked(4)
    apply(index, state(GONE, 5, reason="status 404", next_ms=NOW_MS, misses=3), RUN)
    apply(index, {"state": "removed", "path": f"zh/2023/11/6-a.{end}.gz"}, RUN)
    index.register([8], 0)
    assert begin(index) == [8, 7, 6, 5, 4, 3]
    assert begin(index, what="none") == [8, 7, 6]
    assert begin(index, what="5") == [8, 7, 6, 5]


@pytest.mark.parametrize("published_ms", [0, -1, -62_135_596_800_000, 253_402_300_799_999, NOW_MS + 3 * DAY_MS])
@pytest.mark.parametrize("stamp_ms", [0, NOW_MS - 61 * DAY_MS])
def test_article_with_an_odd_date_is_not_requested_in_every_run(index: Index, published_ms: int, stamp_ms: int) -> None:
    apply(index, document(published_ms=published_ms, stamp_ms=stamp_ms, time="2023-11-14T22:13:20Z"), RUN)
    for later in (1, DAY_MS, 100 * DAY_MS, 3000 * DAY_MS):
        assert begin(index, NOW_MS + later) == []


def test_document_dated_ahead_is_as_old_as_its_stamp(index: Index) -> None:
    apply(index, document(published_ms=253_402_300_799_999, stamp_ms=NOW_MS), RUN)
    looks, checked_ms = 0, NOW_MS
    for days in range(200):
        now_ms = NOW_MS + days * DAY_MS
        index.set_checked(7, checked_ms, "", "")
        if begin(index, now_ms):
            looks, checked_ms = looks + 1, now_ms
    assert looks == 2 + 12 + 7 - 1


def test_archived_document_that_dw_missed_is_requested_at_any_age(index: Index) -> None:
    apply(index, document(published_ms=NOW_MS - 100 * DAY_MS), RUN)
    apply(index, missing(), RUN)
    assert begin(index, NOW_MS) == []
    assert begin(index, NOW_MS + DAY_MS) == [7]
    index.set_checked(7, NOW_MS, "e", "l")
    assert begin(index, NOW_MS + DAY_MS) == []
    index.set_unchecked(7)
    assert begin(index) == [7]
