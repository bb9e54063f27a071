"""Redirects: followed, except from one document to another."""

from __future__ import annotations

from typing import Any

import pytest
from scrapy import Request
from scrapy.http import Response
from scrapy.settings import Settings

from crawler.crawl.middlewares.redirects import AliasMiddleware, RedirectsMiddleware
from crawler.storage.index.objects import ALIAS
from crawler.storage.logline import StateRecord
from crawler.urls import Target
from tests.conftest import OpenArchive
from tests.crawl.fakes import crawler_with, run_with
from tests.helpers_commands import document

HERE = "https://www.dw.com/en/any/a-7"
ELSEWHERE = "/en/other/a-8"


@pytest.fixture
def run(archive: OpenArchive) -> Any:
    return run_with(archive())


def meta_after(run: Any, location: str, status: int = 301, url: str = HERE, **meta: Any) -> dict[str, Any]:
    """Return what a redirect adds to the meta of a request for a document."""
    request = Request(url, meta={"id": 7, **meta} if meta != {"id": None} else {})
    response = Response(url, status=status, headers={"Location": location} if location else {})
    assert AliasMiddleware(run).process_response(request, response) is response
    return {name: value for name, value in request.meta.items() if name != "id"}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_another_document_is_stopped_and_noted(run: Any, status: int) -> None:
    assert meta_after(run, ELSEWHERE, status) == {"dont_redirect": True, "alias_of": Target("article", 8, "en")}


FOLLOWED = ["/en/another-title/a-7", "https://www.dw.com/zh/x/a-7", "/en/", "https://evil.example/a-8", ""]


@pytest.mark.parametrize("location", FOLLOWED)
def test_every_other_redirect_is_followed(run: Any, location: str) -> None:
    assert meta_after(run, location) == {}


def test_only_redirect_statuses_redirect(run: Any) -> None:
    assert meta_after(run, ELSEWHERE, 200) == {}


def test_a_list_may_lead_to_a_document(run: Any) -> None:
    assert meta_after(run, ELSEWHERE, id=None) == {}


def test_the_id_in_the_address_counts_if_it_differs_from_the_one_requested(run: Any) -> None:
    assert meta_after(run, ELSEWHERE, url="https://www.dw.com/en/x/a-8") == {}


def test_a_known_alias_of_the_archived_document_is_followed(run: Any) -> None:
    found = run.archive
    found.store_now(found.plan_seed(document(7), "seed", 0)[1], [StateRecord(ALIAS, "article", 8, target=7)])
    assert meta_after(run, ELSEWHERE) == {}


def test_missing_referer_middleware_causes_no_warning(run: Any, recwarn: pytest.WarningsRecorder) -> None:
    crawler = crawler_with(run)
    crawler.settings = Settings({"REDIRECT_ENABLED": True})
    assert RedirectsMiddleware.from_crawler(crawler).crawler is crawler
    assert not recwarn.list
