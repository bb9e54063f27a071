"""`scrapy search`: find documents by their words."""

from __future__ import annotations

import os
import re
import sqlite3
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from itertools import islice, pairwise
from typing import Any

from crawler import times
from crawler.console import ArchiveCommand, CommandError, counted, progress, say, say_skipped
from crawler.exceptions import COMPLETE, NOT_FOUND, NOT_UNDERSTOOD
from crawler.library.search.index import SearchIndex, home_of
from crawler.library.search.options import BadOption, selection_of
from crawler.library.search.query import parse
from crawler.library.search.search import Hit, search
from crawler.library.search.snippet import Piece
from crawler.streams import print_json
from crawler.urls import DOCUMENT_KINDS

_NEWEST = 20
_OPTIONS = {name: f"--{name}" for name in ("language", "kind", "since", "until")}
_WITH_VALUE = {*_OPTIONS.values(), "--limit"}
_OPTION = re.compile(r"-[hsL]|-s[A-Z][A-Z_]*=.*|--.*", re.DOTALL)
_MARKS = ("**", "**")  # without colours
_COLOURS = ("\x1b[1m", "\x1b[0m")


class NoArchive(CommandError):
    """There is nothing to search. Exits with status 2, because 1 means no hit."""

    exit_status = NOT_UNDERSTOOD


class Command(ArchiveCommand):
    """Reads run logs and documents, also while a crawl runs, and takes no lock. Writes only search.sqlite."""

    takes_arguments = True

    def syntax(self) -> str:
        return 'WORDS... ["a phrase"] [-word] [word*] [options]'

    def short_desc(self) -> str:
        return "Search all documents for words, newest first"

    def long_desc(self) -> str:
        return (
            "Search the titles and texts of all documents. A document must have every word; '\"a phrase\"' finds words in this "
            "order, -word excludes documents with a word, word* finds words that begin with these letters. Traditional and "
            "simplified Chinese find each other; accents and vowel marks make no difference (docs/search.md). Exits with "
            "status 0 if something was found, 1 if nothing was, 2 if the query or an option is invalid."
        )

    def add_options(self, parser: ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument("--language", metavar="L,...", default="", help="only these language paths, e.g. zh,zh-hant")
        parser.add_argument("--kind", metavar="K,...", default="", help=f"only these kinds: {', '.join(DOCUMENT_KINDS)}")
        parser.add_argument("--since", metavar="DATE", help="published on this day (2026-11-22, UTC) or later")
        parser.add_argument("--until", metavar="DATE", help="published on this day or earlier")
        parser.add_argument("--revisions", action="store_true", help="search earlier versions too")
        parser.add_argument("--best", action="store_true", help="best first: those with the words most often, or in the title")
        parser.add_argument("--limit", metavar="N", default=str(_NEWEST), help=f"how many hits, 0 for all (default: {_NEWEST})")
        parser.add_argument("--update", action="store_true", help="only update search.sqlite, as each search does first")
        take_words_apart(parser)

    def execute(self, args: list[str], opts: Namespace) -> int:
        selection = selection_of(_OPTIONS, opts.language, opts.kind, opts.since, opts.until, with_revisions=opts.revisions)
        limit = _limit(opts.limit)
        words = [*args, *opts.words]
        query = parse(" ".join(words)) if words or not opts.update else None
        try:
            root = self.existing_root()
        except CommandError as error:
            raise NoArchive(str(error)) from error
        with home_of(root, say) as home, SearchIndex(root, say, home) as index:
            with progress("reading documents") as advance:
                added = index.catch_up(advance)
            if query is None:
                return print_update(index, added, opts)
            for is_last in (False, True):
                missed: list[str] = []
                count = 0
                try:
                    hits = search(index.db, root, query, selection, missed.append, best=opts.best)
                    for hit in islice(hits, limit or None):
                        print_json(as_json(hit)) if opts.json else print_hit(hit)
                        count += 1
                    break
                except sqlite3.DatabaseError as error:
                    index.make_again(f"damaged ({error})")
                    if is_last or count:
                        raise CommandError("search again") from error
                    index.catch_up()
        say_skipped(missed)
        if not count and not opts.json:
            say("nothing found")
        return COMPLETE if count else NOT_FOUND


def take_words_apart(parser: ArgumentParser) -> None:
    """Make a parser put words that begin with `-` into `words`, because argparse reads `-house` as `-h`, and `-sun` as `-s un`.
    An unknown option ends with status 2."""
    plain = parser.parse_known_args

    def parse_known_args(args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        options, words = split(sys.argv[1:] if args is None else args)
        found, rest = plain(options, namespace)
        if unknown := next((arg for arg in rest if arg.startswith("--")), None):
            parser.error(f"unknown option {unknown}")
        found.words = words
        return found, rest

    parser.parse_known_args = parse_known_args  # type: ignore[method-assign]


def split(args: Sequence[str]) -> tuple[list[str], list[str]]:
    """Split arguments into options, with what may belong to them, and words. Arguments that begin with a single `-` but are not
    options are certainly words, and so is everything after `--`.

    >>> split(["wind", "-oil", "--limit", "5", "--", "-h"])
    (['wind', '--limit', '5'], ['-oil', '-h'])
    """
    end = args.index("--") if "--" in args else len(args)
    options: list[str] = []
    words: list[str] = []
    for before, arg in pairwise(["", *args[:end]]):
        is_word = arg.startswith("-") and arg != "-" and not _OPTION.fullmatch(arg) and before not in _WITH_VALUE
        (words if is_word else options).append(arg)
    return options, [*words, *args[end + 1 :]]


def _limit(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise BadOption(f"--limit: not a number: {text}")
    return int(text)


def print_update(index: SearchIndex, added: int, opts: Namespace) -> int:
    documents, revisions = index.counts()
    if opts.json:
        print_json({"added": added, "documents": documents, "revisions": revisions})
    else:
        found = f"{counted(documents, 'document')} and {counted(revisions, 'revision')}"
        print(f"{index.path} has {found}, {added:,} of them new")
    return COMPLETE


def as_json(hit: Hit) -> dict[str, Any]:
    return {"id": hit.id, "kind": hit.kind, "language": hit.language, "title": hit.title,
            "published": times.iso(hit.published_ms), "stamp": hit.stamp_ms, "path": hit.path,
            "snippet": marked(hit.snippet, _MARKS), "revision": hit.is_revision}  # fmt: skip


def print_hit(hit: Hit) -> None:
    """Print a hit for a person: three lines and an empty one."""
    has_colours = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    what = f"{hit.language} {hit.kind}{', an earlier version' if hit.is_revision else ''}"
    title = marked([(True, hit.title)], _COLOURS) if has_colours else hit.title
    print(f"{times.iso(hit.published_ms)[:10]}  {what}  {title}")
    print(f"    {hit.path}")
    if hit.snippet:
        print(f"    {marked(hit.snippet, _COLOURS if has_colours else _MARKS)}")
    print()


def marked(pieces: Sequence[Piece], marks: tuple[str, str]) -> str:
    """Return a snippet as text, with marks around the searched words."""
    return "".join(f"{marks[0]}{text}{marks[1]}" if is_wanted else text for is_wanted, text in pieces)
