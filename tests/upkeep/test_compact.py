"""The reports of old runs are folded together, and none is ever lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from crawler.crawl.pastreports import newest_first
from crawler.storage import disk, foldedreports, layout
from crawler.upkeep import compact
from tests.helpers_commands import NOW_MS, archive_of, document, scrapy, snapshot

RUNS = [f"2026{month:02}{day:02}T000000Z" for month in (2, 3, 4, 6) for day in (1, 2, 3)]  # it is 2026-06-01
OLD = [run for run in RUNS if run < "202605"]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An archive with three reports in each of four months; the newest two stay as they are."""
    monkeypatch.setattr(compact, "KEPT", 2)
    root = archive_of(tmp_path / "a", document())
    for number, run in enumerate(RUNS):
        report(root, run, exit_status=number % 4, sentences=["half an emoji \ud83d", "ش\u2028"])
    return root


def report(root: Path, run: str, **facts: Any) -> None:
    made = {"run": run, "reason": "finished", "seconds": 1.5, **facts}
    (root / layout.RUNS / f"{run}.report.json").write_text(json.dumps(made, indent=1))


def plain(root: Path) -> list[str]:
    return sorted(path.name.partition(".")[0] for path in (root / layout.RUNS).glob("*.report.json"))


def folded(root: Path) -> list[str]:
    return sorted(path.name for path in (root / layout.RUNS).glob("*.reports.ndjson"))


def test_reports_of_past_months_are_folded_and_read_as_before(root: Path) -> None:
    before = list(newest_first(root))
    ran = scrapy("compact", root=root)
    assert (ran.status, ran.out) == (0, f"{len(OLD)} reports folded\n")
    assert folded(root) == [f"2026-{month:02}.reports.ndjson" for month in (2, 3, 4)]
    assert plain(root) == RUNS[-3:]
    assert list(newest_first(root)) == before
    assert [one["run"] for one in before] == RUNS[::-1]


def test_folding_twice_changes_nothing(root: Path) -> None:
    scrapy("compact", root=root)
    before = snapshot(root)
    assert scrapy("compact", "--json", root=root).json == {"folded": 0, "left": 0}
    assert snapshot(root) == before


def test_verify_repair_and_reindex_know_folded_reports(root: Path) -> None:
    scrapy("compact", root=root)
    before = scrapy("status", "--json", root=root).json
    assert scrapy("verify", "--strict", root=root).status == 0
    assert scrapy("reindex", root=root).status == 0
    assert scrapy("repair", root=root).status == 0
    assert scrapy("status", "--json", root=root).json["runs"] == before["runs"]


def test_logs_and_documents_are_not_touched(root: Path) -> None:
    before = {path: data for path, data in snapshot(root).items() if not path.endswith(".report.json")}
    scrapy("compact", root=root)
    assert {path: data for path, data in snapshot(root).items() if "report" not in path} == before


@pytest.mark.parametrize("call", ["os_open", "os_write", "os_fsync", "os_rename", "sync_folders", "remove_all"])
@pytest.mark.parametrize("times", [0, 1, 2, 4])
def test_a_fold_that_fails_anywhere_loses_nothing_and_the_next_completes_it(call: str, times: int, root: Path) -> None:
    before, real, calls = list(newest_first(root)), getattr(disk, call), 0

    def fail(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls > times:
            raise OSError(5, "I/O error")
        return real(*arguments)

    with patch.object(disk, call, fail):
        try:
            compact.compact(root, NOW_MS)
        except OSError:
            assert calls > times
    assert list(newest_first(root)) == before
    assert compact.compact(root, NOW_MS)[1] == 0
    assert list(newest_first(root)) == before
    assert len(plain(root)) == 3
    assert not list((root / layout.RUNS).glob(".tmp-*"))


def test_a_kill_between_removals_loses_nothing(root: Path) -> None:
    before = list(newest_first(root))
    with patch.object(disk, "remove_all", lambda paths: paths[0].unlink()):
        compact.compact(root, NOW_MS)
    assert list(newest_first(root)) == before
    assert compact.compact(root, NOW_MS) == (len(OLD) - 3, 0)
    assert list(newest_first(root)) == before


def test_late_report_joins_its_month(root: Path) -> None:
    scrapy("compact", root=root)
    report(root, "20260215T000000Z")
    assert scrapy("compact", "--json", root=root).json == {"folded": 1, "left": 0}
    assert [one["run"] for one in newest_first(root)] == sorted([*RUNS, "20260215T000000Z"], reverse=True)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"run": "20260101T000000Z"}', b'{"run": "20260201T000000Z", "x": NaN}'])
def test_a_report_that_is_damaged_or_of_another_run_stays(data: bytes, root: Path) -> None:
    path = root / layout.RUNS / "20260201T000000Z.report.json"
    path.write_bytes(data)
    ran = scrapy("compact", root=root)
    assert ran.status == 3
    assert "1 left" in ran.out
    assert path.read_bytes() == data
    assert plain(root) == ["20260201T000000Z", *RUNS[-3:]]


def test_a_damaged_file_of_a_month_is_left_alone(root: Path) -> None:
    scrapy("compact", root=root)
    path = root / layout.RUNS / "2026-02.reports.ndjson"
    data = path.read_bytes()
    path.write_bytes(data.replace(b"finished", b"finishes", 1))
    report(root, "20260215T000000Z")
    assert scrapy("compact", root=root).status == 3
    assert "20260215T000000Z" in plain(root)
    assert len(list(newest_first(root))) == len(RUNS), "one is damaged, one is new"


def test_report_that_differs_from_the_file_of_its_month_stays(root: Path) -> None:
    scrapy("compact", root=root)
    report(root, "20260201T000000Z", reason="another")
    assert scrapy("compact", root=root).status == 3
    assert "20260201T000000Z" in plain(root)
    assert foldedreports.read(root / layout.RUNS / "2026-02.reports.ndjson")[0]["20260201T000000Z"]["reason"] == "finished"


def test_an_archive_in_use_is_not_folded(root: Path) -> None:
    from crawler.storage.lock import Lock

    lock = Lock(root / layout.LOCK, "a test", "")
    assert scrapy("compact", root=root).status == 5
    lock.release()
