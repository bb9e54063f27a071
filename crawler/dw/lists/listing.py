"""What a listing names, and what all readers of listings share."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from crawler import normalise
from crawler.urls import DOCUMENT_KINDS, DW, LANGUAGES, Sites, Target, parse_target

_PAGE_HOST = re.compile(r"^https?://(?:(?:www|m|amp)\.)?dw\.(?:com|de)(?=/)", re.IGNORECASE)


@dataclass(frozen=True)
class Listed:
    """One thing a listing names.

    number: DW's id. kind: one of `urls.DOCUMENT_KINDS`; `article` where the listing does not tell. language: a language
    path. modified_ms: milliseconds since 1970-01-01 UTC, the latest moment its `lastmod` can mean (a bare day: the
    day's last millisecond); only sitemaps tell. url: its page as the listing writes it, None where that is not DW's.
    """

    number: int
    kind: str = "article"
    language: str | None = None
    modified_ms: int | None = None
    url: str | None = None


@dataclass(frozen=True)
class Listing:
    """What a reply lists, each number once, in its order.

    more: addresses of further listings, such as the next page, on the configured hosts. problems: sentences, what could
    not be read. total: how many items the whole list has, where the reply says so. pages: how many there are, where the
    reply says so: `more` never leads back by its own page number nor beyond
    the last page, but a list that grows or repeats itself for ever must be stopped by who follows it. is_damaged: the reply
    may have held more than could be read. is_cut: its end never came, or could not be read. unknown_keys: of a JSON reply,
    those never met before.
    """

    items: list[Listed] = field(default_factory=list)
    more: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    total: int | None = None
    pages: int | None = None
    is_damaged: bool = False
    is_cut: bool = False
    unknown_keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class Problem:
    """What a streamed listing could not give, as a sentence. is_damaged, is_cut: as in a Listing."""

    text: str
    is_damaged: bool = field(default=False, compare=False)
    is_cut: bool = field(default=False, compare=False)


class Lost:
    """Counts what a listing names and nobody can use. of: what it counts, as a plural."""

    def __init__(self, of: str) -> None:
        self.of = of
        self.count = 0
        self._first = ""

    def add(self, example: object) -> None:
        """Count one; the first is kept, shortened, to show what they look like."""
        self.count += 1
        if self.count == 1:
            self._first = shorten(str(example))

    def sentences(self) -> list[str]:
        return [f"{self.of}: {self.count}, the first: {self._first or '(empty)'}"] if self.count else []


def shorten(text: str) -> str:
    """Text of a stranger's as it may stand in a problem: one line, at most 120 characters."""
    text = normalise.fold("".join(c if c.isprintable() else " " for c in text[:1000]))
    return text if len(text) <= 120 else text[:119] + "…"


def document(url: str, sites: Sites) -> Target | None:
    """What a page's address leads to when that becomes a document, else None."""
    target = parse_target(url, sites)
    return target if target and target.number and target.kind in DOCUMENT_KINDS else None


def language_path(declared: str, target: Target | None) -> str | None:
    """The language path of what a listing names: the declared one, else the address's.

    An address may be more precise (`zh` is declared, `/zh-hant/` addressed) and is then followed. Declared codes that are
    no language path (`zh-cn`, `pt`) tell nothing.
    """
    declared = declared.strip().lower().replace("_", "-")
    addressed = target.language if target else None
    if declared not in LANGUAGES or (addressed and addressed.startswith(declared + "-")):
        return addressed
    return declared


def followable(url: str, sites: Sites) -> str | None:
    """The address of a further listing as a request may use it; None where no request may go.

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
