"""Merging archives that were crawled separately. The archives are made by real crawls of the stand-in."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from crawler import seedfile
from crawler.exceptions import NOT_FOUND
from crawler.seeds import Problem
from crawler.storage import foreign, layout, runlog
from crawler.storage.lock import Lock
from crawler.storage.opening import open_archive
from crawler.storage.otherarchive import Folder
from crawler.upkeep.merge import Merged, ahead, merge
from crawler.upkeep.verify import verify
from tests import killing
from tests.crawling import crawl, files, fresh_site
from tests.dwsite import ids as dw
from tests.helpers_commands import scrapy, snapshot
from tests.storage.test_pictures import JPEG
from tests.storage.test_recovery import rows

T = 1_780_272_000_000
HOUR_MS = 3_600_000
EDITED, TITLED, TWICE = dw.CHAIN[0], dw.CHAIN[1], dw.CHAIN[2]
COMMON = [EDITED, TITLED, TWICE, dw.PICTURE_TYPES, dw.ALIAS_REDIRECT]


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Archives `a` and `b`, each crawled twice, in turn at four times, between which DW changes its articles."""
    folder, site = tmp_path_factory.mktemp("crawled"), fresh_site()

    def at(name: str, hours: int, seeds: list[int], *arguments: str) -> None:
        ended = crawl(folder / name, seeds, "depth=0", "refresh=all", *arguments, site=site, now_ms=T + hours * HOUR_MS)
        assert ended.status in (0, 3), ended.stderr

    at("a", 0, [*COMMON, dw.SEED_ZH, dw.UNREADABLE, dw.GONE])
    site.edit(EDITED, add_paragraph="A second thought.")
    site.edit(TITLED, title="A name that came later")
    at("b", 1, [*COMMON, dw.GERMAN, dw.VIDEO, dw.GALLERY], "media=1")
    site.edit(EDITED, add_paragraph="A third thought.")
    site.edit(TWICE, title="Once more")
    at("a", 2, [])
    site.edit(EDITED, add_paragraph="A fourth thought.")
    site.edit(dw.SEED_ZH_PICTURE, picture_version=2)
    at("b", 3, [dw.SEED_ZH])
    return folder


@pytest.fixture
def pair(crawled: Path, tmp_path: Path) -> tuple[Path, Path]:
    """Copies of both archives, for changes."""
    for name in "ab":
        shutil.copytree(crawled / name, tmp_path / name, symlinks=True)
    return tmp_path / "a", tmp_path / "b"


def into(root: Path, other: Path, *, hours: int = 10) -> Merged:
    """Add an archive to another one. Fails if anything is refused."""
    told: list[Problem] = []
    archive = open_archive(root, T + hours * HOUR_MS, "a test")
    merged = merge(archive, Folder(other), T + hours * HOUR_MS, complain=told.append)
    archive.close()
    assert told == []
    return merged


def texts(root: Path) -> dict[int, list[tuple[str, str]]]:
    """The texts of every document by id, oldest first; the last one is the document."""
    found: dict[int, list[tuple[bool, int, tuple[str, str]]]] = {}
    for path, data in files(root).items():
        if path.endswith(".txt") and (dw_id := layout.id_of(path)):
            document = seedfile.loads(data)
            version = (layout.is_document(path), document.stamp_ms, seedfile.content_key(document))
            found.setdefault(dw_id, []).append(version)
    return {dw_id: [text for _, _, text in sorted(versions)] for dw_id, versions in found.items()}


def is_sound(root: Path) -> bool:
    verdict = verify(root)
    return verdict.is_sound and not verdict.damages


def test_an_archive_taken_into_an_empty_one_keeps_every_byte_and_path(crawled: Path, tmp_path: Path) -> None:
    for name in "ab":
        before = snapshot(crawled / name)
        merged = into(tmp_path / name, crawled / name)
        assert files(tmp_path / name) == files(crawled / name)
        assert set(merged.documents) == {"new"}
        assert is_sound(tmp_path / name)
        assert snapshot(crawled / name) == before


