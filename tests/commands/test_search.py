"""`scrapy search`, as people and programs use it."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from crawler import seedfile
from crawler.commands.search import split
from crawler.library.search import index
from crawler.library.search.index import NAME, SEAL
from crawler.storage import layout
from crawler.storage.opening import open_archive
from tests.helpers_commands import NOW_MS, Ran, archive_of, document, scrapy, snapshot

HOUR_MS = 3_600_000

Search = Callable[..., Ran]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = archive_of(
        tmp_path_factory.mktemp("search") / "archive",
        document(70000001, title="The harbour", body="<p>A ferry waits in the wind.</p>", date="2026-05-01T23:59:59.999Z"),
        document(70000002, title="Der Hafen", language="de", body="<p>Die Fähre aus München.</p>", date="2026-05-02T00:00:00Z"),
        document(70000003, title="港口", language="zh", body="<p>渡輪在臺灣的港口。</p>", date="2026-05-03T12:00:00.000Z"),
        document(70000004, title="ferry ferry", body="<p>ferry</p>", date="2026-04-01T12:00:00.000Z"),
        document(70000005, title="A house -h", body="<p>The ferry stands still on land.</p>", date="2026-03-01T12:00:00.000Z"),
    )
    later_ms = NOW_MS + HOUR_MS
    changed = document(70000005, later_ms, title="A house -h", body="<p>The train stands.</p>", date="2026-03-01T12:00:00.000Z")
    return archive_of(root, changed, now_ms=later_ms)


@pytest.fixture
def search(root: Path) -> Search:
    def run(*arguments: object) -> Ran:
        return scrapy("search", *arguments, root=root)

    return run


def ids(ran: Ran) -> list[int]:
    return [json.loads(line)["id"] - 70000000 for line in ran.out.splitlines()]


def test_search_prints_the_newest_hits_first(search: Search) -> None:
    ran = search("ferry")
    assert ran == Ran(0, (
        "2026-05-01  en article  The harbour\n    en/2026/05/70000001-the-harbour.txt\n    A **ferry** waits in the wind.\n\n"
        "2026-04-01  en article  ferry ferry\n    en/2026/04/70000004-ferry-ferry.txt\n    **ferry**\n\n"
    ), "")  # fmt: skip


def test_json_hits_have_the_documented_keys(search: Search, root: Path) -> None:
    ran = search("臺灣", "--json")
    assert (ran.status, ran.err) == (0, "")
    assert ran.json == {
        "id": 70000003, "kind": "article", "language": "zh", "title": "港口", "published": "2026-05-03T12:00:00Z",
        "stamp": NOW_MS, "path": "zh/2026/05/70000003-gang-kou.txt", "snippet": "渡輪在**臺灣**的港口。", "revision": False,
    }  # fmt: skip
    assert seedfile.loads((root / ran.json["path"]).read_bytes()).id == 70000003


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["ferry", "--best"], [4, 1]),
        (["ferry", "--revisions"], [1, 4, 5]),
        (["still", "--revisions"], [5]),
        (["still"], []),
        (["ferry", "--limit", "1"], [1]),
        (["somebody", "--limit", "0"], [3, 2, 1, 4, 5]),
        (["somebody", "--language", "de,zh"], [3, 2]),
        (["somebody", "--language=en"], [1, 4, 5]),
        (["somebody", "--kind", "video"], []),
        (["somebody", "--kind", "article,video", "--limit", "2"], [3, 2]),
        (["somebody", "--since", "2026-05-02"], [3, 2]),
        (["somebody", "--until", "2026-05-01"], [1, 4, 5]),
        (["somebody", "--since", "2026-05-01", "--until", "2026-05-02"], [2, 1]),
        (["somebody", "--since", "2026-05-02", "--until", "2026-05-01"], []),
        (["台湾"], [3]),
        (["muenchen"], [2]),
        (["MUNCHEN"], [2]),
        (["fer*", "-wind"], [4]),
        (["-wind", "fer*"], [4]),
        (["--", "-wind", "fer*"], [4]),
        (["fer*", "--", "-wind"], [4]),
        (["-house", "-still", "-Land", "somebody"], [3, 2, 1, 4]),
        (["--limit", "2", "-sun", "somebody"], [3, 2]),
        (['"waits in the wind"'], [1]),
        (['"in waits"'], []),
        (["somebody", '-"the wind"'], [3, 2, 4, 5]),
        (["ferry waits"], [1]),
        (["--", '"-h"'], [5]),
    ],
)
def test_search_finds_documents_by_words_and_options(search: Search, arguments: list[str], found: list[int]) -> None:
    ran = search("--json", *arguments)
    assert (ids(ran), ran.status, ran.err) == (found, 0 if found else 1, "")


@pytest.mark.parametrize(
    "arguments",
    [
        [], ["--json"], ["-ferry"], ['"ferry'], ["f*y"], ["!"], ["ferry", "--limit", "x"], ["ferry", "--limit", "-1"],
        ["ferry", "--since", "yesterday"], ["ferry", "--until", "2026-02-30"], ["ferry", "--since", "20260101"],
        ["ferry", "--language", "xx"], ["ferry", "--kind", "poem"], ["ferry", "--unknown"], ["ferry", "--unknown=1"],
        ["ferry", "--limit"],
    ],
)  # fmt: skip
def test_invalid_options_end_with_status_2(search: Search, arguments: list[str]) -> None:
    ran = search(*arguments)
    assert (ran.status, ran.out) == (2, "")
    assert "scrapy" in ran.err


def test_message_names_an_invalid_value(search: Search) -> None:
    assert search("ferry", "--limit", "-1").err.endswith("search: --limit: not a number: -1\n")


def test_folder_without_an_archive_ends_with_status_2(tmp_path: Path) -> None:
    ran = scrapy("search", "ferry", root=tmp_path / "none")
    assert ran.status == 2
    assert "no archive in" in ran.err
    assert not (tmp_path / "none").exists()


def test_update_brings_the_index_up_to_date(tmp_path: Path) -> None:
    root = archive_of(tmp_path / "archive", document())
    ran = scrapy("search", "--update", root=root)
    assert ran == Ran(0, f"{root / NAME} has 1 document and 0 revisions, 1 of them new\n", "")
    assert scrapy("search", "--update", "--json", root=root).json == {"added": 0, "documents": 1, "revisions": 0}


def test_search_works_while_a_crawl_holds_the_archive_and_changes_nothing_in_it(tmp_path: Path) -> None:
    root = archive_of(tmp_path / "archive", document())
    archive = open_archive(root, NOW_MS + HOUR_MS, "a crawl")
    before = snapshot(root)
    assert scrapy("search", "words", root=root).status == 0
    after = snapshot(root)
    archive.close()
    assert {path for path in after if after[path] != before.get(path)} == {NAME, SEAL}


def test_lost_document_is_left_out_and_reported(tmp_path: Path) -> None:
    root = archive_of(tmp_path / "archive", document(70000001), document(70000002))
    assert len(ids(scrapy("search", "words", "--json", root=root))) == 2
    (root / "en/2026/05/70000002-a-title.txt").unlink()
    ran = scrapy("search", "words", "--json", "--limit", "1", root=root)
    assert (ids(ran), ran.status) == ([1], 0)
    assert "skipped, lost or damaged: en/2026/05/70000002-a-title.txt" in ran.err


def test_index_is_rebuilt_if_a_search_meets_damage(tmp_path: Path) -> None:
    documents = [document(70000001 + n, body=f"<p>harbour {'wind ' * 40}{n}</p>") for n in range(99)]
    root = archive_of(tmp_path / "archive", *documents)
    scrapy("search", "--update", root=root)
    path = root / NAME
    data = path.read_bytes()
    path.write_bytes(data[:4096] + b"".join(b"\x00" * 4096 if b"harbour" in page else page for page in pages(data[4096:])))
    with patch.object(index.SearchIndex, "_problem", lambda self: ""):
        ran = scrapy("search", "harbour", "--json", "--limit", "0", root=root)
    assert len(ids(ran)) == 99
    assert "rebuilding it" in ran.err


def pages(data: bytes) -> list[bytes]:
    return [data[at : at + 4096] for at in range(0, len(data), 4096)]


def test_hostile_titles_and_texts_cannot_control_a_terminal(tmp_path: Path) -> None:
    root = archive_of(tmp_path / "archive", document(title="x\x1b[2Jy", body="<p>a&#27;[31mharbour\x07</p>"))
    ran = scrapy("search", "31mharbour", root=root)
    assert ran.status == 0
    assert not [character for character in ran.out if ord(character) < 32 and character != "\n"]


def test_missing_fts5_is_reported(root: Path) -> None:
    def refuse() -> None:
        raise index.NoFTS5("no full-text search (FTS5)")

    with patch.object(index, "check_fts5", refuse):
        ran = scrapy("search", "ferry", root=root)
    assert ran == Ran(2, "", "scrapy search: no full-text search (FTS5)\n")


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ([], ([], [])),
        (["a", "-b", "--json"], (["a", "--json"], ["-b"])),
        (["-h"], (["-h"], [])),
        (["-s", "A=b", "-sA=b", "-LINFO"], (["-s", "A=b", "-sA=b"], ["-LINFO"])),
        (["--", "--json", "-s"], ([], ["--json", "-s"])),
        (["-", "a"], (["-", "a"], [])),
        (["-5"], ([], ["-5"])),
        (["a", "--limit", "-1", "-1"], (["a", "--limit", "-1"], ["-1"])),
        (["--since", "-a", "--kind=x", "-b"], (["--since", "-a", "--kind=x"], ["-b"])),
        (['-"a b"'], ([], ['-"a b"'])),
    ],
)
def test_words_that_begin_with_a_hyphen_are_not_options(args: list[str], expected: Any) -> None:
    assert split(args) == expected


def test_help_explains_words() -> None:
    ran = scrapy("search", "--help")
    assert ran.status == 0
    assert "-word" in ran.out


def test_hits_of_the_same_time_have_a_fixed_order(tmp_path: Path) -> None:
    root = archive_of(tmp_path / "archive", *(document(70000001 + n) for n in (3, 1, 2)))
    for option in ("--json", "--best"):
        assert ids(scrapy("search", "words", "--json", option, root=root)) == [4, 3, 2]
    assert layout.is_document(json.loads(scrapy("search", "words", "--json", root=root).out.splitlines()[0])["path"])


def test_archive_on_read_only_media_is_searched_with_a_temporary_index(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "archive"
    shutil.copytree(root, copy, ignore=shutil.ignore_patterns(NAME, SEAL))
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    may, before = os.access, snapshot(copy)
    monkeypatch.setattr(os, "access", lambda path, mode: not Path(path).is_relative_to(copy) and may(path, mode))
    for _ in range(2):
        ran = scrapy("search", "ferry", "--json", root=copy)
        assert (ran.status, ids(ran)) == (0, [1, 4])
        assert ran.err == f"{copy} is read-only and has no search index that can be used: making a temporary one\n"
    assert snapshot(copy) == before
    assert list((tmp_path / "temporary").iterdir()) == []
