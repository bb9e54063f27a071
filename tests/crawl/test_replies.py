"""The meaning of a reply's status, and its headers as text."""

from __future__ import annotations

import pytest
from scrapy import Request
from scrapy.http import Response

from crawler.crawl.replies import charset, conditions, fault, header, is_unchanged


@pytest.mark.parametrize(
    ("etag", "last_modified", "headers"),
    [
        ("", "", {}),
        ('"7"', "", {"If-None-Match": '"7"'}),
        ("", "Mon", {"If-Modified-Since": "Mon"}),
        ('"7"', "Mon", {"If-None-Match": '"7"', "If-Modified-Since": "Mon"}),
    ],
)
def test_each_validator_makes_a_condition(etag: str, last_modified: str, headers: dict[str, str]) -> None:
    assert conditions(etag, last_modified) == headers
    asked = Response("https://api.dw.com/", status=304, request=Request("https://api.dw.com/", headers=headers))
    assert is_unchanged(asked) is bool(headers)
    assert fault(asked) == ("" if headers else "status 304")


def test_304_to_an_unconditional_request_is_a_fault() -> None:
    assert fault(Response("https://api.dw.com/", status=304)) == "status 304"


@pytest.mark.parametrize("status", [200, 203])
def test_these_replies_are_content(status: int) -> None:
    assert fault(Response("https://api.dw.com/", status=status, body=b"{}")) == ""


@pytest.mark.parametrize("body", [b"", b" \r\n\t", b"\xef\xbb\xbf", b"\0\0\n"])
def test_empty_content_is_a_temporary_fault(body: bytes) -> None:
    found = fault(Response("https://api.dw.com/", status=200, body=body))
    assert (found, found.may_pass) == ("status 200 with an empty body", True)
    assert fault(Response("https://api.dw.com/", status=200, body=body), may_be_empty=True) == ""


@pytest.mark.parametrize("status", [201, 202, 204, 205, 206, 226, 304, 408, 429, 500, 503, 599])
def test_these_faults_may_pass(status: int) -> None:
    found = fault(Response("https://api.dw.com/", status=status))
    assert (found, found.may_pass) == (f"status {status}", True)


@pytest.mark.parametrize("status", [300, 302, 305, 400, 401, 403, 404, 410, 451])
def test_these_faults_are_an_answer_of_dw(status: int) -> None:
    found = fault(Response("https://api.dw.com/", status=status))
    assert (found, found.may_pass) == (f"status {status}", False)


# ---- headers ----


def test_a_header_is_text_with_a_character_for_each_byte() -> None:
    response = Response("https://www.dw.com/", headers={"ETag": b'"\xe4\xff"'})
    assert header(response, "etag") == '"äÿ"'


def test_an_absent_header_is_empty() -> None:
    assert header(Response("https://www.dw.com/"), "ETag") == ""


@pytest.mark.parametrize(
    ("content_type", "named"), [("text/html; charset=UTF-8", "utf-8"), ("text/html", ""), ("", ""), ("text/html; charset=", "")]
)
def test_charset_is_that_of_the_content_type(content_type: str, named: str) -> None:
    assert charset(Response("https://www.dw.com/", headers={"Content-Type": content_type})).lower() == named
