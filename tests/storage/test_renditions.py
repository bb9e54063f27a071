"""The rendition of a picture that an archive has."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from crawler.storage import layout, renditions
from crawler.urls import PictureName

WANTED = PictureName(63, "605", "jpg")


def put(root: Path, name: PictureName) -> PictureName:
    path = root / layout.picture_path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"picture")
    return name


def test_a_wanted_rendition_stands_for_itself(tmp_path: Path) -> None:
    put(tmp_path, replace(WANTED, rendition="4"))
    assert renditions.stored(tmp_path, put(tmp_path, WANTED)) == WANTED


def test_another_rendition_of_the_same_picture_stands_in(tmp_path: Path) -> None:
    other = put(tmp_path, replace(WANTED, rendition="4"))
    assert renditions.stored(tmp_path, WANTED) == other


def test_another_picture_does_not(tmp_path: Path) -> None:
    put(tmp_path, PictureName(64, "605", "jpg"))
    assert renditions.stored(tmp_path, WANTED) is None
