"""The base class of our commands: finding the archive, one-line errors with exit statuses, tables, progress bars.

This file is not in `commands/`, because Scrapy makes a command of every command class it finds there.
"""

from __future__ import annotations

import contextlib
import errno
import json
import sqlite3
import sys
from abc import abstractmethod
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from scrapy.commands import ScrapyCommand

from crawler import clock, streams, times
from crawler.crawl.options import min_free, sites_of
from crawler.exceptions import DISK, STOPPED, ArchiverError, DiskError
from crawler.storage import disk, layout, opening, tree
from crawler.storage.archive import Archive
from crawler.storage.index.sqlite import Index
from crawler.storage.lock import Lock
from crawler.storage.opening import open_archive

if TYPE_CHECKING:
    from rich.console import Console

LISTED = 50  # lines of one kind shown to a person; the rest is counted, and `--json` has all of them
_PLAIN_WIDTH = 200  # columns, if standard output is not a terminal


class CommandError(ArchiverError):
    """A command cannot do what it was asked to do. Raised by the commands; prints one line and exits with status 1."""


class ArchiveCommand(ScrapyCommand):
    """A command that makes no requests. Setting: ARCHIVE_DIR. Every error of ours becomes one line and its exit status."""

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}
    takes_arguments: ClassVar[bool] = False

    def add_options(self, parser: ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument("--json", action="store_true", help="print JSON, for programs")

    def run(self, args: list[str], opts: Namespace) -> None:
        disk.warn_with(say)
        try:
            if unknown := next((arg for arg in args if arg.startswith("-") and arg != "-"), None):
                raise CommandError(f"unknown option {unknown}; see scrapy {self.name} --help")
            if args and not self.takes_arguments:
                raise CommandError(f"{args[0]} is one argument too many; use -s ARCHIVE_DIR=... to name an archive")
            self.exitcode = self.execute(args, opts)
            sys.stdout.flush()
        except BrokenPipeError:  # the reader, such as `| head`, has gone
            streams.silence(sys.stdout)
        except KeyboardInterrupt:
            self.exitcode = self._complain("stopped", STOPPED)
        except ArchiverError as error:
            self.exitcode = self._complain(str(error), error.exit_status)
        except OSError as error:
            self.exitcode = self._complain(str(error), DISK)

    def _complain(self, sentence: str, status: int) -> int:
        print(f"scrapy {self.name}: {sentence}", file=sys.stderr)
        return status

    @abstractmethod
    def execute(self, args: list[str], opts: Namespace) -> int:
        """Run the command and return its exit status."""

    @property
    def name(self) -> str:
        return type(self).__module__.rpartition(".")[2]

    @property
    def root(self) -> Path:
        assert self.settings is not None
        return Path(self.settings["ARCHIVE_DIR"])

    def existing_root(self) -> Path:
        """Return the archive's folder. Raises CommandError if it holds no archive."""
        if not self.root.is_dir() or not tree.is_archive(self.root):
            raise CommandError(f"{self.root} holds no archive (setting ARCHIVE_DIR); scrapy crawl dw creates one")
        return self.root

    @contextlib.contextmanager
    def open_index(self, *, is_locked: bool = False) -> Iterator[Index]:
        """Open the index read-only. A crawl may be running, unless we hold the lock (is_locked).

        Raises CommandError if the index is missing or damaged.
        """
        path = self.existing_root() / layout.INDEX
        remedy = "scrapy reindex rebuilds it from the files and run logs"
        tree.require_index(self.root)
        if not path.exists():
            raise CommandError(f"{path} is missing: {remedy}")
        try:
            index = Index(path, read_only=True, is_locked=is_locked)
            try:
                index.check()
                yield index
            finally:
                index.close()
        except sqlite3.DatabaseError as error:
            raise CommandError(f"{path} is damaged ({error}): {remedy}") from error

    @contextlib.contextmanager
    def lock_only(self) -> Iterator[None]:
        """Hold the archive's lock without opening anything else. On a read-only disk no lock is needed, and none is taken."""
        lock = None
        try:
            lock = Lock(self.existing_root() / layout.LOCK, f"scrapy {self.name}", times.iso(clock.now_ms()))
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
        assert self.settings is not None
        archive = open_archive(
            self.root, clock.now_ms(), f"scrapy {self.name}", min_free=min_free(self.settings), sites=sites_of(self.settings),
            say=say, rebuild=rebuild,
        )  # fmt: skip
        clean, start_ms = False, clock.now_ms()
        try:
            yield archive
            clean = True
        except sqlite3.DatabaseError as error:
            raise DiskError(f"{self.root / layout.INDEX}: {error}") from error
        finally:
            with contextlib.suppress(OSError):  # a disk that refuses is told of by what the command does
                self._report(archive, start_ms)
            archive.close(clean=clean)

    def _report(self, archive: Archive, start_ms: int) -> None:
        """Say in a report which command has written the run logs of its time: else they would look like a killed crawl's."""
        if archive.log.written:
            name = archive.log.name
            made = {"run": name, "command": f"scrapy {self.name}", "start": times.iso(start_ms),
                    "end": times.iso(clock.now_ms()), "logs": sorted(archive.log.written)}  # fmt: skip
            disk.replace_file(self.root / layout.RUNS / f"{name}.report.json", json.dumps(made).encode() + b"\n")

    @contextlib.contextmanager
    def look_at_archive(self) -> Iterator[Archive]:
        """Open the archive for a dry run: nothing on its disk changes. Raises DiskError."""
        archive = opening.look(self.existing_root(), clock.now_ms(), say=say)
        try:
            yield archive
        finally:
            archive.close(clean=False)


def say(sentence: str) -> None:
    """Print a message for a person on standard error."""
    print(sentence, file=sys.stderr)


def print_list(lines: Iterable[str], total: int) -> None:
    """Print the first lines of a list, then how many more there are."""
    for number, line in enumerate(lines):
        if number == LISTED:
            print(f"  and {total - LISTED:,} more; --json lists them all")
            break
        print(f"  {line}")


def counted(count: int, noun: str) -> str:
    """Return a number with its noun, singular or plural."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def shown(path: str) -> str:
    """Return a path that every terminal can show: bytes that are not UTF-8 become \\\\x escapes."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def print_table(title: str, columns: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """Print a table, without lines if standard output is not a terminal. Numbers are right-aligned."""
    from rich import box  # imported late, here and below: Scrapy loads every command, so every crawl would wait for rich
    from rich.table import Table

    lines = [list(row) for row in rows]
    table = Table(
        title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD if sys.stdout.isatty() else None,
        padding=(0, 1 if sys.stdout.isatty() else 2, 0, 0), pad_edge=False,
    )  # fmt: skip
    for place, name in enumerate(columns):
        is_number = bool(lines) and all(isinstance(line[place], int) or line[place] == "" for line in lines)
        table.add_column(name, justify="right" if is_number else "left", no_wrap=is_number or not place)
    for line in lines:
        table.add_row(*(f"{value:,}" if isinstance(value, int) else str(value) for value in line))
    console().print(table)
    print()


def console() -> Console:
    """Return standard output as a rich console: coloured on a terminal, plain and wide elsewhere."""
    from rich.console import Console

    class Plain(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError  # rich ends the process with status 1

    return Plain(markup=False, highlight=False, width=None if sys.stdout.isatty() else _PLAIN_WIDTH)


@contextlib.contextmanager
def progress(what: str) -> Iterator[Callable[[int, int | None], None]]:
    """Show a progress bar on a terminal, nothing elsewhere. Yields a function to call with (done, total or None)."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
