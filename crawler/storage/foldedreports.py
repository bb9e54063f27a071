"""The reports of old runs, folded together: `runs/2026-05.reports.ndjson` has a line with a checksum for each of a month.

Ten years of hourly runs leave 90,000 reports. Reports prove nothing, and no log is folded. A report is removed only after the
file that holds it was written, flushed, and read again; a report that is in both places counts once.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from crawler.exceptions import DamagedLine
from crawler.files import is_file, read_file
from crawler.storage import disk, layout, runlog

Report = dict[str, Any]


def read(path: Path) -> tuple[dict[str, Report], list[str]]:
    """Return the reports of a folded file by name of the run, and a sentence for each damaged line. Raises OSError."""
    reports: dict[str, Report] = {}
    problems = []
    for number, line in enumerate(read_file(path).splitlines(keepends=True), 1):
        try:
            report = runlog.unchecked(line)
        except DamagedLine as error:
            problems.append(f"{path.name} line {number}: {error}")
        else:
            reports[str(report.get("run"))] = report
    return reports, problems


def fold(root: Path, month: str, names: Iterable[str]) -> int:
    """Fold reports of one month into its file, and remove them. Returns how many. The caller holds the archive's lock.

    month: such as "2026-05". names: of files under `runs/`. Left alone: reports that cannot be read or name another run than
    their file does, and all of them if the month's file is damaged or says something else of a run. Raises OSError.
    """
    path = root / layout.RUNS / layout.folded_reports(month)
    before, problems = read(path) if os.path.lexists(path) else ({}, [])
    new = {name: report for name in names if (report := _readable(root / layout.RUNS / name))}
    after = {**before, **{str(report["run"]): report for report in new.values()}}
    if problems or not new or any(after[run] != report for run, report in before.items()):
        return 0
    disk.replace_file(path, b"".join(runlog.encode(after[run]) for run in sorted(after)))
    if read(path) != (after, []):
        raise OSError(f"{path} does not hold what was written")
    disk.remove_all([root / layout.RUNS / name for name in new])
    return len(new)


def _readable(path: Path) -> Report | None:
    """Return a report; None if it is damaged or no file, names another run than its file does, or has a key of ours."""
    try:
        report = json.loads(read_file(path), parse_constant=_refuse) if is_file(path) else None
    except (OSError, ValueError, RecursionError):
        return None
    is_whole = isinstance(report, dict) and report.get("run") == path.name.partition(".")[0] and "crc32" not in report
    return report if is_whole else None


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")
