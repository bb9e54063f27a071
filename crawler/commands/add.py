"""`scrapy add`: import seed documents."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

from crawler import clock, seeds
from crawler.console import LISTED, ArchiveCommand, CommandError, counted, progress, say
from crawler.exceptions import COMPLETE, COULD_NOT_START, INCOMPLETE
from crawler.streams import print_json
from crawler.upkeep.add import add
from crawler.urls import DW


class Command(ArchiveCommand):
    """Exits with status 3 if something was not a seed document, with 1 if no seed document was found."""

    takes_arguments = True

    def syntax(self) -> str:
        return "PATH... [options]"

    def short_desc(self) -> str:
        return "Import existing seed documents, without any request"

    def long_desc(self) -> str:
        return (
            "Import existing seed documents, without any request. PATH is a file, a folder (all files in it, recursively), or "
            "- for one document on standard input. The next crawl fetches their references and pictures."
        )

    def execute(self, args: list[str], opts: Namespace) -> int:
        if not args:
            raise CommandError("name the files or folders to add")
        problems: list[seeds.Problem] = []

        def complain(problem: seeds.Problem) -> None:
            if opts.json:
                problems.append(problem)
            elif len(problems) < LISTED:
                problems.append(problem)
                say(f"{problem.place}: {problem.reason}")

        with self.open_archive() as archive, progress("documents") as advance:
            added = add(archive, _seeds(args), clock.now_ms(), complain=complain, advance=advance)
        if opts.json:
            listed = [{"place": problem.place, "reason": problem.reason} for problem in problems]
            print_json({**added.outcomes, "documents": added.documents, "mended": added.mended, "problems": listed})
        else:
            if added.problems > LISTED:
                say(f"and {counted(added.problems - LISTED, 'more problem')}")
            counts = ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(added.outcomes.items())) or "none found"
            mended = f"; {added.mended:,} with line ends or encoding normalised" if added.mended else ""
            print(f"{counted(added.documents, 'document')}: {counts}{mended}; {counted(added.problems, 'problem')}")
        if not added.documents:
            return COULD_NOT_START
        return INCOMPLETE if added.problems else COMPLETE


def _seeds(args: list[str]) -> Iterator[seeds.Seed]:
    for arg in args:
        if arg == seeds.STDIN:
            yield from seeds.read(seeds.STDIN, sys.stdin.buffer, DW)
        else:
            yield from seeds.read_path(Path(arg), DW)
