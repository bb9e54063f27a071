"""Pages of a site opened from disk in a real browser: light and dark, left to right and right to left, wide and narrow."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from crawler.reader.facts import title_of
from crawler.reader.pages import SCRIPTS
from tests.browser import CHROMIUM
from tests.devtools import Browser
from tests.reader import samples

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no Chromium here: apt-get install chromium")

_PACKAGE = importlib.util.find_spec("axe_core_python")
AXE = Path(_PACKAGE.origin).with_name("axe.min.js") if _PACKAGE and _PACKAGE.origin else None
CHECK = """
axe.run(document, {runOnly: %s})
  .then(found => found.violations.map(one => [one.id, ...one.nodes.map(node => node.html)]))
"""
PAPER = {False: "rgb(251, 250, 246)", True: "rgb(22, 23, 26)"}
TITLES = {document.id: title_of(document) for document in (samples.ENGLISH_NOW, *samples.OTHERS)}


@pytest.mark.parametrize(("dark", "width"), [(False, 1100), (True, 360)])
def test_every_page_opens_from_disk(site: Path, browser: Browser, dark: bool, width: int) -> None:
    browser.look(dark=dark, width=width)
    paths = sorted(site.rglob("*.html"))
    assert len(paths) > 30
    shown = 0
    for path in paths:
        name = path.relative_to(site).as_posix()
        seen = browser.open(path)
        assert seen.complaints == [], name
        assert [address for address in seen.asked if not address.startswith(f"{site.as_uri()}/")] == [], name
        assert [image for image in seen.images if image[1] <= 0] == [], name
        assert seen.scripts == (["form", *["script"] * len(SCRIPTS)] if name == "search.html" else []), name
        assert seen.handlers == [], name
        assert seen.overflow == 0, name
        assert (seen.background, seen.sheets) == (PAPER[dark], 1), name
        assert seen.title, name
        shown += len(seen.images)
    assert shown > 40


def test_title_of_a_page_is_the_articles_own(site: Path, browser: Browser) -> None:
    for dw_id, title in TITLES.items():
        (path,) = site.glob(f"*/*/*/{dw_id}-*.html")
        assert browser.open(path).title == title


def test_stored_media_file_plays_without_a_network(site: Path, browser: Browser) -> None:
    (path,) = site.glob(f"*/*/*/{samples.VIDEO}-*.html")
    seen = browser.open(path)
    assert any(address.endswith(f"/{samples.VIDEO}.mp4") for address in seen.asked)
    assert seen.complaints == []


@pytest.mark.skipif(not AXE, reason="no axe-core here: pip install axe-core-python")
@pytest.mark.parametrize(
    ("dark", "rules"), [(False, ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]), (True, ["color-contrast"])], ids=["all", "dark"]
)
def test_pages_have_no_accessibility_violation(site: Path, browser: Browser, dark: bool, rules: list[str]) -> None:
    """In dark mode only the colours differ."""
    assert AXE
    browser.look(dark=dark)
    for path in sorted(site.rglob("*.html")):
        browser.open(path)
        browser.run(AXE.read_text("utf-8") + ";0")
        assert browser.run(CHECK % json.dumps(rules)) == [], path.name


def test_policy_blocks_injected_content(site: Path, browser: Browser, tmp_path: Path) -> None:
    """The proof that the tests above can fail."""
    (path,) = site.glob(f"*/*/*/{samples.ENGLISH}-*.html")
    text = path.read_text("utf-8")
    evil = '<script>document.title = "ran"</script><img src="https://evil.example/x.png"><p style="color: red">x</p>'
    page = site / "evil.html"
    page.write_text(text.replace('="../../../', '="').replace("</body>", f"{evil}</body>"))
    try:
        seen = browser.open(page)
    finally:
        page.unlink()
    assert seen.title != "ran"
    assert len(seen.complaints) == 3
    assert seen.scripts == ["script"]
    assert seen.handlers == ["style"]
    assert ("https://evil.example/x.png", 0) in seen.images
