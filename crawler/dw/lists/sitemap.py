"""Sitemaps and indexes of sitemaps, as www.dw.com has them.

Source: sitemaps.org 0.9 and Google's news extension; DW's own sitemaps were never recorded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from crawler import times
from crawler.dw.decoding import charset_of
from crawler.dw.lists.entries import Around, iter_entries
from crawler.dw.lists.listpage import Listed, Lost, Problem, followable, language_path, shorten
from crawler.dw.lists.unpacking import MAX_BYTES, chunks
from crawler.urls import DOCUMENT_KINDS, DW, Sites, parse_target

_ROOTS = ("urlset", "sitemapindex")
_FIELDS = frozenset({"loc", "lastmod", "language"})
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_MINUTE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(?:Z|[+-]\d\d:?\d\d)?")


def iter_sitemap(
    body: bytes | BinaryIO, sites: Sites = DW, max_bytes: int = MAX_BYTES, content_type: str = ""
) -> Iterator[Listed | str | Problem]:
    """Yield the entries of a sitemap, one by one and in constant memory; problems come last.

    body: plain or gzip, judged by its bytes; as bytes or as a seekable binary file at its start.
    max_bytes: how much is read of it, unpacked. content_type: of the reply; its charset comes before the body's own.
    Yields a Listed for each document of DW's, and for each entry of an index the address of that sitemap, on the configured
    hosts. An index may name itself, so a caller must remember which addresses it followed. Other addresses are counted in a
    Problem.
    """
    around = Around()
    foreign, pages = Lost("addresses that are not DW's"), Lost("pages of DW's that become no document")
    pieces = chunks(body, max_bytes, around.damage)
    for entry in iter_entries(pieces, _ROOTS, ("url", "sitemap"), _FIELDS, around, charset_of(content_type)):
        address = entry.fields.get("loc", "")
        target = parse_target(address, sites)
        if entry.tag == "sitemap" or (target and target.kind == "sitemap"):
            further = followable(address, sites)
            if further:
                yield further
            else:
                foreign.add(address)
        elif target is None:
            foreign.add(address)
        elif target.id is None or target.kind not in DOCUMENT_KINDS:
            pages.add(address)
        else:
            yield Listed(
                target.id,
                kind=target.kind,
                language=language_path(entry.fields.get("language", ""), target),
                modified_ms=_latest_ms(entry.fields.get("lastmod", "")),
                url=address,
            )
    if around.root and around.root.lower() not in _ROOTS:
        yield Problem(f"not a sitemap: its root element is {shorten(around.root)}")
    for text in (*around.problems, *foreign.sentences(), *pages.sentences()):
        yield Problem(text, around.is_damaged, around.is_cut)


def _latest_ms(lastmod: str) -> int | None:
    """Return the last millisecond that a `lastmod` can mean: a bare day covers changes until its end."""
    moment = times.parse_ms(lastmod)
    if moment is None:
        return None
    if _DAY.fullmatch(lastmod):
        return moment + 86_399_999
    return moment + 59_999 if _MINUTE.fullmatch(lastmod) else moment
