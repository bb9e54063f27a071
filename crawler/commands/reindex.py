"""`scrapy reindex`."""

from __future__ import annotations

import contextlib
import sqlite3
from argparse import Namespace
from pathlib import Path

from crawler.console import ArchiveCommand, counted
from crawler.exceptions import COMPLETE
from crawler.library import status
from crawler.storage import layout, tree
from crawler.storage.index import figures
from crawler.storage.index.sqlite import Index
from crawler.streams import print_json


class Command(ArchiveCommand):
    """Rebuilds the index. Doing it twice changes nothing."""

    def short_desc(self) -> str:
        return "Rebuild the index from the files and the run logs"

    def execute(self, args: list[str], opts: Namespace) -> int:
        tree.require_index(self.existing_root())
        before = counts(self.existing_root() / layout.INDEX)
        with self.open_archive(rebuild=True):
            pass
        after = counts(self.root / layout.INDEX)
        if opts.json:
            print_json({"before": before, "after": after})
        else:
            print(f"before: {described(before)}")
            print(f"after:  {described(after)}")
        return COMPLETE


def counts(path: Path) -> dict[str, int] | None:
    """Return the number of files, and of objects by state, in an index; None if it cannot be read."""
    if not path.exists():
        return None
    with contextlib.suppress(sqlite3.DatabaseError), contextlib.closing(Index(path, read_only=True)) as index:
        found = {"files": figures.count_files(index)}
        states: dict[str, dict[str, int]] = {}
        for (kind, state), count in index.counts().items():
            states.setdefault(kind, {})[state] = count
        return {**found, **dict(sorted(status.totals(states).items()))}
    return None


def described(counts: dict[str, int] | None) -> str:
    if counts is None:
        return "no readable index"
    return ", ".join(counted(count, "file") if name == "files" else f"{count:,} {name}" for name, count in counts.items())
