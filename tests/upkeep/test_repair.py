"""Repairs across disks, repairs that are killed or fail at any step (the next one completes them), and duplicate ids."""

from __future__ import annotations

import contextlib
import errno
import gzip
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crawler import times
from crawler.storage import disk, layout
from crawler.storage.logline import About
from crawler.storage.opening import open_archive
from crawler.storage.tree import walk
from crawler.storage.writer import NewFile
from crawler.upkeep import repair, verify
from tests.crawling import crawl
from tests.dwsite.client import Site
from tests.dwsite.ids import FIRST_SYNTHETIC
from tests.helpers_commands import NOW_MS, archive_of, document, scrapy, store, write
from tests.storage.test_pictures import JPEG

ONE, TWO, PICTURE = "en/2026/05/70000001-one.txt", "en/2026/05/70000002-two.txt", "images/710/71000001_303.jpg"
DAMAGED = (ONE, TWO, PICTURE)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An archive of two seed documents and a picture."""
    found = archive_of(tmp_path / "archive", document(70000001, title="One"), document(70000002, title="Two"))
    about = About("picture", 71000001, "https://static.dw.com/image/71000001_303.jpg", "")
    store(found, NewFile(PICTURE, JPEG, about))
    return found


def damage(root: Path) -> dict[str, bytes]:
    """Alter documents and a picture so that they are still valid. Returns their bytes by path."""
    for path in DAMAGED:
        data = (root / path).read_bytes()
        (root / path).write_bytes(data.replace(b"words", b"lies!") if path.endswith(".txt") else data + bytes(4) + b"\xff\xd9")
    return {path: (root / path).read_bytes() for path in DAMAGED}


@pytest.fixture
def other_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on another disk than the archive."""
    try:
        folder = Path(tempfile.mkdtemp(dir="/dev/shm"))
    except OSError:
        pytest.skip("this machine has no second disk to write to")
    if folder.stat().st_dev == tmp_path.stat().st_dev:
        shutil.rmtree(folder)
        pytest.skip("this machine has one disk only")
    yield folder
    shutil.rmtree(folder)


def move_out(root: Path, name: str, to: Path) -> None:
    """Move a folder at the top of an archive to another disk."""
    shutil.move(root / name, to / name)
    (root / name).symlink_to(to / name)


# ---- across disks -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["images", "en", "damaged", "runs"])
def test_repair_works_across_disks(root: Path, other_disk: Path, name: str) -> None:
    (root / "damaged").mkdir()
    move_out(root, name, other_disk)
    altered = damage(root)
    ran = scrapy("repair", "--json", root=root)
    assert ran.status == 0, ran.err
    assert {path: (root / "damaged" / path).read_bytes() for path in DAMAGED} == altered
    assert not any((root / path).exists() for path in DAMAGED)
    assert not list(root.rglob("*.tmp-*")) + list(other_disk.rglob("*.tmp-*"))
    assert verify.verify(root).is_sound
    assert scrapy("repair", root=root).out == "nothing to repair\n"


def test_files_that_cannot_go_to_another_disk_are_left_and_the_rest_repaired(root: Path, other_disk: Path) -> None:
    move_out(root, "images", other_disk)
    damage(root)
    (root / PICTURE).unlink()
    (root / PICTURE).mkdir()
    ran = scrapy("repair", "--json", root=root)
    assert ran.status == 3
    assert [one["path"] for one in ran.json["left"]] == [PICTURE]
    assert (root / PICTURE).is_dir()
    assert (root / "damaged" / ONE).is_file()
    assert [(one.what, one.path) for one in verify.verify(root).damages] == [(verify.BEING_SET_ASIDE, PICTURE)]
    (root / PICTURE).rmdir()
    assert verify.verify(root).is_sound


def test_log_on_another_disk_is_mended(root: Path, other_disk: Path) -> None:
    move_out(root, "runs", other_disk)
    log = next(iter((root / "runs").glob("*.jsonl")))
    log.write_bytes(log.read_bytes().replace(b'"sha256"', b'"sha257"', 1))
    broken = log.read_bytes()
    assert scrapy("repair", root=root).status == 0
    assert (root / "damaged/runs" / log.name).read_bytes() == broken
    assert verify.verify(root).is_sound


# ---- interrupted repairs
# ----------------------------------------------------------------------------------------------------------------


class _Killed(BaseException):
    """Stands for SIGKILL: it is never caught, and nothing is cleaned up."""


STEPS = [(step, n, when) for step in ("open", "write", "fsync", "rename") for n in range(1, 9) for when in ("before", "after")]


