"""Read and write times: ISO 8601 and RFC 822 in, DW's form or milliseconds since 1970-01-01 UTC out, and back."""

from __future__ import annotations

import functools
import re
from datetime import UTC, datetime, timedelta

_FIRST_MS, _LAST_MS = -62_135_596_800_000, 253_402_300_799_999  # the years 1 to 9999
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LEAP_SECOND = re.compile(r"(:\d\d:|T\d{4})60(?!\d)")
_RFC_822 = re.compile(r"(?:[A-Za-z]{3,9},? +)?\d{1,2}[ -][A-Za-z]{3,9}[ -]\d{2,4} +\d{1,2}:\d\d")
_ZONE = re.compile(r"(?<=\d) *(?:([+-]\d\d:?\d\d)|[Zz]|UTC|GMT)$")
_CANONICAL_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z")


def canonical(text: str) -> str:
    """Return a time in UTC in DW's own form; one already in UTC stays as it is. Empty if text is not a time.

    text: ISO 8601 or RFC 822; without an offset it is UTC.

    >>> canonical("2023-10-06T03:48:46.923+02:00")
    '2023-10-06T01:48:46.923Z'
    >>> canonical("Fri, 06 Oct 2023 03:48:46 +0200")
    '2023-10-06T01:48:46.000Z'
    """
    text = _without_leap_second(text)
    found = _parse(text)
    if found is None:
        return ""
    if _CANONICAL_TIME.fullmatch(text):
        return text
    return iso_ms(found)


def parse_ms(text: str) -> int | None:
    """Return milliseconds since 1970-01-01 UTC, negative before it, of a time that `canonical` can read; None if it is not one.

    >>> parse_ms("1970-01-01T00:00:01Z")
    1000
    """
    found = _parse(_without_leap_second(text))
    return None if found is None else (found - _EPOCH) // timedelta(milliseconds=1)


def _without_leap_second(text: str) -> str:
    """Return text without white space around it, with second 59 in place of 60, which Python does not know."""
    return _LEAP_SECOND.sub(r"\g<1>59", text.strip())


def _parse(text: str) -> datetime | None:
    try:
        if _RFC_822.match(text):
            from email.utils import parsedate_to_datetime  # imported late: this file would take twice as long to import

            found = parsedate_to_datetime(text)
        else:
            found = datetime.fromisoformat(_ZONE.sub(lambda zone: zone[1] or "Z", text))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    try:
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except OverflowError:  # in UTC it would lie some hours outside the years 1 to 9999
        return found.replace(tzinfo=UTC)


def moment(moment_ms: int) -> datetime:
    """Return the date of milliseconds since 1970-01-01 UTC, negative before it; the nearest one in the years 1 to 9999."""
    return _EPOCH + timedelta(milliseconds=min(max(moment_ms, _FIRST_MS), _LAST_MS))


def iso_ms(moment: datetime) -> str:
    """Return a time in UTC as ISO 8601, in milliseconds.

    >>> iso_ms(datetime(2023, 10, 6, 1, 48, 46, 923000, UTC))
    '2023-10-06T01:48:46.923Z'
    """
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@functools.lru_cache(64)  # many log lines share a second
def iso(moment_ms: int) -> str:
    """Return milliseconds since 1970-01-01 UTC as ISO 8601 in UTC, in whole seconds; the nearest time in the years 1 to 9999.

    >>> iso(1_700_000_000_000)
    '2023-11-14T22:13:20Z'
    """
    return moment(moment_ms).isoformat(timespec="seconds").replace("+00:00", "Z")


def duration(seconds: float) -> str:
    """Return a time span for a person, for example `12 s`, `1 min 15 s` or `2 h 5 min`."""
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest} s"
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
