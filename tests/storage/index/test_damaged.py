"""A damaged or lost index is noticed, reported and rebuilt; nothing is requested that is not due."""

from __future__ import annotations

import random
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.dwsite import articles as dw
from tests.dwsite.client import Site
from tests.killing import Fault, Runner, differences, linux_only, problems
from tests.shares import share

pytestmark = linux_only
PAGE = 4096


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Site("--articles", "30", "--pictures-per-article", "2", "--references", "3", "--picture-bytes", "200") as running:
        yield running


@pytest.fixture(scope="module")
def runner(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    seeds = f"seeds=https://www.dw.com/en/x/a-{dw.FIRST_SYNTHETIC}"
    with Runner(tmp_path_factory.mktemp("said"), [*site.settings_args, "-a", seeds, "-a", "depth=-1"]) as running:
        yield running


@pytest.fixture(scope="module")
def whole(runner: Runner) -> Path:
    archive = runner.folder / "whole"
    assert runner.crawl(archive).status == 0
    assert (archive / "index.sqlite").stat().st_size > 10 * PAGE
    return archive


@pytest.fixture
def archive(whole: Path, tmp_path: Path) -> Path:
    return shutil.copytree(whole, tmp_path / "archive")


def overwrite(index: Path, start: int, length: int) -> None:
    """Overwrite a part of a file with random bytes."""
    data = bytearray(index.read_bytes())
    data[start : start + length] = random.Random(start).randbytes(len(data[start : start + length]))
    index.write_bytes(data)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "deleted": Path.unlink,
    "empty": lambda index: index.write_bytes(b""),
    "not a database": lambda index: index.write_text("not a database"),
    "cut in half": lambda index: index.write_bytes(index.read_bytes()[: index.stat().st_size // 2]),
    "cut within a page": lambda index: index.write_bytes(index.read_bytes()[: 3 * PAGE + 100]),
    "random bytes at its head": lambda index: overwrite(index, 0, 100),
    "random bytes in the versions of its head": lambda index: overwrite(index, 18, 2),
    "random bytes all over": lambda index: overwrite(index, 0, 10**9),
    "a name in its schema": lambda index: index.write_bytes(index.read_bytes().replace(b"published", b"\x8eublished", 1)),
    "another program's": lambda index: index.write_bytes(index.read_bytes()[:60] + b"\0\0\0\7" + index.read_bytes()[64:]),
    **{f"random page {n}": (lambda index, n=n: overwrite(index, n * PAGE, PAGE)) for n in (1, 4, 7)},  # type: ignore[misc]
}


@pytest.mark.parametrize("damage", share(DAMAGES, 4))
def test_damaged_index_is_rebuilt_and_this_is_reported(
    site: Site, runner: Runner, whole: Path, archive: Path, damage: str
) -> None:
    DAMAGES[damage](archive / "index.sqlite")
    site.forget()
    crawl = runner.crawl(archive)
    assert crawl.status == 0, crawl.said
    assert "index.sqlite was" in crawl.said
    assert "rebuilding it from files and run logs" in crawl.said
    assert not site.paths()
    assert not differences(archive, whole)
    assert not problems(archive)
    assert "rebuilding it" not in runner.crawl(archive).said


def test_index_without_its_write_ahead_log_is_brought_up_to_date(runner: Runner, whole: Path, tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    assert runner.crawl(archive, fault=Fault("rename", "document", 15, "after")).status == -signal.SIGKILL
    (archive / "index.sqlite-wal").unlink()
    (archive / "index.sqlite-shm").unlink()
    crawl = runner.crawl(archive)
    assert crawl.status == 0
    assert "the last run did not end cleanly" in crawl.said
    assert not problems(archive)
    assert not differences(archive, whole)


def test_garbage_in_the_write_ahead_log_is_ignored(runner: Runner, whole: Path, tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    assert runner.crawl(archive, fault=Fault("rename", "document", 15, "after")).status == -signal.SIGKILL
    overwrite(archive / "index.sqlite-wal", 5000, 3000)
    assert runner.complete(archive) == 1
    assert not problems(archive)
    assert not differences(archive, whole)


def test_index_restored_from_a_backup_is_brought_up_to_date(site: Site, runner: Runner, archive: Path, tmp_path: Path) -> None:
    """A backup of the index is restored, and the logs have more lines."""
    old = (archive / "index.sqlite").read_bytes()
    site.edit(dw.FIRST_SYNTHETIC + 4, add_paragraph="Something came to light.")
    assert runner.crawl(archive, "-a", "refresh=all").status == 0
    site.reset()
    newer = shutil.copytree(archive, tmp_path / "newer")
    (archive / "index.sqlite").write_bytes(old)
    site.forget()
    assert runner.crawl(archive).status == 0
    assert not site.paths()
    assert not differences(archive, newer)
    assert not problems(archive)


def test_one_flipped_bit_anywhere_in_a_closed_index_is_noticed(runner: Runner, archive: Path) -> None:
    index = archive / "index.sqlite"
    before = index.read_bytes()
    chance = random.Random(8)
    for place in [chance.randrange(len(before)) for _ in range(3)]:
        data = bytearray(before)
        data[place] ^= 1 << chance.randrange(8)
        index.write_bytes(data)
        crawl = runner.crawl(archive)
        assert (crawl.status, differences(archive, runner.folder / "whole")) == (0, [])
        assert "index.sqlite was damaged (other bytes than it was closed with)" in crawl.said
        before = index.read_bytes()