def stopped(root: Path, step: str, n: int, when: str, number: int | None, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Repair, and stop at the n-th call of a step of `disk`, by a kill or an error. Returns whether the call was reached."""
    real, calls = getattr(disk, f"os_{step}"), 0
    is_over = False

    def call(*args: Any) -> Any:
        nonlocal calls, is_over
        calls += 1
        if is_over or calls != n:
            if is_over and number is None:
                raise _Killed
            return real(*args)
        is_over = True
        if when == "after":
            real(*args)
        if number is not None:
            raise OSError(number, os.strerror(number))
        raise _Killed

    with monkeypatch.context() as patched:
        archive = open_archive(root, NOW_MS, "a test")
        found = verify.verify(root, recovered=True)
        patched.setattr(disk, f"os_{step}", call)
        with contextlib.suppress(_Killed, OSError, Exception):
            repair.repair(archive, found, times.iso(NOW_MS))
            archive.index.commit()
    with contextlib.suppress(_Killed):
        archive.close(clean=False)
    return is_over


@pytest.mark.parametrize("where", ["one disk", "two disks"])
@pytest.mark.parametrize(
    "number",
    [
        pytest.param(None, id="killed"),
        pytest.param(errno.ENOSPC, id="ENOSPC"),
        pytest.param(errno.EIO, id="EIO", marks=pytest.mark.torture),
        pytest.param(errno.EROFS, id="EROFS", marks=pytest.mark.torture),
    ],
)
def test_stopped_repair_is_completed_by_the_next(
    root: Path, other_disk: Path, where: str, number: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stops at every call of every step in turn."""
    came_to_it = 0
    for place, (step, n, when) in enumerate(STEPS):
        here = root.parent / f"{place}"
        shutil.copytree(root, here)
        if where == "two disks":
            (other_disk / str(place)).mkdir()
            move_out(here, "images", other_disk / str(place))
        altered = damage(here)
        if not stopped(here, step, n, when, number, monkeypatch):
            shutil.rmtree(here)
            continue
        came_to_it += 1
        case = f"{step} {n} {when}"
        assert scrapy("repair", root=here).status == 0, case
        verdict = verify.verify(here)
        assert verdict.is_sound, f"{case}: {verdict.damages}"
        aside = [path.read_bytes() for path in (here / "damaged").rglob("*") if path.is_file()]
        assert all(data in aside for data in altered.values()), case
        assert not list(here.rglob(".tmp-*")), case
        archive = open_archive(here, NOW_MS, "a test")
        assert not any((here / path).exists() or archive.index.file(path) for path in DAMAGED), case
        archive.close()
        states = scrapy("status", "--json", root=here).json["states"]
        assert states == {"article": {"pending": 2}, "picture": {"pending": 1}}, case
    assert came_to_it >= 10


def test_damaged_file_is_logged_before_it_is_moved(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    damage(root)
    real = disk.move

    def move(path: Path, to: Path) -> None:
        name = path.relative_to(root).as_posix()
        lines = [json.loads(line) for log in (root / "runs").glob("*.ndjson") for line in log.read_bytes().splitlines()]
        assert any(line.get("path") == name and line.get("found_sha256") for line in lines)
        real(path, to)

    monkeypatch.setattr(disk, "move", move)
    assert scrapy("repair", root=root).status == 0


# ---- restoring only identical documents
# -----------------------------------------------------------------------------------------


def test_document_is_restored_only_from_a_reply_that_gives_its_exact_bytes(tmp_path: Path) -> None:
    root = tmp_path / "archive"
    with Site("--articles", "2") as site:
        assert crawl(root, range(FIRST_SYNTHETIC, FIRST_SYNTHETIC + 2), "depth=0", site=site, now_ms=NOW_MS).status == 0
    first, second = [path for path in walk(root) if layout.is_document(path)]
    whole = (root / second).read_bytes()
    for path in (first, second):
        os.truncate(root / path, 40)
    reply = json.loads(gzip.decompress((root / layout.reply_path(first)).read_bytes()))
    reply["name"] = "Another title, as good as the first"
    (root / layout.reply_path(first)).write_bytes(gzip.compress(json.dumps(reply).encode(), mtime=0))
    done = scrapy("repair", "--json", root=root).json
    assert done["restored"] == [second], "its reply gives a document, but another one"
    assert (root / second).read_bytes() == whole
    assert not (root / first).exists()
    assert first in {one["path"] for one in done["set_aside"]}


# ---- two documents of one id -----------------------------------------------------------------------------------------------

OTHER = {
    "another title": "en/2026/05/70000001-another.txt",
    "another month": "en/2026/06/70000001-one.txt",
    "another language": "de/2026/05/70000001-one.txt",
    "no title": "en/2026/05/70000001.txt",
}


@pytest.mark.parametrize("path", OTHER.values(), ids=OTHER)
def test_two_documents_with_one_id_are_reported(root: Path, path: str) -> None:
    write(root / path, document(70000001, NOW_MS + 1000, "Another"))
    twice = [one for one in verify.verify(root).damages if one.what == verify.TWICE]
    assert [(one.path, one.detail) for one in twice] == [(min(ONE, path), f"also {max(ONE, path)}")]
    ran = scrapy("verify", root=root)
    assert ran.status == 10
    assert ONE in ran.out
    assert path in ran.out
    assert scrapy("repair", root=root).status == 3, "nobody but a person can tell which of them is right"
    assert (root / ONE).exists()
    assert (root / path).exists()
    (root / path).unlink()
    assert verify.verify(root).is_sound


def test_two_archives_copied_together_are_noticed(root: Path, tmp_path: Path) -> None:
    other = archive_of(tmp_path / "other", document(70000001, NOW_MS + 1000, title="Three"), now_ms=NOW_MS + 60_000)
    shutil.copytree(other, root, dirs_exist_ok=True)
    found = {(one.what, one.path) for one in verify.verify(root).damages}
    assert (verify.TWICE, ONE) in found
    assert scrapy("verify", root=root).status == 10


def test_revision_and_its_document_are_not_duplicates(root: Path) -> None:
    archive_of(root, document(70000001, NOW_MS + 1000, title="One", body="<p>Other words.</p>"))
    assert not verify.verify(root).damages
