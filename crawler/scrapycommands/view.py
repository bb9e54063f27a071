"""`scrapy view`, also with `--spider dw`, without an archive."""

from typing import Any, ClassVar

from scrapy.commands.view import Command as ViewCommand

from crawler.console.scrapycommand import CheckedCommand
from crawler.crawl.components import ENABLED


class Command(CheckedCommand, ViewCommand):
    """Replaces the stock command; its options and arguments are the same."""

    default_settings: ClassVar[dict[str, Any]] = {**ViewCommand.default_settings, ENABLED: False}
