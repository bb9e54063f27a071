"""The index: the state of every object, what is due, and what a log line changes. Ids and paths are invented."""

from __future__ import annotations

import contextlib
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.exceptions import DiskError
from crawler.storage.index import agenda, refresh
from crawler.storage.index import sqlite as index_module
from crawler.storage.index.apply import apply
from crawler.storage.index.objects import ALIAS, ARCHIVED, GONE, MISSING, OUT_OF_SCOPE, PENDING, REFUSED, UNREADABLE, Row, Scope
from crawler.storage.index.refresh import DAY_MS
from crawler.storage.index.sqlite import Index
from crawler.urls import PictureName
from tests.conftest import NOW_MS

RUN = "20231114T221320Z"
TIME = "2023-11-14T22:13:20Z"
NAME = PictureName(63, "303", "jpg")
PICTURE_URL = "https://static.dw.com/image/63_303.jpg"
Record = dict[str, Any]


@contextlib.contextmanager
def new_index() -> Iterator[Index]:
    """An empty index in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder, contextlib.closing(Index(Path(folder) / "index.sqlite")) as index:
        yield index


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    index = Index(tmp_path / "index.sqlite")
    yield index
    index.close()


def document(dw_id: int = 7, **more: object) -> Record:
    """The log line of a document."""
    return {
        "path": f"zh/2023/11/{dw_id}-a.txt", "sha256": "0" * 64, "bytes": 5, "kind": "article", "id": dw_id, "url": "u",
        "time": TIME, "language": "zh", "hop": 0, "source": "api", "stamp_ms": NOW_MS, "published_ms": NOW_MS, **more,
    }  # fmt: skip


def reply(dw_id: int = 7, **more: object) -> Record:
    return {**document(dw_id), "path": f"zh/2023/11/{dw_id}-a.json.gz", **more}


def picture(**more: object) -> Record:
    return {"path": "images/0/63_303.jpg", "sha256": "1" * 64, "bytes": 9, "kind": "picture", "id": 63, "url": PICTURE_URL,
            "time": TIME, **more}  # fmt: skip


def state(name: str, dw_id: int = 7, **more: object) -> Record:
    return {"state": name, "kind": "article", "id": dw_id, "time": TIME, **more}


def missing(dw_id: int = 7, **more: object) -> Record:
    return state(MISSING, dw_id, reason="status 404", misses=1, missed_ms=NOW_MS, next_ms=NOW_MS + DAY_MS, **more)


def row(index: Index, dw_id: int = 7, rendition: str = "") -> Row:
    found = index.get(dw_id, rendition)
    assert found
    return found


def states(index: Index) -> dict[int, str]:
    return {dw_id: name for dw_id, name in index.select("SELECT id, state FROM objects")}  # noqa: C416


def due_ids(index: Index) -> list[int]:
    return [one.id for one in index.due()]


def begin(index: Index, now_ms: int = NOW_MS, depth: int = -1, what: str = "") -> list[int]:
    agenda.mark(index, now_ms, Scope(depth), refresh.DEFAULT_RULES, what)
    return due_ids(index)


def dump(index: Index) -> list[tuple[Any, ...]]:
    return [*index.select("SELECT * FROM objects ORDER BY id, rendition"), *index.select("SELECT * FROM files ORDER BY path")]


# ---- log lines ------------------------------------------------------------------------------------------------------


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
    for row in index.documents():
        found.append(row.id)
        if row.id == 1:  # much later rows are not read yet
            apply(index, {"state": "removed", "path": "zh/2023/11/1199-a.txt"}, RUN)
        index.set_checked(row.id, NOW_MS, "", "")
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
