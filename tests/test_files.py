"""Regular files are read; tests/storage/test_odd_entries.py tests other entries."""

from __future__ import annotations

from pathlib import Path

import pytest

from crawler import files


def test_regular_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"words")
    (tmp_path / "link").symlink_to("a")
    assert files.oddity(tmp_path / "a") == files.oddity(tmp_path / "nothing") == ""
    assert files.read_file(tmp_path / "a") == b"words"
    with files.open_file(tmp_path / "link", follow=True) as file:
        assert file.read() == b"words"
    with pytest.raises(FileNotFoundError):
        files.read_file(tmp_path / "nothing")
