"""Planners of one document take turns, because seeds and pipelines both read the present state before they write."""

from __future__ import annotations

import asyncio
import os
import threading
from collections import Counter
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from crawler import seedfile, seeds
from crawler.crawl import outcomes
from crawler.crawl.lists import Lists
from crawler.crawl.pipelines.archive import ArchivePipeline
from crawler.crawl.pipelines.compare import ComparePipeline
from crawler.crawl.pipelines.item import Fetched
from crawler.crawl.pipelines.omissions import OmissionsPipeline
from crawler.crawl.registry import Registry
from crawler.crawl.replies import Reply
from crawler.crawl.seeding import Seeding
from crawler.dw import places
from crawler.dw.article import Article, Paragraph
from crawler.reasons import status
from crawler.sanitise import Markup
from crawler.storage import disk, layout
from crawler.storage.archive import Archive
from crawler.storage.index.objects import ARCHIVED
from crawler.urls import DW
from tests.conftest import NOW_MS, OpenArchive
from tests.helpers_commands import document

ID = 70000001


@pytest.fixture
def open_one(archive: OpenArchive) -> Archive:
    return archive()


@pytest.fixture
def run(open_one: Archive) -> SimpleNamespace:
    """A stand-in for the run."""
    stats: Counter[str] = Counter()

    async def store(files: Any, states: Any = ()) -> None:
        await open_one.store(files, states)

    run = SimpleNamespace(
        archive=open_one, options=SimpleNamespace(dry_run=False, looks_again=True), root=open_one.root, sites=DW, stats=stats,
        store=store, start_ms=NOW_MS, now_ms=lambda: NOW_MS,
        count=lambda name, by=1: stats.update({name: by}), note_keys=lambda names: None, note_missing=lambda *what: None,
    )  # fmt: skip
    return run


def fetched(dw_id: int = ID, requested: int = ID, words: str = "What DW says.", stamp_ms: int = NOW_MS) -> Fetched:
    article = Article(dw_id, "article", "A title", "en", Markup("Somebody"), "2026-05-01T10:00:00.000Z",
                      blocks=(Paragraph(Markup(words)),), origin="api")  # fmt: skip
    made = places.document(article, stamp_ms, "en")
    return Fetched(article, made, requested, words.encode(), DW.detail("article", dw_id), stamp_ms, 0, "", "", "json")


async def take(run: SimpleNamespace, *given: seedfile.SeedDocument) -> None:
    """Take seed documents, as a run does."""
    registry: Any = Registry(run)  # type: ignore[arg-type]
    seeding = Seeding(run, registry, Lists(run, registry))  # type: ignore[arg-type]
    for one in given:
        await seeding.take(seeds.Document("a test", one))


async def pipe(run: Any, item: Fetched) -> None:
    """Take an article through the pipelines, as a run does."""
    made = OmissionsPipeline(run).process_item(item)
    await ArchivePipeline(run).process_item(await ComparePipeline(run).process_item(made))


async def pipe_words(run: SimpleNamespace, words: str) -> None:
    await pipe(run, fetched(words=words))


async def take_words(run: SimpleNamespace, words: str) -> None:
    await take(run, document(body=words, stamp_ms=NOW_MS))


def together(*waiting: Coroutine[Any, Any, Any]) -> list[Any]:
    async def wait() -> list[Any]:
        return await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 30)

    return asyncio.run(wait())


def bodies(root: Path) -> set[str]:
    """Return the bodies of every version of every document."""
    return {seedfile.loads(path.read_bytes()).html.partition("</div>")[2] for path in root.rglob("*.txt")}


ORDERS: list[list[Callable[[SimpleNamespace], Coroutine[Any, Any, None]]]] = [
    [
        lambda run: take(run, document(body="<p>A seed says.</p>", stamp_ms=NOW_MS - 5000)),
        lambda run: pipe(run, fetched()),
        lambda run: take(run, document(body="<p>A newer seed says.</p>", stamp_ms=NOW_MS + 5000)),
    ],
    [
        lambda run: pipe(run, fetched()),
        lambda run: take(run, document(body="<p>A seed says.</p>", stamp_ms=NOW_MS)),
        lambda run: pipe(run, fetched(words="What DW says now.", stamp_ms=NOW_MS + 1000)),
    ],
    [partial(pipe_words, words=f"Version {place}.") for place in range(5)],
    [partial(take_words, words=f"<p>Seed {place}.</p>") for place in range(5)],
]
"""Calls that arrive at once."""


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("turned", [False, True])
def test_no_version_is_lost_between_planners(run: SimpleNamespace, order: list[Any], turned: bool) -> None:
    ends = together(*(begin(run) for begin in (reversed(order) if turned else order)))
    assert ends == [None] * len(order)
    assert len(bodies(run.root)) == len(order)
    current = [path for path in run.root.rglob("*.txt") if layout.is_document(str(path.relative_to(run.root)))]
    assert len(current) == 1


