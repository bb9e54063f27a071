"""Why a request brought no reply."""

from __future__ import annotations

import pytest
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
)

from crawler.crawl.failures import HostPaused, RedirectCircle, RefusedTarget, RobotsUnavailable, failure_reason


@pytest.mark.parametrize(
    ("error", "reason", "is_refused"),
    [
        (HostPaused("stopped"), "status 429 or 503, come back later", False),
        (RefusedTarget("not DW's"), "not a host of DW's", True),
        (IgnoreRequest("Forbidden by robots.txt"), "robots.txt", True),
        (IgnoreRequest("its body exceeded DOWNLOAD_MAXSIZE (5 B)"), "too large", False),
        (IgnoreRequest("max redirections reached"), "max redirections reached", False),
        (RedirectCircle(), "redirects in a circle", False),
        (RobotsUnavailable("timeout"), "robots.txt: timeout", False),
        (DownloadTimeoutError("60 s"), "timeout", False),
        (ResponseDataLossError(), "cut off", False),
        (CannotResolveHostError("api"), "no connection: host name unknown", False),
        (DownloadConnectionRefusedError(), "no connection: refused", False),
        (DownloadCancelledError(), "too large", False),
        (DownloadFailedError(), "no connection: broken off", False),
        (ValueError("odd"), "no connection: ValueError", False),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_failed_request_has_this_reason(error: Exception, reason: str, is_refused: bool) -> None:
    found, refused = failure_reason(error)
    assert (found, refused) == (reason, is_refused)
    assert found.may_pass is not (is_refused or reason == "too large")
