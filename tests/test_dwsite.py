"""The stand-in does what other tests rely on. Its replies are invented."""

from __future__ import annotations

import errno
import gzip
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.dwsite import articles as dw
from tests.dwsite import server
from tests.dwsite.articles import images_in
from tests.dwsite.client import Site
from tests.dwsite.oracle import reachable
from tests.dwsite.pictures import picture
from tests.dwsite.shapes import id_of, permalink

STATE_NAMES = {"app_state": "__APP_STATE__", "apollo": "__APOLLO_STATE__"}


@pytest.fixture(scope="module")
def running() -> Iterator[Site]:
    with Site() as site:
        yield site


@pytest.fixture
def site(running: Site) -> Site:
    running.reset()
    return running


def article(site: Site, dw_id: int, kind: str = "article") -> dict[str, Any]:
    status, _, body = site.get(f"{site.api}/api/detail/{kind}/{dw_id}")
    assert status == 200
    found: dict[str, Any] = json.loads(body)
    return found


# ---- replies --------------------------------------------------------------------------------------------------------


def test_every_content_answers_with_its_own_id(site: Site) -> None:
    for content in dw.CONTENTS.values():
        assert article(site, content.id, content.kind)["id"] == content.id


def test_chain_has_four_hops_and_cycle_leads_back(site: Site) -> None:
    def references(dw_id: int) -> list[int]:
        return [int(n) for n in re.findall(r"detail/article/(\d+)", json.dumps(article(site, dw_id)["body"]))]

    for here, there in zip(dw.CHAIN, dw.CHAIN[1:], strict=False):
        assert references(here) == [there]
    assert references(dw.CHAIN[4]) == []
    assert [dw.CYCLE[(i + 1) % 3] in references(n) for i, n in enumerate(dw.CYCLE)] == [True] * 3
    assert dw.CYCLE[1] in references(dw.CYCLE[1])


@pytest.mark.parametrize(
    ("kind", "dw_id", "status", "type_", "answers_as"),
    [
        ("article", dw.ALIAS_REDIRECT, 200, "Article", dw.ALIAS_REDIRECT_TO),
        ("article", dw.ALIAS_DIRECT, 200, "Article", dw.ALIAS_DIRECT_TO),
        ("article", dw.VIDEO_BY_REFERENCE, 404, None, None),
        ("video", dw.VIDEO_BY_REFERENCE, 200, "Video", dw.VIDEO_BY_REFERENCE),
        ("article", dw.GALLERY_BY_REFERENCE, 200, "Gallery", dw.GALLERY_BY_REFERENCE),
        ("article", dw.LIVEBLOG, 200, "Liveblog", dw.LIVEBLOG),
        ("article", dw.MISSING, 404, None, None),
        ("article", dw.GONE, 410, None, None),
        ("video", dw.ENGLISH, 404, None, None),
        ("article", "none", 400, None, None),
    ],
)
def test_ids_lead_to_these_targets(
    site: Site, kind: str, dw_id: int | str, status: int, type_: str | None, answers_as: int | None
) -> None:
    got, _, body = site.get(f"{site.api}/api/detail/{kind}/{dw_id}")
    reply = json.loads(body)
    assert (got, reply.get("type"), reply.get("id")) == (status, type_, answers_as)


def test_permalinks_are_base_62_of_the_id() -> None:
    assert permalink(59567960) == "https://p.dw.com/p/41wLY"
    assert id_of("4boRv") == 68117411


def test_oracle_counts_hops_resolves_aliases_and_ends_on_cycles() -> None:
    assert [len(reachable([dw.CHAIN[0]], hops)) for hops in (0, 1, 4, -1)] == [1, 2, 5, 5]
    assert set(reachable(dw.CYCLE[:1], -1)) == set(dw.CYCLE)
    everything = reachable(dw.SEEDS, -1)
    assert everything[dw.VIDEO_BY_REFERENCE] == "video"
    assert not {dw.MISSING, dw.GONE, dw.ALIAS_DIRECT, dw.UNREADABLE, dw.LIVEBLOG_FEED_ONLY} & set(everything)
    rest = {*dw.CHAIN[2:], dw.CYCLE[2]}
    assert set(everything) - set(reachable(dw.SEEDS, 1)) == rest


# ---- pictures -------------------------------------------------------------------------------------------------------

