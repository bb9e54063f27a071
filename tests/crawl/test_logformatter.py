"""Lines of the log: they name a document and never hold its body."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from scrapy import Request, Spider
from scrapy.http import Response
from scrapy.settings import Settings
from twisted.python.failure import Failure

from crawler.crawl.logformatter import QuietLogFormatter
from crawler.exceptions import DiskError
from tests.crawl.pipelines.test_compare import ID, fetched

REQUEST = Request("https://api.dw.com/api/detail/article/7")
RESPONSE = Response(REQUEST.url, request=REQUEST)
SPIDER = Spider("x")


def written(line: Any) -> str:
    """The line as the log has it."""
    return str(line["msg"] % line["args"])


@pytest.mark.parametrize("level", ["DEBUG", "INFO"])
def test_lines_that_the_log_level_hides_are_not_made(level: str) -> None:
    crawler: Any = type("crawler", (), {"settings": Settings({"LOG_LEVEL": level})})
    formatter = QuietLogFormatter.from_crawler(crawler)
    lines = [formatter.crawled(REQUEST, RESPONSE, SPIDER), formatter.scraped(fetched(), RESPONSE, SPIDER)]
    assert [line is not None for line in lines] == [level == "DEBUG"] * 2


def test_a_line_names_a_document_and_holds_none_of_its_words() -> None:
    item, formatter = fetched("What DW says."), QuietLogFormatter()
    lines = [formatter.scraped(item, RESPONSE, SPIDER), formatter.dropped(item, ValueError("same"), RESPONSE, SPIDER),
             formatter.item_error(item, ValueError("odd"), RESPONSE, SPIDER)]  # fmt: skip
    assert [written(line) for line in lines] == [f"Stored {ID}", f"Nothing to store for {ID}: same", f"Error storing {ID}"]


def test_an_item_of_another_spider_has_no_id() -> None:
    assert written(QuietLogFormatter().scraped({"id": 5}, RESPONSE, SPIDER)) == "Stored ?"


@pytest.mark.parametrize(("error", "level"), [(DiskError("full"), logging.DEBUG), (ValueError("odd"), logging.ERROR)])
def test_only_unexpected_errors_are_shown_with_a_traceback(error: Exception, level: int) -> None:
    formatter = QuietLogFormatter()
    lines = [formatter.item_error(fetched(), error, RESPONSE, SPIDER),
             formatter.spider_error(Failure(error), REQUEST, RESPONSE, SPIDER)]  # type: ignore[no-untyped-call]  # fmt: skip
    assert [line["level"] for line in lines] == [level, level]
