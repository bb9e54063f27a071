"""Unwanted documents are out of scope, also in a rebuilt index. Real crawls of the stand-in."""

from __future__ import annotations

from pathlib import Path

import pytest

from crawler.storage.opening import open_archive
from tests.crawling import NOW_MS, crawl, fresh_site
from tests.dwsite import articles as dw
from tests.dwsite.client import Site
from tests.killing import objects


@pytest.fixture
def site() -> Site:
    return fresh_site()


@pytest.mark.parametrize("settings", [{}, {"ARCHIVE_KINDS": "article"}], ids=["hop limit", "kinds"])
def test_rebuilt_index_has_every_object_in_the_same_state(
    site: Site, tmp_path: Path, settings: dict[str, object]
) -> None:
    crawl(tmp_path, dw.SEEDS, "depth=1", site=site, settings=settings)
    before = objects(tmp_path)
    assert {row[3] for row in before} == {"archived", "missing", "out of scope", "alias"}
    for _ in range(2):
        (tmp_path / "index.sqlite").unlink()
        open_archive(tmp_path, NOW_MS, "a test").close()
        assert objects(tmp_path) == before


def test_the_scope_is_logged_by_the_first_run_that_has_it(site: Site, tmp_path: Path) -> None:
    logged = []
    for depth in (0, 0, 1, 1, 0):
        states = crawl(tmp_path, [dw.ENGLISH], f"depth={depth}", site=site).states
        logged.append([line["depth"] for line in states if line["state"] == "scope"])
    assert logged == [[0], [], [1], [], [0]]
