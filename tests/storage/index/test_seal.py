"""The seal of the index: every changed byte is found."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from crawler.storage import disk, layout
from crawler.storage.index.seal import break_seal, is_as_closed, seal


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / layout.INDEX).write_bytes(b"an index")
    seal(tmp_path)
    return tmp_path


def test_a_sealed_index_is_as_it_was_closed(root: Path) -> None:
    assert is_as_closed(root)
    assert break_seal(root)


def test_a_broken_seal_tells_nothing_any_more(root: Path) -> None:
    break_seal(root)
    assert is_as_closed(root) is None
    assert not break_seal(root)


def test_a_changed_byte_is_found_and_the_seal_stays(root: Path) -> None:
    (root / layout.INDEX).write_bytes(b"An index")
    assert is_as_closed(root) is False
    with pytest.raises(sqlite3.DatabaseError, match="other bytes"):
        break_seal(root)
    assert is_as_closed(root) is False


def test_an_index_that_another_process_reads_is_neither_sealed_nor_judged(root: Path) -> None:
    (root / f"{layout.INDEX}-wal").write_bytes(b"x")
    before = (root / layout.INDEX_SEAL).read_bytes()
    (root / layout.INDEX).write_bytes(b"another index")
    seal(root)
    assert (root / layout.INDEX_SEAL).read_bytes() == before
    assert is_as_closed(root) is None


def test_an_unfinished_seal_is_removed(root: Path) -> None:
    unfinished = root / f"{disk.TEMPORARY_PREFIX}1-{layout.INDEX_SEAL}"
    unfinished.write_bytes(b"")
    break_seal(root)
    assert not unfinished.exists()
