"""Parse the requests of a browser: the path, the words of a search, a part of a file. Pure: text in, values out."""

from __future__ import annotations

import re
from email.message import Message
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

HOSTS = ("127.0.0.1", "localhost")
METHODS = ("GET", "HEAD")

_HTTP_PORT = 80
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)
_NOT_IN_PATHS = re.compile(r"[\x00-\x20\x7f\\]|%2f|%5c", re.IGNORECASE)


class BadRequest(Exception):
    """A request that a page of ours never makes. Raised here; answered with the status and the sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Target(NamedTuple):
    """The target of a request. path: decoded, relative, without `.` and `..`. query: as it was sent."""

    path: str
    query: str


def target(text: str, port: int) -> Target:
    """Parse the target of a request.

    text: as in the request line; a full address is accepted too (RFC 9112, 3.2.2). port: of this server. Raises BadRequest.

    >>> target("/en/2026/06/70000001-rain.html?x=1", 8000)
    Target(path='en/2026/06/70000001-rain.html', query='x=1')
    """
    if not text.startswith("/"):
        scheme, _, rest = text.partition("://")
        host, slash, path = rest.partition("/")
        if scheme.lower() != "http" or not slash:
            raise BadRequest(400, "A path begins with a slash.")
        require_host(host, port)
        text = f"/{path}"
    path, _, query = text.partition("#")[0].partition("?")
    if _NOT_IN_PATHS.search(path):
        raise BadRequest(400, "No path here has such characters.")
    try:
        decoded = unquote_to_bytes(path).decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadRequest(400, "Paths are UTF-8.") from error
    names = decoded[1:].split("/")
    if _NOT_IN_PATHS.search(decoded) or any(name in (".", "..") for name in names) or "" in names[:-1]:
        raise BadRequest(400, "No path here has such characters.")
    return Target(decoded[1:], query)


def require_host(host: str | None, port: int) -> None:
    """Raise BadRequest unless a host is this server's, because foreign names may lead to 127.0.0.1 too (DNS rebinding)."""
    good = {f"{name}:{port}" for name in HOSTS} | (set(HOSTS) if port == _HTTP_PORT else set())
    if host is None or host.strip(" \t").lower() not in good:
        raise BadRequest(421, f"This server answers to {HOSTS[0]}:{port} and {HOSTS[1]}:{port} only.")


def require_own_origin(headers: Message) -> None:
    """Raise BadRequest for a request by a page of another site, except if a person follows a link."""
    is_followed = headers.get("Sec-Fetch-Mode") == "navigate" and headers.get("Sec-Fetch-Dest") == "document"
    if headers.get("Sec-Fetch-Site") in ("cross-site", "same-site") and not is_followed:
        raise BadRequest(403, "Pages of other sites get nothing from this server.")


def byte_range(header: str | None, size: int) -> tuple[int, int] | None:
    """Return (first byte, end) of the part of a file that a Range header names; None for the whole file: if there is no header,
    or it is not understood or names several parts (RFC 9110, 14.2). Raises BadRequest if the part begins after the file's end.

    >>> byte_range("bytes=100-199", 1000), byte_range("bytes=-300", 1000), byte_range("bytes=900-", 1000)
    ((100, 200), (700, 1000), (900, 1000))
    """
    found = _RANGE.fullmatch(header.strip()) if header else None
    if not found or not (found[1] or found[2]):
        return None
    if not found[1]:
        first, end = max(size - int(found[2]), 0), size
    else:
        first, end = int(found[1]), min(int(found[2]) + 1, size) if found[2] else size
        if found[2] and int(found[2]) < first:
            return None
    if first >= size or first >= end:
        raise BadRequest(416, "The file is shorter.")
    return first, end


def is_current(etag: str, if_none_match: str | None) -> bool:
    """Whether an If-None-Match header has our entity tag, so that the browser has the current version.

    >>> is_current('"a"', 'W/"b", "a"'), is_current('"a"', '"b"')
    (True, False)
    """
    named = {tag.strip().removeprefix("W/") for tag in (if_none_match or "").split(",")}
    return etag in named or "*" in named
