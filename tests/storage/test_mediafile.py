"""Media files: the meaning of replies, trust in partial files, and how the writer stores pieces."""

from __future__ import annotations

import errno
import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from crawler.exceptions import DiskError
from crawler.storage import disk, layout, mediafile
from crawler.storage.logline import About
from crawler.storage.mediafile import ANEW, BEGIN, TAKE, Partial, Reply
from crawler.storage.runlog import FILES_END, RunLog
from crawler.storage.writer import Piece, Whole, Writer
from crawler.urls import Sites
from tests.crawling import lines
from tests.storage.test_disk import failing

STORED = "media/701/70100073.mp4"
PARTIAL, NOTE = f"{STORED}.part", f"{STORED}.part.json"



@pytest.mark.parametrize(
    ("reply", "means"),
    [
        (Reply(206, 10, "bytes 100-109/500", '"a"', "Monday"), (TAKE, 500)),
        (Reply(206, 10, "bytes 100-109/500"), (TAKE, 500)),
        (Reply(206, 10, "bytes 100-109/500", '"b"'), (ANEW, 0)),
        (Reply(206, 10, "bytes 100-109/500", "", "Tuesday"), (ANEW, 0)),
        (Reply(206, 10, "bytes 100-109/501", '"a"'), (ANEW, 0)),
        (Reply(206, 9, "bytes 100-109/500", '"a"'), ("cut off: shorter than Content-Range", 0)),
        (Reply(206, 10, "bytes 90-99/500", '"a"'), ("status 206 with another range", 0)),
        (Reply(206, 10, "bytes 100-109/105", '"a"'), ("status 206 with another range", 0)),
        (Reply(206, 10, ""), ("status 206 without a usable Content-Range", 0)),
        (Reply(200, 600, "", '"b"'), (BEGIN, 600)),
        (Reply(416, 0, "bytes */90"), (ANEW, 0)),
        (Reply(503, 10), ("status 503", 0)),
    ],
)
def test_reply_to_a_range_request_has_this_meaning(reply: Reply, means: tuple[str, int]) -> None:
    assert mediafile.meaning(reply, Partial("u", 100, 500, '"a"', "Monday")) == means


@pytest.mark.parametrize(
    ("partial", "is_kept"),
    [
        (Partial("u", 10, 20, '"a"', ""), True),
        (Partial("u", 20, 20, "", "Monday"), True),
        (Partial("u", 10, 20, 'W/"a"', "Monday"), True),
        (Partial("u", 10, 20, 'W/"a"', ""), False),
        (Partial("u", 10, 20), False),
        (Partial("v", 10, 20, '"a"'), False),
        (Partial("u", 31, 40, '"a"'), False),
        (Partial("u", 30, 20, '"a"'), False),
    ],
)
def test_usable_note_is_read_as_written(partial: Partial, is_kept: bool) -> None:
    assert mediafile.read_note(partial.note(), "u", 30) == (partial if is_kept else Partial("u"))


WRONG_TYPES = Partial("u", 1, 2).note().replace(b'""', b"5")


@pytest.mark.parametrize("note", [b"", b"null", b"[]", b"{}", b'{"url": "u"}', b"\xff", WRONG_TYPES])
def test_damaged_note_is_ignored(note: bytes) -> None:
    assert mediafile.read_note(note, "u", 30) == Partial("u")


@pytest.mark.parametrize(
    ("start", "kind", "is_media"),
    [
        (b"\x00\x00\x00\x18ftypisom", "mp4", True),
        (b"ID3\x04", "mp3", True),
        (b"\xff\xfb\x90", "mp3", True),
        (b"\xff\xd8\xff", "mp3", False),
        (b"\xff", "mp3", False),
        (b"ID3\x04", "mp4", False),
        (b"<!DOCTYPE html>", "mp4", False),
        (b"<!DOCTYPE html>", "mp3", False),
        (b"", "mp4", False),
    ],
)
def test_media_files_are_recognised_by_their_first_bytes(start: bytes, kind: str, is_media: bool) -> None:
    assert (mediafile.problem(start, kind) == "") == is_media


WITH_MEDIA = Sites(media_hosts=frozenset({"m.example"}), takes_media=True)


