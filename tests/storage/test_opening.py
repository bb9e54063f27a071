"""Opening an archive to work on it, or only to look at it. test_recovery.py tests how an index is made again."""

from __future__ import annotations

from pathlib import Path

import pytest

from crawler.exceptions import ArchiveInUse, DiskError, NotAnArchive
from crawler.storage import layout
from crawler.storage.index.objects import ARCHIVED
from crawler.storage.opening import look, open_archive, open_index
from tests.helpers_commands import NOW_MS, archive_of, document, snapshot

ID = 70000001


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return archive_of(tmp_path / "archive", document())


def test_a_missing_folder_becomes_an_archive(tmp_path: Path) -> None:
    open_archive(tmp_path / "new" / "archive", NOW_MS, "a test").close()
    assert (tmp_path / "new" / "archive" / layout.INDEX).exists()


def test_a_folder_of_somebody_elses_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.doc").write_text("mine")
    with pytest.raises(NotAnArchive):
        open_archive(tmp_path, NOW_MS, "a test")
    with pytest.raises(NotAnArchive):
        look(tmp_path, NOW_MS)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.doc"]


def test_an_archive_is_open_once_until_it_is_closed(root: Path) -> None:
    held = open_archive(root, NOW_MS, "the first")
    with pytest.raises(ArchiveInUse, match="the first"):
        open_archive(root, NOW_MS, "the second")
    held.close()
    open_archive(root, NOW_MS, "the second").close()


def test_a_failure_while_it_is_opened_gives_the_lock_back(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*rest: object, **more: object) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr("crawler.storage.recovery.recover", fail)
        with pytest.raises(DiskError, match="Input/output error"):
            open_archive(root, NOW_MS, "a test")
    open_archive(root, NOW_MS, "a test").close()


@pytest.mark.parametrize(
    ("harm", "reason"),
    [("nothing", ""), ("removed", "was missing or unfinished"), ("damaged", "was damaged"), ("on request", "as requested")],
)
def test_the_reason_for_another_index_is_given(harm: str, reason: str, root: Path) -> None:
    if harm == "removed":
        (root / layout.INDEX).unlink()
    elif harm == "damaged":
        (root / layout.INDEX).write_bytes(b"SQLite format 4")
    index, said, _ = open_index(root, harm == "on request")
    index.close()
    assert reason in said
    assert bool(said) == bool(reason)
    assert index.path.name == (layout.INDEX_NEW if reason else layout.INDEX)


def test_a_look_changes_nothing_and_stores_nothing(root: Path) -> None:
    before = snapshot(root)
    found = look(root, NOW_MS)
    row = found.index.get(ID)
    assert row is not None
    assert row.state == ARCHIVED
    found.register([7], 0)
    with pytest.raises(DiskError, match="reading only"):
        found.store_now(found.plan_seed(document(8), "seed", NOW_MS)[1])
    found.close(clean=False)
    assert snapshot(root) == before


def test_a_look_needs_no_lock(root: Path) -> None:
    held = open_archive(root, NOW_MS, "a test")
    look(root, NOW_MS).close(clean=False)
    held.close()


def test_a_look_at_nothing_is_empty(tmp_path: Path) -> None:
    found = look(tmp_path / "none", NOW_MS)
    assert found.index.counts() == {}
    found.close(clean=False)
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(("content", "problem"), [(b"SQLite format 4", "damaged"), (b"", "missing or unfinished")])
def test_a_look_without_a_usable_index_reads_the_logs(content: bytes, problem: str, root: Path) -> None:
    (root / layout.INDEX).write_bytes(content)
    said: list[str] = []
    found = look(root, NOW_MS, say=said.append)
    row = found.index.get(ID)
    assert row is not None
    assert row.state == ARCHIVED
    found.close(clean=False)
    assert len(said) == 1
    assert problem in said[0]
    assert said[0].endswith("reading the run logs instead")
