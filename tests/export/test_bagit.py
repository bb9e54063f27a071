"""`scrapy export bagit`: a bag that is valid for the program of the Library of Congress."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import bagit
import pytest

from crawler.storage import layout
from crawler.storage.runlog import read_log, run_logs
from tests.helpers_commands import NOW_MS, scrapy, snapshot, store
from tests.reader import samples


def exported(root: Path, to: Path, *options: str) -> Path:
    ran = scrapy("export", "bagit", "--to", to, *options, root=root)
    assert (ran.status, ran.err) == (0, "")
    return to


def manifest(bag: Path) -> dict[str, str]:
    lines = (bag / "manifest-sha256.txt").read_text().splitlines()
    return {path.removeprefix("data/"): digest for digest, path in (line.split("  ", 1) for line in lines)}


@pytest.mark.parametrize("which", ["archive", "hostile_archive"])
def test_bag_is_valid_and_has_the_digests_of_the_run_logs(which: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    root = request.getfixturevalue(which)
    bag = exported(root, tmp_path / "bag")
    ran = subprocess.run([sys.executable, "-m", "bagit", "--validate", bag], capture_output=True, text=True)
    assert (ran.returncode, "is valid" in ran.stderr) == (0, True), ran.stderr
    logged = {record["path"]: record["sha256"] for log in run_logs(root) for record in read_log(log) if "sha256" in record}
    found = manifest(bag)
    assert {path: digest for path, digest in found.items() if not path.startswith("runs/")} == logged
    assert len(found) == len(logged) + len(run_logs(root))


def test_data_of_a_whole_bag_is_an_archive(archive: Path, tmp_path: Path) -> None:
    data = exported(archive, tmp_path / "bag") / "data"
    assert scrapy("reindex", root=data).status == 0
    assert scrapy("verify", root=data).status == 0
    status = scrapy("status", "--json", root=data).json
    assert status["languages"] == scrapy("status", "--json", root=archive).json["languages"]


def test_bag_of_a_selection_has_documents_replies_pictures_and_media(archive: Path, tmp_path: Path) -> None:
    bag = exported(archive, tmp_path / "bag", "--language", "en", "--kind", "article,video", "--revisions")
    assert bagit.Bag(str(bag)).is_valid()
    found = manifest(bag)
    assert {layout.id_of(path) for path in found if layout.is_document(path)} == {
        samples.ENGLISH, samples.VIDEO, samples.LOOSE, samples.HOSTILE}  # fmt: skip
    assert layout.media_path(samples.VIDEO, "mp4") in found
    assert [path for path in found if layout.is_revision(path)]
    assert {layout.id_of(path) for path in found if path.startswith("images/")} == {63000001, 63000002, 63000003, 63000004}


def test_bag_keeps_replies(copy: Path, tmp_path: Path) -> None:
    path = next(copy.rglob(f"{samples.AUDIO}-*.txt")).relative_to(copy).with_suffix(".json.gz").as_posix()
    reply = replace(samples.media_file(samples.AUDIO, "mp3", samples.MP3), path=path)  # any file beside a document
    store(copy, reply, now_ms=NOW_MS + 9000)
    assert path in manifest(exported(copy, tmp_path / "bag", "--kind", "audio"))


def test_same_archive_gives_the_same_bag(archive: Path, tmp_path: Path) -> None:
    bags = [snapshot(exported(archive, tmp_path / name)) for name in ("a", "b")]
    assert bags[0] == bags[1]
    assert b"Bagging-Date: 2026-06-01\n" in bags[0]["bag-info.txt"]


def test_damaged_and_lost_files_are_left_out_and_reported(copy: Path, tmp_path: Path) -> None:
    picture, text = next((copy / "images").rglob("*.png")), next((copy / "de").rglob("*.txt"))
    picture.write_bytes(picture.read_bytes()[:-1])
    text.unlink()
    ran = scrapy("export", "bagit", "--to", tmp_path / "bag", "--json", root=copy)
    assert ran.status == 3
    assert json.loads(ran.out)["damaged"] == sorted(path.relative_to(copy).as_posix() for path in (picture, text))
    assert bagit.Bag(str(tmp_path / "bag")).is_valid()


def test_only_a_bag_is_replaced(archive: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/note").write_text("mine")
    ran = scrapy("export", "bagit", "--to", tmp_path / "mine", "--force", root=archive)
    assert (ran.status, (tmp_path / "mine/note").read_text()) == (1, "mine")
    bag = exported(archive, tmp_path / "bag", "--language", "de")
    exported(archive, bag, "--language", "hi", "--force")
    assert {path.split("/")[0] for path in manifest(bag)} == {"hi", "images"}
