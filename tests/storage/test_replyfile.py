"""Stored replies: the original bytes and the charset of the header, in a file that any gzip reads."""

from __future__ import annotations

import gzip
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.storage import replyfile
from crawler.storage.replyfile import pack, unpack


@given(st.binary(max_size=200), st.sampled_from(["gbk", "windows-1251", "ISO-8859-1", "klingon", "x:y_z.1"]))
def test_a_reply_comes_back_with_its_charset(body: bytes, charset: str) -> None:
    packed = pack(body, charset)
    assert unpack(packed) == (body, charset)
    assert gzip.decompress(packed) == body
    assert pack(body, charset) == packed


@pytest.mark.parametrize("charset", ["", "utf-8", "UTF-8", "utf8"])
def test_utf_8_is_not_noted(charset: str) -> None:
    assert pack(b"body", charset) == gzip.compress(b"body", 6, mtime=0)
    assert unpack(pack(b"body", charset)) == (b"body", "")


def test_gzip_itself_reads_the_file(tmp_path: Path) -> None:
    path = tmp_path / "1.html.gz"
    path.write_bytes(pack(b"body", "gbk"))
    assert subprocess.run(["gzip", "-dc", path], capture_output=True, check=True).stdout == b"body"


def test_a_file_of_another_program_notes_nothing(tmp_path: Path) -> None:
    (tmp_path / "gbk").write_bytes(b"body")
    subprocess.run(["gzip", "-N", tmp_path / "gbk"], check=True)
    assert unpack((tmp_path / "gbk.gz").read_bytes()) == (b"body", "")


def test_damaged_and_too_large_replies_raise_os_error(monkeypatch: pytest.MonkeyPatch) -> None:
    packed = pack(b"body" * 100, "gbk")
    for length in range(len(packed)):
        with pytest.raises(OSError, match=r".+"):
            unpack(packed[:length])
    monkeypatch.setattr(replyfile, "MAX_BYTES", 399)
    with pytest.raises(OSError, match="larger than 399 bytes"):
        unpack(packed)
