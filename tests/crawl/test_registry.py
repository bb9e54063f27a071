"""The registry: documents that seeds and lists name are registered at once and logged in batches."""

from __future__ import annotations

import asyncio

import pytest

from crawler.crawl import registry as module
from crawler.crawl.registry import Registry
from crawler.storage.index.objects import PENDING
from crawler.storage.logline import ScopeChange
from crawler.storage.runlog import read_log, run_logs
from tests.conftest import OpenArchive
from tests.crawl.fakes import run_with


def test_a_new_document_is_pending_at_once_and_logged_later(archive: OpenArchive) -> None:
    run = run_with(archive())
    registry = Registry(run)
    assert asyncio.run(registry.register("video", 7, "zh")) is None
    row = run.archive.index.get(7)
    assert (row.state, row.kind, row.hop, row.language, row.due) == (PENDING, "video", 0, "zh", 1)
    assert run_logs(run.root) == []
    asyncio.run(registry.log())
    [line] = [line for log in run_logs(run.root) for line in read_log(log)]
    assert {key: line[key] for key in ("state", "kind", "id", "hop", "language")} == {
        "state": "pending", "kind": "video", "id": 7, "hop": 0, "language": "zh"}  # fmt: skip
    asyncio.run(registry.log())
    assert sum(1 for log in run_logs(run.root) for _ in read_log(log)) == 1, "nothing is logged twice"


def test_document_is_logged_again_only_if_it_comes_nearer(archive: OpenArchive) -> None:
    run = run_with(archive())
    run.archive.register([7], 2)
    run.archive.register([8], 0)
    registry = Registry(run)
    before = [asyncio.run(registry.register("article", dw_id, None)) for dw_id in (7, 8)]
    assert [row.hop for row in before if row] == [2, 0]
    asyncio.run(registry.log())
    assert [line["id"] for log in run_logs(run.root) for line in read_log(log)] == [7]
    assert run.archive.index.get(7).hop == 0


def test_a_dry_run_registers_and_logs_nothing(archive: OpenArchive) -> None:
    run = run_with(archive(), dry_run=True)
    registry = Registry(run)
    asyncio.run(registry.register("article", 7, None))
    asyncio.run(registry.log())
    assert run.archive.index.get(7).state == PENDING
    assert run_logs(run.root) == []


def test_a_full_batch_is_logged_with_what_was_added_before(archive: OpenArchive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BATCH", 3)
    run = run_with(archive())
    registry = Registry(run)
    registry.add(ScopeChange(-1, ("article",), "2026-05-01T10:00:00Z"))
    for dw_id in (7, 8, 9):
        asyncio.run(registry.register("article", dw_id, None))
    lines = [line for log in run_logs(run.root) for line in read_log(log)]
    assert [line["state"] for line in lines] == ["scope", "pending", "pending"]
