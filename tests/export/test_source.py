"""The documents that an export gets."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from crawler.export.source import Source
from crawler.library import Library
from crawler.library.selection import Selection
from tests.helpers_commands import NOW_MS, archive_of, document


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """Document 1 of May, with an earlier version; 2 of April, in Chinese; 3 of June."""
    root = archive_of(
        tmp_path_factory.mktemp("archive"), document(1, NOW_MS), document(1, NOW_MS + 1000, title="Later"),
        document(2, NOW_MS, language="zh", date="2026-04-01T10:00:00.000Z"), document(3, date="2026-05-31T10:00:00.000Z"),
    )  # fmt: skip
    with Library(root) as found:
        yield found


Calls = list[tuple[int, int | None]]
EVERYTHING = Selection()


def source(library: Library, selection: Selection = EVERYTHING, with_revisions: bool = False) -> tuple[Source, Calls]:
    calls: Calls = []
    return Source(library, selection, with_revisions, lambda done, total: calls.append((done, total))), calls


def test_documents_come_in_order_of_publication_and_are_counted(library: Library) -> None:
    found, calls = source(library)
    assert [one.id for one in found.all()] == [2, 1, 3]
    assert (found.documents, found.revisions) == (3, 0)
    assert calls == [(1, 3), (2, 3), (3, 3)]


def test_an_earlier_version_comes_before_its_document(library: Library) -> None:
    found, _ = source(library, with_revisions=True)
    assert [(one.id, one.is_revision) for one in found.all()] == [(2, False), (1, True), (1, False), (3, False)]
    assert (found.documents, found.revisions) == (3, 1)


def test_only_selected_languages_are_named(library: Library) -> None:
    assert source(library)[0].languages() == ["en", "zh"]
    assert source(library, Selection(languages=frozenset({"zh", "de"})))[0].languages() == ["zh"]


def test_a_language_gives_its_documents_or_its_newest(library: Library) -> None:
    found, _ = source(library)
    assert [one.id for one in found.of_language("en")] == [1, 3]
    assert [one.id for one in found.of_language("en", 1)] == [3]
