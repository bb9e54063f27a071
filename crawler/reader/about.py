"""Count what a site holds and how complete its archive is, for `about.html`."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

from crawler import times
from crawler.files import read_file
from crawler.reader import names
from crawler.reader.memory import Memory
from crawler.reader.plan import Selection
from crawler.storage import layout, tree

_STATES = (
    ("archived", "Archived"), ("gone", "Archived, and gone at DW"), ("pending", "Known, not fetched yet"),
    ("missing", "Missing at DW"), ("unreadable", "Not readable"), ("refused", "Refused"),
    ("out of scope", "Known, not wanted"),
)  # fmt: skip


def figures(memory: Memory, archive: Path, selection: Selection) -> dict[str, Any]:
    """Return what `about.html` shows, ready for JSON. The archive's index must be attached."""
    of_shown = "SELECT count(DISTINCT object || ' ' || rendition) FROM shown WHERE "
    published = next(memory.rows("SELECT min(published_ms), max(published_ms) FROM documents"))
    states = dict(memory.rows("SELECT state, count(*) FROM archive.objects WHERE rendition = '' GROUP BY 1"))
    run = max((name for name in tree.run_files(archive)), default="").partition(".")[0]
    return {
        "documents": memory.value("SELECT count(*) FROM documents"),
        "kinds": list(memory.rows("SELECT kind, count(*) FROM documents GROUP BY 1 ORDER BY 2 DESC, 1")),
        "revisions": memory.value("SELECT count(*) FROM revisions"),
        "pictures": memory.value(f"{of_shown} rendition <> 'media' AND path <> ''"),
        "pictures_missing": memory.value(f"{of_shown} rendition <> 'media' AND path = ''"),
        "media": memory.value(f"{of_shown} rendition = 'media' AND path <> ''"),
        "media_missing": memory.value(f"{of_shown} rendition = 'media' AND path = ''"),
        "published": list(published) if published[0] is not None else [],
        "states": [(words, states[state]) for state, words in _STATES if states.get(state)],
        "run": times.parse_ms(run),
        "run_status": _status(archive, run),
        "part": _part(selection),
    }


def _status(archive: Path, run: str) -> int | None:
    """Return the exit status of a run from its report; None if it has no report, or the report has no status."""
    with contextlib.suppress(OSError, ValueError):
        report = json.loads(read_file(archive / layout.RUNS / f"{run}.report.json"))
        status = report.get("exit_status") if isinstance(report, dict) else None
        return status if isinstance(status, int) else None
    return None


def _part(selection: Selection) -> str:
    """Return what the site is limited to, in words; '' if it has everything."""
    parts = []
    if selection.languages:
        parts.append(", ".join(names.language(path).english for path in sorted(selection.languages)))
    if selection.since_ms is not None:
        parts.append(f"published on {names.day(selection.since_ms)} or later")
    return "; ".join(parts)
