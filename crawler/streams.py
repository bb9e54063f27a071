"""The standard streams of a command. Closed, ASCII, full or broken ones keep no command from its work."""

from __future__ import annotations

import atexit
import contextlib
import errno
import io
import json
import os
import sys
from types import TracebackType
from typing import Any, TextIO

_ODD = "backslashreplace"  # Python's own choice for standard error; strict for standard output


class _Forgiving(io.FileIO):
    """A file that takes everything, also where its reader has gone or its disk is full."""

    def write(self, data: Any, /) -> Any:
        try:
            return super().write(data)
        except OSError:
            return len(memoryview(data))


def secure() -> None:
    """Make the standard streams of this process safe to write to. For a process of its own: `scrapy` loads every command.

    What is closed becomes /dev/null: else the next file that is opened, one of the archive, takes its number, and gets what is
    said. What a stream cannot encode is written as an escape. Standard error is never an error; standard output is one
    where it is used, and silent when the process ends.
    """
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free: this one
            os.set_inheritable(opened, opened == number)
            setattr(sys, name, open(opened, mode, encoding="utf-8", errors=_ODD, closefd=False))  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout is sys.__stdout__:
        sys.stdout.reconfigure(errors=_ODD)
    if isinstance(sys.stderr, io.TextIOWrapper) and sys.stderr is sys.__stderr__:
        raw = io.BufferedWriter(_Forgiving(sys.stderr.fileno(), "w", closefd=False))
        sys.stderr = io.TextIOWrapper(raw, sys.stderr.encoding, _ODD, line_buffering=True)
    sys.excepthook = _hook
    atexit.register(_end)


def silence(stream: TextIO) -> None:
    """Give what is still written to a stream that takes no more to /dev/null."""
    with contextlib.suppress(OSError, ValueError):  # one without a descriptor
        opened = os.open(os.devnull, os.O_WRONLY)
        os.dup2(opened, stream.fileno())
        os.close(opened)


def clear_line(stream: TextIO) -> None:
    """Take a progress line off a terminal, so that what is written next starts at its left edge."""
    if stream.isatty():
        stream.write("\r\x1b[K")
        stream.flush()


def print_json(value: object) -> None:
    """Print a value as one line of JSON; in ASCII if standard output cannot take it as it is."""
    line = json.dumps(value, ensure_ascii=False)
    try:
        line.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        line = json.dumps(value)
    print(line)


def _hook(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    """Show no traceback where what Scrapy itself prints is the first to meet a stream that takes no more."""
    if not issubclass(kind, OSError) or error.errno not in (errno.EPIPE, errno.ENOSPC):  # type: ignore[attr-defined]
        sys.__excepthook__(kind, error, traceback)
    elif not issubclass(kind, BrokenPipeError):
        print(f"scrapy: {error}", file=sys.stderr)


def _end() -> None:
    """Write out what is buffered: Python itself would end with a traceback and status 120."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        silence(sys.stdout)
