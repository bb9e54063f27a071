"""Writing files into the archive: what is on disk, in which order, and what is left if the disk fails."""

from __future__ import annotations

import errno
import gzip
import hashlib
import json
import os
import pkgutil
import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any

import pytest

from crawler.exceptions import DiskError
from crawler.storage import disk
from crawler.storage.logline import About
from crawler.storage.runlog import FILES_END, STATES_END, RunLog
from crawler.storage.writer import NewFile, Writer
from tests.conftest import NOW_MS
from tests.storage.test_disk import calls_of, failing, short_write

RUN = "20231114T221320Z"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "runs").mkdir()
    return tmp_path


@pytest.fixture
def writer(root: Path) -> Iterator[Writer]:
    writer = Writer(root, RunLog(root / "runs", NOW_MS))
    yield writer
    writer.close()


def new(path: str = "zh/2023/11/7-a.txt", data: bytes = b"words", **more: Any) -> NewFile:
    return NewFile(path, data, About("article", 7), **more)


def lines(root: Path, end: str = FILES_END) -> list[dict[str, Any]]:
    path = root / "runs" / (RUN + end)
    found = [json.loads(line) for line in path.read_bytes().splitlines()] if path.exists() else []
    return [{key: value for key, value in record.items() if key != "crc32"} for record in found]


def files(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file() and path.parent != root / "runs")


# ---- storing --------------------------------------------------------------------------------------------------------


def test_log_line_matches_the_file(root: Path, writer: Writer) -> None:
    records = writer.submit([new()], [{"state": "missing", "kind": "article", "id": 9}]).result()
    digest = hashlib.sha256(b"words").hexdigest()
    said = {"path": "zh/2023/11/7-a.txt", "sha256": digest, "bytes": 5, "kind": "article", "id": 7, "time": ""}
    assert records == [said, {"state": "missing", "kind": "article", "id": 9}]
    assert lines(root) == [said]
    assert lines(root, STATES_END) == [{"state": "missing", "kind": "article", "id": 9}]
    assert (root / said["path"]).read_bytes() == b"words"  # type: ignore[operator]
    assert files(root) == ["zh/2023/11/7-a.txt"]


def test_same_reply_always_gives_the_same_bytes(root: Path, writer: Writer) -> None:
    writer.submit([new("a/7.json.gz", b"reply" * 50, compress=True), new("b/7.json.gz", b"reply" * 50, compress=True)]).result()
    data = (root / "a/7.json.gz").read_bytes()
    assert data == (root / "b/7.json.gz").read_bytes()
    assert data[4:8] == b"\x00" * 4  # mtime, RFC 1952
    assert gzip.decompress(data) == b"reply" * 50
    assert lines(root)[0]["sha256"] == hashlib.sha256(data).hexdigest()


def test_states_alone_make_no_log_of_files(root: Path, writer: Writer) -> None:
    assert writer.submit([], [{"state": "gone"}]).result() == [{"state": "gone"}]
    assert writer.submit([]).result() == []
    assert os.listdir(root / "runs") == [f"{RUN}{STATES_END}"]


