"""Why a request brought no reply: what the middlewares refuse with, and the words for every other error of Scrapy's."""

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
    """A request to a host that is neither DW's nor configured. Raised by `middlewares`; counted by the spider and the picture
    pipeline."""


class RedirectCircle(IgnoreRequest):
    """A redirect leads back to where it began. Raised by `middlewares`. It may pass: what was wanted is tried again."""


class HostPaused(IgnoreRequest):
    """A host asked for more patience than a run has, or the run is stopping. What was wanted stays due."""


class RobotsUnavailable(IgnoreRequest):
    """A host's robots.txt cannot be had: nothing may be requested there (RFC 9309, 2.3.1.4). It may pass: what was wanted is
    tried again. Raised by `robots`."""

    def __init__(self, cause: str) -> None:
        self.reason = reasons.robots_unavailable(cause)
        super().__init__(self.reason)


def failure_reason(error: BaseException) -> tuple[Reason, bool]:
    """Why a request brought no reply, in our words; and whether it was we (or robots.txt) who refused."""
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
        if "DOWNLOAD_MAXSIZE" in str(error):  # as Scrapy says of what was small before it was unpacked
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
