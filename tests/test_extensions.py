"""The run itself: why a request brought nothing, what the operator sees while it goes on, and errors of our own."""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

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

from crawler.extensions import TimeoutsExtension, failure_reason
from crawler.middlewares import HostPaused, RefusedTarget
from crawler.refresh import is_passing
from tests.crawling import QUICK, ROOT, crawl, fresh_site
from tests.dwsite import articles as dw
from tests.dwsite.client import Site

if TYPE_CHECKING:
    from crawler.items import Fetched

LIE_ANYWAY = 50  # cancelled timeouts; fewer are not dropped by Twisted

PIPELINES = {
    "crawler.pipelines.NormalisePipeline": 100,
    "crawler.pipelines.ComparePipeline": 200,
    "crawler.pipelines.PicturesPipeline": 300,
    "crawler.pipelines.ArchivePipeline": 400,
}


class Stumbles:
    """An item pipeline with a bug."""

    def process_item(self, item: Fetched) -> Fetched:
        if item.article.number == dw.CHAIN[4]:
            raise RuntimeError(f"stumbled over {item}")
        return item


class LooksOften(TimeoutsExtension):
    """Looks a hundred times a second, and says in the end what it left."""

    INTERVAL_S = 0.01

    def _closed(self) -> None:
        from twisted.internet import reactor

        super()._closed()
        calls = [*reactor._pendingTimedCalls, *reactor._newTimedCalls]
        logging.getLogger(__name__).info("%d timeouts of ended requests", sum(bool(call.cancelled) for call in calls))


@pytest.fixture
def site() -> Site:
    return fresh_site()


# --- reasons ---


