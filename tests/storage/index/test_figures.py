"""Counts over the whole index."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler.storage import layout
from crawler.storage.index import figures
from crawler.storage.index.sqlite import Index
from tests.helpers_commands import NOW_MS, archive_of, document

HOUR_MS = 3_600_000


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Documents 1, 2 and 4 in English and 3 in Amharic; 2 has an earlier version, and 4 the oldest stamp and no date."""
    found = archive_of(
        tmp_path_factory.mktemp("archive"), document(1, NOW_MS, date="2026-05-02T10:00:00.000Z"), document(2, NOW_MS + 1000),
        document(2, NOW_MS + 2000, title="Later"), document(3, NOW_MS + 3000, language="am", date="2026-04-01T10:00:00.000Z"),
    )  # fmt: skip
    return archive_of(found, document(4, NOW_MS - 300 * 24 * HOUR_MS, date="", author=""), now_ms=NOW_MS + HOUR_MS)


@pytest.fixture
def index(root: Path) -> Iterator[Index]:
    found = Index(root / layout.INDEX, read_only=True)
    yield found
    found.close()


def test_documents_are_counted_by_language_the_largest_first(index: Index) -> None:
    assert list(figures.languages(index).items()) == [("en", 3), ("am", 1)]


def test_documents_are_counted_by_month_the_latest_first(index: Index) -> None:
    assert list(figures.months(index).items()) == [("2026-05", 2), ("2026-04", 1), ("2025-08", 1)]


def test_files_are_counted_by_sort(index: Index) -> None:
    assert {name: files for name, (files, _) in figures.sizes(index).items()} == {"documents": 4, "revisions": 1}
    assert figures.count_files(index) == 5


def test_paths_are_read_in_order_some_at_a_time(index: Index) -> None:
    every = figures.paths(index, "", 100)
    assert every == sorted(every)
    assert figures.paths(index, every[1], 2) == every[2:4]


SINCE = [
    ({}, [4, 1, 2, 3]), ({"stamp_ms": NOW_MS + 2000}, [2, 3]), ({"run": "20260601T010000Z"}, [4]),
    ({"languages": ["am"]}, [3]),
    ({"outcome": figures.REVISED}, [2]), ({"outcome": figures.NEW}, [4, 1, 3]),
    ({"languages": ["am"], "outcome": "revised"}, []),
]  # fmt: skip


@pytest.mark.parametrize(("chosen", "ids"), SINCE)
def test_documents_by_stamp(chosen: dict[str, object], ids: list[int], index: Index) -> None:
    found = list(figures.documents_since(index, **chosen))  # type: ignore[arg-type]
    assert [dw_id for dw_id, *_ in found] == ids
    assert figures.count_since(index, **chosen) == len(ids)  # type: ignore[arg-type]
    assert [dw_id for dw_id, *_, is_revised in found if is_revised] == [dw_id for dw_id in ids if dw_id == 2]


BY_PUBLICATION = [
    ({}, [3, 2, 1, 4]), ({"newest": 2}, [1, 2]), ({"languages": ["en"]}, [2, 1, 4]), ({"kinds": ["video"]}, []),
    ({"run": "20260601T010000Z"}, [4]),
]  # fmt: skip


@pytest.mark.parametrize(("chosen", "ids"), BY_PUBLICATION)
def test_documents_by_publication_have_those_without_a_date_at_the_end(
    chosen: dict[str, object], ids: list[int], index: Index
) -> None:
    every = {"languages": (), "kinds": (), "since_ms": None, "until_ms": None, "run": ""}
    assert list(figures.ids_by_publication(index, **(every | chosen))) == ids  # type: ignore[arg-type]
