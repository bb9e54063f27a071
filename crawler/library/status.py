"""Report what an archive holds and what the next run will do, in figures. Only the index and the run logs are read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from crawler import times
from crawler.storage.index import agenda, refresh
from crawler.storage.index import figures as indexed
from crawler.storage.index.sqlite import Index
from crawler.storage.runlog import run_logs

Figures = dict[str, Any]

_PARTS = " ▏▎▍▌▋▊▉█"


def figures(index: Index, now_ms: int, rules: refresh.Rules) -> Figures:
    """Return everything that `scrapy status` shows of the index, ready for JSON.

    states: {kind: {state: count}}. languages, months (`2026-11`, `unknown`): archived documents. due: see `due`.
    disk: {what: {files, bytes}}.
    """
    states: dict[str, dict[str, int]] = {}
    for (kind, state), count in sorted(index.counts().items()):
        states.setdefault(kind, {})[state] = count
    return {
        "states": states,
        "languages": indexed.languages(index),
        "months": indexed.months(index),
        "due": due(index, now_ms, rules),
        "disk": {name: {"files": files, "bytes": size} for name, (files, size) in indexed.sizes(index).items()},
    }


def due(index: Index, now_ms: int, rules: refresh.Rules) -> Figures:
    """Return what the next run has to do, ready for JSON; see `agenda.Waiting`. next: UTC, None if nothing is due later."""
    waiting = agenda.waiting(index, now_ms, rules)
    return {
        "pending_documents": waiting.documents,
        "pending_pictures": waiting.pictures,
        "pending_media": waiting.media,
        "try_again": waiting.try_again,
        "try_later": waiting.try_later,
        "next": times.iso(waiting.next_ms) if waiting.next_ms else None,
        "look_again": waiting.look_again,
        "compare": waiting.compare,
    }


def runs(root: Path, crawls: Iterable[Mapping[str, Any]], others: Iterable[Mapping[str, Any]], last: int) -> list[Figures]:
    """Return the last crawls, oldest first: those with a report, and those with logs only (killed, or still running).

    others: reports of other commands, whose logs are left out. last: how many crawls.
    """
    known = {str(report.get("run")): report for report in crawls}
    others = list(others)
    reported = {str(report.get("run")) for report in others}
    for report in (*known.values(), *others):
        reported.update(str(name).split(".")[0] for name in _list(report.get("logs")))
    since = min(known) if len(known) == last else ""  # older ones would be cut off below
    logged = {log.name.split(".")[0] for log in run_logs(root, since)} - reported
    return [_run(name, known.get(name)) for name in sorted(logged | set(known))[-last:]]


def failed_starts(others: Iterable[Mapping[str, Any]], since: str) -> Figures:
    """Count the crawls that could not start after the run `since`, ready for JSON; of the last one name, status and reason."""
    failed = [report for report in others if "command" not in report and str(report.get("run")) > since]
    if not failed:
        return {"count": 0}
    last = failed[-1]
    said = "; ".join(map(str, _list(last.get("sentences"))))
    return {"count": len(failed), "last": last.get("run"), "exit_status": last.get("exit_status"), "sentence": said}


def _list(value: object) -> list[object]:
    """Return a list from a report, or [] if a damaged report holds something else."""
    return value if isinstance(value, list) else []


def _run(name: str, report: Mapping[str, Any] | None) -> Figures:
    if report is None:
        return {"run": name, "report": False}
    documents, pictures = report.get("documents", {}), report.get("pictures", {})
    return {
        "run": name,
        "report": True,
        "seconds": report.get("seconds", 0),
        "exit_status": report.get("exit_status"),
        "reason": report.get("reason", ""),
        "new": documents.get("new", 0),
        "revised": documents.get("revised", 0),
        "unchanged": documents.get("unchanged", 0),
        "pictures": pictures.get("stored", 0),
        "missing": sum(report.get("documents_missing", {}).values()) + sum(report.get("pictures_missing", {}).values()),
        "bytes_stored": report.get("bytes_stored", 0),
        "pending": report.get("pending", 0),
        "sentences": _list(report.get("sentences")),
        "windows": _list(report.get("windows")),
    }


def totals(states: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    """Return the counts by state, over all kinds."""
    found: Counter[str] = Counter()
    for counts in states.values():
        found.update(counts)
    return dict(found)


def bar(value: int, largest: int, width: int = 20) -> str:
    """Return a bar of at most `width` characters, drawn in eighths of a character. Any value above 0 is visible.

    >>> bar(1, 2)
    '██████████'
    """
    if not value or not largest:
        return ""
    eighths = max(1, round(value / largest * width * 8))
    return _PARTS[8] * (eighths // 8) + _PARTS[eighths % 8].strip()


def size(count: int) -> str:
    """Return a number of bytes for a person, for example `812 bytes` or `3.1 MB`."""
    value, unit = float(count), "bytes"
    for larger in ("KB", "MB", "GB", "TB"):
        if value < 1000:
            break
        value, unit = value / 1000, larger
    return f"{count:,} bytes" if unit == "bytes" else f"{value:,.1f} {unit}"
