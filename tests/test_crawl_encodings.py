"""Replies whose bytes are broken Unicode, or text in another encoding: they become documents all the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.crawling import crawl, fresh_site
from tests.dwsite import articles as dw
from tests.dwsite.client import Site

NUMBER = dw.GERMAN


@pytest.fixture
def site() -> Site:
    return fresh_site()


def as_fault(body: bytes) -> str:
    """Any bytes, in the form in which a fault of the stand-in takes them."""
    return body.decode("utf-8", "surrogateescape")


def detail(title: str, words: str, **more: object) -> str:
    """A reply of api.dw.com as text, in which nothing is escaped."""
    body = [{"content": {"type": "Paragraph", "text": words}}]
    reply = {"type": "Article", "id": NUMBER, "languageId": 1, "name": title, "body": body, **more}
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
def test_broken_unicode_costs_no_article(body: bytes, title: str, words: str, site: Site, tmp_path: Path) -> None:
    site.fault(f"/api/detail/article/{NUMBER}", status=200, body=as_fault(body))
    outcome = crawl(tmp_path, [NUMBER], "depth=0", site=site)
    assert (outcome.status, list(outcome.documents)) == (0, [NUMBER])
    document = outcome.document(NUMBER)
    assert document.title == title
    assert f"<p>{words}</p>" in document.html
    assert outcome.reply(NUMBER) == body
    assert not [path for path in outcome.files if path.startswith("unreadable/")]
