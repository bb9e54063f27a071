"""Parsing all stored replies again, without a request. The results of a worse, older parser are made up in this file."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crawler import seedfile
from crawler.dw import places, render
from crawler.library import Library
from crawler.seedfile import SeedDocument
from crawler.storage import layout, logline
from crawler.storage.archive import Archive
from crawler.storage.index.objects import Row
from crawler.storage.logline import About, FileRecord
from crawler.storage.opening import open_archive
from crawler.storage.writer import NewFile, NewReply
from crawler.upkeep.reread import place_of
from tests.crawling import NOW_MS, Command, Outcome, crawl, files, fresh_site, lines, options
from tests.dwsite import articles as dw
from tests.dwsite.client import Site

SEEDS = (dw.GERMAN, dw.CHAIN[4])
NO_RETRY = {"RETRY_TIMES": 0}
LATER_MS = 1_790_000_000_000


@pytest.fixture
def site() -> Site:
    return fresh_site()


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory()


@functools.cache
def _crawled() -> Outcome:
    return crawl(Path(_folder().name), SEEDS, "depth=0", site=fresh_site())


@pytest.fixture(scope="module", autouse=True)
def _remove_folder() -> object:
    yield
    _crawled.cache_clear()
    _folder().cleanup()
    _folder.cache_clear()


@pytest.fixture
def archived(tmp_path: Path) -> Outcome:
    """Two articles in an archive for one test."""
    outcome = _crawled()
    assert set(outcome.documents) == set(SEEDS)
    shutil.copytree(outcome.root, tmp_path, dirs_exist_ok=True)
    return outcome


def run(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`scrapy reread` in a process of its own."""
    return Command("reread", *arguments, *options({"ARCHIVE_DIR": root, "ARCHIVE_MIN_FREE": 0}), now_ms=LATER_MS).finish()


def found(root: Path, *arguments: str) -> dict[str, Any]:
    """Return the output of `scrapy reread --json`."""
    ended = run(root, "--json", *arguments)
    assert (ended.returncode, ended.stderr) == (0, "")
    said: dict[str, Any] = json.loads(ended.stdout)
    return said


@contextlib.contextmanager
def opened(root: Path) -> Iterator[Archive]:
    archive = open_archive(root, LATER_MS - 1_000_000, "a test")
    try:
        yield archive
    finally:
        archive.close()


def row_of(root: Path, dw_id: int) -> Row:
    with opened(root) as archive:
        row = archive.index.get(dw_id)
    assert row is not None
    return row


def make_worse(root: Path, dw_id: int) -> SeedDocument:
    """Replace an article by one without its last paragraph, in file and log, as if a worse parser had made it."""
    row = row_of(root, dw_id)
    assert row.path
    with opened(root) as archive:
        whole = archive.read(row.path)
        assert whole is not None
        worse = replace(whole, html=whole.html[: whole.html.rindex("<p>")])
        logged = [line for log in sorted((root / "runs").glob("*.jsonl")) for line in lines(log) if line["path"] == row.path]
        record = logline.parse(logged[-1])
        assert isinstance(record, FileRecord)
        archive.store_now([NewFile(row.path, seedfile.dumps(worse).encode(), record.about)])
    return worse


def difference(said: dict[str, Any], dw_id: int) -> dict[str, Any]:
    return next(one for one in said["differences"] if one["id"] == dw_id)


# --- documents ---


def test_reply_that_gives_the_same_document_is_left_alone(archived: Outcome, tmp_path: Path) -> None:
    assert found(tmp_path) == {"dry_run": False, "same": 2, "differences": []}
    assert files(tmp_path) == archived.files


def test_a_worse_document_becomes_a_revision(archived: Outcome, tmp_path: Path) -> None:
    worse = make_worse(tmp_path, dw.GERMAN)
    said = found(tmp_path)
    assert (said["same"], said["changed"]) == (1, 1)
    assert "body: " in difference(said, dw.GERMAN)["what"]
    after = files(tmp_path)
    path = archived.documents[dw.GERMAN]
    assert after[path] == archived.files[path]
    assert seedfile.loads(after[layout.revision_path(dw.GERMAN, worse.stamp_ms)]) == worse
    again = found(tmp_path)
    assert again == {"dry_run": False, "same": 2, "differences": []}
    assert files(tmp_path) == after


