"""Seeds in, archive out: what a crawl of the stand-in stores, counts and requests. The stand-in's replies are invented."""

from __future__ import annotations

import functools
import hashlib
import json
import re
import tempfile
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from crawler import seedfile
from crawler.sanitise import without_tags
from tests.crawling import NOW_MS, Outcome, at_ms, crawl, fresh_site
from tests.dwsite import articles as dw
from tests.dwsite.client import Site
from tests.dwsite.oracle import reachable
from tests.dwsite.shapes import LANGUAGE_IDS

NEW_TO_THE_PROJECT = {"am", "hi", "tr", "und"}  # languages with an unknown languageId
DEPTHS = [0, 1, 2, -1]


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory()


@functools.cache
def crawled(depth: int) -> Outcome:
    """A crawl from the stand-in's seeds, made once for all tests that look at it."""
    return crawl(Path(_folder().name) / f"depth{depth}", dw.SEEDS, f"depth={depth}", site=fresh_site())


@pytest.fixture(scope="module", autouse=True)
def _remove_folder() -> object:
    yield
    crawled.cache_clear()
    _folder().cleanup()
    _folder.cache_clear()


@pytest.fixture
def site() -> Site:
    return fresh_site()


@pytest.fixture
def whole() -> Outcome:
    return crawled(-1)


# --- what a crawl finds ---


@pytest.mark.parametrize("depth", DEPTHS)
def test_a_crawl_finds_exactly_what_is_reachable(depth: int) -> None:
    expected = reachable(dw.SEEDS, depth)
    outcome = crawled(depth)
    assert set(outcome.documents) == set(expected)
    assert outcome.status == 0
    assert outcome.report["documents"]["new"] == len(expected)
    kinds = {line["id"]: line["kind"] for line in outcome.log if line["path"].endswith(".txt")}
    assert kinds == {dw_id: _kind(dw_id) for dw_id in expected}


def _kind(dw_id: int) -> str:
    return {"ImageGallery": "gallery"}.get(dw.CONTENTS[dw_id].type, dw.CONTENTS[dw_id].type.lower())


@pytest.mark.parametrize("depth", DEPTHS)
def test_no_object_is_requested_twice(depth: int) -> None:
    assert set(crawled(depth).asked().values()) == {1}


def test_only_the_objects_are_requested(whole: Outcome) -> None:
    aliases_and_missing = {dw.ALIAS_REDIRECT, dw.ALIAS_DIRECT, dw.MISSING, dw.GONE}
    ids = {int(path.rpartition("/")[2]) for path in whole.asked("api")}
    on_pages = {int(re.split("[/-]", path)[-1]) for path in whole.asked("www")}
    assert ids == set(reachable(dw.SEEDS, -1)) | aliases_and_missing
    of_no_file = re.compile(rf"/moved/image/{dw.MOVED_PICTURE}_303.jpg|/image/{dw.LOST_PICTURE}_.*")
    asked = {path for path in whole.asked("static") if not of_no_file.fullmatch(path)}
    assert asked == {f"/image/{name}" for name in whole.pictures}
    assert on_pages <= {dw.MISSING, dw.GONE}


# --- what is written ---


def test_replies_are_kept_byte_for_byte(whole: Outcome, site: Site) -> None:
    for dw_id in whole.documents:
        asked = "article" if dw_id == dw.GALLERY_BY_REFERENCE else dw.CONTENTS[dw_id].kind
        if dw_id == dw.GALLERY:
            asked = "gallery"
        assert whole.reply(dw_id) == site.get(f"{site.api}/api/detail/{asked}/{dw_id}")[2], dw_id


def test_pictures_are_kept_byte_for_byte(whole: Outcome, site: Site) -> None:
    assert len(whole.pictures) > 60
    for name, data in whole.pictures.items():
        assert data == site.get(f"{site.static}/image/{name}")[2], name


def test_document_is_stored_under_language_and_month(whole: Outcome) -> None:
    for dw_id, path in whole.documents.items():
        content = dw.CONTENTS[dw_id]
        language = "und" if content.language in NEW_TO_THE_PROJECT or "languageId" in content.without else content.language
        date = content.display_date if "displayDate" not in content.without else None
        year, month = (date or "2026-06").split("-")[:2]
        assert re.fullmatch(rf"{language}/{year}/{month}/{dw_id}(-[a-z0-9-]{{1,80}})?\.txt", path), dw_id


