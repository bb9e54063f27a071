"""The run of a crawl: its start and end, its report and exit status."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from scrapy import Request, signals
from scrapy.exceptions import CloseSpider
from scrapy.http import Response
from scrapy.statscollectors import StatsCollector
from scrapy.utils.test import get_crawler

from crawler import clock
from crawler.crawl import options, report
from crawler.crawl.extensions.archive import ArchiveExtension
from crawler.exceptions import (
    COMPLETE,
    COULD_NOT_START,
    DISK,
    INCOMPLETE,
    STOPPED,
    UNREACHABLE,
    ArchiveInUse,
    DiskError,
)
from crawler.storage import layout
from tests.conftest import NOW_MS
from tests.crawl.test_options import settings

ANSWERED = {"dw/request/attempted": 3, "dw/request/answered": 3}


class Spider:
    """A spider that crawls for an archive, as far as a run needs it."""

    def __init__(self, root: Path, **arguments: str) -> None:
        changed = settings(ARCHIVE_DIR=str(root), ARCHIVE_MIN_FREE=0, ARCHIVE_ALERT_MINIMUM=20)
        self.options = options.read({"seeds": "edition:en", **arguments}, changed)
        self.run: Any = None

    def begin(self, run: Any) -> None:
        self.run = run

    def completeness(self) -> Iterator[str]:
        yield "half of a window"


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now_ms", lambda: NOW_MS)


def begun(root: Path, stats: dict[str, Any] | None = None, **arguments: str) -> ArchiveExtension:
    """A run that has begun and has counted something."""
    crawler = get_crawler()
    crawler.spider, crawler.stats = Spider(root, **arguments), StatsCollector(crawler)  # type: ignore[assignment]
    made = ArchiveExtension.from_crawler(crawler)
    for name, value in (stats or {}).items():
        crawler.stats.set_value(name, value)
    return made


def ended(root: Path, stats: dict[str, Any] | None = None, reason: str = "finished", **arguments: str) -> dict[str, Any]:
    """The report of a run."""
    made = begun(root, stats, **arguments)
    made.finish(reason)
    written = report_of(root, made)
    assert written["exit_status"] == made.exit_status
    return written


def report_of(root: Path, made: ArchiveExtension) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((root / layout.RUNS / f"{made.run.archive.log.name}.report.json").read_bytes())
    return found


def test_a_spider_of_another_kind_is_refused() -> None:
    crawler: Any = SimpleNamespace(spider=SimpleNamespace())
    with pytest.raises(AssertionError, match="does not crawl for an archive"):
        ArchiveExtension.from_crawler(crawler)


def test_the_spider_gets_the_run_and_the_archive_is_locked(tmp_path: Path) -> None:
    made = begun(tmp_path)
    assert made.spider.run is made.run  # type: ignore[attr-defined]
    with pytest.raises(ArchiveInUse):
        begun(tmp_path)
    made.finish("finished")
    begun(tmp_path).finish("finished")


@pytest.mark.parametrize(
    ("stats", "reason", "status"),
    [
        (ANSWERED, "finished", COMPLETE), ({**ANSWERED, "dw/error/unexpected": 1}, "finished", INCOMPLETE),
        ({"dw/request/attempted": 3}, "finished", UNREACHABLE), (ANSWERED, "shutdown", STOPPED),
        ({}, "start_error", COULD_NOT_START),
    ],
)  # fmt: skip
def test_the_report_says_how_a_run_ended(stats: dict[str, int], reason: str, status: int, tmp_path: Path) -> None:
    found = ended(tmp_path, stats, reason)
    assert (found["exit_status"], found["reason"], found["seeds"]) == (status, reason, "edition:en")
    assert found["windows"] == ["half of a window"]
    assert ("Nothing could be reached" in str(found["sentences"])) == (status == UNREACHABLE)


def test_a_run_ends_once(tmp_path: Path) -> None:
    made = begun(tmp_path, ANSWERED)
    made.finish("finished")
    made.finish("shutdown")
    assert report_of(tmp_path, made)["reason"] == "finished"


def test_the_error_that_ends_a_run_decides_its_status(tmp_path: Path) -> None:
    made = begun(tmp_path, ANSWERED)
    made.run.abort(DiskError("the disk is full"))
    made.finish("DiskError")
    found = report_of(tmp_path, made)
    assert (found["exit_status"], found["sentences"][-1]) == (DISK, "the disk is full")


def test_a_run_that_failed_early_closes_its_spider_when_it_opens(tmp_path: Path) -> None:
    made = begun(tmp_path)
    made._spider_opened()
    made.run.failure = DiskError("the disk is full")
    with pytest.raises(CloseSpider):
        made._spider_opened()
    made.finish("DiskError")


def test_a_report_that_cannot_be_written_is_a_failing_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = begun(tmp_path, ANSWERED)
    monkeypatch.setattr(report, "dumps", lambda made: 1 / 0)
    made.finish("finished")
    assert made.exit_status == DISK


def test_a_run_that_finds_far_less_than_the_last_ones_is_incomplete(tmp_path: Path) -> None:
    for found in (100, 100, 100):
        assert ended(tmp_path, {**ANSWERED, "dw/listing/named": found})["exit_status"] == COMPLETE
    alerted = ended(tmp_path, {**ANSWERED, "dw/listing/named": 3})
    assert alerted["exit_status"] == INCOMPLETE
    assert "has DW changed its site?" in alerted["sentences"][0]


@pytest.mark.parametrize(("reason", "seeds"), [("shutdown", "edition:en"), ("finished", "edition:de")])
def test_only_completed_runs_with_the_same_seeds_are_compared(reason: str, seeds: str, tmp_path: Path) -> None:
    for found in (100, 100, 100):
        ended(tmp_path, {**ANSWERED, "dw/listing/named": found}, reason, seeds=seeds)
    assert ended(tmp_path, {**ANSWERED, "dw/listing/named": 3})["sentences"] == []


def test_replies_of_another_kind_than_before_are_reported(tmp_path: Path) -> None:
    for _ in range(3):
        ended(tmp_path, {**ANSWERED, "dw/drift/place/api": 50})
    assert "came from page:react" in ended(tmp_path, {**ANSWERED, "dw/drift/place/page:react": 50})["sentences"][0]


def test_responses_and_errors_are_counted(tmp_path: Path) -> None:
    made = begun(tmp_path)
    request = Request("https://api.dw.com/api/detail/article/7")
    sent = made.run.control._crawler.signals.send_catch_log
    sent(signals.response_downloaded, response=Response(request.url, body=b"12345"), request=request, spider=None)
    sent(signals.spider_error)
    assert made.run.counted("dw/request/by_host/api.dw.com 200") == 1
    assert made.run.counted("dw/received/bytes") == 5
    assert made.run.counted("dw/error/unexpected") == 1
    made.finish("finished")


def test_errors_that_follow_the_one_that_ends_the_run_do_not_count(tmp_path: Path) -> None:
    made = begun(tmp_path)
    made.run.abort(DiskError("the disk is full"))
    made.run.control._crawler.signals.send_catch_log(signals.item_error)
    assert made.run.counted("dw/error/unexpected") == 0
    made.finish("DiskError")


def test_an_engine_that_never_ran_ends_the_run_too(tmp_path: Path) -> None:
    made = begun(tmp_path)
    made.run.control._crawler.signals.send_catch_log(signals.engine_stopped)
    assert report_of(tmp_path, made)["reason"] == report.NOT_STARTED


def test_a_dry_run_leaves_no_report_and_no_archive(tmp_path: Path) -> None:
    begun(tmp_path / "archive", dry_run="1").finish("finished")
    assert not (tmp_path / "archive").exists()
