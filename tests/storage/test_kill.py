"""After a SIGKILL at any instant, the next run reaches the archive of an uninterrupted one."""

from __future__ import annotations

import random
import shutil
import signal
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.dwsite import articles as dw
from tests.dwsite.client import Site
from tests.killing import Crawl, Fault, Runner, differences, files, half_written, linux_only, objects, problems

pytestmark = linux_only
KILLED = -signal.SIGKILL
INCOMPLETE, STOPPED = 3, 7
LIVELY = 20  # generated articles of the large site, beside the sixty with quirks
CHANGED = 12
OTHER_KINDS = {"gallery": dw.GALLERY, "liveblog": dw.LIVEBLOG, "video": dw.VIDEO}


@dataclass
class World:
    """A site, crawls of it, and the result of an uninterrupted one, which took `seconds`."""

    site: Site
    runner: Runner
    archive: Path
    seconds: float

    def judge(self, archive: Path) -> None:
        """Fail unless an archive equals the uninterrupted one, and `verify` finds it sound."""
        assert not problems(archive)
        assert not differences(archive, self.archive)


def make_world(folder: Path, seeds: str, before: Path | None = None, *arguments: str, site: Site) -> Iterator[World]:
    """Make a World. before: the archive to start with. arguments: of every crawl."""
    (folder / "seeds").write_text(seeds)
    with Runner(folder, [*site.settings_args, "-a", f"seeds={folder / 'seeds'}", "-a", "depth=-1", *arguments]) as runner:
        archive = folder / "uninterrupted"
        if before:
            shutil.copytree(before, archive)
        start = time.monotonic()
        crawl = runner.crawl(archive)
        assert crawl.status == 0, crawl.said
        yield World(site, runner, archive, time.monotonic() - start)


def addresses(ids: Iterable[int]) -> str:
    """Return the path of a file of seeds."""
    return "".join(f"https://www.dw.com/en/x/a-{dw_id}\n" for dw_id in ids)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with Site("--articles", str(LIVELY), "--pictures-per-article", "2", "--references", "2", "--picture-bytes", "200") as site:
        seeds = [dw.FIRST_SYNTHETIC, *dw.SEEDS]
        yield from make_world(tmp_path_factory.mktemp("large"), addresses(seeds), site=site)


@pytest.fixture(scope="module")
def small_site() -> Iterator[Site]:
    with Site("--articles", "8", "--pictures-per-article", "2", "--references", "3", "--picture-bytes", "200") as site:
        yield site


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, small_site: Site) -> Iterator[World]:
    text = f"https://www.dw.com/en/x/a-{dw.FIRST_SYNTHETIC}\nhttps://www.dw.com/zh/x/a-{dw.MISSING}\n"
    yield from make_world(tmp_path_factory.mktemp("small"), text, site=small_site)


@pytest.fixture(scope="module")
def other_kinds(tmp_path_factory: pytest.TempPathFactory, small_site: Site) -> Iterator[World]:
    yield from make_world(tmp_path_factory.mktemp("kinds"), addresses(OTHER_KINDS.values()), site=small_site)


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, Path]]:
    """A site whose articles changed after the archive (the path) was made, and its uninterrupted second run."""
    with Site("--articles", "20", "--pictures-per-article", "2", "--references", "2", "--picture-bytes", "200") as site:
        folder = tmp_path_factory.mktemp("changed")
        text = addresses([dw.FIRST_SYNTHETIC, *OTHER_KINDS.values()])
        for world in make_world(folder, text, site=site):
            shutil.copytree(world.archive, folder / "before")
        shutil.rmtree(folder / "uninterrupted")
        for place in range(CHANGED):
            dw_id = dw.FIRST_SYNTHETIC + place
            if place % 3:
                site.edit(dw_id, add_paragraph=f"What came to light later about {dw_id}.")
            else:
                site.edit(dw_id, title=f"A better headline ({dw_id})", picture=dw.SEED_ZH_PICTURE, caption="Another one")
        for dw_id in OTHER_KINDS.values():
            site.edit(dw_id, title=f"Another headline ({dw_id})")
        for world in make_world(folder, text, folder / "before", "-a", "refresh=all", site=site):
            yield world, folder / "before"


