"""`scrapy export FORMAT`: the archive for other programs."""

from __future__ import annotations

import re
from argparse import ArgumentParser, Namespace
from pathlib import Path

from crawler import times
from crawler.console import ArchiveCommand, counted, progress, say_skipped, shown
from crawler.exceptions import COMPLETE, INCOMPLETE
from crawler.export import formats, parquet
from crawler.export.formats import Options
from crawler.export.source import Source
from crawler.library import Library
from crawler.library.search.catalogue import DAY_MS
from crawler.library.search.options import BadOption, day_ms, languages_of, names_of
from crawler.library.selection import Selection
from crawler.streams import print_json
from crawler.upkeep.shard import WHOLE, parse
from crawler.urls import DOCUMENT_KINDS

_SHARED = ("jsonl", "parquet")  # formats that are rows, one for each document
_RUN = re.compile(r"\d{8}T\d{6}Z")


class Command(ArchiveCommand):
    """Reads the archive, also while a crawl runs, and takes no lock. Exits with status 3 if a document is lost or damaged."""

    takes_arguments = True

    def syntax(self) -> str:
        return f"{'|'.join(formats.NAMES)} [options]"

    def short_desc(self) -> str:
        return f"Export the archive for other programs: {', '.join(formats.NAMES)}"

    def long_desc(self) -> str:
        return (
            "Write the documents of the archive in a format for other programs (docs/export.md). The same archive gives the "
            "same bytes. An export gets its final name when it is whole. Missing or damaged documents are left out and listed; "
            "the command then exits with status 3."
        )

    def add_options(self, parser: ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument("--to", metavar="PATH", type=Path, help="the file or folder to make (default: beside the archive)")
        parser.add_argument("--force", action="store_true", help="replace an existing export")
        parser.add_argument("--language", metavar="L,...", default="", help="only these language paths, e.g. zh,zh-hant")
        parser.add_argument("--kind", metavar="K,...", default="", help=f"only these kinds: {', '.join(DOCUMENT_KINDS)}")
        since = "published on this day (2026-11-22, UTC) or later, or stored by this run (20261122T200000Z) or a later one"
        parser.add_argument("--since", metavar="DATE|RUN", help=since)
        parser.add_argument("--until", metavar="DATE", help="published on this day or earlier")
        parser.add_argument("--revisions", action="store_true", help="earlier versions too, each before its document")
        parser.add_argument("--partition", metavar="P,...", default="",
                            help="parquet: a folder of files by language, or by language,year")  # fmt: skip

        parser.add_argument("--base-url", metavar="URL", default="", help="atom: the future address of the site")

        shard_help = "jsonl and parquet: the I-th of N shares of the documents; several shards may run at a time"
        parser.add_argument("--shard", metavar="I/N", default="1/1", help=shard_help)
        parser.add_argument("--by", choices=["year"], help="zim: a file for each year of a language")

    def execute(self, args: list[str], opts: Namespace) -> int:
        from crawler.reader.single import SinglePages  # late: `--help` does without Jinja

        if len(args) != 1:
            raise BadOption(f"name one format: {', '.join(formats.NAMES)}")
        if args[0] not in formats.NAMES:
            raise BadOption(f"there is no format {args[0]}; there are {', '.join(formats.NAMES)}")
        selection, shard = selection_of(opts), parse(opts.shard)
        if shard != WHOLE and args[0] not in _SHARED:
            raise BadOption(f"--shard: only for {' and '.join(_SHARED)}")
        if shard != WHOLE and not opts.to:
            raise BadOption("--shard: name the file of each shard with --to")
        root = self.existing_root()
        with Library(root) as library, progress("documents") as advance:
            options = Options(SinglePages(library), _partition(opts.partition), opts.base_url, opts.revisions,
                              selection.languages, opts.by == "year")  # fmt: skip
            made = formats.format_of(args[0], options)
            path = formats.place_of(args[0], made, opts.to, root, opts.force)
            source = Source(library, selection, opts.revisions, advance, shard)
            formats.export(made, source, path)
            damaged = library.damaged
        if opts.json:
            print_json({"export": shown(str(path)), "format": args[0], "documents": source.documents,
                        "revisions": source.revisions, "damaged": sorted(damaged)})  # fmt: skip
        else:
            also = f" and {counted(source.revisions, 'revision')}" if opts.revisions else ""
            print(f"{shown(str(path))}: {counted(source.documents, 'document')}{also}")
        say_skipped(sorted(damaged))
        return INCOMPLETE if damaged else COMPLETE


def selection_of(opts: Namespace) -> Selection:
    """Return the selection of the options. Raises BadOption."""
    is_run = bool(opts.since and _RUN.fullmatch(opts.since) and times.parse_ms(opts.since) is not None)
    last = day_ms("--until", opts.until)
    return Selection(
        languages=languages_of("--language", opts.language),
        kinds=names_of("--kind", opts.kind, DOCUMENT_KINDS),
        since_ms=None if is_run else _since_ms(opts.since),
        until_ms=None if last is None else last + DAY_MS,
        since_run=opts.since if is_run else "",
    )


def _since_ms(text: str | None) -> int | None:
    try:
        return day_ms("--since", text)
    except BadOption as error:
        raise BadOption(f"--since: not a day like 2026-11-22, nor a run like 20261122T200000Z: {text}") from error


def _partition(text: str) -> tuple[str, ...]:
    names = tuple(filter(None, text.split(",")))
    if names != parquet.PARTITIONS[: len(names)]:
        raise BadOption(f"--partition: neither language nor language,year: {text}")
    return names