@pytest.mark.parametrize(
    ("named", "asked"),
    [
        ("https://m.example/a.mp4?x=1", "https://m.example/a.mp4?x=1"),
        ("https://static.dw.com/downloads/1/a.mp4", "https://static.dw.com/downloads/1/a.mp4"),
        ("https://elsewhere.dw.com/a.mp4", None),
        ("http://m.example/a.mp4", "https://m.example/a.mp4"),
        ("https://m.example:8443/a.mp4", None),
        ("https://user@m.example/a.mp4", None),
        ("https://m.example.evil/a.mp4", None),
        ("https://evil/m.example/a.mp4", None),
        ("ftp://m.example/a.mp4", None),
        ("file:///etc/hostname", None),
        ("https://[m.example/a.mp4", None),
        ("", None),
    ],
)
def test_media_is_requested_over_https_from_allowed_hosts_only(named: str, asked: str | None) -> None:
    assert WITH_MEDIA.media_file(named) == asked
    assert Sites().media_file(named) is None
    assert replace(WITH_MEDIA, takes_media=False).media_file(named) is None
    assert asked is None or (WITH_MEDIA.allows(asked) and ("m.example" not in asked or not Sites().allows(asked)))


def test_a_mirror_stands_in_for_every_host_of_media() -> None:
    mirror = Sites(media_hosts=frozenset({"m.example"}), media="http://127.0.0.1:5", takes_media=True)
    assert mirror.media_file("https://m.example/a/b.mp4?c") == "http://127.0.0.1:5/a/b.mp4?c"
    assert mirror.media_file("https://evil.example/a.mp4") is None
    assert mirror.allows("http://127.0.0.1:5/a")
    assert not mirror.allows("http://127.0.0.1:55/a")


@pytest.mark.parametrize("path", [PARTIAL, NOTE])
def test_partial_files_are_the_archives_own(path: str) -> None:
    assert layout.is_partial(path)
    assert layout.id_of(path) is None
    assert layout.id_of(STORED) == 70100073


@pytest.mark.parametrize("call", ["open", "write", "fsync", "rename"])
def test_disk_error_leaves_the_bytes_that_the_note_counts(
    call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "runs").mkdir()
    writer = Writer(tmp_path, RunLog(tmp_path / "runs", 0))
    writer.submit([Piece(PARTIAL, b"first ", 0, b"6")]).result()
    with monkeypatch.context() as patched:
        patched.setattr(disk, f"os_{call}", failing(errno.ENOSPC))
        with pytest.raises(DiskError):
            writer.submit([Piece(PARTIAL, b"second", 6, b"12")]).result()
    writer.close()
    assert (tmp_path / PARTIAL).read_bytes()[:6] == b"first "
    assert (tmp_path / NOTE).read_bytes() == b"6"


def test_whole_file_is_renamed_then_logged_with_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    writer = Writer(tmp_path, RunLog(tmp_path / "runs", 0))
    for at, data in ((0, b"too long for it"), (3, b"al"), (0, b"vid"), (3, b"eo")):
        writer.submit([Piece(PARTIAL, data, at, b"%d" % at)]).result()
    assert lines(tmp_path / "runs" / f"{writer.log.name}{FILES_END}") == []
    said = {"path": STORED, "sha256": hashlib.sha256(b"video").hexdigest(), "bytes": 5, "kind": "media", "id": 70100073,
            "time": ""}  # fmt: skip
    assert writer.submit([Whole(STORED, About("media", 70100073))]).result() == [said]
    writer.close()
    assert (tmp_path / STORED).read_bytes() == b"video"
    assert lines(tmp_path / "runs" / f"{writer.log.name}{FILES_END}") == [said]


def test_note_is_removed_before_other_bytes_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "runs").mkdir()
    writer = Writer(tmp_path, RunLog(tmp_path / "runs", 0))
    writer.submit([Piece(PARTIAL, b"first", 0, b"5")]).result()
    with monkeypatch.context() as patched:
        patched.setattr(disk, "os_write", failing(errno.EIO))
        with pytest.raises(DiskError):
            writer.submit([Piece(PARTIAL, b"other", 0, b"5")]).result()
    writer.close()
    assert not (tmp_path / NOTE).exists()