@pytest.mark.parametrize(
    ("dw_id", "path"),
    [
        (dw.GERMAN, "de/2026/02/70100003-strassenbahn-statt-stau-ein-stadtchen-ubt-geduld.txt"),
        (dw.SEED_ZH, "zh/2026/02/70100001-xiao-cheng-de-tu-shu-guan-ban-dao-liao-chuan-shang.txt"),
        (dw.TITLE_SIGNS, "en/2025/12/70100032.txt"),
        (dw.TITLE_SLASHES, "en/2025/12/70100026-on-off-and-up-down-a-ladder-s-life-a-12345678.txt"),
        (dw.OLD_PICTURES, "de/2009/05/70100041-alte-bilder-aus-dem-keller.txt"),
        (dw.NO_DATE, "en/2026/06/70100038-nobody-knows-when-this-was-written.txt"),
    ],
)
def test_document_has_this_path(dw_id: int, path: str, whole: Outcome) -> None:
    assert whole.documents[dw_id] == path


def test_documents_have_the_format(whole: Outcome) -> None:
    for dw_id, path in whole.documents.items():
        document = seedfile.loads(whole.files[path])
        assert seedfile.dumps(document).encode() == whole.files[path]
        assert document.id == dw_id
        assert document.stamp_ms == NOW_MS
        assert document.title == without_tags(unicodedata.normalize("NFC", dw.CONTENTS[dw_id].name.strip()))


def test_run_log_has_a_true_line_for_every_file(whole: Outcome) -> None:
    assert sorted(line["path"] for line in whole.log) == sorted(whole.files)
    for line in whole.log:
        data = whole.files[line["path"]]
        assert line["sha256"] == hashlib.sha256(data).hexdigest()
        assert line["bytes"] == len(data)
        assert line["time"] == "2026-06-01T00:00:00Z"
        assert str(line["id"]) in line["path"]
        if line["path"].startswith("images/"):
            assert (line["kind"], line["url"]) == ("picture", f"https://static.dw.com/image/{line['path'].split('/')[-1]}")
        elif line["path"].endswith(".txt"):
            assert line["url"] == whole.document(line["id"]).url
            assert line["kind"] == _kind(line["id"])
        else:
            assert re.fullmatch(rf"https://api\.dw\.com/api/detail/\w+/({line['id']}|{dw.ALIAS_DIRECT})", line["url"])


def test_run_log_has_pictures_before_the_reply_before_the_document(whole: Outcome) -> None:
    place = {line["path"]: position for position, line in enumerate(whole.log)}
    paths_of_pictures = {path.rpartition("/")[2]: path for path in whole.files if path.startswith("images/")}
    for dw_id, path in whole.documents.items():
        assert place[path.replace(".txt", ".json.gz")] < place[path]
        for name in whole.document(dw_id).pictures:
            if name.id != dw.LOST_PICTURE:
                assert place[paths_of_pictures[name.file_name]] < place[path]


def test_archive_holds_nothing_else(whole: Outcome) -> None:
    ends = (".txt", ".json.gz", ".jpg", ".jpeg", ".png", ".gif", ".webp")
    assert all(path.endswith(ends) for path in whole.files)
    names = {path.name for path in (whole.root / "runs").iterdir()}
    assert names == {f"20260601T000000Z{end}" for end in (".jsonl", ".states.ndjson", ".report.json")}


def test_the_same_crawl_twice_gives_the_same_bytes(whole: Outcome, site: Site, tmp_path: Path) -> None:
    assert crawl(tmp_path / "archive", dw.SEEDS, "depth=-1", site=site).files == whole.files


# --- messages ---


def test_report_counts_every_outcome(whole: Outcome) -> None:
    report = whole.report
    assert (report["exit_status"], report["reason"], report["pending"]) == (0, "finished", 0)
    assert report["documents_missing"] == {"status 404": 1, "status 410": 1}
    assert report["pictures_missing"] == {"status 404": 1}
    assert {(one["kind"], one["id"], one["reason"]) for one in report["missing"]} == {
        ("article", dw.MISSING, "status 404"), ("article", dw.GONE, "status 410"), ("picture", dw.LOST_PICTURE, "status 404"),
    }  # fmt: skip
    languages = [dw.CONTENTS[dw_id].language for dw_id in whole.documents]
    assert report["languages"]["zh"] == languages.count("zh")
    assert sum(report["languages"].values()) == len(languages)
    hosts = {request["host"] for request in whole.requests}
    assert sum(report["requests"].values()) == sum(whole.asked().values()) + len(hosts)  # each has a robots.txt
    assert set(LANGUAGE_IDS) > set(report["languages"]) - {"und"}


