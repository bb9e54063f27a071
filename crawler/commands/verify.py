"""`scrapy verify`."""

from __future__ import annotations

import errno
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

from crawler import clock, layout
from crawler.console import ArchiveCommand, counted, print_json, print_list, progress, shown
from crawler.lock import Lock
from crawler.report import COMPLETE, DAMAGE_FOUND
from crawler.verify import MEANING, Verdict, verify


class Command(ArchiveCommand):
    """Reads everything, changes nothing: the archive is locked, not opened. Ends with status 10 where damage was found."""

    def short_desc(self) -> str:
        return "Check every file of the archive against the run logs; status 10 where damage is found"

    def execute(self, args: list[str], opts: Namespace) -> int:
        with self.lock(), progress("files") as advance:
            verdict = verify(self.existing_root(), advance=advance)
        if opts.json:
            print_json(as_json(verdict))
        else:
            print_verdict(verdict)
        return COMPLETE if verdict.is_sound else DAMAGE_FOUND

    @contextmanager
    def lock(self) -> Iterator[None]:
        """The archive's lock; none on a read-only disk, where nobody could hold it to write."""
        path = self.existing_root() / layout.LOCK
        lock = None
        try:
            lock = Lock(path, f"scrapy {self.name}", layout.iso_time(clock.now_ms()))
        except OSError as error:
            if error.errno != errno.EROFS:
                raise
        try:
            yield
        finally:
            if lock:
                lock.release()


def as_json(verdict: Verdict) -> dict[str, object]:
    """Everything verify found."""
    damages = [{name: value for name, value in asdict(damage).items() if value not in (None, "")} for damage in verdict.damages]
    for damage in damages:
        damage["path"] = shown(str(damage["path"]))
    return {
        "sound": verdict.is_sound, "files": verdict.files, "bytes": verdict.bytes, "logged": verdict.logged,
        "unclean_since": verdict.unclean_since or None, "counts": verdict.counts(), "damages": damages,
    }  # fmt: skip


def print_verdict(verdict: Verdict) -> None:
    """What verify found, for a person: the first of each kind, and how many."""
    for what, count in verdict.counts().items():
        print(f"{what}: {count:,} ({MEANING[what]})")
        damages = (damage for damage in verdict.damages if damage.what == what)
        print_list((f"{shown(damage.path)}  {damage.detail}".rstrip() for damage in damages), count)
    size = f"{counted(verdict.files, 'file')}, {verdict.bytes / 1e6:,.1f} MB read; {verdict.logged:,} in the run logs"
    if verdict.is_sound:
        print(f"{size}: no damage")
    else:
        damaged = sum(verdict.counts().values()) - verdict.counts().get("unfinished", 0)
        print(f"{size}: {damaged:,} damaged; scrapy repair sets damaged files aside and has them fetched again")