@pytest.mark.parametrize("dw_id", [ID, 5])
def test_an_alias_and_its_target_are_one_document(run: SimpleNamespace, dw_id: int) -> None:
    """A request for 5 gets the reply of ID, while a seed document of 5 or ID arrives."""
    ends = together(
        pipe(run, fetched(requested=5)), take(run, document(dw_id=dw_id, body="<p>A seed says.</p>", stamp_ms=NOW_MS - 5000)),
        pipe(run, fetched(words="What DW says now.")),
    )  # fmt: skip
    assert ends == [None] * 3
    assert len(bodies(run.root)) == 3
    assert len(list(run.root.glob("en/**/*.txt"))) == 1


def test_a_seed_that_came_while_dw_was_asked_stays_archived(run: SimpleNamespace) -> None:
    index = run.archive.index
    index.register([ID], 0)
    asked = index.get(ID)

    async def answer(note: Any, *more: Any) -> None:
        await note(run, asked, *more)

    together(take(run, document()), answer(outcomes.unwanted, "audio"))
    assert index.get(ID).state == ARCHIVED
    together(answer(outcomes.missing, status(404)))
    assert (index.get(ID).state, index.get(ID).misses) == (ARCHIVED, 1)
    reply = Reply("api:article", DW.detail("article", ID), body=b"?")
    together(answer(outcomes.unreadable, reply, "not JSON"))
    assert index.get(ID).state == ARCHIVED


def test_lock_of_a_document_is_kept_while_a_task_waits_for_it(open_one: Archive) -> None:
    inside: list[int] = []
    most: list[int] = []

    async def plan(place: int) -> None:
        for _ in range(3):
            async with open_one.document(ID, *([5] if place % 2 else [])):
                inside.append(place)
                most.append(len(inside))
                await asyncio.sleep(0)
                inside.remove(place)
            await asyncio.sleep(0)

    async def give_up() -> None:
        task = asyncio.create_task(plan(0))
        await asyncio.sleep(0)
        task.cancel()

    together(*map(plan, range(6)), give_up(), *map(plan, range(6)))
    assert set(most) == {1}
    assert len(open_one._turns) == 0


def test_planners_of_several_documents_do_not_wait_for_one_another(open_one: Archive) -> None:
    async def plan(*ids: int) -> None:
        async with open_one.document(*ids):
            await asyncio.sleep(0)

    assert together(*(plan(*pair) for pair in [(1, 2), (2, 1), (2, 3), (3, 1), (1, 1)] * 5)) == [None] * 25


def test_document_that_becomes_an_alias_meanwhile_is_planned_as_its_target(open_one: Archive) -> None:
    order: list[str] = []

    async def become() -> None:
        async with open_one.document(5):
            await asyncio.sleep(0)
            open_one.index.set_alias(5, ID)

    async def plan(name: str, dw_id: int) -> None:
        async with open_one.document(dw_id):
            order.append(f"{name} in")
            await asyncio.sleep(0)
            order.append(f"{name} out")

    together(become(), plan("alias", 5), plan("target", ID))
    assert sorted(order[:2]) in (["alias in", "alias out"], ["target in", "target out"])


def test_next_planner_waits_for_the_writes_of_a_cancelled_one(open_one: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    go, reached = threading.Event(), threading.Event()

    def wait(*arguments: Any) -> int:
        reached.set()
        go.wait(60)
        return os.open(*arguments)

    monkeypatch.setattr(disk, "os_open", wait)

    async def plan(words: str) -> None:
        async with open_one.document(ID):
            await open_one.store(open_one.plan_seed(document(body=f"<p>{words}</p>"), "seed", NOW_MS)[1])

    async def one_after_the_other() -> None:
        first = asyncio.create_task(plan("first"))
        while not reached.is_set():
            await asyncio.sleep(0)
        first.cancel()
        second = asyncio.create_task(plan("second"))
        for _ in range(5):
            await asyncio.sleep(0)
        go.set()
        assert isinstance((await asyncio.gather(first, second, return_exceptions=True))[0], asyncio.CancelledError)

    assert together(one_after_the_other()) == [None]
    assert bodies(open_one.root) == {"<p>first</p>", "<p>second</p>"}
    assert not open_one._submitted
