"""Parse www.dw.com: pages of every layout since 2012, and replies of the graph API behind the pages.

parse: a page. parse_graph: a reply of `/graph-api/{language}/content/{kind}/{id}`. Nothing outside this folder knows
what DW's pages look like. Source: section 6 of our notes on DW's data.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from parsel import Selector

from crawler.dw import decoding
from crawler.dw.article import Article, Paragraph, Picture, check_usable
from crawler.dw.pages import jsonld, markup, state
from crawler.dw.pages.tree import tree
from crawler.dw.values import json_object
from crawler.exceptions import UnreadableReply
from crawler.sanitise import Markup
from crawler.urls import DW, Sites

__all__ = ["WEAK_ORIGINS", "parse", "parse_graph"]

WEAK_ORIGINS = frozenset({"page:json-ld"})
"""Origins of articles that lack something. A document from a better origin replaces such a one as soon as there is one."""


def parse(body: bytes, dw_id: int, language: str | None = None, charset: str = "", sites: Sites = DW) -> Article:
    """Return the article of a page.

    body: the page, unchanged. charset: that of the HTTP header, as in `decoding.page`. dw_id, language: as requested,
    used if the page does not name its own. sites: whose media it may name. Article.origin names what was read:
    page:app-state, page:apollo, page:react and page:classic (the layouts' own markup), page:json-ld, in this order; what
    one leaves open is filled from the JSON-LD.
    Raises UnreadableReply, which names what was missing from each.
    """
    try:
        html = decoding.page(body, charset)
        page = tree(html)
        return _first_readable(html, page, dw_id, language, sites)
    except RecursionError as error:
        raise UnreadableReply(f"page of {dw_id}: nested too deep") from error


def _first_readable(html: str, page: Selector, dw_id: int, language: str | None, sites: Sites) -> Article:
    described, problems = None, []
    try:
        described = jsonld.from_page(page, dw_id, sites)
    except UnreadableReply as error:
        problems.append(str(error))
    readers: dict[str, Callable[[], Article]] = {
        "page:app-state": lambda: state.from_app_state(state.inline_state(html, "__APP_STATE__"), dw_id, sites),
        "page:apollo": lambda: state.from_apollo(state.inline_state(html, "__APOLLO_STATE__"), dw_id, sites),
        "page:react": lambda: markup.from_react(page, dw_id, sites),
        "page:classic": lambda: markup.from_classic(page, dw_id, sites),
    }
    for origin, read in readers.items():
        try:
            article = read()
            check_usable(article)
        except UnreadableReply as error:
            problems.append(str(error))
            continue
        article.origin = origin
        article.language = article.language or markup.page_language(page) or language
        return _dated(_filled(article, described) if described else article, page)
    if described and (found := _alone(described, markup.page_description(page))):
        return _dated(replace(found, language=found.language or markup.page_language(page) or language), page)
    raise UnreadableReply(f"page of {dw_id}: {'; '.join(problems)}"[:1000])


def _alone(described: Article, description: Markup) -> Article | None:
    """Return an article made of JSON-LD alone, with its teaser as the text if there is none.

    None if there is neither text nor teaser nor picture, nor a file to play.
    """
    teaser = described.teaser or description
    if described.kind in ("video", "audio"):
        return replace(described, teaser=teaser, origin="page:json-ld") if described.video or teaser else None
    blocks = described.blocks or ((Paragraph(teaser),) if teaser else ())
    if not blocks and not described.main_picture:
        return None
    return replace(described, teaser=teaser, blocks=blocks, origin="page:json-ld")


def parse_graph(
    body: bytes, dw_id: int, language: str | None = None, kind: str = "article", charset: str = "", sites: Sites = DW
) -> Article:
    """Return the article of a reply of the graph API.

    dw_id, language, kind: as requested, used if the reply does not name its own. charset: as in
    `decoding.json_reply`. sites: whose media it may name.
    Raises UnreadableReply if there is no JSON object, no content, no usable title or no usable body.
    """
    try:
        reply = decoding.json_reply(body, charset)
        article = state.from_reply(json_object(reply), dw_id, kind, language, sites)
    except (ValueError, RecursionError) as error:
        raise UnreadableReply(f"graph API, {kind} {dw_id}: {type(error).__name__} {str(error)[:80]}") from error
    check_usable(article)
    article.origin = "graph-api"
    article.language = article.language or language
    return article


def _has_time(article: Article) -> bool:
    """Whether the date of an article is exact. The titles of pages name the day alone."""
    is_day = article.display_date.endswith("T00:00:00.000Z") and article.origin in ("page:react", "page:classic")
    return bool(article.display_date) and not is_day


def _dated(article: Article, page: Selector) -> Article:
    """Return an article with the exact time that the page declares, if nothing else names one."""
    if not _has_time(article) and (exact := markup.page_date(page)):
        article.display_date = exact
    return article


def _filled(article: Article, described: Article) -> Article:
    """Return an article completed from the page's JSON-LD. A date without a time counts as missing."""
    article.author = article.author or described.author
    article.teaser = article.teaser or described.teaser
    if article.kind in ("video", "audio"):
        article.video = article.video or described.video
        article.preview = article.preview or described.preview
    if described.display_date and not _has_time(article):
        article.display_date = described.display_date
    if article.kind in ("article", "liveblog") and not article.main_picture and described.main_picture:
        shown = {block.name.id for block in article.blocks if isinstance(block, Picture)}
        if described.main_picture.name.id not in shown:
            article.main_picture = described.main_picture
    return article
