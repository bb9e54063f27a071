"""`scrapy add`: import seed documents, or take in another archive."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

from crawler import clock, seeds
from crawler.console import LISTED, ArchiveCommand, CommandError, counted, progress, say
from crawler.exceptions import COMPLETE, COULD_NOT_START, INCOMPLETE
from crawler.seeds import Problem
from crawler.storage import objectstore, otherarchive
from crawler.storage.otherarchive import OtherArchive
from crawler.streams import print_json
from crawler.upkeep.add import Added, add
from crawler.upkeep.merge import Merged, merge
from crawler.urls import DW


class Command(ArchiveCommand):
    """Exits with status 3 if something could not be taken, with 1 if neither a seed document nor an archive was found."""

    takes_arguments = True

    def syntax(self) -> str:
        return "PATH... [options]"

    def short_desc(self) -> str:
        return "Import existing seed documents, or another archive, without any request"

    def long_desc(self) -> str:
        return (
            "Import existing seed documents, or another archive, without any request. PATH is a file, a folder (all files in "
            "it, recursively), - for one document on standard input, or another archive: its folder, which has runs/ in it, or "
            "s3://BUCKET/PREFIX. Its documents, replies, revisions, pictures and media files are taken, and it stays as it is. "
            "The next crawl fetches references and pictures that are missing."
        )

    def execute(self, args: list[str], opts: Namespace) -> int:
        if not args:
            raise CommandError("name the files or folders to add")
        from crawler.crawl.options import largest_media  # late, as in `open_archive`

        others = {arg: other for arg in args if (other := self._other(arg))}
        paths = [arg for arg in args if arg not in others]
        complaints = _Complaints(in_full=opts.json)
        merged, added = {}, Added()
        with self.open_archive() as archive:
            for other in {other.name: other for other in others.values()}.values():
                with progress("files") as advance:
                    merged[other.name] = merge(
                        archive, other, clock.now_ms(),
                        complain=complaints.add, largest_media=largest_media(self.settings), advance=advance,
                    )  # fmt: skip
            if paths:
                with progress("documents") as advance:
                    added = add(archive, _seeds(paths), clock.now_ms(), complain=complaints.add, advance=advance)
        if opts.json:
            print_json(as_json(merged, added if paths else None, complaints.listed))
        else:
            complaints.say_rest()
            print_added(merged, added if paths else None)
        if not (others or added.documents):
            return COULD_NOT_START
        return INCOMPLETE if complaints.total else COMPLETE

    def _other(self, arg: str) -> OtherArchive | None:
        """Return the archive that an argument names; None if it is documents. Raises UnusableArchive."""
        return objectstore.named(arg, os.environ) if "://" in arg else otherarchive.named(arg, self.root)


class _Complaints:
    """Collects problems: prints each one at once, up to a limit, or keeps it for JSON. in_full: keep them all."""

    def __init__(self, *, in_full: bool) -> None:
        self.listed: list[Problem] = []
        self.total = 0
        self._in_full = in_full

    def add(self, problem: Problem) -> None:
        """Count a problem, and print it or keep it."""
        self.total += 1
        if self._in_full:
            self.listed.append(problem)
        elif self.total <= LISTED:
            say(f"{problem.place}: {problem.reason}")

    def say_rest(self) -> None:
        """Print how many problems were not printed."""
        if self.total > LISTED:
            say(f"and {counted(self.total - LISTED, 'more problem')}")


def as_json(merged: dict[str, Merged], added: Added | None, problems: list[Problem]) -> dict[str, object]:
    """Return everything that was done. added: None if no seed documents were named."""
    found: dict[str, object] = {}
    if merged:
        found["archives"] = [
            {"archive": name, "documents": dict(one.documents), "taken": dict(one.taken), "kept": one.kept,
             "problems": one.problems, "in_use": one.is_in_use} for name, one in merged.items()]  # fmt: skip
    if added is not None:
        found |= {**added.outcomes, "documents": added.documents, "mended": added.mended}
    return {**found, "problems": [{"place": problem.place, "reason": problem.reason} for problem in problems]}


def print_added(merged: dict[str, Merged], added: Added | None) -> None:
    """Print what was done, a line for each archive and one for the seed documents."""
    for name, one in merged.items():
        taken = ", ".join(f"{what} {count:,}" for what, count in sorted(one.taken.items()) if count) or "nothing"
        kept = f"; pictures and media files that differ, of which ours stay: {one.kept:,}" if one.kept else ""
        in_use = "; a run is writing to it: add it again when it has ended" if one.is_in_use else ""
        documents = f"{counted(one.documents.total(), 'document')}: {_outcomes(one.documents)}"
        print(f"{name}: {documents}; also taken: {taken}{kept}; {counted(one.problems, 'problem')}{in_use}")
    if added is not None:
        mended = f"; {added.mended:,} with line ends or encoding normalised" if added.mended else ""
        documents = f"{counted(added.documents, 'document')}: {_outcomes(added.outcomes)}"
        print(f"{documents}{mended}; {counted(added.problems, 'problem')}")


def _outcomes(outcomes: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(outcomes.items())) or "none found"


def _seeds(args: list[str]) -> Iterator[seeds.Seed]:
    for arg in args:
        if arg == seeds.STDIN:
            yield from seeds.read(seeds.STDIN, sys.stdin.buffer, DW)
        else:
            yield from seeds.read_path(Path(arg), DW)