def kill_at(crawl: Crawl, seconds: float) -> bool:
    """Kill a crawl after some time. Returns whether it was still running."""
    if not crawl.ends_within(seconds):
        crawl.kill()
    return crawl.status == KILLED


def kill_at_instants(world: World, before: Path | None, archive: Path, number: int, of: int) -> None:
    """Crawl, and kill it at the `number`-th of `of` evenly spread instants; every second time, kill the next crawl too.

    before: the archive to start with.
    """
    chance = random.Random(f"{number} of {of}")
    seconds = (number + chance.random()) / of * world.seconds
    for _ in range(20):
        if before:
            shutil.copytree(before, archive)
        if kill_at(world.runner.start(archive), seconds):
            break
        shutil.rmtree(archive)  # the machine is less busy than during the measurement
        seconds *= 0.7
    else:
        raise AssertionError("no crawl could be killed")
    if number % 2:
        kill_at(world.runner.start(archive), chance.random() * world.seconds)
    if archive.exists():
        assert not half_written(archive)


# --- at any instant ---------------------------------------------------------------------------------------------------


def some_and_many(some: int, many: int) -> pytest.MarkDecorator:
    """Return pairs (number of an instant, number of all): a few in every test run, many in `make torture`."""
    few = [(number, some) for number in range(some)]
    return pytest.mark.parametrize(
        ("number", "of"), few + [pytest.param(number, many, marks=pytest.mark.torture) for number in range(many)]
    )


@some_and_many(4, 200)
def test_next_run_completes_after_a_kill_at_any_instant(large: World, tmp_path: Path, number: int, of: int) -> None:
    kill_at_instants(large, None, tmp_path / "archive", number, of)
    assert large.runner.complete(tmp_path / "archive") == 1
    large.judge(tmp_path / "archive")


@some_and_many(3, 60)
def test_next_run_makes_the_same_revisions_after_a_kill(
    changed: tuple[World, Path], tmp_path: Path, number: int, of: int
) -> None:
    world, before = changed
    kill_at_instants(world, before, tmp_path / "archive", number, of)
    assert world.runner.complete(tmp_path / "archive") == 1
    world.judge(tmp_path / "archive")


def test_uninterrupted_run_makes_a_revision_for_each_change(changed: tuple[World, Path]) -> None:
    world, before = changed
    revised = {path.parent.name for path in (world.archive / "revisions").rglob("*.txt")}
    generated = range(dw.FIRST_SYNTHETIC, dw.FIRST_SYNTHETIC + CHANGED)
    assert revised == {str(dw_id) for dw_id in (*generated, *OTHER_KINDS.values())}
    old, new = files(before), files(world.archive)
    kept = [data for name, data in new.items() if name.startswith("revisions/")]
    assert sorted(kept) == sorted(data for name, data in old.items() if new[name] != data)


@pytest.mark.parametrize(("number", "documents"), [(signal.SIGTERM, 1), (signal.SIGINT, 30)])
def test_run_stopped_by_a_signal_ends_cleanly_and_the_next_completes(
    large: World, tmp_path: Path, number: signal.Signals, documents: int
) -> None:
    archive = tmp_path / "archive"
    # so that it cannot end before it is stopped; some of the first requests bring no document
    large.site.fault("/api/.*", after=documents + 10, delay_s=1)
    try:
        crawl = large.runner.start(archive)
        while len(list(archive.rglob("*.txt"))) < documents:
            assert not crawl.ends_within(0.01), crawl.said
        crawl.kill(number)
        assert crawl.status == STOPPED, crawl.said
    finally:
        large.site.clear()
    assert not problems(archive)
    crawl = large.runner.crawl(archive)
    assert crawl.status == 0
    assert "did not end cleanly" not in crawl.said
    large.judge(archive)


# --- at every named step ----------------------------------------------------------------------------------------------

