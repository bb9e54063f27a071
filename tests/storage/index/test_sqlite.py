"""The index: the state of every object, what is due, and what is left of it when it is closed."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from crawler.exceptions import DiskError
from crawler.storage.index import sqlite as index_module
from crawler.storage.index.apply import apply
from crawler.storage.index.objects import ARCHIVED, OUT_OF_SCOPE, PENDING, Scope
from crawler.storage.index.sqlite import Index
from tests.conftest import NOW_MS
from tests.storage.index.lines import NAME, PICTURE_URL, RUN, begin, document, picture, row, states

# ---- registering objects ----------------------------------------------------------------------------------------------


def test_registered_objects_are_pending_once(index: Index) -> None:
    assert index.register([7, 8, 7], 1, "video", "zh") == []
    assert index.register([8], 5) == []
    found = row(index, 8)
    assert (found.state, found.hop, found.kind, found.language, found.due) == (PENDING, 1, "video", "zh", 1)
    assert index.counts() == {("video", PENDING): 2}


def test_document_beyond_the_hop_limit_is_out_of_scope_until_it_is_nearer(index: Index) -> None:
    near = Scope(1)
    index.register([7], 2, scope=near)
    assert (row(index).state, row(index).reason, row(index).due) == (OUT_OF_SCOPE, "hop limit", 0)
    index.register([7], 1, scope=near)
    assert (row(index).state, row(index).reason, row(index).hop, row(index).due) == (PENDING, "", 1, 1)


def test_object_of_an_unwanted_kind_stays_out_of_scope_when_nearer(index: Index) -> None:
    articles = Scope(1, frozenset({"article"}))
    index.register([7], 2, "video", scope=articles)
    index.register([8], 2, "article", scope=articles)
    index.register([7, 8], 1, scope=articles)  # a reference does not say what it leads to
    assert [(row(index, dw_id).state, row(index, dw_id).hop, row(index, dw_id).due) for dw_id in (7, 8)] == [
        (OUT_OF_SCOPE, 1, 0), (PENDING, 1, 1)]  # fmt: skip
    assert begin(index, depth=1) == [8, 7], "until its kind is wanted"


def test_archived_document_that_turns_out_nearer_is_named(index: Index) -> None:
    apply(index, document(hop=3), RUN)
    index.set_alias(8, 7)
    assert index.register([7], 3) == []
    [found] = index.register([8], 1)
    assert found.id == 7
    assert (row(index).hop, row(index).state) == (1, ARCHIVED)
    assert index.register([7], 1) == []


def test_picture_is_registered_once(index: Index) -> None:
    first, is_mine = index.claim_picture(NAME, PICTURE_URL)
    assert (first, is_mine) == (index.get(63, "303"), True)
    assert (first.state, first.due, first.picture) == (PENDING, 0, NAME)
    assert not index.claim_picture(NAME, "other")[1]
    index.set_due(63, "303")
    assert index.claim_picture(NAME, "other")[1]
    apply(index, picture(), RUN)
    again, is_mine = index.claim_picture(NAME, "other")
    assert (again.state, again.url, is_mine) == (ARCHIVED, PICTURE_URL, False)


def test_documents_are_read_a_few_at_a_time_while_they_change(index: Index) -> None:
    for dw_id in range(1, 1200):
        apply(index, document(dw_id), RUN)
    apply(index, picture(), RUN)
    found = []
    for each in index.documents():
        found.append(each.id)
        if each.id == 1:  # much later rows are not read yet
            apply(index, {"state": "removed", "path": "zh/2023/11/1199-a.txt"}, RUN)
        index.set_checked(each.id, NOW_MS, "", "")
    assert found == list(range(1, 1199))


def test_due_objects_are_counted_without_reading_all_objects(index: Index) -> None:
    index.register([7, 8], 0)
    index.register_picture(63, "303", PICTURE_URL)
    assert index.count_due() == (2, 1)
    for which in ("rendition = ''", "rendition <> ''"):
        [plan] = index.select(f"EXPLAIN QUERY PLAN SELECT count(*) FROM objects WHERE due = 1 AND {which}")
        assert "INDEX due_" in plan[3]
    assert (index.count(PENDING, ["article"]), index.count(PENDING, ["picture", "media"])) == (2, 1)


def test_aliases_are_followed_but_not_in_circles(index: Index) -> None:
    for dw_id, target in [(1, 2), (2, 3), (3, 1), (5, 99)]:
        index.set_alias(dw_id, target)
    assert index.resolve(1)
    assert index.resolve(5) is None
    assert index.resolve(6) is None


# ---- a run ----------------------------------------------------------------------------------------------------------


def test_every_object_is_claimed_once(index: Index) -> None:
    index.register([7], 0)
    assert index.claim(7)
    assert not index.claim(7)
    assert not index.claim(8)
    index.set_due(7)
    assert index.claim(7)
    assert not index.claim(63, "303")
    index.register_picture(63, "303", PICTURE_URL)
    assert index.claim(63, "303")
    assert not index.claim(63, "303")


def test_documents_come_nearest_first_then_newest(index: Index) -> None:
    index.register([5, 6], 1)
    index.register([3, 4], 0)
    index.register_picture(63, "303", PICTURE_URL)
    order = []
    while found := index.next_document():
        order.append(found.id)
        index.claim(found.id)
    assert order == [4, 3, 6, 5]
    assert [one.id for one in index.due_pictures(5)] == [63]
    assert sum(index.count_due()) == 1


# ---- the file -------------------------------------------------------------------------------------------------------


def test_changes_are_committed_in_batches(index: Index) -> None:
    def committed() -> int:
        other = Index(index.path, read_only=True)
        count = int(other.select("SELECT count(*) FROM objects").fetchone()[0])
        other.close()
        return count

    index.register(range(1, index_module._COMMIT_EVERY), 0)
    assert committed() == 0
    index.register([9000], 0)
    assert committed() == index_module._COMMIT_EVERY
    index.register([9001], 0)
    index.commit()
    assert committed() == index_module._COMMIT_EVERY + 1


def test_closed_index_keeps_everything(tmp_path: Path) -> None:
    first = Index(tmp_path / "i")
    first.register([7], 0)
    first.set_meta("key", "value")
    first.set_log_position("a.jsonl", 5)
    first.close()
    second = Index(tmp_path / "i")
    second.check()
    assert (states(second), second.meta("key"), second.meta("none")) == ({7: PENDING}, "value", None)
    assert (second.log_position("a.jsonl"), second.log_position("b.jsonl")) == (5, 0)
    second.close()


@pytest.mark.parametrize("data", [b"no database, but longer than its mark of sixteen", b"SQLite format 3\x00" + bytes(200)])
def test_damaged_file_is_reported(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "i").write_bytes(data)
    with pytest.raises(sqlite3.DatabaseError):
        Index(tmp_path / "i").check()


def test_damage_inside_is_found_by_the_check(tmp_path: Path) -> None:
    index = Index(tmp_path / "i")
    index.register(range(1, 5000), 0)
    index.close()
    data = bytearray((tmp_path / "i").read_bytes())
    data[8192:-4096] = b"\xab" * (len(data) - 12288)
    (tmp_path / "i").write_bytes(data)
    damaged = Index(tmp_path / "i")
    with pytest.raises(sqlite3.DatabaseError):
        damaged.check()
    damaged._db.close()


def test_schema_of_another_version_is_reported(tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "i", isolation_level=None)) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(sqlite3.DatabaseError, match="schema version 99"):
        Index(tmp_path / "i")


def test_nothing_is_changed_after_a_failure(index: Index) -> None:
    told: list[DiskError] = []
    index.on_failure = told.append
    index.register([7], 0)
    index._db.execute("PRAGMA query_only = 1")
    with pytest.raises(DiskError, match="cannot write the index"):
        index.register([8], 0)
    index._db.execute("PRAGMA query_only = 0")
    with pytest.raises(DiskError):
        index.register([9], 0)
    with pytest.raises(DiskError):
        index.commit()
    assert told == [index.failure]


def test_reader_of_a_closed_index_makes_no_file_and_notices_a_writer(tmp_path: Path) -> None:
    path = tmp_path / "i"
    Index(path).close()
    reader = Index(path, read_only=True)
    assert reader.counts() == {}
    assert [file.name for file in tmp_path.iterdir()] == ["i"]
    assert (reader.is_outdated(), reader.is_overwritten()) == (False, False)
    writer = Index(path)
    assert (reader.is_outdated(), reader.is_overwritten()) == (True, False), "what is written stands in the write-ahead log"
    writer.register([7], 0)
    writer.close()
    assert (reader.is_outdated(), reader.is_overwritten()) == (True, True)
    reader.close()


def test_reader_of_an_open_index_sees_what_was_committed(tmp_path: Path) -> None:
    writer = Index(tmp_path / "i")
    reader = Index(tmp_path / "i", read_only=True)
    writer.register([7], 0)
    writer.commit()
    assert reader.counts() == {("article", PENDING): 1}
    assert (reader.is_outdated(), reader.is_overwritten()) == (False, False)
    writer.close()
    reader.close()
