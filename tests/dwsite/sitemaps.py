"""The sitemap index and each language's two sitemaps, sent in pieces. Form: sitemaps.org and Google News (assumed)."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator, Iterator
from xml.sax.saxutils import escape

from tests.dwsite.articles import CONTENTS
from tests.dwsite.ids import FIRST_SYNTHETIC
from tests.dwsite.lists import newest
from tests.dwsite.shapes import WWW, Content, page_path
from tests.dwsite.state import State
from tests.dwsite.synthetic import SYNTHETIC_LANGUAGES, synthetic_date

NEWS_ITEMS = 10
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_XMLNS = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
_NEWS = 'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"'


def sitemap(state: State, segments: list[str]) -> AsyncIterator[bytes] | None:
    """The pieces of a sitemap, compressed with gzip if its name ends in .gz or the option says so; None if it does not
    exist."""
    *folder, name = segments
    packed = name.endswith(".gz") or state.options.gzip_sitemaps
    match folder, name.removesuffix(".gz"):
        case [], "sitemap.xml" | "sitemap-2.xml" as which:
            lines = _index(state, which)
        case [language], "news-sitemap.xml" if language in languages():
            lines = _news(state, language)
        case [language], "article-sitemap.xml" if language in languages():
            lines = _articles(state, language)
        case _:
            return None
    return _pieces(lines, packed)


def is_packed(state: State, segments: list[str]) -> bool:
    """Whether that sitemap comes as a gzip file."""
    return segments[-1].endswith(".gz") or state.options.gzip_sitemaps


def languages() -> list[str]:
    """The language paths that have articles."""
    known = {content.language for content in CONTENTS.values()} | set(SYNTHETIC_LANGUAGES)
    return sorted(known - {"und"})


def last_change(state: State, content: Content) -> str:
    """When it was last changed: displayDate, or an instant that grows with each edit."""
    edit = state.edit_versions.get(content.id)
    return f"2026-11-01T{edit // 60:02}:{edit % 60:02}:00Z" if edit else content.display_date or "2026-01-01"


async def _pieces(lines: Iterator[str], packed: bool) -> AsyncIterator[bytes]:
    packer = zlib.compressobj(wbits=31)
    waiting = bytearray()
    for line in lines:
        waiting += packer.compress(line.encode()) if packed else line.encode()
        if len(waiting) > 30_000:
            yield bytes(waiting)
            waiting.clear()
            await asyncio.sleep(0)
    yield bytes(waiting) + (packer.flush() if packed else b"")


def _index(state: State, which: str) -> Iterator[str]:
    yield f"{_HEAD}<sitemapindex {_XMLNS}>\n"
    if which == "sitemap.xml":
        for language in languages():
            for kind in ("news", "article"):
                yield f"<sitemap><loc>{WWW}/{language}/{kind}-sitemap.xml</loc></sitemap>\n"
    if state.options.sitemap_loop:
        yield f"<sitemap><loc>{WWW}/sitemap.xml</loc></sitemap>\n<sitemap><loc>{WWW}/sitemap-2.xml</loc></sitemap>\n"
    yield "</sitemapindex>\n"


def _news(state: State, language: str) -> Iterator[str]:
    yield f"{_HEAD}<urlset {_XMLNS} {_NEWS}>\n"
    for dw_id in newest(state, language, ("article",))[:NEWS_ITEMS]:
        if content := state.content(dw_id):
            yield (
                f"<url><loc>{WWW}{page_path(content)}</loc><lastmod>{last_change(state, content)}</lastmod>"
                f"<news:news><news:publication><news:name>DW</news:name><news:language>{language}</news:language>"
                f"</news:publication><news:publication_date>{content.display_date}</news:publication_date>"
                f"<news:title>{escape(content.name)}</news:title></news:news></url>\n"
            )
    yield "</urlset>\n"


def _articles(state: State, language: str) -> Iterator[str]:
    yield f"{_HEAD}<urlset {_XMLNS}>\n"
    for dw_id in newest(state, language, ("article",)):
        if content := state.content(dw_id):
            yield f"<url><loc>{WWW}{page_path(content)}</loc><lastmod>{last_change(state, content)}</lastmod></url>\n"
    for place in range(state.options.sitemap_entries):
        dw_id = FIRST_SYNTHETIC + state.options.articles + place
        loc = f"{WWW}/{language}/entry-{place}/a-{dw_id}"
        yield f"<url><loc>{loc}</loc><lastmod>{synthetic_date(place)}</lastmod></url>\n"
    yield "</urlset>\n"
