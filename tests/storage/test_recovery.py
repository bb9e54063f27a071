"""Recovery from a lost index and from a run that did not end cleanly. Words are invented."""

from __future__ import annotations

import errno
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crawler import seedfile, times
from crawler.exceptions import DiskError
from crawler.reasons import status
from crawler.storage import disk, recovery
from crawler.storage.archive import Archive
from crawler.storage.index.agenda import mark as mark_due
from crawler.storage.index.objects import ALIAS, ARCHIVED, MISSING, PENDING, UNREADABLE, Scope
from crawler.storage.index.refresh import DAY_MS
from crawler.storage.logline import About, StateRecord
from crawler.storage.runlog import read_log, run_logs
from crawler.storage.writer import NewFile
from crawler.upkeep import verify
from tests.conftest import NOW_MS, OpenArchive
from tests.storage.test_archive import TIME, document, fetched, picture, tree
from tests.storage.test_disk import failing
from tests.storage.test_pictures import JPEG


def rows(found: Archive) -> list[tuple[Any, ...]]:
    """Return the objects and files of the index, without what is in no log.

    due and hop limits are made for each run; checked_ms, etag and last_modified of an unchanged article are only in the index.
    """
    columns = ("id, rendition, kind, state, reason, language, hop, path, home, url, published_ms, stamp_ms, missed_ms, misses,"
               " next_ms, origin, target")  # fmt: skip
    return [
        *found.index.select(f"SELECT {columns} FROM objects ORDER BY id, rendition"),
        *found.index.select("SELECT path, sha256, bytes, run FROM files ORDER BY path"),
    ]


# ---- rebuilding the index -------------------------------------------------------------------------------------------


def fill(found: Archive) -> None:
    """Store objects of every kind: documents, revisions, a seed, an alias, pictures, misses, an unreadable reply."""
    fetched(found, document(7), published_ms=NOW_MS - DAY_MS)
    fetched(found, document(7, words="new", stamp_ms=NOW_MS + 1000), requested=70)
    fetched(found, document(20), hop=2)
    picture(found)
    _, files = found.plan_seed(document(30, stamp_ms=5000), "seed", NOW_MS)
    found.store_now(files)
    found.register_document(document(30), "seed", 0)
    for dw_id, reason in [(8, status(404)), (21, status(503))]:
        row = found.index.get(dw_id)
        assert row
        found.store_now([], [found.miss(row, reason, NOW_MS)])
    found.store_now([NewFile("unreadable/40-0123456789ab.json.gz", b"?", About("article", 40, time=TIME), True)],
                    [StateRecord(UNREADABLE, "article", 40, times.iso(NOW_MS), reason="not JSON")])  # fmt: skip
    found.store_now([], [StateRecord(ALIAS, "article", 50, TIME, target=7), StateRecord(PENDING, "video", 60, TIME, hop=0)])


def ways_to_lose(root: Path, way: str) -> None:
    index = root / "index.sqlite"
    if way == "deleted":
        for path in root.glob("index.sqlite*"):
            path.unlink()
    elif way == "empty":
        index.write_bytes(b"")
    elif way == "nonsense":
        index.write_bytes(b"nonsense" * 1000)
    elif way == "cut":
        index.write_bytes(index.read_bytes()[:5000])
    elif way == "overwritten inside":
        data = bytearray(index.read_bytes())
        data[4096:-4096] = b"\xab" * (len(data) - 8192)
        index.write_bytes(data)


@pytest.mark.parametrize("way", ["deleted", "empty", "nonsense", "cut", "overwritten inside"])
def test_lost_index_is_rebuilt_and_this_is_reported(archive: OpenArchive, tmp_path: Path, way: str) -> None:
    found = archive()
    fill(found)
    before, files = rows(found), tree(tmp_path / "archive")
    found.close()
    ways_to_lose(tmp_path / "archive", way)
    said: list[str] = []
    again = archive(NOW_MS + DAY_MS, say=said.append)
    assert rows(again) == before
    assert tree(tmp_path / "archive") == files
    assert "index.sqlite was" in said[0]
    assert "rebuilding it" in said[0]
    assert said[1].startswith("rebuilt the index: ")
    assert len(run_logs(tmp_path / "archive")) == 2, "nothing was adopted, so nothing was logged"


