"""Replies whose bytes are broken Unicode, or text in another encoding, become documents nevertheless."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest

from crawler.storage import layout, replyfile
from tests.crawl.test_fallback import NO_RETRY
from tests.crawling import DAY_MS, NOW_MS, crawl, fresh_site
from tests.dwsite import articles as dw
from tests.dwsite.client import Site
from tests.helpers_commands import scrapy
from tests.upkeep.test_reread import found

pytestmark = pytest.mark.usefixtures("client")

ID = dw.GERMAN


@pytest.fixture
def site() -> Site:
    return fresh_site()


def as_fault(body: bytes) -> str:
    """Return any bytes in the form that a fault of the stand-in takes."""
    return body.decode("utf-8", "surrogateescape")


def detail(title: str, words: str, **more: object) -> str:
    """Return a reply of api.dw.com as text without escapes."""
    body = [{"content": {"type": "Paragraph", "text": words}}]
    reply = {"type": "Article", "id": ID, "languageId": 1, "name": title, "body": body, **more}
    return json.dumps(reply, ensure_ascii=False)


@pytest.mark.parametrize(
    ("body", "title", "words"),
    [
        (detail("Up \ud83d\ude00", "x\ud83d", **{"key\ude00": "x"}).encode("utf-8", "surrogatepass"), "Up 😀", "x\ufffd"),
        (detail(r"Up \ud83d", r"\ude00 &#xD83D;&#xDE00;").encode(), r"Up \ud83d", r"\ude00 😀"),
        (detail("Up *", "half *", author="A *").replace("*", r"\ud83d").encode(), "Up \ufffd", "half \ufffd"),
        (detail("Grüße", "aus 北京").encode("utf-16"), "Grüße", "aus 北京"),
        (detail("Grüße", "aus 北京").encode("utf-16-le"), "Grüße", "aus 北京"),
        (detail("Grüße *", "aus *").encode().replace(b"*", b"\xff"), "Grüße \ufffd", "aus \ufffd"),
        (detail("Grüße *", "aus *", n=9).encode().replace(b"*", b"\0").replace(b"9", b"9" * 5_000), "Grüße", "aus "),
    ],
    ids=["CESU-8", "escaped text", "half an emoji", "UTF-16", "UTF-16 without BOM", "broken UTF-8", "NUL"],
)
def test_broken_unicode_loses_no_article(body: bytes, title: str, words: str, site: Site, tmp_path: Path) -> None:
    site.fault(f"/api/detail/article/{ID}", status=200, body=as_fault(body))
    outcome = crawl(tmp_path, [ID], "depth=0", site=site)
    assert (outcome.status, list(outcome.documents)) == (0, [ID])
    document = outcome.document(ID)
    assert document.title == title
    assert f"<p>{words}</p>" in document.html
    assert outcome.reply(ID) == body
    assert not [path for path in outcome.files if path.startswith("unreadable/")]


# --- the charset of the HTTP header ---

RUSSIAN = dw.RUSSIAN


def page_of(site: Site) -> str:
    """The page of the Russian article, as the stand-in gives it."""
    return site.get(f"{site.www}/ru/any/a-{RUSSIAN}")[2].decode()


def give_page(site: Site, body: bytes, content_type: str) -> None:
    """Leave nothing but a page of the Russian article, in these bytes."""
    site.down("api")
    site.options(graph_api=False)
    site.fault(f".*a-{RUSSIAN}", host="www", status=200, body=as_fault(body), content_type=content_type)


def reread(root: Path) -> dict[str, Any]:
    """Return the output of `scrapy reread` after a rebuild of the index."""
    assert scrapy("reindex", root=root).status == 0
    return found(root)


SAME = {"dry_run": False, "same": 1, "differences": []}


@pytest.mark.parametrize("declared", ["utf-8", "koi8-r", "gbk", "klingon"])
@pytest.mark.parametrize("name", ["app_state", "classic", "json_ld"])
def test_charset_of_the_header_overrides_that_of_the_page(name: str, declared: str, site: Site, tmp_path: Path) -> None:
    site.options(layout=name)
    html = page_of(site)
    assert "utf-8" in html.lower()
    body = re.sub("utf-8", declared, html, flags=re.IGNORECASE).encode("windows-1251", "replace")
    give_page(site, body, "text/html; charset=windows-1251")
    outcome = crawl(tmp_path, [RUSSIAN], "depth=0", site=site, settings=NO_RETRY)
    assert outcome.document(RUSSIAN).title == dw.CONTENTS[RUSSIAN].name
    reply = layout.reply_path(outcome.documents[RUSSIAN], "html")
    assert replyfile.unpack(outcome.files[reply]) == (body, "windows-1251")
    assert gzip.decompress(outcome.files[reply]) == body
    assert reread(tmp_path) == SAME


@pytest.mark.parametrize("header", ["utf-8", "klingon", "utf-16", "gbk"])
def test_wrong_charset_in_the_header_is_ignored(header: str, site: Site, tmp_path: Path) -> None:
    html = page_of(site)
    declared = "windows-1251" if header == "utf-8" else "utf-8"
    body = re.sub("utf-8", declared, html, flags=re.IGNORECASE).encode(declared, "replace")
    give_page(site, body, f"text/html; charset={header}")
    outcome = crawl(tmp_path, [RUSSIAN], "depth=0", site=site, settings=NO_RETRY)
    assert outcome.document(RUSSIAN).title == dw.CONTENTS[RUSSIAN].name
    assert reread(tmp_path) == SAME


@pytest.mark.parametrize("encoding", ["windows-1251", "gbk"])
def test_json_in_the_charset_of_the_header_is_read_now_and_later(encoding: str, site: Site, tmp_path: Path) -> None:
    words = "Привет" if encoding == "windows-1251" else "北京你好"
    for turn in range(2):  # the second is a revision
        body = detail(f"{words} {turn}", words).encode(encoding)
        site.fault(
            f"/api/detail/article/{ID}",
            status=200,
            body=as_fault(body),
            content_type=f"application/json;charset={encoding}",
        )
        outcome = crawl(tmp_path, [ID], "depth=0", "refresh=all", site=site, now_ms=NOW_MS + turn * DAY_MS)
        assert outcome.document(ID).title == f"{words} {turn}"
        site.clear()
    [revised] = [path for path in outcome.revisions if path.endswith(".json.gz")]
    assert replyfile.unpack(outcome.files[revised])[1] == encoding
    assert reread(tmp_path) == SAME


def test_an_unreadable_reply_keeps_its_charset(site: Site, tmp_path: Path) -> None:
    site.down("www")
    body = detail("", "Привет").encode("windows-1251")
    site.fault(f"/api/detail/article/{ID}", status=200, body=as_fault(body), content_type="application/json;charset=cp1251")
    outcome = crawl(tmp_path, [ID], "depth=0", site=site, settings=NO_RETRY)
    [kept] = [path for path in outcome.files if path.endswith(".reply")]
    readable = detail("Привет", "Київ").encode("windows-1251")
    (tmp_path / kept).write_bytes(readable)  # as if today's reader could make something of it
    assert found(tmp_path)["new"] == 1
    assert reread(tmp_path) == SAME
    [path] = tmp_path.glob("*/*/*/*.json.gz")
    assert replyfile.unpack(path.read_bytes()) == (readable, "cp1251")
    assert "Київ" in path.with_name(path.name.replace(".json.gz", ".txt")).read_text("utf-8")


def test_a_feed_in_the_charset_of_the_header_is_read(site: Site, tmp_path: Path) -> None:
    feed = site.get(f"{site.rss}/rdf/rss-ru-all")[2].decode()
    body = feed.encode("windows-1251", "xmlcharrefreplace")
    site.fault("/rdf/rss-ru-all", status=200, body=as_fault(body), content_type="application/xml; charset=windows-1251")
    outcome = crawl(tmp_path, "https://rss.dw.com/rdf/rss-ru-all", site=site, settings={"ARCHIVE_KINDS": "audio"})
    assert outcome.report["listings"]["named"] > 0
    assert outcome.report["listing_problems"] == []
