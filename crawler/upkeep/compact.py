"""Merge the reports of old runs, month by month."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from crawler.storage import foldedreports, layout, tree

KEPT = 100  # the newest reports stay separate files, because crawls read them


def compact(root: Path, now_ms: int) -> tuple[int, int]:
    """Fold the reports of past months. Returns how many were folded, and how many old ones could not be.

    now_ms: milliseconds UTC; the current month stays as it is. The caller holds the archive's lock. Raises OSError.
    """
    current = layout.month_of(layout.run_name(now_ms))
    months: dict[str, list[str]] = defaultdict(list)
    reports = [name for name in tree.run_files(root) if layout.is_report(name)]
    for name in reports[:-KEPT]:
        if layout.month_of(name) < current:
            months[layout.month_of(name)].append(name)
    folded = sum(foldedreports.fold(root, month, names) for month, names in months.items())
    return folded, sum(map(len, months.values())) - folded
