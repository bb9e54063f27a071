"""A run without an engine: an open archive, counters, and what the modules of `crawl` need."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from scrapy.settings import Settings
from scrapy.signalmanager import SignalManager
from scrapy.utils.request import RequestFingerprinter

from crawler.storage.archive import Archive
from crawler.storage.index.objects import Scope
from crawler.urls import DW
from tests.conftest import NOW_MS


def run_with(archive: Archive, **options: Any) -> Any:
    """Return a run on an archive. options: those of `Options` that differ from a run without arguments."""
    stats, notes = Counter[str](), []
    given = {
        "dry_run": False, "looks_again": True, "scope": Scope(), "rules": (), "refresh": "", "media": False, "max_articles": 0,
        "concurrency": 8, **options,
    }  # fmt: skip

    async def store(files: Sequence[Any], states: Sequence[Any] = ()) -> None:
        await archive.store(files, states)

    return SimpleNamespace(
        archive=archive, root=archive.root, sites=DW, stats=stats, store=store, start_ms=NOW_MS, now_ms=lambda: NOW_MS,
        options=SimpleNamespace(**given), count=lambda name, by=1: stats.update({name: by}), counted=lambda name: stats[name],
        notes=notes, note_missing=lambda *what: notes.append(what), note_keys=lambda names: notes.extend(names),
        note_problem=lambda *what: notes.append(what), control=SimpleNamespace(has_room=lambda most: True),
    )  # fmt: skip


def crawler_with(run: Any, **settings: Any) -> Any:
    """Return what a `from_crawler` needs: a crawler whose spider has a run."""
    return SimpleNamespace(spider=SimpleNamespace(run=run), settings=Settings(settings), signals=SignalManager(),
                           request_fingerprinter=RequestFingerprinter())  # fmt: skip