def test_a_document_with_script_in_it_becomes_harmless(archived: Outcome, tmp_path: Path) -> None:
    """Version 1.1 stored titles of galleries with DW's markup. The hostile document stays as a revision."""
    script = "<script>alert(1)</script>"
    slides = [{"name": "Bug", "assignedImage": {"id": 61000004, "staticUrl": "https://static.dw.com/image/61000004_303.jpg"}}]
    gallery = {"id": 61000003, "name": f"Schiffe{script}", "extendedGalleryImages": slides}
    text = '<p>Ein Satz.</p><div class="image-gallery embed" data-id="61000003"></div>'
    content = {"__typename": "Article", "id": dw.GERMAN, "title": "Schiffe", "text": text, "imageGalleries": [gallery]}
    reply = json.dumps({"data": {"content": content}}).encode()
    row = row_of(tmp_path, dw.GERMAN)
    assert row.path
    clean = render.document_of(places.read(places.GRAPH, reply, dw.GERMAN, "article", "de"), LATER_MS - 2_000_000, "de")
    hostile = replace(clean, html=clean.html.replace("图集：Schiffe", f"图集：Schiffe{script}"))
    assert (script in hostile.html, script in clean.html) == (True, False)
    about = About("article", dw.GERMAN, hostile.url, "2026-06-01T00:00:00Z", origin="graph-api")
    with opened(tmp_path) as archive:
        archive.store_now(archive.document_files(hostile, about, NewReply("json", reply, about)))
    assert found(tmp_path)["changed"] == 1
    assert seedfile.loads((tmp_path / row.path).read_bytes()) == clean
    assert seedfile.loads((tmp_path / layout.revision_path(dw.GERMAN, hostile.stamp_ms)).read_bytes()) == hostile
    assert found(tmp_path) == {"dry_run": False, "same": 2, "differences": []}


def test_a_dry_run_shows_the_difference_and_writes_nothing(archived: Outcome, tmp_path: Path) -> None:
    make_worse(tmp_path, dw.GERMAN)
    before = files(tmp_path)
    ended = run(tmp_path, "--dry-run")
    assert ended.stdout.startswith("2 replies read again: 1 give the same, 1 would be revised, 0 would be new, 0 cannot")
    assert f"changed    {dw.GERMAN}  body: " in ended.stdout
    assert files(tmp_path) == before


def test_reread_does_not_count_as_a_check(archived: Outcome, site: Site, tmp_path: Path) -> None:
    before = row_of(tmp_path, dw.GERMAN)
    make_worse(tmp_path, dw.GERMAN)
    found(tmp_path)
    after = row_of(tmp_path, dw.GERMAN)
    assert (after.checked_ms, after.stamp_ms, after.origin, after.hop) == (before.checked_ms, before.stamp_ms, "api", 0)
    assert not crawl(tmp_path, SEEDS, "depth=0", site=site).requests


def test_validators_survive_a_reread(site: Site, tmp_path: Path) -> None:
    site.validators()
    crawl(tmp_path, SEEDS, "depth=0", site=site)
    make_worse(tmp_path, dw.GERMAN)
    found(tmp_path)
    outcome = crawl(tmp_path, SEEDS, "depth=0", "refresh=all", site=site)
    assert [request["status"] for request in outcome.requests] == [304, 304]


@pytest.mark.parametrize(("graph_api", "origin"), [(True, "graph-api"), (False, "page:app-state")])
def test_replies_of_every_origin_are_read_again(graph_api: bool, origin: str, site: Site, tmp_path: Path) -> None:
    site.down("api")
    site.options(graph_api=graph_api)
    outcome = crawl(tmp_path, [*SEEDS, dw.VIDEO_BY_REFERENCE], "depth=0", site=site, settings=NO_RETRY)
    make_worse(tmp_path, dw.GERMAN)
    said = found(tmp_path)
    assert (said["same"], said["changed"]) == (2, 1)
    path = outcome.documents[dw.GERMAN]
    assert files(tmp_path)[path] == outcome.files[path]
    assert row_of(tmp_path, dw.GERMAN).origin == origin


