"""Kind and date of an object, from its document and earlier knowledge. Words and ids are invented."""

from __future__ import annotations

import pytest

from crawler.seedfile import SeedDocument
from crawler.storage import identify
from crawler.storage.index.objects import ARCHIVED, Row

ARTICLE = "<div><i>By someone<br>2026-02-03T04:05:06.789Z</i></div><p>Words.</p>"
UNDATED = "<p>Words.</p>"
VIDEO = '<p>Words.</small></p><video src="https://tvdownloaddw-a.akamaihd.net/a.mp4"></video>'
SHOWN_MS, STAMP_MS, KNOWN_MS = 1770091506789, 1770500000000, 1769000000000


def document(html: str) -> SeedDocument:
    return SeedDocument(STAMP_MS, "A headline", "https://www.dw.com/en/a-headline/a-7", html)


def known(kind: str = "article", published_ms: int | None = None) -> Row:
    return Row(7, "", kind, ARCHIVED, published_ms=published_ms)


@pytest.mark.parametrize(
    ("html", "before", "kind"),
    [
        (ARTICLE, None, "article"),
        (ARTICLE, known(), "article"),
        (ARTICLE, known("liveblog"), "liveblog"),
        (ARTICLE, known("video"), "article"),
        (VIDEO, None, "video"),
        (VIDEO, known("liveblog"), "video"),
    ],
)
def test_kind_is_that_of_the_document_except_for_liveblogs(html: str, before: Row | None, kind: str) -> None:
    assert identify.kind(document(html), before) == kind


@pytest.mark.parametrize(
    ("html", "before", "published_ms"),
    [
        (ARTICLE, None, SHOWN_MS),
        (ARTICLE, known(published_ms=KNOWN_MS), SHOWN_MS),
        (UNDATED, known(published_ms=KNOWN_MS), KNOWN_MS),
        (VIDEO, known(), STAMP_MS),
        (VIDEO, None, STAMP_MS),
    ],
)
def test_time_of_publication_is_the_shown_or_else_the_known_one(html: str, before: Row | None, published_ms: int) -> None:
    assert identify.published_ms(document(html), before) == published_ms
