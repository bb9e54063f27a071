"""Exit status, report and summary. The counters are invented."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crawler.crawl import report
from crawler.exceptions import COMPLETE, DISK, INCOMPLETE, STOPPED, UNREACHABLE

ANSWERED = {"dw/request/attempted": 5, "dw/request/answered": 5}


def report_of(stats: report.Stats, **facts: Any) -> dict[str, Any]:
    return report.make(report.counts(stats), **facts)


@pytest.mark.parametrize(
    ("stats", "reason", "failure", "status"),
    [
        ({}, "finished", 0, COMPLETE),
        (ANSWERED, "finished", 0, COMPLETE),
        ({"dw/request/attempted": 5}, "finished", 0, UNREACHABLE),
        ({"dw/request/attempted": 5, "dw/document/missing/no connection": 5}, "finished", 0, UNREACHABLE),
        ({**ANSWERED, "dw/document/missing/status 404": 2}, "finished", 0, COMPLETE),
        ({**ANSWERED, "dw/picture/missing/status 410": 2}, "finished", 0, COMPLETE),
        ({**ANSWERED, "dw/document/missing/status 503": 1}, "finished", 0, INCOMPLETE),
        ({**ANSWERED, "dw/picture/missing/timeout": 1}, "finished", 0, INCOMPLETE),
        ({**ANSWERED, "dw/listing/missing/status 500": 1}, "finished", 0, INCOMPLETE),
        ({**ANSWERED, "dw/document/unreadable": 1}, "finished", 0, INCOMPLETE),
        ({**ANSWERED, "dw/error/unexpected": 1}, "finished", 0, INCOMPLETE),
        (ANSWERED, "shutdown", 0, STOPPED),
        ({**ANSWERED, "dw/document/unreadable": 1}, "max_articles", 0, STOPPED),
        (ANSWERED, "shutdown", DISK, DISK),
        ({"dw/request/attempted": 5}, "finished", DISK, DISK),
    ],
)
def test_exit_status_follows_from_counters_and_reason(stats: dict[str, int], reason: str, failure: int, status: int) -> None:
    assert report.exit_status(stats, reason, failure) == status


def test_passing_and_unreadable_misses_are_failures() -> None:
    stats = {
        "dw/document/missing/status 404": 1, "dw/document/missing/status 410": 2, "dw/document/missing/status 500": 4,
        "dw/picture/missing/not tried again yet": 8, "dw/picture/missing/cut off: shorter than Content-Length": 16,
        "dw/picture/missing": 32, "dw/document/unreadable": 64, "dw/error/unexpected": 128, "dw/document/new": 256,
    }  # fmt: skip
    assert report.failures(stats) == 4 + 16 + 64 + 128


@pytest.mark.parametrize(
    ("now", "before", "is_alert"),
    [
        (24, [100] * 10, True),
        (25, [100] * 10, False),
        (0, [100] * 10, True),
        (0, [19] * 10, False),
        (0, [20] * 10, True),
        (0, [], False),
        (0, [100], False),
        (0, [100, 100], True),
        (0, [0, 0, 0, 100, 100], False),
        (24, [5] * 30 + [100] * 10, True),
        (24, [100] * 30 + [5] * 10, False),
        (500, [100] * 10, False),
    ],
)
def test_finding_far_less_than_earlier_runs_is_reported(now: int, before: list[int], is_alert: bool) -> None:
    sentence = report.alert(now, before, share=0.25, minimum=20)
    assert bool(sentence) is is_alert
    if is_alert:
        assert str(now) in sentence


def test_counters_below_a_prefix_come_largest_first() -> None:
    stats = {"a/x": 1, "a/y": 3, "a/b": 1, "b/x": 9, "a": 4}
    assert list(report.by_prefix(stats, "a/").items()) == [("y", 3), ("b", 1), ("x", 1)]


STATS: dict[str, Any] = {
    **ANSWERED, "dw/document/new": 1234, "dw/document/article": 1200, "dw/document/unreadable": 2, "dw/document/alias": 3,
    "dw/document/language/zh": 1000, "dw/document/language/am": 234, "dw/document/missing/status 404": 7,
    "dw/picture/stored": 3000, "dw/picture/missing": 1, "dw/picture/missing/timeout": 1, "dw/seed/document": 5,
    "dw/element/skipped/Hologram": 6, "dw/request/by_host/api.dw.com/200": 1234, "dw/received/bytes": 5_000_000,
    "dw/stored/bytes": 2_500_000, "log_count/WARNING": 4,
}  # fmt: skip


def test_report_has_the_facts_given_and_every_outcome() -> None:
    made = report_of(STATS, start="2023-11-14T22:13:20Z", exit_status=3)
    assert made["start"] == "2023-11-14T22:13:20Z"
    assert made["exit_status"] == 3
    assert made["documents"] == {"new": 1234, "article": 1200, "alias": 3, "unreadable": 2}
    assert made["documents_missing"] == {"status 404": 7}
    assert made["languages"] == {"zh": 1000, "am": 234}
    assert made["pictures"] == {"stored": 3000, "missing": 1}
    assert made["pictures_missing"] == {"timeout": 1}
    assert made["skipped_elements"] == {"Hologram": 6}
    assert made["requests"] == {"api.dw.com/200": 1234}
    assert (made["failures"], made["bytes_received"], made["bytes_stored"]) == (3, 5_000_000, 2_500_000)
    assert (made["warnings"], made["errors"]) == (4, 0)


def test_summary_is_one_screen_that_names_every_outcome() -> None:
    missing = [{"kind": "article", "id": n, "reason": "status 503", "url": None} for n in range(13)]
    made = report_of(STATS, exit_status=3, seconds=61.4, missing=missing, sentences=["something is odd"], pending=8)
    lines = report.summary(made).split("\n")
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 120
    text = "\n".join(" ".join(line.split()) for line in lines)
    for part in (
        "documents 1,234 new", "languages 1,000 zh, 234 am", "missing 7 status 404", "2 kept under unreadable/", "aliases 3",
        "pictures 3,000 stored", "missing 1 timeout", "skipped 6 Hologram", "waiting 8 for the next run",
        "missing: article 9: status 503", "and 3 more, all in the report", "! something is odd",
        "(status 3) after 61 s, 5.0 MB received, 2.5 MB stored",
    ):  # fmt: skip
        assert part in text


def test_summary_of_a_run_that_did_nothing_is_one_line() -> None:
    assert report.summary(report_of({}, exit_status=0)) == "complete (status 0) after 0 s, 0.0 MB received, 0.0 MB stored"


# ---- any result of a run can be reported ---------------------------------------------------------------------------------

ODD: list[Any] = [
    "\ud83d", "\ude00\ud83d", "\udcff", "\x00", "\x1b[2J", "\u2028\u2029\x85", "😀", "x" * 10**6, float("nan"), float("inf"),
    -float("inf"), 10**400, None, True, b"bytes", object(), (), [[["deep"]]], {"a": {"b": float("nan")}},
]  # fmt: skip


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: ascii(odd)[:20])
def test_report_is_valid_json_with_any_content(odd: Any) -> None:
    name = odd if isinstance(odd, str) else "name"
    stats = {f"dw/element/skipped/{name}": 1, "dw/received/bytes": odd}
    made = report_of(stats, exit_status=0, sentences=[odd], missing=[{"reason": odd}], unknown_keys=[name], seeds=odd)

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    found = json.loads(report.dumps(made).decode("utf-8"), parse_constant=refuse)
    assert name in found["skipped_elements"]
    if isinstance(odd, str):
        assert found["sentences"] == [odd]


@pytest.mark.parametrize("odd", [odd for odd in ODD if isinstance(odd, str)], ids=lambda odd: ascii(odd)[:20])
def test_summary_can_be_shown_on_any_terminal(odd: str) -> None:
    stats = {f"dw/element/skipped/{odd}": 1, f"dw/document/missing/{odd}": 1}
    made = report_of(
        stats, exit_status=0, sentences=[odd], unknown_keys=[odd],
        missing=[{"kind": "article", "id": 1, "reason": odd, "url": odd}],
        listing_problems=[{"url": odd, "problem": odd}],
    )  # fmt: skip
    text = report.summary(made)
    assert text.encode()
    assert all(line.isprintable() for line in text.split("\n"))


def test_summary_names_twenty_counters_of_a_kind() -> None:
    stats = {f"dw/element/skipped/kind {number:03}": 1 for number in range(500)}
    text = report.summary(report_of(stats, exit_status=0))
    assert "1 kind 019, 480 more" in text
    assert "kind 020" not in text


def test_damaged_reports_of_earlier_runs_are_not_compared_with() -> None:
    before: list[Any] = [100, 100, "100", None, [], float("nan"), float("inf"), 10**400, -5, True, 100]
    assert report.alert(10, before, 0.25, 20) == report.alert(10, [100, 100, 100], 0.25, 20) != ""


def test_a_missing_list_is_named_without_an_id() -> None:
    missing = [{"kind": kind, "id": dw_id, "reason": "status 404", "url": "https://x"}
               for kind, dw_id in (("listing", 0), ("video", 7))]  # fmt: skip
    made = report_of({}, exit_status=3, missing=missing)
    assert [line for line in report.summary(made).splitlines() if "status 404" in line] == [
        "  missing: list: status 404  https://x", "  missing: video 7: status 404  https://x",
    ]  # fmt: skip


def test_counts_of_one_are_singular_in_a_summary() -> None:
    for count, words in ((1, ("1 article", "1 address, 1 list", "1 entry, 1 new entry")),
                         (2, ("2 articles", "2 addresses, 2 lists", "2 entries, 2 new entries"))):  # fmt: skip
        stats = dict.fromkeys(
            ("dw/document/article", "dw/seed/address", "dw/seed/listing", "dw/listing/named", "dw/listing/new"), count
        )
        lines = report.summary(report_of(stats, exit_status=0)).splitlines()
        assert {" ".join(line.split()[1:]) for line in lines} >= set(words)
