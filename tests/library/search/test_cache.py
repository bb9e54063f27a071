"""`search.sqlite` is a cache: if it is damaged, lost, in use or read-only, searches are at most slower."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import pytest

from crawler.exceptions import DiskError
from crawler.library.search import fold, index
from crawler.library.search.index import NAME, SEAL, NoFTS5, SearchIndex, home_of
from tests.helpers_commands import NOW_MS, archive_of, document
from tests.helpers_search import hits, hits_from_nothing, paths

HOUR_MS = 3_600_000


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An archive with its search index."""
    made_of = [document(70000001 + n, body=f"<p>harbour number {n}</p>") for n in range(20)]
    root = archive_of(tmp_path / "archive", *made_of)
    assert len(paths(root, "harbour")) == 20
    return root


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda data: b"",
    "no database": lambda data: b"x" * len(data),
    "cut": lambda data: data[: len(data) // 2],
    "header": lambda data: b"\0" * 100 + data[100:],
    "a page": lambda data: data[:8192] + b"\xff" * 4096 + data[12288:],
    "one word": lambda data: data.replace(b"harbour", b"herbour"),
    "another database": lambda data: _database("CREATE TABLE documents (x)"),
}


def _database(sql: str) -> bytes:
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        db.execute(sql)
        return db.serialize()


@pytest.mark.parametrize("how", DAMAGES)
def test_damaged_index_is_rebuilt(root: Path, how: str) -> None:
    path = root / NAME
    path.write_bytes(DAMAGES[how](path.read_bytes()))
    assert hits(root, "harbour") == hits_from_nothing(root, "harbour")
    assert len(paths(root, "harbour")) == 20


@pytest.mark.parametrize("how", DAMAGES)
def test_damaged_index_without_a_seal_does_not_stop_a_search(root: Path, how: str) -> None:
    (root / SEAL).unlink()
    path = root / NAME
    path.write_bytes(DAMAGES[how](path.read_bytes()))
    found = {hit.path for hit in hits(root, "number")}
    assert len(found) == 20


@pytest.mark.parametrize("names", [[NAME], [SEAL], [NAME, SEAL]])
def test_deleted_index_is_rebuilt(root: Path, names: list[str]) -> None:
    for name in names:
        (root / name).unlink()
    assert len(paths(root, "harbour")) == 20
    assert (root / SEAL).exists()


def test_sound_index_is_used_unchanged(root: Path) -> None:
    before = (root / NAME).stat()
    said: list[str] = []
    assert len(hits(root, "harbour", say=said.append)) == 40
    assert (root / NAME).stat().st_mtime_ns == before.st_mtime_ns
    assert said == []


@pytest.mark.parametrize("sql", ["PRAGMA user_version = 99", "UPDATE meta SET value = 'older' WHERE key = 'folding'"])
def test_index_of_another_version_is_rebuilt(root: Path, sql: str) -> None:
    with contextlib.closing(sqlite3.connect(root / NAME, isolation_level=None)) as db:
        db.execute(sql)
    (root / SEAL).unlink()
    said: list[str] = []
    assert len(hits(root, "harbour", say=said.append)) == 40
    assert "of another version" in said[0]
    with contextlib.closing(sqlite3.connect(root / NAME, isolation_level=None)) as db:
        assert db.execute("SELECT value FROM meta").fetchone() == (fold.VERSION,)


def test_index_in_use_is_waited_for(root: Path) -> None:
    archive_of(root, document(70000099, body="<p>harbour</p>"), now_ms=NOW_MS + HOUR_MS)
    other = sqlite3.connect(root / NAME, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    said: list[str] = []
    with patch.object(index, "_WAIT_S", 0):
        found = hits(root, "harbour", say=said.append)
    other.execute("ROLLBACK")
    other.close()
    assert len(found) == 40
    assert "another process" in said[-1]
    assert len(paths(root, "harbour")) == 21


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_read_only_archive_is_searched_without_update(root: Path) -> None:
    root.chmod(0o555)
    try:
        assert len(paths(root, "harbour")) == 20
    finally:
        root.chmod(0o755)


def test_read_only_index_is_searched_without_update(root: Path) -> None:
    said: list[str] = []
    with patch.object(os, "access", lambda path, mode: False):
        assert len(hits(root, "harbour", say=said.append)) == 40
        assert "cannot be updated" in said[0]
        (root / NAME).unlink()
        with pytest.raises(DiskError, match="read-only"):
            SearchIndex(root)


def test_index_of_a_read_only_archive_has_a_temporary_folder_only_if_there_is_none(root: Path) -> None:
    said: list[str] = []
    with patch.object(os, "access", lambda path, mode: False):
        with home_of(root, said.append) as home:
            assert (home, said) == (root, [])
        (root / NAME).unlink()
        with home_of(root, said.append) as home:
            assert home != root
            assert home.is_dir()
    assert not home.exists()
    assert "making a temporary one" in said[0]


def test_python_without_fts5_is_reported(root: Path) -> None:
    class Without(sqlite3.Connection):
        def execute(self, sql: str, *values: object) -> sqlite3.Cursor:
            if "fts5" in sql:
                raise sqlite3.OperationalError("no such module: fts5")
            return super().execute(sql, *values)  # type: ignore[arg-type]

    connect = sqlite3.connect
    without = patch.object(sqlite3, "connect", lambda *args, **options: connect(*args, factory=Without, **options))
    with without, pytest.raises(NoFTS5, match="FTS5"):
        SearchIndex(root)


def test_archive_whose_name_is_not_utf_8_is_searched(tmp_path: Path) -> None:
    root = archive_of(tmp_path / os.fsdecode(b"archive \xff?#%41"), document(70000001, body="<p>harbour</p>"))
    assert len(paths(root, "harbour")) == 1
    assert len(paths(root, "harbour")) == 1  # with the older index


def test_archive_whose_path_begins_with_two_slashes_is_searched(tmp_path: Path) -> None:
    root = archive_of(Path(f"/{tmp_path}/archive"), document(70000001, body="<p>harbour</p>"))
    assert len(paths(root, "harbour")) == 1
