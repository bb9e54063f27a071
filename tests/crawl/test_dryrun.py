"""A dry run tells what would be requested, and changes nothing at all: no byte, no time, no folder."""

from __future__ import annotations

import contextlib
import errno
import json
import sqlite3
import tempfile
from pathlib import Path

import pytest

from crawler import clock
from crawler.exceptions import DiskError
from crawler.storage import layout, opening, recovery
from crawler.storage.index.objects import PENDING
from crawler.storage.logline import About, StateRecord
from crawler.storage.opening import open_archive
from crawler.storage.writer import NewFile, NewReply
from crawler.urls import DW
from tests.conftest import NOW_MS, OpenArchive
from tests.crawling import Outcome, crawl, fresh_site
from tests.dwsite import articles as dw
from tests.dwsite.client import Site
from tests.helpers_commands import archive_of, document, scrapy
from tests.shares import share


@pytest.fixture
def site() -> Site:
    return fresh_site()


def everything(root: Path) -> dict[str, tuple[int, bytes]]:
    """Time of change, and bytes of files, by path of everything in a folder and of the folder itself."""
    paths = [root, *root.rglob("*")] if root.exists() else []
    return {str(path): (path.lstat().st_mtime_ns, path.read_bytes() if path.is_file() else b"") for path in paths}


def said(outcome: Outcome) -> dict[str, str]:
    """Why, by the end of each address."""
    assert outcome.status == 0, outcome.stderr
    assert not outcome.requests
    found = (line.split("  ", 1) for line in outcome.stdout.splitlines() if "://" in line)
    return {url.rpartition("/")[2]: why for url, why in found}


@pytest.fixture
def archived(site: Site, tmp_path: Path) -> Path:
    """An archive in which pictures and, beyond the hop limit, articles are wanting."""
    site.fault("/image/.*", status=500)
    outcome = crawl(tmp_path / "archive", [dw.CHAIN[0], dw.SEED_ZH], "depth=0", site=site, settings={"RETRY_TIMES": 0})
    assert outcome.status == 3
    return outcome.root


ARGUMENTS = [
    (), ("depth=0",), ("depth=1",), ("depth=-1",), ("refresh=all",), ("media=1",), ("dry_run=json",), ("seeds=",),
    ("seeds=edition:zh",), ("seeds=search:zh:2023-10-01..2023-10-02",),
]  # fmt: skip


KINDS = ["article,gallery,video,liveblog", "audio,gallery"]


@pytest.mark.parametrize(
    ("arguments", "kinds"),
    [*((arguments, KINDS[0]) for arguments in ARGUMENTS), *share(((arguments, KINDS[1]) for arguments in ARGUMENTS), 5, 4)],
    ids=str,
)
def test_a_dry_run_changes_neither_bytes_nor_times(archived: Path, site: Site, arguments: tuple[str, ...], kinds: str) -> None:
    before = everything(archived)
    given = {"dry_run": "1", **dict(argument.split("=", 1) for argument in arguments)}
    seeds = given.pop("seeds", f"https://www.dw.com/en/x/a-{dw.CHAIN[0]},https://www.dw.com/zh/x/a-{dw.SEED_ZH}")
    words = [f"{name}={value}" for name, value in given.items()]
    dry = crawl(archived, seeds, *words, site=site, settings={"ARCHIVE_KINDS": kinds, "ARCHIVE_MIN_FREE": 2**60})
    assert dry.status == 0, dry.stderr
    assert not dry.requests
    assert everything(archived) == before


def test_a_dry_run_of_another_scope_marks_nothing_out_of_scope(archived: Path, site: Site) -> None:
    crawl(archived, dw.CHAIN[1:4], "depth=0", "max_articles=1", site=site)
    crawl(archived, [dw.SEED_ZH], "depth=0", "dry_run=1", site=site, settings={"ARCHIVE_KINDS": "audio"})
    with contextlib.closing(sqlite3.connect(archived / layout.INDEX)) as index:
        assert index.execute("SELECT count(*) FROM objects WHERE state = ?", [PENDING]).fetchone() == (2,)


@pytest.mark.parametrize("folder", ["archive", "deeper/archive"])
def test_a_dry_run_makes_no_archive(folder: str, site: Site, tmp_path: Path) -> None:
    dry = crawl(tmp_path / folder, [dw.CHAIN[0]], "dry_run=1", site=site)
    assert said(dry) == {str(dw.CHAIN[0]): "pending, 0 hops from the seeds"}
    assert not list(tmp_path.iterdir())


def test_lists_count_as_requests(site: Site, tmp_path: Path) -> None:
    outcome = crawl(tmp_path / "archive", "edition:zh", "dry_run=1", site=site)
    assert outcome.stdout.endswith("\n2 requests would be made, and more for the documents and pictures they lead to\n")
    outcome = crawl(tmp_path / "archive", [dw.CHAIN[0]], "dry_run=1", site=site)
    assert "\n1 request would be made, " in outcome.stdout