def test_an_empty_archive_knows_the_same_objects_afterwards(crawled: Path, tmp_path: Path) -> None:
    for name in "ab":
        into(tmp_path / name, crawled / name)
        known, before = (
            [row if row[3] != "alias" else (*row[:5], None, *row[6:]) for row in killing.objects(root / name)]
            for root in (tmp_path, crawled)
        )  # the language in which an alias was requested does not matter
        assert known == before


def test_both_directions_give_the_same_texts_replies_and_pictures(pair: tuple[Path, Path], crawled: Path) -> None:
    a, b = pair
    into(a, crawled / "b")
    into(b, crawled / "a")
    assert texts(a) == texts(b)
    assert len(texts(a)[EDITED]) == 4
    for root in pair:
        stored = files(root)
        versions = [path for path in stored if path.endswith(".txt")]
        assert all(layout.stem_of(path) + ".json.gz" in stored for path in versions)
        assert is_sound(root)
    names = [{path for path in files(root) if path.startswith(("images/", "media/"))} for root in pair]
    assert names[0] == names[1]
    assert any(path.startswith("media/") for path in names[0])
    assert any(path.startswith("unreadable/") for path in files(b))


def test_path_and_picture_of_the_receiver_stay(pair: tuple[Path, Path], crawled: Path) -> None:
    a, _ = pair
    before = files(a)
    path = next(path for path in before if layout.is_document(path) and layout.id_of(path) == TITLED)
    merged = into(a, crawled / "b")
    assert merged.kept == 1
    after = files(a)
    assert path in after
    assert [one for one in after if layout.is_document(one) and layout.id_of(one) == TITLED] == [path]
    assert {one: data for one, data in before.items() if one.startswith("images/")}.items() <= after.items()


@pytest.mark.parametrize("name", ["a", "b"])
def test_repeating_a_merge_finds_nothing_left_to_take(name: str, pair: tuple[Path, Path], crawled: Path) -> None:
    root, other = pair["ab".index(name)], crawled / ("b" if name == "a" else "a")
    into(root, other)
    before = files(root)
    again = into(root, other, hours=11)
    assert not again.taken.total()
    assert set(again.documents) <= {"already there", "older"}
    assert files(root) == before
    assert not list(root.glob("runs/*T110000Z.jsonl"))


def test_a_rebuilt_index_has_the_same_rows(pair: tuple[Path, Path], crawled: Path) -> None:
    a, _ = pair
    into(a, crawled / "b")
    opened = open_archive(a, T + 12 * HOUR_MS, "a test")
    before = rows(opened)
    opened.close()
    rebuilt = open_archive(a, T + 13 * HOUR_MS, "a test", rebuild=True)
    assert rows(rebuilt) == before
    rebuilt.close()


def test_site_and_search_catch_up_with_what_was_added(pair: tuple[Path, Path], crawled: Path, tmp_path: Path) -> None:
    a, _ = pair
    assert scrapy("site", "--to", tmp_path / "site", root=a, now_ms=T + 9 * HOUR_MS).status == 0
    assert scrapy("search", "fourth", root=a, now_ms=T + 9 * HOUR_MS).status == NOT_FOUND
    into(a, crawled / "b")
    for folder in ("site", "anew"):
        assert scrapy("site", "--to", tmp_path / folder, root=a, now_ms=T + 12 * HOUR_MS).status == 0
    site, anew = snapshot(tmp_path / "site"), snapshot(tmp_path / "anew")
    assert {path for path in site.keys() | anew.keys() if site.get(path) != anew.get(path)} <= {".dw-site/memory.sqlite"}
    caught_up = scrapy("search", "--json", "fourth", root=a, now_ms=T + 12 * HOUR_MS).out
    assert f'"id": {EDITED}' in caught_up
    for path in a.glob("search.sqlite*"):
        path.unlink()
    assert scrapy("search", "--json", "fourth", root=a, now_ms=T + 12 * HOUR_MS).out == caught_up


