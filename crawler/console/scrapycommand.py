"""Adapt our commands to Scrapy's commands."""

from __future__ import annotations

import sys
from abc import abstractmethod
from argparse import ArgumentParser, Namespace
from functools import cached_property
from typing import Any, ClassVar

from scrapy.commands import ScrapyCommand

from crawler import settings as own
from crawler.configuration import names, sources
from crawler.configuration.program import program
from crawler.console.command import Command
from crawler.console.output import say
from crawler.exceptions import ArgumentError


class CheckedCommand(ScrapyCommand):
    """A command that checks the names and types of the settings of `-s`. A wrong one ends the process with one line.

    This class and the next are not in `scrapycommands/`, because Scrapy makes a command of every command class it finds there.
    """

    def add_options(self, parser: ArgumentParser) -> None:
        super().add_options(parser)
        if parser.usage:
            parser.usage = parser.usage.replace("scrapy", program(), 1)

    def process_options(self, args: list[str], opts: Namespace) -> None:
        super().process_options(args, opts)
        assert self.settings is not None
        defaults = names.of_module(vars(own))
        try:
            read = sources.from_options(dict(one.split("=", 1) for one in opts.set), defaults)
            names.check((name for name in self.settings if name.startswith(names.PREFIXES)), defaults, "settings")
        except ArgumentError as error:
            say(f"{program()} {type(self).__module__.rpartition('.')[2]}: {error}")
            self.refused(error, opts)
            sys.exit(error.exit_status)
        self.settings.setdict(read, priority="cmdline")


    def refused(self, error: ArgumentError, opts: Namespace) -> None:
        """Called before the process ends because a setting is wrong."""


class OfflineCommand(CheckedCommand):
    """A command of ours, run by Scrapy. Scrapy loads every command whenever it starts; ours are imported when they are used."""

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    @abstractmethod
    def load(self) -> Command:
        """Return the command, imported now."""

    @cached_property
    def _command(self) -> Command:
        return self.load()

    def syntax(self) -> str:
        return self._command.syntax()

    def short_desc(self) -> str:
        return self._command.short_desc()

    def long_desc(self) -> str:
        return self._command.long_desc()

    def add_options(self, parser: ArgumentParser) -> None:
        super().add_options(parser)
        self._command.add_options(parser)

    def run(self, args: list[str], opts: Namespace) -> None:
        assert self.settings is not None
        self._command.settings = self.settings
        self.exitcode = self._command.run(args, opts)
