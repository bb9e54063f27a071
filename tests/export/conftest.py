"""Archives to export, made once; a test that changes one works on a copy."""

from __future__ import annotations

import html
import shutil
from pathlib import Path

import pytest

from crawler.seedfile import SeedDocument
from crawler.urls import document_url
from tests import hostile
from tests.crawling import DAY_MS, crawl, fresh_site
from tests.crawling import NOW_MS as LATER_MS
from tests.dwsite import articles as dw
from tests.helpers_commands import NOW_MS, archive_of
from tests.payloads import PAYLOADS
from tests.reader import samples

ODD = 'nul \0 next line \x85 separators \u2028 \u2029 escape \x1b[31m tab \t quote " \\ bell \x07 none \ufffe emoji \U0001f600'
"""Characters that some format or reader may stumble over."""


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Documents of every kind in ten languages, one with an earlier version, one hostile, with pictures."""
    return samples.archive(tmp_path_factory.mktemp("samples") / "archive")


@pytest.fixture(scope="session")
def hostile_archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Documents with content that may break a program: markup, scripts, control characters, long lines, odd dates."""
    return archive_of(tmp_path_factory.mktemp("hostile") / "archive", *hostile_documents())


@pytest.fixture(scope="session")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of two crawls: an article with an earlier version, a gallery, a video, replies and pictures."""
    site, root = fresh_site(), tmp_path_factory.mktemp("crawled") / "archive"
    seeds = [dw.SEED_ZH, dw.PICTURE_TYPES, dw.VIDEO, dw.GALLERY]
    crawl(root, seeds, "depth=0", site=site)
    site.edit(dw.SEED_ZH, add_paragraph="A paragraph that came later.")
    assert crawl(root, seeds, "depth=0", "refresh=all", site=site, now_ms=LATER_MS + DAY_MS).status == 0
    return root


@pytest.fixture
def copy(archive: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(archive, tmp_path / "archive"))


def hostile_documents() -> list[SeedDocument]:
    bodies = [f"<p>{ODD}</p>", "", "<p>" + "word " * 200_000 + "</p>", "<" * 5000, f"<p>]]&gt;]]>{'&amp;' * 50}</p>"]
    bodies += [body for _, body in hostile.documents(PAYLOADS[:4])]
    found = [_document(71_000_000 + place, f"T {place}", body) for place, body in enumerate(bodies)]
    found.append(_document(72_000_000, ODD, author=ODD, date="9999-12-31T23:59:59.999Z"))
    found.append(_document(72_000_001, "a\nb] (x) [y](z", stamp_ms=0, date="0001-01-01T00:00:00Z"))
    found.append(_document(72_000_002, "", stamp_ms=253_402_300_799_000, author="", date="no date"))
    found.append(_document(72_000_003, "</script>]]><![CDATA[ {{ 1 }} &amp; =1+1", date="1969-07-20T20:17:40Z"))
    return found


def _document(
    dw_id: int, title: str, body: str = "<p>x</p>", stamp_ms: int = NOW_MS, date: str = "2026-05-01T10:00:00.000Z",
    author: str = "Somebody",
) -> SeedDocument:  # fmt: skip
    head = f"<div><i>{html.escape(author)}<br>{date}</i></div>"
    return SeedDocument(stamp_ms, title, document_url("en", title, dw_id), head + body)
