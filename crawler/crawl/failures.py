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

    def __init__(self, reason: str) -> None:
        super().__init__(f"robots.txt: {reason}")


def failure_reason(error: BaseException) -> tuple[str, bool]:
    """Why a request brought no reply, in our words; and whether it was we (or robots.txt) who refused."""
    if isinstance(error, HostPaused):
        return "status 429 or 503, come back later", False
    if isinstance(error, RobotsUnavailable):
        return str(error), False
    if isinstance(error, RefusedTarget):
        return "not a host of DW's", True
    if isinstance(error, RedirectCircle):
        return "redirects in a circle", False
    if isinstance(error, IgnoreRequest):
        if str(error) == "max redirections reached":  # Scrapy's words
            return str(error), False
        if "DOWNLOAD_MAXSIZE" in str(error):  # as Scrapy says of what was small before it was unpacked
            return "too large", False
        return "robots.txt" if "robots.txt" in str(error) else str(error)[:100], True
    kinds = (
        (DownloadTimeoutError, "timeout"),
        (ResponseDataLossError, "cut off"),
        (CannotResolveHostError, "no connection: host name unknown"),
        (DownloadConnectionRefusedError, "no connection: refused"),
        (DownloadCancelledError, "too large"),
        (DownloadFailedError, "no connection: broken off"),
    )
    for kind, reason in kinds:
        if isinstance(error, kind):
            return reason, False
    return f"no connection: {type(error).__name__}", False
