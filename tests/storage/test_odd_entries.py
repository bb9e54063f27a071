"""FIFOs, sockets, devices, links and folders in the place of files are reported and skipped; nothing waits for or follows
them."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import pytest

from crawler import files, seeds
from crawler.storage import disk, layout, runlog, tree
from crawler.storage.logline import About
from crawler.storage.opening import open_archive
from crawler.storage.recovery import damaged_files
from crawler.storage.writer import NewFile
from crawler.upkeep import verify
from crawler.urls import DW
from tests.crawling import crawl
from tests.dwsite.client import Site
from tests.helpers_commands import NOW_MS, archive_of, document, scrapy, store, write
from tests.storage.test_pictures import JPEG

ONE, TWO, PICTURE = "en/2026/05/70000001-one.txt", "en/2026/05/70000002-two.txt", "images/710/71000001_303.jpg"
LONGEST_S = 30


def make_socket(path: Path) -> None:
    here = os.getcwd()
    os.chdir(path.parent)  # the name of a socket is at most 107 bytes long
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


def make_device(path: Path) -> None:
    try:
        os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("only root makes devices")


def make_folder(path: Path) -> None:
    path.mkdir()
    (path / "precious").write_bytes(b"precious")


KINDS: dict[str, Callable[[Path], object]] = {
    "a FIFO": os.mkfifo,
    "a socket": make_socket,
    "a device": make_device,
    "a link that leads nowhere": lambda path: path.symlink_to("nowhere"),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a link to /dev/zero": lambda path: path.symlink_to("/dev/zero"),
    "a link to a file": lambda path: path.symlink_to(write(path.parent.parent / ".elsewhere.txt", document())),
    "a folder": make_folder,
}
kinds = pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)


def is_there(path: Path) -> int:
    """Return the file type at a path, 0 if nothing exists there."""
    return stat.S_IFMT(path.lstat().st_mode) if os.path.lexists(path) else 0


@pytest.fixture(autouse=True)
def alarm() -> Iterator[None]:
    """End a test that waits for a FIFO."""

    def end(number: int, frame: FrameType | None) -> None:
        raise TimeoutError("it hangs")

    before = signal.signal(signal.SIGALRM, end)
    signal.alarm(LONGEST_S)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An archive of two seed documents, a revision, and a picture."""
    found = archive_of(tmp_path / "archive", document(70000001, title="One"), document(70000002, title="Two"))
    archive_of(found, document(70000002, NOW_MS + 1000, title="Two", body="<p>Other words.</p>"))
    about = About("picture", 71000001, "https://static.dw.com/image/71000001_303.jpg", "")
    store(found, NewFile(PICTURE, JPEG, about))
    return found


def replace(path: Path, make: Callable[[Path], object]) -> int:
    """Make an odd entry at a path. Returns its type."""
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    make(path)
    return is_there(path)


def damages(root: Path) -> list[tuple[str, str]]:
    return [(damage.what, damage.path) for damage in verify.verify(root).damages]


# ---- at new paths -----------------------------------------------------------------------------------

STRANGE = [
    "en/2026/05/70000009-strange.txt", "en/2026/05/70000001-one.json.gz", "en/2026/05/strange", "en/2026/strange", "en/strange",
    "images/710/71000009_303.jpg", "images/strange", "media/710/71000009.mp4", "media/710/71000009.mp4.part.json",
    "revisions/70000001/1.txt", "revisions/strange", "unreadable/70000009-0123456789ab.json",
    "unreadable/70000009-0123456789ab.reply", "runs/strange", "runs/20260101T000000Z.report.json", "zh", "de/2026",
]  # fmt: skip
OUTSIDE = ["strange", ".strange", "en/.strange", "lost+found", "damaged/strange", "en/2026/05/.tmp-7-x.txt", "runs/.tmp-7-x"]


@kinds
def test_odd_entries_are_reported_and_skipped(root: Path, make: Callable[[Path], object]) -> None:
    paths = [*STRANGE, *OUTSIDE]
    made = {path: replace(root / path, make) for path in paths}
    ours = {path for path in STRANGE if layout.is_folder(path) and made[path] == stat.S_IFDIR}
    where = {f"{path}/precious" if path in ours else path for path in STRANGE}
    assert set(damages(root)) == {(verify.UNKNOWN, place) for place in where}
    open_archive(root, NOW_MS, "a test").close(clean=False)  # everything is checked after a run that was killed
    for command in ("verify", "repair", "reindex", "reread", "new-seeds", "status"):
        ran = scrapy(command, root=root)
        assert ran.status == 0, f"{command}: {ran.err}"
        assert {path: is_there(root / path) for path in paths} == made, command
    assert scrapy("diff", 70000001, root=root).status == 0
    assert scrapy("verify", "--strict", root=root).status == 10


