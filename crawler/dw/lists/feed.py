"""RSS 1.0 (RDF), RSS 2.0 and Atom, as `https://rss.dw.com/rdf/{channel}`, `/xml/{channel}` and `/atom/{channel}` give them.

Source: section 5 of our notes on DW's data, and recorded feeds of 2015, 2020, 2022 and 2026. No Atom feed was
recorded: what is read of one is what RFC 4287 says.
"""

from __future__ import annotations

from collections.abc import Mapping

from crawler.dw.decoding import charset_of
from crawler.dw.lists.entries import Around, iter_entries
from crawler.dw.lists.listpage import Listed, ListPage, Lost, document, language_path, shorten
from crawler.dw.lists.unpacking import MAX_BYTES, chunks
from crawler.dw.values import number
from crawler.urls import DW, Sites, Target

_ROOTS = ("RDF", "rss", "feed")
_ENTRIES = ("item", "entry")
_FIELDS = frozenset({"contentID", "guid", "id", "link", "language", "lang"})


def parse_feed(body: bytes, content_type: str = "", sites: Sites = DW) -> ListPage:
    """Return the articles and liveblogs of a feed.

    body: the feed, plain or gzip. content_type: of the reply; its charset comes before the body's own.
    The id is dwsyn:contentID, else guid or Atom's id, else that of the link; the kind is the link's. The language is the
    item's dc:language or xml:lang, else the feed's language, else the link's.
    """
    around = Around()
    items: dict[int, Listed] = {}
    lost = Lost("items that name nothing of DW's")
    pieces = chunks(body, MAX_BYTES, around.damage)
    for entry in iter_entries(pieces, _ROOTS, _ENTRIES, _FIELDS, around, charset_of(content_type)):
        link = entry.fields.get("link", "")
        target = document(link, sites)
        if (own := _id_of(entry.fields, target, sites)) is None:
            lost.add(link or entry.fields.get("guid", "") or entry.fields.get("id", ""))
            continue
        named = (fields.get(name) for fields in (entry.fields, around.fields) for name in ("language", "lang"))
        declared = next(filter(None, named), "")
        items.setdefault(
            own,
            Listed(
                own,
                kind=target.kind if target and target.id == own else "article",
                language=language_path(declared, target),
                url=link if target else None,
            ),
        )
    problems = around.problems + lost.sentences()
    if around.root and around.root.lower() not in map(str.lower, _ROOTS):
        problems.insert(0, f"not a feed: its root element is {shorten(around.root)}")
    return ListPage(list(items.values()), problems=problems, is_damaged=around.is_damaged, is_cut=around.is_cut)


def _id_of(fields: Mapping[str, str], target: Target | None, sites: Sites) -> int | None:
    if found := number(fields.get("contentID")):
        return found
    for own in (fields.get("guid", ""), fields.get("id", "")):
        by_own = document(own, sites)
        if found := number(own) or (by_own.id if by_own else None):
            return found
    return target.id if target else None
