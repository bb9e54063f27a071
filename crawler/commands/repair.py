"""`scrapy repair`: restore damaged files, or set them aside to be fetched again."""

from __future__ import annotations

import subprocess
import sys
from argparse import ArgumentParser, Namespace
from dataclasses import asdict

from crawler import clock, times
from crawler.console import ArchiveCommand, CommandError, counted, crawling, print_list, progress, shown
from crawler.exceptions import COMPLETE, INCOMPLETE
from crawler.streams import print_json
from crawler.upkeep.repair import Repair, plan, repair
from crawler.upkeep.verify import INDEX_DAMAGED, Verdict, verify


class Command(ArchiveCommand):
    """Exits with status 3 if something is lost for good or cannot be repaired; with --fetch, with the crawl's status."""

    def short_desc(self) -> str:
        return "Restore files that verify finds damaged, or set them aside for the next crawl to fetch again"

    def add_options(self, parser: ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument("--dry-run", action="store_true", help="show what would be done; change nothing")
        parser.add_argument("--fetch", action="store_true", help="fetch missing files now, in a crawl without seeds")

    def execute(self, args: list[str], opts: Namespace) -> int:
        if opts.dry_run and opts.fetch:
            raise CommandError("--dry-run changes nothing, so it cannot be used with --fetch")
        root = self.existing_root()
        if opts.dry_run:
            with self.lock_only(), progress("files") as advance:
                done = self.plan(verify(root, advance=advance))
        else:
            with self.open_archive() as archive:
                archive.index.commit()
                with progress("files") as advance:
                    verdict = verify(root, recovered=True, advance=advance)
                done = repair(archive, verdict, times.iso(clock.now_ms()))
            if done.index_is_wrong:
                with self.open_archive(rebuild=True):
                    pass
        if opts.json:
            print_json(as_json(done))
        else:
            print_repair(done, opts)
        status = INCOMPLETE if done.for_good or done.left else COMPLETE
        if opts.fetch and done.again:
            status = self.fetch(done, opts.set) or status
        return status

    def plan(self, verdict: Verdict) -> Repair:
        """Return what a repair would do now."""
        time = times.iso(clock.now_ms())
        if any(damage.what == INDEX_DAMAGED for damage in verdict.damages):
            return plan(self.root, None, verdict, time)
        with self.open_index() as index:
            return plan(self.root, index, verdict, time)

    def fetch(self, done: Repair, settings: list[str]) -> int:
        """Crawl what is pending, no farther from the seeds than the files set aside. Returns the crawl's exit status."""
        sys.stdout.flush()
        arguments = [part for each in ("seeds=", "refresh=none", f"depth={done.hops}") for part in ("-a", each)]
        options = [part for setting in settings for part in ("-s", setting)]
        command = [sys.executable, "-m", "scrapy", "crawl", "dw", *arguments, *options]
        return subprocess.run(command, check=False).returncode  # noqa: S603


def as_json(done: Repair) -> dict[str, object]:
    """Return everything that was done."""
    again = [{"kind": kind, "id": dw_id} for kind, dw_id in sorted(done.objects)]
    aside = [{"path": shown(path), "to": shown(to)} for path, to in done.set_aside.items()]
    left = [{"path": shown(path), "why": why} for path, why in done.left.items()]
    found = {**asdict(done), "set_aside": aside, "again": again, "left": left}
    del found["states"]
    return found


def print_repair(done: Repair, opts: Namespace) -> None:
    """Print what was done, or would be."""
    lists = [
        ("set aside", [f"{shown(path)} -> {shown(to)}" for path, to in done.set_aside.items()]),
        ("restored from their replies, byte for byte", done.restored),
        ("logged again, because the log line was damaged and the file was not", done.logged_again),
        ("run logs repaired, without their damaged lines", done.logs_mended),
        ("temporary files removed", done.removed),
        ("lost for good", done.for_good),
        ("not repaired", [f"{shown(path)}  {why}" for path, why in done.left.items()]),
    ]
    if opts.dry_run:
        print("dry run: nothing was changed")
    for title, paths in lists:
        if paths:
            print(f"{title}: {len(paths):,}")
            print_list(paths, len(paths))
    if done.index_is_wrong:
        print("the index would be rebuilt" if opts.dry_run else "the index was rebuilt")
    if done.again:
        crawl = "a crawl now" if opts.fetch else f"the next {crawling()}"
        print(f"{counted(len(done.objects), 'object')} will be fetched again by {crawl}")
    if not any(paths for _, paths in lists) and not done.again and not done.index_is_wrong:
        print("nothing to repair")