# ---- in the place of the archive's files ----------------------------------------------------------------------------------


@kinds
@pytest.mark.parametrize("path", [ONE, PICTURE, f"revisions/70000002/{NOW_MS}.txt"])
def test_odd_entry_in_the_place_of_a_file_is_set_aside(root: Path, path: str, make: Callable[[Path], object]) -> None:
    made = replace(root / path, make)
    assert damages(root) == [(verify.NO_ACCESS, path)]
    for command in ("reindex", "reread", "status"):
        assert scrapy(command, root=root).status == 0, command
    assert scrapy("new-seeds", root=root).status == (3 if path == ONE else 0)
    new = write(root.parent / "new.txt", document(70000001, NOW_MS + 5000, "One", "<p>New.</p>"))
    assert scrapy("add", new, root=root).status == 0
    assert is_there(root / path) == made
    scrapy("diff", 70000001, root=root)
    assert scrapy("verify", root=root).status == 10
    scrapy("repair", root=root)
    assert is_there(root / path) == 0
    assert is_there(root / "damaged" / path) == made
    assert verify.verify(root).is_sound


@kinds
def test_broken_link_to_a_folder_is_reported_once_and_its_files_are_not_given_up(
    root: Path, make: Callable[[Path], object]
) -> None:
    kept = root.parent / "kept"
    (root / "en").rename(kept)
    made = replace(root / "en", make)
    is_folder = made == stat.S_IFDIR
    found = damages(root)
    assert ((verify.NO_ACCESS, "en") in found) is not is_folder
    if not is_folder:
        assert found == [(verify.NO_ACCESS, "en")]
        assert scrapy("repair", root=root).status == 3
        assert is_there(root / "en") == made
        (root / "en").unlink()
        kept.rename(root / "en")
        assert verify.verify(root).is_sound, "nothing was logged as lost"


