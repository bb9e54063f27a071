"""What commands print."""

from __future__ import annotations

import pytest

from crawler.console import output


def test_a_list_is_cut_and_says_how_much_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_list((str(n) for n in range(output.LISTED + 3)), output.LISTED + 3)
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["  0", "  1"]
    assert lines[output.LISTED :] == ["  and 3 more; --json lists them all"]


def test_a_short_list_is_whole(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_list(["a"] * output.LISTED, output.LISTED)
    assert capsys.readouterr().out == "  a\n" * output.LISTED


def test_skipped_documents_are_named_on_standard_error_up_to_a_limit(capsys: pytest.CaptureFixture[str]) -> None:
    output.say_skipped([])
    assert capsys.readouterr().err == ""
    output.say_skipped([f"en/{n}.txt" for n in range(output.LISTED + 2)])
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == output.LISTED + 1
    assert lines[-1].startswith(f"{output.LISTED + 2} documents skipped")


@pytest.mark.parametrize(("count", "words"), [(0, "0 files"), (1, "1 file"), (1234, "1,234 files")])
def test_a_noun_agrees_with_its_number(count: int, words: str) -> None:
    assert output.counted(count, "file") == words


def test_a_path_that_is_not_utf_8_can_be_shown() -> None:
    assert output.shown("a\udcff") == "a\\xff"


def test_a_table_in_a_pipe_has_no_lines_and_numbers_on_the_right(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_table("Title", ["name", "n"], [["a", 5], ["b", 12345]])
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines == ["Title", "name       n", "a          5", "b     12,345", ""]


def test_progress_is_shown_only_on_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with output.progress("Reading") as advance:
        advance(1, 2)
    assert capsys.readouterr() == ("", "")
