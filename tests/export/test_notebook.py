"""Notes of an export, in a temporary database."""

from __future__ import annotations

from pathlib import Path

import pytest

from crawler.exceptions import DiskError
from crawler.export.notebook import Notebook
from crawler.library import Library
from crawler.storage.logline import About
from crawler.storage.writer import NewFile
from tests.helpers_commands import NOW_MS, archive_of, document, store


def test_lines_come_in_order_of_key_and_those_with_one_key_as_they_came() -> None:
    with Notebook() as notebook:
        for sort, key, line in [("a", "2", "x"), ("a", "1", "z"), ("b", "0", "other"), ("a", "1", "y")]:
            notebook.note(sort, key, line)
        assert list(notebook.noted("a")) == ["z", "y", "x"]


def test_a_path_is_new_once() -> None:
    with Notebook() as notebook:
        assert [notebook.is_first(path) for path in ("a", "b", "a")] == [True, True, False]


def test_it_knows_when_and_from_where_bytes_came_the_first_time(tmp_path: Path) -> None:
    root = archive_of(tmp_path / "archive", document(7))
    with Library(root) as library:
        [found] = library.documents()
    about = About("article", 7, found.url, "2026-06-01T00:01:00Z", stamp_ms=NOW_MS)
    store(root, NewFile(found.path, (root / found.path).read_bytes(), about), now_ms=NOW_MS + 60_000)
    with Notebook(root) as notebook:
        assert notebook.origin(found.path, found.sha256) == ("2026-06-01T00:00:00Z", found.url)
        assert notebook.origin(found.path, "0" * 64) == ("", "")


def test_it_leaves_nothing_behind() -> None:
    with Notebook() as notebook:
        folder = Path(notebook._folder.name)
        assert folder.is_dir()
    assert not folder.exists()


def test_a_failing_disk_is_named() -> None:
    with Notebook() as notebook:
        notebook._run("DROP TABLE seen")
        with pytest.raises(DiskError, match="TMPDIR"):
            notebook.is_first("a")
