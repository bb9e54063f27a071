"""Exit statuses, and errors described in one line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from crawler import exceptions

STATUSES = Path(__file__).parents[1] / "docs" / "statuses.md"


def test_statuses_are_the_documented_ones() -> None:
    assert exceptions.STATUS_WORDS.keys() == {0, 1, 3, 4, 5, 6, 7, 10}
    assert (exceptions.COMPLETE, exceptions.COULD_NOT_START, exceptions.INCOMPLETE, exceptions.UNREACHABLE) == (0, 1, 3, 4)
    assert (exceptions.IN_USE, exceptions.DISK, exceptions.STOPPED, exceptions.DAMAGE_FOUND) == (5, 6, 7, 10)
    assert (exceptions.NOT_FOUND, exceptions.NOT_UNDERSTOOD) == (1, 2)


def test_readme_explains_every_status() -> None:
    section = STATUSES.read_text("utf-8").split("## Exit statuses")[1].split("\n##")[0]
    explained = {int(status) for status in re.findall(r"^\| ?([0-9]+) ?\|", section, re.MULTILINE)}
    assert explained >= exceptions.STATUS_WORDS.keys()


def test_errors_without_a_status_of_their_own_mean_that_nothing_could_start() -> None:
    assert exceptions.NotAnArchive().exit_status == exceptions.ArgumentError().exit_status == exceptions.COULD_NOT_START
    assert exceptions.ArchiveInUse().exit_status == exceptions.IN_USE
    assert exceptions.DiskError().exit_status == exceptions.DISK


def raised(error: Exception) -> Exception:
    try:
        raise error
    except Exception as found:
        return found


@pytest.mark.parametrize("text", ["one line", "a line\nand\x1b[31m another", "long " * 100])
def test_a_described_error_is_one_short_line(text: str) -> None:
    described = exceptions.described(raised(ValueError(text)))
    assert described.startswith("ValueError in test_exceptions.py:")
    assert described.isprintable()
    assert len(described) < 140


def test_an_error_that_was_never_raised_is_described_too() -> None:
    assert exceptions.described(KeyError("x")) == "KeyError: 'x'"
