"""One run at a time for an archive."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from crawler.exceptions import ArchiveInUse
from crawler.storage.lock import Lock, describe
from crawler.storage.lock import holder as holder_of

SINCE = "2023-11-14T22:13:20Z"

HOLDER = """
import sys, pathlib
from crawler.storage.lock import Lock
lock = Lock(pathlib.Path(sys.argv[1]), "the other one", "2023-11-14T22:13:20Z")
print("held", flush=True)
sys.stdin.read()
"""


def test_second_process_learns_who_holds_the_lock(tmp_path: Path) -> None:
    lock = Lock(tmp_path / ".lock", "scrapy crawl dw", SINCE)
    with pytest.raises(ArchiveInUse) as raised:
        Lock(tmp_path / ".lock", "another", SINCE)
    assert str(raised.value) == (
        f"{tmp_path} is in use by scrapy crawl dw (process {os.getpid()} on {socket.gethostname()}, since {SINCE})"
    )
    assert raised.value.exit_status == 5
    assert json.loads((tmp_path / ".lock").read_bytes())["who"] == "scrapy crawl dw"
    lock.release()


def test_released_lock_can_be_taken_and_names_no_holder(tmp_path: Path) -> None:
    Lock(tmp_path / ".lock", "a longer name than the next", SINCE).release()
    assert (tmp_path / ".lock").read_bytes() == b""
    Lock(tmp_path / ".lock", "b", SINCE).release()


def test_lock_ends_with_its_process(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / ".lock")], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    ) as other:  # fmt: skip
        assert other.stdout
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(ArchiveInUse, match=rf"the other one \(process {other.pid} on "):
            Lock(tmp_path / ".lock", "this one", SINCE)
        other.send_signal(signal.SIGKILL)
        other.wait()
    Lock(tmp_path / ".lock", "this one", SINCE).release()


@pytest.mark.parametrize(
    "holder", [b"", b"{", b"[]", b"5", b"null", b"{}", b'{"who": "x"}', b"\xff", b'{"pid": 1, "host": "h", "who": "x"}']
)  # fmt: skip
def test_holder_that_cannot_be_read_is_called_another_process(holder: bytes) -> None:
    assert describe(holder) == "another process"


def test_lock_names_a_live_holder_until_it_is_released(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    assert holder_of(path) is None
    lock = Lock(path, "this one", SINCE)
    held = holder_of(path)
    lock.release()
    assert held
    assert (held.since, held.is_alive) == (SINCE, True)
    assert held.described.startswith("this one (process ")
    assert holder_of(path) is None


@pytest.mark.parametrize("pid", ["7", 0, -1, 10**30, None, "x"])
def test_holder_with_an_invalid_process_id_is_not_called_dead(tmp_path: Path, pid: object) -> None:
    written = {"pid": pid, "host": "elsewhere", "who": "x", "since": SINCE}
    (tmp_path / ".lock").write_text(json.dumps(written), encoding="utf-8")
    found = holder_of(tmp_path / ".lock")
    assert found
    assert found.is_alive is None