KINDS = ("picture", "reply", "document")
STEPS = [
    *(Fault("open", kind, 5) for kind in KINDS),
    *(Fault("write", kind, 1, "half") for kind in KINDS),
    *(Fault("rename", kind, 5) for kind in KINDS),
    *(Fault("rename", kind, 1, "after") for kind in KINDS),
    *(Fault("write", "log", 4, when) for when in ("before", "half", "after")),
    *(Fault("write", "states", 1, when) for when in ("before", "half", "after")),
    *(Fault("commit", "", n, when) for n, when in ((1, "before"), (2, "after"), (4, "before"), (4, "after"))),
    Fault("rename", "report"),
    Fault("rename", "report", 1, "after"),
    Fault("open", "seal"),
    Fault("write", "seal", 1, "half"),
    Fault("rename", "seal"),
    Fault("rename", "seal", 1, "after"),
]
ALL_STEPS = [
    *(Fault("open", kind, n) for kind in KINDS for n in (1, 2, 3, 5, 7)),
    *(Fault("write", kind, n, "half") for kind in KINDS for n in (1, 2, 3, 5, 7)),
    *(Fault("fsync", kind, n, when) for kind in (*KINDS, "folder") for n in (1, 2, 7) for when in ("before", "after")),
    *(Fault("rename", kind, n, when) for kind in KINDS for n in (1, 2, 3, 5, 7) for when in ("before", "after")),
    *(Fault("write", "log", n, when) for when in ("before", "half", "after") for n in (1, 2, 3, 4, 5)),
    *(Fault("commit", "", n, when) for when in ("before", "after") for n in (1, 2, 3, 4, 5, 6)),
]


def these_and_rare(faults: list[Any], more: list[Any]) -> list[Any]:
    """Return faults to try: every second one in every test run; the others, and more, in `make torture`."""
    rare = [*faults[1::2], *(fault for fault in more if fault not in faults)]
    return [*faults[::2], *(pytest.param(fault, marks=pytest.mark.torture) for fault in rare)]


def killed_then_complete(world: World, archive: Path, *faults: Fault) -> None:
    """Kill a crawl at each fault in turn, then complete it."""
    for fault in faults:
        crawl = world.runner.crawl(archive, fault=fault)
        assert crawl.status == KILLED, f"{fault} was not reached:\n{crawl.said}"
        assert not half_written(archive)
    assert world.runner.complete(archive) == 1
    world.judge(archive)


@pytest.mark.parametrize("fault", these_and_rare(STEPS, ALL_STEPS), ids=str)
def test_next_run_completes_after_a_kill_at_a_step(small: World, tmp_path: Path, fault: Fault) -> None:
    killed_then_complete(small, tmp_path / "archive", fault)


REVISING = [
    *(Fault("rename", "revision", n, when) for n, when in ((1, "before"), (2, "after"), (3, "before"))),
    *(Fault("rename", kind, 4, when) for kind in ("reply", "document") for when in ("before", "after")),
    *(Fault("write", "log", n, when) for n, when in ((1, "before"), (3, "half"), (1, "after"))),
    Fault("commit", "", 3),
]
ALL_REVISING = [
    *(Fault("rename", "revision", n, when) for n in (1, 2, 3) for when in ("before", "after")),
    *(Fault("rename", kind, n, when) for kind in ("reply", "document") for n in (1, 4) for when in ("before", "after")),
    *(Fault("write", "log", n, when) for n in (1, 3) for when in ("before", "half", "after")),
]


@pytest.mark.parametrize("fault", these_and_rare(REVISING, ALL_REVISING), ids=str)
def test_next_run_makes_the_same_revision_after_a_kill_at_a_step(
    changed: tuple[World, Path], tmp_path: Path, fault: Fault
) -> None:
    world, before = changed
    killed_then_complete(world, shutil.copytree(before, tmp_path / "archive"), fault)


