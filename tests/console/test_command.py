"""The base of our commands: every error is one line and its exit status."""

from __future__ import annotations

import json
import sqlite3
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest

from crawler.configuration import names
from crawler.configuration.reading import Settings
from crawler.console.command import ArchiveCommand, CommandError
from crawler.exceptions import DISK, STOPPED, ArchiveInUse, ArgumentError, DiskError
from crawler.storage import layout
from crawler.storage.opening import open_archive
from tests.helpers_commands import NOW_MS, archive_of, document, snapshot


class Command(ArchiveCommand):
    """Does what a test wants."""

    takes_arguments: ClassVar[bool] = False
    act: Callable[[Command], object] = lambda self: None

    def short_desc(self) -> str:
        return "Do something"

    def execute(self, args: list[str], opts: Namespace) -> int:
        self.act(self)
        return 0


def command(root: Path, act: Callable[[Command], object] = lambda self: None) -> Command:
    from crawler import settings as own

    made = Command()
    made.settings = Settings({**names.of_module(vars(own)), "ARCHIVE_DIR": str(root), "ARCHIVE_MIN_FREE": 0})
    made.act = act
    return made


def run(made: Command, *args: str) -> int:
    return made.run(list(args), Namespace(json=False))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return archive_of(tmp_path / "archive", document())


def raising(error: BaseException) -> Callable[[Command], object]:
    def act(made: Command) -> None:
        raise error

    return act


ERRORS = [
    (CommandError("no such thing"), 1, "no such thing"),
    (ArgumentError("depth is odd"), ArgumentError.exit_status, "depth is odd"),
    (DiskError("the disk is full"), DISK, "the disk is full"),
    (OSError(5, "Input/output error"), DISK, "[Errno 5] Input/output error"),
    (KeyboardInterrupt(), STOPPED, "stopped"),
]  # fmt: skip


@pytest.mark.parametrize(("error", "status", "said"), ERRORS)
def test_an_error_is_one_line_and_its_status(
    error: BaseException, status: int, said: str, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(command(root, raising(error))) == status
    assert capsys.readouterr().err == f"scrapy test-command: {said}\n"


def test_a_bug_of_ours_is_not_hidden(root: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        run(command(root, lambda self: 1 / 0))


@pytest.mark.parametrize(("argument", "said"), [("--odd", "unknown option --odd"), ("x", "unexpected argument x")])
def test_what_a_command_does_not_take_is_refused(
    argument: str, said: str, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(command(root), argument) == 1
    assert said in capsys.readouterr().err


def test_a_folder_without_an_archive_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no archive in"):
        command(tmp_path).existing_root()


@pytest.mark.parametrize(("content", "said"), [(None, "is missing"), (b"SQLite format 4", "is damaged")])
def test_an_index_that_cannot_be_used_comes_with_its_remedy(content: bytes | None, said: str, root: Path) -> None:
    (root / layout.INDEX).unlink()
    if content:
        (root / layout.INDEX).write_bytes(content)
    with pytest.raises(CommandError, match=rf"{said}.*reindex rebuilds it"), command(root).open_index():
        pass


def test_an_index_that_changes_meanwhile_is_said(root: Path) -> None:
    def change() -> None:
        archive_of(root, document(8), now_ms=NOW_MS + 60_000)

    with pytest.raises(CommandError, match="changed by another process"), command(root).open_index():
        change()


def test_an_archive_is_held_while_a_command_works_on_it(root: Path) -> None:
    for held in (command(root).lock_only, command(root).open_archive):
        with held(), pytest.raises(ArchiveInUse):
            open_archive(root, NOW_MS, "another")
    open_archive(root, NOW_MS, "another").close()


def test_a_command_that_wrote_says_so_in_a_report(root: Path) -> None:
    def reports() -> list[dict[str, Any]]:
        return [json.loads(path.read_bytes()) for path in (root / layout.RUNS).glob("*.report.json")]

    with command(root).open_archive():
        pass
    assert reports() == []
    with command(root).open_archive() as archive:
        archive.store_now(archive.plan_seed(document(8), "add", NOW_MS)[1])
    [found] = reports()
    assert found["command"] == "scrapy test-command"
    assert found["logs"]


def test_a_damaged_index_in_use_is_a_failing_disk(root: Path) -> None:
    with pytest.raises(DiskError, match="malformed"), command(root).open_archive():
        raise sqlite3.DatabaseError("database disk image is malformed")


def test_a_look_changes_nothing(root: Path) -> None:
    before = snapshot(root)
    with command(root).look_at_archive() as archive:
        assert archive.index.get(70000001)
    assert snapshot(root) == before
