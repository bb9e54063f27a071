"""Pages of teasers: `/api/search/global` and `/api/list/mediacenter/{languageId}`.

Source: section 2 of our notes on DW's data; a recorded search page of 2022, two recorded media pages.
"""

from __future__ import annotations

import contextlib
import re

from crawler.dw import decoding
from crawler.dw.lists.listpage import Listed, ListPage, Lost, document, followable, shorten
from crawler.dw.values import Json, json_object, number
from crawler.urls import DW, LANGUAGE_IDS, Sites

# by type without its end: VideoRef and VideoTeaser were recorded; a commentary's id is that of an article
_KINDS = {"article": "article", "comment": "article", "video": "video", "audio": "audio", "gallery": "gallery",
          "imagegallery": "gallery", "liveblog": "liveblog"}  # fmt: skip
_TYPE_END = re.compile(r"(?:ref|teaser)?$")
_KNOWN_KEYS = frozenset(  # of a page, its paginationInfo, its teasers and their references
    "items paginationInfo filterParameters languageId resultCount trackingInfo type name availableItems availablePages "
    "currentPage firstItem lastItem itemsOnPage pageSize nextPageUrl previousPageUrl allowedColumnCounts columnCount "
    "commentsEnabled displayDate duration image imageCount programId reference teaserText id url".split()
)
_BETWEEN = re.compile(r"[\s,]*+")
_PAGE_INDEX = re.compile(r"[?&]pageIndex=([0-9]{1,9})(?:&|$)")


def parse_search(body: bytes, sites: Sites = DW, charset: str = "") -> ListPage:
    """Return a page of `/api/search/global`; `more` holds the next page, `total` is availableItems.

    charset: that of the HTTP header, as in `decoding.json_reply`.
    Teasers that are `{}` and SearchRefs name no document by design and are skipped; other unreadable ones are a problem. Of a
    reply that was cut, the items before the cut are read.
    """
    return _parse_page(body, sites, charset)


def parse_mediacenter(body: bytes, sites: Sites = DW, charset: str = "") -> ListPage:
    """Return a page of `/api/list/mediacenter/{languageId}`: videos, audio and galleries; otherwise as `parse_search`."""
    return _parse_page(body, sites, charset)


def _parse_page(body: bytes, sites: Sites, charset: str) -> ListPage:
    broken, is_cut = [], False
    try:
        reply = decoding.json_reply(body, charset)
    except ValueError as error:
        reply, is_cut = _salvaged(decoding.decode(body, charset))
        broken = [f"{'broken' if reply else 'not'} JSON: {shorten(str(error))}"]
        if not reply:
            return ListPage(problems=broken)
    if not isinstance(reply, dict):
        return ListPage(problems=[f"JSON, but not an object: {type(reply).__name__}"])
    info = json_object(reply.get("paginationInfo"))
    teasers = reply.get("items")
    total = 0 if info.get("availableItems") == 0 else number(info.get("availableItems"))
    is_empty = teasers is None and total == 0
    problems = [] if isinstance(teasers, list) or is_empty else ["no list of items"]
    language = LANGUAGE_IDS.get(number(reply.get("languageId")) or 0)
    items: dict[int, Listed] = {}
    lost = Lost("items that name nothing readable")
    keys = {*reply, *info}
    for teaser in teasers if isinstance(teasers, list) else ():
        reference = _reference(json_object(teaser))
        keys.update(teaser if isinstance(teaser, dict) else (), reference)
        if listed := _listed(reference, language, sites):
            items.setdefault(listed.id, listed)
        elif teaser != {} and reference.get("type") != "SearchRef":
            lost.add(f"{reference.get('type')} {reference.get('id')}")
    page, pages = number(info.get("currentPage")), number(info.get("availablePages"))
    more = _next_page(info.get("nextPageUrl"), page, pages, sites, problems)
    unknown = tuple(sorted({key[:80] for key in keys} - _KNOWN_KEYS))
    return ListPage(
        list(items.values()), more, broken + problems + lost.sentences(), total, pages, is_damaged=is_cut, is_cut=is_cut,
        unknown_keys=unknown, content_types=_content_types(json_object(reply.get("filterParameters"))),
    )  # fmt: skip


def _salvaged(text: str) -> tuple[Json, bool]:
    """Return what can be read of a page that is not valid JSON, and whether its end was lost; empty if it is no such page.

    The end is not lost if the object is whole and text stands before or behind it.
    """
    found: Json = {}
    with contextlib.suppress(ValueError):
        whole, _ = decoding.json_at(text, text.find("{"))
        if isinstance(whole, dict) and "items" in whole:
            return whole, False
    for name in ("languageId", "paginationInfo"):
        if key := re.search(rf'"{name}"\s*:\s*', text):
            with contextlib.suppress(ValueError):
                value, end = decoding.json_at(text, key.end())
                if end < len(text):  # else it may be half a number
                    found[name] = value
    if start := re.search(r'"items"\s*:\s*\[', text):
        found["items"], position = [], start.end()
        with contextlib.suppress(ValueError):
            while True:
                item, position = decoding.json_at(text, _BETWEEN.match(text, position).end())  # type: ignore[union-attr]
                found["items"].append(item)
    return found, True


def _reference(teaser: Json) -> Json:
    """Return the reference of a teaser. One without a type has the teaser's; without any, the teaser may be one itself."""
    if reference := json_object(teaser.get("reference")):
        return reference if reference.get("type") else {**reference, "type": teaser.get("type")}
    return teaser if _kind(teaser) and "id" in teaser else {}


def _kind(reference: Json) -> str | None:
    """Return the kind of document that the type of a teaser or of a reference tells; None if it tells none."""
    kind = reference.get("type")
    return _KINDS.get(_TYPE_END.sub("", kind.lower(), count=1)) if isinstance(kind, str) else None


def _content_types(parameters: Json) -> frozenset[str]:
    named = (value for key, value in parameters.items() if key.lower().endswith("contenttypes") and isinstance(value, list))
    return frozenset(name for names in named for name in names if isinstance(name, str))


def _listed(reference: Json, language: str | None, sites: Sites) -> Listed | None:
    url = reference.get("url")
    target = document(url, sites) if isinstance(url, str) else None
    own = number(reference.get("id")) or (target.id if target else None)
    kind = _kind(reference) or (target.kind if target else None)
    if own is None or kind is None:
        return None
    return Listed(own, kind, language)


def _next_page(url: object, page: int | None, pages: int | None, sites: Sites, problems: list[str]) -> list[str]:
    if not isinstance(url, str) or not url:
        return []
    if page and pages and page >= pages:
        problems.append(f"page {page} of {pages} names a next page: not followed")
        return []
    index = _PAGE_INDEX.search(url)
    if page and index and int(index[1]) <= page:
        problems.append(f"page {page} names page {int(index[1])} as its next: not followed")
        return []
    if address := followable(url, sites):
        return [address]
    problems.append("its next page is not on DW's hosts: not followed")
    return []
