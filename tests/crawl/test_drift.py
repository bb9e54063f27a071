"""Drift of DW's replies, told by the reports of runs. Reports are invented."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crawler.crawl import drift
from tests.crawling import DAY_MS, NOW_MS, crawl, fresh_site
from tests.dwsite import articles as dw
from tests.helpers_commands import scrapy

USUAL: dict[str, Any] = {"places": {"api": 95, "graph-api": 5}, "documents": {"unreadable": 0}, "documents_with_skipped": 3}


def test_shares_are_those_of_the_documents_a_run_read() -> None:
    report = {"places": {"api": 60, "page:react": 20}, "documents": {"unreadable": 20}, "documents_with_skipped": 8}
    assert drift.shares(report) == {"from api": 0.75, "from page:react": 0.25, "unreadable": 0.2, "with skipped elements": 0.1}


@pytest.mark.parametrize(
    ("now", "sentence", "usual"),
    [
        ({"places": {"api": 50, "graph-api": 50}}, "50% of the documents came from graph-api", "5%"),
        ({"places": {"api": 60, "page:react": 40}}, "40% of the documents came from page:react", "0%"),
        ({"documents": {"unreadable": 100}}, "50% of the documents were unreadable", "0%"),
        ({"documents_with_skipped": 40}, "40% of the documents had elements that were skipped", "3%"),
        ({"places": {}, "documents": {"unreadable": 30}}, "100% of the documents were unreadable", "0%"),
    ],
)
def test_share_that_jumps_is_named(now: dict[str, Any], sentence: str, usual: str) -> None:
    expected = f"{sentence}; the median of the last 3 runs is {usual}: has DW changed its replies?"
    assert drift.jumps(USUAL | now, [USUAL] * 3) == [expected]


@pytest.mark.parametrize(
    "now", [{}, {"places": {"api": 100}}, {"places": {"api": 90, "graph-api": 10}}, {"places": {"api": 9, "graph-api": 10}}]
)
def test_share_that_does_not_jump_is_not_named(now: dict[str, Any]) -> None:
    assert drift.jumps(USUAL | now, [USUAL] * 3) == []


def test_jumps_need_two_earlier_runs_with_enough_replies() -> None:
    small, now = {"places": {"api": 5}}, USUAL | {"places": {"graph-api": 100}}
    assert drift.jumps(now, [USUAL, small, small]) == []
    assert drift.jumps(now, [USUAL, small, USUAL]) != []


@pytest.mark.parametrize("damaged", [None, 5, "x", [], {"api": "many"}, {"api": -1}, {"api": 10**400}, {"api": float("nan")}])
def test_damaged_reports_are_ignored(damaged: object) -> None:
    report = {"places": damaged, "documents": damaged, "skipped_elements": damaged, "unknown_keys": damaged}
    assert drift.shares(report) == {}
    assert drift.jumps(USUAL, [report] * 5) == []
    assert drift.figures(report)["places"] == {}


def test_figures_hold_no_personal_data() -> None:
    report = USUAL | {"seeds": "/home/ada/secret.txt", "run": "20260601T000000Z", "sentences": ["/home/ada"]}
    assert "/home" not in str(drift.figures(report))


def test_run_whose_replies_drifted_reports_it_and_ends_with_status_3(tmp_path: Path) -> None:
    site = fresh_site()
    count = drift.FEWEST + 1
    site.options(articles=count, pictures_per_article=0)
    ids = [dw.FIRST_SYNTHETIC + place for place in range(count)]

    def run(day: int) -> Any:
        return crawl(tmp_path, ids, "depth=0", "refresh=all", site=site, now_ms=NOW_MS + day * DAY_MS)

    assert [run(day).status for day in range(2)] == [0, 0]
    for dw_id in ids:
        body = [{"content": {"type": "Paragraph", "text": "Words."}}, {"content": {"type": "Hologram", "light": 1}}]
        site.edit(dw_id, keys={"body": body})
    last = run(2)
    assert last.status == 3
    assert last.report["places"] == {"api": count}
    assert last.report["documents_with_skipped"] == count
    assert any("100% of the documents had elements that were skipped" in said for said in last.report["sentences"])
    ran = scrapy("status", root=tmp_path)
    assert ran.status == 0, ran.err
    told = ran.out
    assert "Hologram 21" in told
    assert run(3).status == 3  # until it is usual
