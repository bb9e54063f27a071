"""The reports of earlier runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crawler.crawl import report
from crawler.crawl.pastreports import last_success, newest_first, past_reports
from crawler.storage import foldedreports, layout

RUNS = ["20260430T100000Z", "20260501T100000Z", "20260502T100000Z", "20260503T100000Z"]


def write(root: Path, run: str, **more: Any) -> str:
    """Write a report of a run, by default of a complete crawl."""
    (root / layout.RUNS).mkdir(parents=True, exist_ok=True)
    path = root / layout.RUNS / f"{run}.report.json"
    path.write_text(json.dumps({"run": run, "reason": "finished", "exit_status": 0, **more}))
    return path.name


def test_reports_come_newest_first_folded_or_not(tmp_path: Path) -> None:
    names = [write(tmp_path, run) for run in RUNS]
    assert foldedreports.fold(tmp_path, "2026-05", names[1:3]) == 2
    assert [one["run"] for one in newest_first(tmp_path)] == RUNS[::-1]


def test_a_folder_without_runs_has_no_reports(tmp_path: Path) -> None:
    assert list(newest_first(tmp_path)) == []


@pytest.mark.parametrize("damaged", ["{", "[1]", "[" * 100_000, ""])
def test_a_damaged_report_is_named_and_left_out(tmp_path: Path, damaged: str, caplog: pytest.LogCaptureFixture) -> None:
    write(tmp_path, RUNS[0])
    path = tmp_path / layout.RUNS / write(tmp_path, RUNS[1])
    path.write_text(damaged)
    assert [one["run"] for one in newest_first(tmp_path)] == RUNS[:1]
    assert caplog.messages == [f"{path} cannot be read"]


def test_a_damaged_line_of_folded_reports_is_named_and_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    foldedreports.fold(tmp_path, "2026-05", [write(tmp_path, run) for run in RUNS[1:]])
    path = tmp_path / layout.RUNS / layout.folded_reports("2026-05")
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0].replace(b"finished", b"finishing") + b"".join(lines[1:]))
    assert [one["run"] for one in newest_first(tmp_path)] == RUNS[:1:-1]
    assert len(caplog.messages) == 1
    assert "line 1" in caplog.messages[0]


def test_commands_between_crawls_are_included_and_do_not_count(tmp_path: Path) -> None:
    write(tmp_path, RUNS[0])
    write(tmp_path, RUNS[1])
    write(tmp_path, RUNS[2], command="scrapy add")
    write(tmp_path, RUNS[3], reason=report.NOT_STARTED)
    assert [one["run"] for one in past_reports(tmp_path, 1)] == RUNS[1:]


def test_last_success_is_the_last_complete_crawl(tmp_path: Path) -> None:
    assert last_success(tmp_path) is None
    write(tmp_path, RUNS[0])
    write(tmp_path, RUNS[1])
    write(tmp_path, RUNS[2], exit_status=3)
    write(tmp_path, RUNS[3], command="scrapy add")
    assert (last_success(tmp_path) or {})["run"] == RUNS[1]