MARKS = {
    "jpg": (b"\xff\xd8\xff", b"\xff\xd9"),
    "png": (b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82"),
    "gif": (b"GIF89a", b"\x3b"),
    "webp": (b"RIFF", b""),
}


@pytest.mark.parametrize("ending", MARKS)
@pytest.mark.parametrize("size", [0, 3000, 200_000])
def test_pictures_are_whole_files_of_their_type(ending: str, size: int) -> None:
    data = picture("1_303 v1", ending, size)
    start, end = MARKS[ending]
    assert data.startswith(start)
    assert data.endswith(end)
    assert size <= len(data) < size * 1.1 + 400
    assert data == picture("1_303 v1", ending, size) != picture("2_303 v1", ending, size)
    if ending == "webp":
        assert len(data) == int.from_bytes(data[4:8], "little") + 8


def test_every_picture_of_every_reply_is_served(site: Site) -> None:
    urls = {
        size["url"]
        for content in dw.CONTENTS.values()
        for found in images_in(article(site, content.id, content.kind))
        for size in found["sizes"]
        if size["url"].startswith("https://static.dw.com/")
    }
    for url in sorted(urls):
        status, headers, body = site.get(url.replace("https://static.dw.com", site.static))
        lost = f"/{dw.LOST_PICTURE}_" in url
        assert status == (404 if lost else 200), url
        if not lost:
            assert headers["content-type"].startswith("image/")
            assert int(headers["content-length"]) == len(body)


# ---- faults ---------------------------------------------------------------------------------------------------------


def test_faults_come_in_turn_and_end(site: Site) -> None:
    path = f"/api/detail/article/{dw.ENGLISH}"
    site.fault(path, status=503, headers={"Retry-After": "1"}, times=1)
    site.fault("/api/detail/article/.*", malformed_json=True, times=1)
    site.fault(path, body="<p>hello", content_type="text/html", times=1)
    status, headers, _ = site.get(site.api + path)
    assert (status, headers["retry-after"]) == (503, "1")
    with pytest.raises(json.JSONDecodeError):
        json.loads(site.get(site.api + path)[2])
    assert site.get(site.api + path)[2] == b"<p>hello"
    assert article(site, dw.ENGLISH)["id"] == dw.ENGLISH


def test_connection_faults_break_the_connection(site: Site) -> None:
    path = f"/image/{dw.SEED_ZH_PICTURE}_303.jpg"
    site.fault(path, truncate=100, times=1)
    with pytest.raises(http.client.IncompleteRead) as caught:
        site.get(site.static + path)
    assert len(caught.value.partial) == 100
    site.fault(path, close=True, times=1)
    with pytest.raises(ConnectionError):
        site.get(site.static + path)
    site.fault(path, huge=3_000_000, times=1)
    assert len(site.get(site.static + path)[2]) == 3_000_000
    site.fault(path, huge=3_000_000, gzip=True, times=1)
    packed = site.get(site.static + path)[2]
    assert len(packed) < 10_000
    assert len(gzip.decompress(packed)) == 3_000_000
    site.fault(path, redirect_loop=True)
    assert site.get(site.static + path)[0] == 302
    assert [each["status"] for each in site.requests("static")][:4] == [200, 0, 200, 200]


def test_host_goes_down_after_some_answers_and_comes_back(site: Site) -> None:
    url = f"{site.api}/api/detail/article/{dw.ENGLISH}"
    site.down("api", after=2)
    assert [site.get(url)[0] for _ in range(4)] == [200, 200, 503, 503]
    assert site.get(f"{site.static}/robots.txt")[0] == 200
    site.up("api")
    assert site.get(url)[0] == 200
    site.down("api", how="close")
    with pytest.raises(ConnectionError):
        site.get(url)


# ---- edits, conditional requests, the list of requests --------------------------------------------------------------


def test_edits_show_from_the_next_request_on(site: Site) -> None:
    before = article(site, dw.GERMAN)
    site.edit(dw.GERMAN, title="Anders", add_paragraph="Eins.")
    site.edit(dw.GERMAN, add_paragraph="Zwei.", picture=71999999)
    after = article(site, dw.GERMAN)
    assert after["name"] == "Anders"
    assert [part["content"]["text"] for part in after["body"][-2:]] == ["Eins.", "Zwei."]
    assert site.get(f"{site.static}/image/71999999_303.jpg")[0] == 200
    site.edit(dw.GERMAN, delete=410)
    assert site.get(f"{site.api}/api/detail/article/{dw.GERMAN}")[0] == 410
    site.edit(dw.GERMAN, restore=True)
    assert article(site, dw.GERMAN) == before
    site.edit(dw.GERMAN, whitespace_only=True)
    spaced = article(site, dw.GERMAN)
    assert spaced != before
    assert spaced["name"].split() == before["name"].split()


def test_picture_version_changes_the_bytes(site: Site) -> None:
    url = f"{site.static}/image/{dw.SEED_ZH_PICTURE}_303.jpg"
    before = site.get(url)[2]
    site.edit(dw.SEED_ZH_PICTURE, picture_version=2)
    assert site.get(url)[2] != before
    site.reset()
    assert site.get(url)[2] == before


def test_304_only_if_switched_on_and_unchanged(site: Site) -> None:
    url = f"{site.api}/api/detail/article/{dw.ENGLISH}"
    assert "etag" not in site.get(url)[1]
    site.validators()
    _, headers, _ = site.get(url)
    conditions = ({"If-None-Match": headers["etag"]}, {"If-Modified-Since": headers["last-modified"]})
    assert [site.get(url, each)[0] for each in conditions] == [304, 304]
    site.edit(dw.ENGLISH, title="New")
    assert [site.get(url, each)[0] for each in conditions] == [200, 200]


def test_requests_are_listed_by_host(site: Site) -> None:
    site.get(f"{site.api}/robots.txt")
    site.get(f"{site.rss}/rdf/rss-en-all?x=1", {"User-Agent": "tester"})
    site.get(f"{site.static}/image/5_303.jpg")
    assert site.paths() == ["/rdf/rss-en-all?x=1", "/image/5_303.jpg"]
    entry = site.requests("rss")[0]
    assert (entry["method"], entry["status"], entry["headers"]["user-agent"]) == ("GET", 200, "tester")
    site.forget()
    assert site.requests() == []


# ---- lists ------------------------------------------------------------------------------------------------


def test_search_pages_end_without_next_page(site: Site) -> None:
    site.options(articles=400)
    found: list[int] = []
    url = "/api/search/global?terms=*&contentTypes=Article&languageId=2&startDate=2026-03-01&endDate=2026-03-02&pageIndex=1"
    pages = 0
    while url:
        page = json.loads(site.get(site.api + url)[2])
        found += [item["reference"]["id"] for item in page["items"] if item]
        url = page["paginationInfo"].get("nextPageUrl", "").removeprefix("https://api.dw.com")
        pages += 1
    assert len(found) == len(set(found)) == page["paginationInfo"]["availableItems"] == 52
    assert pages == 3


def test_mediacenter_lists_media_and_they_answer(site: Site) -> None:
    site.options(media=200)
    page = json.loads(site.get(f"{site.api}/api/list/mediacenter/2?pageIndex=2")[2])
    assert page["paginationInfo"]["currentPage"] == 2
    for item in page["items"]:
        kind = item["reference"]["type"].removesuffix("Ref").lower()
        assert article(site, item["reference"]["id"], kind)["name"] == item["name"]
    site.options(endless_mediacenter=True)
    page = json.loads(site.get(f"{site.api}/api/list/mediacenter/2?pageIndex=999")[2])
    assert page["paginationInfo"]["nextPageUrl"].endswith("pageIndex=1000")


def test_feeds_name_the_articles_of_their_language(site: Site) -> None:
    rdf = ET.fromstring(site.get(f"{site.rss}/rdf/rss-chi-all")[2])
    ids = [int(each.text or 0) for each in rdf.iter("{http://rss.dw.com/syndication/dwsyn/}contentID")]
    assert {dw.SEED_ZH, dw.TRADITIONAL} <= set(ids)
    rss = ET.fromstring(site.get(f"{site.rss}/xml/rss-chi-all")[2])
    assert [int(each.text or 0) for each in rss.iter("guid")] == ids
    assert site.get(f"{site.rss}/rdf/rss-nowhere-all")[0] == 404


def test_hostile_feeds_of_the_stand_in_are_hostile(site: Site) -> None:
    assert b"<!ENTITY e9" in site.get(f"{site.rss}/rdf/rss-bomb-all")[2]
    with pytest.raises(ET.ParseError):
        ET.fromstring(site.get(f"{site.rss}/xml/rss-broken-all")[2])
    with pytest.raises(UnicodeDecodeError):
        site.get(f"{site.rss}/xml/rss-lying-all")[2].decode()


def test_sitemaps_plain_packed_long_and_looping(site: Site) -> None:
    plain = site.get(f"{site.www}/zh/article-sitemap.xml")[2]
    assert f"a-{dw.SEED_ZH}<".encode() in plain
    assert gzip.decompress(site.get(f"{site.www}/zh/article-sitemap.xml.gz")[2]) == plain
    assert b"news:publication_date" in site.get(f"{site.www}/zh/news-sitemap.xml")[2]
    site.options(sitemap_entries=2000, sitemap_loop=True)
    assert site.get(f"{site.www}/zh/article-sitemap.xml")[2].count(b"<loc>") == plain.count(b"<loc>") + 2000
    assert b"https://www.dw.com/sitemap.xml<" in site.get(f"{site.www}/sitemap.xml")[2]


# ---- pages ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", ["app_state", "apollo", "classic", "json_ld"])
def test_pages_hold_headline_and_text_in_every_layout(site: Site, layout: str) -> None:
    site.options(layout=layout)
    status, headers, body = site.get(f"{site.www}/de/any-slug/a-{dw.GERMAN}")
    page = body.decode()
    assert status == 200
    assert headers["content-type"].startswith("text/html")
    assert ("ld+json" in page) == (layout != "classic")
    assert "Gänseschwarm" in page
    if layout in STATE_NAMES:
        start = page.index("{", page.index(STATE_NAMES[layout]))
        state, _ = json.JSONDecoder().raw_decode(page, start)
        assert any(str(dw.GERMAN) in key for key in state)


def test_every_content_has_a_page_and_a_graph_entry(site: Site) -> None:
    for content in dw.CONTENTS.values():
        assert site.get(f"{site.www}/a-{content.id}")[0] == 200, content.id
        status, _, body = site.get(f"{site.www}/graph-api/{content.language}/content/{content.kind}/{content.id}")
        assert status == 200
        assert json.loads(body)["data"]["content"]["title"] == content.name
    assert site.get(f"{site.www}/a-{dw.MISSING}")[0] == 404
    assert site.get(f"{site.www}/p/{permalink(dw.GERMAN).rpartition('/')[2]}")[0] == 200


def test_sections_link_to_articles(site: Site) -> None:
    page = site.get(f"{site.www}/zh/some-section/s-9058")[2].decode()
    assert str(dw.SEED_ZH) in page
    assert 'class="internal-link"' in page


# ---- the process ----------------------------------------------------------------------------------------------------


def test_prints_settings_for_scrapy_and_ends_on_sigterm() -> None:
    command = [sys.executable, "-m", "tests.dwsite", "--scrapy-settings"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(60) == 0
    assert re.fullmatch(r"(-s DW_(API|STATIC|WWW|RSS|MEDIA)_URL=http://127\.0\.0\.\d:\d+ ?){5}\n", line)


def test_there_are_five_ports_if_only_one_address_exists(monkeypatch: pytest.MonkeyPatch) -> None:
    listen = server._listen

    def only_first(address: str, port: int) -> socket.socket:
        if address != "127.0.0.1":
            raise OSError(errno.EADDRNOTAVAIL, "no such address")
        return listen(address, port)

    monkeypatch.setattr(server, "_listen", only_first)
    sockets = server.bind(0)
    names = {each.getsockname() for each in sockets.values()}
    for each in sockets.values():
        each.close()
    assert len(names) == 5
    assert {address for address, _ in names} == {"127.0.0.1"}


def test_ends_with_its_parent() -> None:
    script = "from tests.dwsite.client import Site; import os; print(Site().pid, flush=True); os._exit(0)"
    output = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    pid = int(output)
    for _ in range(200):
        if not is_running(pid):
            return
        subprocess.run([sys.executable, "-c", ""], check=True)  # the time of starting a process, instead of a sleep
    pytest.fail("the stand-in outlived its parent")


def is_running(pid: int) -> bool:
    """Whether the process exists and is not a zombie."""
    status = Path(f"/proc/{pid}/status")
    if status.parent.parent.joinpath("self").exists():
        return status.exists() and "State:\tZ" not in status.read_text()
    return subprocess.run(["ps", "-p", str(pid)], capture_output=True, check=False).returncode == 0
