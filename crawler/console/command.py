"""The base classes of our commands: one-line errors with exit statuses, opening the archive. Nothing of Scrapy's."""

from __future__ import annotations

import contextlib
import errno
import json
import sqlite3
import sys
from abc import ABC, abstractmethod
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from crawler import clock, streams, times
from crawler.configuration.program import crawling, program
from crawler.configuration.reading import Readable, archive_folder
from crawler.console.output import say
from crawler.exceptions import COMPLETE, DISK, STOPPED, ArchiverError, DiskError
from crawler.storage import disk, layout, tree
from crawler.storage.index.sqlite import Index
from crawler.storage.lock import Lock

if TYPE_CHECKING:
    from crawler.storage.archive import Archive


class CommandError(ArchiverError):
    """A command cannot do what it was asked to do. Raised by the commands; prints one line and exits with status 1."""


class Command(ABC):
    """A command that makes no requests: its options, and what it does. `dw-archiver` runs it, and so does Scrapy, through
    `console.scrapycommand`. Every error of ours becomes one line and its exit status.

    settings: set before `run`.
    """

    takes_arguments: ClassVar[bool] = False
    needs_settings: ClassVar[bool] = True
    settings: Readable

    @property
    def name(self) -> str:
        """The name of the command: that of its file, with hyphens."""
        return type(self).__module__.rpartition(".")[2].replace("_", "-")

    def syntax(self) -> str:
        """Return how the command is written, without its name."""
        return "[options]"

    @abstractmethod
    def short_desc(self) -> str:
        """Return what the command does, in a line."""

    def long_desc(self) -> str:
        """Return what the command does, in a paragraph."""
        return self.short_desc()

    def add_options(self, parser: ArgumentParser) -> None:
        """Add the options of the command."""
        parser.add_argument("--json", action="store_true", help="print JSON, for programs")

    @abstractmethod
    def execute(self, args: list[str], opts: Namespace) -> int:
        """Run the command and return its exit status. Errors of ours, OSError and KeyboardInterrupt may be raised."""

    def run(self, args: list[str], opts: Namespace) -> int:
        """Run the command and return its exit status. An error is one line on standard error."""
        try:
            if unknown := next((arg for arg in args if arg.startswith("-") and arg != "-"), None):
                raise CommandError(f"unknown option {unknown}; see {program()} {self.name} --help")
            if args and not self.takes_arguments:
                raise CommandError(f"unexpected argument {args[0]}; name an archive with -s ARCHIVE_DIR=...")
            status = self.execute(args, opts)
            sys.stdout.flush()
        except BrokenPipeError:  # the reader of the pipe, such as `| head`, has ended
            streams.silence(sys.stdout)
            return COMPLETE
        except KeyboardInterrupt:
            return self._complain("stopped", STOPPED)
        except ArchiverError as error:
            return self._complain(str(error), error.exit_status)
        except OSError as error:
            return self._complain(f"{error.filename}: {error.strerror}" if error.filename else str(error), DISK)
        return status

    def _complain(self, sentence: str, status: int) -> int:
        say(f"{program()} {self.name}: {sentence}")
        return status


class ArchiveCommand(Command):
    """A command on an archive. Setting: ARCHIVE_DIR."""

    @property
    def root(self) -> Path:
        """The archive's folder. Raises ArgumentError if the setting is an address."""
        return archive_folder(self.settings)

    def existing_root(self) -> Path:
        """Return the archive's folder. Raises CommandError if it holds no archive."""
        if not self.root.is_dir() or not tree.is_archive(self.root):
            raise CommandError(f"no archive in {self.root} (setting ARCHIVE_DIR); {crawling()} creates one")
        return self.root

    @contextlib.contextmanager
    def open_index(self) -> Iterator[Index]:
        """Open the index read-only. A crawl may be running.

        Raises CommandError if the index is missing or damaged, or is changed meanwhile.
        """
        path = self.existing_root() / layout.INDEX
        remedy = f"{program()} reindex rebuilds it from the files and run logs"
        tree.require_index(self.root)
        if not path.exists():
            raise CommandError(f"{path} is missing: {remedy}")
        try:
            index = Index(path, read_only=True)
            try:
                index.check()
                yield index
                if index.is_overwritten():
                    raise CommandError(f"{path} was changed by another process meanwhile: run the command again")
            finally:
                index.close()
        except sqlite3.DatabaseError as error:
            raise CommandError(f"{path} is damaged ({error}): {remedy}") from error

    @contextlib.contextmanager
    def lock_only(self, *, shared: bool = False) -> Iterator[None]:
        """Hold the archive's lock without opening anything else. On a read-only disk no lock is needed, and none is taken.

        shared: other processes may hold it in the same way.
        """
        lock = None
        try:
            who = f"{program()} {self.name}"
            lock = Lock(self.existing_root() / layout.LOCK, who, times.iso(clock.now_ms()), shared=shared)
        except OSError as error:
            if error.errno != errno.EROFS:
                raise
        try:
            yield
        finally:
            if lock:
                lock.release()

    @contextlib.contextmanager
    def open_archive(self, *, rebuild: bool = False) -> Iterator[Archive]:
        """Open the archive: locked and brought up to date. Raises ArchiveInUse, ArgumentError and DiskError."""
        from crawler.crawl.options import min_free, sites_of
        from crawler.storage.opening import open_archive  # late, because many commands need neither asyncio nor the writer

        archive = open_archive(
            self.root, clock.now_ms(), f"{program()} {self.name}", min_free=min_free(self.settings),
            sites=sites_of(self.settings), say=say, rebuild=rebuild,
        )  # fmt: skip
        clean, start_ms = False, clock.now_ms()
        try:
            yield archive
            clean = True
        except sqlite3.DatabaseError as error:
            raise DiskError(f"{self.root / layout.INDEX}: {error}") from error
        finally:
            with contextlib.suppress(OSError):  # the command's own work reports a failing disk
                self._report(archive, start_ms)
            archive.close(clean=clean)

    def _report(self, archive: Archive, start_ms: int) -> None:
        """Write a report that names this command, so that its run logs do not look like those of a killed crawl."""
        if archive.log.written:
            name = archive.log.name
            made = {"run": name, "command": f"{program()} {self.name}", "start": times.iso(start_ms),
                    "end": times.iso(clock.now_ms()), "logs": sorted(archive.log.written)}  # fmt: skip
            disk.replace_file(self.root / layout.RUNS / f"{name}.report.json", json.dumps(made).encode() + b"\n")


    @contextlib.contextmanager
    def look_at_archive(self) -> Iterator[Archive]:
        """Open the archive for a dry run: nothing on its disk changes. Raises DiskError."""
        from crawler.storage import opening

        archive = opening.look(self.existing_root(), clock.now_ms(), say=say)
        try:
            yield archive
        finally:
            archive.close(clean=False)
