"""`scrapy diff`: compare two versions of a document."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from dataclasses import asdict, dataclass

from crawler import seedfile, times, urls
from crawler.console import ArchiveCommand, CommandError, program
from crawler.exceptions import COMPLETE, SeedFormatError
from crawler.files import read_file
from crawler.library import changes
from crawler.seedfile import SeedDocument
from crawler.streams import print_json

_CURRENT = "current"


@dataclass(frozen=True)
class Version:
    """One version of a document. name: its stamp, or `current`."""

    name: str
    path: str
    document: SeedDocument

    def described(self) -> str:
        return f"{self.document.stamp_ms} ({times.iso(self.document.stamp_ms)}) {self.path}"


class Command(ArchiveCommand):
    """Reads the index and takes no lock."""

    takes_arguments = True

    def syntax(self) -> str:
        return "ID [STAMP [STAMP]] [options]"

    def short_desc(self) -> str:
        return "Show what changed between two versions of a document: words, pictures, links"

    def long_desc(self) -> str:
        return (
            "Show what changed between two versions of a document. Without a STAMP, the last revision is compared with the "
            "current document; with one, that revision; with two, these two revisions. A STAMP is the number in a "
            "revision's path."
        )

    def execute(self, args: list[str], opts: Namespace) -> int:
        if not 1 <= len(args) <= 3 or not all(arg.isdecimal() for arg in args):
            raise CommandError(f"name a document by its id, and up to two stamps: {program()} diff ID [STAMP [STAMP]]")
        dw_id, current = self.find(int(args[0]))
        revisions = changes.revisions(self.root, dw_id)
        stamps = [int(arg) for arg in args[1:]]
        if not revisions and not stamps:
            self.say_there_are_none(dw_id, current, opts)
            return COMPLETE
        if not stamps:
            stamps = [max(revisions)]
        versions = [self.version(stamp, revisions, current) for stamp in stamps]
        if len(versions) == 1:
            if current is None:
                raise CommandError(f"{dw_id} is not archived now; name two stamps: {', '.join(map(str, revisions))}")
            versions.append(Version(_CURRENT, current, self.read(current)))
        before, after = versions
        difference = changes.compare(before.document, after.document)
        if opts.json:
            sides = {name: {"stamp_ms": side.document.stamp_ms, "path": side.path}
                     for name, side in (("before", before), ("after", after))}  # fmt: skip
            print_json({"id": dw_id, "revisions": list(revisions), **sides, **asdict(difference)})
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

    def find(self, dw_id: int) -> tuple[int, str | None]:
        """Return the id of a document, an alias resolved, and the path of its current version, None if it is not archived."""
        with self.open_index() as index:
            row = index.resolve(dw_id) if dw_id in urls.IDS else None
        if row is None or row.rendition:
            raise CommandError(f"document {dw_id} is not in the archive")
        return row.id, row.path

    def say_there_are_none(self, dw_id: int, current: str | None, opts: Namespace) -> None:
        if opts.json:
            print_json({"id": dw_id, "revisions": []})
        else:
            why = f"{current} has not changed since it was archived" if current else "it is not archived"
            print(f"{dw_id} has no revisions: {why}")

    def version(self, stamp: int, revisions: dict[int, str], current: str | None) -> Version:
        if stamp in revisions:
            return Version(str(stamp), revisions[stamp], self.read(revisions[stamp]))
        if current and (document := self.read(current)).stamp_ms == stamp:
            return Version(_CURRENT, current, document)
        raise CommandError(f"no revision {stamp}; the revisions are: {', '.join(map(str, revisions)) or 'none'}")

    def read(self, path: str) -> SeedDocument:
        try:
            return seedfile.loads(read_file(self.root / path))
        except (OSError, SeedFormatError) as error:
            raise CommandError(f"{path} is lost or damaged ({error}); see {program()} verify") from error
