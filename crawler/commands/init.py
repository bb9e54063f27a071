"""`dw-archiver init`: make a working folder."""

from __future__ import annotations

import os
import shlex
from argparse import ArgumentParser, Namespace
from importlib import resources
from importlib.resources.abc import Traversable
from typing import ClassVar

from crawler.configuration import reading, sources
from crawler.console import Command as OwnCommand
from crawler.console import CommandError, program, shown
from crawler.exceptions import COMPLETE
from crawler.storage import disk, tree
from crawler.streams import print_json

_FOLDERS = ("seeds", "archive")


class Command(OwnCommand):
    """Files that exist are kept, so doing it twice changes nothing. Scrapy has no such command: it works in such folders."""

    takes_arguments = True
    needs_settings: ClassVar[bool] = False

    def syntax(self) -> str:
        return "FOLDER [options]"

    def short_desc(self) -> str:
        return "Make a working folder: settings, seeds and a place for the archive"

    def long_desc(self) -> str:
        return (
            "Make a working folder with dw.toml (settings), seeds/ (where a crawl begins), archive/ and scrapy.cfg (so that "
            "scrapy works there too). Files that exist are kept."
        )

    def add_options(self, parser: ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument("folder", metavar="FOLDER", nargs="?", help="the folder; it is made if it does not exist")

    def execute(self, args: list[str], opts: Namespace) -> int:
        if args or not opts.folder:
            raise CommandError(f"name one folder: {program()} {self.name} FOLDER")
        folder = reading.folder("FOLDER", opts.folder)
        if folder.exists() and not folder.is_dir():
            raise CommandError(f"{shown(opts.folder)} is not a folder")
        if folder.is_dir() and tree.is_archive(folder):
            raise CommandError(f"{shown(opts.folder)} is an archive; name the folder that should contain it")
        place = folder.resolve()
        if place.name in _FOLDERS and (place.parent / sources.FILE).is_file():
            raise CommandError(f"{shown(opts.folder)} is part of the working folder {shown(str(place.parent))}")
        for name in ("", *_FOLDERS):
            disk.make_folder(folder / name)
        made, kept = [], []
        for name, data in starter_files():
            if os.path.lexists(folder / name):
                kept.append(name)
            else:
                disk.replace_file(folder / name, data)
                made.append(name)
        if opts.json:
            print_json({"folder": shown(str(folder)), "made": made, "kept": kept})
            return COMPLETE
        where = shown(str(folder))
        print(f"{where}: made {', '.join(made) or 'nothing'}" + (f"; kept {', '.join(kept)}" if kept else ""))
        print(f"Next: cd {shlex.quote(where)}, set CONTACT in dw.toml, choose editions in seeds/, {program()} crawl")
        return COMPLETE


def starter_files() -> list[tuple[str, bytes]]:
    """Return the files of a new working folder: name with folder, and content."""
    return sorted(_files(resources.files("crawler") / "starter", ""))


def _files(folder: Traversable, prefix: str) -> list[tuple[str, bytes]]:
    found = []
    for entry in folder.iterdir():
        name = f"{prefix}{entry.name}"
        found += _files(entry, f"{name}/") if entry.is_dir() else [(name, entry.read_bytes())]
    return found
