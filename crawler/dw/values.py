"""Read values of DW's JSON, whatever their type is. None of these functions raises."""

from __future__ import annotations

import re
from typing import Any

from crawler import normalise, sanitise, urls
from crawler.sanitise import Markup

Json = dict[str, Any]

_DIGITS = re.compile(r"[0-9]{1,15}")
_NOBODY = frozenset({"", "dw", "dw.com", "deutsche welle", "deutsche welle (www.dw.com)"})


def text(value: object) -> str:
    """Return a string unchanged; empty for anything else."""
    return value if isinstance(value, str) else ""


def number(value: object) -> int | None:
    """Return a whole number above 0 of at most 15 digits, such as an id of DW's, also if it is text; None for anything else.

    >>> number(7), number(" 7 "), number("-7"), number(True), number(7.0)
    (7, 7, None, None, None)
    """
    if isinstance(value, str) and _DIGITS.fullmatch(value.strip()):
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value in urls.IDS else None


def json_object(value: object) -> Json:
    """Return an object unchanged; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def objects(value: object) -> list[Json]:
    """Return the objects of a list, whatever else is in it; an object by itself counts as a list of one."""
    return [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, dict)]


def first_object(value: object) -> Json:
    """Return the first of `objects`; an empty one if there is none."""
    return next(iter(objects(value)), {})


def author(*names: str) -> Markup:
    """Return names as an article carries them: joined, as markup, without DW itself."""
    joined = normalise.author(*(name for name in names if normalise.fold(name).lower() not in _NOBODY))
    return sanitise.words(joined)
