"""Documents as seeds for other tools. tests/commands/test_commands.py tests the command."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler import seedfile
from crawler.library import newseeds
from crawler.library.newseeds import Selection
from crawler.storage import layout
from crawler.storage.index.sqlite import Index
from tests.helpers_commands import NOW_MS, archive_of, document

PUBLISHED_MS = 1_777_629_600_000  # 2026-05-01T10:00:00Z


@pytest.fixture
def root(tmp_path: Path) -> Path:
    documents = document(2, NOW_MS), document(1, NOW_MS + 1000), document(3, NOW_MS + 2000, date="")
    return archive_of(tmp_path / "archive", *documents)


@pytest.fixture
def index(root: Path) -> Iterator[Index]:
    found = Index(root / layout.INDEX, read_only=True)
    yield found
    found.close()


def found(root: Path, index: Index, missed: list[str] | None = None) -> list[newseeds.NewSeed]:
    return list(newseeds.find(root, index, Selection(), (missed if missed is not None else []).append))


def test_documents_come_in_order_of_stamp_with_all_that_is_known(root: Path, index: Index) -> None:
    seeds = found(root, index)
    assert newseeds.count(index, Selection()) == len(seeds) == 3
    assert [(one.id, one.published_ms) for one in seeds] == [(2, PUBLISHED_MS), (1, PUBLISHED_MS), (3, None)]
    for one in seeds:
        assert one.data == (root / one.path).read_bytes() == seedfile.dumps(one.document).encode()
        assert one.sha256 == hashlib.sha256(one.data).hexdigest()


def test_a_lost_and_a_damaged_document_are_named_and_left_out(root: Path, index: Index) -> None:
    paths = [one.path for one in found(root, index)]
    (root / paths[0]).unlink()
    (root / paths[1]).write_bytes(b"damaged")
    missed: list[str] = []
    assert [one.id for one in found(root, index, missed)] == [3]
    assert missed == paths[:2]


def test_files_are_numbered_named_by_their_bytes_and_kept_if_they_are_there(root: Path, index: Index, tmp_path: Path) -> None:
    seeds, folder = found(root, index), tmp_path / "seeds"
    names = [name for _, name in newseeds.write(seeds, folder, 4)]
    assert names == [f"{n:04}_{one.sha256[:16]}.txt" for n, one in enumerate(seeds)]
    assert [(folder / name).read_bytes() for name in names] == [one.data for one in seeds]
    (folder / names[0]).write_bytes(b"mine")
    assert [name for _, name in newseeds.write(seeds, folder, 4)] == names
    assert (folder / names[0]).read_bytes() == b"mine"
    assert sorted(path.name for path in folder.iterdir()) == names