@pytest.mark.parametrize("folder", ["en", "en/2026", "en/2026/05", "images/710"])
def test_folder_that_may_not_be_read_is_named(root: Path, folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.scandir

    def scandir(path: str | Path) -> object:
        if Path(path) == root / folder:
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    with monkeypatch.context() as patched:
        patched.setattr(os, "scandir", scandir)
        assert damages(root) == [(verify.NO_ACCESS, folder)]
        assert "cannot be read: Permission denied" in scrapy("verify", root=root).out
        open_archive(root, NOW_MS, "a test").close(clean=False)
        for command, status in (("repair", 3), ("reindex", 0), ("reread", 0), ("status", 0)):
            assert scrapy(command, root=root).status == status, command
    assert verify.verify(root).is_sound


@kinds
@pytest.mark.parametrize("end", [runlog.FILES_END, runlog.STATES_END])
def test_odd_entry_with_the_name_of_a_log_is_damage(root: Path, end: str, make: Callable[[Path], object]) -> None:
    path = f"runs/20260101T000000Z{end}"
    made = replace(root / path, make)
    assert damages(root) == [(verify.LOG_DAMAGED, path)]
    for command, status in (("verify", 10), ("repair", 3), ("reindex", 0), ("reread", 0), ("new-seeds", 0), ("status", 0)):
        ran = scrapy(command, root=root)
        assert ran.status == status, command
        assert is_there(root / path) == made
    assert f"ignored {path}: " in scrapy("reindex", root=root).err


def test_log_that_cannot_be_read_is_damage(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = runlog.run_logs(root)[0]
    real = files.open_file

    def open_file(path: files.AnyPath, **options: bool) -> object:
        if Path(path) == log:
            raise OSError(5, "Input/output error", str(path))
        return real(path, **options)

    for module in (files, runlog):
        monkeypatch.setattr(module, "open_file", open_file)
    assert (verify.LOG_DAMAGED, f"runs/{log.name}") in damages(root)
    assert scrapy("repair", "--json", root=root).json["left"] == [
        {"path": f"runs/{log.name}", "why": "cannot be read: Input/output error"}
    ]
    with pytest.raises(OSError, match="Input/output error"):
        damaged_files(root) or list(runlog.lines(log))


@kinds
@pytest.mark.parametrize("name", [*layout.INDEX_FILES, layout.INDEX_SEAL, layout.LOCK, layout.RUNS])
def test_odd_entry_in_the_place_of_the_index_is_refused_in_a_sentence(
    root: Path, name: str, make: Callable[[Path], object]
) -> None:
    made = replace(root / name, make)
    if name == layout.RUNS and made == stat.S_IFDIR:
        pytest.skip("a folder is what it should be")
    for command in ("verify", "reindex", "status"):
        ran = scrapy(command, root=root)
        assert ran.status in (0, 1, 6, 10), f"{command}: {ran.err}"
        assert "Traceback" not in ran.err
        is_cache = name.startswith(layout.INDEX_NEW) or (name == layout.INDEX and make is KINDS["a link to a file"])
        assert is_there(root / name) == made or is_cache, command
    if name not in (layout.RUNS, layout.LOCK) and not (name == layout.INDEX and made == stat.S_IFLNK):
        assert name in scrapy("reindex", root=root).err


# ---- seeds ----------------------------------------------------------------------------------------------------------------


@kinds
def test_odd_entry_among_seeds_is_a_problem(tmp_path: Path, make: Callable[[Path], object]) -> None:
    write(tmp_path / "seeds" / "a.txt", document())
    made = replace(tmp_path / "seeds" / "odd", make)
    write(tmp_path / "seeds" / "z.txt", document())
    found = list(seeds.read_path(tmp_path / "seeds", DW))
    assert isinstance(found[0], seeds.Document)
    assert isinstance(found[-1], seeds.Document)
    if made != stat.S_IFDIR and make is not KINDS["a link to a file"]:
        assert isinstance(found[1], seeds.Problem)
        assert "cannot be read" in found[1].reason
        assert found[1].place == str(tmp_path / "seeds" / "odd")
        assert scrapy("add", tmp_path / "seeds", root=tmp_path / "archive").status == 3


def test_a_fifo_among_the_seeds_does_not_block_the_crawl(tmp_path: Path) -> None:
    (tmp_path / "seeds").mkdir()
    os.mkfifo(tmp_path / "seeds" / "odd")
    with Site("--articles", "1") as site:
        outcome = crawl(tmp_path / "archive", tmp_path / "seeds", site=site)
    assert outcome.status == 1
    assert "a FIFO, not a file" in outcome.stderr


# ---- reading --------------------------------------------------------------------------------------------------------------


@kinds
def test_only_regular_files_are_opened(tmp_path: Path, make: Callable[[Path], object]) -> None:
    make(tmp_path / "odd")
    assert files.oddity(tmp_path / "odd")
    assert not files.is_file(tmp_path / "odd")
    with pytest.raises(OSError, match="not a file"):
        files.open_file(tmp_path / "odd")
    with pytest.raises(OSError, match="not a file"):
        files.sha256_of(tmp_path / "odd")


@kinds
def test_nothing_is_written_through_odd_entries(tmp_path: Path, make: Callable[[Path], object]) -> None:
    (tmp_path / "a").mkdir()
    make(tmp_path / "a" / "odd")
    made = is_there(tmp_path / "a" / "odd")
    with pytest.raises(OSError, match=r"."):
        disk.write_piece(tmp_path / "a" / "odd", b"x", 0)
    assert is_there(tmp_path / "a" / "odd") == made
    assert not (tmp_path / "a" / "nowhere").exists()


def test_walk_follows_no_link_below_the_top(root: Path) -> None:
    (root / "images/711").symlink_to(root / "images/710")
    assert "images/711/71000001_303.jpg" not in list(tree.walk(root))


# ---- folders at the top ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["verify", "repair", "repair --dry-run", "status", "search words", "reindex", "site"])
def test_every_command_reports_that_the_disk_of_the_logs_is_not_mounted(root: Path, command: str) -> None:
    shutil.rmtree(root / "runs")
    (root / "runs").symlink_to("/nowhere/runs")
    ran = scrapy(*command.split(), root=root)
    assert (ran.status, ran.out) == (6, "")
    assert "runs is a link that leads nowhere, not a folder; is its disk mounted?" in ran.err


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.write_bytes(b"precious")], ids=["a FIFO", "a file"])
def test_repair_changes_nothing_if_damaged_is_not_a_folder(root: Path, make: Callable[[Path], object]) -> None:
    there = replace(root / "damaged", make)
    (root / ONE).write_bytes(b"other")
    ran = scrapy("repair", root=root)
    assert ran.status == 6
    assert "damaged is a" in ran.err
    assert "not a folder; move it out of the archive" in ran.err
    assert ((root / ONE).read_bytes(), is_there(root / "damaged")) == (b"other", there)
    (root / "damaged").unlink()
    assert scrapy("repair", root=root).status == 0
    assert (root / "damaged" / ONE).read_bytes() == b"other"
