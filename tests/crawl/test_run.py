"""The run itself: its warnings, and errors of this program."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from scrapy import signals

from crawler.crawl.components import EXTENSIONS
from tests.crawling import crawl, fresh_site
from tests.dwsite import articles as dw
from tests.dwsite.client import Site
from tests.helpers_commands import scrapy

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

    from crawler.crawl.pipelines.item import Fetched

PIPELINES = {
    "crawler.crawl.pipelines.omissions.OmissionsPipeline": 100,
    "crawler.crawl.pipelines.compare.ComparePipeline": 200,
    "crawler.crawl.pipelines.pictures.PicturesPipeline": 300,
    "crawler.crawl.pipelines.archive.ArchivePipeline": 400,
}


class Stumbles:
    """An item pipeline with a bug."""

    def process_item(self, item: Fetched) -> Fetched:
        if item.article.id == dw.CHAIN[4]:
            raise RuntimeError(f"stumbled over {item}")
        return item


@pytest.fixture
def site() -> Site:
    return fresh_site()


# --- what is seen ---


def test_a_crawl_of_sound_articles_warns_of_nothing(site: Site, tmp_path: Path) -> None:
    outcome = crawl(tmp_path, dw.CHAIN, site=site)
    assert outcome.status == 0
    assert "WARNING" not in outcome.stderr


def test_a_new_key_of_a_reply_is_named_once_and_the_reply_kept(site: Site, tmp_path: Path) -> None:
    for dw_id in dw.CHAIN[3:]:
        site.edit(dw_id, keys={"moodOfTheKeeper": "calm"})
    outcome = crawl(tmp_path, dw.CHAIN[3:], "depth=0", site=site)
    assert outcome.report["unknown_keys"] == ["moodOfTheKeeper"]
    assert outcome.stderr.count("WARNING: Unknown key in a reply: moodOfTheKeeper") == 1
    assert len(outcome.documents) == 2


# --- errors of our own ---


def test_bug_in_one_article_is_counted_and_the_article_retried(site: Site, tmp_path: Path) -> None:
    with_bug = {"ITEM_PIPELINES": json.dumps({**PIPELINES, f"{__name__}.Stumbles": 350})}
    outcome = crawl(tmp_path, dw.CHAIN[3:], "depth=0", site=site, settings=with_bug)
    assert outcome.status == 3
    assert list(outcome.documents) == [dw.CHAIN[3]]
    assert outcome.report["failures"] == 1
    assert f"Error storing {dw.CHAIN[4]}" in outcome.stderr
    assert "It is the last one" not in outcome.stderr
    again = crawl(tmp_path, dw.CHAIN[3:], "depth=0", site=site)
    assert again.status == 0
    assert again.asked("api") == {f"/api/detail/article/{dw.CHAIN[4]}": 1}
    assert set(again.documents) == set(dw.CHAIN[3:])


def test_run_that_cannot_start_is_reported(site: Site, tmp_path: Path) -> None:
    without_pictures = {"ITEM_PIPELINES": json.dumps({"crawler.crawl.pipelines.pictures.PicturesPipeline": None})}
    site.fault("/image/.*", status=500)
    crawl(tmp_path, [dw.CHAIN[4]], site=site, settings={"RETRY_TIMES": 0})
    outcome = crawl(tmp_path, [dw.CHAIN[4]], site=site, settings=without_pictures)
    assert outcome.status == outcome.report["exit_status"] == 1
    assert "ITEM_PIPELINES must hold crawler.crawl.pipelines.pictures.PicturesPipeline" in outcome.stderr


def test_a_report_that_cannot_be_read_does_not_stop_the_next_run(site: Site, tmp_path: Path) -> None:
    crawl(tmp_path, [dw.CHAIN[4]], site=site)
    (report,) = (tmp_path / "runs").glob("*.report.json")
    report.write_text("{")
    outcome = crawl(tmp_path, [dw.CHAIN[4]], site=site)
    assert outcome.status == 0
    assert f"{report} cannot be read" in outcome.stderr


# --- the report ---


def list_with(key: str) -> str:
    """A search page with a key that was never met before, as JSON writes it."""
    item = {"type": "Article", "name": "A", "reference": {"id": dw.CHAIN[4], "type": "ArticleRef"}}
    pages = {"availableItems": 1, "availablePages": 1, "pageSize": 20, "currentPage": 1}
    return json.dumps({"items": [item], "paginationInfo": pages, "KEY": 1}).replace("KEY", key)


KEYS = [r"mood\ud83dOf", r"\ude00\ud83d", r"\u0000", r"\u001b[2J\u2028", "k" * 5000]
PAST = [
    "[]", "7", '"text"', "null", "[" * 100_000, '{"seeds": 1}', '{"found": "many"}', '{"found": NaN}', '{"found": 1e999}',
    f'{{"found": {10**400}}}', '{"documents": [], "missing": 7, "pictures": null, "exit_status": {}}', "\xff",
]  # fmt: skip
BROKEN_STEPS = [
    "crawler.crawl.report.alert", "crawler.crawl.lists.Lists.completeness", "crawler.storage.index.sqlite.Index.counts",
]  # fmt: skip


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key[:8])
def test_report_is_written_for_any_key_of_a_list(key: str, site: Site, tmp_path: Path) -> None:
    site.fault("/api/search/global.*", body=list_with(key))
    log = tmp_path / "log"
    settings = {"LOG_FILE": log, "STATS_DUMP": 1, "LOG_LEVEL": "DEBUG"}
    outcome = crawl(tmp_path / "archive", "search:zh:2023-10-01..2023-10-01", "depth=0", site=site, settings=settings)
    assert outcome.report["exit_status"] == outcome.status == 0
    assert len(outcome.report["unknown_keys"]) == 1
    assert list(outcome.documents) == [dw.CHAIN[4]]
    assert "new reply keys" in outcome.stderr
    assert "Traceback" not in outcome.stderr + log.read_text("utf-8")
    assert "\x1b" not in outcome.stderr
    reread = scrapy("status", "--runs", "--json", root=tmp_path / "archive")
    assert (reread.status, reread.json[-1]["exit_status"]) == (0, 0)


@pytest.mark.parametrize("past", PAST, ids=lambda past: past[:20])
def test_damaged_reports_of_earlier_runs_do_not_stop_a_report(past: str, site: Site, tmp_path: Path) -> None:
    seeds = f"https://www.dw.com/en/any/a-{dw.CHAIN[4]}"
    text = past.replace("{", f'{{"seeds": "{seeds}", "reason": "finished", ', 1) if '"found"' in past else past
    (tmp_path / "runs").mkdir()
    for number in range(5):
        (tmp_path / "runs" / f"2026010{number + 1}T000000Z.report.json").write_text(text, "latin-1")
    outcome = crawl(tmp_path, seeds, "depth=0", site=site)
    assert outcome.status == outcome.report["exit_status"] == 0
    assert "Traceback" not in outcome.stderr


@pytest.mark.parametrize("step", BROKEN_STEPS)
def test_report_is_written_even_if_part_of_it_cannot_be_made(step: str, site: Site, tmp_path: Path) -> None:
    broken = {"EXTENSIONS": json.dumps({**EXTENSIONS, f"{__name__}.Breaks": 0}), "BROKEN_STEP": step}
    outcome = crawl(tmp_path, [dw.CHAIN[4]], "depth=0", site=site, settings=broken)
    assert outcome.status == outcome.report["exit_status"] == 3
    assert outcome.report["documents"] == {"new": 1, "article": 1}
    assert any("this report is incomplete: broken \ud83d" in sentence for sentence in outcome.report["sentences"])


@pytest.mark.parametrize("step", ["crawler.crawl.report.dumps", "crawler.storage.disk.replace_file"])
def test_status_is_6_if_the_report_cannot_be_written(step: str, site: Site, tmp_path: Path) -> None:
    broken = {"EXTENSIONS": json.dumps({**EXTENSIONS, f"{__name__}.Breaks": 0}), "BROKEN_STEP": step}
    outcome = crawl(tmp_path, [dw.CHAIN[4]], "depth=0", site=site, settings=broken)
    assert outcome.status == 6
    assert not outcome.report
    assert "The run report could not be written: broken" in outcome.stderr
    assert "(status 6)" in outcome.stderr
    assert list(outcome.documents) == [dw.CHAIN[4]]


class Breaks:
    """An extension that breaks the function that the setting BROKEN_STEP names, which a run needs only at its end."""

    def __init__(self, crawler: Crawler) -> None:
        self.step = crawler.settings["BROKEN_STEP"]
        crawler.signals.connect(self.break_it, signals.spider_opened)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Breaks:
        return cls(crawler)

    def break_it(self) -> None:
        def fail(*arguments: object, **named: object) -> None:
            raise ValueError("broken \ud83d")

        patch(self.step, fail).start()
