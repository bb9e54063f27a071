"""Searching an archive after the real commands: a crawl, a repair, a reread."""

from __future__ import annotations

import contextlib
import json
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from crawler.library.search.index import NAME
from crawler.storage import layout
from tests.crawling import ROOT, crawl, fresh_site
from tests.dwsite import articles as dw
from tests.helpers_commands import scrapy
from tests.upkeep.test_reread import make_worse, run

QUERIES = ("the", "a", "der", "的", "in", "d*")
SEEDS = (dw.GERMAN, dw.CHAIN[4])


def found(root: Path) -> list[dict[str, object]]:
    lines = []
    for query in QUERIES:
        for options in (["--revisions"], ["--revisions", "--best"]):
            ran = scrapy("search", query, "--json", "--limit", "0", *options, root=root)
            lines += [json.loads(line) for line in ran.out.splitlines()]
    return lines


def found_from_nothing(root: Path) -> list[dict[str, object]]:
    copy = root.with_name("copy")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(root, copy, ignore=shutil.ignore_patterns(f"{NAME}*", layout.LOCK))
    return found(copy)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    outcome = crawl(tmp_path / "archive", SEEDS, "depth=1", site=fresh_site())
    assert outcome.documents
    return outcome.root


def test_crawled_documents_are_found(root: Path) -> None:
    before = found(root)
    assert {hit["language"] for hit in before} >= {"de", "en"}
    assert before == found_from_nothing(root)


def test_reread_documents_are_found(root: Path) -> None:
    before = found(root)
    make_worse(root, dw.GERMAN)
    worse = found(root)
    assert worse == found_from_nothing(root)
    assert run(root).returncode == 0
    after = found(root)
    assert after == found_from_nothing(root)
    assert [hit for hit in after if not hit["revision"]] == [hit for hit in before if not hit["revision"]]
    assert any(hit["revision"] for hit in after)


def test_repaired_archive_is_searched_as_it_is(root: Path) -> None:
    found(root)
    first, second = sorted(path for path in root.glob("*/2*/*/*.txt"))[:2]
    first.write_bytes(first.read_bytes()[:-40])
    second.unlink()
    for reply in second.parent.glob(f"{second.stem}.*.gz"):
        reply.unlink()
    assert scrapy("repair", root=root).status == 0
    after = found(root)
    assert after == found_from_nothing(root)
    assert second.relative_to(root).as_posix() not in {hit["path"] for hit in after}
    assert first.relative_to(root).as_posix() in {hit["path"] for hit in after}


@pytest.mark.torture
@pytest.mark.parametrize("command", ["reread", "repair"])
def test_search_is_right_after_a_command_that_was_killed(root: Path, command: str) -> None:
    chance = random.Random()
    make_worse(root, dw.GERMAN)
    damaged = sorted(root.glob("en/2*/*/*.txt"))[0]
    damaged.write_bytes(damaged.read_bytes()[:-40])
    for _ in range(8):
        process = subprocess.Popen([sys.executable, "-m", "crawler", command, "-s", f"ARCHIVE_DIR={root}"], cwd=ROOT,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(chance.uniform(0.2, 1.2))
        process.kill()
        process.wait()
        assert found(root) == found_from_nothing(root)
    assert scrapy(command, root=root).status == 0
    assert found(root) == found_from_nothing(root)
