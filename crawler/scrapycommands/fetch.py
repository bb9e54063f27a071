"""`scrapy fetch`, also with `--spider dw`, without an archive."""

from typing import Any, ClassVar

from scrapy.commands.fetch import Command as FetchCommand

from crawler.console.scrapycommand import CheckedCommand
from crawler.crawl.components import ENABLED


class Command(CheckedCommand, FetchCommand):
    """Replaces the stock command; its options and arguments are the same."""

    default_settings: ClassVar[dict[str, Any]] = {**FetchCommand.default_settings, ENABLED: False}
