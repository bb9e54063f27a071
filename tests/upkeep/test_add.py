"""Adding documents, many at a time."""

from __future__ import annotations

from pathlib import Path

import pytest

from crawler import seeds
from crawler.storage import layout
from crawler.storage.tree import walk
from crawler.upkeep import add as module
from crawler.upkeep.add import add
from crawler.urls import Target
from tests.conftest import NOW_MS, OpenArchive
from tests.helpers_commands import document


def seed(dw_id: int = 70000001, stamp_ms: int = NOW_MS, title: str = "A title", is_mended: bool = False) -> seeds.Document:
    return seeds.Document(f"{dw_id}.txt", document(dw_id, stamp_ms, title), is_mended)


def test_outcomes_are_counted_and_other_files_are_reported(archive: OpenArchive) -> None:
    told: list[seeds.Problem] = []
    address = seeds.Address("list:2", Target("article", 70000003), "https://www.dw.com/en/a/a-70000003")
    found: list[seeds.Seed] = [seed(), seeds.Problem("list:1", "no address"), address]
    found += [seed(is_mended=True), seed(70000002)]
    steps: list[int] = []
    added = add(archive(), found, NOW_MS, complain=told.append, advance=lambda done, total: steps.append(done))
    assert added.outcomes == {"new": 2, "already there": 1}
    assert (added.documents, added.mended, added.problems, steps) == (3, 1, 2, [1, 2, 3])
    assert [(one.place, one.reason) for one in told] == [
        ("list:1", "no address"), ("list:2", "an address, not a seed document")]  # fmt: skip


@pytest.mark.parametrize("later_first", [True, False])
def test_later_of_two_versions_is_the_document(archive: OpenArchive, later_first: bool) -> None:
    opened = archive()
    found = [seed(title="Before"), seed(stamp_ms=NOW_MS + 5000, title="After")]
    add(opened, reversed(found) if later_first else found, NOW_MS, complain=lambda problem: None)
    [path] = [path for path in walk(opened.root) if layout.is_document(path)]
    current = opened.read(path)
    assert current is not None
    assert current.title == "After"
    assert [Path(path).name for path in walk(opened.root) if layout.is_revision(path)] == [f"{NOW_MS}.txt"]


def test_only_a_few_documents_are_written_at_a_time(archive: OpenArchive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_ON_THEIR_WAY", 2)
    opened = archive()
    most = 0

    def advance(done: int, total: int | None) -> None:
        nonlocal most
        most = max(most, len(opened._submitted))

    add(opened, map(seed, range(70000001, 70000009)), NOW_MS, complain=lambda problem: None, advance=advance)
    assert most == 2
    assert not opened._submitted
    assert sum(layout.is_document(path) for path in walk(opened.root)) == 8
