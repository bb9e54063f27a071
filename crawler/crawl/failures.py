"""Explain why a request got no reply: the errors of our middlewares, and a reason for every error of Scrapy."""

from __future__ import annotations

from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
)

from crawler import reasons
from crawler.reasons import Reason


class RefusedTarget(IgnoreRequest):
    """A request to a host that is neither DW's nor configured. Raised by `middlewares.targets`; the spider and the pipelines
    count it."""


class RedirectCircle(IgnoreRequest):
    """A redirect leads back to where it began. Raised by `middlewares.targets`. It may pass: the next run tries again."""


class HostPaused(IgnoreRequest):
    """A host asked for a longer wait than a run allows, or the run is ending. Raised by `middlewares.patience`; the requested
    object stays due."""


class RobotsUnavailable(IgnoreRequest):
    """A host's robots.txt cannot be fetched, so nothing may be requested there (RFC 9309, 2.3.1.4). Raised by
    `middlewares.robots`. It may pass: the next run tries again."""

    def __init__(self, cause: str) -> None:
        self.reason = reasons.robots_unavailable(cause)
        super().__init__(self.reason)


def failure_reason(error: BaseException) -> tuple[Reason, bool]:
    """Return why a request got no reply, and whether this crawler or robots.txt refused it."""
    if isinstance(error, HostPaused):
        return reasons.COME_BACK_LATER, False
    if isinstance(error, RobotsUnavailable):
        return error.reason, False
    if isinstance(error, RefusedTarget):
        return reasons.FOREIGN_HOST, True
    if isinstance(error, RedirectCircle):
        return reasons.CIRCLE, False
    if isinstance(error, IgnoreRequest):
        if str(error) == reasons.MANY_REDIRECTS:
            return reasons.MANY_REDIRECTS, False
        if "DOWNLOAD_MAXSIZE" in str(error):  # Scrapy's words for a reply that was small before decompression
            return reasons.TOO_LARGE, False
        return reasons.ROBOTS if "robots.txt" in str(error) else Reason(str(error)[:100]), True
    kinds = (
        (DownloadTimeoutError, reasons.TIMEOUT),
        (ResponseDataLossError, reasons.CUT_OFF),
        (CannotResolveHostError, reasons.no_connection("host name unknown")),
        (DownloadConnectionRefusedError, reasons.no_connection("refused")),
        (DownloadCancelledError, reasons.TOO_LARGE),
        (DownloadFailedError, reasons.no_connection("broken off")),
    )
    for kind, reason in kinds:
        if isinstance(error, kind):
            return reason, False
    return reasons.no_connection(type(error).__name__), False
