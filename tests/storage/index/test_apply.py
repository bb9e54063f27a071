"""The index: what a line of a run log changes in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.storage.index.apply import apply
from crawler.storage.index.objects import ALIAS, ARCHIVED, GONE, MISSING, PENDING, REFUSED, UNREADABLE
from crawler.storage.index.refresh import DAY_MS
from crawler.storage.index.sqlite import Index
from tests.conftest import NOW_MS
from tests.storage.index.lines import (
    NAME,
    PICTURE_URL,
    RUN,
    Record,
    begin,
    document,
    dump,
    missing,
    new_index,
    picture,
    reply,
    row,
    state,
)


def test_document_on_disk_is_archived(index: Index) -> None:
    index.register([7], 3)
    apply(index, document(hop=2, etag="e", last_modified="l"), RUN)
    found = row(index)
    assert (found.state, found.path, found.language, found.hop, found.due) == (ARCHIVED, "zh/2023/11/7-a.txt", "zh", 2, 0)
    assert (found.stamp_ms, found.published_ms, found.checked_ms) == (NOW_MS, NOW_MS, NOW_MS)
    assert (found.etag, found.last_modified, found.origin) == ("e", "l", "api")
    assert index.file("zh/2023/11/7-a.txt") == ("0" * 64, 5)
    assert index.counts() == {("article", ARCHIVED): 1}


@pytest.mark.parametrize(("origin", "checked_ms"), [("api", NOW_MS), ("page", NOW_MS), ("seed", 0), ("add", None)])
def test_seed_document_is_to_be_compared_once_an_added_one_never(index: Index, origin: str, checked_ms: int | None) -> None:
    apply(index, document(source=origin), RUN)
    assert row(index).checked_ms == checked_ms
    assert begin(index, NOW_MS + 100 * DAY_MS) == ([7] if origin == "seed" else [])


def test_reply_beside_a_document_counts_as_a_check(index: Index) -> None:
    apply(index, document(source="seed"), RUN)
    apply(index, missing(), RUN)
    apply(index, reply(etag="e"), RUN)
    found = row(index)
    assert (found.checked_ms, found.etag, found.origin, found.misses) == (NOW_MS, "e", "api", 0)


def test_reply_without_a_document_makes_no_object(index: Index) -> None:
    apply(index, reply(), RUN)
    assert index.get(7) is None
    assert index.file("zh/2023/11/7-a.json.gz")


def test_picture_on_disk_is_archived(index: Index) -> None:
    index.register_picture(63, "303", PICTURE_URL)
    apply(index, picture(), RUN)
    found = row(index, 63, "303")
    assert (found.kind, found.state, found.picture, found.due) == ("picture", ARCHIVED, NAME, 0)
    assert begin(index, what="all") == []


def test_document_reached_by_another_id_makes_an_alias(index: Index) -> None:
    index.register([8], 1)
    apply(index, document(requested=8), RUN)
    assert (row(index, 8).state, row(index, 8).target, row(index, 8).due) == (ALIAS, 7, 0)
    assert index.resolve(8) == row(index, 7)


@pytest.mark.parametrize("name", [MISSING, GONE, UNREADABLE, REFUSED])
def test_state_of_missing_objects(index: Index, name: str) -> None:
    index.register([7], 1, language="zh")
    apply(index, state(name, reason="why", misses=2, missed_ms=5, next_ms=9, hop=1), RUN)
    found = row(index)
    assert (found.state, found.reason, found.misses, found.missed_ms, found.next_ms, found.due) == (name, "why", 2, 5, 9, 0)


def test_archived_document_stays_archived_while_dw_misses_it_until_it_is_gone(index: Index) -> None:
    apply(index, document(), RUN)
    apply(index, missing(), RUN)
    assert (row(index).state, row(index).misses) == (ARCHIVED, 1)
    apply(index, state(GONE, reason="status 404", misses=3), RUN)
    assert (row(index).state, row(index).path) == (GONE, "zh/2023/11/7-a.txt")
    index.set_checked(7, NOW_MS, "", "")
    assert (row(index).state, row(index).misses, row(index).reason) == (ARCHIVED, 0, "")


def test_archived_line_resets_the_misses(index: Index) -> None:
    apply(index, document(), RUN)
    apply(index, state(GONE, reason="status 404", misses=3), RUN)
    apply(index, state(ARCHIVED), RUN)
    assert (row(index).state, row(index).misses, row(index).reason, row(index).next_ms) == (ARCHIVED, 0, "", None)


def test_document_set_aside_is_pending_and_remembers_its_home(index: Index) -> None:
    apply(index, document(), RUN)
    apply(index, {**state("removed", reason="damaged"), "path": "zh/2023/11/7-a.txt"}, RUN)
    found = row(index)
    assert (found.state, found.path, found.home, found.reason, found.due) == (PENDING, None, "zh/2023/11/7-a.txt", "damaged", 1)
    assert index.file("zh/2023/11/7-a.txt") is None


def test_alias_never_hides_a_document(index: Index) -> None:
    apply(index, document(), RUN)
    index.set_alias(7, 9)
    assert row(index).state == ARCHIVED


def test_line_of_a_later_version_is_ignored(index: Index) -> None:
    apply(index, {"novelty": 1}, RUN)
    assert dump(index) == []


LINES = st.lists(
    st.sampled_from([
        document(), document(8, requested=7), document(8, hop=2), document(9, source="seed"), reply(), reply(8), picture(),
        missing(), missing(8), missing(63, kind="picture", format="303"), state(GONE), state(UNREADABLE, 9),
        state(ALIAS, 9, target=7),
        state(PENDING, hop=1), state(PENDING, 63, kind="picture", format="303", url=PICTURE_URL), state(REFUSED, 8),
        {**state("removed"), "path": "zh/2023/11/7-a.txt"}, {**state("removed"), "path": "images/0/63_303.jpg"},
    ]),
    max_size=8,
)  # fmt: skip


@given(LINES)
def test_applying_a_line_twice_changes_nothing(records: list[Record]) -> None:
    with new_index() as once, new_index() as twice:
        for record in records:
            apply(once, record, RUN)
            apply(twice, record, RUN)
            apply(twice, record, RUN)
        assert dump(twice) == dump(once)


@given(st.lists(st.sampled_from([document(), document(8), document(9, requested=8), reply(), picture()]), max_size=6))
def test_a_log_of_files_read_twice_changes_nothing(records: list[Record]) -> None:
    with new_index() as index:
        for record in records:
            apply(index, record, RUN)
        before = dump(index)
        for record in records:
            apply(index, record, RUN)
        assert dump(index) == before
