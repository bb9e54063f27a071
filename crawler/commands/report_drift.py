"""`scrapy report-drift`: make a bundle of the unreadable replies, to attach to a bug report."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from crawler.console import ArchiveCommand, counted, say, shown
from crawler.crawl import drift, driftbundle
from crawler.crawl.pastreports import is_crawl, past_reports
from crawler.exceptions import COMPLETE
from crawler.export.output import new_file, require_place
from crawler.streams import print_json

_RUNS = 20


class Command(ArchiveCommand):
    """Reads the archive, also while a crawl runs, and takes no lock."""

    def short_desc(self) -> str:
        return "Bundle the replies that could not be read, to attach to a bug report"

    def long_desc(self) -> str:
        return (
            "Write a ZIP file with each unreadable reply, its address and the reason, and with figures of the last runs: "
            "unknown keys, skipped elements, places. It holds DW's replies and nothing about you or your machine."
        )

    def add_options(self, parser: ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument("--to", metavar="FILE", type=Path, default=Path("drift.zip"), help="(default: drift.zip)")
        parser.add_argument("--force", action="store_true", help="replace an existing file")

    def execute(self, args: list[str], opts: Namespace) -> int:
        root, to = self.existing_root(), opts.to
        require_place(to, archive=root, force=opts.force, is_ours=None)
        runs = [drift.figures(report) for report in past_reports(root, _RUNS) if is_crawl(report)]
        with new_file(to) as part:
            written, left_out = driftbundle.write(root, part, runs)
        if opts.json:
            print_json({"bundle": shown(str(to)), "replies": written, "left_out": left_out})
            return COMPLETE
        replies = "unreadable reply" if written == 1 else "unreadable replies"
        print(f"{shown(str(to))}: {written:,} {replies}, figures of {counted(len(runs), 'run')}")
        if left_out:
            say(f"{left_out:,} left out: lost, or beyond {driftbundle.MOST_BYTES / 1e6:.0f} MB together")
        return COMPLETE