def test_files_are_expected_before_they_are_read() -> None:
    told: list[str] = []
    told.extend(f"read {n}" for n in ahead(range(60), lambda n: told.append(f"expect {n}")))
    assert [word for word in told if word.startswith("read")] == [f"read {n}" for n in range(60)]
    assert told.index("expect 20") < told.index("read 0") < told.index("expect 59") < told.index("read 59")
    assert all(told.index(f"expect {n}") < told.index(f"read {n}") for n in range(60))


# ---- kills and full disks -----------------------------------------------------------------------------------------

KILLS = [
    killing.Fault("rename", "picture", 3), killing.Fault("rename", "revision", 2, "after"), killing.Fault("rename", "reply", 4),
    killing.Fault("rename", "document", 2, "after"), killing.Fault("write", "log", 2, "half"), killing.Fault("fsync", "log", 3),
]  # fmt: skip
MORE_KILLS = [
    killing.Fault(step, what, n, when) for step in ("write", "fsync", "rename") for n in (1, 2, 4, 7)
    for what in ("picture", "reply", "document", "revision", "log", "states", "other") for when in ("before", "after")
]  # fmt: skip


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[killing.Runner]:
    with killing.Runner(tmp_path_factory.mktemp("runner"), []) as running:
        yield running


def added(runner: killing.Runner, root: Path, other: Path, fault: killing.Fault | None = None) -> int:
    """Run `scrapy add` in a process of its own. Returns its status."""
    runner.count += 1
    output = runner.folder / f"{runner.count}.output"
    arguments = ["add", str(other), "-s", f"ARCHIVE_DIR={root}", "-s", "ARCHIVE_MIN_FREE=0"]
    told = {"arguments": arguments, "output": str(output), "fault": asdict(fault) if fault else None}
    return killing.Crawl(runner, runner.tell(told), output).status


@killing.linux_only
@pytest.mark.parametrize(
    "fault", [*KILLS, *(pytest.param(fault, marks=pytest.mark.torture) for fault in MORE_KILLS)], ids=str
)
def test_result_is_the_same_after_a_kill_and_a_repetition(
    fault: killing.Fault, runner: killing.Runner, pair: tuple[Path, Path], crawled: Path, tmp_path: Path
) -> None:
    a, _ = pair
    into(shutil.copytree(a, tmp_path / "whole"), crawled / "b")
    status = added(runner, a, crawled / "b", fault)
    assert status in (-9, 0)
    assert fault in MORE_KILLS or status == -9
    assert added(runner, a, crawled / "b") == 0
    whole = files(tmp_path / "whole")
    assert {path: data for path, data in files(a).items() if not path.startswith("damaged/")} == whole
    assert is_sound(a)


@killing.linux_only
def test_full_disk_ends_with_status_6_and_a_repetition_takes_the_rest(
    runner: killing.Runner, pair: tuple[Path, Path], crawled: Path, tmp_path: Path
) -> None:
    a, _ = pair
    into(shutil.copytree(a, tmp_path / "whole"), crawled / "b")
    assert added(runner, a, crawled / "b", killing.Fault("write", "reply", 3, do="ENOSPC", stays=True)) == 6
    assert added(runner, a, crawled / "b") == 0
    assert files(a) == files(tmp_path / "whole")


# ---- a damaged or hostile archive ------------------------------------------------------------------------------------


def refused(root: Path, other: Path) -> tuple[Merged, dict[str, str]]:
    """Add an archive. Also returns the reasons for refused files, by path."""
    told: list[Problem] = []
    archive = open_archive(root, T + 20 * HOUR_MS, "a test")
    merged = merge(archive, Folder(other), T + 20 * HOUR_MS, complain=told.append)
    archive.close()
    assert len(told) == merged.problems
    assert is_sound(root)
    return merged, {one.place.removeprefix(f"{other}/"): one.reason for one in told}


def path_of(root: Path, dw_id: int, end: str = ".txt") -> str:
    """The path of the document with an id, or of its reply."""
    return next(path for path in files(root) if path.endswith(end) and layout.id_of(path) == dw_id and path[2] == "/")


