"""Reader of a page's JSON-LD, which holds the head of an article but seldom its text."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from parsel import Selector

from crawler import normalise, sanitise, times, urls
from crawler.dw import decoding
from crawler.dw.article import Article, Picture
from crawler.dw.pages import addresses
from crawler.dw.pages.body import Body, escape
from crawler.dw.values import Json, author, json_object, objects, text
from crawler.exceptions import UnreadableReply
from crawler.urls import DW, Sites

_ARTICLES = re.compile(r"[A-Za-z]*Article|LiveBlogPosting")
_DEPTH = 4


def from_page(page: Selector, wanted: int, sites: Sites = DW) -> Article:
    """Return the article that a page's JSON-LD describes. Raises UnreadableReply if none does."""
    for script in page.xpath("//script[contains(@type, 'ld+json')]/text()").getall():
        try:
            described, _end = decoding.json_at(script.strip())
        except ValueError:
            continue
        for found in _articles(described, _DEPTH):
            if title := normalise.title(text(found.get("headline")) or text(found.get("name"))):
                return _article(found, title, wanted, sites)
    raise UnreadableReply("JSON-LD: no NewsArticle with a headline")


def _articles(value: object, depth: int) -> Iterator[Json]:
    """Yield the articles in an object, a list, or a `@graph`."""
    for item in objects(value) if depth else ():
        types = item.get("@type")
        if any(_ARTICLES.fullmatch(text(name)) for name in (types if isinstance(types, list) else [types])):
            yield item
        yield from _articles(item.get("@graph"), depth - 1)
        yield from _articles(item.get("mainEntity"), depth - 1)
    for item in value if isinstance(value, list) and depth else ():
        if isinstance(item, list):
            yield from _articles(item, depth - 1)


def _article(found: Json, title: str, wanted: int, sites: Sites) -> Article:
    page = found.get("mainEntityOfPage")
    url = text(page) or text(json_object(page).get("@id")) or text(found.get("url")) or text(found.get("@id"))
    target = urls.parse_target(addresses.absolute(url) or "")
    body = Body(sites, rendition=addresses.STANDARD_RENDITION)
    body.read_html(_as_html(text(found.get("articleBody"))))
    own = target.id if target and target.kind in urls.DOCUMENT_KINDS else None
    article = Article(
        id=own or wanted,
        kind=target.kind if target and target.kind in urls.DOCUMENT_KINDS else "article",
        title=title,
        language=(target.language if target else None) or _language(found),
        author=author(*_names(found.get("author"))),
        display_date=times.canonical(text(found.get("datePublished"))) or times.canonical(text(found.get("dateModified"))),
        teaser=sanitise.safe_markup(escape(text(found.get("description")))),
        main_picture=_picture(found.get("image"), body.refused),
        blocks=tuple(body.blocks),
        galleries=tuple(body.galleries),
        skipped=tuple(body.skipped),
    )
    article.refused = tuple(dict.fromkeys(body.refused))
    return article


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


def _picture(value: object, refused: list[str]) -> Picture | None:
    """Return the first picture of DW's: an address, an ImageObject, or a list of either."""
    for image in value if isinstance(value, list) else [value]:
        described = json_object(image)
        url = text(image) or text(described.get("url")) or text(described.get("contentUrl"))
        if url and (found := addresses.picture(url, refused, addresses.STANDARD_RENDITION)):
            return Picture(*found, caption=sanitise.safe_markup(escape(text(described.get("caption")))))
    return None
