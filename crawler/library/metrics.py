"""The figures of an archive as Prometheus reads them from a text file (node_exporter's textfile collector). Pure.

Source: the text format, https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from crawler import times
from crawler.library.status import Figures
from crawler.storage.index.objects import ARCHIVED, GONE, MISSING, PENDING, REFUSED, UNREADABLE
from crawler.storage.lastverify import LastVerify

_PREFIX = "dw_archiver_"
_MISSING = (MISSING, UNREADABLE, REFUSED)
_NOT_DOCUMENTS = frozenset({"picture", "media"})


def text(figures: Figures, last_run: Mapping[str, Any] | None, last_success: Mapping[str, Any] | None,
         verified: LastVerify | None) -> str:  # fmt: skip
    """Return all known figures, each with HELP and TYPE. For example, those of a `verify` that never ran are left out.

    figures: as `status.figures` gives them. last_run, last_success: reports of crawls; `start` and `end` are UTC.
    """
    return "".join(_lines(figures, last_run, last_success, verified))


def _lines(figures: Figures, last_run: Mapping[str, Any] | None, last_success: Mapping[str, Any] | None,
           verified: LastVerify | None) -> Iterator[str]:  # fmt: skip
    states = figures["states"]
    pictures = {"picture": states.get("picture", {})}
    documents = {kind: counts for kind, counts in states.items() if kind not in _NOT_DOCUMENTS}
    yield _gauge("documents", "Archived documents.", _count(documents, ARCHIVED))
    yield _gauge("documents_pending", "Documents that no run has requested yet.", _count(documents, PENDING))
    yield _gauge("documents_missing", "Documents that could not be fetched or read.", _count(documents, *_MISSING))
    yield _gauge("documents_gone", "Documents that DW no longer has.", _count(documents, GONE))
    yield _gauge("pictures_missing", "Pictures that could not be fetched.", _count(pictures, *_MISSING))
    yield _gauge("bytes", "Bytes of all stored files.", sum(found["bytes"] for found in figures["disk"].values()))
    if last_run:
        yield _gauge("last_run_status", "Exit status of the last crawl; 0 is complete.", last_run.get("exit_status"))
        yield _gauge("last_run_timestamp_seconds", "When the last crawl ended, Unix time.", _seconds(last_run))
    if last_success:
        name = "last_success_timestamp_seconds"
        yield _gauge(name, "When the last crawl with status 0 ended, Unix time.", _seconds(last_success))
    if verified:
        yield _gauge("verify_damage", "Problems that the last verify found.", verified.damaged)
        began_ms = times.parse_ms(verified.time)
        yield _gauge("verify_timestamp_seconds", "When the last verify began, Unix time.", began_ms and began_ms / 1000)


def _gauge(name: str, meaning: str, value: object) -> str:
    """Return the lines of a figure; none for a value that is no number, as a damaged report may hold."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    name = _PREFIX + name
    return f"# HELP {name} {meaning}\n# TYPE {name} gauge\n{name} {value:.15g}\n"


def _count(states: Mapping[str, Mapping[str, int]], *which: str) -> int:
    """Return how many objects are in some states."""
    return sum(counts.get(state, 0) for counts in states.values() for state in which)


def _seconds(report: Mapping[str, Any]) -> float | None:
    """Return when a run ended, in seconds since 1970-01-01 UTC; None if its report does not say."""
    end = report.get("end")
    ended_ms = times.parse_ms(end) if isinstance(end, str) else None
    return None if ended_ms is None else ended_ms / 1000
