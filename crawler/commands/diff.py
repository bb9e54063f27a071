"""`scrapy diff`."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from dataclasses import asdict, dataclass

from crawler import seedfile, times, urls
from crawler.console import ArchiveCommand, CommandError
from crawler.crawl.report import COMPLETE
from crawler.exceptions import SeedFormatError
from crawler.files import read_file
from crawler.library import changes
from crawler.seedfile import SeedDocument
from crawler.streams import print_json

_CURRENT = "current"


@dataclass(frozen=True)
class Version:
    """A document as it was, or is. name: its stamp, or `current`."""

    name: str
    path: str
    document: SeedDocument

    def described(self) -> str:
        return f"{self.document.stamp_ms} ({times.iso(self.document.stamp_ms)}) {self.path}"


class Command(ArchiveCommand):
    """Reads the index, takes no lock."""

    takes_arguments = True

    def syntax(self) -> str:
        return "ID [STAMP [STAMP]] [options]"

    def short_desc(self) -> str:
        return "What changed between versions of a document: words, pictures, links"

    def long_desc(self) -> str:
        return (
            "What changed between versions of a document. Without STAMP the last revision is compared with the current "
            "document, with one that revision, with two these with one another. A STAMP is the number that names a revision."
        )

    def execute(self, args: list[str], opts: Namespace) -> int:
        if not 1 <= len(args) <= 3 or not all(arg.isdecimal() for arg in args):
            raise CommandError("name a document by its number, and up to two stamps: scrapy diff ID [STAMP [STAMP]]")
        number, current = self.find(int(args[0]))
        revisions = changes.revisions(self.root, number)
        stamps = [int(arg) for arg in args[1:]]
        if not revisions and not stamps:
            self.say_there_are_none(number, current, opts)
            return COMPLETE
        if not stamps:
            stamps = [max(revisions)]
        versions = [self.version(stamp, revisions, current) for stamp in stamps]
        if len(versions) == 1:
            if current is None:
                raise CommandError(f"{number} is not archived now; name two stamps: {', '.join(map(str, revisions))}")
            versions.append(Version(_CURRENT, current, self.read(current)))
        before, after = versions
        difference = changes.compare(before.document, after.document)
        if opts.json:
            sides = {name: {"stamp_ms": side.document.stamp_ms, "path": side.path}
                     for name, side in (("before", before), ("after", after))}  # fmt: skip
            print_json({"id": number, "revisions": list(revisions), **sides, **asdict(difference)})
        else:
            print(f"- {before.described()}")
            print(f"+ {after.described()}")
            print()
            colours = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
            for line in changes.lines(difference, changes.coloured if colours else changes.plain):
                print(line)
            if len(revisions) > 1:
                print(f"revisions: {', '.join(map(str, revisions))}")
        return COMPLETE

    def find(self, number: int) -> tuple[int, str | None]:
        """Number of a document, where an alias leads to another, and path of it as it is now, if it is archived."""
        with self.open_index() as index:
            row = index.resolve(number) if number in urls.NUMBERS else None
        if row is None or row.format:
            raise CommandError(f"the archive has never heard of a document {number}")
        return row.number, row.path

    def say_there_are_none(self, number: int, current: str | None, opts: Namespace) -> None:
        if opts.json:
            print_json({"id": number, "revisions": []})
        else:
            print(f"{number} has no revisions: {f'{current} is as it was first archived' if current else 'it is not archived'}")

    def version(self, stamp: int, revisions: dict[int, str], current: str | None) -> Version:
        if stamp in revisions:
            return Version(str(stamp), revisions[stamp], self.read(revisions[stamp]))
        if current and (document := self.read(current)).stamp_ms == stamp:
            return Version(_CURRENT, current, document)
        raise CommandError(f"no revision {stamp}; there are {', '.join(map(str, revisions)) or 'none'}")

    def read(self, path: str) -> SeedDocument:
        try:
            return seedfile.loads(read_file(self.root / path))
        except (OSError, SeedFormatError) as error:
            raise CommandError(f"{path} is lost or damaged ({error}); scrapy verify tells more") from error
