"""Check the names of settings, and suggest the one that was meant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from crawler.configuration import scrapydefaults
from crawler.exceptions import ArgumentError

PREFIXES = ("ARCHIVE_", "DW_", "MEDIA_", "SITE_")
"""Prefixes of the settings that belong to this project alone."""

_ALSO_KNOWN = (
    "ARCHIVE_ENABLED",  # the spider's own
    "CONCURRENT_REQUESTS_PER_IP", "MEDIA_ALLOW_REDIRECTS",  # Scrapy's, without a default
)  # fmt: skip
_CLOSE, _VERY_CLOSE = 0.8, 0.9  # similarity of a typo to one of our names, and to one of Scrapy's many


def check(names: Iterable[str], own: Iterable[str], where: str, scrapys: Iterable[str] | None = None) -> None:
    """Raise ArgumentError, with a suggestion, for a name that no part of the program knows.

    names: those that were set. own: those of this project. where: what set them, for the message. scrapys: those of Scrapy's,
    looked up if they are needed. Names that resemble no known one may be those of an extension and pass, unless they begin as
    ours do.
    """
    known = {*own, *_ALSO_KNOWN}
    unknown = sorted(set(names) - known)
    if not unknown:
        return
    import difflib  # imported late, here and below, because it is only needed for unknown names

    others = set(scrapydefaults.read() if scrapys is None else scrapys)
    for name in unknown:
        if name in others:
            continue
        meant = difflib.get_close_matches(name, known, 1, _CLOSE) or difflib.get_close_matches(name, others, 1, _VERY_CLOSE)
        if meant or name.startswith(PREFIXES):
            raise ArgumentError(f"{where}: there is no setting {name}{did_you_mean(meant)}")


def did_you_mean(names: Iterable[str]) -> str:
    """Return the end of a message that names what was probably meant, empty for nothing."""
    return "".join(f"; did you mean {name}?" for name in names)


def closest(name: str, known: Iterable[str]) -> str:
    """Return the end of a message that names the closest of some words, empty if none is close.

    >>> closest("seed", ["seeds", "depth"])
    '; did you mean seeds?'
    """
    import difflib

    return did_you_mean(difflib.get_close_matches(name, list(known), 1, 0.6))


def of_module(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings among the names of a module."""
    return {name: value for name, value in values.items() if name.isupper()}
