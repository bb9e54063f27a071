"""The spider arguments and settings of a run, read and checked once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit
from urllib.request import getproxies

from crawler.configuration.names import closest
from crawler.configuration.reading import Readable, archive_folder
from crawler.crawl import arguments, httpclient
from crawler.crawl.arguments import ARGUMENTS
from crawler.exceptions import ArgumentError
from crawler.storage.index.objects import Scope
from crawler.storage.index.refresh import Rules, rules_of
from crawler.urls import DOCUMENT_KINDS, IDS, LANGUAGES, Sites

Number = TypeVar("Number", int, float)


@dataclass(frozen=True)
class Options:
    """The options of a run. docs/seeds.md explains the arguments; `settings.py` explains the settings.

    seeds: the argument `seeds`, or what `edition` stands for. depth: how many references to follow, negative for no limit.
    max_articles: 0 for no limit. refresh: empty, `all`, `none`, or ids separated by commas. kinds: the kinds of documents to
    archive. rules: when to check an archived document again. root: the archive's folder. sites: where DW is.
    concurrency: how many documents may be requested at once. min_free, largest_media, largest_reply: bytes; of the
    last, 0 is no limit. backoff_s, longest_wait_s:
    seconds. http_client: what makes the requests, see `httpclient`.
    """

    seeds: str
    depth: int
    max_articles: int
    refresh: str
    dry_run: bool
    is_json: bool
    media: bool
    kinds: tuple[str, ...]
    rules: Rules
    root: Path
    sites: Sites
    concurrency: int
    min_free: int
    alert_share: float
    alert_minimum: int
    largest_media: int
    largest_reply: int
    backoff_s: float
    longest_wait_s: float
    http_client: str

    @property
    def looks_again(self) -> bool:
        """Whether archived documents are checked again beside those that `refresh` names."""
        return self.refresh in ("", "all")

    @property
    def scope(self) -> Scope:
        """The documents that the run wants."""
        return Scope(self.depth, frozenset(self.kinds))


def read(given: Mapping[str, str], settings: Readable) -> Options:
    """Return the options of a run. Raises ArgumentError, whose message names the argument or setting and its value.

    given: spider arguments by name, as text.
    """
    arguments.check_names(given)
    if settings.getbool("HTTPPROXY_ENABLED"):
        arguments.check_proxies(getproxies())
    text = {**{one.name: one.default for one in ARGUMENTS}, "seeds": settings["ARCHIVE_SEEDS"], **given}
    depth, max_articles = arguments.number("depth", text["depth"]), arguments.count("max_articles", text["max_articles"])
    dry_run, is_json = arguments.dry_run(text["dry_run"])
    media = arguments.switch("media", text["media"])
    sites = replace(sites_of(settings), takes_media=media)
    return Options(
        seeds=_seeds(text["seeds"], text["edition"]), depth=depth, max_articles=max_articles, refresh=_refresh(text["refresh"]),
        dry_run=dry_run, is_json=is_json, media=media, kinds=_kinds(settings), rules=_rules(settings),
        root=archive_folder(settings), sites=sites, concurrency=_concurrency(settings, sites), min_free=min_free(settings),
        alert_share=_number(settings, "ARCHIVE_ALERT_SHARE", settings.getfloat),
        alert_minimum=_number(settings, "ARCHIVE_ALERT_MINIMUM", settings.getint),
        largest_media=largest_media(settings),
        largest_reply=_number(settings, "DOWNLOAD_MAXSIZE", settings.getint),
        backoff_s=_number(settings, "RETRY_BACKOFF", settings.getfloat),
        longest_wait_s=_number(settings, "RETRY_AFTER_MAX", settings.getfloat), http_client=httpclient.client_of(settings),
    )  # fmt: skip


def sites_of(settings: Readable) -> Sites:
    """Return where DW is, as `hosts_of` does, and how wide pictures are wanted: ARCHIVE_PICTURE_WIDTH. Raises
    ArgumentError."""
    width = _number(settings, "ARCHIVE_PICTURE_WIDTH", settings.getint)
    if width == 0:
        raise ArgumentError("ARCHIVE_PICTURE_WIDTH must be at least 1 pixel: 700 is as the format shows pictures")
    return replace(hosts_of(settings), picture_width=width)


def hosts_of(settings: Readable) -> Sites:
    """Return where DW is, by the settings DW_API_URL, DW_STATIC_URL, DW_WWW_URL, DW_RSS_URL, MEDIA_HOSTS, DW_MEDIA_URL."""
    names = ("DW_API_URL", "DW_STATIC_URL", "DW_WWW_URL", "DW_RSS_URL")
    hosts = frozenset(host.strip().lower() for host in settings.getlist("MEDIA_HOSTS"))
    sites = Sites(*(settings[name].rstrip("/") for name in names))
    return replace(sites, media_hosts=hosts, media=settings["DW_MEDIA_URL"].rstrip("/"))


def min_free(settings: Readable) -> int:
    """Return ARCHIVE_MIN_FREE, in bytes. Raises ArgumentError."""
    return _number(settings, "ARCHIVE_MIN_FREE", settings.getint)


def largest_media(settings: Readable) -> int:
    """Return MEDIA_MAXSIZE, in bytes. Raises ArgumentError."""
    return _number(settings, "MEDIA_MAXSIZE", settings.getint)


def _seeds(seeds: str, editions: str) -> str:
    """Return the seeds of a run; editions take the place of other seeds. Raises ArgumentError if DW has no such edition."""
    every = " ".join(sorted(LANGUAGES))
    names = [name for name in map(str.strip, editions.split(",")) if name]
    if unknown := next((name for name in names if name not in LANGUAGES), None):
        raise ArgumentError(f"there is no edition {unknown}{closest(unknown, LANGUAGES) or f'; there are {every}'}")
    return ",".join(f"edition:{name}" for name in names) or seeds


def _refresh(text: str) -> str:
    """Return the argument `refresh` if it is a word or a list of ids. Raises ArgumentError."""
    refresh = text.strip()
    if refresh not in ("", "all", "none"):
        for one in refresh.split(","):
            if not one.strip().isdecimal() or int(one) not in IDS:
                raise ArgumentError(f"refresh must be all, none or ids separated by commas, not {one.strip()!r}")
    return refresh


def _kinds(settings: Readable) -> tuple[str, ...]:
    """Return ARCHIVE_KINDS. Raises ArgumentError."""
    kinds = tuple(kind.strip() for kind in settings.getlist("ARCHIVE_KINDS"))
    if unknown := sorted(set(kinds) - set(DOCUMENT_KINDS)):
        raise ArgumentError(f"ARCHIVE_KINDS holds unknown kinds: {', '.join(unknown)}{closest(unknown[0], DOCUMENT_KINDS)}")
    return kinds


def _rules(settings: Readable) -> Rules:
    """Return ARCHIVE_REFRESH. Raises ArgumentError."""
    try:
        return rules_of(settings.getdictorlist("ARCHIVE_REFRESH"))
    except ValueError as error:
        raise ArgumentError(str(error)) from error


def _number(settings: Readable, name: str, read_number: Callable[[str], Number]) -> Number:
    """Return a setting as a number that is not negative. Raises ArgumentError."""
    try:
        number = read_number(name)
    except (TypeError, ValueError, OverflowError) as error:
        raise ArgumentError(f"{name} is not a number: {settings[name]!r}") from error
    if not number >= 0:  # NaN is not, either
        raise ArgumentError(f"{name} must not be negative: {settings[name]!r}")
    return number


def _concurrency(settings: Readable, sites: Sites) -> int:
    """Return how many requests api.dw.com may get at once."""
    slot = settings.getdict("DOWNLOAD_SLOTS").get(urlsplit(sites.api).hostname or "", {})
    return int(slot.get("concurrency", settings.getint("CONCURRENT_REQUESTS_PER_DOMAIN")))
