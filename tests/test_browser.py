"""Documents made from hostile replies, opened in a real browser: no script runs, and nothing foreign is requested.

The tests open the body of a document, which is HTML, and, as a careless reader would, the whole file with its title, which is
plain text. Requests of the format itself are allowed: pictures from static.dw.com through images.weserv.nl, DW's media files,
YouTube's player.
"""

from __future__ import annotations

import itertools
import re

import pytest

from crawler import normalise, seedfile
from crawler.dw import render
from crawler.dw.article import Article
from tests import browser, hostile
from tests.payloads import PAYLOADS

needs_chromium = pytest.mark.skipif(not browser.CHROMIUM, reason="no Chromium here: apt-get install chromium")

OWN = (
    "https://images.weserv.nl/?url=static.dw.com/image/", "https://static.dw.com/", "https://tvdownloaddw-a.akamaihd.net/",
    "https://www.youtube.com/embed/",
)  # fmt: skip


def test_there_are_enough_payloads() -> None:
    assert len(set(PAYLOADS)) >= 200


@pytest.mark.parametrize("name", hostile.KINDS)
def test_words_of_a_reply_reach_its_document(name: str) -> None:
    """Otherwise the fields below would be safe only because no parser uses them."""
    body = hostile.document(name, (f"word{number}x" for number in itertools.count()))
    assert body
    is_article = "article" in name or "liveblog" in name
    assert len(set(re.findall(r"word\d+x", body))) >= (3 if is_article else 2)


@needs_chromium
def test_raw_payloads_are_detected() -> None:
    """This proves that the test below can fail: raw payloads run and load."""
    bodies = [f"<p>{payload.replace('evil.example', f'evil{at}.example')}</p>" for at, payload in enumerate(PAYLOADS)]
    seen = browser.open_all(bodies, OWN)
    ran = {at for at, what in seen.found.items() if what & {"script ran", "left its page"}}
    asking = {int(found[1]) for host in seen.asked if (found := re.fullmatch(r"https?://evil([0-9]+)\.example", host))}
    noticed = ran | asking | set(seen.found)
    print(f"\n{len(PAYLOADS)} payloads: {len(ran)} run, {len(asking)} ask a foreign host, {len(noticed)} are noticed")
    assert len(ran) >= 80
    assert len(asking) >= 30
    assert len(noticed) >= 200


@needs_chromium
@pytest.mark.parametrize(
    ("often", "documents"), [(2, 700), pytest.param(None, 3000, marks=pytest.mark.torture)], ids=["two fields", "every field"]
)
def test_no_document_runs_script_or_contacts_a_foreign_host(often: int | None, documents: int) -> None:
    """often: in how many fields of each place and kind each payload is tried."""
    names: dict[str, str] = {}
    for name, body in hostile.documents(PAYLOADS, often):
        names.setdefault(body, name)
    bodies = list(names)
    seen = browser.open_all(bodies, OWN)
    print(f"\n{len(bodies)} documents that differ, of {len(hostile.KINDS)} places and kinds")
    assert {names[bodies[at]]: sorted(what) for at, what in seen.found.items()} == {}
    assert seen.asked == set()
    assert len(bodies) > documents


@needs_chromium
def test_title_of_a_whole_file_runs_no_script() -> None:
    articles = (Article(7, "article", title) for payload in PAYLOADS if (title := normalise.title(payload)))
    files = [seedfile.dumps(render.document_of(article, 0, "en")) for article in articles]
    seen = browser.open_all(files, OWN)
    assert {files[at]: sorted(what) for at, what in seen.found.items()} == {}
    assert seen.asked == set()
    assert len(files) >= 200
