"""The places to ask for a document, one after another."""

from __future__ import annotations

import json

import pytest

from crawler.dw import api, pages, places, render
from crawler.dw.article import Article
from crawler.dw.places import GRAPH, PAGE
from crawler.exceptions import UnreadableReply
from crawler.reasons import parse
from crawler.urls import DOCUMENT_KINDS, DW, LANGUAGES, Sites, Target, parse_target

ALL = DOCUMENT_KINDS
DEFAULT = ("article", "gallery", "video", "liveblog")


@pytest.mark.parametrize(
    ("kind", "place"),
    [
        ("article", "api:article"), ("video", "api:video"), ("audio", "api:audio"), ("gallery", "api:gallery"),
        ("liveblog", "api:article"),
    ],
)  # fmt: skip
def test_every_kind_is_requested_from_the_api_first(kind: str, place: str) -> None:
    assert places.first(kind) == place


@pytest.mark.parametrize(
    ("place", "kind", "language", "url"),
    [
        ("api:article", "article", "zh", "https://api.dw.com/api/detail/article/7"),
        ("api:video", "article", "zh", "https://api.dw.com/api/detail/video/7"),
        (GRAPH, "article", "zh", "https://www.dw.com/graph-api/zh/content/article/7"),
        (GRAPH, "gallery", "pt-br", "https://www.dw.com/graph-api/pt-br/content/image-gallery/7"),
        (GRAPH, "article", None, "https://www.dw.com/graph-api/en/content/article/7"),
        (PAGE, "article", "zh", "https://www.dw.com/zh/a-7"),
        (PAGE, "article", None, "https://www.dw.com/a-7"),
        (PAGE, "video", "en", "https://www.dw.com/en/video-7"),
        (PAGE, "gallery", "en", "https://www.dw.com/en/g-7"),
        (PAGE, "liveblog", "en", "https://www.dw.com/en/live-7"),
        (PAGE, "audio", "en", "https://www.dw.com/en/audio-7"),
    ],
)
def test_place_has_this_address(place: str, kind: str, language: str | None, url: str) -> None:
    assert places.url(place, kind, 7, language, DW) == url


@pytest.mark.parametrize(
    ("place", "origin", "gives"),
    [
        ("api:article", "api", True), ("api:video", "api", True), (GRAPH, "graph-api", True), (PAGE, "page:react", True),
        (GRAPH, "page:react", False), (PAGE, "graph-api", False), ("api:article", "graph-api", False), (PAGE, "api", False),
        ("api:article", "seed", False), (PAGE, "add", False), (GRAPH, "", False),
    ],
)  # fmt: skip
def test_a_validator_belongs_to_the_place_that_gave_it(place: str, origin: str, gives: bool) -> None:
    assert places.gives(place, origin) is gives


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_address_of_a_page_leads_to_its_document(kind: str, language: str) -> None:
    target = parse_target(places.url(PAGE, kind, 7, language, DW))
    assert target is not None
    assert (target.kind, target.id, target.language) == (kind, 7, language)


def test_addresses_are_on_the_configured_hosts() -> None:
    sites = Sites("http://a", "http://s", "http://w", "http://r")
    assert places.url("api:article", "article", 7, "zh", sites).startswith("http://a/")
    assert places.url(GRAPH, "article", 7, "zh", sites).startswith("http://w/")
    assert places.url(PAGE, "article", 7, "zh", sites).startswith("http://w/")


PASSING = ("status 503", "status 429", "timeout", "no connection: refused", "cut off", "unreadable: not JSON", "status 403")


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("api_works", [True, False])
@pytest.mark.parametrize("reason", PASSING)
def test_www_is_asked_for_documents_that_the_api_cannot_give(reason: str, api_works: bool, kind: str) -> None:
    assert places_asked(places.first(kind), reason, kind, api_works=api_works) == [places.first(kind), GRAPH, PAGE]


@pytest.mark.parametrize(
    ("kind", "kinds", "asked"),
    [
        ("article", ALL, ["api:article", "api:video", "api:gallery", "api:audio"]),
        ("article", DEFAULT, ["api:article", "api:video", "api:gallery"]),
        ("article", ("article",), ["api:article"]),
        ("video", ALL, ["api:video"]),
        ("liveblog", ALL, ["api:article", GRAPH, PAGE]),
    ],
)
def test_id_without_an_article_may_be_of_another_wanted_kind(kind: str, kinds: tuple[str, ...], asked: list[str]) -> None:
    assert places_asked(asked[0], "status 404", kind, kinds=kinds) == asked


@pytest.mark.parametrize("reason", ["status 404", "status 410"])
def test_404_of_an_api_that_gave_nothing_is_ignored(reason: str) -> None:
    assert places_asked("api:video", reason, "video", api_works=True) == ["api:video"]
    assert places_asked("api:video", reason, "video", api_works=False) == ["api:video", GRAPH, PAGE]


@pytest.mark.parametrize("reason", [*PASSING, "status 404", "status 410"])
def test_www_is_not_asked_for_documents_that_the_api_once_gave(reason: str) -> None:
    for api_works in (True, False):
        assert not {GRAPH, PAGE} & set(places_asked("api:article", reason, "article", pages_too=False, api_works=api_works))


