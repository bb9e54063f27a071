"""`scrapy add` with another archive: its output, its statuses, what it refuses."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from crawler import reasons, seedfile, times
from crawler.storage.logline import About
from crawler.storage.opening import look, open_archive
from crawler.storage.writer import NewFile, NewReply
from tests.helpers_commands import NOW_MS, archive_of, document, scrapy, snapshot, store, write
from tests.storage.test_pictures import JPEG
from tests.storage.test_recovery import rows

DAY_MS = 86_400_000


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return archive_of(tmp_path / "archive", document(70000001), document(70000002), document(70000003, NOW_MS + 9000))


@pytest.fixture
def other(tmp_path: Path) -> Path:
    same, older = document(70000002, NOW_MS + 5000), document(70000003, body="<p>Older.</p>")
    newer, new = document(70000001, NOW_MS + 1000, body="<p>Newer.</p>"), document(70000004)
    return archive_of(tmp_path / "other", same, older, newer, new, now_ms=NOW_MS + 1000)


def test_summary_counts_the_documents_by_outcome(root: Path, other: Path) -> None:
    before = snapshot(other)
    ran = scrapy("add", other, root=root, now_ms=NOW_MS + DAY_MS)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out == (f"{other}: 4 documents: 1 already there, 1 new, 1 newer, 1 older; also taken: revisions 1; "
                       "0 problems\n")  # fmt: skip
    again = scrapy("add", other, root=root, now_ms=NOW_MS + 2 * DAY_MS)
    assert (again.status, again.err) == (0, "")
    assert again.out == f"{other}: 4 documents: 4 already there; also taken: nothing; 0 problems\n"
    assert snapshot(other) == before
    assert scrapy("verify", "--strict", root=root).status == 0


def test_json_has_an_entry_for_each_archive(root: Path, other: Path, tmp_path: Path) -> None:
    seed = write(tmp_path / "seeds/a.txt", document(70000009))
    ran = scrapy("add", "--json", other, seed, root=root)
    assert ran.status == 0
    assert ran.json == {
        "archives": [{"archive": str(other), "documents": {"new": 1, "newer": 1, "older": 1, "already there": 1},
                      "taken": {"revisions": 1}, "kept": 0, "problems": 0, "in_use": False}],
        "new": 1, "documents": 1, "mended": 0, "problems": [],
    }  # fmt: skip


def test_problems_are_reported_and_give_status_3(root: Path, other: Path) -> None:
    path = next(other.glob("en/*/*/70000004-*.txt"))
    path.write_bytes(b"damaged")
    ran = scrapy("add", other, root=root)
    assert ran.status == 3
    assert ran.err == f"{path}: its bytes differ from its run log\n"
    assert ran.out.endswith("; 1 problem\n")


def test_adding_an_archive_to_itself_is_refused(root: Path, tmp_path: Path) -> None:
    before = snapshot(root)
    (tmp_path / "link").symlink_to(root)
    for place in (root, tmp_path / "link", f"{root}/../{root.name}"):
        ran = scrapy("add", place, root=root)
        assert (ran.status, ran.err) == (1, f"scrapy add: {place} is this archive or lies in it: nothing to add\n")
    assert snapshot(root) == before


def test_log_segments_of_a_later_version_are_refused(root: Path, other: Path) -> None:
    (other / "runs/20261122T200000Z-1").mkdir()
    before = snapshot(root)
    ran = scrapy("add", other, root=root)
    assert ran.status == 1
    assert ran.err == (f"scrapy add: {other}: runs/20261122T200000Z-1 holds log segments, which only a later version of "
                       "dw-archiver can read\n")  # fmt: skip
    assert snapshot(root) == before


def test_files_of_an_archive_without_logs_are_reported_one_by_one(root: Path, other: Path) -> None:
    for log in (other / "runs").iterdir():
        log.unlink()
    ran = scrapy("add", other, root=root)
    assert ran.status == 3
    assert ran.err.count("in no run log of its archive") == 5 - 1
    assert scrapy("reindex", root=other).status == 0
    assert scrapy("add", other, root=root, now_ms=NOW_MS + DAY_MS).status == 0


def test_folder_of_documents_with_a_folder_called_runs_is_still_a_folder_of_documents(root: Path, tmp_path: Path) -> None:
    write(tmp_path / "mine/runs/a.txt", document(70000010))
    write(tmp_path / "mine/b.txt", document(70000011))
    assert scrapy("add", tmp_path / "mine", root=root).out == "2 documents: 2 new; 0 problems\n"


def test_empty_archive_adds_nothing(root: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    (other / "runs").mkdir(parents=True)
    ran = scrapy("add", other, root=root)
    assert (ran.status, ran.out) == (0, f"{other}: 0 documents: none found; also taken: nothing; 0 problems\n")


def test_archive_whose_logs_are_on_a_disk_that_is_not_mounted_is_refused(root: Path, other: Path) -> None:
    shutil.rmtree(other / "runs")
    (other / "runs").symlink_to(other / "nowhere")
    ran = scrapy("add", other, root=root)
    assert ran.status == 1
    assert ran.err == (f"scrapy add: {other} cannot be read: {other}/runs is a link that leads nowhere, not a folder; "
                       "is its disk mounted?\n")  # fmt: skip


def test_refused_archive_leaves_no_new_archive_behind(other: Path, tmp_path: Path) -> None:
    (other / "runs/20261122T200000Z-1").mkdir()
    assert scrapy("add", other, root=tmp_path / "none").status == 1
    assert not (tmp_path / "none").exists()


# ---- states of objects ----------------------------------------------------------------------------------------

PICTURE: dict[str, Any] = {"kind": "picture", "id": 71000001, "format": "303", "url": "https://static.dw.com/image/71000001_303.jpg"}
SEEN = times.iso(NOW_MS + DAY_MS)


def states(root: Path) -> dict[tuple[int, str], str]:
    """Return the state of every object in the index, by id and rendition."""
    archive = look(root, NOW_MS)
    found = {(row[0], row[1]): row[2] for row in archive.index.select("SELECT id, rendition, state FROM objects")}
    archive.close(clean=False)
    return found


def test_picture_that_was_missing_here_is_taken(root: Path, other: Path) -> None:
    store(root, states=[{"state": "missing", "misses": 3, "reason": "status 404", **PICTURE}], now_ms=NOW_MS + 2000)
    about = About("picture", 71000001, PICTURE["url"], SEEN)
    store(other, NewFile("images/710/71000001_303.jpg", JPEG, about), now_ms=NOW_MS + 2000)
    assert states(root)[71000001, "303"] == "missing"
    assert scrapy("add", other, root=root, now_ms=NOW_MS + DAY_MS).status == 0
    assert states(root)[71000001, "303"] == "archived"
    assert (root / "images/710/71000001_303.jpg").read_bytes() == JPEG


@pytest.mark.parametrize(("theirs", "expected"), [
    ({"state": "gone", "kind": "article", "id": 70000001, "time": SEEN, "reason": "status 410"}, "gone"),
    ({"state": "gone", "kind": "article", "id": 70000001, "time": "2020-01-01T00:00:00Z"}, "archived"),
    ({"state": "missing", "kind": "article", "id": 70000001, "time": SEEN}, "archived"),
    ({"state": "alias", "kind": "article", "id": 70000001, "time": SEEN, "target": 70000002}, "archived"),
    ({"state": "alias", "kind": "article", "id": 70000077, "time": SEEN, "target": 70000002}, "alias"),
    ({"state": "missing", "kind": "video", "id": 70000077, "time": SEEN, "misses": 2, "reason": "timeout"}, "missing"),
    ({"state": "pending", "kind": "article", "id": 70000077, "time": SEEN, "hop": 1, "language": "zh"}, "pending"),
    ({"state": "gone", "kind": "article", "id": 70000088, "time": SEEN}, "gone"),
    ({"state": "missing", "kind": "article", "id": 70000088, "time": SEEN}, "refused"),
], ids=str)  # fmt: skip
def test_state_is_taken_if_it_says_more_than_ours(theirs: dict[str, object], expected: str, root: Path, tmp_path: Path) -> None:
    store(root, states=[{"state": "refused", "kind": "article", "id": 70000088, "misses": 1}], now_ms=NOW_MS + 2000)
    other = archive_of(tmp_path / "other")
    store(other, states=[theirs], now_ms=NOW_MS + 2000)
    assert scrapy("add", other, root=root, now_ms=NOW_MS + 2 * DAY_MS).status == 0
    assert states(root)[int(str(theirs["id"])), ""] == expected
    again = scrapy("add", "--json", other, root=root, now_ms=NOW_MS + 3 * DAY_MS).json
    assert again["archives"][0]["taken"] == {}


def test_hostile_texts_and_addresses_of_a_state_are_not_taken(root: Path, tmp_path: Path) -> None:
    other = archive_of(tmp_path / "other")
    store(other, now_ms=NOW_MS + 2000, states=[
        {"state": "missing", "kind": "article", "id": 70000077, "reason": "\x1b[2J gone", "language": "../.."},
        {**PICTURE, "state": "pending", "url": "https://evil.example/x_y.jpg"},
        {**PICTURE, "state": "missing", "id": 71000002},
        {"state": "pending", "kind": "media", "id": 70000078, "url": "https://evil.example/a.mp4"},
    ])  # fmt: skip
    assert scrapy("add", other, root=root, now_ms=NOW_MS + DAY_MS).status == 0
    found = states(root)
    assert found[70000077, ""] == "missing"
    assert not {71000001, 71000002, 70000078} & {dw_id for dw_id, _ in found}
    assert not any(b"\x1b" in data or b"u001b" in data for path, data in snapshot(root).items() if path.startswith("runs/"))


def test_reply_is_taken_for_a_document_that_came_as_a_file(root: Path, tmp_path: Path) -> None:
    path, about = "en/2026/05/70000001-other-title.txt", About("article", 70000001, time=SEEN, origin="api", language="en")
    one = document(70000001, NOW_MS + 5000)
    reply = NewReply("json", b"{}", about)
    other = archive_of(tmp_path / "other")
    store(other, reply.beside(path), NewFile(path, seedfile.dumps(one).encode(), about), now_ms=NOW_MS + 2000)
    ran = scrapy("add", "--json", other, root=root, now_ms=NOW_MS + DAY_MS)
    assert ran.json["archives"][0]["taken"] == {"replies": 1}
    assert len(list(root.glob("en/2026/05/70000001-*"))) == 2
    assert (root / "en/2026/05/70000001-a-title.json.gz").exists()


# ---- archives of other shapes ----------------------------------------------------------------------------------------


def is_rebuilt_alike(root: Path) -> bool:
    """Whether an index made again from the logs has the same rows."""
    archive = open_archive(root, NOW_MS + 20 * DAY_MS, "a test")
    before = rows(archive)
    archive.close()
    archive = open_archive(root, NOW_MS + 21 * DAY_MS, "a test", rebuild=True)
    after = rows(archive)
    archive.close()
    return after == before


def added(root: Path, other: Path, days: int = 1) -> dict[str, Any]:
    ran = scrapy("add", "--json", other, root=root, now_ms=NOW_MS + days * DAY_MS)
    assert (ran.status, ran.json["problems"]) == (0, [])
    assert scrapy("verify", "--strict", root=root).status == 0
    found: dict[str, Any] = ran.json["archives"][0]
    return found


def documents(root: Path) -> dict[str, bytes]:
    return {path: data for path, data in snapshot(root).items() if path.endswith(".txt") and not path.startswith("damaged/")}


def test_document_of_an_id_that_is_an_alias_elsewhere_stays_one(tmp_path: Path) -> None:
    a = archive_of(tmp_path / "a", document(70000001, title="X"))
    b = archive_of(tmp_path / "b", document(70000002, NOW_MS + 5000, title="Y"))
    alias = {"state": "alias", "kind": "article", "id": 70000001, "target": 70000002}
    store(b, states=[alias], now_ms=NOW_MS + 9000)
    before = shutil.copytree(a, tmp_path / "before")
    added(a, b)
    added(b, before)
    assert documents(a) == documents(b)
    assert is_rebuilt_alike(a)
    assert is_rebuilt_alike(b)
    assert added(b, before, 30)["taken"] == {}


def test_of_two_documents_with_one_id_the_last_stored_is_the_document(tmp_path: Path) -> None:
    other, later = archive_of(tmp_path / "other", document()), document(stamp_ms=NOW_MS + 5000, title="Again")
    about = About("article", 70000001, later.url, SEEN, language="en", origin="api", stamp_ms=later.stamp_ms)
    store(other, NewFile("en/2026/05/70000001-again.txt", seedfile.dumps(later).encode(), about), now_ms=NOW_MS + 9000)
    assert added(tmp_path / "archive", other)["taken"] == {"revisions": 1}
    assert set(documents(tmp_path / "archive")) == {"en/2026/05/70000001-again.txt", f"revisions/70000001/{NOW_MS}.txt"}


def test_document_that_ours_set_aside_comes_back_under_its_old_path(root: Path, other: Path) -> None:
    path = next(root.glob("en/*/*/70000001-*.txt"))
    path.write_bytes(b"damaged")
    assert scrapy("repair", root=root, now_ms=NOW_MS + DAY_MS).status == 0
    assert not path.exists()
    added(root, other, 2)
    assert b"Newer." in path.read_bytes()
    assert is_rebuilt_alike(root)


def test_run_logs_that_are_no_files_are_named(root: Path, other: Path) -> None:
    os.mkfifo(other / "runs/20260601T210000Z.jsonl")
    ran = scrapy("add", other, root=root)
    assert ran.status == 3
    assert ran.err == f"{other}/runs/20260601T210000Z.jsonl: cannot be read: a FIFO, not a file\n"


def test_media_file_larger_than_the_setting_is_refused_unread(root: Path, other: Path) -> None:
    store(other, NewFile("media/700/70000003.mp4", b"\0\0\0\x18ftypmp42", About("media", 70000003)), now_ms=NOW_MS + 9000)
    ran = scrapy("add", other, "-s", "MEDIA_MAXSIZE=11", root=root)
    assert ran.status == 3
    assert ran.err == f"{other}/media/700/70000003.mp4: larger than MEDIA_MAXSIZE, 11 bytes\n"


def test_counts_that_no_log_of_ours_could_hold_are_cut(root: Path, tmp_path: Path) -> None:
    most = 2**53 - 1
    other = archive_of(tmp_path / "other")
    state = {"state": "missing", "kind": "article", "id": 70000077, "misses": most, "hop": most, "next_ms": 253_402_300_799_999}
    store(other, states=[state], now_ms=NOW_MS + 9000)
    added(root, other)
    archive = open_archive(root, NOW_MS + 9 * DAY_MS, "a test")
    row = archive.index.get(70000077)
    assert row
    assert (row.misses, row.hop) == (1_000_000, 1_000_000)
    archive.store_now([], [archive.miss(row, reasons.TIMEOUT, NOW_MS)])
    archive.close()
    assert scrapy("verify", "--strict", root=root).status == 0
