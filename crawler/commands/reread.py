"""`scrapy reread`: parse all stored replies again with the current code, without a request."""

from __future__ import annotations

import itertools
from argparse import ArgumentParser, Namespace
from collections import Counter

from crawler import clock
from crawler.console import ArchiveCommand, print_list, program, progress
from crawler.streams import print_json
from crawler.upkeep import reread


class Command(ArchiveCommand):
    """Stores a revision if a stored reply now gives another document than the archived one."""

    def syntax(self) -> str:
        return "[options]"

    def short_desc(self) -> str:
        return "Parse all stored replies again with the current code, without a request"

    def long_desc(self) -> str:
        return (
            "Parse every stored reply again, including those under unreadable/. If one gives another document than the archived"
            f" one, the new version replaces it, and the old one becomes a revision (see {program()} diff ID)."
        )

    def add_options(self, parser: ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument("--dry-run", action="store_true", help="show the differences; change nothing")

    def execute(self, args: list[str], opts: Namespace) -> int:
        self.existing_root()
        counts: Counter[str] = Counter()
        shown: list[dict[str, object]] = []
        opened = self.look_at_archive() if opts.dry_run else self.open_archive()
        with opened as archive, progress("reading again") as advance:
            now_ms = clock.now_ms()
            for done, found in enumerate(itertools.chain(reread.archived(archive, now_ms), reread.unreadable(archive, now_ms))):
                counts[found.outcome] += 1
                if found.outcome != "same":
                    shown.append(describe(found))
                if found.files and not opts.dry_run:
                    reread.store(archive, found)
                advance(done, None)
        if opts.json:
            print_json({"dry_run": opts.dry_run, **counts, "differences": shown})
            return 0
        would = "would be " if opts.dry_run else ""
        print(f"{counts.total():,} replies read again: {counts['same']:,} give the same, {counts['changed']:,} {would}revised, "
              f"{counts['new']:,} {would}new, {counts['unreadable']:,} cannot be read")  # fmt: skip
        print_list((f"{one['outcome']:<10} {one['id']}  {one['what']}" for one in shown), len(shown))
        return 0


def describe(found: reread.Reread) -> dict[str, object]:
    """Return what differs, in one line."""
    if found.after is None:
        what = found.reason
    elif found.before is None:
        what = found.after.title
    else:
        parts = []
        if found.before.title != found.after.title:
            parts.append(f"title: {found.before.title} -> {found.after.title}")
        if found.before.html != found.after.html:
            parts.append(f"body: {len(found.before.html):,} -> {len(found.after.html):,} characters")
        what = "; ".join(parts) or "address"
    return {"outcome": found.outcome, "id": found.id, "path": found.path, "what": what}
