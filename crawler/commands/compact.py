"""`scrapy compact`."""

from __future__ import annotations

from argparse import Namespace

from crawler import clock
from crawler.console import ArchiveCommand, counted
from crawler.exceptions import COMPLETE, INCOMPLETE
from crawler.streams import print_json
from crawler.upkeep.compact import compact


class Command(ArchiveCommand):
    """Doing it twice changes nothing. The archive is locked. Exits with status 3 if old reports could not be folded."""

    def short_desc(self) -> str:
        return "Fold the reports of runs of past months together, a file for each month"

    def execute(self, args: list[str], opts: Namespace) -> int:
        with self.lock_only():
            folded, left = compact(self.existing_root(), clock.now_ms())
        if opts.json:
            print_json({"folded": folded, "left": left})
        else:
            why = f", {left:,} left: damaged, or different from the file of their month" if left else ""
            print(f"{counted(folded, 'report')} folded{why}")
        return INCOMPLETE if left else COMPLETE
