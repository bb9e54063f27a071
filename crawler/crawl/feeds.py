"""Export the documents that a run stored as flat items of Scrapy's feeds, with the columns of `scrapy export jsonl`."""

from __future__ import annotations

import json
import logging
import re
from typing import TYPE_CHECKING, Any

from scrapy import signals
from scrapy.exporters import CsvItemExporter, XmlItemExporter
from scrapy.extensions.feedexport import FeedExporter

from crawler.crawl import flat
from crawler.crawl.component import run_of
from crawler.exceptions import described

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler

    from crawler.storage.logline import Record

logger = logging.getLogger(__name__)

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class DocumentFeedExporter(FeedExporter):
    """Scrapy's FeedExporter, given a flat item for each document of the run after it is durable, seed documents included.

    Counts dw/error/unexpected for a document that cannot be exported: the run goes on, and ends with status 3.
    """

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        exporter, run = cls(crawler), run_of(crawler)
        crawler.signals.connect(exporter.open_spider, signals.spider_opened)
        crawler.signals.connect(exporter.close_spider, signals.spider_closed)
        spider = crawler.spider
        assert spider is not None

        def export(record: Record) -> None:
            try:
                if item := flat.of_stored(run.archive, record):
                    exporter.item_scraped(item, spider)
            except Exception as error:  # the document is archived, even if the feed fails
                run.count("dw/error/unexpected")
                logger.error("%s could not be exported: %s", record["path"], described(error))

        run.on_document = export
        return exporter


class CsvExporter(CsvItemExporter):
    """Scrapy's, with what is nested as JSON in its cell; true and false as JSON writes them. Option: FEED_EXPORTERS."""

    def serialize_field(self, field: Any, name: str, value: Any) -> Any:
        is_nested = isinstance(value, (list, dict, bool))
        return super().serialize_field(field, name, json.dumps(value, ensure_ascii=False) if is_nested else value)


class XmlExporter(XmlItemExporter):
    """Scrapy's, without characters that XML does not have (U+FFFD instead), and with nothing for None. Option:
    FEED_EXPORTERS."""

    def serialize_field(self, field: Any, name: str, value: Any) -> Any:
        return super().serialize_field(field, name, _for_xml(value))


def _for_xml(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _for_xml(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_for_xml(one) for one in value]
    if value is None or isinstance(value, bool):
        return "" if value is None else str(value).lower()
    return _NO_XML.sub("\ufffd", value) if isinstance(value, str) else value
