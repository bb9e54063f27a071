"""Outcomes of replies without an article: what is stored, and when the next place is asked."""

from __future__ import annotations

import asyncio
from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest

from crawler import reasons
from crawler.crawl.judge import Alias, Missing, Unchanged, Unreadable, Unwanted, Verdict
from crawler.crawl.outcomes import Outcomes, circle
from crawler.crawl.replies import Reply
from crawler.storage.index.objects import ALIAS, ARCHIVED, MISSING, OUT_OF_SCOPE, PENDING, UNREADABLE
from crawler.urls import DW, Target
from tests.conftest import NOW_MS, OpenArchive

FIRST, SECOND, THIRD = 70000001, 70000002, 70000003
REPLY = Reply("api:article", DW.detail("article", FIRST), body=b"{", content_type="application/json")


@pytest.fixture
def run(archive: OpenArchive) -> SimpleNamespace:
    """A run with an archive, and three documents that are pending in it."""
    opened, stats = archive(), Counter[str]()

    async def store(files: Any, states: Any = ()) -> None:
        await opened.store(files, states)

    opened.index.register([FIRST, SECOND, THIRD], 0)
    return SimpleNamespace(
        archive=opened, root=opened.root, sites=DW, stats=stats, store=store, now_ms=lambda: NOW_MS,
        count=lambda name, by=1: stats.update({name: by}), note_missing=lambda *what: None,
    )  # fmt: skip


def stored(run: Any, outcomes: Outcomes, verdict: Verdict, dw_id: int = FIRST) -> str:
    """Store an outcome. Returns the reason to ask the next place."""
    return str(asyncio.run(outcomes.store(verdict, run.archive.index.get(dw_id), REPLY)))


@pytest.mark.parametrize(
    ("verdict", "elsewhere", "state", "counter"),
    [
        (Unchanged(), "", ARCHIVED, "dw/document/unchanged"),
        (Unwanted("audio"), "", OUT_OF_SCOPE, "dw/document/unwanted/audio"),
        (Missing(reasons.status(404)), "status 404", PENDING, ""),
        (Unreadable("not JSON"), "unreadable: not JSON", UNREADABLE, "dw/document/unreadable"),
        (Alias(Target("article", 70000009, "en")), "", ALIAS, "dw/document/alias"),
    ],
)
def test_outcome_is_stored_and_counted(run: Any, verdict: Verdict, elsewhere: str, state: str, counter: str) -> None:
    assert stored(run, Outcomes(run), verdict) == elsewhere
    assert run.archive.index.get(FIRST).state == state
    assert not counter or run.stats[counter] == 1


def test_unreadable_reply_is_kept_unchanged(run: Any) -> None:
    stored(run, Outcomes(run), Unreadable("not JSON"))
    (kept,) = (run.root / "unreadable").rglob("*.reply")
    assert kept.read_bytes() == REPLY.body
    assert b'"reason": "not JSON"' in kept.with_suffix(".json").read_bytes()


def test_target_of_an_alias_becomes_pending(run: Any) -> None:
    stored(run, Outcomes(run), Alias(Target("video", 70000009, "de")))
    target = run.archive.index.get(70000009)
    assert (target.state, target.kind, target.language) == (PENDING, "video", "de")


def test_redirects_in_a_circle_are_missing_and_not_aliases(run: Any) -> None:
    outcomes = Outcomes(run)
    assert stored(run, outcomes, Alias(Target("article", SECOND)), FIRST) == ""
    assert stored(run, outcomes, Alias(Target("article", THIRD)), SECOND) == ""
    assert stored(run, outcomes, Alias(Target("article", FIRST)), THIRD) == "redirects in a circle"
    assert [run.archive.index.get(dw_id).state for dw_id in (FIRST, SECOND)] == [MISSING, MISSING]


@pytest.mark.parametrize(
    ("led_to", "target", "others"),
    [
        ({}, SECOND, None),
        ({}, FIRST, []),
        ({SECOND: FIRST}, SECOND, [SECOND]),
        ({SECOND: THIRD, THIRD: FIRST}, SECOND, [SECOND, THIRD]),
        ({SECOND: THIRD}, SECOND, None),
        ({SECOND: THIRD, THIRD: SECOND}, SECOND, None),  # a circle without the first
    ],
)
def test_circle_is_found_by_redirect_targets(
    run: Any, led_to: dict[int, int], target: int, others: list[int] | None
) -> None:
    assert circle(run.archive.index, led_to, FIRST, target) == others


def test_nothing_is_written_for_a_document_that_a_place_does_not_give(run: Any) -> None:
    before = sorted(run.root.rglob("*"))
    stored(run, Outcomes(run), Missing(reasons.status(503)))
    assert sorted(run.root.rglob("*")) == before
