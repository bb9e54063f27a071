"""Our canonical text: white space, names, times. Every function is idempotent."""

from __future__ import annotations

import html
import re
import unicodedata
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

_SPACE = re.compile(r"\s+")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LEAP_SECOND = re.compile(r"(:\d\d:|T\d{4})60(?!\d)")
_RFC_822 = re.compile(r"(?:[A-Za-z]{3,9},? +)?\d{1,2}[ -][A-Za-z]{3,9}[ -]\d{2,4} +\d{1,2}:\d\d")
_ZONE = re.compile(r"(?<=\d) *(?:([+-]\d\d:?\d\d)|[Zz]|UTC|GMT)$")
_CANONICAL_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z")
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")


def fold(text: str) -> str:
    """Text with every run of white space made one space, none at the ends, in Unicode NFC."""
    return unicodedata.normalize("NFC", _SPACE.sub(" ", text).strip())


def title(text: str) -> str:
    """A headline as displayed: one line, NFC, no white space around it, no control characters; white space inside stays
    as it is."""
    text = _CONTROLS.sub("", re.sub(r"[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]+", " ", text))
    return unicodedata.normalize("NFC", text.strip())


def author(*names: str) -> str:
    """Names joined with a comma, without control characters and the `null` of a missing first name, white space folded.

    >>> author("null 李澄欣")
    '李澄欣'
    """
    cleaned = (" ".join(part for part in fold(_CONTROLS.sub("", fold(name))).split(" ") if part != "null") for name in names)
    return ", ".join(dict.fromkeys(name for name in cleaned if name))


def time(text: str) -> str:
    """A time as UTC in DW's own form; what is UTC already stays as it is; empty when it is no time.

    text: ISO 8601 or RFC 822; without an offset it is UTC.

    >>> time("2023-10-06T03:48:46.923+02:00")
    '2023-10-06T01:48:46.923Z'
    >>> time("Fri, 06 Oct 2023 03:48:46 +0200")
    '2023-10-06T01:48:46.000Z'
    """
    text = _without_leap_second(text)
    moment = _moment(text)
    if moment is None:
        return ""
    if _CANONICAL_TIME.fullmatch(text):
        return text
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def time_ms(text: str) -> int | None:
    """Milliseconds since 1970-01-01 UTC, negative before it, of a time that `time` can read; None when it is none."""
    moment = _moment(_without_leap_second(text))
    return None if moment is None else (moment - _EPOCH) // timedelta(milliseconds=1)


def _without_leap_second(text: str) -> str:
    """A time without white space around it, with second 59 in place of 60, which Python does not know."""
    return _LEAP_SECOND.sub(r"\g<1>59", text.strip())


def _moment(text: str) -> datetime | None:
    try:
        if _RFC_822.match(text):
            moment = parsedate_to_datetime(text)
        else:
            moment = datetime.fromisoformat(_ZONE.sub(lambda found: found[1] or "Z", text))
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):  # in UTC it may lie outside the years 1 to 9999
        return None



def text_of(markup: str) -> str:
    """The words of a piece of markup: tags taken out, entities resolved, white space folded."""
    return fold(unescape(re.sub(r"<[^<>]*>", "", markup)))


def unescape(text: str) -> str:
    """Text with its entities resolved, whatever they are: one with more digits than Python reads is no character, U+FFFD.

    >>> unescape("&#65;&#" + "9" * 5000 + ";")
    'A\ufffd'
    """
    try:
        return html.unescape(text)
    except ValueError:
        return html.unescape(re.sub(r"&#[0-9]{1000,};?", "\ufffd", text))