def test_files_that_differ_from_their_log_are_reported_and_the_rest_is_taken(pair: tuple[Path, Path], tmp_path: Path) -> None:
    _, b = pair
    document, lost = path_of(b, dw.GERMAN), path_of(b, dw.GALLERY)
    picture = next(path for path in files(b) if path.startswith("images/"))
    media = next(path for path in files(b) if path.startswith("media/"))
    reply = path_of(b, dw.VIDEO, ".json.gz")
    for path in (document, picture, media, reply):
        data = (b / path).read_bytes()
        (b / path).write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    (b / lost).unlink()
    merged, why = refused(tmp_path / "empty", b)
    assert why == {
        **dict.fromkeys((document, picture, media, reply), "its bytes differ from its run log"),
        lost: "cannot be read: No such file or directory",
    }
    with_replies = {document, document.replace(".txt", ".json.gz"), lost.replace(".txt", ".json.gz"), picture, media, reply}
    assert set(files(b)) - set(files(tmp_path / "empty")) == with_replies
    assert merged.documents == {"new": len(texts(tmp_path / "empty"))}


def test_links_below_the_top_fifos_and_devices_are_never_read(pair: tuple[Path, Path], tmp_path: Path) -> None:
    _, b = pair
    shutil.move(b / "images", tmp_path / "large-disk")
    (b / "images").symlink_to(tmp_path / "large-disk")  # as for pictures on a larger disk
    year = path_of(b, dw.GERMAN).rpartition("/")[0]
    shutil.move(b / year, tmp_path / "elsewhere")
    (b / year).symlink_to(tmp_path / "elsewhere")
    fifo, link = path_of(b, dw.GALLERY), path_of(b, dw.VIDEO)
    for path in (fifo, link):
        shutil.move(b / path, tmp_path / Path(path).name)
    os.mkfifo(b / fifo)
    (b / link).symlink_to(tmp_path / Path(link).name)
    _, why = refused(tmp_path / "empty", b)
    assert why.pop(fifo) == "cannot be read: a FIFO, not a file"
    assert why.pop(link) == "cannot be read: a link, not a file"
    assert set(why.values()) == {f"cannot be read: {year} is a link, not a folder"}
    assert any(path.startswith("images/") for path in files(tmp_path / "empty"))


def log(root: Path, *lines: bytes | dict[str, Any], name: str = "20260601T200000Z.jsonl") -> None:
    """Write one more run log into an archive."""
    data = [line if isinstance(line, bytes) else runlog.encode(line) for line in lines]
    (root / "runs" / name).write_bytes(b"".join(data))


def line(path: str, data: bytes, **more: Any) -> dict[str, Any]:
    return {"path": path, "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data), "kind": "article",
            "id": layout.id_of(path) or 1, "time": "2026-06-01T20:00:00Z", **more}  # fmt: skip


def test_log_lines_of_a_hostile_archive_are_checked(crawled: Path, tmp_path: Path) -> None:
    b = shutil.copytree(crawled / "b", tmp_path / "b")
    secret = tmp_path / "secret.txt"
    secret.write_bytes(b"secret")
    log(b, line("../secret.txt", b"secret"), line(str(secret), b"secret"), line("zh/2026/01/../../../../secret.txt", b"secret"),
        b"no line\n", {"state": "dancing", "kind": "article", "id": 1}, {"state": "gone", "kind": "planet", "id": 1},
        {"state": "alias", "kind": "article", "id": 5, "target": 6, "time": ""}, {"some": "later version"})  # fmt: skip
    _, why = refused(tmp_path / "empty", b)
    assert {path: reason.partition(":")[0] for path, reason in why.items()} == {
        f"runs/20260601T200000Z.jsonl:{n}": reason for n, reason in enumerate((
            "path cannot be '../secret.txt'", f"path cannot be {str(secret)!r}"[:75],
            "path cannot be 'zh/2026/01/../../../../secret.txt'", "no checksum", "state cannot be 'dancing'",
            "kind cannot be 'planet'"), 1)
    } | {"runs/20260601T200000Z.jsonl:8": "path is missing"}  # fmt: skip
    assert {*map(str, tmp_path.iterdir())} == {str(tmp_path / name) for name in ("b", "empty", "secret.txt")}


