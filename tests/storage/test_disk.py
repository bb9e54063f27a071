"""Durable writes, and what is left behind when one of the system calls fails."""

from __future__ import annotations

import errno
import itertools
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crawler.storage import disk

DATA = b"0123456789" * 100


def failing(number: int) -> Callable[..., Any]:
    """Return a system call that fails."""

    def fail(*args: object) -> Any:
        raise OSError(number, os.strerror(number), "the disk")

    return fail


def short_write(descriptor: int, data: memoryview) -> int:
    """A system that takes seven bytes at a time."""
    return os.write(descriptor, data[:7])


def calls_of(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Record (call, file name) of every system call of `disk` from now on."""
    noted: list[tuple[str, str]] = []
    names: dict[int, str] = {}

    def noting(call: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def note(first: Any, *rest: Any) -> Any:
            name = names.get(first, "") if isinstance(first, int) else Path(first).name
            if isinstance(first, int) and not name:
                name = Path(os.readlink(f"/proc/self/fd/{first}")).name
            noted.append((call, Path(rest[0]).name if call == "rename" else name))
            return real(first, *rest)

        return note

    for call in ("open", "write", "fsync", "rename"):
        monkeypatch.setattr(disk, f"os_{call}", noting(call, getattr(os, call)))
    return noted


def test_file_is_written_beside_flushed_renamed_and_its_folder_flushed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted = calls_of(monkeypatch)
    disk.replace_file(tmp_path / "a.txt", DATA)
    assert [call for call, _ in noted] == ["open", "write", "fsync", "rename", "fsync"]
    temporary = noted[0][1]
    assert temporary.startswith(disk.TEMPORARY_PREFIX)
    assert temporary.endswith("-a.txt")
    assert [name for _, name in noted] == [temporary, temporary, temporary, "a.txt", tmp_path.name]
    assert (tmp_path / "a.txt").read_bytes() == DATA


def test_folders_are_made_and_each_is_flushed_in_the_one_above(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    noted = calls_of(monkeypatch)
    disk.replace_file(tmp_path / "x" / "y" / "a.txt", DATA)
    flushed = [name for call, name in noted if call == "fsync"]
    assert flushed[:2] == [tmp_path.name, "x"]
    assert flushed[-1] == "y"
    assert (tmp_path / "x" / "y" / "a.txt").read_bytes() == DATA


def test_existing_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    disk.replace_file(tmp_path / "a", DATA)
    disk.replace_file(tmp_path / "a", b"short")
    assert os.listdir(tmp_path) == ["a"]
    assert (tmp_path / "a").read_bytes() == b"short"


def test_two_temporary_files_for_one_path_have_different_names(tmp_path: Path) -> None:
    assert disk.write_temporary(tmp_path / "a", b"1") != disk.write_temporary(tmp_path / "a", b"2")


@pytest.mark.parametrize("data", [b"", b"x", DATA])
def test_short_writes_are_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(disk, "os_write", short_write)
    disk.replace_file(tmp_path / "a", data)
    assert (tmp_path / "a").read_bytes() == data


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC, errno.EROFS, errno.EDQUOT])
@pytest.mark.parametrize("call", ["open", "write", "fsync"])
def test_failing_call_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int
) -> None:
    disk.replace_file(tmp_path / "a", b"old")
    monkeypatch.setattr(disk, f"os_{call}", failing(number))
    with pytest.raises(OSError, match=os.strerror(number)):
        disk.replace_file(tmp_path / "a", DATA)
    assert os.listdir(tmp_path) == ["a"]
    assert (tmp_path / "a").read_bytes() == b"old"


def test_disk_that_fills_half_way_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = itertools.count()

    def write(descriptor: int, data: memoryview) -> int:
        return os.write(descriptor, data[:100]) if next(taken) < 5 else int(failing(errno.ENOSPC)())

    monkeypatch.setattr(disk, "os_write", write)
    with pytest.raises(OSError, match="No space"):
        disk.write_temporary(tmp_path / "a", DATA)
    assert os.listdir(tmp_path) == []


def test_temporary_file_that_cannot_be_removed_does_not_hide_the_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk, "os_fsync", failing(errno.EIO))
    monkeypatch.setattr(os, "unlink", failing(errno.EROFS))
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        disk.write_temporary(tmp_path / "a", DATA)


@pytest.mark.parametrize("call", ["open", "write", "fsync"])
def test_no_descriptor_stays_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    before = len(os.listdir("/proc/self/fd"))
    with monkeypatch.context() as patched:
        patched.setattr(disk, f"os_{call}", failing(errno.EIO))
        for _ in range(5):
            with pytest.raises(OSError, match="error"):
                disk.replace_file(tmp_path / "a", DATA)
    assert len(os.listdir("/proc/self/fd")) == before


def test_free_bytes_are_those_of_an_ordinary_user(tmp_path: Path) -> None:
    found = os.statvfs(tmp_path)
    assert 0 <= disk.free_bytes(tmp_path) <= found.f_blocks * found.f_frsize


# ---- folders that cannot be flushed -------------------------------------------------------------------------------------


def fsync_of_folders(number: int) -> Callable[[int], None]:
    """Return the fsync of a file system that raises this error for every folder."""

    def fsync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(number, os.strerror(number))
        os.fsync(descriptor)

    return fsync


UNABLE = [errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EBADF]


def test_temporary_names_that_are_taken_are_skipped(tmp_path: Path) -> None:
    (tmp_path / "outside").write_bytes(b"kept")
    (tmp_path / ".tmp-0-1.txt").symlink_to(tmp_path / "outside")
    (tmp_path / ".tmp-1-1.txt").mkdir()
    names = [disk.write_temporary(tmp_path / "1.txt", data) for data in (b"a", b"b")]
    assert [os.path.basename(name) for name in names] == [".tmp-2-1.txt", ".tmp-3-1.txt"]
    assert [Path(name).read_bytes() for name in names] == [b"a", b"b"]
    assert (tmp_path / "outside").read_bytes() == b"kept"


@pytest.mark.parametrize("number", UNABLE, ids=errno.errorcode.get)
def test_file_system_that_cannot_flush_folders_is_used_with_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(disk, "os_fsync", fsync_of_folders(number))
    for name in ("a", "b"):
        disk.replace_file(tmp_path / name / "deep" / "1.txt", DATA)
    disk.write_piece(tmp_path / "c" / "2.part", DATA, 0)
    disk.remove(tmp_path / "a" / "deep" / "1.txt")
    assert (tmp_path / "b" / "deep" / "1.txt").read_bytes() == DATA
    sentence = disk.flush_problem(tmp_path)
    assert "cannot flush a folder" in sentence
    assert os.strerror(number) in sentence
    assert str(tmp_path) in sentence


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EROFS], ids=errno.errorcode.get)
def test_folder_whose_flush_fails_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(disk, "os_fsync", fsync_of_folders(number))
    with pytest.raises(OSError, match=os.strerror(number)):
        disk.replace_file(tmp_path / "1.txt", DATA)
    with pytest.raises(OSError, match=os.strerror(number)):
        disk.flush_problem(tmp_path)


def test_file_system_that_flushes_folders_needs_no_warning(tmp_path: Path) -> None:
    assert disk.flush_problem(tmp_path) == ""


@pytest.mark.parametrize("number", UNABLE, ids=errno.errorcode.get)
def test_file_that_cannot_be_flushed_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(disk, "os_fsync", failing(number))
    with pytest.raises(OSError, match=os.strerror(number)):
        disk.replace_file(tmp_path / "1.txt", DATA)
    (tmp_path / "2.txt").touch()
    with pytest.raises(OSError, match=os.strerror(number)):
        disk.flush_file(tmp_path / "2.txt")
    assert os.listdir(tmp_path) == ["2.txt"]
