"""Define the spider arguments and parse their text. A text that has no meaning is refused."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass

from crawler.configuration import names
from crawler.exceptions import ArgumentError


@dataclass(frozen=True)
class Argument:
    """A spider argument. default: its text if it is not given. shown: that default, for a person."""

    name: str
    default: str
    help: str
    shown: str = ""


ARGUMENTS = (
    Argument("seeds", "", "where to begin: files, folders, addresses, starting points such as edition:zh, "
             "search:zh:2023-10-01..2023-10-07 or mediacenter:zh, or - for standard input, separated by commas",
             "setting ARCHIVE_SEEDS, which is seeds/"),
    Argument("edition", "", "language editions instead of seeds, e.g. zh,en", "none"),
    Argument("depth", "1", "how many references to follow from the seeds' own articles; 0: none, negative: no limit"),
    Argument("max_articles", "0", "stop after this many new documents; 0: no limit"),
    Argument("refresh", "", "which archived documents to check for changes: all, none, or ids separated by commas",
             "by the rules of setting ARCHIVE_REFRESH"),
    Argument("media", "0", "1: also store the best mp4 or mp3 of each archived video and audio"),
    Argument("dry_run", "0", "1: print what would be requested and why, and change nothing; json: the same as JSON"),
)  # fmt: skip

EXAMPLES = (
    ("", "crawl what seeds/ lists"),
    ("-a edition=zh,en", "two editions: what is new"),
    ("-a seeds=https://www.dw.com/zh/any/a-67013665 -a depth=0", "one article"),
    ("-a seeds=search:zh:2023-10-01..2023-10-07", "all articles of a week"),
    ("-a dry_run=1", "what would be requested, and why"),
)


def described(command: str, width: int) -> str:
    """Return the arguments and examples of a crawl, for its help. command: how a crawl is called. width: columns."""
    lines = ["Arguments of the spider, each as -a NAME=VALUE:"]
    for one in ARGUMENTS:
        text = f"{one.help} (default: {one.shown or one.default})"
        lines += textwrap.wrap(text, max(width, 40), initial_indent=f"  {one.name:<13} ", subsequent_indent=" " * 16)
    lines += ["", "Examples:"]
    for words, meaning in EXAMPLES:
        lines += [f"  # {meaning}", f"  {command} {words}".rstrip()]
    return "\n".join(lines)


def check_names(given: Mapping[str, str]) -> None:
    """Raise ArgumentError, with a suggestion, if an argument is unknown."""
    known = [one.name for one in ARGUMENTS]
    if unknown := sorted(given.keys() - set(known)):
        meant = names.closest(unknown[0], known) or f"; there are {', '.join(known)}"
        raise ArgumentError(f"there is no argument {unknown[0]}{meant}")


def count(name: str, text: str) -> int:
    """Return a whole number that is not negative. Raises ArgumentError."""
    if (found := number(name, text)) < 0:
        raise ArgumentError(f"{name} must not be negative: {text!r}")
    return found

_YES = frozenset({"1", "true", "yes", "on"})
_NO = frozenset({"", "0", "false", "no", "off"})


def number(name: str, text: str) -> int:
    """Return a whole number. Raises ArgumentError."""
    try:
        return int(text)
    except ValueError:
        raise ArgumentError(f"{name} is not a whole number: {text!r}") from None


def switch(name: str, text: str, others: str = "") -> bool:
    """Whether a switch is on: 1, true, yes, on; it is off for 0, false, no, off and the empty text. Case does not matter.

    others: which other values the argument has, for the message. Raises ArgumentError for any other text.
    """
    word = text.strip().lower()
    if word in _YES or word in _NO:
        return word in _YES
    raise ArgumentError(f"{name} must be 1 or 0{others}, not {text!r}")


def dry_run(text: str) -> tuple[bool, bool]:
    """Return whether a run is a dry run, and whether it prints JSON. Raises ArgumentError."""
    if text.strip().lower() == "json":
        return True, True
    return switch("dry_run", text, " or json"), False


def check_proxies(proxies: Mapping[str, str]) -> None:
    """Raise ArgumentError if a proxy that Scrapy would use is of a kind that its downloader does not speak to.

    proxies: as `urllib.request.getproxies` returns them. Scrapy would take a SOCKS proxy for an HTTP proxy. Without a kind, it
    takes the proxy of https requests for one that is itself spoken to over TLS, which it cannot do.
    """
    for name in ("http", "https"):
        kind, has_kind, _ = proxies.get(name, "http://").partition("://")
        if (kind if has_kind else name).lower() != "http" and proxies[name]:
            kind = f"{kind}://" if has_kind else "without http://"
            does_not = f"{name}_proxy names a proxy of a kind that does not work ({kind})"
            raise ArgumentError(f"{does_not}; write http://host:port, or see docs/proxies.md")
