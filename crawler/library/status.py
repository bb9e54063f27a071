"""What an archive holds and what it waits for, in figures. Reads the index only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from crawler.storage import layout
from crawler.storage.index import refresh
from crawler.storage.index.agenda import to_look_at_again
from crawler.storage.index.objects import ARCHIVED, GONE, MISSING, PENDING, REFUSED, UNREADABLE
from crawler.storage.index.sqlite import Index
from crawler.storage.runlog import run_logs

Figures = dict[str, Any]

_PARTS = " ▏▎▍▌▋▊▉█"


def figures(index: Index, now_ms: int, rules: refresh.Rules) -> Figures:
    """Everything `scrapy status` shows of the index, ready for JSON.

    states: {kind: {state: count}}. languages, months (`2026-11`, `unknown`): archived documents. due: see `due`.
    disk: {what: {files, bytes}}.
    """
    states: dict[str, dict[str, int]] = {}
    for (kind, state), count in sorted(index.counts().items()):
        states.setdefault(kind, {})[state] = count
    return {
        "states": states,
        "languages": _documents_by(index, "coalesce(language, 'und')", "2 DESC, 1"),
        "months": _documents_by(index, "coalesce(strftime('%Y-%m', published_ms / 1000, 'unixepoch'), 'unknown')", "1 DESC"),
        "due": due(index, now_ms, rules),
        "disk": sizes(index),
    }


def _documents_by(index: Index, what: str, order: str) -> dict[str, int]:
    where = "format = '' AND path IS NOT NULL"
    return dict(index.query(f"SELECT {what}, count(*) FROM objects WHERE {where} GROUP BY 1 ORDER BY {order}"))  # noqa: S608


def due(index: Index, now_ms: int, rules: refresh.Rules) -> Figures:
    """What the next run has to do.

    pending_documents, pending_pictures, pending_media (only a run with media=1 fetches these); try_again: what DW did not
    have or what could not be read, whose time has come; try_later: whose time comes, the first at `next` (UTC, None for
    nothing); look_again: archived documents by the rules; compare: those not yet compared with DW, as seed documents.
    """
    pending = dict(index.query("SELECT CASE kind WHEN 'picture' THEN kind WHEN 'media' THEN kind ELSE '' END, count(*)"
                               " FROM objects WHERE state = ? GROUP BY 1", [PENDING]))  # fmt: skip
    again, later, next_ms = next(index.query(
        "SELECT count(*) FILTER (WHERE next <= ?), count(*) FILTER (WHERE next > ?), min(next) FILTER (WHERE next > ?)"
        " FROM (SELECT coalesce(next_ms, 0) AS next FROM objects WHERE format <> 'media'"
        " AND (state IN (?, ?, ?, ?) OR (state = ? AND misses > 0)))",
        [now_ms, now_ms, now_ms, MISSING, GONE, UNREADABLE, REFUSED, ARCHIVED]))  # fmt: skip
    is_apart = f"coalesce(checked_ms, 1) > 0 AND (misses = 0 OR next_ms > {now_ms:d})"  # counted elsewhere otherwise
    return {
        "pending_documents": pending.get("", 0),
        "pending_pictures": pending.get("picture", 0),
        "pending_media": pending.get("media", 0),
        "try_again": again,
        "try_later": later,
        "next": layout.iso_time(next_ms) if next_ms else None,
        "look_again": len(to_look_at_again(index, now_ms, rules, is_apart)),
        "compare": next(index.query("SELECT count(*) FROM objects WHERE checked_ms = 0 AND state = ?", [ARCHIVED]))[0],
    }


def sizes(index: Index) -> Figures:
    """Files and bytes by what they are."""
    what = ("CASE WHEN path LIKE 'images/%' THEN 'pictures' WHEN path LIKE 'revisions/%' THEN 'revisions'"
            " WHEN path LIKE 'media/%' THEN 'media' WHEN path LIKE 'unreadable/%' THEN 'unreadable'"
            " WHEN path LIKE '%.gz' THEN 'replies' ELSE 'documents' END")  # fmt: skip
    rows = index.query(f"SELECT {what}, count(*), sum(bytes) FROM files GROUP BY 1 ORDER BY 3 DESC")  # noqa: S608
    return {name: {"files": files, "bytes": size} for name, files, size in rows}


def runs(root: Path, reports: Iterable[Mapping[str, Any]], last: int) -> list[Figures]:
    """The last runs, oldest first: those with a report, and those that only have logs (killed, still going on, or of
    another command)."""
    known = {str(report.get("run")): report for report in reports}
    names = sorted({log.name.split(".")[0] for log in run_logs(root)} | set(known))[-last:]
    return [_run(name, known.get(name)) for name in names]


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
        "sentences": report.get("sentences", []),
    }


def totals(states: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    """Counts by state, over all kinds."""
    found: Counter[str] = Counter()
    for counts in states.values():
        found.update(counts)
    return dict(found)


def bar(value: int, largest: int, width: int = 20) -> str:
    """A bar of eighths of a character, at most `width` characters long; the smallest that is not nothing can be seen.

    >>> bar(1, 2)
    '██████████'
    """
    if not value or not largest:
        return ""
    eighths = max(1, round(value / largest * width * 8))
    return _PARTS[8] * (eighths // 8) + _PARTS[eighths % 8].strip()


def duration(seconds: float) -> str:
    """A time span for a person, e.g. `12 s`, `1 min 15 s`, `2 h 5 min`."""
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest} s"
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def size(count: int) -> str:
    """Bytes for a person."""
    value, unit = float(count), "bytes"
    for larger in ("KB", "MB", "GB", "TB"):
        if value < 1000:
            break
        value, unit = value / 1000, larger
    return f"{count:,} bytes" if unit == "bytes" else f"{value:,.1f} {unit}"
