"""The project's errors, and the exit statuses of `scrapy`. Each error says which module raises it and which one catches it."""

from __future__ import annotations

from pathlib import PurePath

COMPLETE = 0
COULD_NOT_START = 1
NOT_FOUND = 1  # a search found nothing, as in grep
NOT_UNDERSTOOD = 2  # a command was used wrongly
INCOMPLETE = 3
UNREACHABLE = 4
IN_USE = 5
DISK = 6
STOPPED = 7
DAMAGE_FOUND = 10

STATUS_WORDS = {
    COMPLETE: "complete",
    COULD_NOT_START: "could not start",
    INCOMPLETE: "finished, but some objects are missing or unreadable",
    UNREACHABLE: "DW is unreachable or refuses the crawler: no usable reply",
    IN_USE: "the archive is in use",
    DISK: "disk error",
    STOPPED: "stopped early",
    DAMAGE_FOUND: "damage found",
}
"""The meaning of each exit status of a run, for a person (docs/statuses.md)."""


class ArchiverError(Exception):
    """Root of all errors that this project raises on purpose.

    exit_status: the exit status of `scrapy` if the error ends a run (docs/statuses.md).
    """

    exit_status = COULD_NOT_START


class SeedFormatError(ArchiverError):
    """A text is not a seed document. Raised by `seedfile.loads`; caught where seeds are read and counted.

    line: the line at fault, counted from 1.
    """

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(f"line {line}: {problem}")
        self.line = line
        self.problem = problem


class DamagedLine(ArchiverError):
    """A line of a run log is not as it was written. Raised by `logline` and `runlog`; readers of a log skip and report it."""


class UnreadableReply(ArchiverError):
    """A reply of DW's holds no readable article. Raised in `dw`; a crawl keeps the reply."""


class ArchiveInUse(ArchiverError):
    """Another process holds the archive's lock. Raised by `opening.open_archive`; ends the run."""

    exit_status = IN_USE


class NotAnArchive(ArchiverError):
    """ARCHIVE_DIR holds something other than an archive. Raised by `tree.require_archive`; ends the run or the command."""


class UnusableArchive(ArchiverError):
    """Another archive cannot be read as a whole. Raised by `otherarchive`; ends the command."""


class NotTaken(ArchiverError):
    """A file of another archive is not as its run log says, or not what it should be. Raised and counted in `upkeep.merge`."""


class DiskError(ArchiverError):
    """The disk is full, read-only or broken. Raised by `storage`; ends the run at once."""

    exit_status = DISK


class ArgumentError(ArchiverError):
    """A spider argument or a setting of ours has no usable value. Raised where it is read; the run does not start."""


class NothingToDo(ArchiverError):
    """The seeds of a run hold nothing usable. Raised by the spider; ends the run."""


def described(error: Exception) -> str:
    """Return an error as one line for a log: its type, the line of code that raised it, the first 80 characters of its text."""
    import traceback  # late: few commands meet an error of ours

    raised = traceback.extract_tb(error.__traceback__)[-1:]
    where = "".join(f" in {PurePath(frame.filename).name}:{frame.lineno}" for frame in raised)
    words = "".join(sign if sign.isprintable() else " " for sign in str(error)[:80])
    return f"{type(error).__name__}{where}: {words}"