@pytest.mark.parametrize("reason", [*PASSING, "status 404", "status 410"])
def test_page_is_the_last_place(reason: str) -> None:
    assert places_asked(GRAPH, reason, "article") == [GRAPH, PAGE]


def places_asked(
    place: str, reason: str, kind: str, *, kinds: tuple[str, ...] = ALL, pages_too: bool = True, api_works: bool = True
) -> list[str]:
    """Return the places that are asked, one after another, if each fails for the same reason."""
    asked = [place]
    while found := places.following(asked[-1], parse(reason), kind, kinds, pages_too=pages_too, api_works=api_works):
        asked.append(found)
        assert len(asked) < 10
    return asked


REPLY = {
    "type": "Article",
    "id": 7,
    "languageId": 4,
    "name": "A name",
    "body": [{"content": {"type": "Paragraph", "text": "A"}}],
}
CONTENT = {"__typename": "Article", "id": 7, "title": "A name", "text": "<p>A</p>"}
HTML = (
    '<html lang="zh"><body><script>window.__APP_STATE__='
    + json.dumps({"/graph-api/zh/content/article/7": {"data": {"content": CONTENT}}})
    + ";</script></body></html>"
)


@pytest.mark.parametrize(
    ("place", "body", "origin", "extension"),
    [
        ("api:article", json.dumps(REPLY), "api", "json"),
        (GRAPH, json.dumps({"data": {"content": CONTENT}}), "graph-api", "json"),
        (PAGE, HTML, "page:app-state", "html"),
    ],
)
def test_every_place_gives_the_same_article(place: str, body: str, origin: str, extension: str) -> None:
    article = places.read(place, body.encode(), 7, "article", "zh")
    assert (article.id, article.kind, article.title, article.language) == (7, "article", "A name", "zh")
    assert article.origin == origin
    assert [getattr(block, "html", None) for block in article.blocks] == ["A"]
    assert places.reply_extension(place) == extension


@pytest.mark.parametrize("place", ["api:article", GRAPH, PAGE])
@pytest.mark.parametrize("body", [b"", b"{}", b"<h1>Down for maintenance</h1>", b"\xff\xfe", b"[" * 100_000])
def test_reply_without_an_article_is_unreadable(place: str, body: bytes) -> None:
    with pytest.raises(UnreadableReply):
        places.read(place, body, 7, "article", "zh")


def test_reply_of_another_kind_keeps_the_requested_kind() -> None:
    reply = {"id": 7, "name": "A name", "teaser": "A teaser"}
    assert places.read("api:video", json.dumps(reply).encode(), 7, "article", "zh").kind == "video"


def test_weak_origins_are_those_without_the_whole_article() -> None:
    assert frozenset({"page:json-ld"}) == places.WEAK


@pytest.mark.parametrize("error", [RecursionError, KeyError, MemoryError, UnicodeError, AttributeError, OSError])
def test_every_error_of_a_reader_is_an_unreadable_reply(error: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise error("half a \ud83d\npair" * 20)

    for module, name in [(api, "parse"), (pages, "parse"), (pages, "parse_graph"),
                         (render, "document_of")]:  # fmt: skip
        monkeypatch.setattr(module, name, fails)
    for place in ("api:article", GRAPH, PAGE):
        with pytest.raises(UnreadableReply) as raised:
            places.read(place, b"{}", 7, "article", "zh")
        assert str(raised.value).startswith(f"{error.__name__} in test_places.py:")
        assert str(raised.value).isprintable()
        assert len(str(raised.value)) < 160
    with pytest.raises(UnreadableReply):
        places.document(Article(7, "article", "t"), 0, "zh")


@pytest.mark.parametrize(("named", "given", "language"), [("de", "zh", "de"), (None, "zh", "zh"), (None, None, "und")])
def test_the_document_of_an_article_is_under_a_language(named: str | None, given: str | None, language: str) -> None:
    article = Article(7, "article", "t", language=named)
    assert places.document(article, 5000, given).language == article.language == language


# --- from addresses to places ---


@pytest.mark.parametrize("sites", [DW, Sites("http://127.0.0.1:1", "http://127.0.0.1:2", "http://127.0.0.1:3/www", "http://h:4")])
@pytest.mark.parametrize("kind", DOCUMENT_KINDS)
@pytest.mark.parametrize("place", ["api", places.GRAPH, places.PAGE])
def test_address_of_a_place_leads_back_to_it(place: str, kind: str, sites: Sites) -> None:
    place = f"api:{kind}" if place == "api" else place
    found = places.asked_at(places.url(place, kind, 70000001, "zh", sites), sites)
    assert found == (place, Target(kind, 70000001, None if place.startswith("api:") else "zh"))


@pytest.mark.parametrize(
    "address",
    ["https://rss.dw.com/rdf/rss-chi-all", "https://www.dw.com/en/t-9058", "https://api.dw.com/api/navigation/en",
     "https://www.dw.com/graph-api/en/content/article/", "https://evil.example/en/a-7", "", "a-7"],
)  # fmt: skip
def test_other_addresses_are_of_no_place(address: str) -> None:
    assert places.asked_at(address, DW) is None
