"""The commands: Scrapy lists them; their options, output and errors."""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crawler import seedfile, seeds
from crawler.library import newseeds
from crawler.seedfile import SeedDocument
from crawler.storage import layout
from crawler.storage.index.agenda import mark as mark_due
from crawler.storage.index.objects import Scope
from crawler.storage.index.sqlite import Index
from crawler.storage.lock import Lock
from crawler.storage.opening import open_archive
from crawler.storage.tree import walk
from crawler.upkeep import verify
from crawler.urls import DW
from tests.crawling import ROOT
from tests.helpers_commands import NOW_MS, archive_of, document, scrapy, snapshot, write

COMMANDS = ["add", "compact", "diff", "new-seeds", "reindex", "repair", "report-drift", "status", "verify"]
WRITING = ["add", "reindex", "repair"]

REFERENCE = '<p><a href="https://api.dw.com/api/detail/article/70000099" rel="ArticleRef">a</a></p>'
PICTURE = '<img src="https://images.weserv.nl/?url=static.dw.com/image/71000001_303.jpg" width="100%">'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "archive"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A folder of an older archive: three documents, one of them in two versions."""
    folder = tmp_path / "old"
    write(folder / "b.txt", document(70000001, NOW_MS + 1000, title="One", body="<p>New words.</p>"))
    write(folder / "deep/a.txt", document(70000001, NOW_MS, title="One", body="<p>Old words.</p>"))
    write(folder / "c", document(70000002, title="Two", language="zh", body=REFERENCE + PICTURE))
    write(folder / "deep/deeper/d.html", document(70000003, title="Three"))
    return folder


def paths(root: Path) -> set[str]:
    return set(walk(root))


# ---- every command --------------------------------------------------------------------------------------------------


def test_scrapy_lists_the_commands() -> None:
    listed = {line.split()[0] for line in scrapy().out.splitlines() if line.startswith("  ")}
    assert listed >= {*COMMANDS, "crawl"}


@pytest.mark.parametrize("name", COMMANDS)
def test_command_explains_itself(name: str, root: Path) -> None:
    ran = scrapy(name, "--help", root=root)
    assert ran.status == 0
    assert "--json" in ran.out
    assert not root.exists()


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "add"])
def test_command_without_an_archive_fails_with_one_line(name: str, root: Path) -> None:
    ran = scrapy(name, *(["1"] if name == "diff" else []), root=root)
    assert (ran.status, ran.out) == (1, "")
    assert ran.err == f"scrapy {name}: no archive in {root} (setting ARCHIVE_DIR); scrapy crawl dw creates one\n"
    assert not root.exists()


@pytest.mark.parametrize("name", [*COMMANDS, "export", "reread", "search", "serve", "site"])
def test_address_instead_of_a_folder_fails_with_one_line(name: str) -> None:
    """`s3://...` must not make a folder called `s3:`, and its password must not be shown."""
    words = {"add": ["x"], "diff": ["1"], "export": ["jsonl"], "search": ["x"], "serve": ["--port", "0"]}.get(name, [])
    for address in ("s3://key:SECRET@bucket/prefix", "GS://bucket", "http://host/folder"):
        ran = scrapy(name, *words, "-s", f"ARCHIVE_DIR={address}")
        scheme = address.partition(":")[0].lower()
        assert (ran.status, ran.out) == (1, "")
        assert ran.err == f"scrapy {name}: ARCHIVE_DIR is an address ({scheme}://...), but must be a folder on this machine\n"
        assert not (ROOT / f"{scheme}:").exists()


@pytest.mark.parametrize("name", COMMANDS)
def test_unknown_option_fails_with_one_line(name: str, root: Path) -> None:
    ran = scrapy(name, "--nonsense", root=root)
    assert ran.status == 1
    assert ran.err == f"scrapy {name}: unknown option --nonsense; see scrapy {name} --help\n"


@pytest.mark.parametrize("name", [*(name for name in COMMANDS if name not in ("add", "diff")), "reread"])
def test_unused_argument_is_refused_with_one_line(name: str, root: Path) -> None:
    """`scrapy verify /other/archive` must not find this one sound."""
    ran = scrapy(name, "/other/archive", root=archive_of(root, document()))
    assert (ran.status, ran.out) == (1, "")
    assert ran.err == f"scrapy {name}: unexpected argument /other/archive; name an archive with -s ARCHIVE_DIR=...\n"


@pytest.mark.parametrize("name", ["reindex", "reread", "repair", "add"])
def test_setting_that_is_not_a_number_gives_one_line(root: Path, name: str) -> None:
    archive_of(root, document())
    arguments = [str(root)] if name == "add" else []
    ran = scrapy(name, *arguments, "-s", "ARCHIVE_MIN_FREE=500MiB", root=root)
    assert (ran.status, ran.out) == (1, "")
    assert ran.err == f"scrapy {name}: ARCHIVE_MIN_FREE is not a number: '500MiB'\n"


@pytest.mark.parametrize("name", WRITING)
def test_writing_command_fails_at_once_if_the_archive_is_in_use(name: str, root: Path, old: Path) -> None:
    archive_of(root, document())
    lock = Lock(root / layout.LOCK, "scrapy crawl", "2026-06-01T00:00:00Z")
    before = snapshot(root)
    ran = scrapy(name, *([old] if name == "add" else []), root=root)
    assert snapshot(root) == before
    lock.release()
    assert ran.status == 5
    assert "is in use by scrapy crawl" in ran.err


@pytest.mark.parametrize("name", ["status", "diff", "new-seeds"])
def test_command_that_reads_leaves_nothing_behind(name: str, root: Path) -> None:
    archive_of(root, document())
    before = snapshot(root)
    ran = scrapy(name, *(["70000001"] if name == "diff" else []), root=root)
    assert ran.status == 0
    assert snapshot(root) == before


def test_new_seeds_says_that_the_index_was_changed_meanwhile(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive_of(root, document())
    find = newseeds.find

    def find_slowly(*arguments: Any) -> Iterator[newseeds.NewSeed]:
        yield from find(*arguments)
        archive_of(root, document(70000002))

    monkeypatch.setattr(newseeds, "find", find_slowly)
    ran = scrapy("new-seeds", root=root)
    assert ran.status == 1
    assert ran.err.endswith("index.sqlite was changed by another process meanwhile: run the command again\n")


def test_full_disk_ends_with_status_6(root: Path, old: Path) -> None:
    ran = scrapy("add", old, "-s", f"ARCHIVE_MIN_FREE={10**18}", root=root)
    assert ran.status == 6
    assert ran.err.startswith("scrapy add: only ")


def subprocess_scrapy(*arguments: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-W", "error", "-m", "scrapy", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=False, **options)


def test_closed_output_pipe_is_not_an_error(root: Path) -> None:
    archive_of(root, *(document(70000000 + number, title="A long title " * 6) for number in range(1, 600)))
    command = [sys.executable, "-m", "scrapy", "new-seeds", "-s", f"ARCHIVE_DIR={root}"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout
    assert process.stderr
    process.stdout.readline()
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    assert (process.wait(), errors) == (0, b"")


# ---- add ------------------------------------------------------------------------------------------------------------


def test_add_takes_a_folder_recursively(root: Path, old: Path) -> None:
    ran = scrapy("add", old, root=root)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out == "4 documents: 3 new, 1 older; 0 problems\n"
    assert paths(root) == {
        "en/2026/05/70000001-one.txt", f"revisions/70000001/{NOW_MS}.txt", "zh/2026/05/70000002-two.txt",
        "en/2026/05/70000003-three.txt",
    }  # fmt: skip
    assert (root / "en/2026/05/70000001-one.txt").read_bytes() == (old / "b.txt").read_bytes()
    assert (root / f"revisions/70000001/{NOW_MS}.txt").read_bytes() == (old / "deep/a.txt").read_bytes()
    assert verify.verify(root).is_sound


@pytest.mark.parametrize("first", ["b.txt", "deep"])
def test_later_of_two_versions_becomes_the_document_in_any_order(first: str, root: Path, old: Path) -> None:
    scrapy("add", old / first, old, root=root)
    assert b"New words" in (root / "en/2026/05/70000001-one.txt").read_bytes()
    assert b"Old words" in (root / f"revisions/70000001/{NOW_MS}.txt").read_bytes()


def test_add_twice_changes_nothing(root: Path, old: Path) -> None:
    scrapy("add", old, root=root)
    before = {path: (root / path).read_bytes() for path in walk(root)}
    ran = scrapy("add", old, root=root)
    assert ran.out == "4 documents: 4 already there; 0 problems\n"
    assert {path: (root / path).read_bytes() for path in walk(root)} == before


def test_added_document_is_not_requested_but_its_references_are(root: Path, old: Path) -> None:
    scrapy("add", old, root=root)
    archive = open_archive(root, NOW_MS, "a test")
    mark_due(archive.index, NOW_MS, Scope(0), ())
    due = [(row.id, row.rendition, row.hop) for row in archive.index.due()]
    archive.close()
    assert due == [(70000099, "", 0), (71000001, "303", 0)]


def test_add_from_standard_input(root: Path, old: Path) -> None:
    ran = subprocess_scrapy("add", "-", "-s", f"ARCHIVE_DIR={root}", "-s", "ARCHIVE_MIN_FREE=0", input=(old / "c").read_bytes())
    assert (ran.returncode, ran.stdout) == (0, b"1 document: 1 new; 0 problems\n")


def test_add_normalises_line_ends_and_counts_it(root: Path, old: Path) -> None:
    document = (old / "b.txt").read_bytes()
    (old / "b.txt").write_bytes(b"\xef\xbb\xbf" + document.replace(b"\n", b"\r\n"))
    ran = scrapy("add", old / "b.txt", root=root)
    assert ran.out == "1 document: 1 new; 1 with line ends or encoding normalised; 0 problems\n"
    assert (root / "en/2026/05/70000001-one.txt").read_bytes() == document


def test_add_reports_files_that_are_not_documents(root: Path, old: Path) -> None:
    (old / "list.txt").write_text("# addresses\nhttps://www.dw.com/en/x/a-70000009\nnonsense\n")
    (old / "cut.txt").write_bytes((old / "c").read_bytes()[:-1])
    ran = scrapy("add", old, old / "nowhere", root=root)
    assert ran.status == 3
    assert ran.out.endswith("; 4 problems\n")
    assert f"{old}/cut.txt:5: no line end after the body" in ran.err
    assert f"{old}/list.txt:2: an address, not a seed document" in ran.err
    assert f"{old}/list.txt:3: not the address of a document or list at DW" in ran.err
    assert f"{old}/nowhere: cannot be read" in ran.err
    listed = scrapy("add", "--json", old, root=root).json
    places = ["cut.txt:5", "list.txt:2", "list.txt:3"]
    assert [problem["place"] for problem in listed["problems"]] == [f"{old}/{place}" for place in places]


def test_add_without_usable_files_exits_with_status_1(root: Path, tmp_path: Path) -> None:
    (tmp_path / "x").write_text("nonsense")
    assert scrapy("add", tmp_path / "x", root=root).status == 1
    assert scrapy("add", root=root).err == "scrapy add: name the files or folders to add\n"


def test_added_archive_is_the_same_after_reindexing(root: Path, old: Path) -> None:
    scrapy("add", old, root=root)
    before = scrapy("status", "--json", root=root).json
    scrapy("reindex", root=root)
    assert scrapy("status", "--json", root=root).json == before


# ---- reindex --------------------------------------------------------------------------------------------------------


def rows(root: Path) -> list[tuple[Any, ...]]:
    index = Index(root / layout.INDEX, read_only=True)
    found = [*index.select("SELECT * FROM objects ORDER BY id, rendition"), *index.select("SELECT * FROM files ORDER BY path")]
    index.close()
    return found


def test_repeated_reindex_makes_the_same_index(root: Path, old: Path) -> None:
    scrapy("add", old, root=root)
    before = rows(root)
    for _ in range(2):
        ran = scrapy("reindex", root=root)
        assert ran.status == 0
        assert ran.out == "before: 4 files, 3 archived, 2 pending\nafter:  4 files, 3 archived, 2 pending\n"
        assert rows(root) == before


@pytest.mark.parametrize("content", [None, b"", b"rubbish" * 1000])
def test_reindex_restores_a_lost_index(content: bytes | None, root: Path, old: Path) -> None:
    scrapy("add", old, root=root)
    before = rows(root)
    (root / layout.INDEX).unlink()
    if content is not None:
        (root / layout.INDEX).write_bytes(content)
    assert scrapy("reindex", "--json", root=root).json == {"before": None, "after": {"files": 4, "archived": 3, "pending": 2}}
    assert rows(root) == before


# ---- new-seeds ------------------------------------------------------------------------------------------------------


@pytest.fixture
def three(root: Path) -> list[SeedDocument]:
    """An archive that two runs made: two documents, then one with a stamp between theirs."""
    first, second, third = (document(70000001, NOW_MS, title="One"), document(70000003, NOW_MS + 2000, title="Is it? (Yes)"),
                            document(70000002, NOW_MS + 1000, title="二", language="zh"))  # fmt: skip
    archive_of(root, first, second, now_ms=NOW_MS)
    archive_of(root, third, now_ms=NOW_MS + 86_400_000)
    return [first, third, second]


def test_new_seeds_lists_addresses_in_order_of_stamp(root: Path, three: list[SeedDocument]) -> None:
    ran = scrapy("new-seeds", root=root)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.splitlines() == [one.url for one in three]


def test_listed_addresses_are_seeds_of_the_same_ids(root: Path, three: list[SeedDocument], tmp_path: Path) -> None:
    (tmp_path / "list").write_text(scrapy("new-seeds", root=root).out)
    found = [seed.target.id for seed in seeds.read_path(tmp_path / "list", DW) if isinstance(seed, seeds.Address)]
    assert found == [one.id for one in three]


def test_new_seeds_prints_json(root: Path, three: list[SeedDocument]) -> None:
    lines = [json.loads(line) for line in scrapy("new-seeds", "--json", root=root).out.splitlines()]
    assert lines[1] == {
        "id": 70000002, "url": three[1].url, "title": "二", "author": "Somebody", "published": "2026-05-01T10:00:00.000Z",
        "language": "zh", "kind": "article", "stamp": "2026-06-01T00:00:01.000Z", "stamp_ms": NOW_MS + 1000,
        "path": "zh/2026/05/70000002-er.txt", "sha256": hashlib.sha256(seedfile.dumps(three[1]).encode()).hexdigest(),
        "outcome": "new",
    }  # fmt: skip


def test_new_seeds_distinguishes_new_and_revised_documents(root: Path, three: list[SeedDocument]) -> None:
    archive_of(root, document(70000001, NOW_MS + 5000, title="One, again"), now_ms=NOW_MS + 200_000_000)
    for options, ids in (([], [2, 3, 1]), (["--new"], [2, 3]), (["--revised"], [1]), (["--revised", "--language", "zh"], [])):
        lines = [json.loads(line) for line in scrapy("new-seeds", "--json", *options, root=root).out.splitlines()]
        assert [line["id"] - 70000000 for line in lines] == ids
        assert all(line["outcome"] == ("revised" if line["id"] == 70000001 else "new") for line in lines)
    ran = scrapy("new-seeds", "--new", "--revised", root=root)
    assert (ran.status, ran.out) == (2, "")


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        (["--language", "zh"], [70000002]),
        (["--language", "de"], []),
        (["--language", "zh,en"], [70000001, 70000002, 70000003]),
        (["--language", " de, zh,"], [70000002]),
        (["--since", "20260602T000000Z"], [70000002]),  # a run
        (["--since", "20260601T000000Z"], [70000001, 70000002, 70000003]),
        (["--since", "20260603T000000Z"], []),
        (["--since", "2026-06-01T00:00:01"], [70000002, 70000003]),  # a stamp
        (["--since", "2026-06-01"], [70000001, 70000002, 70000003]),
        (["--since", "2026-06-02"], []),
        (["--since", "2026-06-01T00:00:02Z", "--language", "en"], [70000003]),
    ],
)
def test_new_seeds_selects_documents_by_its_options(
    options: list[str], ids: list[int], root: Path, three: list[SeedDocument]
) -> None:
    ran = scrapy("new-seeds", "--json", *options, root=root)
    assert [json.loads(line)["id"] for line in ran.out.splitlines()] == ids


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--since", "yesterday"], "--since must be a run (20261122T200000Z) or a date (2026-11-22), not yesterday"),
        (["--language", "zh,klingon"], "DW has no language edition klingon"),
    ],
)
def test_new_seeds_refuses_invalid_options(options: list[str], said: str, root: Path, three: list[SeedDocument]) -> None:
    ran = scrapy("new-seeds", *options, root=root)
    assert (ran.status, ran.out, ran.err) == (1, "", f"scrapy new-seeds: {said}\n")


def test_new_seeds_copies_documents_into_a_folder(root: Path, three: list[SeedDocument], tmp_path: Path) -> None:
    to = tmp_path / "some/folder"
    ran = scrapy("new-seeds", "--to", to, root=root)
    assert (ran.status, ran.out) == (0, f"3 documents in {to}\n")
    names = sorted(path.name for path in to.iterdir())
    digests = [hashlib.sha256(seedfile.dumps(one).encode()).hexdigest()[:16] for one in three]
    assert names == [f"00{place}_{digest}.txt" for place, digest in enumerate(digests)]
    assert [seed.document for seed in seeds.read_path(to, DW) if isinstance(seed, seeds.Document)] == three
    scrapy("new-seeds", "--to", to, root=root)
    assert sorted(path.name for path in to.iterdir()) == names


def test_numbers_get_more_digits_so_that_names_stay_in_order(root: Path, tmp_path: Path) -> None:
    ids = random.Random(1).sample(range(1, 5000), 1001)
    archive_of(root, *(document(dw_id, NOW_MS + place * 1000) for place, dw_id in enumerate(ids)))
    lines = scrapy("new-seeds", "--json", "--to", tmp_path / "to", root=root).out.splitlines()
    names = [json.loads(line)["file"] for line in lines]
    assert (names[0][:5], names[-1][:5]) == ("0000_", "1000_")
    assert names == sorted(names)
    assert [json.loads(line)["id"] for line in lines] == ids


def test_new_seeds_skips_documents_that_are_not_on_disk(root: Path, three: list[SeedDocument], tmp_path: Path) -> None:
    (root / "en/2026/05/70000001-one.txt").unlink()
    os.truncate(root / "zh/2026/05/70000002-er.txt", 20)
    for options in ([], ["--to", tmp_path / "to"]):
        ran = scrapy("new-seeds", *options, root=root)
        assert ran.status == 3
        assert "skipped, lost or damaged: en/2026/05/70000001-one.txt" in ran.err
        assert "2 documents skipped" in ran.err
    assert scrapy("new-seeds", root=root).out == three[2].url + "\n"
    assert len(list((tmp_path / "to").iterdir())) == 1


def test_new_seeds_does_not_write_into_the_archive(root: Path, three: list[SeedDocument]) -> None:
    ran = scrapy("new-seeds", "--to", root / "seeds", root=root)
    assert ran.status == 1
    assert not (root / "seeds").exists()
