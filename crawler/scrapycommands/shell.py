"""`scrapy shell`, also with `--spider dw`, without an archive."""

from typing import Any, ClassVar

from scrapy.commands.shell import Command as ShellCommand

from crawler.console.scrapycommand import CheckedCommand
from crawler.crawl.components import ENABLED


class Command(CheckedCommand, ShellCommand):
    """Replaces the stock command; its options and arguments are the same."""

    default_settings: ClassVar[dict[str, Any]] = {**ShellCommand.default_settings, ENABLED: False}
