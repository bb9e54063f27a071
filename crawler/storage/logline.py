"""What a line of a run log may say: every key with its type and its range. Pure; reading and writing lines is `runlog`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from crawler import times
from crawler.exceptions import DamagedLine
from crawler.storage import layout
from crawler.storage.index.objects import ALIAS, PENDING, REMOVED, SCOPE, STATES
from crawler.urls import DOCUMENT_KINDS, NUMBERS

Record = dict[str, Any]
"""A line of a run log. Of a file: path, sha256, bytes, kind, id, url, time, and more; of a state: state, kind, id, time."""

_KINDS = frozenset({*DOCUMENT_KINDS, "picture", "media"})
_COUNTS = range(2**53)  # SQLite holds more, other readers of JSON do not
_TIMES_MS = range(-62_135_596_800_000, 253_402_300_800_000)  # the years 1 to 9999


def _is_number_in(numbers: range) -> Callable[[object], bool]:
    return lambda value: type(value) is int and value in numbers  # a bool is no number


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_path(value: object) -> bool:
    """Whether a value is a path of the layout, which leads nowhere else: never absolute, never with `..`."""
    return isinstance(value, str) and value.isascii() and layout.number_of(value) is not None


def _is_match(pattern: str) -> Callable[[object], bool]:
    compiled = re.compile(pattern)
    return lambda value: isinstance(value, str) and compiled.fullmatch(value) is not None


def _or_none(is_right: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: value is None or is_right(value)


def _is_bool(value: object) -> bool:
    return isinstance(value, bool)


_RULES: dict[str, Callable[[object], bool]] = {
    "path": _is_path,
    "sha256": _is_match("[0-9a-f]{64}"),
    "found_sha256": _or_none(_is_match("[0-9a-f]{64}")),
    "bytes": _is_number_in(_COUNTS),
    "kind": lambda value: value in _KINDS if isinstance(value, str) else False,
    "id": _is_number_in(NUMBERS),
    "url": _or_none(_is_text),
    "time": lambda value: value == "" or (isinstance(value, str) and times.parse_ms(value) is not None),
    "stamp_ms": _or_none(_is_number_in(_TIMES_MS)),
    "published_ms": _or_none(_is_number_in(_TIMES_MS)),
    "language": _or_none(_is_text),
    "hop": _is_number_in(_COUNTS),
    "source": _is_text,
    "etag": _is_text,
    "last_modified": _is_text,
    "requested": _is_number_in(NUMBERS),
    "revision_of": _or_none(_is_path),
    "adopted": _is_bool,
    "reread": _is_bool,
    "state": lambda value: value in (*STATES, REMOVED, SCOPE) if isinstance(value, str) else False,
    "format": _is_match(r"[0-9A-Za-z]{0,12}(?:\.[a-z]{3,4})?"),
    "reason": _is_text,
    "misses": _is_number_in(_COUNTS),
    "missed_ms": _or_none(_is_number_in(_TIMES_MS)),
    "next_ms": _or_none(_is_number_in(_TIMES_MS)),
    "target": _is_number_in(NUMBERS),
    "depth": _is_number_in(range(-(2**53), 2**53)),
    "kinds": lambda value: isinstance(value, list) and all(kind in DOCUMENT_KINDS for kind in value),
}
"""Of each key version 1.1 wrote: whether a value is right. A key that is not here is a later version's, and says nothing."""


def check(record: Mapping[str, Any], *, is_old: bool = False) -> None:
    """Raise DamagedLine where a record says what no run could have written.

    is_old: without a checksum, as version 1.1 wrote it. Such a line has no unknown keys: one is a known key with a flipped bit.
    """
    for key, value in record.items():
        is_right = _RULES.get(key)
        if is_right is None and is_old:
            raise DamagedLine(f"unknown key {key[:40]!r}")
        if is_right and not is_right(value):
            raise DamagedLine(f"{key} cannot be {repr(value)[:60]}")
    for key in _needed(record):
        if key not in record:
            raise DamagedLine(f"{key} is missing")
    path, number = record.get("path"), record.get("id")
    if path is not None and number is not None and layout.number_of(path) != number:
        raise DamagedLine(f"id {number} is not that of {path}")
    if record.get("state") == ALIAS and record["target"] == number:
        raise DamagedLine(f"{number} cannot be an alias of itself")
    if path is not None and layout.is_document(path) and record.get("kind", "article") not in DOCUMENT_KINDS:
        raise DamagedLine(f"{path} cannot be a {record['kind']}")


def _needed(record: Mapping[str, Any]) -> tuple[str, ...]:
    """The keys without which a line says nothing."""
    state = record.get("state")
    if state is None or "sha256" in record:
        return ("path", "sha256", "bytes", "kind", "id")
    if state == REMOVED:
        return ("path",)
    if state == SCOPE:
        return ("depth", "kinds")
    if state == ALIAS:
        return ("kind", "id", "target")
    if state == PENDING and record.get("kind") in ("picture", "media"):
        return ("kind", "id", "format" if record["kind"] == "picture" else "id", "url")
    return ("kind", "id")