def test_reply_of_a_page_counts_although_an_older_one_of_the_graph_api_lies_beside_it(site: Site, tmp_path: Path) -> None:
    site.down("api")
    crawl(tmp_path, [dw.GERMAN], "depth=0", site=site, settings=NO_RETRY)
    site.edit(dw.GERMAN, add_paragraph="Ein Satz, der später kam.")
    site.options(graph_api=False)
    outcome = crawl(tmp_path, [dw.GERMAN], "depth=0", "refresh=all", site=site, settings=NO_RETRY, now_ms=LATER_MS)
    path = outcome.documents[dw.GERMAN]
    replies = [path.removesuffix(".txt") + end for end in layout.REPLY_ENDS]
    assert set(replies) < set(outcome.files)
    assert found(tmp_path)["same"] == 1
    assert files(tmp_path)[path] == outcome.files[path]
    with Library(tmp_path) as library:
        (document,) = library.documents()
        assert document.reply_path == replies[1]
        assert [older.reply_path for older in document.revisions] == [layout.revision_path(dw.GERMAN, NOW_MS)[:-4] + ".json.gz"]


def test_references_found_by_a_better_reader_are_crawled_next(archived: Outcome, site: Site, tmp_path: Path) -> None:
    with opened(tmp_path) as archive:
        row = archive.index.get(dw.GERMAN)
        assert row is not None
        assert row.path
        whole = archive.read(row.path)
        assert whole is not None
        bare = replace(whole, html=whole.html[: whole.html.index("<p>")] + "<p>Nur ein Satz.</p>")
        about = About("article", row.id, row.url, "2026-06-01T00:00:00Z", row.language, 0, "api", stamp_ms=row.stamp_ms)
        archive.store_now([NewFile(row.path, seedfile.dumps(bare).encode(), about)])
    found(tmp_path)
    outcome = crawl(tmp_path, SEEDS, "depth=1", site=site)
    assert dw.SEED_ZH in outcome.documents


def test_a_damaged_reply_is_named_and_its_document_stays(archived: Outcome, tmp_path: Path) -> None:
    reply = tmp_path / layout.reply_path(archived.documents[dw.GERMAN])
    reply.write_bytes(reply.read_bytes()[:100])
    before = files(tmp_path)
    said = found(tmp_path)
    assert (said["same"], said["unreadable"]) == (1, 1)
    assert difference(said, dw.GERMAN)["path"] == layout.reply_path(archived.documents[dw.GERMAN])
    assert files(tmp_path) == before


def test_a_document_that_came_without_a_reply_is_left_alone(archived: Outcome, tmp_path: Path) -> None:
    (tmp_path / layout.reply_path(archived.documents[dw.GERMAN])).unlink()
    assert found(tmp_path)["same"] == 1


# --- unreadable replies ---


def keep(root: Path, dw_id: int, body: bytes, time: str, url: str = "", kind: str = "article") -> str:
    """Keep a reply as unreadable, as a crawl does. Returns its path."""
    path = layout.unreadable_path(dw_id, hashlib.sha256(body).hexdigest(), ".reply")
    url = url or f"https://api.dw.com/api/detail/{kind}/{dw_id}"
    about = About(kind, dw_id, url, time)
    note = json.dumps({**about.as_json(), "reason": "a reader of long ago"}).encode()
    with opened(root) as archive:
        archive.store_now([NewFile(path, body, about), NewFile(path.replace(".reply", ".json"), note, about)])
    return path


def test_unreadable_reply_that_can_be_read_now_becomes_a_document(
    archived: Outcome, site: Site, tmp_path: Path
) -> None:
    body = site.get(f"{site.api}/api/detail/article/{dw.ENGLISH}")[2]
    kept = keep(tmp_path, dw.ENGLISH, body, "2026-05-31T12:00:00Z")
    assert found(tmp_path, "--dry-run")["new"] == 1
    assert files(tmp_path).keys() == archived.files.keys() | {kept, kept.replace(".reply", ".json")}
    said = found(tmp_path)
    assert said["new"] == 1
    assert difference(said, dw.ENGLISH)["what"] == dw.CONTENTS[dw.ENGLISH].name
    outcome = crawl(tmp_path, SEEDS, "depth=0", site=site)
    assert outcome.document(dw.ENGLISH).stamp_ms == 1_780_228_800_000  # when the reply came
    assert outcome.reply(dw.ENGLISH) == body
    assert not outcome.asked("api")
    assert "new" not in found(tmp_path)