HTML = b"<script>alert(1)</script>"
STRANGE = {
    "images/710/71099999_303.jpg": (HTML, "not a picture: wrong first bytes"),
    "images/0/71099998_303.png": (b"\x89PNG\r\n\x1a\n", "not a path that an archive of this version has"),
    "zh/2026/01/70999999-x.txt": (HTML, "not a document: line 1: not a stamp"),
    "zh/2026/01/0070999998-x.txt": (HTML, "not a path that an archive of this version has"),
    "zh/2026/01/70999997.json.gz": (HTML, "damaged gzip"),
    "revisions/70999996/007.txt": (HTML, "not a path that an archive of this version has"),
    "media/709/70999995.mp4": (HTML, "not a media file: wrong first bytes for mp4"),
    "media/709/70999994.mp4": (b"", "empty"),
    "unreadable/70999993-0123456789ab.reply": (HTML, "not what its name says"),
}


def test_files_of_a_hostile_archive_must_be_what_their_names_say(tmp_path: Path) -> None:
    other = tmp_path / "other"
    (other / "runs").mkdir(parents=True)
    for path, (data, _) in STRANGE.items():
        (other / path).parent.mkdir(parents=True, exist_ok=True)
        (other / path).write_bytes(data)
    (other / "images/710/71099990_303.jpg").write_bytes(HTML)
    log(other, *(line(path, data) for path, (data, _) in STRANGE.items()),
        line("images/710/71099990_303.jpg", HTML) | {"bytes": foreign.LARGEST + 1},
        line("zh/2026/01/70999992-x.txt", HTML) | {"bytes": 2**50})  # fmt: skip
    _, why = refused(tmp_path / "empty", other)
    for path, (_, reason) in STRANGE.items():
        assert why.pop(path).startswith(reason), path
    assert set(why) == {"images/710/71099990_303.jpg", "zh/2026/01/70999992-x.txt"}
    assert files(tmp_path / "empty") == {}


def test_unlogged_files_are_reported_and_not_taken(pair: tuple[Path, Path], tmp_path: Path) -> None:
    _, b = pair
    (b / "images/710/71099999_303.jpg").write_bytes(JPEG)
    (b / "images/710/.tmp-1-71099998_303.jpg").write_bytes(JPEG)
    (b / "media/701/70100099.mp4.part").write_bytes(b"half")
    (b / "zh").mkdir(exist_ok=True)
    (b / "zh/notes.txt").write_text("mine")
    merged, why = refused(tmp_path / "empty", b)
    assert list(why) == ["images/710/71099999_303.jpg"]
    assert why["images/710/71099999_303.jpg"].startswith("in no run log of its archive")
    assert not merged.is_in_use


def test_archive_in_use_is_read_up_to_its_last_log_line(pair: tuple[Path, Path], tmp_path: Path) -> None:
    _, b = pair
    lock = Lock(b / ".lock", "a crawl", "2026-06-01T00:00:00Z")
    (b / "images/710/71099999_303.jpg").write_bytes(JPEG)
    merged, why = refused(tmp_path / "empty", b)
    lock.release()
    assert merged.is_in_use
    assert why == {}
    assert set(files(b)) - set(files(tmp_path / "empty")) == {"images/710/71099999_303.jpg"}


def test_damaged_document_of_the_receiver_must_be_repaired_first(pair: tuple[Path, Path], crawled: Path) -> None:
    a, _ = pair
    path = path_of(a, EDITED)
    (a / path).write_bytes(b"damaged")
    told: list[Problem] = []
    archive = open_archive(a, T + 20 * HOUR_MS, "a test")
    merge(archive, Folder(crawled / "b"), T + 20 * HOUR_MS, complain=told.append)
    archive.close()
    assert [one.reason for one in told] == [f"ours is lost or damaged ({path}): repair it, then add again"]
    assert scrapy("repair", root=a, now_ms=T + 21 * HOUR_MS).status in (0, 3)
    into(a, crawled / "b", hours=22)
    assert is_sound(a)