def test_summary_fits_one_screen(whole: Outcome) -> None:
    summary = whole.stderr[whole.stderr.index("documents  ") :]
    assert f"{len(whole.documents)} new" in summary
    assert "complete (status 0)" in summary
    assert len(summary.splitlines()) < 30


def test_unknown_elements_are_counted_and_named(whole: Outcome) -> None:
    assert whole.report["skipped_elements"].items() >= {"Riddle": 1, "InfoGraphic": 1}.items()
    assert f"{dw.UNKNOWN_ELEMENT}: body element of unknown type 'Riddle'" in whole.stderr
    assert b"Riddle" in whole.reply(dw.UNKNOWN_ELEMENT)
    body = whole.document(dw.UNKNOWN_ELEMENT).html
    assert body.endswith("<p>Before the riddle.</p><p>After the riddle.</p>")


def test_active_content_is_removed(whole: Outcome) -> None:
    body = whole.document(dw.UNSAFE).html.lower()
    for trap in "<script taken onclick onerror javascript: &#115;cript <iframe <svg <style <object".split():
        assert trap not in body
    harmless = 'plain &amp; <em>harmless</em>, with <a href="https://example.org" rel=\'externalref\' >odd quotes</a> kept.'
    assert f"<p>{harmless}</p>" in body
    assert b"alert(1)" in whole.reply(dw.UNSAFE)


def test_references_to_foreign_hosts_are_removed_and_counted(whole: Outcome) -> None:
    assert whole.report["refused_references"] == 6
    for trap in ("evil.example", "10.0.0.1", "file:", "/../"):
        assert re.search(rf"WARNING.*reference refused.*{re.escape(trap)}", whole.stderr) or trap == "file:"
        assert not any(trap in path for path in whole.asked())
    assert not any(dw_id in whole.documents for dw_id in range(70109990, 70110000))


# --- aliases ---


def test_article_with_two_ids_is_stored_once(whole: Outcome) -> None:
    assert whole.report["documents"]["alias"] == 2
    assert dw.ALIAS_REDIRECT not in whole.documents
    assert dw.ALIAS_DIRECT not in whole.documents
    assert whole.state_of(dw.ALIAS_REDIRECT)[0] == whole.state_of(dw.ALIAS_DIRECT)[0] == "alias"


@pytest.mark.parametrize(
    ("alias", "dw_id"), [(dw.ALIAS_REDIRECT, dw.ALIAS_REDIRECT_TO), (dw.ALIAS_DIRECT, dw.ALIAS_DIRECT_TO)]
)
def test_seed_that_is_an_alias_leads_to_the_article_and_is_remembered(
    alias: int, dw_id: int, site: Site, tmp_path: Path
) -> None:
    first = crawl(tmp_path, [alias], "depth=0", site=site)
    assert list(first.documents) == [dw_id]
    assert first.document(dw_id).url.endswith(f"/a-{dw_id}")
    (tmp_path / "index.sqlite").unlink()
    again = crawl(tmp_path, [alias, dw_id], "depth=0", site=site)
    assert again.status == 0
    assert not again.requests
    assert again.files == first.files


def test_alias_of_an_archived_document_needs_one_request(site: Site, tmp_path: Path) -> None:
    crawl(tmp_path, [dw.ALIAS_REDIRECT_TO], "depth=0", site=site)
    alias = crawl(tmp_path, [dw.ALIAS_REDIRECT], "depth=0", site=site)
    assert (alias.status, alias.articles_asked()) == (0, {dw.ALIAS_REDIRECT: 1})
    again = crawl(tmp_path, [dw.ALIAS_REDIRECT], "depth=0", f"refresh={dw.ALIAS_REDIRECT}", site=site)
    assert (again.status, again.articles_asked()) == (0, {dw.ALIAS_REDIRECT_TO: 1})


# --- limits ---


