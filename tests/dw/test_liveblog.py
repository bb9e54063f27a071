"""The posts of a liveblog: their order, and the lines above each. Every post is invented."""

from __future__ import annotations

import json

import pytest

from crawler import seedfile
from crawler.dw import places, render
from crawler.dw.article import Article, Paragraph
from crawler.dw.liveblog import PostHead, newest_first
from crawler.sanitise import words

POSTS = [  # time, headline, author, text; not in order
    ("2026-06-13T22:05:00.000Z", "They are off", "Ada Marsh", "A splash."),
    ("2026-06-14T00:20:59.999Z", "Photo <finish>", "Ada Marsh, Bert Reed", "Number 12, by a beak."),
    ("2026-06-14T00:10:00.000Z", "", "", "Level at half way."),
]
SHOWN = [
    "What you need to know",
    "<strong>2026-06-14</strong>", "<strong>00:20 Photo &lt;finish&gt;</strong>", "<i>Ada Marsh, Bert Reed</i>",
    "Number 12, by a beak.",
    "<strong>00:10</strong>", "Level at half way.",
    "<strong>2026-06-13</strong>", "<strong>22:05 They are off</strong>", "<i>Ada Marsh</i>", "A splash.",
]  # fmt: skip


def above(*posts: PostHead) -> list[tuple[int, list[str]]]:
    return [(place, [paragraph.html for paragraph in paragraphs]) for place, paragraphs in newest_first(posts)]


def test_day_is_shown_where_it_changes() -> None:
    heads = [PostHead(time, words(headline), words(author)) for time, headline, author, _ in POSTS]
    assert [place for place, _ in above(*heads)] == [1, 2, 0]
    assert [line for _, lines in above(*heads) for line in lines] == [
        line for line in SHOWN[1:] if line not in {text for *_, text in POSTS}
    ]


def test_posts_keep_their_order_if_one_has_no_time() -> None:
    heads = [PostHead("2026-06-13T22:05:00Z"), PostHead(), PostHead("2026-06-14T00:20:00Z", words("b"))]
    assert above(*heads) == [
        (0, ["<strong>2026-06-13</strong>", "<strong>22:05</strong>"]), (1, []),
        (2, ["<strong>2026-06-14</strong>", "<strong>00:20 b</strong>"]),
    ]  # fmt: skip


def test_posts_of_the_same_time_keep_their_order() -> None:
    heads = [PostHead("2026-06-13T22:05:00Z", words(name)) for name in "ab"]
    assert [place for place, _ in above(*heads)] == [0, 1]


def api_reply() -> bytes:
    posts = [{"name": words(headline), "displayDate": time, "persons": author.split(", "), "body": [{"content": {
        "type": "Paragraph", "text": text}}]} for time, headline, author, text in POSTS]  # fmt: skip
    body = [{"content": {"type": "Paragraph", "text": "What you need to know"}}]
    return json.dumps({"type": "Liveblog", "id": 7, "name": "A race", "languageId": 2, "body": body, "posts": posts}).encode()


def entity() -> dict[str, object]:
    posts = [{"title": headline, "contentDate": time, "persons": [{"fullName": name} for name in author.split(", ")],
              "text": f"<p>{text}</p>"} for time, headline, author, text in POSTS]  # fmt: skip
    return {"__typename": "Liveblog", "id": 7, "title": "A race", "namedUrl": "/en/a-race/live-7",
            "text": "<div class='box'><p>What you need to know</p></div>", "posts": posts}  # fmt: skip


def graph_reply() -> bytes:
    return json.dumps({"data": {"content": entity()}}).encode()


def page_with_state() -> bytes:
    state = {"/graph-api/en/content/liveblog/7": {"data": {"content": entity()}}}
    return f"<html lang='en'><body><script>window.__APP_STATE__ = {json.dumps(state)};</script></body></html>".encode()


def page_with_json_ld() -> bytes:
    updates = [{"@type": "BlogPosting", "headline": headline, "datePublished": time, "articleBody": text,
                "author": author.split(", ")} for time, headline, author, text in POSTS]  # fmt: skip
    described = {"@type": "LiveBlogPosting", "headline": "A race", "url": "https://www.dw.com/en/a-race/live-7",
                 "articleBody": "What you need to know", "liveBlogUpdate": updates}  # fmt: skip
    return f"<html lang='en'><script type='application/ld+json'>{json.dumps(described)}</script></html>".encode()


PLACES = {
    "api": ("api:article", api_reply()), "graph": ("graph", graph_reply()), "state of a page": ("page", page_with_state()),
    "JSON-LD of a page": ("page", page_with_json_ld()),
}  # fmt: skip


def read(name: str) -> Article:
    place, reply = PLACES[name]
    return places.read(place, reply, 7, "liveblog", "en")


@pytest.mark.parametrize("name", PLACES)
def test_posts_are_the_same_from_every_place(name: str) -> None:
    article = read(name)
    assert article.kind == "liveblog"
    assert [block.html for block in article.blocks if isinstance(block, Paragraph)] == SHOWN


def test_liveblog_is_the_same_from_every_place() -> None:
    first, *others = (render.document_of(read(name), 0, "en") for name in PLACES)
    assert all(seedfile.says_the_same(first, other) for other in others)
