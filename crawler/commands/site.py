"""`scrapy site`."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.console import LISTED, ArchiveCommand, CommandError, counted, progress, say, shown
from crawler.exceptions import COMPLETE
from crawler.library.search.options import BadOption, day_ms, languages_of
from crawler.streams import print_json

if TYPE_CHECKING:
    from crawler.reader.site import Built

_WAYS = ("link", "copy")


class Command(ArchiveCommand):
    """Reads the index and documents, takes no lock on the archive: works while a crawl runs. Setting: SITE_DIR."""

    def syntax(self) -> str:
        return "[options]"

    def short_desc(self) -> str:
        return "Make a site of the archive for offline reading"

    def long_desc(self) -> str:
        return (
            "Make or update a site of plain files for the archive. Only what changed is written. Open its index.html with a "
            "browser; it needs no server and no network. See docs/site.md."
        )

    def add_options(self, parser: ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument("--to", metavar="FOLDER", help="the folder (default: SITE_DIR, else site/ beside the archive)")
        parser.add_argument("--language", metavar="L,...", default="", help="only these language paths, e.g. zh,zh-hant")
        parser.add_argument("--since", metavar="DATE", help="published on this day (2026-11-22, UTC) or later")
        parser.add_argument("--pictures", metavar="HOW", default="link",
                            help="link (default): share files with the archive if possible; copy: copy them")  # fmt: skip

    def execute(self, args: list[str], opts: Namespace) -> int:
        from crawler.reader.plan import Selection  # late, as below: `--help` does without Jinja and SQLite
        from crawler.reader.site import build

        selection = Selection(languages_of("--language", opts.language), day_ms("--since", opts.since))
        if opts.pictures not in _WAYS:
            raise BadOption(f"--pictures: neither {' nor '.join(_WAYS)}: {opts.pictures}")
        root, to = self.existing_root(), self.folder(opts.to)
        if to.resolve().is_relative_to(root.resolve()):
            raise CommandError(f"{to} lies in the archive; choose another folder with --to FOLDER")
        with progress("documents") as advance:
            built = build(root, to, selection, copies=opts.pictures == "copy", advance=advance)
        print_json({"site": shown(str(to)), **asdict(built)}) if opts.json else print_built(built, to)
        return COMPLETE

    def folder(self, to: str | None) -> Path:
        chosen = to or self.settings["SITE_DIR"]
        return Path(chosen) if chosen else self.root.absolute().parent / "site"


def print_built(built: Built, to: Path) -> None:
    print(f"{shown(str(to))}: {counted(built.written, 'page')} written, {counted(built.linked, 'picture')} added, "
          f"{counted(built.removed, 'file')} removed")  # fmt: skip
    print(f"Open {(to / 'index.html').absolute().as_uri()}")
    for why, paths in (("lost or damaged, left out", built.left_out), ("not made by this site, left alone", built.foreign)):
        for path in paths[:LISTED]:
            say(f"{why}: {shown(path)}")
        if len(paths) > LISTED:
            say(f"{why}: {len(paths) - LISTED:,} more")
