"""The result of a run: its exit status, its report, its summary. Pure."""

from __future__ import annotations

import json
import math
import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from crawler import reasons
from crawler.configuration.program import program
from crawler.exceptions import COMPLETE, COULD_NOT_START, INCOMPLETE, STATUS_WORDS, STOPPED, UNREACHABLE

NOT_STARTED = STATUS_WORDS[COULD_NOT_START]
"""The reason of a run that could not start, in its report."""

Stats = Mapping[str, Any]
Counts = dict[str, Any]

_MOST = 10**12  # more than the counters of any run
_NAMES = 20  # counters of one kind in the summary; the report has all


def exit_status(stats: Stats, reason: str, failure_status: int = 0) -> int:
    """Return the exit status of a run.

    stats: its counters. reason: why the spider was closed. failure_status: that of the error that ended it, 0 for none.
    """
    if failure_status:
        return failure_status
    if reason == "start_error":  # an error of ours while seeds were read
        return COULD_NOT_START
    if reason not in ("finished", "unreachable"):
        return STOPPED
    if stats.get("dw/request/attempted", 0) and not stats.get("dw/request/answered", 0):
        return UNREACHABLE
    if failures(stats):
        return INCOMPLETE
    return COMPLETE


def failures(stats: Stats) -> int:
    """Return how many objects could not be fetched for a reason that may pass, were unreadable, or met an error of ours.

    404 and 410 are no failures, except for a list: a user named it as a place to begin. Problems within a list
    (dw/listing/problem) are no failures either.
    """
    missing = sum(by_prefix(stats, "dw/listing/missing/").values())
    for kind in ("document", "picture", "media"):
        for words, count in by_prefix(stats, f"dw/{kind}/missing/").items():
            if not reasons.parse(words).says_gone and words != reasons.NOT_YET:
                missing += count
    return missing + int(stats.get("dw/document/unreadable", 0)) + int(stats.get("dw/error/unexpected", 0))


def found(stats: Stats) -> int:
    """Return how many documents the seeds of a run named, known or not. The alert compares these.

    How many were new or requested would not do: that falls from run to run although nothing is wrong.
    """
    return int(sum(stats.get(name, 0) for name in ("dw/seed/address", "dw/seed/document", "dw/listing/named")))


def alert(found_now: int, found_before: Iterable[Any], share: float, minimum: int) -> str:
    """Return a sentence if a run found far less than the runs before it; empty otherwise.

    found_before: of the last runs with the same seeds that ended by themselves. The last ten count; there is no alert with
    fewer than two.
    """
    before = [count for count in found_before if type(count) is int and 0 <= count < _MOST][-10:]  # reports may be damaged
    if len(before) < 2:
        return ""
    import statistics  # late: only crawls need it

    median = statistics.median(before)
    if median >= minimum and found_now < share * median:
        usual = f"the median of the last {len(before)} runs is {median:g}"
        return f"the seeds named {found_now} articles; {usual}: has DW changed its site?"
    return ""


def by_prefix(stats: Stats, prefix: str) -> dict[str, int]:
    """Return the counters below a prefix, by the rest of their name, largest first."""
    picked = {name.removeprefix(prefix): count for name, count in stats.items() if name.startswith(prefix)}
    return dict(sorted(picked.items(), key=lambda item: (-item[1], item[0])))


def make(counted: Counts, **facts: Any) -> dict[str, Any]:
    """Return the report of a run: the given facts (start, end, seeds, reason, exit_status ...), then what was counted."""
    return {**facts, **counted}


def counts(stats: Stats) -> Counts:
    """Return the part of a report that its counters give: how many of what, by outcome."""
    return {
        "found": found(stats),
        "failures": failures(stats),
        "documents": {name: n for name, n in by_prefix(stats, "dw/document/").items() if "/" not in name},
        "documents_missing": by_prefix(stats, "dw/document/missing/"),
        "languages": by_prefix(stats, "dw/document/language/"),
        "pictures": {name: n for name, n in by_prefix(stats, "dw/picture/").items() if "/" not in name},
        "pictures_missing": by_prefix(stats, "dw/picture/missing/"),
        "media": {name: n for name, n in by_prefix(stats, "dw/media/").items() if "/" not in name},
        "media_missing": by_prefix(stats, "dw/media/missing/"),
        "media_refused": by_prefix(stats, "dw/media/refused/"),
        "seeds_read": by_prefix(stats, "dw/seed/"),
        "listings": {name: n for name, n in by_prefix(stats, "dw/listing/").items() if "/" not in name},
        "listings_missing": by_prefix(stats, "dw/listing/missing/"),
        "skipped_elements": by_prefix(stats, "dw/element/skipped/"),
        "documents_with_skipped": stats.get("dw/drift/with_skipped", 0),
        "places": by_prefix(stats, "dw/drift/place/"),
        "requests": by_prefix(stats, "dw/request/by_host/"),
        "bytes_received": stats.get("dw/received/bytes", 0),
        "bytes_stored": stats.get("dw/stored/bytes", 0),
        "documents_stored": stats.get("dw/stored/documents", 0),
        "warnings": stats.get("log_count/WARNING", 0),
        "errors": stats.get("log_count/ERROR", 0),
    }


