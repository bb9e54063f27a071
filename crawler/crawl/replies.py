"""What the status of a reply means: content, unchanged or a fault; and the requests that may be answered with 304."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scrapy.http import Response

_CONTENT = (200, 203)  # 203: content that a proxy on the way has touched (RFC 9110, 15.3.4)
_CONDITIONS = ("If-None-Match", "If-Modified-Since")


def conditions(etag: str, last_modified: str) -> dict[str, str]:
    """The headers of a request that may be answered with 304. etag, last_modified: validators of what is known, or empty."""
    return {name: value for name, value in zip(_CONDITIONS, (etag, last_modified), strict=True) if value}


def is_unchanged(response: Response) -> bool:
    """Whether a reply says that what is known is as it was: 304, and only to a request that carried a condition."""
    request = response.request
    return response.status == 304 and request is not None and any(name in request.headers for name in _CONDITIONS)


def fault(response: Response) -> str:
    """Why a reply is of no use by its status, as a reason of `refresh`; empty for content and for what is unchanged."""
    return "" if response.status in _CONTENT or is_unchanged(response) else f"status {response.status}"