def test_rebuilding_on_request_twice_gives_the_same_index(archive: OpenArchive) -> None:
    found = archive()
    fill(found)
    before = rows(found)
    found.close()
    for _ in range(2):
        again = archive(rebuild=True)
        assert rows(again) == before
        again.close()


def test_index_that_lags_behind_catches_up(archive: OpenArchive, tmp_path: Path) -> None:
    found = archive()
    fetched(found, document(7))
    found.close()
    old = {path: path.read_bytes() for path in (tmp_path / "archive").glob("index.sqlite*")}
    found = archive(NOW_MS + DAY_MS)
    fetched(found, document(20))
    found.store_now([], [StateRecord(MISSING, "article", 8, times.iso(NOW_MS), reason="status 404", misses=1)])
    before = rows(found)
    found.close()
    for path, data in old.items():
        path.write_bytes(data)
    assert rows(archive(NOW_MS + 2 * DAY_MS)) == before


def test_references_of_earlier_versions_are_registered_again(archive: OpenArchive) -> None:
    found = archive()
    fetched(found, document(7))  # refers to 8
    without = document(7, stamp_ms=NOW_MS + 1000)
    fetched(found, replace(without, html=without.html.replace("/8", "/9")))
    before = rows(found)
    assert {8, 9} <= {row[0] for row in before}
    found.close()
    assert rows(archive(rebuild=True)) == before


def test_references_count_from_the_nearest_way_to_their_document(archive: OpenArchive) -> None:
    found = archive()
    fetched(found, document(18))  # refers to 19, which was already being fetched because of a farther document
    fetched(found, document(19), hop=3)
    found.close()
    again = archive(rebuild=True)
    assert [row.hop for dw_id in (18, 19, 20) if (row := again.index.get(dw_id))] == [0, 1, 2]


# ---- after an unclean end -------------------------------------------------------------------------------------


def left(found: Archive) -> None:
    """Leave an archive open, as a killed process does."""
    found.close(clean=False)


def test_temporary_files_are_removed(archive: OpenArchive, tmp_path: Path) -> None:
    found = archive()
    fill(found)
    root = tmp_path / "archive"
    for folder in ("runs", "zh/2023/10", "images/0", "revisions/7", "unreadable"):
        (root / folder / ".tmp-5-something").write_bytes(b"half")
    left(found)
    said: list[str] = []
    archive(NOW_MS + DAY_MS, say=said.append).close()
    assert not list(root.rglob(".tmp-*"))
    assert len(said) == 1
    assert said[0].startswith("the last run did not end cleanly: ")
    assert "5 temporary files removed, 0 files adopted" in said[0]
    archive(NOW_MS + 2 * DAY_MS, say=said.append).close()
    assert len(said) == 1


def test_whole_files_that_no_log_line_names_are_adopted(archive: OpenArchive, tmp_path: Path) -> None:
    found = archive()
    fetched(found, document(7))
    root = tmp_path / "archive"
    (root / "zh/2023/10/20-x.txt").write_bytes(seedfile.dumps(document(20)).encode())
    (root / "images/0").mkdir(parents=True)
    (root / "images/0/63_303.jpg").write_bytes(JPEG)
    left(found)
    again = archive(NOW_MS + DAY_MS)
    states = {(n, f): (s, p) for n, f, s, p in again.index.select("SELECT id, rendition, state, path FROM objects")}
    assert states[20, ""] == (ARCHIVED, "zh/2023/10/20-x.txt")
    assert states[63, "303"] == (ARCHIVED, "images/0/63_303.jpg")
    assert states[21, ""] == (PENDING, None), "what it refers to is heard of"
    lines = [record for log in run_logs(root) for record in read_log(log)]
    assert [record["path"] for record in lines if record.get("adopted")] == ["images/0/63_303.jpg", "zh/2023/10/20-x.txt"]
    mark_due(again.index, NOW_MS + 100 * DAY_MS, Scope(-1), ())
    due = [(row.id, row.rendition) for row in again.index.due()]
    assert (20, "") in due, "an adopted document is compared with DW once"
    assert (63, "303") not in due, "a picture on disk is not asked for again"


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("images/0/64_303.jpg", JPEG[:100]), ("images/0/64_303.jpg", b""), ("zh/2023/10/20-x.txt", b"<!--1-->\n["),
        ("zh/2023/10/notes.md", b"mine"), ("zh/2023/10/20-x.txt", b""), ("stranger.txt", b"x"),
    ],
)  # fmt: skip
def test_cut_and_unknown_files_are_neither_adopted_nor_removed(
    archive: OpenArchive, tmp_path: Path, path: str, data: bytes
) -> None:
    found = archive()
    fetched(found, document(7))
    before = rows(found)
    full = tmp_path / "archive" / path
    full.parent.mkdir(parents=True, exist_ok=True)
    full.write_bytes(data)
    left(found)
    again = archive(NOW_MS + DAY_MS)
    assert rows(again) == before
    assert full.read_bytes() == data


