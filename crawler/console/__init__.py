"""The surface of our commands: their base class, and what they print."""

from crawler.configuration.program import PROGRAM, crawling, program
from crawler.console.command import ArchiveCommand, Command, CommandError
from crawler.console.output import LISTED, console, counted, print_list, print_table, progress, say, say_skipped, shown

__all__ = [
    "LISTED", "PROGRAM", "ArchiveCommand", "Command", "CommandError", "console", "counted", "crawling", "print_list",
    "print_table", "program", "progress", "say", "say_skipped", "shown",
]  # fmt: skip