def test_files_are_written_in_a_fixed_order(root: Path, writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    writer.submit([], [{"state": "gone", "kind": "article", "id": 9}]).result()
    noted = calls_of(monkeypatch)
    names = ["images/0/1_303.jpg", "zh/7-a.json.gz", "revisions/7/5.txt", "zh/7-a.txt"]
    writer.submit([new(name) for name in names], [{"state": "y"}]).result()

    def places(call: str, *ends: str) -> list[int]:
        return [place for place, (made, name) in enumerate(noted) if made == call and name.endswith(ends)]

    renames = places("rename", "")
    temporaries = tuple(name.split("/")[-1] for name in names)
    flushes = [p for p in places("fsync", *temporaries) if noted[p][1].startswith(disk.TEMPORARY_PREFIX)]
    assert len(flushes) == len(renames) == 4
    assert max(flushes) < min(renames), "a rename before a flush"
    assert [noted[place][1] for place in renames] == ["5.txt", "1_303.jpg", "7-a.json.gz", "7-a.txt"]
    folders = [places("fsync", folder)[-1] for folder in ("0", "7", "zh")]
    log_write, log_flush = places("write", ".jsonl")[0], places("fsync", ".jsonl")[0]
    assert max(renames) < max(folders) < log_write < log_flush, "a log line before a name is durable"
    assert places("rename", "5.txt")[0] < folders[1] < places("rename", "7-a.txt")[0], "the old version is durable first"
    assert log_flush < places("write", STATES_END)[0]


def test_jobs_submitted_together_are_stored_together(root: Path, writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    go = threading.Event()

    def wait(*arguments: Any) -> int:
        go.wait(60)
        return os.open(*arguments)

    monkeypatch.setattr(disk, "os_open", wait)
    jobs = [writer.submit([new(f"zh/{number}.txt")]) for number in range(1, 11)]
    noted = calls_of(monkeypatch)
    monkeypatch.setattr(disk, "os_open", wait)
    go.set()
    assert [job.result()[0]["path"] for job in jobs] == [f"zh/{number}.txt" for number in range(1, 11)]
    assert len(lines(root)) == 10
    assert sum(call == "write" and name.endswith(".jsonl") for call, name in noted) <= 2


def test_more_than_a_group_is_stored(root: Path, writer: Writer) -> None:
    jobs = [writer.submit([new(f"zh/{number}.txt")]) for number in range(1, 201)]
    for job in jobs:
        job.result()
    assert len(files(root)) == len(lines(root)) == 200


def test_submitted_jobs_are_finished_before_the_end(root: Path) -> None:
    writer = Writer(root, RunLog(root / "runs", NOW_MS))
    jobs = [writer.submit([new(f"zh/{number}.txt")]) for number in range(1, 101)]
    writer.close()
    assert all(job.done() for job in jobs)
    assert len(lines(root)) == 100


def test_cancelled_task_stores_nothing(root: Path, writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    go, reached = threading.Event(), threading.Event()

    def wait(*arguments: Any) -> int:
        reached.set()
        go.wait(60)
        return os.open(*arguments)

    monkeypatch.setattr(disk, "os_open", wait)
    first = writer.submit([new("zh/1.txt")])
    reached.wait(60)
    second = writer.submit([new("zh/2.txt")])
    assert second.cancel()
    go.set()
    first.result()
    with pytest.raises(CancelledError):
        second.result()
    writer.submit([new("zh/3.txt")]).result()
    assert files(root) == ["zh/1.txt", "zh/3.txt"]


# ---- the disk fails -----------------------------------------------------------------------------------------------


def test_short_writes_lose_nothing(root: Path, writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "os_write", short_write)
    writer.submit([new(data=b"words" * 99), new("zh/8.txt")], [{"state": "gone", "kind": "article", "id": 9}]).result()
    assert (root / "zh/2023/11/7-a.txt").read_bytes() == b"words" * 99
    assert len(lines(root)) == 2
    assert lines(root, STATES_END) == [{"state": "gone", "kind": "article", "id": 9}]


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC])
@pytest.mark.parametrize("call", ["open", "write", "fsync", "rename"])
@pytest.mark.parametrize("nth", range(6))
def test_failing_call_leaves_whole_files_or_none(
    root: Path, writer: Writer, monkeypatch: pytest.MonkeyPatch, call: str, number: int, nth: int
) -> None:
    """The nth call of its kind and all later ones fail. Every file with a final name is whole."""
    writer.submit([new("zh/1.txt")], [{"state": "gone", "kind": "article", "id": 9}]).result()
    real, made = getattr(os, call), iter(range(10**6))
    monkeypatch.setattr(disk, f"os_{call}", lambda *args: (real if next(made) < nth else failing(number))(*args))
    wanted = {f"zh/{name}.txt": f"words {name}".encode() * 50 for name in (2, 3, 4)}
    job = writer.submit([new(path, data) for path, data in wanted.items()])
    failure = job.exception()
    found = files(root)
    assert not any(disk.TEMPORARY_PREFIX in path for path in found)
    for path in found:
        assert (root / path).read_bytes() == (wanted.get(path) or b"words")
    logged = {line["path"] for line in lines(root)}
    assert logged <= set(found)
    if failure is None:
        assert logged == {"zh/1.txt", *wanted}
        return
    assert logged == {"zh/1.txt"}
    assert isinstance(failure, DiskError)
    assert failure.exit_status == 6
    assert os.strerror(number) in str(failure)
    assert isinstance(failure.__cause__, OSError)


def test_after_the_first_failure_nothing_more_is_written(
    root: Path, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(disk, "os_fsync", failing(errno.ENOSPC))
        first = writer.submit([new("zh/1.txt")]).exception()
    second = writer.submit([new("zh/2.txt")]).exception()
    assert first is second is writer.failure
    assert files(root) == []
    assert lines(root) == []


def test_programming_error_is_not_a_disk_error(root: Path, writer: Writer) -> None:
    job = writer.submit([], [{"state": object()}])
    assert isinstance(job.exception(), TypeError)
    assert writer.failure is None
    assert writer.submit([new("zh/1.txt")]).result()
    assert json.loads((root / "runs" / f"{RUN}.jsonl").read_bytes())["path"] == "zh/1.txt"


# ---- other failures ---------------------------------------------------------------------------------------

STEPS = {
    "gzip": ("crawler.storage.replyfile.gzip.compress",), "sha256": ("crawler.storage.writer.hashlib.sha256",),
    "open": ("crawler.storage.disk.os_open",), "write": ("crawler.storage.disk.os_write",),
    "fsync": ("crawler.storage.disk.os_fsync",),
    "rename": ("crawler.storage.disk.os_rename",), "JSON": ("crawler.storage.runlog._as_json",),
    "thread": ("threading.Thread.start",),
    "gather": ("crawler.storage.writer.Writer._gather",), "layout": ("crawler.storage.writer.layout.is_revision",),
    "mkdir": ("pathlib.Path.mkdir",), "flush of a folder": ("crawler.storage.disk.sync_folders",),
}  # fmt: skip
ERRORS = [MemoryError(), RuntimeError("can't start new thread"), OSError(errno.EIO, "Input/output error"), SystemExit(),
          RecursionError("too deep"), KeyError("words")]  # fmt: skip


@pytest.mark.parametrize("nth", range(4))
@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("step", STEPS)
def test_any_failure_leaves_no_temporary_file(
    root: Path, monkeypatch: pytest.MonkeyPatch, step: str, error: BaseException, nth: int
) -> None:
    """The nth call of its kind and all later ones fail."""
    writer = Writer(root, RunLog(root / "runs", NOW_MS))
    writer.submit([new("zh/1.txt")], [{"state": "x"}]).result()
    real, made = pkgutil.resolve_name(STEPS[step][0]), iter(range(10**6))

    def fail(*args: Any, **named: Any) -> Any:
        if next(made) < nth:
            return real(*args, **named)
        raise error

    wanted = {f"zh/{name}/{name}.gz": f"words {name}".encode() * 50 for name in (2, 3, 4, 5, 6)}
    with monkeypatch.context() as patched:
        patched.setattr(STEPS[step][0], fail)
        first = writer.submit([new(path, data, compress=True) for path, data in wanted.items()], [{"state": "y"}])
        raised = first.exception(30)
    found, logged = files(root), {line["path"] for line in lines(root)}
    assert not [path for path in found if disk.TEMPORARY_PREFIX in path]
    assert logged <= set(found)
    assert all(gzip.decompress((root / path).read_bytes()) == wanted[path] for path in found if path in wanted)
    if raised is None:
        assert logged == {"zh/1.txt", *wanted}
        writer.close()
        return
    assert isinstance(raised, DiskError)
    assert raised is writer.failure is writer.submit([new("zh/9.txt")]).exception(30)
    assert str(raised)
    assert logged in ({"zh/1.txt"}, {"zh/1.txt", *wanted})
    assert not (root / "zh/9.txt").exists()
    writer.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("archive-")]


def test_no_thread_for_the_writer_is_a_disk_error(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", fail)
    with pytest.raises(DiskError, match="can't start new thread"):
        Writer(root, RunLog(root / "runs", NOW_MS))


def test_bug_leaves_nothing_behind(root: Path, writer: Writer) -> None:
    wrong = writer.submit([NewFile("zh/1.txt", b"words", About("article", object()))], [{"state": "x"}])  # type: ignore[arg-type]
    right = writer.submit([new("zh/2.txt")])
    assert isinstance(wrong.exception(), TypeError)
    assert right.result()
    assert files(root) == ["zh/2.txt"]
    assert not (root / "runs" / f"{RUN}{STATES_END}").exists()


def test_log_takes_text_that_has_no_utf_8(root: Path, writer: Writer) -> None:
    states = [{"state": "missing", "url": "https://www.dw.com/\ud83d", "reason": "\udcff"}]
    writer.submit([], states).result()
    assert lines(root, STATES_END) == states