def dumps(made: Mapping[str, Any]) -> bytes:
    """Return the bytes of `runs/{start}.report.json`: always valid JSON. Half a surrogate pair,
    which has no UTF-8, becomes an escape of JSON's."""
    try:
        text = json.dumps(made, ensure_ascii=False, indent=1, allow_nan=False, default=str)
    except ValueError:  # NaN or infinity
        text = json.dumps(_finite(made), ensure_ascii=False, indent=1, default=str)
    return text.encode("utf-8", "backslashreplace") + b"\n"


def _finite(value: Any) -> Any:
    """Return a value with NaN and infinity, which JSON does not have, as text."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Mapping):
        return {name: _finite(one) for name, one in value.items()}
    return [_finite(one) for one in value] if isinstance(value, (list, tuple)) else value


def printable(text: str) -> str:
    """Return a line that is safe to print on any terminal: characters that are not printable become escapes.

    >>> printable("a\\x1b[2J\\udc80")
    'a\\\\x1b[2J\\\\udc80'
    """
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode("ascii") for sign in text)


def summary(report: Mapping[str, Any], archive: str = "archive") -> str:
    """Return the summary of a run, which fits one screen. archive: its folder, for the command that lists what the run
    stored."""
    lines = [f"{name:<15} {text}" for name, text in _rows(report) if text]
    lines += _first_ten("missing", [
        f"{_named(one)}: {one['reason']}  {one['url'] or ''}".rstrip() for one in report.get("missing", [])
    ])  # fmt: skip
    lines += _first_ten("problem", [f"{one['url']}: {one['problem']}" for one in report.get("listing_problems", [])])
    if report.get("unknown_keys"):
        lines.append(f"new reply keys  {', '.join(report['unknown_keys'])}")
    lines += [f"{'window':<15} {sentence}" for sentence in report.get("windows", [])]
    lines += [f"! {sentence}" for sentence in report.get("sentences", [])]
    lines.append(
        f"{STATUS_WORDS[report['exit_status']]} (status {report['exit_status']}) after {report.get('seconds', 0):.0f} s, "
        f"{report['bytes_received'] / 1e6:.1f} MB received, {report['bytes_stored'] / 1e6:.1f} MB stored"
    )
    if report.get("documents_stored"):
        where = "" if archive == "archive" else f" -s ARCHIVE_DIR={shlex.quote(archive)}"
        lines.append(f"{program()} new-seeds{where} --since {report['run']}   # lists what this run stored")
    return "\n".join(map(printable, lines))


def _rows(report: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the counts of a summary: a name and what is counted, empty for nothing."""
    documents, pictures, media = report["documents"], report["pictures"], report.get("media", {})
    return [
        ("documents", _counts({"new": documents.get("new", 0), "revised": documents.get("revised", 0),
                               "already there": documents.get("unchanged", 0)})),
        ("  kinds", _counts({kind: documents[kind] for kind in documents if kind in _KINDS})),
        ("  languages", _counts(report["languages"])),
        ("  missing", _counts(report["documents_missing"])),
        ("  unreadable", _counts({"kept under unreadable/": documents.get("unreadable", 0)})),
        ("  aliases", _counts({"": documents.get("alias", 0)})),
        ("pictures", _counts({"stored": pictures.get("stored", 0), "already there": pictures.get("already_there", 0)})),
        ("  missing", _counts(report["pictures_missing"])),
        ("media files", _counts({"stored": media.get("stored", 0), "already there": media.get("already_there", 0)})),
        ("  missing", _counts({**report.get("media_missing", {}), **report.get("media_refused", {})})),
        ("seeds", _counts({_SEED_WORDS.get(name, name): n for name, n in report["seeds_read"].items()})),
        ("lists", _counts({_LIST_WORDS.get(name, name): n for name, n in report.get("listings", {}).items()})),
        ("  missing", _counts(report.get("listings_missing", {}))),
        ("refused", _counts({"request": report.get("refused_requests", 0), "reference": report.get("refused_references", 0),
                             "picture": pictures.get("refused", 0)})),
        ("skipped", _counts(report["skipped_elements"])),
        ("waiting", _counts({"for the next run": report.get("pending", 0)})),
        ("requests", _counts(report["requests"])),
    ]  # fmt: skip


def _named(missing: Mapping[str, Any]) -> str:
    """Return what is missing: its kind and id. A list has no id."""
    kind = _SEED_WORDS.get(missing["kind"], missing["kind"])
    return f"{kind} {missing['id']}" if missing["id"] else str(kind)


def _first_ten(word: str, texts: Sequence[str]) -> list[str]:
    """Return a line for each of the first ten texts, and one that counts the others."""
    more = [f"  and {len(texts) - 10} more, all in the report"] if len(texts) > 10 else []
    return [f"  {word}: {text}" for text in texts[:10]] + more


_LIST_WORDS = {"named": "entry", "new": "new entry"}
_SEED_WORDS = {"listing": "list"}
_PLURALS = {
    "article": "articles", "gallery": "galleries", "video": "videos", "liveblog": "liveblogs", "address": "addresses",
    "document": "documents", "list": "lists", "entry": "entries", "new entry": "new entries", "problem": "problems",
    "request": "requests", "reference": "references", "picture": "pictures",
}  # fmt: skip
_KINDS = ("article", "gallery", "video", "audio", "liveblog")


def _counts(counts: Mapping[str, int]) -> str:
    shown = [f"{count:,} {name if count == 1 else _PLURALS.get(name, name)}".strip() for name, count in counts.items() if count]
    more = [f"{len(shown) - _NAMES:,} more"] if len(shown) > _NAMES else []
    return ", ".join(shown[:_NAMES] + more)
