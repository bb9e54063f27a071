"""Which files belong to the archive, which do not, and where no archive may be created."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler.exceptions import NotAnArchive
from crawler.storage import layout, tree
from crawler.storage.logline import About
from crawler.storage.opening import open_archive
from crawler.storage.writer import NewFile
from crawler.upkeep import verify
from tests.crawling import crawl
from tests.dwsite.client import Site
from tests.helpers_commands import NOW_MS, Ran, archive_of, document, scrapy, snapshot, store, write
from tests.storage.test_pictures import JPEG

ONE, TWO, PICTURE = "en/2026/05/70000001-one.txt", "en/2026/05/70000002-two.txt", "images/710/71000001_303.jpg"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An archive of two seed documents and a picture."""
    found = archive_of(tmp_path / "archive", document(70000001, title="One"), document(70000002, title="Two"))
    about = About("picture", 71000001, "https://static.dw.com/image/71000001_303.jpg", "")
    store(found, NewFile(PICTURE, JPEG, about))
    return found


def put(root: Path, *paths: str) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(b"precious")


# ---- foreign files ------------------------------------------------------------------------------------------

OUTSIDE = [
    ".git/HEAD", ".git/objects/00/0123", ".gitignore", ".gitattributes", ".DS_Store", ".stfolder/x", ".ssh/id_ed25519",
    "id_ed25519", ".stversions/en/2026/05/1.txt", "lost+found/#12", "notes.txt", "README.md", "notes/en/2026/05/70000009.txt",
    "index.sqlite.bak",
    "xx/2026/05/1.txt", ".Trash-1000/info/x", "System Volume Information/x", "images.zip", "en.txt", "ENGLISH/2026/05/7.txt",
    "en/.DS_Store", "en/2026/05/.70000001-one.txt.Xy12Zw", "images/.stfolder/x", "images/710/._71000001_303.jpg", ".tmp-notes",
    "runs/.DS_Store", "en/2026/05/.git/HEAD", "en/.tmp-notes", "unreadable/.keep",
]  # fmt: skip
UNKNOWN = {
    "en/notes.txt": "en/notes.txt",
    "en/2026/05/notes.txt": "en/2026/05/notes.txt",
    "en/2026/05/70000001-one.sync-conflict-20261123-101010-ABCDEFZ.txt":
        "en/2026/05/70000001-one.sync-conflict-20261123-101010-ABCDEFZ.txt",
    "en/2026/05/70000001-one.txt~": "en/2026/05/70000001-one.txt~",
    "en/2026/05/70000001-one (1).txt": "en/2026/05/70000001-one (1).txt",
    "en/2026/05/70000001-one.txt.orig": "en/2026/05/70000001-one.txt.orig",
    "en/2026/05/70000009-by-hand.txt": "en/2026/05/70000009-by-hand.txt",
    "images/710/71000009_303.jpg": "images/710/71000009_303.jpg",
    "images/Thumbs.db": "images/Thumbs.db",
    "images/lost+found/x": "images/lost+found",
    "images/2026/05/7.txt": "images/2026/05",
    "en/1/2/3/4/5": "en/1",
    "revisions/70000001/notes": "revisions/70000001/notes",
    "media/notes": "media/notes",
    "unreadable/notes": "unreadable/notes",
    "runs/notes.txt": "runs/notes.txt",
    "runs/20261123T101010Z.sync-conflict-20261123-101010-ABCDEFZ.jsonl":
        "runs/20261123T101010Z.sync-conflict-20261123-101010-ABCDEFZ.jsonl",
    "runs/old/20261123T101010Z.jsonl": "runs/old",
    "en/2026/05/７.txt": "en/2026/05/７.txt",
}  # fmt: skip


