"""Make the standard streams safe to write to, even if they are closed, ASCII-only, full or broken."""

from __future__ import annotations

import atexit
import contextlib
import errno
import io
import json
import os
import sys
from collections.abc import Iterator
from types import TracebackType
from typing import Any, TextIO

_ODD = "backslashreplace"  # Python's default for standard error; its default for standard output is strict


class _Forgiving(io.FileIO):
    """A file whose writes never fail, even if the reader has gone or the disk is full."""

    def write(self, data: Any, /) -> Any:
        try:
            return super().write(data)
        except OSError:
            return len(memoryview(data))


def secure() -> None:
    """Make the standard streams of this process safe to write to. Each program calls this once.

    A closed stream becomes /dev/null. Otherwise the next file to be opened, a file of the archive, would get its number, and
    messages would be written into it. Characters that a stream cannot encode become escapes. Writing to standard error never
    fails. Writing to standard output can fail while a command runs, but not when the process ends.
    """
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one
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
    """Send everything that is still written to a broken stream to /dev/null."""
    with contextlib.suppress(OSError, ValueError):  # the stream has no descriptor
        opened = os.open(os.devnull, os.O_WRONLY)
        os.dup2(opened, stream.fileno())
        os.close(opened)


@contextlib.contextmanager
def muted() -> Iterator[None]:
    """Send what a C library writes to standard output by itself, past Python, to /dev/null during the block."""
    sys.stdout.flush()
    kept, opened = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(opened, 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(opened)


def is_live(stream: TextIO) -> bool:
    """Whether a stream is a terminal that can write over a line."""
    return stream.isatty() and os.environ.get("TERM") not in ("dumb", "unknown")


def clear_line(stream: TextIO) -> None:
    """Take a progress line off a terminal, so that what is written next starts at its left edge."""
    if is_live(stream):
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
    """Show one line, or nothing, instead of a traceback if Scrapy's own output meets a broken stream first."""
    if not issubclass(kind, OSError) or error.errno not in (errno.EPIPE, errno.ENOSPC):  # type: ignore[attr-defined]
        sys.__excepthook__(kind, error, traceback)
    elif not issubclass(kind, BrokenPipeError):
        print(f"scrapy: {error}", file=sys.stderr)


def _end() -> None:
    """Flush standard output. Otherwise Python would print a traceback and exit with status 120."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        silence(sys.stdout)
