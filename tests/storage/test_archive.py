"""An open archive: what is stored, and what counts as a revision. Words are invented."""

from __future__ import annotations

import asyncio
import gzip
import os
from collections import namedtuple
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crawler import seedfile, urls
from crawler.exceptions import ArchiveInUse, DiskError
from crawler.reasons import status
from crawler.seedfile import SeedDocument
from crawler.storage import disk, layout
from crawler.storage.archive import Archive, check_free
from crawler.storage.index.objects import ARCHIVED, GONE, OUT_OF_SCOPE, PENDING, Scope
from crawler.storage.index.refresh import DAY_MS
from crawler.storage.logline import About, StateRecord
from crawler.storage.opening import open_archive
from crawler.storage.runlog import read_log, run_logs
from crawler.storage.tree import walk
from crawler.storage.writer import NewFile, NewReply
from crawler.urls import DW, PictureName
from tests.conftest import NOW_MS, OpenArchive
from tests.storage.test_pictures import JPEG

TIME = "2023-11-14T22:13:20Z"
NAME = PictureName(63, "303", "jpg")


def document(dw_id: int = 7, words: str = "words", stamp_ms: int = NOW_MS, title: str = "A title") -> SeedDocument:
    """An article with a picture that refers to the article after it."""
    body = (
        "<div><i>Ann<br>2023-10-06T01:48:46.923Z</i></div>"
        '<img src="https://images.weserv.nl/?url=static.dw.com/image/63_303.jpg" width="100%">'
        '<div><small style="color: #999;"></small></div>'
        f'<p>{words} <a href="https://api.dw.com/api/detail/article/{dw_id + 1}" rel="ArticleRef">more</a></p>'
    )
    return SeedDocument(stamp_ms, title, urls.document_url("zh", title, dw_id), body)


def fetched(found: Archive, one: SeedDocument, **more: Any) -> list[dict[str, Any]]:
    """Store a document as if it came from DW, with its reply."""
    about = replace(About("article", one.id or 0, one.url, TIME, "zh", 0, "api", "e", "l"), **more)
    reply = NewReply("json", f"reply {one.html}".encode(), about)
    stored = found.store_now(found.document_files(one, about, reply))
    found.register_document(one, about.origin or "", about.hop or 0)
    return stored


def picture(found: Archive) -> None:
    about = About("picture", 63, DW.picture(NAME), TIME)
    found.store_now([NewFile(layout.picture_path(NAME), JPEG, about)])


def tree(root: Path) -> dict[str, bytes]:
    """Every file of an archive but the logs and the index."""
    return {path: (root / path).read_bytes() for path in walk(root)}


# ---- opening --------------------------------------------------------------------------------------------------------


def test_new_archive_reports_nothing(archive: OpenArchive, tmp_path: Path) -> None:
    said: list[str] = []
    archive(say=said.append).close()
    archive(say=said.append).close()
    assert said == []
    assert sorted(os.listdir(tmp_path / "archive")) == [".lock", "index.sqlite", "index.sqlite.sha256", "runs"]


def test_second_process_fails_and_names_the_holder(archive: OpenArchive) -> None:
    first = archive()
    with pytest.raises(ArchiveInUse, match=rf"is in use by a test \(process {os.getpid()} on .*, since {TIME}\)"):
        archive()
    first.close()
    archive().close()


def test_archive_that_cannot_be_made_is_a_disk_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DiskError, match="File exists"):
        open_archive(tmp_path / "file" / "archive", NOW_MS, "a test")


@pytest.mark.parametrize(("free", "min_free", "is_refused"), [(99, 100, True), (100, 100, False), (0, 0, False)])
def test_free_space_is_checked(
    archive: OpenArchive, monkeypatch: pytest.MonkeyPatch, free: int, min_free: int, is_refused: bool
) -> None:
    monkeypatch.setattr(disk, "free_bytes", lambda folder: free)
    if is_refused:
        with pytest.raises(DiskError, match="only 99 bytes are free"):
            archive(min_free=min_free)
        monkeypatch.undo()
    archive(min_free=0).close()


def test_free_space_is_checked_while_running(archive: OpenArchive, monkeypatch: pytest.MonkeyPatch) -> None:
    found = archive(min_free=1)
    picture(found)
    monkeypatch.setattr(disk, "free_bytes", lambda folder: 0)
    big = NewFile("unreadable/9-0.json.gz", bytes(8 * 1024 * 1024), About("article", 9))
    with pytest.raises(DiskError, match="ARCHIVE_MIN_FREE"):
        found.store_now([big])
    assert not (found.root / big.path).exists()