def test_names_outside_the_archive_are_ignored(root: Path) -> None:
    put(root, *OUTSIDE)
    before = snapshot(root)
    verdict = verify.verify(root)
    assert not verdict.damages
    assert scrapy("verify", "--strict", root=root).status == 0
    assert scrapy("repair", root=root).out == "nothing to repair\n"
    assert scrapy("reindex", root=root).status == 0
    after = snapshot(root)
    assert {path: after[path] for path in OUTSIDE} == {path: before[path] for path in OUTSIDE}
    assert not (root / layout.DAMAGED).exists()


@pytest.mark.parametrize("path", UNKNOWN)
def test_unknown_file_is_named_and_left_alone(root: Path, path: str) -> None:
    put(root, path)
    assert [(damage.what, damage.path) for damage in verify.verify(root).damages] == [(verify.UNKNOWN, UNKNOWN[path])]
    assert scrapy("verify", root=root).status == 0
    strict = scrapy("verify", "--strict", root=root)
    assert (strict.status, strict.out.endswith(": no damage, but unknown files\n")) == (10, True)
    assert scrapy("verify", "--strict", "--json", root=root).status == 10
    assert scrapy("repair", root=root).out == "nothing to repair\n"
    assert (root / path).read_bytes() == b"precious"


def test_recovery_after_a_kill_moves_no_foreign_files(root: Path) -> None:
    open_archive(root, NOW_MS, "a test").close(clean=False)
    paths = [*OUTSIDE, *UNKNOWN]
    put(root, *paths)
    before = snapshot(root)
    for command in ("verify", "repair", "reindex", "repair"):
        scrapy(command, root=root)
        after = snapshot(root)
        assert {path: after.get(path) for path in paths} == {path: before[path] for path in paths}, command


def test_log_line_of_a_sound_file_that_is_lost_is_damage(root: Path) -> None:
    log = next(log for log in (root / "runs").glob("*.jsonl") if ONE.encode() in log.read_bytes())
    log.unlink()
    assert {(damage.what, damage.path) for damage in verify.verify(root).damages} == {
        (verify.UNLOGGED, ONE), (verify.UNLOGGED, TWO), (verify.LOG_DAMAGED, f"runs/{log.name}")
    }  # fmt: skip
    assert scrapy("verify", root=root).status == 10
    assert scrapy("repair", "--json", root=root).json["logged_again"] == [ONE, TWO]
    assert verify.verify(root).is_sound


def test_repair_shows_its_plan_and_changes_nothing(root: Path) -> None:
    put(root, "en/notes.txt")
    (root / ONE).write_bytes(b"other")
    (root / PICTURE).unlink()
    (root / "en/.tmp-1-x.txt").write_bytes(b"")
    before = snapshot(root)
    ran = scrapy("repair", "--dry-run", root=root)
    assert snapshot(root) == before
    assert f"{ONE} -> damaged/{ONE}" in ran.out
    planned = scrapy("repair", "--dry-run", "--json", root=root).json
    assert snapshot(root) == before
    assert scrapy("repair", "--json", root=root).json == planned
    assert (root / "damaged" / ONE).read_bytes() == b"other"
    assert scrapy("repair", "--dry-run", "--fetch", root=root).status == 1


@pytest.mark.parametrize("lost", ["index.sqlite", "runs"])
def test_plan_needs_no_index_and_no_open_archive(root: Path, lost: str) -> None:
    if lost == "runs":
        for path in (root / "runs").iterdir():
            path.unlink()
    else:
        (root / lost).write_bytes(b"nonsense")
    before = snapshot(root)
    assert scrapy("repair", "--dry-run", root=root).status == 0
    assert snapshot(root) == before


# ---- where no archive may be created -----------------------------------------------------------------------------------------


def in_a_folder(root: Path, command: str, site: Site, document: Path) -> Ran:
    if command == "crawl":
        outcome = crawl(root, [], site=site)
        return Ran(outcome.status, outcome.stdout, outcome.stderr)
    return scrapy(command, *([document] if command == "add" else []), root=root)


