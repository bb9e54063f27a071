"""`scrapy new-seeds`: list documents for other tools. Scrapy takes the command's name, hyphen included, from the file's."""

from __future__ import annotations

import re
from argparse import ArgumentParser, Namespace
from contextlib import closing
from pathlib import Path
from typing import Any

from crawler import normalise, times
from crawler.console import ArchiveCommand, CommandError, counted, say_skipped
from crawler.exceptions import COMPLETE, INCOMPLETE
from crawler.library import newseeds
from crawler.library.newseeds import NewSeed, Selection
from crawler.storage.index.figures import NEW, REVISED
from crawler.streams import print_json
from crawler.urls import LANGUAGES, UNKNOWN_LANGUAGE

_RUN = re.compile(r"\d{8}T\d{6}Z")


class Command(ArchiveCommand):
    """Reads the index and takes no lock. Exits with status 3 if a document is lost or damaged."""

    def short_desc(self) -> str:
        return "List documents as seeds for other tools, or with --to copy them into a folder"

    def long_desc(self) -> str:
        return (
            "List documents as seeds for other tools: one address a line, or with --json one line of JSON. With --to, copy "
            "them into a folder as 000_{first 16 hex digits of the sha256}.txt, numbered in order of stamp."
        )

    def add_options(self, parser: ArgumentParser) -> None:
        super().add_options(parser)
        since = "only documents stored by this run (20261122T200000Z) or a later one, or stamped from this day or time (UTC) on"
        parser.add_argument("--since", metavar="RUN|DATE", default="", help=since)
        parser.add_argument("--language", metavar="L,...", default="", help="only these language paths, e.g. zh,zh-hant")
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--new", dest="outcome", action="store_const", const=NEW, default="",
                           help="only documents of which the archive has no earlier version")  # fmt: skip
        which.add_argument("--revised", dest="outcome", action="store_const", const=REVISED,
                           help="only documents of which it has one")  # fmt: skip
        parser.add_argument("--to", metavar="FOLDER", type=Path, help="write the documents into this folder")

    def execute(self, args: list[str], opts: Namespace) -> int:
        languages = frozenset(filter(None, map(str.strip, opts.language.split(","))))
        if unknown := sorted(languages - {*LANGUAGES, UNKNOWN_LANGUAGE}):
            raise CommandError(f"DW has no language edition {unknown[0]}")
        if opts.to and opts.to.resolve().is_relative_to(self.existing_root().resolve()):
            raise CommandError(f"{opts.to} is inside the archive; name a folder outside it")
        selection = Selection(**_since(opts.since), languages=languages, outcome=opts.outcome)
        missed: list[str] = []
        count = 0
        with self.open_index() as index, closing(newseeds.find(self.root, index, selection, missed.append)) as seeds:
            if opts.to:
                last = newseeds.count(index, selection) - 1
                for seed, name in newseeds.write(seeds, opts.to, digits=max(3, len(str(last)))):
                    count += 1
                    if opts.json:
                        print_json({**as_json(seed), "file": name})
            else:
                for seed in seeds:
                    print_json(as_json(seed)) if opts.json else print(seed.document.url)
        if opts.to and not opts.json:
            print(f"{counted(count, 'document')} in {opts.to}")
        say_skipped(missed)
        return INCOMPLETE if missed else COMPLETE


def _since(text: str) -> dict[str, Any]:
    if not text:
        return {}
    if _RUN.fullmatch(text):
        return {"since_run": text}
    since_ms = times.parse_ms(text)
    if since_ms is None:
        raise CommandError(f"--since must be a run (20261122T200000Z) or a date (2026-11-22), not {text}")
    return {"since_ms": since_ms}


def as_json(seed: NewSeed) -> dict[str, Any]:
    document = seed.document
    published_ms = seed.published_ms
    return {"id": seed.id, "url": document.url, "title": document.title,
            "author": normalise.author(normalise.text_of(document.author)),
            "published": None if published_ms is None else times.iso_ms(times.moment(published_ms)),
            "language": seed.language, "kind": seed.kind, "stamp": times.iso_ms(times.moment(document.stamp_ms)),
            "stamp_ms": document.stamp_ms, "path": seed.path, "sha256": seed.sha256,
            "outcome": REVISED if seed.is_revised else NEW}  # fmt: skip
