"""What the last verify found."""

from __future__ import annotations

from pathlib import Path

import pytest

from crawler.storage import disk, lastverify, layout
from crawler.storage.lastverify import LastVerify

FOUND = LastVerify("2026-06-01T00:00:00Z", 0, 12, 34_567)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    lastverify.write(tmp_path, LastVerify("2026-05-01T00:00:00Z", 3, 1, 2))
    lastverify.write(tmp_path, FOUND)
    assert lastverify.read(tmp_path) == FOUND


def test_without_a_verify_nothing_is_known(tmp_path: Path) -> None:
    assert lastverify.read(tmp_path) is None


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[]", "7", "{}", '{"time": 5, "damaged": 0, "files": 1, "bytes": 2}', "[" * 100_000,
        '{"time": "x", "damaged": true, "files": 1, "bytes": 2}',
        '{"time": "x", "damaged": 0, "files": 1, "bytes": 2, "more": 1}',
    ],
)  # fmt: skip
def test_a_damaged_file_says_nothing(text: str, tmp_path: Path) -> None:
    (tmp_path / layout.VERIFIED).write_text(text)
    assert lastverify.read(tmp_path) is None


def test_what_a_killed_verify_left_is_removed(tmp_path: Path) -> None:
    left = tmp_path / f"{disk.TEMPORARY_PREFIX}1-{layout.VERIFIED}"
    left.write_bytes(b"")
    lastverify.write(tmp_path, FOUND)
    assert [path.name for path in tmp_path.iterdir()] == [layout.VERIFIED]
