"""The result of reading a list, and helpers that all readers of lists share."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from crawler import normalise
from crawler.urls import DOCUMENT_KINDS, DW, LANGUAGES, Sites, Target, parse_target

_PAGE_HOST = re.compile(r"^https?://(?:(?:www|m|amp)\.)?dw\.(?:com|de)(?=/)", re.IGNORECASE)


@dataclass(frozen=True)
class Listed:
    """One thing that a list names.

    id: DW's number. kind: one of `urls.DOCUMENT_KINDS`; `article` if the list does not tell. language: a language
    path. modified_ms: milliseconds since 1970-01-01 UTC, the latest moment its `lastmod` can mean (a bare day: the
    day's last millisecond); only sitemaps tell. url: its page as the list writes it, None if that is not DW's.
    """

    id: int
    kind: str = "article"
    language: str | None = None
    modified_ms: int | None = None
    url: str | None = None


@dataclass(frozen=True)
class ListPage:
    """The content of a reply of a list: each id once, in the order of the reply.

    more: addresses of further lists, such as the next page, on the configured hosts; never an earlier page, nor one beyond the
    last, but the caller must stop a list that grows or repeats itself for ever. problems: sentences that say what could not be
    read. total, pages: how many items and pages the whole list has, None if the reply does not say. is_damaged: the reply may
    have held more than could be read. is_cut: its end is missing, or could not be read. unknown_keys: keys of a JSON reply that
    were never met before. content_types: the types of documents a search page says there are, such as `Article`.
    """

    items: list[Listed] = field(default_factory=list)
    more: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    total: int | None = None
    pages: int | None = None
    is_damaged: bool = False
    is_cut: bool = False
    unknown_keys: tuple[str, ...] = ()
    content_types: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Problem:
    """A sentence that says what could not be read of a streamed list. is_damaged, is_cut: as in a ListPage."""

    text: str
    is_damaged: bool = field(default=False, compare=False)
    is_cut: bool = field(default=False, compare=False)


class Lost:
    """Counts unusable entries of a list. of: the name of what is counted, in the plural."""

    def __init__(self, of: str) -> None:
        self.of = of
        self.count = 0
        self._first = ""

    def add(self, example: object) -> None:
        """Count one. The first example is kept, shortened."""
        self.count += 1
        if self.count == 1:
            self._first = shorten(str(example))

    def sentences(self) -> list[str]:
        return [f"{self.of}: {self.count}, the first: {self._first or '(empty)'}"] if self.count else []


def shorten(text: str) -> str:
    """Return foreign text for the sentence of a problem: one line, at most 120 characters."""
    text = normalise.fold("".join(c if c.isprintable() else " " for c in text[:1000]))
    return text if len(text) <= 120 else text[:119] + "…"


def document(url: str, sites: Sites) -> Target | None:
    """Return what the address of a page leads to; None if that is not a document."""
    target = parse_target(url, sites)
    return target if target and target.id and target.kind in DOCUMENT_KINDS else None


def language_path(declared: str, target: Target | None) -> str | None:
    """Return the language path of an entry: the declared one, else the address's.

    An address may be more precise (`zh` is declared, `/zh-hant/` addressed) and is then followed. Declared codes that
    are not a language path (`zh-cn`, `pt`) are ignored.
    """
    declared = declared.strip().lower().replace("_", "-")
    addressed = target.language if target else None
    if declared not in LANGUAGES or (addressed and addressed.startswith(declared + "-")):
        return addressed
    return declared


def followable(url: str, sites: Sites) -> str | None:
    """Return the address of a further list for a request; None if no request may go there.

    DW's own addresses are moved to the configured hosts, http ones of DW's to https, the mobile and former hosts of its
    pages to www.dw.com.
    """
    url = _PAGE_HOST.sub(DW.www, url.strip())
    if re.search(r"[\s\x00-\x1f\x7f]", url):
        return None
    if url.startswith("http://") and not any(url.startswith(base + "/") for base in sites.all()):
        url = "https://" + url.removeprefix("http://")
    for base, real in zip(sites.all(), DW.all(), strict=True):
        if url.startswith(real + "/"):
            url = base + url.removeprefix(real)
            break
    try:
        return url if sites.allows(url) else None
    except ValueError:
        return None
