"""What a run wants, documents so many hops from the seeds and of some kinds: the rest of what was heard of is out of scope.

A run with another scope than the last one logs it, so that an index made again draws the same line.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from crawler.storage import layout
from crawler.storage.index.objects import NO_LIMIT, OPEN, OUT_OF_SCOPE, PENDING, SCOPE
from crawler.storage.index.sqlite import Index
from crawler.urls import DOCUMENT_KINDS


def limit(depth: int) -> int:
    """The farthest hop of a run. depth: how many references to follow, negative for no limit."""
    return NO_LIMIT if depth < 0 else depth


def line(index: Index, now_ms: int, depth: int, kinds: Collection[str]) -> dict[str, Any] | None:
    """What the log of states is to say of a run; None where its scope is the last one's."""
    found = {"depth": depth, "kinds": sorted(kinds)}
    return None if _last(index) == found else {"state": SCOPE, **found, "time": layout.iso_time(now_ms)}


def draw_last(index: Index) -> None:
    """Put out of scope what the last run had there, in an index made again or with what was adopted."""
    if found := _last(index):
        draw(index, limit(found["depth"]), found["kinds"])


def _last(index: Index) -> dict[str, Any] | None:
    found: dict[str, Any] | None = json.loads(index.meta(SCOPE) or "null")
    return found


def draw(index: Index, farthest: int, kinds: Collection[str]) -> None:
    """What is pending and not wanted is out of scope, and the other way round."""
    unwanted = [kind for kind in DOCUMENT_KINDS if kind not in kinds]
    some = f"({', '.join('?' * len(unwanted))})"
    index.read(f"UPDATE objects SET state = ?, reason = '' WHERE {OPEN} state = ? AND reason = 'kind' AND kind NOT IN {some}",
               [PENDING, OUT_OF_SCOPE, *unwanted])  # fmt: skip
    index.read(f"UPDATE objects SET state = ?, reason = 'kind' WHERE {OPEN} state = ? AND format = '' AND kind IN {some}",
               [OUT_OF_SCOPE, PENDING, *unwanted])  # fmt: skip
    index.read(f"UPDATE objects SET state = ?, reason = '' WHERE {OPEN} state = ? AND reason = 'hop limit' AND hop <= ?",
               [PENDING, OUT_OF_SCOPE, farthest])  # fmt: skip
    index.read(f"UPDATE objects SET state = ?, reason = 'hop limit' WHERE {OPEN} state = ? AND format = '' AND hop > ?",
               [OUT_OF_SCOPE, PENDING, farthest])  # fmt: skip
