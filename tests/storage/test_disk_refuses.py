"""A disk that is full, fails or is read-only ends a run at once; nothing is half-written, and the next run completes."""

from __future__ import annotations

import errno
import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dwsite import articles as dw
from tests.dwsite.client import Site
from tests.killing import NO_MEMORY, SHORT, Crawl, Fault, Runner, content, differences, half_written, linux_only, problems
from tests.shares import share

pytestmark = linux_only
REFUSED = 6
MEGABYTE = 1024 * 1024
SETTINGS = ("-a", f"seeds=https://www.dw.com/en/x/a-{dw.FIRST_SYNTHETIC}", "-a", "depth=-1")


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Site("--articles", "8", "--pictures-per-article", "2", "--references", "3", "--picture-bytes", "200") as running:
        # a missing one, so that there are states to log
        running.fault(f"/image/{dw.FIRST_SYNTHETIC_PICTURE + 3}_.*", status=404)
        yield running


@pytest.fixture(scope="module")
def runner(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    with Runner(tmp_path_factory.mktemp("said"), [*site.settings_args, *SETTINGS]) as running:
        yield running


@pytest.fixture(scope="module")
def whole(runner: Runner) -> Path:
    """The archive of an undisturbed run."""
    archive = runner.folder / "whole"
    assert runner.crawl(archive).status == 0
    return archive


def judge(archive: Path, whole: Path) -> None:
    """Fail unless an archive equals the undisturbed one, and `verify` finds it sound."""
    assert not problems(archive)
    assert not differences(archive, whole)


def says_once(crawl: Crawl, reason: str) -> bool:
    """Whether a run that the disk ended reports it in one line at once, without a traceback."""
    lines = [line for line in crawl.said.splitlines() if reason in line and not line.startswith("! ")]
    return len(lines) == 1 and "Traceback" not in crawl.said


# --- fail points --------------------------------------------------------------------------------------------------------

KINDS = ("picture", "reply", "document", "log", "states", "report")
ONCE = [
    *(Fault("open", kind, 1, do="EIO") for kind in KINDS),
    *(Fault("write", kind, 1, "half", do="ENOSPC") for kind in reversed(KINDS)),
    *(Fault("fsync", kind, 1, do="EIO") for kind in (*KINDS, "folder")),
    *(Fault("rename", kind, 1, do="EIO") for kind in ("picture", "reply", "document", "report")),
    *(Fault("commit", "", n, do="ENOSPC") for n in (1, 2, 4)),
    *(Fault("open", kind, 1, do=NO_MEMORY) for kind in ("picture", "reply", "document", "log")),
    *(Fault(step, "document", 2, do=NO_MEMORY) for step in ("write", "fsync", "rename")),
]
FOR_GOOD = [
    *(Fault(step, "", n, do="ENOSPC", stays=True) for step in ("open", "rename") for n in (2, 9)),
    *(Fault("write", "", n, "half", do="ENOSPC", stays=True) for n in (2, 9)),
    *(Fault("fsync", "", n, do="EIO", stays=True) for n in (1, 12)),
    *(Fault("commit", "", n, do="EIO", stays=True) for n in (1, 2, 5)),
    Fault("open", "", 5, do="EROFS", stays=True),
]
MORE = [
    Fault(step, kind, n, "half" if step == "write" else "before", error)
    for step in ("open", "write", "fsync", "rename")
    for kind in ("picture", "reply", "document", "log")
    for n in (1, 2, 3, 5)
    for error in ("EIO", "ENOSPC")
    if (step, kind) != ("rename", "log") and (step, kind, n > 1) != ("open", "log", True)
]


def refused_then_complete(runner: Runner, archive: Path, whole: Path, fault: Fault) -> None:
    crawl = runner.crawl(archive, fault=fault)
    assert crawl.status == REFUSED, f"{fault}: {crawl.said}"
    reason = NO_MEMORY if fault.do == NO_MEMORY else os.strerror(getattr(errno, fault.do))
    if fault.step == "commit":
        reason = "database or disk is full" if fault.do == "ENOSPC" else "disk I/O error"
    if fault.what == "report" or fault.stays:  # then the report cannot be written either, which is reported too
        assert reason in crawl.said
        assert "Traceback" not in crawl.said
    else:
        assert says_once(crawl, reason), crawl.said
    assert not problems(archive, complete=False)
    assert content(archive) <= content(whole)
    assert runner.complete(archive) == 1
    judge(archive, whole)


@pytest.mark.parametrize("fault", share([*ONCE, *FOR_GOOD], 4), ids=str)
def test_run_stops_if_the_disk_fails_at_a_step_and_the_next_completes(
    runner: Runner, whole: Path, tmp_path: Path, fault: Fault
) -> None:
    refused_then_complete(runner, tmp_path / "archive", whole, fault)


def test_file_system_that_cannot_flush_folders_is_used_with_a_warning(runner: Runner, whole: Path, tmp_path: Path) -> None:
    crawl = runner.crawl(tmp_path / "archive", fault=Fault("fsync", "folder", 1, do="EINVAL", stays=True))
    assert crawl.status == 0, crawl.said
    assert says_once(crawl, "cannot flush a folder"), crawl.said
    judge(tmp_path / "archive", whole)


@pytest.mark.torture
@pytest.mark.parametrize("fault", MORE, ids=str)
def test_run_stops_if_the_disk_fails_at_a_later_step_and_the_next_completes(
    runner: Runner, whole: Path, tmp_path: Path, fault: Fault
) -> None:
    refused_then_complete(runner, tmp_path / "archive", whole, fault)


@pytest.mark.parametrize("kind", KINDS)
def test_short_write_is_completed(runner: Runner, whole: Path, tmp_path: Path, kind: str) -> None:
    archive = tmp_path / "archive"
    assert runner.crawl(archive, fault=Fault("write", kind, 1, do=SHORT)).status == 0
    judge(archive, whole)


def test_disk_error_while_adopting_leftovers(runner: Runner, whole: Path, tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    runner.crawl(archive, fault=Fault("rename", "document", 2, "after"))
    for fault in (Fault("open", "log", do="ENOSPC"), Fault("write", "log", 1, "half", "EIO"), Fault("commit", "", 1, do="EIO")):
        crawl = runner.crawl(archive, fault=fault)
        assert crawl.status == REFUSED, f"{fault}: {crawl.said}"
        assert "Traceback" not in crawl.said
        assert not half_written(archive)
    assert runner.complete(archive) == 1
    judge(archive, whole)


# --- real disks -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def elsewhere(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    """Runs crawls in a separate mount namespace, with the folder `disk` as a mount point."""
    within = ["unshare", "--mount", "--propagation", "private"]
    if os.geteuid():
        within[1:1] = ["--user", "--map-root-user"]
    folder = tmp_path_factory.mktemp("elsewhere")
    (folder / "disk").mkdir()
    attempt = ["sh", "-c", f"mount -t tmpfs -o size=1m none {shlex.quote(str(folder / 'disk'))}"]
    try:
        can = subprocess.run([*within, *attempt], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("this machine has no unshare")
    if can.returncode:
        pytest.skip(f"this machine lets nobody mount a small disk: {can.stderr.strip()}")
    with Runner(folder, [*site.settings_args, *SETTINGS], within) as running:
        yield running


@pytest.fixture
def small_disk(elsewhere: Runner) -> Iterator[Path]:
    """The mount point of a disk of 2 MB: crawls see it under this path, tests under `seen`."""
    disk = elsewhere.folder / "disk"
    assert elsewhere.shell(f"mount -t tmpfs -o size=2m none {shlex.quote(str(disk))}") == 0
    yield disk
    assert elsewhere.shell(f"umount {shlex.quote(str(disk))}") == 0


def seen(runner: Runner, path: Path) -> Path:
    """Return a path of the crawls' namespace as other processes see it."""
    return Path(f"/proc/{runner.process.pid}/root{path}")


@pytest.fixture
def large_pictures(site: Site) -> Iterator[None]:
    site.options(picture_bytes=600_000)
    yield
    site.options(picture_bytes=200)


@pytest.mark.usefixtures("large_pictures")
def test_full_disk_stops_the_run_and_the_next_one_completes_with_more_space(
    elsewhere: Runner, small_disk: Path, tmp_path: Path
) -> None:
    whole = tmp_path / "whole"
    assert elsewhere.crawl(whole).status == 0
    archive = small_disk / "archive"
    for _ in range(2):
        crawl = elsewhere.crawl(archive)
        assert crawl.status == REFUSED, crawl.said
        assert "full" in crawl.said or "No space left on device" in crawl.said
        assert "Traceback" not in crawl.said
        assert not problems(seen(elsewhere, archive), complete=False)
        assert content(seen(elsewhere, archive)) < content(whole)
    assert elsewhere.shell(f"mount -o remount,size=32m {shlex.quote(str(small_disk))}") == 0
    assert elsewhere.complete(archive) == 1
    there = shutil.copytree(seen(elsewhere, archive), tmp_path / "archive")
    judge(there, whole)


@pytest.mark.usefixtures("large_pictures")
def test_minimum_of_free_space_is_respected_before_and_while_running(elsewhere: Runner, small_disk: Path) -> None:
    archive = small_disk / "archive"
    crawl = elsewhere.crawl(archive, "-s", f"ARCHIVE_MIN_FREE={3 * MEGABYTE}")
    assert crawl.status == REFUSED
    assert says_once(crawl, "ARCHIVE_MIN_FREE requires 3,145,728"), crawl.said
    assert not list(seen(elsewhere, archive).rglob("*.*.gz"))
    assert elsewhere.shell(f"mount -o remount,size=16m {shlex.quote(str(small_disk))}") == 0
    crawl = elsewhere.crawl(archive, "-s", f"ARCHIVE_MIN_FREE={11 * MEGABYTE}")
    assert crawl.status == REFUSED
    assert says_once(crawl, "ARCHIVE_MIN_FREE requires 11,534,336"), crawl.said
    assert list(seen(elsewhere, archive).rglob("*.txt"))
    assert not problems(seen(elsewhere, archive), complete=False)


def test_read_only_archive_is_refused_in_one_sentence(elsewhere: Runner, whole: Path) -> None:
    archive = elsewhere.folder / "read_only"
    shutil.copytree(whole, archive)
    where = shlex.quote(str(archive))
    assert elsewhere.shell(f"mount --bind {where} {where} && mount -o remount,bind,ro {where}") == 0
    crawl = elsewhere.crawl(archive)
    assert crawl.status == REFUSED
    assert says_once(crawl, "Read-only file system"), crawl.said
    assert elsewhere.crawl(archive / "deeper").status == REFUSED
    assert elsewhere.shell(f"umount {where}") == 0
    assert elsewhere.crawl(archive).status == 0
    judge(archive, whole)


def test_dry_run_works_on_a_read_only_archive(elsewhere: Runner, whole: Path) -> None:
    archive = elsewhere.folder / "looked_at"
    shutil.copytree(whole, archive)
    where = shlex.quote(str(archive))
    assert elsewhere.shell(f"mount --bind {where} {where} && mount -o remount,bind,ro {where}") == 0
    crawl = elsewhere.crawl(archive, "-a", "dry_run=1", "-a", "refresh=all")
    assert crawl.status == 0, crawl.said
    assert "Read-only" not in crawl.said
    assert elsewhere.crawl(archive / "deeper", "-a", "dry_run=1").status == 0
    assert elsewhere.shell(f"umount {where}") == 0
