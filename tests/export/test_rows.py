"""A document as a row."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from crawler import seedfile
from crawler.export.rows import COLUMNS, row
from crawler.library import Library
from crawler.seedfile import SeedDocument
from tests.helpers_commands import NOW_MS, archive_of, document


def test_a_row_has_the_columns_in_order_with_times_in_utc(tmp_path: Path) -> None:
    with Library(archive_of(tmp_path / "archive", document(7, NOW_MS + 5))) as library:
        [found] = library.documents()
        made = row(found)
    assert tuple(made) == COLUMNS
    assert made["stamp"] == datetime(2026, 6, 1, 0, 0, 0, 5000, tzinfo=UTC)
    assert made["published"] == datetime(2026, 5, 1, 10, tzinfo=UTC)
    assert (made["id"], made["path"], made["sha256"], made["revision"]) == (7, found.path, found.sha256, False)


def test_the_file_can_be_made_again_of_a_row(tmp_path: Path) -> None:
    one = document(7)
    with Library(archive_of(tmp_path / "archive", one)) as library:
        made = row(next(library.documents()))
    again = SeedDocument(made["stamp_ms"], made["title"], made["url"], made["html"])
    assert seedfile.dumps(again) == seedfile.dumps(one)
