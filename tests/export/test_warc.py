"""`scrapy export warc` and `wacz`: valid files that invent nothing and work with the programs of web archives."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from fastwarc.warc import ArchiveIterator as FastIterator
from warcio.archiveiterator import ArchiveIterator
from warcio.cli import main as warcio

from crawler.export import notebook
from crawler.export.wacz import surt
from crawler.storage import layout, replyfile
from crawler.storage.runlog import read_log, run_logs
from tests.helpers_commands import scrapy
from tests.reader import samples


def exported(root: Path, to: Path, *options: str) -> Path:
    ran = scrapy("export", to.name.split(".")[1], "--to", to, *options, root=root)
    assert (ran.status, ran.err) == (0, "")
    return to


def records(data: bytes) -> list[tuple[dict[str, str], bytes]]:
    """(headers, body) of every record."""
    return [(dict(one.rec_headers.headers), one.content_stream().read()) for one in ArchiveIterator(io.BytesIO(data))]


def logged(root: Path) -> dict[str, dict[str, Any]]:
    """Return the last log line of each file, by path."""
    return {line["path"]: line for log in run_logs(root) for line in read_log(log) if "sha256" in line}


@pytest.fixture(scope="module")
def warc(crawled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return exported(crawled, tmp_path_factory.mktemp("warc") / "a.warc.gz", "--revisions")


@pytest.fixture(scope="module")
def found(warc: Path) -> list[tuple[dict[str, str], bytes]]:
    return records(warc.read_bytes())


@pytest.mark.parametrize("name", ["a.warc.gz", "a.warc"])
@pytest.mark.parametrize("which", ["archive", "hostile_archive", "crawled"])
def test_warcio_and_fastwarc_find_every_record_sound(
    name: str, which: str, request: pytest.FixtureRequest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    to = exported(request.getfixturevalue(which), tmp_path / name, "--revisions")
    with pytest.raises(SystemExit) as ended:
        warcio(["check", "-v", str(to)])
    shown = capsys.readouterr().out
    assert (ended.value.code, "fail" in shown) == (0, False), shown
    with to.open("rb") as stream:
        checked = [one.verify_block_digest() for one in FastIterator(stream, parse_http=False)]
    assert len(checked) == len(records(to.read_bytes()))
    assert all(checked)


def test_there_is_no_response_and_no_header_that_was_not_kept(found: list[tuple[dict[str, str], bytes]]) -> None:
    types = Counter(headers["WARC-Type"] for headers, _ in found)
    assert types.keys() == {"warcinfo", "resource", "conversion"}
    assert found[0][0]["WARC-Type"] == "warcinfo"
    assert b"HTTP requests and headers were not kept" in found[0][1]
    assert not any(body.startswith(b"HTTP/") for _, body in found)
    assert len({headers["WARC-Record-ID"] for headers, _ in found}) == len(found)


def test_bodies_are_those_of_the_run_log_at_the_address_and_time_it_names(crawled: Path, found: Any) -> None:
    lines = logged(crawled)
    seen = set()
    for headers, body in found:
        path = headers.get("DW-Archiver-Path", "")
        if not path:
            continue
        seen.add(path)
        line = lines[path]
        assert headers["DW-Archiver-SHA256"] == line["sha256"]
        if path.endswith(".gz"):
            assert body == replyfile.unpack((crawled / path).read_bytes())[0]
        else:
            assert hashlib.sha256(body).hexdigest() == line["sha256"]
        if headers["WARC-Type"] == "resource" and not layout.is_revision(path):
            assert (headers["WARC-Target-URI"], headers["WARC-Date"]) == (line["url"], line["time"])
    assert seen == {path for path in lines if not path.startswith("unreadable/")}


def test_documents_refer_to_their_replies(found: Any) -> None:
    replies = {headers["WARC-Record-ID"]: headers for headers, _ in found
               if headers.get("DW-Archiver-Path", "").endswith(".json.gz")}  # fmt: skip
    documents = [headers for headers, _ in found if headers["WARC-Type"] == "conversion"]
    assert len(documents) == len(replies)
    for headers in documents:
        reply = replies[headers["WARC-Refers-To"]]
        assert reply["DW-Archiver-Path"].removesuffix(".json.gz") == headers["DW-Archiver-Path"].removesuffix(".txt")
        assert reply["WARC-Target-URI"] == headers["WARC-Target-URI"]
        assert reply["WARC-Target-URI"].startswith("https://api.dw.com/")
    revision = next(headers for headers in documents if layout.is_revision(headers["DW-Archiver-Path"]))
    assert replies[revision["WARC-Refers-To"]]["WARC-Date"] == "2026-06-01T00:00:00Z"  # not when it was set aside


def test_pages_have_addresses_below_an_invalid_host(found: Any) -> None:
    pages = {headers["WARC-Target-URI"]: body for headers, body in found if headers["Content-Type"].startswith("text/html")}
    assert all(address.startswith("https://dw-archive.invalid/") for address in pages)
    addresses = {headers["WARC-Target-URI"] for headers, _ in found if "WARC-Target-URI" in headers}
    shown = [one.split('"')[0] for body in pages.values() for one in body.decode().split(' src="')[1:]]
    assert shown
    assert set(shown) <= addresses  # nothing is loaded from elsewhere


def test_same_archive_gives_the_same_bytes(crawled: Path, warc: Path, tmp_path: Path) -> None:
    assert exported(crawled, tmp_path / "a.warc.gz", "--revisions").read_bytes() == warc.read_bytes()
    one, two = (exported(crawled, tmp_path / f"{name}.wacz") for name in "ab")
    assert one.read_bytes() == two.read_bytes()


def test_damaged_pictures_and_replies_are_left_out_and_reported(copy: Path, tmp_path: Path) -> None:
    picture = copy / "images/630/63000001_303.png"
    picture.write_bytes(b"other")
    ran = scrapy("export", "warc", "--to", tmp_path / "a.warc", "--json", root=copy)
    assert (ran.status, json.loads(ran.out)["damaged"]) == (3, ["images/630/63000001_303.png"])


# --- wacz ---


@pytest.mark.parametrize("which", ["archive", "hostile_archive"])
def test_wacz_follows_its_specification(which: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    to = exported(request.getfixturevalue(which), tmp_path / "a.wacz")
    with zipfile.ZipFile(to) as packed:
        assert packed.testzip() is None
        assert {one.compress_type for one in packed.infolist()} == {zipfile.ZIP_STORED}
        files = {name: packed.read(name) for name in packed.namelist()}
        assert {len(one.extra) for one in packed.infolist()} == {0}
        starts = [one.header_offset for one in packed.infolist()]
    heads = [to.read_bytes()[start : start + 30] for start in starts]
    assert {int.from_bytes(head[28:30], "little") for head in heads} == {0}  # equal to those of the directory
    package = json.loads(files["datapackage.json"])
    assert (package["profile"], package["wacz_version"]) == ("data-package", "1.1.1")
    for one in package["resources"]:
        data = files[one["path"]]
        assert (one["bytes"], one["hash"]) == (len(data), f"sha256:{hashlib.sha256(data).hexdigest()}")
    assert {one["path"] for one in package["resources"]} == files.keys() - {"datapackage.json", "datapackage-digest.json"}
    digest = json.loads(files["datapackage-digest.json"])
    assert digest == {"path": "datapackage.json", "hash": f"sha256:{hashlib.sha256(files['datapackage.json']).hexdigest()}"}
    warc, lines = files["archive/data.warc.gz"], files["indexes/index.cdx"].decode().splitlines()
    assert lines == sorted(lines)
    targets = {}
    for line in lines:
        key, moment, told = line.split(" ", 2)
        about = json.loads(told)
        (headers, _), = records(warc[int(about["offset"]) : int(about["offset"]) + int(about["length"])])
        assert (headers["WARC-Target-URI"], headers["WARC-Block-Digest"]) == (about["url"], about["digest"])
        assert (key, moment) == (surt(about["url"]), "".join(filter(str.isdigit, headers["WARC-Date"])))
        targets[about["url"]] = headers
    head, *pages = map(json.loads, files["pages/pages.jsonl"].decode().splitlines())
    assert head["format"] == "json-pages-1.0"
    assert len(pages) == sum(address.endswith(".html") for address in targets)
    assert all(page["ts"] == targets[page["url"]]["WARC-Date"] and page["title"] for page in pages)


def test_wacz_lists_the_pages_with_their_titles(archive: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(exported(archive, tmp_path / "a.wacz", "--language", "zh,hi")) as packed:
        _, *pages = map(json.loads, packed.read("pages/pages.jsonl").decode().splitlines())
    titles = [one.title for one in samples.OTHERS if one.id in (samples.HINDI, samples.CHINESE)]
    assert sorted(page["title"] for page in pages) == sorted(titles)


def test_missing_warcio_is_named(archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "warcio.warcwriter", None)
    ran = scrapy("export", "wacz", "--to", tmp_path / "a.wacz", root=archive)
    assert (ran.status, ran.err.count("\n"), "the package warcio" in ran.err) == (1, 1, True)
    assert list(tmp_path.iterdir()) == []


def test_full_disk_of_temporary_files_is_one_line(archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notebook, "_TABLES", f"PRAGMA max_page_count = 6; {notebook._TABLES}")
    ran = scrapy("export", "wacz", "--to", tmp_path / "a.wacz", root=archive)
    assert (ran.status, ran.err.count("\n")) == (6, 1)
    assert ran.err.endswith("a folder for temporary files (TMPDIR): database or disk is full\n")
    assert list(tmp_path.iterdir()) == []


def test_fastwarc_check_agrees(warc: Path) -> None:
    ran = subprocess.run([sys.executable, "-m", "fastwarc.cli", "check", warc], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
