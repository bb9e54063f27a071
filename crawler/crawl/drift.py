"""Notice early if DW's replies change in a way that the parsers do not know, by comparing the reports of runs.

The shares of a run: of its documents of each origin (api, graph-api, page:react ...), of its replies that were
unreadable, and of its documents with elements that were skipped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Report = Mapping[str, Any]

FEWEST = 20
"""The number of replies that a run needs before its shares are compared."""
JUMP = 0.2
"""A share that rises by this much above the median of the runs before is a jump."""

_RUNS = 10  # before, of which the median is taken
_HOME = "api"  # the origin of what the place asked first gives: that it gives more is no drift


def shares(report: Report) -> dict[str, float]:
    """Return the shares of a run by name, from 0 to 1; an empty dict if it read fewer than FEWEST replies.

    Names: `from <origin>`, `unreadable`, `with skipped elements`.
    """
    origins = _counts(report.get("places"))
    documents = sum(origins.values())
    unreadable = _count(_mapping(report.get("documents")).get("unreadable"))
    if documents + unreadable < FEWEST:
        return {}
    found = {f"from {origin}": count / documents for origin, count in origins.items()}
    found["unreadable"] = unreadable / (documents + unreadable)
    if documents:
        found["with skipped elements"] = min(1.0, _count(report.get("documents_with_skipped")) / documents)
    return found


def jumps(report: Report, before: Iterable[Report]) -> list[str]:
    """Return a sentence for each share that is much larger than in the runs before.

    before: their reports, oldest first. Runs with too few replies do not count; there is no sentence with fewer than two.
    """
    now = shares(report)
    past = [found for one in before if (found := shares(one))][-_RUNS:]
    if len(past) < 2:
        return []
    import statistics  # late: only crawls need it

    sentences = []
    for name in sorted(now):
        usual = statistics.median(found.get(name, 0.0) for found in past)
        if name != f"from {_HOME}" and now[name] >= usual + JUMP:
            sentences.append(f"{now[name]:.0%} of the documents {_VERBS.get(name, 'came ' + name)}; the median of the last"
                             f" {len(past)} runs is {usual:.0%}: has DW changed its replies?")  # fmt: skip
    return sentences


_VERBS = {"unreadable": "were unreadable", "with skipped elements": "had elements that were skipped"}


def figures(report: Report) -> dict[str, Any]:
    """Return the drift in a report, ready for JSON. It holds nothing about the person who crawls."""
    return {
        "run": str(report.get("run", "")),
        "places": _counts(report.get("places")),
        "unreadable": _count(_mapping(report.get("documents")).get("unreadable")),
        "skipped_elements": _counts(report.get("skipped_elements")),
        "documents_with_skipped": _count(report.get("documents_with_skipped")),
        "unknown_keys": [str(key) for key in keys] if isinstance(keys := report.get("unknown_keys"), list) else [],
    }


def _mapping(value: object) -> Mapping[Any, Any]:
    return value if isinstance(value, Mapping) else {}  # a report may be damaged


def _counts(value: object) -> dict[str, int]:
    return {str(name): _count(count) for name, count in _mapping(value).items() if _count(count)}


def _count(value: object) -> int:
    return value if type(value) is int and 0 < value < 2**53 else 0
