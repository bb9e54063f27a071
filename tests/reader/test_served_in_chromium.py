"""Pages of the server in a real browser: loaded from nowhere else, and no script needed."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.browser import CHROMIUM
from tests.devtools import Browser
from tests.reader import samples
from tests.reader.served import Served, serving
from tests.reader.test_pages_in_chromium import AXE, CHECK

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no Chromium here: apt-get install chromium")

PAGES = {
    "/": "DW archive: the latest",
    "/ar/index.html": "العربية: the latest",
    "/en/2026/05/index.html": "English, May 2026",
    f"/revisions/{samples.ENGLISH}/{samples.ENGLISH_BEFORE.stamp_ms}.html": "The ferry that waits for nobody, and everybody",
    "/search.html": "Search",
    "/search.html?q=the&revisions=1": "the: Search",
    "/search.html?q=%E5%9C%96%E6%9B%B8%E9%A4%A8": "圖書館: Search",
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(samples.archive(tmp_path_factory.mktemp("served") / "archive")) as found:
        yield found


@pytest.mark.parametrize(("dark", "width"), [(False, 1100), (True, 360)])
def test_pages_load_from_the_server_alone(served: Served, browser: Browser, dark: bool, width: int) -> None:
    browser.look(dark=dark, width=width)
    for path, title in PAGES.items():
        seen = browser.open(f"{served.address}{path}")
        assert seen.title == title
        assert seen.complaints == [], path
        assert [address for address in seen.asked if not address.startswith(f"{served.address}/")] == []
        assert [image for image in seen.images if image[1] <= 0] == []
        assert (seen.overflow, seen.handlers, seen.sheets) == (0, [], 1), path
        assert set(seen.scripts) <= {"form"}


def test_article_is_read_and_its_film_plays(served: Served, browser: Browser) -> None:
    (address,) = {link for link in browser.open(f"{served.address}/").links if f"/{samples.VIDEO}-" in link}
    seen = browser.open(address)
    assert seen.title == "Kites over the harbour"
    assert any(asked.endswith(f"/{samples.VIDEO}.mp4") for asked in seen.asked)
    assert seen.complaints == []


def test_word_typed_in_the_other_chinese_script_is_found(served: Served, browser: Browser) -> None:
    browser.open(f"{served.address}/search.html")
    browser.run("document.querySelector('input').value = '图书馆'")
    address = browser.run("document.forms[0].action + '?' + new URLSearchParams(new FormData(document.forms[0]))")
    seen = browser.open(address)  # what the button does
    assert address.startswith(f"{served.address}/search.html?q=")
    assert any(f"/{samples.TAIWAN}" in link for link in seen.links)
    assert browser.run("document.querySelector('mark').textContent") == "圖書館"


@pytest.mark.skipif(not AXE, reason="no axe-core here: pip install axe-core-python")
@pytest.mark.parametrize("dark", [False, True])
def test_search_and_refusals_have_no_accessibility_violation(served: Served, browser: Browser, dark: bool) -> None:
    assert AXE
    browser.look(dark=dark)
    for path in ("/search.html", "/search.html?q=the&kind=video,article&revisions=1", "/search.html?q=%22", "/nothing.html"):
        browser.open(f"{served.address}{path}")
        browser.run(AXE.read_text("utf-8") + ";0")
        assert browser.run(CHECK % json.dumps(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"])) == [], path