def test_documents_beyond_the_hop_limit_wait_for_a_deeper_run(site: Site, tmp_path: Path) -> None:
    first = crawl(tmp_path, [dw.CHAIN[0]], "depth=1", site=site)
    assert set(first.documents) == set(dw.CHAIN[:2])
    assert first.state_of(dw.CHAIN[2]) == ("out of scope", "hop limit")
    assert first.report["out_of_scope"] == 1
    deeper = crawl(tmp_path, [dw.CHAIN[0]], "depth=3", site=site)
    assert set(deeper.documents) == set(dw.CHAIN[:4])
    assert set(deeper.articles_asked()) == set(dw.CHAIN[2:4])
    nearer = crawl(tmp_path, [dw.CHAIN[3]], "depth=1", site=site)
    assert set(nearer.documents) == set(dw.CHAIN)
    assert set(nearer.articles_asked()) == {dw.CHAIN[4]}


def test_max_articles_is_exact_and_the_next_run_resumes(site: Site, whole: Outcome, tmp_path: Path) -> None:
    first = crawl(tmp_path, dw.SEEDS, "depth=-1", "max_articles=7", site=site)
    assert first.status == 7
    assert len(first.documents) == first.report["documents"]["new"] == 7
    assert first.report["reason"] == "max_articles"
    assert first.report["pending"] > 0
    rest = crawl(tmp_path, dw.SEEDS, "depth=-1", site=site)
    assert rest.status == 0
    assert rest.files == whole.files
    assert set((first.asked() + rest.asked()).values()) == {1}


def test_max_articles_that_is_just_enough_is_a_complete_run(site: Site, tmp_path: Path) -> None:
    outcome = crawl(tmp_path, dw.CHAIN, "max_articles=5", site=site)
    assert (outcome.status, len(outcome.documents)) == (0, 5)


# --- unreadable replies ---


def test_unreadable_replies_are_kept_with_the_reason_and_affect_no_other_article(site: Site, tmp_path: Path) -> None:
    site.options(layout="none", graph_api=False)
    broken: dict[int, tuple[dict[str, Any], str]] = {
        dw.CHAIN[0]: ({"malformed_json": True}, "not JSON"),
        dw.CHAIN[1]: ({"body": "<h1>Try later</h1>", "content_type": "text/html"}, "not JSON"),
        dw.CHAIN[2]: ({"body": json.dumps({"id": dw.CHAIN[2], "body": []})}, "no usable title"),
        dw.CHAIN[3]: ({"body": json.dumps({"id": dw.CHAIN[3], "name": "Empty"})}, "no usable body"),
        dw.CYCLE[0]: ({"body": "[1, 2]"}, "JSON, but not an object"),
    }
    came = {}
    for dw_id, (fault, _) in broken.items():
        site.fault(f"/api/detail/article/{dw_id}", **fault)
        came[dw_id] = site.get(f"{site.api}/api/detail/article/{dw_id}")[2]
    outcome = crawl(tmp_path, [*broken, dw.CHAIN[4], dw.UNREADABLE], "depth=0", site=site)
    assert outcome.status == 3
    assert list(outcome.documents) == [dw.CHAIN[4]]
    assert outcome.report["documents"]["unreadable"] == len(broken) + 1
    for dw_id, (_, reason) in broken.items():
        kept = [path for path in outcome.files if path.startswith(f"unreadable/{dw_id}-") and path.endswith(".reply")]
        assert [outcome.files[path] for path in kept] == [came[dw_id]]
        about = json.loads(outcome.files[kept[0].replace(".reply", ".json")])
        assert reason in about["reason"]
        assert about["url"] == f"https://api.dw.com/api/detail/article/{dw_id}"
        assert outcome.state_of(dw_id)[0] == "unreadable"
    assert sorted(line["path"] for line in outcome.log) == sorted(outcome.files)


def test_unreadable_article_is_requested_again_when_it_is_due(site: Site, tmp_path: Path) -> None:
    site.options(layout="none", graph_api=False)
    site.fault(f"/api/detail/article/{dw.CHAIN[4]}", times=1, malformed_json=True)
    crawl(tmp_path, [dw.CHAIN[4]], site=site)
    again = crawl(tmp_path, [dw.CHAIN[4]], site=site, now_ms=at_ms("2026-06-02"))
    assert again.status == 0
    assert dw.CHAIN[4] in again.documents
