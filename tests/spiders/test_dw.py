"""The spider: its settings, and where it asks next. tests/crawl/test_crawl.py tests it in crawls."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import Any

import pytest
from scrapy import Request
from scrapy.http import TextResponse
from scrapy.settings import Settings

from crawler import reasons
from crawler.crawl import components, options
from crawler.crawl.documents import Documents
from crawler.crawl.registry import Registry
from crawler.dw import places
from crawler.reasons import Reason
from crawler.spiders.dw import DwSpider
from crawler.storage.index.objects import MISSING, PENDING, Row
from crawler.urls import DW
from tests.conftest import OpenArchive
from tests.crawl.fakes import run_with
from tests.crawl.test_options import settings

ID = 70000001
ROW = Row(ID, "", "article", PENDING, language="en")


@pytest.fixture
def spider(archive: OpenArchive) -> Any:
    """The spider in a run whose archive has registered a document."""
    made: Any = DwSpider(options.read({}, settings()))
    made.run = run_with(archive())
    closed: list[str] = []
    made.run.control = SimpleNamespace(has_room=lambda most: True, closed=closed, close=closed.append)
    made.run.archive.register([ID], 0)
    made.documents = Documents(made.run, Registry(made.run), lambda response: None, lambda failure: None)
    return made


def asked(spider: Any, place: str, reason: Reason, why: Reason = reasons.NONE, row: Row = ROW) -> str:
    """The place that is asked next; empty if the document is given up."""
    request = asyncio.run(spider.ask_elsewhere(row, place, reason, why))
    return request.meta["place"] if request else ""


# ---- where to ask next ----------------------------------------------------------------------------------------------


def test_a_document_that_the_api_does_not_give_is_asked_for_at_the_pages(spider: Any) -> None:
    assert asked(spider, "api:article", reasons.status(503)) == places.GRAPH
    assert asked(spider, places.GRAPH, reasons.status(404), reasons.status(503)) == places.PAGE


def test_after_the_last_place_a_document_is_missing_for_the_first_reason(spider: Any) -> None:
    assert asked(spider, places.PAGE, reasons.status(404), reasons.status(503)) == ""
    row = spider.run.archive.index.get(ID)
    assert (row.state, row.reason) == (MISSING, "status 503")


def test_a_later_reason_is_remembered_if_the_first_said_that_dw_has_no_such_document(spider: Any) -> None:
    assert asked(spider, places.PAGE, reasons.status(503), reasons.status(404)) == ""
    assert spider.run.archive.index.get(ID).reason == "status 503"


def test_a_document_that_the_api_once_gave_is_asked_for_nowhere_else(spider: Any) -> None:
    assert asked(spider, "api:article", reasons.status(503), row=ROW._replace(path="en/x.txt", origin="api")) == ""


def test_an_unreadable_reply_is_noted_once(spider: Any) -> None:
    assert asked(spider, places.PAGE, reasons.status(404), reasons.unreadable("not JSON")) == ""
    assert spider.run.archive.index.get(ID).state == PENDING, "`outcomes` stored it with the reply"


def test_a_run_that_nothing_answers_gives_up(spider: Any) -> None:
    for _ in range(100):
        if spider.run.control.closed:
            break
        asked(spider, places.PAGE, reasons.status(503))
    assert spider.run.control.closed == ["unreachable"]


# ---- settings -------------------------------------------------------------------------------------------------------


def updated(**changed: Any) -> Settings:
    made = settings(**changed)
    DwSpider.update_settings(made)
    return made


def test_a_crawl_has_the_components_of_an_archive_unless_they_are_switched_off() -> None:
    assert updated()["SCHEDULER"] == components.SETTINGS["SCHEDULER"]
    assert updated(**{components.ENABLED: False})["SCHEDULER"] != components.SETTINGS["SCHEDULER"]


@pytest.mark.parametrize("name", sorted(components.MEANINGLESS))
@pytest.mark.parametrize(("value", "is_set"), [("1", True), ("0", False), ("False", False), ("", False)])
def test_a_setting_without_effect_is_named_and_dropped(
    name: str, value: str, is_set: bool, caplog: pytest.LogCaptureFixture
) -> None:
    made = updated(**{name: value})
    assert caplog.messages == ([f"{name} has no effect here: {components.MEANINGLESS[name]}"] if is_set else [])
    assert not made[name] or not is_set


def test_configured_hosts_get_the_slots_of_dws_own() -> None:
    own = settings().getdict("DOWNLOAD_SLOTS")
    slots = updated(DW_API_URL="http://api.example:1").getdict("DOWNLOAD_SLOTS")
    assert slots["api.example"] == own["api.dw.com"]


def test_the_contact_is_added_to_the_user_agent_once() -> None:
    made = updated(CONTACT="ada@example.org")
    DwSpider.update_settings(made)
    assert made["USER_AGENT"].count("(+ada@example.org)") == 1


# ---- scrapy parse ---------------------------------------------------------------------------------------------------


def parsed(spider: Any, url: str, body: str, status: int = 200) -> list[dict[str, Any]]:
    return list(spider.parse(TextResponse(url, body=body.encode(), encoding="utf-8", status=status, request=Request(url))))


REPLY = json.dumps({"id": ID, "type": "Article", "name": "A name", "body": [{"type": "Paragraph", "text": "Words."}]})


def test_parse_shows_the_item_of_an_address_and_stores_nothing(spider: Any) -> None:
    [item] = parsed(spider, DW.detail("article", ID), REPLY)
    assert (item["id"], item["title"], item["path"]) == (ID, "A name", None)
    assert spider.run.archive.index.get(ID).state == PENDING


NO_ITEM = [(DW.detail("article", ID), 404, "status 404"), ("https://www.dw.com/en/", 200, "is not the address")]


@pytest.mark.parametrize(("url", "status", "said"), NO_ITEM)
def test_parse_says_why_there_is_no_item(
    spider: Any, url: str, status: int, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert parsed(spider, url, REPLY, status) == []
    assert said in caplog.text