def test_disk_that_does_not_answer_is_a_disk_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DiskError, match="No such file"):
        check_free(tmp_path / "gone", 0)
    Found = namedtuple("Found", "f_bavail f_frsize")
    monkeypatch.setattr(os, "statvfs", lambda path: Found(3, 512))
    with pytest.raises(DiskError, match="only 1,536 bytes"):
        check_free(tmp_path, 1537)


# ---- storing --------------------------------------------------------------------------------------------------------


def test_document_is_stored_with_its_reply_and_log_lines(archive: OpenArchive, tmp_path: Path) -> None:
    found = archive()
    records = fetched(found, document())
    assert [record["path"] for record in records] == ["zh/2023/10/7-a-title.json.gz", "zh/2023/10/7-a-title.txt"]
    assert found.read("zh/2023/10/7-a-title.txt") == document()
    assert found.reply_of("zh/2023/10/7-a-title.txt") == "zh/2023/10/7-a-title.json.gz"
    assert gzip.decompress((tmp_path / "archive/zh/2023/10/7-a-title.json.gz").read_bytes()).startswith(b"reply")
    [log] = run_logs(tmp_path / "archive")
    assert list(read_log(log)) == records
    rows = found.index.select("SELECT id, rendition, state FROM objects")
    states = {(dw_id, rendition): state for dw_id, rendition, state in rows}
    assert states == {(7, ""): ARCHIVED, (8, ""): PENDING, (63, "303"): PENDING}


def test_storing_works_in_an_event_loop_too(archive: OpenArchive) -> None:
    found = archive()
    one = NewFile(layout.picture_path(NAME), JPEG, About("picture", 63, "u", TIME))
    [record] = asyncio.run(found.store([one]))
    assert record["bytes"] == len(JPEG)
    assert found.index.get(63, "303")


def test_path_never_changes(archive: OpenArchive) -> None:
    found = archive()
    fetched(found, document())
    later = document(words="new", title="Another title", stamp_ms=NOW_MS + DAY_MS)
    paths = [record["path"] for record in fetched(found, later)]
    assert paths[-1] == "zh/2023/10/7-a-title.txt"
    assert found.read("zh/2023/10/7-a-title.txt") == later


def test_changed_document_leaves_a_revision_with_its_reply(archive: OpenArchive, tmp_path: Path) -> None:
    found = archive()
    fetched(found, document())
    before = tree(tmp_path / "archive")
    fetched(found, document(words="new", stamp_ms=NOW_MS + 1000))
    after = tree(tmp_path / "archive")
    assert after.keys() - before.keys() == {f"revisions/7/{NOW_MS}.txt", f"revisions/7/{NOW_MS}.json.gz"}
    assert after[f"revisions/7/{NOW_MS}.txt"] == before["zh/2023/10/7-a-title.txt"]
    assert after[f"revisions/7/{NOW_MS}.json.gz"] == before["zh/2023/10/7-a-title.json.gz"]
    assert seedfile.loads(after["zh/2023/10/7-a-title.txt"]).stamp_ms == NOW_MS + 1000


def test_unreadable_document_is_read_as_none(archive: OpenArchive, tmp_path: Path) -> None:
    found = archive()
    assert found.read("zh/nothing.txt") is None
    (tmp_path / "archive" / "cut.txt").write_bytes(b"<!--1-->")
    assert found.read("cut.txt") is None


def test_misses_of_an_object_are_counted(archive: OpenArchive) -> None:
    found = archive()
    fetched(found, document())
    for place in range(3):
        row = found.index.get(8)
        assert row
        found.store_now([], [found.miss(row, status(404), NOW_MS + place * 7 * DAY_MS)])
    row = found.index.get(8)
    assert row
    assert (row.state, row.misses, row.missed_ms) == (GONE, 3, NOW_MS)


# ---- documents that come as files -----------------------------------------------------------------------------------


def plan(found: Archive, one: SeedDocument) -> tuple[str, list[str]]:
    """Store a seed document. Returns the outcome and the written paths."""
    outcome, files = found.plan_seed(one, "add", NOW_MS)
    found.store_now(files)
    return outcome, [file.path for file in files]


CURRENT = "zh/2023/10/7-a-title.txt"


def test_seed_document_keeps_content_and_stamp(archive: OpenArchive, tmp_path: Path) -> None:
    found = archive()
    old = document(stamp_ms=5000)
    assert plan(found, old) == ("new", [CURRENT])
    assert (tmp_path / "archive" / CURRENT).read_bytes() == seedfile.dumps(old).encode()
    assert plan(found, old) == ("already there", [])
    assert plan(found, document(stamp_ms=9000)) == ("already there", []), "it differs in its stamp only"


