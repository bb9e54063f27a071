"""Read the reports of earlier runs from an archive."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from crawler.crawl import report
from crawler.exceptions import COMPLETE, COULD_NOT_START
from crawler.files import read_file
from crawler.storage import foldedreports, layout

logger = logging.getLogger(__name__)

Report = dict[str, Any]


def newest_first(root: Path) -> Iterator[Report]:
    """Yield the reports of all runs: crawls, those that could not start, and other commands. Unreadable ones are named in the
    log and left out."""
    runs = root / layout.RUNS
    names = os.listdir(runs) if runs.is_dir() else []
    months: dict[str, list[str]] = {layout.month_of(name): [] for name in names if layout.is_folded_reports(name)}
    for name in filter(layout.is_report, names):
        months.setdefault(layout.month_of(name), []).append(name.partition(".")[0])
    for month in sorted(months, reverse=True):
        folded = _folded(runs / layout.folded_reports(month))
        for run in sorted({*folded, *months[month]}, reverse=True):
            past = folded[run] if run in folded else _report(runs / f"{run}.report.json")
            if past is not None:
                yield past


def _report(path: Path) -> Report | None:
    """Return a report; None, and a line in the log, if it cannot be read."""
    try:
        past = json.loads(read_file(path))
    except (OSError, ValueError, RecursionError):
        past = None
    if isinstance(past, dict):
        return past
    logger.warning("%s cannot be read", path)
    return None


def _folded(path: Path) -> dict[str, Report]:
    """Return the folded reports of a month by name of the run; none if there are none. Damaged ones are named in the log."""
    try:
        reports, problems = foldedreports.read(path)
    except FileNotFoundError:
        return {}
    except OSError as error:
        logger.warning("%s cannot be read: %s", path, error.strerror)
        return {}
    for problem in problems:
        logger.warning("%s", problem)
    return reports


def past_reports(root: Path, last: int = 20) -> list[Report]:
    """Return the reports of the last crawls that started, oldest first, and of everything else that ran since the first of
    them: see `newest_first`."""
    found: list[Report] = []
    crawls = 0
    for past in newest_first(root):
        found.append(past)
        crawls += is_crawl(past)
        if crawls == last:
            break
    return found[::-1]


def is_crawl(past: Mapping[str, Any]) -> bool:
    """Whether a report is of a crawl that started."""
    has_started = past.get("reason") != report.NOT_STARTED and past.get("exit_status") != COULD_NOT_START
    return "command" not in past and has_started


def last_success(root: Path) -> Report | None:
    """Return the report of the last crawl that was complete; None if there is none."""
    return next((past for past in newest_first(root) if is_crawl(past) and past.get("exit_status") == COMPLETE), None)
