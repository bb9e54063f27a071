"""Parse the markup of pages: the classic layout (2012 to 2023-05) and the React layout (since 2023-06).

Source: pages recorded from 2019 to 2023-06, of articles since 2011; pages from before 2012 were never seen. The
classic layout labels its facts in the page's language, so that they are read by position and form, not by label alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

from parsel import Selector

from crawler import normalise, sanitise, times, urls
from crawler.dw.article import Article, Paragraph, Picture
from crawler.dw.pages import addresses
from crawler.dw.pages.body import Body, escape
from crawler.dw.pages.tree import classes, split
from crawler.dw.renditions import STANDARD_WIDTH
from crawler.dw.values import author
from crawler.exceptions import UnreadableReply
from crawler.sanitise import NOTHING, Markup
from crawler.urls import DW, Sites, Target

_DAY = re.compile(r"(?<!\d)(\d{1,2})[./-](\d{1,2})[./-](\d{4})(?!\d)")
_AUTHOR_LABEL = re.compile(r"\s*(?:aut|авт|συντ|اتور|作者|نویسنده|کاتب|الكاتب|लेखक|yazar|penulis|marubuci)", re.IGNORECASE)
_BYLINE = re.compile(
    r"(?:Autor(?:in|en|innen)?|Authors?|Auteure?s?)(?:\s*/\s*\w+)?\s*:\s*"
    r"(\S.{0,79}?)(?:[\s/|,;–-]+(?:Redaktion|Editors?|Edition|Rédaction)\s*:.*)?",
    re.IGNORECASE,
)


def from_react(page: Selector, wanted: int, sites: Sites = DW) -> Article:
    """Return the article of a page in the React layout. Raises UnreadableReply if there is no headline or text."""
    root = next(iter(page.xpath("//article[.//h1]") or page.xpath("//main[.//h1]")), None)
    texts, others = split(root.root, "rich-text") if root is not None else ([], [])
    if root is None or not texts:
        raise UnreadableReply("React layout: no h1 with a div.rich-text")
    body = Body(sites, width=sites.picture_width)
    teaser = ".//p[has-class('teaser-text')]"
    article = _head(page, root, wanted, body, teaser if root.xpath(teaser) else ".//header/p")
    details = split(root.root, "author-details")[0] or split(root.root, "author-link")[0]
    names = (found for part in details for found in split(part, "author", "author-link")[0])
    article.author = author(*map(_name, names))
    figures = (element for element in others if element.tag == "figure")
    article.main_picture = next(filter(None, map(body.picture, figures)), None)
    return _read(article, texts, body)


def from_classic(page: Selector, wanted: int, sites: Sites = DW) -> Article:
    """Return the article of a page in the classic layout. Raises UnreadableReply if there is no headline or text."""
    root = next(iter(page.css("#bodyContent") or page.css("div.col3")), None)
    if root is None or not root.xpath(".//h1"):
        raise UnreadableReply("classic layout: no h1 in #bodyContent")
    root = next(iter(root.xpath(".//div[has-class('col3')][.//h1]")), root)
    # such a page names the rendition that the format shows, or the one that an old picture has
    body = Body(sites, width=None if sites.picture_width == STANDARD_WIDTH else sites.picture_width)
    article = _head(page, root, wanted, body, ".//p[has-class('intro')]")
    _add_facts(article, page)
    texts, others = split(root.root, "longtext")
    if article.kind in ("video", "audio"):
        article.video = body.media(root.root)
        article.preview = _preview(others, body)
    elif article.kind == "gallery":
        article.slides = body.slides(root.root)
    else:
        boxes = (element for element in others if "picbox" in classes(element))
        article.main_picture = next(filter(None, map(body.picture, boxes)), None) or _preview(others, body)
    if not texts and article.display_date:  # a page without a date may be any page, such as "not found"
        texts = _loose_texts(root.root)
    article = _read(article, texts, body)
    article.author = article.author or _byline(article, root)
    return article


def _head(page: Selector, root: Selector, wanted: int, body: Body, teaser: str) -> Article:
    target = page_target(page)
    teasers = (body.inline(element.root) for element in root.xpath(teaser))
    days = (_day(text) for text in page.xpath("//meta[@property='og:title']/@content | //head/title/text()").getall())
    return Article(
        id=target.id if target and target.id else wanted,
        kind=target.kind if target else "article",
        title=normalise.title(_words(root.xpath(".//h1")[0].root)),
        language=page_language(page),
        display_date=next(filter(None, days), ""),
        teaser=next(filter(None, teasers), NOTHING) or page_description(page),
    )


def _read(article: Article, texts: list[Any], body: Body) -> Article:
    if article.kind in ("article", "liveblog"):
        body.main_picture = article.main_picture.name.id if article.main_picture else None
        for part in texts:
            body.read(part)
        article.blocks, article.galleries = tuple(body.blocks), tuple(body.galleries)
    article.skipped, article.refused = tuple(body.skipped), tuple(dict.fromkeys(body.refused))
    return article


def page_target(page: Selector) -> Target | None:
    """Return the document that a page shows, by its canonical address or its address for sharing; None if neither names one."""
    for url in page.xpath("//link[@rel='canonical']/@href | //meta[@property='og:url']/@content").getall():
        target = urls.parse_target(addresses.absolute(url) or "")
        if target and target.kind in urls.DOCUMENT_KINDS:
            return target
    return None


def page_description(page: Selector) -> Markup:
    """Return the description of a page for search and sharing, as inline markup: the teaser."""
    described = page.xpath("//meta[@property='og:description' or @name='description']/@content").get("")
    return sanitise.safe_markup(escape(normalise.fold(described)))


def page_language(page: Selector) -> str | None:
    """Return the language path of a page: by its address, else by what its markup declares."""
    target = page_target(page)
    declared = page.xpath("/html/@lang | //meta[@name='language']/@content").getall()
    for language in (target.language if target else None, *declared):
        name = (language or "").strip().lower().replace("_", "-")
        for found in (name, name.split("-")[0]):
            if found in urls.LANGUAGES:
                return found
    return None


def page_date(page: Selector) -> str:
    """Return the exact time that a page of 2026 declares, UTC, as in Article.display_date; empty if it declares none."""
    return times.canonical(page.xpath("//meta[translate(@name, 'DATE', 'date') = 'date']/@content").get("").strip())


def _words(element: Any) -> str:
    return normalise.fold(element.xpath("string()"))


def _name(element: Any) -> str:
    """Return the name of an author, without the place that follows it on pages of 2026."""
    return normalise.fold("".join(element.xpath(".//text()[not(ancestor::*[contains(@class, 'extra-info')])]")))


def _day(text: str) -> str:
    """Return midnight UTC of a day written as 14.03.2023, since pages do not name the hour; empty if there is no such day."""
    for found in _DAY.finditer(text):
        try:
            day = date(int(found[3]), int(found[2]), int(found[1]))
        except ValueError:
            continue
        return f"{day.isoformat()}T00:00:00.000Z"
    return ""


def _add_facts(article: Article, page: Selector) -> None:
    """Set date and author from the list below the text: the first fact that is a date, and the one after it."""
    has_date = follows_date = False
    for fact, label, words in _facts(page.root):
        if not has_date and (day := _day(words)) and len(words) < 30:
            article.display_date, has_date, follows_date = day, True, True
            continue
        is_plain = follows_date and fact.find(".//a") is None and "://" not in words and not _DAY.search(words)
        if not article.author and (is_plain or _AUTHOR_LABEL.match(label)):
            article.author = author(words)
        follows_date = False


def _byline(article: Article, root: Selector) -> Markup:
    """Return the author named by a line at the end of a text, as on a page of 2011 (`Auteur : Ada Digue`), or of a gallery."""
    last = [block.html for block in article.blocks if isinstance(block, Paragraph)][-4:]
    lines = [normalise.text_of(line) for paragraph in last for line in paragraph.split("<br>")]
    if article.kind == "gallery":
        lines = [_words(found.root) for found in root.xpath(".//p[has-class('author')]")]
    return next((author(found[1]) for line in lines if (found := _BYLINE.fullmatch(line))), NOTHING)


def _facts(root: Any) -> Iterator[tuple[Any, str, str]]:
    """Yield items of a page's small lists with a label in bold: the item, its label, its other words."""
    for item in (item for found in split(root, "smalllist", "smalltext")[0] for item in found.iter("li")):
        if (label := item.find("strong")) is not None:
            words = "".join(item.xpath("./text() | ./*[not(self::strong)]//text()"))
            yield item, _words(label), normalise.fold(words).lstrip(": ")


def _preview(outside: list[Any], body: Body) -> Picture | None:
    """Return the preview image of a video, which takes the place of a picture. outside: the elements outside the text."""
    stills = (element.get("value", "") for element in outside if element.get("name") == "preview_image")
    found = next(filter(None, (addresses.picture(still, body.refused, body.width) for still in stills)), None)
    return Picture(found.name, found.address, others=found.others) if found else None


def _loose_texts(root: Any) -> list[Any]:
    """Return the elements that hold the text of a classic page without div.longText. [assumed]

    They are the groups beside the headline that hold paragraphs and no list of links, else the paragraphs beside it.
    """
    beside = [child for child in root if child.tag in ("div", "p")]
    groups = [child for child in beside if "group" in classes(child) and child.find("p") is not None]
    texts = [group for group in groups if group.find(".//ul") is None and not split(group, "linklist")[0]]
    return texts or [child for child in beside if child.tag == "p" and "intro" not in classes(child)]
