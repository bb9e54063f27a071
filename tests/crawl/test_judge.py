"""Judging replies, without an engine. The replies are invented."""

from __future__ import annotations

import dataclasses
import json

import pytest
from scrapy import Request
from scrapy.http import Response

from crawler.crawl.judge import Alias, Found, Missing, Unchanged, Unreadable, Unwanted, Verdict, judge
from crawler.crawl.replies import Reply, reply_of
from crawler.reasons import NONE, status
from crawler.storage.index.objects import ARCHIVED, PENDING, Row
from crawler.urls import DW, UNKNOWN_LANGUAGE, Target
from tests.conftest import NOW_MS

ID = 70000001
ROW = Row(ID, "", "article", PENDING, language="en", hop=2)
KINDS = ("article", "gallery")
URL = DW.detail("article", ID)
OTHER = Target("article", 70000002, "en")


def body(**keys: object) -> bytes:
    """A reply of api.dw.com."""
    content = [{"content": {"type": "Paragraph", "text": "Some words."}}]
    known = {"type": "Article", "id": ID, "languageId": 2, "name": "A title", "body": content}
    return json.dumps({**known, **keys}).encode()


SOUND = Reply("api:article", URL, body=body(), etag='"7"', last_modified="Mon", charset="utf-8")


def judged(reply: Reply, row: Row = ROW) -> Verdict:
    return judge(reply, row, KINDS, DW, NOW_MS, lambda dw_id: None)


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        (Reply("api:article", URL, 304, is_unchanged=True), Unchanged()),
        (Reply("api:article", URL, 404, fault=status(404)), Missing(status(404))),
        (Reply("page", URL, 503, body(), status(503)), Missing(status(503))),
        (Reply("api:article", URL, 301, fault=status(301), target=OTHER), Alias(OTHER)),
        (Reply("api:article", URL, 200, body(), target=OTHER), Alias(OTHER)),
        (Reply("api:article", URL, 304, is_unchanged=True, target=OTHER), Alias(OTHER)),
    ],
)
def test_reply_gets_this_verdict(reply: Reply, verdict: Verdict) -> None:
    assert judged(reply) == verdict


@pytest.mark.parametrize("data", [b"", b"{", b"null", b"[]", b"7", b"<html></html>", b"\xff\xfe", b"[" * 100_000])
@pytest.mark.parametrize("place", ["api:article", "api:video", "graph", "page"])
def test_reply_that_holds_no_article_is_unreadable(place: str, data: bytes) -> None:
    verdict = judged(dataclasses.replace(SOUND, place=place, body=data))
    assert isinstance(verdict, Unreadable)
    assert verdict.problem
    assert verdict.reason == f"unreadable: {verdict.problem}"


def test_article_of_an_unwanted_kind_is_judged_unwanted() -> None:
    assert judge(SOUND, ROW, ("gallery", "video"), DW, NOW_MS, lambda dw_id: None) == Unwanted("article")


def test_found_article_keeps_the_data_of_its_reply() -> None:
    verdict = judged(SOUND)
    assert isinstance(verdict, Found)
    item = verdict.item
    assert (item.article.id, item.article.kind, item.article.title) == (ID, "article", "A title")
    assert (item.requested, item.reply, item.url, item.stamp_ms, item.hop) == (ID, SOUND.body, URL, NOW_MS, 2)
    assert (item.etag, item.last_modified, item.reply_extension, item.charset) == ('"7"', "Mon", "json", "utf-8")
    assert item.document.stamp_ms == NOW_MS
    assert "<p>Some words.</p>" in item.document.html


def test_article_with_another_id_keeps_the_requested_one() -> None:
    verdict = judged(dataclasses.replace(SOUND, body=body(id=70000009)))
    assert isinstance(verdict, Found)
    assert (verdict.item.requested, verdict.item.article.id) == (ID, 70000009)


@pytest.mark.parametrize(
    ("said", "of_row", "known", "language"),
    [(2, "zh", "de", "en"), (None, "zh", "de", "zh"), (None, None, "de", "de"), (None, None, None, UNKNOWN_LANGUAGE)],
)
def test_language_is_that_of_the_reply_or_else_the_known_one(
    said: int | None, of_row: str | None, known: str | None, language: str
) -> None:
    row = ROW._replace(language=of_row)
    asked: list[int] = []

    def language_of(dw_id: int) -> str | None:
        asked.append(dw_id)
        return known

    verdict = judge(dataclasses.replace(SOUND, body=body(languageId=said)), row, KINDS, DW, NOW_MS, language_of)
    assert isinstance(verdict, Found)
    assert verdict.item.article.language == language
    assert set(asked) <= {ID}


def test_archived_document_is_judged_like_any_other() -> None:
    archived = ROW._replace(state=ARCHIVED, path="en/70000001.txt", origin="api")
    assert isinstance(judged(SOUND, archived), Found)
    assert judged(Reply("api:article", URL, 410, fault=status(410)), archived) == Missing(status(410))


def test_reply_is_made_of_a_response_and_the_meta_of_its_request() -> None:
    request = Request(URL, meta={"alias_of": OTHER}, headers={"If-None-Match": '"7"'})
    headers = {"ETag": '"8"', "Last-Modified": "Tue", "Content-Type": "application/json; charset=latin-1"}
    made = reply_of(Response(URL, 304, headers, b"words", request=request), "api:article")
    assert made == Reply(
        "api:article", URL, 304, b"words", NONE, True, OTHER, '"8"', "Tue", "application/json; charset=latin-1", "latin-1"
    )
    assert "words" not in repr(made)
