"""Read status and headers of a reply, and mark the requests that may be answered with 304."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crawler import reasons
from crawler.dw.decoding import charset_of
from crawler.reasons import Reason

if TYPE_CHECKING:
    from scrapy.http import Response

    from crawler.urls import Target

_CONTENT = (200, 203)  # 203: content that a proxy may have changed (RFC 9110, 15.3.4)
_BLANK = b" \t\r\n\0\xef\xbb\xbf"  # white space, a byte order mark
_CONDITIONS = ("If-None-Match", "If-Modified-Since")


@dataclass(frozen=True)
class Reply:
    """A reply to a request for a document, as plain values.

    place: where it came from, see `dw.places`. fault: why it is unusable by its status, empty if it is usable.
    is_unchanged: it says that the document has not changed. target: the other document it redirects to, None for none.
    body: the unchanged bytes. etag, last_modified, content_type: its headers, empty if absent. charset: the one that
    content_type names.
    """

    place: str
    url: str
    status: int = 200
    body: bytes = field(default=b"", repr=False)
    fault: Reason = reasons.NONE
    is_unchanged: bool = False
    target: Target | None = None
    etag: str = ""
    last_modified: str = ""
    content_type: str = ""
    charset: str = ""


def reply_of(response: Response, place: str) -> Reply:
    """Return a response as a Reply. place: where it was requested. `alias_of` in the meta is the document it redirects to."""
    return Reply(
        place, response.url, response.status, response.body, fault(response), is_unchanged(response),
        response.meta.get("alias_of"), header(response, "ETag"), header(response, "Last-Modified"),
        header(response, "Content-Type"), charset(response),
    )  # fmt: skip


def conditions(etag: str, last_modified: str) -> dict[str, str]:
    """Return the headers of a request that may be answered with 304.

    etag, last_modified: validators of the known version, empty for none.
    """
    return {name: value for name, value in zip(_CONDITIONS, (etag, last_modified), strict=True) if value}


def is_unchanged(response: Response) -> bool:
    """Whether a response says that nothing has changed: a 304 to a request that carried a condition."""
    request = response.request
    return response.status == 304 and request is not None and any(name in request.headers for name in _CONDITIONS)


def fault(response: Response, *, may_be_empty: bool = False) -> Reason:
    """Return why a response is unusable by its status; empty for content and for an unchanged document.

    Empty content is a temporary fault: a client of 2026 guards against such replies of api.dw.com.
    """
    if is_unchanged(response):
        return reasons.NONE
    if response.status not in _CONTENT:
        return reasons.status(response.status)
    is_empty = not may_be_empty and not response.body.strip(_BLANK)
    return reasons.status(response.status, "with an empty body") if is_empty else reasons.NONE


def header(response: Response, name: str) -> str:
    """Return a header unchanged, a character for each byte; empty if it is absent."""
    return (response.headers.get(name) or b"").decode("latin-1")


def charset(response: Response) -> str:
    """Return the charset that the Content-Type of a response names; empty if it names none."""
    return charset_of(header(response, "Content-Type"))
