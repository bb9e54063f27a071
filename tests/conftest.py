"""Fixtures for all tests: the recordings, a fixed clock, an archive for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from hypothesis import settings

from crawler.storage.archive import Archive
from crawler.storage.opening import open_archive
from tests.unflushed import flush_nothing

flush_nothing()
settings.register_profile("project", max_examples=100, deadline=None, derandomize=True)
settings.load_profile("project")

RECORDED = Path(__file__).parents[2] / "shared" / "dw" / "recorded"

NOW_MS = 1_700_000_000_000
"""2023-11-14T22:13:20Z: the time it is in every test."""

OpenArchive = Callable[..., Archive]


def seed_paths() -> list[Path]:
    """Return every recorded seed document, in order; none if the recordings are missing."""
    return sorted(RECORDED.glob("seedfiles-*/*.txt"))


def path_id(path: Path) -> str:
    return path.name


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name binary cases by their size: gzip holds the time, and all workers must collect the same tests."""
    return f"{len(val)} bytes" if isinstance(val, bytes) and not val.isascii() else None


@pytest.fixture(scope="session")
def recorded() -> Path:
    """Recorded replies and documents of DW. They are not part of the project; without them the test is skipped."""
    if not RECORDED.is_dir():
        pytest.skip("the recordings are not there")
    return RECORDED


@pytest.fixture
def now_ms() -> int:
    return NOW_MS


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[OpenArchive]:
    """Opens the archive below tmp_path again on each call; archives that a test leaves open are closed after it."""
    opened: list[Archive] = []

    def make(now_ms: int = NOW_MS, **options: object) -> Archive:
        opening = partial(open_archive, tmp_path / "archive", now_ms, "a test")
        opened.append(opening(**options))  # type: ignore[arg-type]
        return opened[-1]

    yield make
    for one in opened:
        if one.writer._thread.is_alive():
            one.close()
