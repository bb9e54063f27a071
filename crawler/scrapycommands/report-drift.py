"""`scrapy report-drift`."""

from __future__ import annotations

from crawler.console import Command as OwnCommand
from crawler.console.scrapycommand import OfflineCommand


class Command(OfflineCommand):
    def load(self) -> OwnCommand:
        from crawler.commands.report_drift import Command

        return Command()
