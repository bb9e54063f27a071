"""`scrapy export` in any format: the selection, the place, and that no incomplete export has its final name."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from crawler.storage import layout
from tests.crawling import ROOT
from tests.export.test_jsonl import rows_of
from tests.helpers_commands import NOW_MS, archive_of, document, scrapy, snapshot, state_of, store
from tests.reader import samples

S = samples


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        (["--language", "zh,de"], [S.GERMAN, S.CHINESE]),
        (["--language", " zh , "], [S.CHINESE]),
        (["--language", "uk"], []),
        (["--kind", "video,audio"], [S.AUDIO, S.VIDEO]),
        (["--kind", "video", "--language", "de"], []),
        (["--until", "2026-05-01"], [S.LOOSE]),
        (["--since", "2026-05-31", "--language", "en,ar"], [S.ARABIC, S.ENGLISH, S.VIDEO]),
        (["--since", "2026-05-30", "--until", "2026-05-30", "--kind", "article"],
         [S.HINDI, S.TAIWAN, S.GERMAN]),
        (["--since", "20260601T000001Z"], []),  # a run that brought pictures only
        (["--since", "20260602T000000Z"], []),
    ],
)  # fmt: skip
def test_options_select_documents(options: list[str], ids: list[int], archive: Path, tmp_path: Path) -> None:
    ran = scrapy("export", "jsonl", "--to", tmp_path / "a.jsonl", "--json", *options, root=archive)
    assert ran.status == 0, ran.err
    assert [row["id"] for row in rows_of(tmp_path / "a.jsonl")] == ids
    assert ran.json["documents"] == len(rows_of(tmp_path / "a.jsonl"))


def test_since_takes_a_run(tmp_path: Path) -> None:
    root = archive_of(tmp_path / "archive", document(70000001), document(70000002), now_ms=NOW_MS)
    archive_of(root, document(70000003), document(70000001, NOW_MS + 9000, body="<p>Other words.</p>"), now_ms=NOW_MS + 5000)
    for run, ids in (("20260601T000000Z", [1, 2, 3]), ("20260601T000001Z", [1, 3]), ("20260601T000006Z", [])):
        scrapy("export", "jsonl", "--force", "--to", tmp_path / "a.jsonl", "--since", run, root=root)
        assert [row["id"] - 70000000 for row in rows_of(tmp_path / "a.jsonl")] == ids


def test_documents_that_dw_no_longer_serves_are_marked_as_gone(tmp_path: Path) -> None:
    root = archive_of(tmp_path / "archive", document(70000001), document(70000002))
    gone = {"state": "gone", "kind": "article", "id": 70000001, "time": "2026-06-01T00:00:00Z", "reason": "404", "misses": 3}
    store(root, states=[state_of(gone)], now_ms=NOW_MS + 1000)
    scrapy("export", "jsonl", "--to", tmp_path / "a.jsonl", root=root)
    assert {row["id"]: row["gone"] for row in rows_of(tmp_path / "a.jsonl")} == {70000001: True, 70000002: False}


def test_export_without_to_is_written_beside_the_archive(copy: Path) -> None:
    ran = scrapy("export", "jsonl", root=copy)
    assert (ran.status, ran.out) == (0, f"{copy}.jsonl: 13 documents\n")
    assert len(rows_of(copy.with_name("archive.jsonl"))) == 13


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        ([], 2, "name one format: jsonl"),
        (["jsonl", "parquet"], 2, "name one format: jsonl"),
        (["docx"], 2, "there is no format docx; there are jsonl, "),
        (["jsonl", "--to", "{0}/a.json"], 1, "{0}/a.json: the name of a jsonl file ends with .jsonl or .jsonl.gz"),
        (["jsonl", "--to", "{0}/archive/a.jsonl"], 1, "lies in or around it"),
        (["jsonl", "--to", "{0}/archive/en/../../archive/runs/a.jsonl"], 1, "lies in or around it"),
        (["jsonl", "--to", "{0}/folder.jsonl"], 1, "{0}/folder.jsonl is a folder, not a file; choose another place with --to"),
        (["jsonl", "--to", "{0}/folder.jsonl", "--force"], 1, "{0}/folder.jsonl is a folder, not a file"),
        (["jsonl", "--to", "{0}/pipe.jsonl", "--force"], 1, "{0}/pipe.jsonl is a FIFO, not a file"),
        (["jsonl", "--to", "{0}/link.jsonl", "--force"], 1, "{0}/link.jsonl is a link that leads nowhere, not a file"),
        (["jsonl", "--to", "{0}/there.jsonl"], 1, "{0}/there.jsonl exists; --force replaces it"),
        (["jsonl", "--partition", "language"], 1, "--partition is for parquet, not for jsonl"),
        (["jsonl", "--base-url", "https://x/"], 1, "--base-url is for atom, not for jsonl"),
        (["atom", "--base-url", "https://x/", "--revisions"], 1, "--revisions is not for atom, which has only the current"),
        (["parquet", "--partition", "year"], 2, "--partition: neither language nor language,year: year"),
        (["parquet", "--partition", "language", "--to", "{0}/folder.jsonl"], 1, "exists; --force replaces it"),
        (["parquet", "--partition", "language", "--to", "{0}/folder.jsonl", "--force"], 1, "holds something other than"),
        (["parquet", "--partition", "language", "--to", "{0}", "--force"], 1, "lies in or around it"),
        (["parquet", "--partition", "language", "--to", "{0}/there.jsonl", "--force"], 1, "there.jsonl is not a folder"),
        (["jsonl", "--language", "klingon"], 2, "--language: not one of"),
        (["jsonl", "--kind", "poem"], 2, "--kind: not one of"),
        (["jsonl", "--since", "yes"], 2, "--since: not a day like 2026-11-22, nor a run like 20261122T200000Z: yes"),
        (["jsonl", "--since", "20261301T000000Z"], 2, "--since: not a day like 2026-11-22, nor a run like"),
        (["bagit", "--to", "{0}/a.jsonl"], 1, "{0}/a.jsonl: this export is a folder; give it a name that"),
        (["zim", "--to", "{0}/all.zim"], 1, "{0}/all.zim: this export is a folder"),
        (["jsonl", "--until", "20260601T000000Z"], 2, "--until: not a day like 2026-11-22"),
        (["jsonl", "--to", "{0}/there.jsonl/a.jsonl"], 6, "there.jsonl"),
    ],
)  # fmt: skip
def test_refusals_are_one_line_and_change_nothing(
    arguments: list[str], status: int, said: str, copy: Path, tmp_path: Path
) -> None:
    (tmp_path / "folder.jsonl").mkdir()
    (tmp_path / "folder.jsonl/mine").write_text("mine")
    (tmp_path / "there.jsonl").write_text("there")
    os.mkfifo(tmp_path / "pipe.jsonl")
    (tmp_path / "link.jsonl").symlink_to(tmp_path / "nowhere")
    before = snapshot(tmp_path)
    ran = scrapy("export", *(argument.format(tmp_path) for argument in arguments), root=copy)
    assert (ran.status, ran.out) == (status, "")
    assert ran.err.startswith("scrapy export: ")
    assert ran.err.count("\n") == 1
    assert said.format(tmp_path) in ran.err
    assert snapshot(tmp_path) == before


def test_force_replaces_an_export_by_a_new_one(copy: Path, tmp_path: Path) -> None:
    to = tmp_path / "a.jsonl"
    to.write_text("before")
    assert scrapy("export", "jsonl", "--to", to, "--force", root=copy).status == 0
    assert len(rows_of(to)) == 13
    folder = tmp_path / "by-language"
    for option in ([], ["--force"]):
        assert scrapy("export", "parquet", "--partition", "language", "--to", folder, *option, root=copy).status == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jsonl", "archive", "by-language"]


KILLED = """
import os, signal, sys
from crawler.export import rows
from crawler.storage import disk
from tests.helpers_commands import scrapy
def kill(*arguments):
    os.kill(os.getpid(), signal.SIGKILL)
