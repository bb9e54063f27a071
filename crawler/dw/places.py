"""Choose the places to ask for a document, in order: api.dw.com first, then www.dw.com if that gives nothing usable."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Collection, Iterator

from crawler.dw import api, pages, render
from crawler.dw.article import Article
from crawler.dw.bounds import bounded
from crawler.exceptions import UnreadableReply, described
from crawler.reasons import Reason, status
from crawler.seedfile import SeedDocument
from crawler.urls import DOCUMENT_KINDS, DW, UNKNOWN_LANGUAGE, Sites, Target, parse_target

GRAPH = "graph"
PAGE = "page"
WEAK = pages.WEAK_ORIGINS
"""Origins of articles that lack something. A document from a better origin replaces such a one as soon as there is one."""

# What an ArticleRef may turn out to be if detail/article says 404. [plausible, not recorded]
_OTHER_KINDS = ("video", "gallery", "audio")
_GRAPH_KINDS = {"article": "article", "video": "video", "audio": "audio", "gallery": "image-gallery", "liveblog": "liveblog"}
_GRAPH_PATH = re.compile(r"/graph-api/([a-z-]+)/content/([a-z-]+)/([0-9]{1,15})")


def first(kind: str) -> str:
    """Return the first place to ask for a document of a kind. A place is `api:<kind in the address>`, `graph` or `page`."""
    return "api:article" if kind == "liveblog" else f"api:{kind}"


def gives(place: str, origin: str) -> bool:
    """Whether replies of a place give documents of an origin."""
    kind = place.partition(":")[0]
    return kind == {"api": "api", "graph-api": GRAPH}.get(origin, PAGE if origin.startswith("page:") else None)


def url(place: str, kind: str, dw_id: int, language: str | None, sites: Sites) -> str:
    """Return the address of a place. language: a language path; without one www.dw.com redirects to the page."""
    if place == GRAPH:
        return f"{sites.www}/graph-api/{language or 'en'}/content/{_GRAPH_KINDS.get(kind, kind)}/{dw_id}"
    if place == PAGE:
        letter = {"article": "a", "video": "video", "audio": "audio", "gallery": "g", "liveblog": "live"}[kind]
        return f"{sites.www}/{language}/{letter}-{dw_id}" if language else f"{sites.www}/{letter}-{dw_id}"
    return sites.detail(place.removeprefix("api:"), dw_id)


def asked_at(address: str, sites: Sites) -> tuple[str, Target] | None:
    """Return the place and the document of an address, as `url` makes them, and of any page; None if it is no document's.

    >>> asked_at("https://www.dw.com/zh/any/a-67013665", DW)
    ('page', Target(kind='article', id=67013665, language='zh'))
    """
    if found := _GRAPH_PATH.fullmatch(address.removeprefix(sites.www)):
        kinds = {of_graph: kind for kind, of_graph in _GRAPH_KINDS.items()}
        return GRAPH, Target(kinds.get(found[2], "article"), int(found[3]), found[1])
    target = parse_target(address, sites)
    if target is None or target.id is None or target.kind not in DOCUMENT_KINDS:
        return None
    return (f"api:{target.kind}" if sites.canonical(address).startswith(DW.api + "/") else PAGE), target


def following(place: str, reason: Reason, kind: str, kinds: Collection[str], *, pages_too: bool, api_works: bool) -> str | None:
    """Return the next place to ask after a place gave nothing usable; None if there is none left.

    reason: why the last place gave nothing. kind: the presumed kind of the document. kinds: those that are wanted.
    pages_too: whether www.dw.com may be asked; False for what api.dw.com once gave, which a page does not replace.
    api_works: whether api.dw.com gave anything in this run.
    If the API answers 404 or 410, www.dw.com is not asked, unless the API gave nothing yet in this run, or the document is a
    liveblog, which the API may not have at all. A 404 of the graph API does not count: it knows a document only under its true
    kind, while a page redirects to it.
    """
    if place.startswith("api:") and reason == status(404) and kind == "article":
        asked = place.removeprefix("api:")
        order = ["article", *(other for other in _OTHER_KINDS if other in kinds)]
        if asked in order[:-1]:
            return f"api:{order[order.index(asked) + 1]}"
    is_believed = api_works and kind != "liveblog"
    if not pages_too or (place.startswith("api:") and reason.says_gone and is_believed):
        return None
    return {GRAPH: PAGE, PAGE: None}.get(place, GRAPH)


def read(
    place: str, body: bytes, dw_id: int, kind: str, language: str | None, sites: Sites = DW, charset: str = ""
) -> Article:
    """Return the article in a reply of a place, within the limits of `bounds`.

    sites: whose media it may name. charset: that of the HTTP header.

    Raises UnreadableReply for every error of a reader.
    """
    with _reading():
        if place == GRAPH:
            return bounded(pages.parse_graph(body, dw_id, language, kind, charset, sites=sites))
        if place == PAGE:
            return bounded(pages.parse(body, dw_id, language, charset, sites=sites))
        asked = place.removeprefix("api:") if kind == "article" else kind
        return bounded(api.parse(body, dw_id, asked, charset, sites=sites))


def document(article: Article, stamp_ms: int, language: str | None) -> SeedDocument:
    """Return the document of an article, and set the article's language. Raises UnreadableReply for every error.

    stamp_ms: when its reply came, milliseconds since 1970-01-01 UTC. language: used if the article names none.
    """
    with _reading():
        article.language = article.language or language or UNKNOWN_LANGUAGE
        return render.document_of(article, stamp_ms, article.language)


@contextlib.contextmanager
def _reading() -> Iterator[None]:
    """Raise UnreadableReply for every error inside."""
    try:
        yield
    except UnreadableReply:
        raise
    except Exception as error:  # RecursionError and MemoryError too: they concern this reply alone
        raise UnreadableReply(described(error)) from error


def reply_extension(place: str) -> str:
    """Return the format of a place's replies: `json` or `html`."""
    return "html" if place == PAGE else "json"
