"""The run itself: what it warns of, and errors of our own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.crawling import crawl, fresh_site
from tests.dwsite import articles as dw
from tests.dwsite.client import Site

if TYPE_CHECKING:
    from crawler.items import Fetched

PIPELINES = {
    "crawler.pipelines.OmissionsPipeline": 100,
    "crawler.pipelines.ComparePipeline": 200,
    "crawler.pipelines.PicturesPipeline": 300,
    "crawler.pipelines.ArchivePipeline": 400,
}


class Stumbles:
    """An item pipeline with a bug."""

    def process_item(self, item: Fetched) -> Fetched:
        if item.article.number == dw.CHAIN[4]:
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
    for number in dw.CHAIN[3:]:
        site.edit(number, keys={"moodOfTheKeeper": "calm"})
    outcome = crawl(tmp_path, dw.CHAIN[3:], "depth=0", site=site)
    assert outcome.report["unknown_keys"] == ["moodOfTheKeeper"]
    assert outcome.stderr.count("WARNING: A key of a reply was never met before: moodOfTheKeeper") == 1
    assert len(outcome.documents) == 2


# --- errors of our own ---


def test_a_bug_met_by_one_article_is_counted_and_the_article_tried_again(site: Site, tmp_path: Path) -> None:
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


def test_a_run_that_cannot_start_says_so(site: Site, tmp_path: Path) -> None:
    without_pictures = {"ITEM_PIPELINES": json.dumps({"crawler.pipelines.PicturesPipeline": None})}
    site.fault("/image/.*", status=500)
    crawl(tmp_path, [dw.CHAIN[4]], site=site, settings={"RETRY_TIMES": 0})
    outcome = crawl(tmp_path, [dw.CHAIN[4]], site=site, settings=without_pictures)
    assert outcome.status == outcome.report["exit_status"] == 1
    assert "ITEM_PIPELINES must hold crawler.pipelines.PicturesPipeline" in outcome.stderr


def test_a_report_that_cannot_be_read_does_not_stop_the_next_run(site: Site, tmp_path: Path) -> None:
    crawl(tmp_path, [dw.CHAIN[4]], site=site)
    (report,) = (tmp_path / "runs").glob("*.report.json")
    report.write_text("{")
    outcome = crawl(tmp_path, [dw.CHAIN[4]], site=site)
    assert outcome.status == 0
    assert f"{report} cannot be read" in outcome.stderr
