"""The folder of a site: what is written, linked and removed in it."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from crawler.reader.output import OWN, Folder, NotASite, require_site


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    made = Folder(tmp_path / "site")
    made.begin()
    return made


def test_a_file_is_written_once(folder: Folder) -> None:
    assert folder.write("en/2026/7.html", b"page")
    assert not folder.write("en/2026/7.html", b"page")
    assert folder.write("en/2026/7.html", b"another")
    assert (folder.root / "en/2026/7.html").read_bytes() == b"another"


@pytest.mark.parametrize("copies", [False, True])
def test_a_picture_is_linked_or_copied(copies: bool, tmp_path: Path) -> None:
    picture = tmp_path / "63_303.jpg"
    picture.write_bytes(b"picture")
    made = Folder(tmp_path / "site", copies=copies)
    made.begin()
    made.take(picture, "images/0/63_303.jpg")
    taken = made.root / "images/0/63_303.jpg"
    assert taken.read_bytes() == b"picture"
    assert taken.samefile(picture) == (not copies)


def test_a_picture_is_copied_where_no_links_can_be_made(
    folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*rest: object, **more: object) -> None:
        raise OSError(errno.EXDEV, "another disk")

    (tmp_path / "a.jpg").write_bytes(b"picture")
    monkeypatch.setattr(os, "link", refuse)
    folder.take(tmp_path / "a.jpg", "a.jpg")
    assert (folder.root / "a.jpg").read_bytes() == b"picture"


def test_a_link_is_not_followed(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").symlink_to("/etc/passwd")
    with pytest.raises(OSError, match="not a file"):
        folder.take(tmp_path / "a.jpg", "a.jpg")


def test_folders_that_become_empty_go_with_their_last_file(folder: Folder) -> None:
    folder.write("en/2026/7.html", b"page")
    folder.write("en/8.html", b"page")
    folder.remove("en/2026/7.html")
    folder.remove("en/2026/7.html")
    assert sorted(path.name for path in (folder.root / "en").iterdir()) == ["8.html"]
    folder.remove("en/8.html")
    assert not (folder.root / "en").exists()


def test_a_file_in_the_place_of_a_folder_counts_as_something_there(folder: Folder) -> None:
    folder.write("en", b"a file")
    assert folder.has("en")
    assert folder.has("en/7.html")
    assert not folder.has("zh/7.html")


def test_what_a_kill_left_is_removed_and_nothing_remains(folder: Folder) -> None:
    left = folder.root / OWN / "new" / "left"
    left.write_bytes(b"")
    folder.begin()
    assert not left.exists()
    folder.close()
    assert list((folder.root / OWN).iterdir()) == []


def test_a_folder_with_other_things_is_refused(tmp_path: Path) -> None:
    require_site(tmp_path / "none")
    require_site(tmp_path)
    (tmp_path / "thesis.doc").write_text("mine")
    with pytest.raises(NotASite, match=r"thesis\.doc"):
        Folder(tmp_path)
    with pytest.raises(NotASite, match="not a folder"):
        Folder(tmp_path / "thesis.doc")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.doc"]