disk.rename = kill  # before an export has its name, where it is not killed among its rows
kept, seen = rows.row, []
def row(document):
    seen.append(document)
    return kill() if len(seen) == 5 else kept(document)
rows.row = row
scrapy("export", *sys.argv[2:], root=sys.argv[1])
"""
FORMATS = [["jsonl"], ["parquet"], ["parquet", "--partition", "language"], ["bagit"], ["warc"], ["wacz"],
           ["atom", "--base-url", "https://mirror.example/"], ["zim", "--language", "en"]]  # fmt: skip


def place(arguments: list[str], folder: Path) -> Path:
    """Return the path of an export."""
    return folder / ("folder" if "--partition" in arguments or arguments[0] in ("bagit", "atom") else f"a.{arguments[0]}")


SHORT = (["jsonl"], ["parquet", "--partition", "language"], ["wacz"])
KILLS = [pytest.param(one, marks=() if one in SHORT else pytest.mark.torture, id=" ".join(one)) for one in FORMATS]


@pytest.mark.parametrize("arguments", KILLS)
def test_kill_leaves_nothing_under_the_final_name(arguments: list[str], copy: Path, tmp_path: Path) -> None:
    to = place(arguments, tmp_path)
    command = [sys.executable, "-c", KILLED, str(copy), *arguments, "--to", str(to)]
    assert subprocess.run(command, cwd=ROOT).returncode == -signal.SIGKILL
    assert not to.exists()
    assert scrapy("export", *arguments, "--to", to, root=copy).status == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["archive", to.name])


@pytest.mark.parametrize("arguments", FORMATS, ids=" ".join)
def test_failure_leaves_nothing_and_what_was_there_before(
    arguments: list[str], copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    to = place(arguments, tmp_path)
    assert scrapy("export", *arguments, "--to", to, root=copy).status == 0
    before = snapshot(tmp_path)

    def full(path: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("crawler.storage.disk.flush_file", full)
    ran = scrapy("export", *arguments, "--to", to, "--force", root=copy)
    assert (ran.status, ran.err) == (6, "scrapy export: [Errno 28] No space left on device\n")
    assert snapshot(tmp_path) == before


def test_two_exports_do_not_write_the_same_file(copy: Path, tmp_path: Path) -> None:
    part = tmp_path / ".a.jsonl.part"
    with part.open("wb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        ran = scrapy("export", "jsonl", "--to", tmp_path / "a.jsonl", root=copy)
        assert (ran.status, ran.err) == (1, f"scrapy export: another export is writing {part}\n")
    assert scrapy("export", "jsonl", "--to", tmp_path / "a.jsonl", root=copy).status == 0


def test_missing_package_is_named_in_one_line(copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    ran = scrapy("export", "parquet", "--to", tmp_path / "a.parquet", root=copy)
    assert ran.status == 1
    assert ran.err == "scrapy export: this format needs the package pyarrow: pip install 'dw-archiver[export]'\n"
    assert [path.name for path in tmp_path.iterdir()] == ["archive"]


def test_damaged_documents_are_left_out_and_listed(copy: Path, tmp_path: Path) -> None:
    with next((copy / "de").rglob("*.txt")).open("ab") as file:
        file.write(b"more\n")
    next((copy / "hi").rglob("*.txt")).unlink()
    ran = scrapy("export", "jsonl", "--to", tmp_path / "a.jsonl", "--json", root=copy)
    assert ran.status == 3
    assert (ran.json["documents"], len(ran.json["damaged"]), len(rows_of(tmp_path / "a.jsonl"))) == (11, 2, 11)
    assert ran.err.count("skipped, lost or damaged: ") == 2
    assert ran.err.endswith("2 documents skipped; see scrapy verify\n")


def test_export_changes_nothing_in_the_archive_and_needs_no_index(copy: Path, tmp_path: Path) -> None:
    before = snapshot(copy)
    scrapy("export", "jsonl", "--to", tmp_path / "a.jsonl", "--revisions", root=copy)
    assert snapshot(copy) == before
    (copy / layout.INDEX).unlink()
    (copy / layout.INDEX_SEAL).unlink()
    ran = scrapy("export", "jsonl", "--to", tmp_path / "b.jsonl", "--revisions", root=copy)
    assert (ran.status, (tmp_path / "a.jsonl").read_bytes()) == (0, (tmp_path / "b.jsonl").read_bytes())


def test_export_of_an_empty_archive_is_an_empty_export(tmp_path: Path) -> None:
    root = archive_of(tmp_path / "archive")
    ran = scrapy("export", "jsonl", "--to", tmp_path / "a.jsonl", "--json", root=root)
    assert (ran.status, ran.json["documents"], (tmp_path / "a.jsonl").read_bytes()) == (0, 0, b"")
    assert json.loads(ran.out)["revisions"] == 0


def test_shards_give_together_what_one_whole_export_gives(archive: Path, tmp_path: Path) -> None:
    whole = tmp_path / "whole.jsonl"
    assert scrapy("export", "jsonl", "--revisions", "--to", whole, root=archive).status == 0
    lines: list[str] = []
    for number in (1, 2, 3):
        part = tmp_path / f"{number}.jsonl"
        ran = scrapy("export", "jsonl", "--revisions", "--shard", f"{number}/3", "--to", part, root=archive)
        assert ran.status == 0
        mine = part.read_text("utf-8").splitlines()
        assert [line for line in whole.read_text("utf-8").splitlines() if line in set(mine)] == mine
        lines += mine
    assert sorted(lines) == sorted(whole.read_text("utf-8").splitlines())
    assert len(lines) == len(set(lines))


@pytest.mark.parametrize(("words", "status", "message"), [
    (["zim", "--shard", "1/2", "--to", "x.zim"], 2, "--shard: only for jsonl and parquet"),
    (["jsonl", "--shard", "1/2"], 2, "--shard: name the file of each shard with --to"),
    (["jsonl", "--shard", "3/2", "--to", "x.jsonl"], 1, "--shard takes I/N, such as 1/8, with I from 1 to N, not '3/2'"),
])  # fmt: skip
def test_shard_that_makes_no_sense_is_refused(words: list[str], status: int, message: str, archive: Path) -> None:
    ran = scrapy("export", *words, root=archive)
    assert (ran.status, ran.err) == (status, f"scrapy export: {message}\n")
