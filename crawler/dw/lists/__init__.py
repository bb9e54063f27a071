"""Parse lists (feeds, sitemaps, search pages, media lists, section pages), and make the addresses of an edition or a search.

No parser raises an error, whatever the reply: `problems` names what could not be read, and the rest is listed.
"""

from __future__ import annotations

from crawler.dw.lists.feed import parse_feed
from crawler.dw.lists.listpage import Listed, ListPage, Problem
from crawler.dw.lists.section import parse_section
from crawler.dw.lists.sitemap import iter_sitemap
from crawler.dw.lists.starts import (
    CHANNELS,
    COMMENTS,
    UnreadableSeed,
    Window,
    edition_urls,
    language_id,
    mediacenter_url,
    parse_window,
    search_url,
)
from crawler.dw.lists.teasers import parse_mediacenter, parse_search

__all__ = [
    "CHANNELS",
    "COMMENTS",
    "ListPage",
    "Listed",
    "Problem",
    "UnreadableSeed",
    "Window",
    "edition_urls",
    "iter_sitemap",
    "language_id",
    "mediacenter_url",
    "parse_feed",
    "parse_mediacenter",
    "parse_search",
    "parse_section",
    "parse_window",
    "search_url",
]
