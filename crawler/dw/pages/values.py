"""Values of a reply, whatever their type turns out to be."""

from __future__ import annotations

import re
from typing import Any

from crawler import normalise, sanitise, urls
from crawler.sanitise import Markup

Json = dict[str, Any]

_NOBODY = frozenset({"", "dw", "dw.com", "deutsche welle", "deutsche welle (www.dw.com)"})


def text(value: object) -> str:
    """A string as it stands; empty for all else."""
    return value if isinstance(value, str) else ""


def number(value: object) -> int | None:
    """An id of DW's, from an integer or its digits; None for anything else."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,15}", value):
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value in urls.NUMBERS else None


def json_object(value: object) -> Json:
    """The object itself, or an empty one."""
    return value if isinstance(value, dict) else {}


def objects(value: object) -> list[Json]:
    """The objects of a list; an object by itself counts as a list of one."""
    return [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, dict)]


def author(*names: str) -> Markup:
    """Names as an article carries them: joined, as markup, without DW itself."""
    joined = normalise.author(*(name for name in names if normalise.fold(name).lower() not in _NOBODY))
    return sanitise.words(joined)