@pytest.mark.parametrize("kind", OTHER_KINDS)
def test_next_run_knows_the_kind_of_a_document_whose_log_line_was_lost_in_a_kill(
    other_kinds: World, tmp_path: Path, kind: str
) -> None:
    """A document does not show that it is a liveblog: it is adopted as an article, then compared with DW."""
    archive = tmp_path / "archive"
    seed = ("-a", f"seeds=https://www.dw.com/en/x/a-{OTHER_KINDS[kind]}")
    crawl = other_kinds.runner.crawl(archive, *seed, "-a", "depth=0", fault=Fault("rename", "document", 1, "after"))
    assert crawl.status == KILLED, crawl.said
    assert other_kinds.runner.complete(archive) == 1
    other_kinds.judge(archive)
    (archive / "index.sqlite").unlink()
    assert other_kinds.runner.complete(archive, "-a", "refresh=none") == 1
    other_kinds.judge(archive)


@pytest.mark.parametrize("kind", OTHER_KINDS)
def test_next_run_knows_the_kind_of_a_revision_whose_log_line_was_lost_in_a_kill(
    changed: tuple[World, Path], tmp_path: Path, kind: str
) -> None:
    world, before = changed
    archive, dw_id = shutil.copytree(before, tmp_path / "archive"), OTHER_KINDS[kind]
    crawl = world.runner.crawl(archive, "-a", f"refresh={dw_id}", fault=Fault("rename", "document", 1, "after"))
    assert crawl.status == KILLED, crawl.said
    assert world.runner.complete(archive, "-a", "refresh=none") == 1
    known, uninterrupted = ({row[0]: row for row in objects(folder)} for folder in (archive, world.archive))
    assert known[dw_id] == uninterrupted[dw_id]
    assert world.runner.complete(archive) == 1
    world.judge(archive)


REPLY, DOCUMENT = Fault("rename", "reply", 2, "after"), Fault("rename", "document", 2, "after")
RECOVERING = [
    *((first, Fault("write", "log", 1, when)) for first, when in ((REPLY, "before"), (DOCUMENT, "half"), (DOCUMENT, "after"))),
    *((REPLY, Fault("commit", "", n, when)) for n, when in ((1, "before"), (2, "after"))),
]
ALL_RECOVERING = [
    *((first, Fault("write", "log", 1, when)) for first in (REPLY, DOCUMENT) for when in ("before", "half", "after")),
    *((first, Fault("commit", "", n, when)) for first in (REPLY, DOCUMENT) for n in (1, 2) for when in ("before", "after")),
]


@pytest.mark.parametrize("faults", these_and_rare(RECOVERING, ALL_RECOVERING), ids=lambda faults: "-".join(map(str, faults)))
def test_next_run_completes_after_a_kill_during_recovery(
    changed: tuple[World, Path], tmp_path: Path, faults: tuple[Fault, Fault]
) -> None:
    """A run that adopts the leftovers of a kill is killed too."""
    world, before = changed
    killed_then_complete(world, shutil.copytree(before, tmp_path / "archive"), *faults)


@pytest.mark.parametrize("n", [1, *(pytest.param(n, marks=pytest.mark.torture) for n in (2, 3)), 4])
def test_next_run_completes_after_a_kill_during_a_rebuild_of_the_index(
    changed: tuple[World, Path], tmp_path: Path, n: int
) -> None:
    world, before = changed
    archive = shutil.copytree(before, tmp_path / "archive")
    assert world.runner.crawl(archive, fault=Fault("rename", "document", 2, "after")).status == KILLED
    (archive / "index.sqlite").unlink()
    killed_then_complete(world, archive, Fault("commit", "", n))


@pytest.mark.parametrize(("n", "when"), [(1, "after"), (2, "before")])
def test_run_killed_while_keeping_an_unreadable_reply_is_completed_by_the_next(
    small: World, tmp_path: Path, n: int, when: str
) -> None:
    archive = tmp_path / "archive"
    seed = ("-a", f"seeds=https://www.dw.com/en/x/a-{dw.UNREADABLE}")
    assert small.runner.crawl(archive, *seed, fault=Fault("rename", "unreadable", n, when)).status == KILLED
    assert small.runner.crawl(archive, *seed).status == INCOMPLETE
    assert not problems(archive)
    assert sorted(Path(name).suffix for name in files(archive)) == [".json", ".reply"]