def test_still_unreadable_reply_is_listed_with_the_reason(site: Site, tmp_path: Path) -> None:
    outcome = crawl(tmp_path, [dw.UNREADABLE], "depth=0", site=site)
    assert not outcome.documents
    said = found(tmp_path)
    assert said["unreadable"] == 1
    assert difference(said, dw.UNREADABLE)["what"] == "article 70100065: no usable title"
    assert files(tmp_path) == outcome.files


def test_unreadable_reply_of_the_api_replaces_the_page_once_it_can_be_read(site: Site, tmp_path: Path) -> None:
    site.fault("/api/detail/.*", host="api", body='{"type": "Article"}')
    page = crawl(tmp_path, [dw.BODY_GALLERY], "depth=0", site=site)
    assert row_of(tmp_path, dw.BODY_GALLERY).origin == "graph-api"
    for path in (tmp_path / "unreadable").glob("*.reply"):  # the current parser can read it, the older one could not
        path.write_bytes(site_reply(site, dw.BODY_GALLERY))
    said = found(tmp_path)
    assert (said["same"], said["changed"]) == (1, 1)
    assert row_of(tmp_path, dw.BODY_GALLERY).origin == "api"
    after = files(tmp_path)
    stamp_ms = page.document(dw.BODY_GALLERY).stamp_ms
    assert after[layout.revision_path(dw.BODY_GALLERY, stamp_ms)] == page.files[page.documents[dw.BODY_GALLERY]]
    assert b"71000080" in after[page.documents[dw.BODY_GALLERY]]
    assert found(tmp_path)["differences"] == []
    assert files(tmp_path) == after


def site_reply(site: Site, dw_id: int) -> bytes:
    site.clear()
    return site.get(f"{site.api}/api/detail/article/{dw_id}")[2]


def test_an_unreadable_reply_older_than_the_document_changes_nothing(archived: Outcome, site: Site, tmp_path: Path) -> None:
    reply = json.loads(site_reply(site, dw.GERMAN))
    body = json.dumps({**reply, "name": "Der Titel von gestern"}).encode()
    keep(tmp_path, dw.GERMAN, body, "2026-05-01T00:00:00Z")
    before = files(tmp_path)
    assert found(tmp_path) == {"dry_run": False, "same": 2, "differences": []}
    assert files(tmp_path) == before


def test_an_unreadable_reply_newer_than_the_document_revises_it(archived: Outcome, site: Site, tmp_path: Path) -> None:
    reply = json.loads(site_reply(site, dw.GERMAN))
    body = json.dumps({**reply, "name": "Der Titel von morgen"}).encode()
    keep(tmp_path, dw.GERMAN, body, "2026-06-02T00:00:00Z")
    assert found(tmp_path)["changed"] == 1
    assert seedfile.loads(files(tmp_path)[archived.documents[dw.GERMAN]]).title == "Der Titel von morgen"
    assert found(tmp_path) == {"dry_run": False, "same": 2, "differences": []}


def test_invalid_note_is_reported(archived: Outcome, tmp_path: Path) -> None:
    kept = keep(tmp_path, dw.ENGLISH, b"{}", "no time at all")
    said = found(tmp_path)
    assert said["unreadable"] == 1
    assert difference(said, dw.ENGLISH)["path"] == kept


@pytest.mark.parametrize(
    ("url", "origin", "place"),
    [
        ("https://api.dw.com/api/detail/video/7", "", "api:video"),
        ("https://www.dw.com/graph-api/zh/content/article/7", "", places.GRAPH),
        ("https://www.dw.com/zh/a-7", "", places.PAGE),
        ("https://api.dw.com/api/detail/article/7", "graph-api", places.GRAPH),
        ("https://api.dw.com/api/detail/article/7", "page:classic", places.PAGE),
    ],
)
def test_place_of_a_reply(url: str, origin: str, place: str) -> None:
    assert place_of(url, origin) == place


def test_reread_without_an_archive_fails(tmp_path: Path) -> None:
    ended = run(tmp_path / "none")
    assert ended.returncode == 1
    assert ended.stderr.startswith("scrapy reread: ")
