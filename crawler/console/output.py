"""Print the output of commands: messages, lists, tables, progress bars."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from crawler.configuration.program import program

if TYPE_CHECKING:
    from rich.console import Console

LISTED = 50  # lines of one kind to print; further ones are counted, and `--json` has all of them
_PLAIN_WIDTH = 200  # columns, if standard output is not a terminal


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


def say_skipped(paths: Sequence[str]) -> None:
    """Say which documents were skipped because they are lost or damaged, and how many; nothing if there are none."""
    for path in paths[:LISTED]:
        say(f"skipped, lost or damaged: {shown(path)}")
    if paths:
        say(f"{counted(len(paths), 'document')} skipped; see {program()} verify")


def counted(count: int, noun: str) -> str:
    """Return a number with its noun, singular or plural."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def shown(path: str) -> str:
    """Return a path that every terminal can show: bytes that are not UTF-8 become \\\\x escapes."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def print_table(title: str, columns: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """Print a table, without lines if standard output is not a terminal; nothing without rows. Numbers are right-aligned."""
    from rich import box  # imported late, here and below: most commands print no table
    from rich.table import Table

    lines = [list(row) for row in rows]
    if not lines:
        return
    table = Table(
        box=box.SIMPLE_HEAD if sys.stdout.isatty() else None,
        padding=(0, 1 if sys.stdout.isatty() else 2, 0, 0), pad_edge=False,
    )  # fmt: skip
    for place, name in enumerate(columns):
        is_number = bool(lines) and all(isinstance(line[place], int) or line[place] == "" for line in lines)
        table.add_column(name, justify="right" if is_number else "left", no_wrap=is_number or not place)
    for line in lines:
        table.add_row(*(f"{value:,}" if isinstance(value, int) else str(value) for value in line))
    console().print(title, style="bold", soft_wrap=True)  # rich would wrap the title of a table to the table's width
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
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text("" if task.speed is None else f"{task.speed:,.0f}/s", style="progress.data.speed")

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Rate(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
