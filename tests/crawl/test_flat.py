"""A document as a flat item: stored, or only fetched."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from crawler.crawl import flat
from crawler.crawl.pipelines.archive import ArchivePipeline
from crawler.export.rows import COLUMNS
from crawler.storage import layout
from tests.conftest import OpenArchive
from tests.crawl.fakes import run_with
from tests.crawl.pipelines.test_compare import ID, fetched

ONLY_STORED = {"path", "reply_path"}


@pytest.fixture
def run(archive: OpenArchive) -> Any:
    return run_with(archive())


def stored(run: Any) -> tuple[dict[str, Any], Path]:
    """The log line of a document that was stored, and its file."""
    asyncio.run(ArchivePipeline(run).process_item(fetched()))
    path = run.archive.index.get(ID).path
    return {"path": path, "id": ID, "sha256": run.archive.index.file(path)[0]}, run.root / path


def test_an_item_has_the_columns_of_export_in_their_order(run: Any) -> None:
    line, _ = stored(run)
    assert tuple(flat.of_fetched(fetched())) == tuple(flat.of_stored(run.archive, line) or ()) == COLUMNS


def test_stored_item_equals_a_fetched_one_except_for_its_paths(run: Any) -> None:
    line, path = stored(run)
    item, unstored = flat.of_stored(run.archive, line), flat.of_fetched(fetched())
    assert item is not None
    assert {name for name in item if item[name] != unstored[name]} == ONLY_STORED
    assert run.root / item["path"] == path
    assert item["reply_path"] == layout.reply_path(item["path"])


def test_an_item_is_plain_json(run: Any) -> None:
    item = flat.of_fetched(fetched())
    assert json.loads(json.dumps(item)) == item
    assert item["published"] == "2026-05-01T10:00:00.000Z"


def test_a_document_whose_file_is_lost_gives_no_item(run: Any) -> None:
    line, path = stored(run)
    path.unlink()
    assert flat.of_stored(run.archive, line) is None