def test_a_dry_run_of_an_empty_folder_leaves_it_empty(site: Site, tmp_path: Path) -> None:
    (tmp_path / "archive").mkdir()
    before = everything(tmp_path)
    assert said(crawl(tmp_path / "archive", [dw.CHAIN[0]], "dry_run=1", site=site))
    assert everything(tmp_path) == before


def test_dry_run_refuses_the_arguments_that_a_run_refuses(site: Site, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("words")
    before = everything(tmp_path)
    dry = crawl(tmp_path, [dw.CHAIN[0]], "dry_run=1", site=site)
    assert dry.status == 1
    assert "Traceback" not in dry.stderr
    assert everything(tmp_path) == before


def test_a_dry_run_that_cannot_start_leaves_no_report(archived: Path, site: Site) -> None:
    before = everything(archived)
    assert crawl(archived, [dw.CHAIN[0]], "dry_run=1", "depth=x", site=site).status == 1
    assert everything(archived) == before


@pytest.mark.parametrize("damage", ["lost", "cut", "older", "another schema", "a wal left by a kill"])
def test_dry_run_prints_the_same_for_any_state_of_the_index(archived: Path, site: Site, damage: str) -> None:
    told = said(crawl(archived, [dw.SEED_ZH], "dry_run=1", site=site))
    index = archived / layout.INDEX
    if damage == "lost":
        index.unlink()
    elif damage == "cut":
        index.write_bytes(index.read_bytes()[:5000])
    elif damage == "another schema":
        data = index.read_bytes()
        index.write_bytes(data[:60] + b"\0\0\0\x63" + data[64:])
    elif damage == "older":
        data = index.read_bytes()
        archive = open_archive(archived, NOW_MS, "a test")
        archive.store_now([], [StateRecord("pending", "article", 99, hop=0)])
        archive.close()
        index.write_bytes(data)
        told["99"] = "pending, 0 hops from the seeds"
    else:
        archive = open_archive(archived, NOW_MS, "a test")
        archive.store_now([], [StateRecord("pending", "article", 99, hop=0)])
        archive.index.commit()
        kept = {path: path.read_bytes() for path in archived.iterdir() if path.name.startswith(layout.INDEX)}
        archive.close()
        for path, left in kept.items():
            path.write_bytes(left)
        assert len(kept) == 3
        told["99"] = "pending, 0 hops from the seeds"
    before = everything(archived)
    assert said(crawl(archived, [dw.SEED_ZH], "dry_run=1", site=site)) == told
    assert everything(archived) == before


def test_a_dry_run_works_beside_a_crawl(archived: Path, site: Site) -> None:
    holder = open_archive(archived, NOW_MS, "a test")
    holder.store_now([], [StateRecord("pending", "article", 99, hop=0)])
    assert "99" in said(crawl(archived, [dw.SEED_ZH], "dry_run=1", site=site))
    holder.close()


def test_archive_opened_for_looking_stores_nothing(archive: OpenArchive, tmp_path: Path) -> None:
    archive().close()
    before = everything(tmp_path / "archive")
    looked = opening.look(tmp_path / "archive", NOW_MS)
    with pytest.raises(DiskError, match="reading only"):
        looked.store_now([NewFile("en/1.txt", b"words", About("article", 1))])
    looked.close()
    assert everything(tmp_path / "archive") == before


def test_failure_to_open_for_looking_leaves_nothing_open(
    archive: OpenArchive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive().close()

    def fail(archive: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(recovery, "catch_up", fail)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(DiskError, match="Input/output error"):
        opening.look(tmp_path / "archive", NOW_MS)
    assert [path.name for path in tmp_path.iterdir()] == ["archive"]


def test_a_dry_reread_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now_ms", lambda: NOW_MS)
    root = archive_of(tmp_path / "archive", document())
    archive = open_archive(root, NOW_MS, "a test")
    path = archive.index.get(70000001).path  # type: ignore[union-attr]
    reply = {"type": "Article", "id": 70000001, "languageId": 2, "name": "Another title", "text": "Other words."}
    about = About("article", 70000001, DW.detail("article", 70000001), "2026-05-01T10:00:00Z", origin="api")
    archive.store_now([NewReply("json", json.dumps(reply).encode(), about).beside(str(path))])
    archive.close()
    before = everything(root)
    ran = scrapy("reread", "--dry-run", "--json", root=root)
    assert ran.status == 0
    assert ran.json["changed"] == 1
    assert everything(root) == before
    assert scrapy("reread", "--dry-run", root=tmp_path / "none").status == 1
    assert not (tmp_path / "none").exists()