FOREIGN = {
    "notes": ["notes.txt"],
    "a project": ["src/main.py", "images/logo.png", "runs/exp1/events.out", "media/1/film.mp4", "Makefile"],
    "runs of another": ["runs/exp1/events.out"],
    "an empty folder of runs beside others": ["notes.txt", "runs/.keep"],
    "an index of another": ["index.sqlite"],
    "an index with its folder": ["index.sqlite", "src/x"],
    "a website": ["en/index.html", "images/1.jpg"],
    "a home": [".bashrc", "Documents/letter.txt"],
}


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Site("--articles", "1") as site:
        yield site


@pytest.mark.parametrize("command", ["crawl", "add", "reindex", "repair", "reread"])
@pytest.mark.parametrize("paths", FOREIGN.values(), ids=FOREIGN)
def test_folder_with_foreign_files_is_refused(tmp_path: Path, site: Site, command: str, paths: list[str]) -> None:
    root = tmp_path / "theirs"
    put(root, *paths)
    before = snapshot(root)
    ran = in_a_folder(root, command, site, write(tmp_path / "seed.txt", document()))
    assert ran.status == 1
    assert "ARCHIVE_DIR" in ran.err
    assert "Traceback" not in ran.err
    assert snapshot(root) == before
    assert sorted(path.name for path in root.iterdir()) == sorted({path.split("/")[0] for path in paths})


NOT_OURS = ["README", "readme.txt", ".gitignore", ".git/HEAD", ".stfolder/x", "lost+found/x"]


@pytest.mark.parametrize("paths", [[], ["README.md"], NOT_OURS])
def test_folder_with_only_readmes_and_dot_files_becomes_an_archive(tmp_path: Path, paths: list[str]) -> None:
    root = tmp_path / "new"
    root.mkdir()
    put(root, *paths)
    assert scrapy("add", write(tmp_path / "seed.txt", document()), root=root).status == 0
    assert scrapy("verify", "--strict", root=root).status == 0


BEGUN = {
    "its runs": ["runs/.keep"],
    "its lock": ["runs/.keep", ".lock"],
    "its index": ["runs/.keep", ".lock", "index.sqlite", "index.sqlite-journal"],
    "a temporary file": ["runs/.keep", "images/710/.tmp-0-71000001_303.jpg"],
    "a picture without a log": ["runs/.keep", PICTURE],
    "a partial file": ["runs/.keep", "media/710/71000001.mp4.part"],
}


@pytest.mark.parametrize("paths", BEGUN.values(), ids=BEGUN)
def test_archive_that_was_only_begun_is_accepted(tmp_path: Path, paths: list[str]) -> None:
    put(tmp_path / "archive", *paths)
    assert scrapy("add", write(tmp_path / "seed.txt", document()), root=tmp_path / "archive").status == 0


def test_archive_in_which_nothing_was_stored_yet_is_accepted(tmp_path: Path) -> None:
    open_archive(tmp_path / "archive", NOW_MS, "a test").close()
    for command in ("verify", "repair", "reindex", "status"):
        assert scrapy(command, root=tmp_path / "archive").status == 0


@pytest.mark.parametrize("lost", [["runs"], [layout.INDEX], [layout.INDEX, layout.INDEX_SEAL], ["runs", layout.INDEX]])
def test_archive_that_lost_its_logs_or_its_index_is_accepted(root: Path, lost: list[str]) -> None:
    put(root, "notes.txt", "lost+found/x")
    for name in lost:
        for path in (root / name).iterdir() if name == "runs" else [root / name]:
            path.unlink()
        if name == "runs":
            (root / name).rmdir()
    assert scrapy("verify", root=root).status == 10
    ran = scrapy("reindex", root=root)
    assert ran.status == 0, ran.err
    assert verify.verify(root).is_sound
    assert {ONE, TWO, PICTURE} <= set(tree.walk(root))


def test_refusal_names_only_a_few_of_many_files(tmp_path: Path) -> None:
    put(tmp_path, *"abcdef")
    with pytest.raises(NotAnArchive, match=r"\(a, b, c, \.\.\.\)"):
        tree.require_archive(tmp_path)