@pytest.mark.parametrize(
    ("error", "reason", "is_refused"),
    [
        (HostPaused("stopped"), "status 429 or 503, come back later", False),
        (RefusedTarget("not DW's"), "not a host of DW's", True),
        (IgnoreRequest("Forbidden by robots.txt"), "robots.txt", True),
        (IgnoreRequest("its body exceeded DOWNLOAD_MAXSIZE (5 B)"), "too large", False),
        (IgnoreRequest("max redirections reached"), "max redirections reached", True),
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
def test_why_a_request_brought_nothing(error: Exception, reason: str, is_refused: bool) -> None:
    assert failure_reason(error) == (reason, is_refused)
    assert is_passing(reason) is not (is_refused or reason == "too large")


# --- what is seen ---


def test_a_crawl_of_sound_articles_warns_of_nothing(site: Site, tmp_path: Path) -> None:
    outcome = crawl(tmp_path, dw.CHAIN, site=site)
    assert outcome.status == 0
    assert "WARNING" not in outcome.stderr


def test_progress_is_a_log_line_where_there_is_no_terminal(site: Site, tmp_path: Path) -> None:
    site.fault("/api/.*", delay_s=0.2)
    outcome = crawl(tmp_path, dw.CHAIN, "depth=0", site=site, settings={"LOGSTATS_INTERVAL": 0.1})
    lines = re.findall(r"INFO: (\d) new documents, 0 known, \d pictures \(0 missing\), (\d) waiting, ", outcome.stderr)
    assert len(lines) > 2
    assert [int(new) for new, _ in lines] == sorted(int(new) for new, _ in lines)
    assert "\r" not in outcome.stderr


def test_progress_is_a_live_line_on_a_terminal(site: Site, tmp_path: Path) -> None:
    site.fault("/api/.*", delay_s=0.7)
    options = [part for name, value in {**QUICK, "ARCHIVE_DIR": tmp_path}.items() for part in ("-s", f"{name}={value}")]
    seed = f"seeds=https://www.dw.com/a-{dw.CHAIN[3]},https://www.dw.com/a-{dw.CHAIN[4]}"
    command = [sys.executable, "-m", "scrapy", "crawl", "dw", "-a", seed, "-a", "depth=0", *options, *site.settings_args]
    controller, terminal = os.openpty()
    shown: list[bytes] = []
    reader = threading.Thread(target=_read_all, args=(controller, shown))
    reader.start()
    try:
        none = subprocess.DEVNULL
        done = subprocess.run(command, cwd=ROOT, stdin=none, stdout=none, stderr=terminal, check=False, timeout=60)
    finally:
        os.close(terminal)
        reader.join()
        os.close(controller)
    text = b"".join(shown).decode()
    assert done.returncode == 0
    assert re.search(r"\r\x1b\[K\d new documents, 0 known, \d pictures", text)
    assert "\r\x1b[Kdocuments       2 new" in text  # the summary begins at the left edge


def _read_all(descriptor: int, into: list[bytes]) -> None:
    while True:
        try:
            data = os.read(descriptor, 4096)
        except OSError:  # EIO: nobody holds the other side any more
            return
        into.append(data)


def test_a_new_key_of_a_reply_is_named_once_and_the_reply_kept(site: Site, tmp_path: Path) -> None:
    for number in dw.CHAIN[3:]:
        site.edit(number, keys={"moodOfTheKeeper": "calm"})
    outcome = crawl(tmp_path, dw.CHAIN[3:], "depth=0", site=site)
    assert outcome.report["unknown_keys"] == ["moodOfTheKeeper"]
    assert outcome.stderr.count("WARNING: A key of a reply was never met before: moodOfTheKeeper") == 1
    assert len(outcome.documents) == 2


def test_timeouts_of_ended_requests_do_not_pile_up(site: Site, tmp_path: Path) -> None:
    extensions = {"crawler.extensions.ArchiveExtension": 1, f"{__name__}.LooksOften": 900,
                  "crawler.extensions.TimeoutsExtension": None}  # fmt: skip
    outcome = crawl(tmp_path, dw.SEEDS, site=site, settings={"EXTENSIONS": json.dumps(extensions)})
    (left,) = re.findall(r"(\d+) timeouts of ended requests", outcome.stderr)
    assert len(outcome.requests) > 2 * LIE_ANYWAY
    assert int(left) < 1.6 * LIE_ANYWAY


# --- errors of our own ---


def test_a_bug_met_by_one_article_is_counted_and_the_article_tried_again(site: Site, tmp_path: Path) -> None:
    with_bug = {"ITEM_PIPELINES": json.dumps({**PIPELINES, f"{__name__}.Stumbles": 350})}
    outcome = crawl(tmp_path, dw.CHAIN[3:], "depth=0", site=site, settings=with_bug)
    assert outcome.status == 3
    assert list(outcome.documents) == [dw.CHAIN[3]]
    assert outcome.report["failures"] == 1
    assert f"Error storing {dw.CHAIN[4]}" in outcome.stderr
    assert "It is the last one" not in outcome.stderr
    again = crawl(tmp_path, dw.CHAIN[3:], "depth=0", site=site)
    assert again.status == 0
    assert again.asked("api") == {f"/api/detail/article/{dw.CHAIN[4]}": 1}
    assert set(again.documents) == set(dw.CHAIN[3:])


def test_a_run_that_cannot_start_says_so(site: Site, tmp_path: Path) -> None:
    without_pictures = {"ITEM_PIPELINES": json.dumps({"crawler.pipelines.PicturesPipeline": None})}
    site.fault("/image/.*", status=500)
    crawl(tmp_path, [dw.CHAIN[4]], site=site, settings={"RETRY_TIMES": 0})
    outcome = crawl(tmp_path, [dw.CHAIN[4]], site=site, settings=without_pictures)
    assert outcome.status == outcome.report["exit_status"] == 1
    assert "ITEM_PIPELINES must hold crawler.pipelines.PicturesPipeline" in outcome.stderr


def test_a_report_that_cannot_be_read_does_not_stop_the_next_run(site: Site, tmp_path: Path) -> None:
    crawl(tmp_path, [dw.CHAIN[4]], site=site)
    (report,) = (tmp_path / "runs").glob("*.report.json")
    report.write_text("{")
    outcome = crawl(tmp_path, [dw.CHAIN[4]], site=site)
    assert outcome.status == 0
    assert f"{report} cannot be read" in outcome.stderr
