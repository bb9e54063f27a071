"""Files of an export: beside their final place until they are whole."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from crawler.export.output import ExportError, new_file, new_folder, require_place

New = Callable[[Path], AbstractContextManager[Path]]


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    (tmp_path / "a" / "archive").mkdir(parents=True)
    return tmp_path / "a" / "archive"


def refusal(path: Path, archive: Path, *, force: bool = False, is_folder: bool = False) -> str:
    """Why an export may not go there; empty if it may."""
    try:
        is_ours = (lambda folder: (folder / "ours").exists()) if is_folder else None
        require_place(path, archive=archive, force=force, is_ours=is_ours)
    except ExportError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("path", [".", "x.zip", "../archive", "..", "../../a"])
def test_an_export_lies_neither_in_the_archive_nor_around_it(path: str, archive: Path) -> None:
    assert "in or around it" in refusal(archive / path, archive, force=True)


def test_a_file_is_replaced_only_by_force(archive: Path, tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    assert refusal(path, archive) == ""
    path.write_text("mine")
    assert "--force replaces it" in refusal(path, archive)
    assert refusal(path, archive, force=True) == ""
    assert "is not a folder" in refusal(path, archive, force=True, is_folder=True)


def test_a_folder_is_replaced_only_by_force_and_if_it_is_such_an_export(archive: Path, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.mkdir()
    assert refusal(path, archive, is_folder=True) == ""
    (path / "mine").write_text("mine")
    assert "holds something other" in refusal(path, archive, force=True, is_folder=True)
    (path / "ours").write_text("")
    assert "--force replaces it" in refusal(path, archive, is_folder=True)
    assert refusal(path, archive, force=True, is_folder=True) == ""
    assert "not a file" in refusal(path, archive, force=True)


def test_a_file_takes_its_place_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "x.zip"
    with new_file(path) as part:
        part.write_text("whole")
        assert not path.exists()
    assert path.read_text() == "whole"
    assert list(path.parent.iterdir()) == [path]


def test_a_file_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    path.write_text("before")
    with pytest.raises(ZeroDivisionError), new_file(path) as part:
        _ = part.write_text("half") // 0
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "x"
    for name in ("old", "new"):
        with new_folder(path) as part:
            (part / name).write_text(name)
    assert [one.name for one in path.iterdir()] == ["new"]
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "x"
    with new_folder(path) as part:
        (part / "old").write_text("old")
    with pytest.raises(ZeroDivisionError), new_folder(path) as part:
        raise ZeroDivisionError
    assert [one.name for one in path.iterdir()] == ["old"]
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_a_kill_left_between_two_renames_comes_back(tmp_path: Path) -> None:
    (tmp_path / ".x.old").mkdir()
    (tmp_path / ".x.old" / "old").write_text("old")
    with pytest.raises(ZeroDivisionError), new_folder(tmp_path / "x"):
        raise ZeroDivisionError
    assert [one.name for one in (tmp_path / "x").iterdir()] == ["old"]


@pytest.mark.parametrize("new", [new_file, new_folder])
def test_two_exports_do_not_write_to_one_place(new: New, tmp_path: Path) -> None:
    with new(tmp_path / "x"), pytest.raises(ExportError, match="another export is writing"), new(tmp_path / "x"):
        pass


@pytest.mark.parametrize("new", [new_file, new_folder])
def test_what_a_killed_export_left_is_written_over(new: New, tmp_path: Path) -> None:
    part = tmp_path / ".x.part"
    if new is new_folder:
        (part / "left").mkdir(parents=True)
    else:
        part.write_text("left")
    with new(tmp_path / "x") as found:
        assert (found.read_text() == "") if found.is_file() else (list(found.iterdir()) == [])
