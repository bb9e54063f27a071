"""`scrapy export atom`: feeds that follow RFC 4287, for mirrors and feed readers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from lxml import etree, html  # type: ignore[import-untyped]

from tests.crawling import at_ms
from tests.helpers_commands import archive_of, document, scrapy, snapshot
from tests.reader import samples

BASE = "https://mirror.example/dw/"
ATOM = {"a": "http://www.w3.org/2005/Atom"}
# the rules of appendix B of the RFC that are Schematron there, which RELAX NG cannot say
RULES = {
    "a feed has an author unless all its entries have": "boolean(a:author) or not(a:entry[not(a:author)])",
    "entries have an alternate or content": "not(a:entry[not(a:link[@rel='alternate'] or a:link[not(@rel)] or a:content)])",
    "entries have authors if their feed has none": "not(a:entry[not(a:author or ../a:author or a:source/a:author)])",
}
SCHEMA = etree.RelaxNG(etree.parse(Path(__file__).with_name("atom.rng")))


def exported(root: Path, to: Path, *options: str, base: str = BASE) -> dict[str, Any]:
    """Return the root element of every file of an export, by name."""
    ran = scrapy("export", "atom", "--to", to, "--base-url", base, *options, root=root)
    assert (ran.status, ran.err) == (0, "")
    return {path.name: etree.parse(path).getroot() for path in to.iterdir()}


def texts(element: Any, path: str) -> list[str]:
    return [one if isinstance(one, str) else one.text or "" for one in element.xpath(path, namespaces=ATOM)]


def test_schema_rejects_invalid_feeds() -> None:
    for inside in ("", "<id>x</id><title>x</title><updated>today</updated>", "<id>x</id><title>x</title>"):
        assert not SCHEMA.validate(etree.fromstring(f"<feed xmlns='http://www.w3.org/2005/Atom'>{inside}</feed>"))


@pytest.mark.parametrize("which", ["archive", "hostile_archive"])
def test_every_feed_keeps_the_schema_of_rfc_4287(which: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    files = exported(request.getfixturevalue(which), tmp_path / "feeds")
    assert files.pop("feeds.opml").tag == "opml"
    for feed in files.values():
        SCHEMA.assertValid(feed)
        assert [rule for rule, test in RULES.items() if not feed.xpath(test, namespaces=ATOM)] == []
        ids = texts(feed, "a:entry/a:id")
        assert len(ids) == len(set(ids))


def test_entry_says_all_that_the_document_says(archive: Path, tmp_path: Path) -> None:
    feed = exported(archive, tmp_path / "feeds")["en.atom"]
    entry = next(one for one in feed.findall("a:entry", ATOM) if str(samples.ENGLISH) in texts(one, "a:id")[0])
    assert texts(entry, "a:id") == [f"tag:dw.com,2000:{samples.ENGLISH}"]
    assert texts(entry, "a:title") == ["The ferry that waits for nobody, and everybody"]
    assert texts(entry, "a:author/a:name") == ["Wren Hollow", "Ada Marsh"]
    assert texts(entry, "a:published") == ["2026-05-31T14:24:00.000Z"]
    assert texts(entry, "a:updated") == ["2026-05-31T17:24:00.000Z"]
    page = f"{BASE}en/2026/05/{samples.ENGLISH}-the-ferry-that-waits-for-nobody-and-everybody.html"
    assert texts(entry, "a:link[@rel='alternate']/@href") == [page]
    content = texts(entry, "a:content")[0]
    assert "A timetable of one line" in content
    assert f'<img src="{BASE}images/630/63000001_303.png"' in content
    assert f'href="{BASE}zh/2026/05/{samples.CHINESE}-' in content


def test_every_address_is_absolute_and_nothing_runs(archive: Path, hostile_archive: Path, tmp_path: Path) -> None:
    for place, root in enumerate((archive, hostile_archive)):
        files = exported(root, tmp_path / f"feeds-{place}")
        for feed in (feed for name, feed in files.items() if name.endswith(".atom")):
            found = texts(feed, "//@href")
            for content in texts(feed, "//a:content"):
                body = html.fromstring(f"<div>{content}</div>")
                found += body.xpath("//@href | //@src")
                assert not body.xpath("//script | //iframe | //form | //base | //meta | //@*[starts-with(name(), 'on')]")
                assert all(source.startswith(f"{BASE}images/") for source in body.xpath("//img/@src"))
            assert all(re.match(r"(https?://|mailto:|tel:)", address) for address in found)


def test_feed_has_the_newest_first_and_no_more_than_a_hundred(tmp_path: Path) -> None:
    dates = (f"2026-{1 + day // 28:02}-{1 + day % 28:02}T00:00:00.000Z" if day else "unknown" for day in range(103))
    documents = (document(70000000 + day, at_ms("2025-12-31") + day, date=date) for day, date in enumerate(dates))
    root = archive_of(tmp_path / "archive", *documents)
    feed = exported(root, tmp_path / "feeds")["en.atom"]
    ids = [int(one.rpartition(":")[2]) - 70000000 for one in texts(feed, "a:entry/a:id")]
    assert ids == list(range(102, 2, -1))


def test_opml_lists_the_feeds(archive: Path, tmp_path: Path) -> None:
    files = exported(archive, tmp_path / "my feeds", "--language", "zh,ar", base=BASE.rstrip("/"))
    assert files.keys() == {"zh.atom", "ar.atom", "feeds.opml"}
    assert texts(files["feeds.opml"], "//outline/@xmlUrl") == [f"{BASE}my%20feeds/ar.atom", f"{BASE}my%20feeds/zh.atom"]
    assert texts(files["zh.atom"], "a:link[@rel='self']/@href") == [f"{BASE}my%20feeds/zh.atom"]


def test_same_archive_gives_the_same_bytes_and_ids(archive: Path, tmp_path: Path) -> None:
    for name in ("a/feeds", "b/feeds"):
        exported(archive, tmp_path / name)
    assert snapshot(tmp_path / "a") == snapshot(tmp_path / "b")


@pytest.mark.parametrize("base", ["", "mirror.example", "/dw/", "ftp://mirror.example/", "https://", "https://x/?a=b", "https://[x/"])
def test_address_that_is_not_absolute_is_refused(base: str, archive: Path, tmp_path: Path) -> None:
    ran = scrapy("export", "atom", "--to", tmp_path / "feeds", "--base-url", base, root=archive)
    assert (ran.status, ran.err.count("\n")) == (1, 1)
    assert "atom needs --base-url" in ran.err
    assert list(tmp_path.iterdir()) == []
