"""Canonical text and times. Words are invented."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler import normalise

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@pytest.mark.parametrize(
    ("text", "folded"),
    [("", ""), ("  a \t b\n\nc ", "a b c"), ("a\u00a0b\u3000c", "a b c"), ("e\u0301", "\u00e9"), ("\u200b", "\u200b")],
)
def test_fold(text: str, folded: str) -> None:
    assert normalise.fold(text) == folded


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("  Trailing space ", "Trailing space"),
        ("Two  spaces stay", "Two  spaces stay"),
        ("A break\r\nbecomes a space", "A break becomes a space"),
        ("One\u2028line\x85only", "One line only"),
        ("No-break space at the end\u00a0", "No-break space at the end"),
        ("Cafe\u0301", "Caf\u00e9"),
        ("[a](b)?", "[a](b)?"),
    ],
)
def test_title(text: str, title: str) -> None:
    assert normalise.title(text) == title


@pytest.mark.parametrize(
    ("names", "author"),
    [
        ([], ""),
        ([""], ""),
        (["null"], ""),
        (["null Lee"], "Lee"),
        (["Ann  Example"], "Ann Example"),
        (["     Ann（desk）"], "Ann（desk）"),
        (["Nullmeier"], "Nullmeier"),
        (["Ann", "Bob"], "Ann, Bob"),
        (["Ann", "", "null", "Ann"], "Ann"),
    ],
)
def test_author(names: list[str], author: str) -> None:
    assert normalise.author(*names) == author


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2023-10-06T01:48:46.923Z", "2023-10-06T01:48:46.923Z"),
        ("2023-10-06T01:48:46Z", "2023-10-06T01:48:46Z"),
        (" 2023-10-06T01:48:46Z\n", "2023-10-06T01:48:46Z"),
        ("2023-10-06T03:48:46.923+02:00", "2023-10-06T01:48:46.923Z"),
        ("2023-10-06T03:48:46+0200", "2023-10-06T01:48:46.000Z"),
        ("2023-10-06T01:48:46", "2023-10-06T01:48:46.000Z"),
        ("2023-10-06", "2023-10-06T00:00:00.000Z"),
        ("2023-13-06T01:48:46Z", ""),
        ("0001-01-01T00:00:00+23:59", ""),
        ("9999-12-31T23:59:59-23:59", ""),
        ("yesterday", ""),
        ("", ""),
        ("1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z"),
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("0001-01-01T12:00:00+01:00", "0001-01-01T11:00:00.000Z"),
        ("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"),
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z"),
        ("2016-12-31T23:59:60.500Z", "2016-12-31T23:59:59.500Z"),
        ("2017-01-01T05:29:60+05:30", "2016-12-31T23:59:59.000Z"),
        ("20161231T235960Z", "2016-12-31T23:59:59.000Z"),
        ("2023-10-06T07:18:46+05:30", "2023-10-06T01:48:46.000Z"),
        ("2023-10-06T07:18:46+0530", "2023-10-06T01:48:46.000Z"),
        ("2023-10-06T07:18:46 +0530", "2023-10-06T01:48:46.000Z"),
        ("2023-10-05T20:18:46-0530", "2023-10-06T01:48:46.000Z"),
        ("2023-10-06T01:48:46z", "2023-10-06T01:48:46.000Z"),
        ("2023-10-06 01:48:46 UTC", "2023-10-06T01:48:46.000Z"),
        ("Fri, 06 Oct 2023 03:48:46 +0200", "2023-10-06T01:48:46.000Z"),
        ("Fri, 6 Oct 2023 01:48:46 GMT", "2023-10-06T01:48:46.000Z"),
        ("6 Oct 2023 01:48 GMT", "2023-10-06T01:48:00.000Z"),
        ("Sat, 31 Dec 2016 23:59:60 GMT", "2016-12-31T23:59:59.000Z"),
        ("Wed, 31 Dec 1969 23:59:59 GMT", "1969-12-31T23:59:59.000Z"),
        ("Fri, 32 Oct 2023 01:48:46 GMT", ""),
        ("2023-10-06T01:48:61Z", ""),
        ("2023-10-06T01:48:46+99:99", ""),
        ("May 2023 at 5:30", ""),
        ("9" * 100_000, ""),
        (" " * 100_000 + "5", ""),
    ],
    ids=lambda text: text[:40],
)
def test_time(text: str, time: str) -> None:
    assert normalise.time(text) == time


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("1970-01-01T00:00:01Z", 1000),
        ("2023-11-14T22:13:20.500Z", 1_700_000_000_500),
        ("2023-11-15T00:13:20+02:00", 1_700_000_000_000),
        ("0001-01-01T00:00:00+23:59", None),
        ("9999-12-31T23:59:59-12:00", None),
        ("", None),
        ("1970-01-01T00:00:00Z", 0),
        ("1969-12-31T23:59:59.999Z", -1),
        ("1960-02-29T00:00:00.001Z", -310_521_599_999),
        ("0001-01-01T00:00:00Z", -62_135_596_800_000),
        ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
        ("2016-12-31T23:59:60Z", 1_483_228_799_000),
        ("Fri, 06 Oct 2023 03:48:46 +0200", 1_696_556_926_000),
        ("2023-10-06T07:18:46+0530", 1_696_556_926_000),
    ],
)
def test_time_ms(text: str, ms: int | None) -> None:
    assert normalise.time_ms(text) == ms


@given(TEXT)
def test_doing_it_twice_changes_nothing(text: str) -> None:
    for function in (normalise.fold, normalise.title, normalise.author, normalise.time):
        once = function(text)
        assert function(once) == once
        assert unicodedata.is_normalized("NFC", once)
        assert "\n" not in once


@pytest.mark.parametrize(
    ("markup", "text"),
    [("<p>a <b>b</b>\n&amp; c</p>", "a b & c"), ("&nbsp;", ""), ("1 < 2", "1 < 2"), ("<br>", ""), ("e\u0301", "\u00e9")],
)
def test_text_of(markup: str, text: str) -> None:
    assert normalise.text_of(markup) == text