def test_newer_version_takes_the_path_and_the_old_becomes_a_revision(archive: OpenArchive) -> None:
    found = archive()
    first, second = document(stamp_ms=5000), document(words="new", stamp_ms=6000)
    plan(found, first)
    assert plan(found, second) == ("newer", ["revisions/7/5000.txt", CURRENT])
    assert found.read(CURRENT) == second
    assert found.read("revisions/7/5000.txt") == first
    assert plan(found, second) == ("already there", [])


def test_older_version_becomes_a_revision(archive: OpenArchive) -> None:
    found = archive()
    first, second = document(stamp_ms=5000), document(words="new", stamp_ms=6000)
    plan(found, second)
    assert plan(found, first) == ("older", ["revisions/7/5000.txt"])
    assert found.read(CURRENT) == second
    assert plan(found, first) == ("already there", [])


@pytest.mark.parametrize("damage", ["lost", "damaged"])
def test_document_is_kept_if_the_archived_one_cannot_be_read(archive: OpenArchive, tmp_path: Path, damage: str) -> None:
    found, old = archive(), document(stamp_ms=5000)
    plan(found, old)
    path = tmp_path / "archive" / CURRENT
    path.unlink() if damage == "lost" else path.write_bytes(b"nonsense")
    newer = document(words="new", stamp_ms=6000)
    assert plan(found, newer) == ("older", ["revisions/7/6000.txt"])
    assert plan(found, old) == ("older", ["revisions/7/5000.txt"])
    assert [plan(found, one) for one in (old, newer)] == [("already there", [])] * 2
    assert path.exists() == (damage == "damaged"), "what verify reports stays as it is"


def test_two_versions_with_one_stamp_are_both_kept(archive: OpenArchive) -> None:
    found = archive()
    plan(found, document(stamp_ms=5000))
    assert plan(found, document(words="new", stamp_ms=5000)) == ("older", ["revisions/7/5000.txt"])
    assert plan(found, document(words="third", stamp_ms=5000)) == ("older", ["revisions/7/5001.txt"])
    assert plan(found, document(words="new", stamp_ms=5000)) == ("already there", [])
    assert plan(found, document(words="third", stamp_ms=5000)) == ("already there", [])


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (1, 0, 2)])
def test_order_of_adding_makes_no_difference(archive: OpenArchive, tmp_path: Path, order: tuple[int, ...]) -> None:
    found = archive()
    versions = [document(words=f"version {place}", stamp_ms=5000 + place) for place in range(3)]
    for place in order * 2:
        plan(found, versions[place])
    assert {path: seedfile.loads(data) for path, data in tree(tmp_path / "archive").items()} == {
        CURRENT: versions[2], "revisions/7/5001.txt": versions[1], "revisions/7/5000.txt": versions[0],
    }  # fmt: skip


def test_document_of_an_alias_is_a_version_of_its_target(archive: OpenArchive) -> None:
    found = archive()
    plan(found, document(stamp_ms=6000))
    found.index.set_alias(9, 7)
    other = document(9, words="new", stamp_ms=5000)
    assert plan(found, other) == ("older", ["revisions/7/5000.txt"])


def test_references_of_an_added_document_are_seeds_of_a_fetched_one_hop_on(archive: OpenArchive) -> None:
    found = archive()
    found.register_document(document(7), "add", 0)
    found.register_document(document(20), "api", 2)
    assert [(row.id, row.hop) for row in map(found.index.get, (8, 21)) if row] == [(8, 0), (21, 3)]


def test_references_count_from_the_nearest_way_that_is_known(archive: OpenArchive) -> None:
    found = archive()
    found.register([20], 1)
    found.register_document(document(20), "api", 3)  # it was requested before the nearer way was found
    assert [row.hop for dw_id in (20, 21) if (row := found.index.get(dw_id))] == [1, 2]


def test_references_of_a_nearer_document_are_nearer_too(archive: OpenArchive) -> None:
    found = archive()
    for dw_id, hop in [(7, 2), (8, 3), (9, 4)]:
        fetched(found, document(dw_id), hop=hop)
    found.register_references(document(6), 0)
    assert [row.hop for row in map(found.index.get, (7, 8, 9, 10)) if row] == [0, 1, 2, 3]


def test_unwanted_documents_are_out_of_scope_from_their_first_log_line(tmp_path: Path) -> None:
    scope = Scope(1, frozenset({"article"}))
    with closing(open_archive(tmp_path / "archive", NOW_MS, "a test", scope=scope)) as found:
        found.store_now([], [StateRecord(PENDING, "video", 8, TIME, hop=0)])
        found.register([9], 2)
        found.register([10], 1)
        assert [row.state for row in map(found.index.get, (8, 9, 10)) if row] == [OUT_OF_SCOPE, OUT_OF_SCOPE, PENDING]