def test_cut_off_log_line_is_ignored_and_its_file_adopted(archive: OpenArchive, tmp_path: Path) -> None:
    found = archive()
    fetched(found, document(7))
    picture(found)
    left(found)
    root = tmp_path / "archive"
    for path in root.glob("index.sqlite*"):
        path.unlink()
    [log] = run_logs(root)
    log.write_bytes(log.read_bytes()[:-20])
    again = archive(NOW_MS + DAY_MS)
    row = again.index.get(63, "303")
    assert row
    assert (row.state, row.path) == (ARCHIVED, "images/0/63_303.jpg")


def test_next_run_completes_a_repair_that_was_killed(
    archive: OpenArchive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = archive()
    fill(found)
    before = rows(found)
    left(found)
    (tmp_path / "archive" / "index.sqlite").unlink()

    def killed(*arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(recovery, "_clean_up", killed)
        with pytest.raises(KeyboardInterrupt):
            archive(NOW_MS + DAY_MS)
    (tmp_path / "archive" / "runs" / ".tmp-1-x").write_bytes(b"")
    said: list[str] = []
    assert rows(archive(NOW_MS + 2 * DAY_MS, say=said.append)) == before
    assert "1 temporary files removed" in said[-1]


# ---- a new index beside the old one ----------------------------------------------------------------------------


def interrupted(*arguments: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("step", ["catch_up", "_clean_up", "_put_in_place"])
def test_interrupted_reindex_leaves_the_good_index(
    archive: OpenArchive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    found = archive()
    fill(found)
    before = rows(found)
    found.close()
    root = tmp_path / "archive"
    index = (root / "index.sqlite").read_bytes()
    with monkeypatch.context() as patched:
        patched.setattr(recovery, step, interrupted)
        with pytest.raises(KeyboardInterrupt):
            archive(NOW_MS + DAY_MS, rebuild=True)
    assert (root / "index.sqlite").read_bytes() == index
    assert verify.verify(root).damages == []
    said: list[str] = []
    again = archive(NOW_MS + DAY_MS, say=said.append)
    assert (rows(again), said) == (before, [])
    again.close()
    assert sorted(path.name for path in root.glob("index*")) == ["index.sqlite", "index.sqlite.sha256"]


def test_damaged_index_stays_damaged_after_an_interrupted_rebuild(
    archive: OpenArchive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The damage is one that SQLite's own check does not find."""
    found = archive()
    fill(found)
    before = rows(found)
    found.close()
    index = tmp_path / "archive" / "index.sqlite"
    index.write_bytes(index.read_bytes().replace(b"A%20title", b"A%20tixle", 1))
    with monkeypatch.context() as patched:
        patched.setattr(recovery, "_put_in_place", interrupted)
        with pytest.raises(KeyboardInterrupt):
            archive(NOW_MS + DAY_MS)
    said: list[str] = []
    assert rows(archive(NOW_MS + DAY_MS, say=said.append)) == before
    assert "was damaged" in said[0]


def test_disk_that_refuses_the_new_index_leaves_the_good_one(
    archive: OpenArchive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = archive()
    fill(found)
    before = rows(found)
    found.close()
    with monkeypatch.context() as patched:
        patched.setattr(disk, "os_rename", failing(errno.ENOSPC))
        with pytest.raises(DiskError, match="No space"):
            archive(NOW_MS + DAY_MS, rebuild=True)
    assert rows(archive(NOW_MS + DAY_MS)) == before
