"""`scrapy parse`, which shows what the spider `dw` reads at an address, without an archive."""

from typing import Any, ClassVar

from scrapy.commands.parse import Command as ParseCommand

from crawler.console.scrapycommand import CheckedCommand
from crawler.crawl.components import ENABLED


class Command(CheckedCommand, ParseCommand):
    """Replaces the stock command; its options and arguments are the same."""

    default_settings: ClassVar[dict[str, Any]] = {**ParseCommand.default_settings, ENABLED: False}
