"""Parse a page's JSON-LD, which holds the head of an article but seldom its text."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from parsel import Selector

from crawler import normalise, sanitise, times, urls
from crawler.dw import decoding, liveblog
from crawler.dw.article import Article, Picture, Video
from crawler.dw.pages import addresses
from crawler.dw.pages.body import Body, escape
from crawler.dw.values import Json, author, json_object, objects, text
from crawler.exceptions import UnreadableReply
from crawler.urls import DW, Sites

_ARTICLES = re.compile(r"[A-Za-z]*Article|LiveBlogPosting")
_MEDIA = {"VideoObject": "video", "AudioObject": "audio"}  # of a page without an article [client code]
_DATES = ("datePublished", "uploadDate", "dateModified")
_DEPTH = 4


def from_page(page: Selector, wanted: int, sites: Sites = DW) -> Article:
    """Return the article that a page's JSON-LD describes. Raises UnreadableReply if none does."""
    found: list[Json] = []
    for script in page.xpath("//script[contains(@type, 'ld+json')]/text()").getall():
        try:
            described, _end = decoding.json_at(script.strip())
        except ValueError:
            continue
        found += _things(described, _DEPTH)
    for thing in sorted(found, key=_media_kind):  # an article first, which may hold a video
        if title := normalise.title(text(thing.get("headline")) or text(thing.get("name"))):
            return _article(thing, title, wanted, sites)
    raise UnreadableReply("JSON-LD: no NewsArticle or VideoObject with a headline")


def _things(value: object, depth: int) -> Iterator[Json]:
    """Yield the articles, videos and audio in an object, a list, or a `@graph`."""
    for item in objects(value) if depth else ():
        if any(_ARTICLES.fullmatch(name) or name in _MEDIA for name in _types(item)):
            yield item
        yield from _things(item.get("@graph"), depth - 1)
        yield from _things(item.get("mainEntity"), depth - 1)
    for item in value if isinstance(value, list) and depth else ():
        if isinstance(item, list):
            yield from _things(item, depth - 1)


def _types(item: Json) -> list[str]:
    types = item.get("@type")
    return [text(name) for name in (types if isinstance(types, list) else [types])]


def _media_kind(item: Json) -> str:
    """Return video or audio; empty for an article."""
    names = _types(item)
    return "" if any(map(_ARTICLES.fullmatch, names)) else next(_MEDIA[name] for name in names if name in _MEDIA)


def _article(found: Json, title: str, wanted: int, sites: Sites) -> Article:
    page = found.get("mainEntityOfPage")
    url = text(page) or text(json_object(page).get("@id")) or text(found.get("url")) or text(found.get("@id"))
    target = urls.parse_target(addresses.absolute(url) or "")
    body = Body(sites, width=sites.picture_width)
    body.read_html(_as_html(text(found.get("articleBody"))))
    updates = objects(found.get("liveBlogUpdate"))
    for n, above in liveblog.newest_first([_head(update) for update in updates]):
        body.blocks += above
        body.read_html(_as_html(text(updates[n].get("articleBody"))))
    own = target.id if target and target.kind in urls.DOCUMENT_KINDS else None
    of_media = _media_kind(found)
    article = Article(
        id=own or wanted,
        kind=of_media or (target.kind if target and own else "liveblog" if "LiveBlogPosting" in _types(found) else "article"),
        title=title,
        language=(target.language if target else None) or _language(found),
        author=author(*_names(found.get("author"))),
        display_date=next(filter(None, (times.canonical(text(found.get(name))) for name in _DATES)), ""),
        teaser=sanitise.safe_markup(escape(text(found.get("description")))),
        main_picture=_picture(found.get("image"), body),
        blocks=tuple(body.blocks),
        galleries=tuple(body.galleries),
        skipped=tuple(body.skipped),
    )
    if of_media:
        source = addresses.media_file([text(found.get("contentUrl")), text(found.get("embedUrl"))], sites, body.refused)
        article.video = Video(source) if source else None
        article.preview = _picture(found.get("thumbnailUrl") or found.get("thumbnail"), body) or article.main_picture
        article.main_picture = None
    article.refused = tuple(dict.fromkeys(body.refused))
    return article


def _head(update: Json) -> liveblog.PostHead:
    """Return the head of an update of a LiveBlogPosting. [assumed: schema.org's keys]"""
    headline = sanitise.safe_markup(escape(text(update.get("headline")) or text(update.get("name"))).strip())
    time = times.canonical(text(update.get("datePublished")))
    return liveblog.PostHead(time, headline, author(*_names(update.get("author"))))


def _as_html(words: str) -> str:
    """Return a text as HTML: unchanged if it is HTML, else with a paragraph for each line."""
    if re.search(r"<(?:p|div|br|h[1-6])\b", words, re.IGNORECASE):
        return words
    return "<p>" + "</p><p>".join(html.escape(words, quote=False).splitlines()) + "</p>"


def _language(found: Json) -> str | None:
    language = text(found.get("inLanguage")).lower()
    return language if language in urls.LANGUAGES else None


def _names(value: object) -> Iterator[str]:
    for person in value if isinstance(value, list) else [value]:
        yield text(person) or text(json_object(person).get("name"))


def _picture(value: object, body: Body) -> Picture | None:
    """Return the first picture of DW's: an address, an ImageObject, or a list of either."""
    for image in value if isinstance(value, list) else [value]:
        described = json_object(image)
        url = text(image) or text(described.get("url")) or text(described.get("contentUrl"))
        if url and (found := addresses.picture(url, body.refused, body.width)):
            caption = sanitise.safe_markup(escape(text(described.get("caption"))))
            return Picture(found.name, found.address, caption, found.others)
    return None
