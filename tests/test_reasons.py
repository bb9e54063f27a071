"""Reasons: their words, and what they mean for an object that could not be fetched."""

from __future__ import annotations

import pytest

from crawler import reasons
from crawler.reasons import Reason, Sort, parse, status

PASSING = [
    "status 500", "status 503", "status 429", "status 408", "timeout", "no connection", "no connection: refused", "cut off",
    "not a picture", "not a picture: wrong first bytes", "stopped", "cut off: shorter than Content-Range", "status 304",
    "status 206 with another range", "not a media file: wrong first bytes for mp4", "redirects in a circle",
    "max redirections reached", "status 429 or 503, come back later", "robots.txt: status 404", "robots.txt: unreadable",
    "status 503 of robots.txt",
]  # fmt: skip
LASTING = [
    "status 404", "status 410", "status 403", "status 451", "refused", "empty", "redirect loop", "",
    "robots.txt", "not a host of DW's", "too large", "unreadable", "unreadable: not JSON", "unreadable: status 404",
    "status 404 of robots.txt", "timeouts", "status 5", "status 5000", "no connections", "kind",
]  # fmt: skip

MADE = [
    reasons.TIMEOUT, reasons.CUT_OFF, reasons.STOPPED, reasons.CIRCLE, reasons.MANY_REDIRECTS, reasons.COME_BACK_LATER,
    reasons.ROBOTS, reasons.FOREIGN_HOST, reasons.FOREIGN_MEDIA_HOST, reasons.TOO_LARGE, reasons.EMPTY, reasons.UNREADABLE,
    reasons.NONE, reasons.no_connection("refused"), reasons.robots_unavailable(status(410)), reasons.cut_off("early"),
    reasons.not_a_picture("a BMP without an end"), reasons.not_a_media_file("wrong first bytes"),
    reasons.unreadable("not JSON"), reasons.unreadable("status 404"), status(206, "with another range"),
    status(404, "of robots.txt"),
    *map(status, (204, 301, 304, 400, 403, 404, 408, 410, 416, 429, 451, 500, 503, 599)),
]  # fmt: skip


@pytest.mark.parametrize("words", PASSING)
def test_these_reasons_may_pass(words: str) -> None:
    assert parse(words).may_pass
    assert not parse(words).says_gone


@pytest.mark.parametrize("words", LASTING)
def test_these_reasons_last(words: str) -> None:
    assert not parse(words).may_pass
    assert parse(words).says_gone is (words in ("status 404", "status 410"))


@pytest.mark.parametrize("made", MADE)
def test_reason_is_parsed_back_from_its_words(made: Reason) -> None:
    assert parse(str(made)) == made
    assert parse(str(made)).sort is made.sort


@pytest.mark.parametrize("code", [404, 410])
def test_only_the_status_itself_says_that_a_thing_is_gone(code: int) -> None:
    assert status(code).sort is Sort.GONE
    for cause in (reasons.robots_unavailable(status(code)), reasons.unreadable(status(code)), status(code, "of robots.txt")):
        assert not cause.says_gone


def test_only_the_reason_unreadable_counts_as_an_unreadable_reply() -> None:
    assert reasons.UNREADABLE.is_unreadable
    assert reasons.unreadable("not JSON").is_unreadable
    assert not parse("unreadable-ish").is_unreadable
    assert not reasons.robots_unavailable(reasons.UNREADABLE).is_unreadable


def test_absence_of_a_reason_is_empty() -> None:
    assert not reasons.NONE
    assert not reasons.NONE.may_pass
