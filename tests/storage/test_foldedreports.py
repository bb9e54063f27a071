"""Reports of old runs, folded into one file a month. tests/upkeep/test_compact.py tests the command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crawler.storage import foldedreports, layout

RUNS = ["20260501T100000Z", "20260502T100000Z"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / layout.RUNS).mkdir()
    for run in RUNS:
        write(tmp_path, run, json.dumps({"run": run, "found": 5}))
    return tmp_path


def write(root: Path, run: str, text: str) -> str:
    path = root / layout.RUNS / f"{run}.report.json"
    path.write_text(text)
    return path.name


def fold(root: Path) -> int:
    return foldedreports.fold(root, "2026-05", sorted(path.name for path in (root / layout.RUNS).glob("*.report.json")))


def folded(root: Path) -> Path:
    return root / layout.RUNS / layout.folded_reports("2026-05")


def test_folded_reports_are_read_as_they_were(root: Path) -> None:
    assert fold(root) == 2
    assert foldedreports.read(folded(root)) == ({run: {"run": run, "found": 5} for run in RUNS}, [])
    assert list((root / layout.RUNS).iterdir()) == [folded(root)]


def test_a_report_that_came_later_joins_the_others(root: Path) -> None:
    fold(root)
    late = "20260503T100000Z"
    write(root, late, json.dumps({"run": late}))
    assert fold(root) == 1
    assert sorted(foldedreports.read(folded(root))[0]) == [*RUNS, late]


ODD = [
    "{", "[]", '{"run": "20260504T100000Z"}', '{"found": 5}', '{"run": "20260503T100000Z", "crc32": 1}',
    '{"run": "20260503T100000Z", "found": NaN}',
]  # fmt: skip


@pytest.mark.parametrize("text", ODD)
def test_a_report_that_would_not_come_back_as_it_is_stays(text: str, root: Path) -> None:
    name = write(root, "20260503T100000Z", text)
    assert fold(root) == 2
    assert (root / layout.RUNS / name).read_text() == text


def test_nothing_is_folded_if_the_month_is_damaged(root: Path) -> None:
    fold(root)
    folded(root).write_bytes(folded(root).read_bytes().replace(b"5", b"6", 1))
    write(root, RUNS[0], json.dumps({"run": RUNS[0], "found": 5}))
    assert fold(root) == 0
    reports, problems = foldedreports.read(folded(root))
    assert list(reports) == RUNS[1:]
    assert len(problems) == 1
    assert problems[0].startswith("2026-05.reports.ndjson line 1: ")


def test_nothing_is_folded_if_the_month_says_something_else_of_a_run(root: Path) -> None:
    fold(root)
    name = write(root, RUNS[0], json.dumps({"run": RUNS[0], "found": 6}))
    assert fold(root) == 0
    assert (root / layout.RUNS / name).exists()
