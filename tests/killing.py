"""Run crawls that are killed, or whose disk fails, at a chosen point, and compare archives.

`python -m tests.killing` imports the crawler once and then forks a process for each crawl. Each one is the
real `scrapy crawl`, without the second that the imports take. A fault (below) replaces the system calls of
`crawler.storage.disk`, and SQLite's commit, in that one process.
"""

from __future__ import annotations

import contextlib
import errno
import gzip
import hashlib
import importlib
import json
import os
import re
import select
import signal
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn

import pytest

ROOT = Path(__file__).resolve().parents[1]
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="waits for processes and mounts disks as Linux does")
KILL = "kill"
NO_MEMORY = "MemoryError"
PATIENCE_S = 180
"""Seconds that a test waits for things that should come at once, on a busy machine."""
SHORT = "short"


@dataclass(frozen=True)
class Fault:
    """A fault in a crawl, at the n-th call of a step.

    step: open, write, fsync, rename (of `crawler.storage.disk`) or commit. what: picture, reply, document, revision,
    unreadable, log, states, report, seal, folder; empty for any.
    when: before the call, after it, or half: a write that takes half of the bytes
    first. do: kill (SIGKILL), short (a write that takes a third of its bytes and says so), MemoryError, or an errno by name.
    stays: whether every later call of the step fails too.
    """

    step: str
    what: str = ""
    n: int = 1
    when: str = "before"
    do: str = KILL
    stays: bool = False

    def __str__(self) -> str:
        return "-".join(filter(None, (self.do, self.when, self.step, self.what, str(self.n), "stays" * self.stays)))


# --- in the crawl's process ------------------------------------------------------------------------------------------


def what_is(path: str) -> str:
    """Return what a path of an archive holds, also under its temporary name."""
    ends = {".report.json": "report", ".states.ndjson": "states", ".jsonl": "log", ".sha256": "seal"}
    folders = {"/images/": "picture", "/revisions/": "revision", "/unreadable/": "unreadable"}
    kinds = {".txt": "document", ".gz": "reply"}
    if os.path.isdir(path):
        return "folder"
    found = next((kind for end, kind in ends.items() if path.endswith(end)), "")
    found = found or next((kind for folder, kind in folders.items() if folder in path), "")
    return found or next((kind for end, kind in kinds.items() if path.endswith(end)), "other")


def path_of(descriptor: int) -> str:
    return os.readlink(f"/proc/self/fd/{descriptor}")


class Saboteur:
    """Counts the calls of a step and makes the n-th fail."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.calls = 0
        self.lock = threading.Lock()

    def install(self) -> None:
        """Wrap the system calls of `crawler.storage.disk`, and the SQLite connection of `crawler.storage.index.sqlite`."""
        from crawler.storage import disk
        from crawler.storage.index import sqlite

        flush = disk.os_fsync

        def os_open(path: Path, flags: int, mode: int = 0o777) -> int:
            descriptor: int = self.call("open", str(path), lambda: os.open(path, flags, mode))
            return descriptor

        def os_write(descriptor: int, data: memoryview) -> int:
            def write(share: int = 1) -> int:
                return os.write(descriptor, data[: max(len(data) // share, 1)])

            written: int = self.call("write", path_of(descriptor), write)
            return written

        def os_fsync(descriptor: int) -> None:
            self.call("fsync", path_of(descriptor), lambda: flush(descriptor))

        def os_rename(old: Path, new: Path) -> None:
            self.call("rename", str(new), lambda: os.rename(old, new))

        for function in (os_open, os_write, os_fsync, os_rename):
            setattr(disk, function.__name__, function)
        saboteur, connect = self, sqlite3.connect

        class Connection(sqlite3.Connection):
            def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
                statement = super().execute
                if sql != "COMMIT":
                    return statement(sql, *values)
                try:
                    cursor: sqlite3.Cursor = saboteur.call("commit", "index", lambda: statement(sql))
                    return cursor
                except OSError as error:
                    statement("ROLLBACK")  # as SQLite does when the disk fails
                    full = error.errno == errno.ENOSPC
                    raise sqlite3.OperationalError("database or disk is full" if full else "disk I/O error") from None

        def connect_here(*arguments: Any, **options: Any) -> sqlite3.Connection:
            return connect(*arguments, factory=Connection, **options)

        sqlite3.connect = connect_here  # type: ignore[assignment]
        sqlite._COMMIT_EVERY = 20  # so that a small crawl has some commits

    def call(self, step: str, path: str, do: Callable[..., Any]) -> Any:
        fault = self.fault
        if step != fault.step or fault.what not in ("", what_is(path)):
            return do()
        with self.lock:  # several threads write
            self.calls += 1
            number = self.calls
        if number < fault.n or (number > fault.n and not fault.stays):
            return do()
        if fault.do == SHORT:
            return do(3)
        if fault.when == "half":
            do(2)
        elif fault.when == "after":
            do()
        if fault.do == KILL:
            os.kill(os.getpid(), signal.SIGKILL)
        if fault.do == NO_MEMORY:
            raise MemoryError
        raise OSError(getattr(errno, fault.do), os.strerror(getattr(errno, fault.do)), path)


def serve() -> None:
    """For each line of JSON, start a crawl in a fork and print its process id. A process id is answered with its exit status,
    and a text is run as a shell command."""
    importlib.import_module("tests.preloaded")
    for line in sys.stdin:
        told = json.loads(line)
        if isinstance(told, int):
            answer = os.waitstatus_to_exitcode(os.waitpid(told, 0)[1])
        elif isinstance(told, str):
            answer = subprocess.run(["sh", "-c", told], check=False).returncode
        elif not (answer := os.fork()):
            _crawl(told)
        print(answer, flush=True)


def _crawl(told: dict[str, Any]) -> NoReturn:
    from scrapy.cmdline import execute

    status: Any = 1
    try:
        output = os.open(told["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        if told["fault"]:
            Saboteur(Fault(**told["fault"])).install()
        execute(["scrapy", *told["arguments"]])
    except SystemExit as end:
        status = end.code
    finally:
        sys.stdout.flush()
        os._exit(status or 0)


# --- in the test's process -------------------------------------------------------------------------------------------


@dataclass
class Crawl:
    """A crawl that was started. Its process is not our child, but its id is not reused before `status` was called."""

    runner: Runner
    pid: int
    output: Path
    _status: int | None = field(default=None, init=False)

    def ends_within(self, seconds: float) -> bool:
        """Wait for its end, for a limited time. Returns whether it has ended."""
        descriptor = os.pidfd_open(self.pid)
        try:
            return bool(select.select([descriptor], [], [], seconds)[0])
        finally:
            os.close(descriptor)

    def kill(self, number: int = signal.SIGKILL) -> None:
        os.kill(self.pid, number)

    @property
    def status(self) -> int:
        """Return its exit status, once it has ended; negative for a signal."""
        if self._status is None:
            if not self.ends_within(PATIENCE_S):
                self.kill()
                raise AssertionError(f"a crawl hangs:\n{self.said}")
            self._status = self.runner.tell(self.pid)
        return self._status

    @property
    def said(self) -> str:
        """Return everything it wrote to standard output and standard error."""
        return self.output.read_text()


class Runner:
    """Starts crawls. settings: of every crawl, as arguments. folder: for their output. within: a command to run them under,
    such as `unshare --mount`."""

    def __init__(self, folder: Path, settings: Iterable[str], within: Iterable[str] = ()) -> None:
        self.folder = folder
        self.settings = [*settings, *_QUICK]
        self.count = 0
        command = [*within, sys.executable, "-m", "tests.killing"]
        self.process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Runner:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.process.communicate(timeout=PATIENCE_S)

    def tell(self, told: object) -> int:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(told) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def start(self, archive: Path, *arguments: str, fault: Fault | None = None) -> Crawl:
        """Start `scrapy crawl dw` over an archive. arguments: more of them."""
        self.count += 1
        output = self.folder / f"{self.count}.output"
        command = ["crawl", "dw", "-s", f"ARCHIVE_DIR={archive}", *self.settings, *arguments]
        told = {"arguments": command, "output": str(output), "fault": asdict(fault) if fault else None}
        return Crawl(self, self.tell(told), output)

    def crawl(self, archive: Path, *arguments: str, fault: Fault | None = None) -> Crawl:
        """Run a crawl to its end."""
        crawl = self.start(archive, *arguments, fault=fault)
        assert crawl.status is not None
        return crawl

    def shell(self, command: str) -> int:
        """Run a shell command in the namespace of the crawls. Returns its exit status."""
        return self.tell(command)

    def complete(self, archive: Path, *arguments: str) -> int:
        """Run crawls until one is complete. Returns their number."""
        for count in range(1, 6):
            crawl = self.crawl(archive, *arguments)
            if crawl.status == 0:
                return count
        raise AssertionError(f"not complete after {count} runs:\n{crawl.said}")


_QUICK = [
    part
    for setting in ("DOWNLOAD_DELAY=0", "AUTOTHROTTLE_ENABLED=0", "RETRY_BACKOFF=0.01", "ARCHIVE_MIN_FREE=0")
    for part in ("-s", setting)
]


# --- comparing archives ------------------------------------------------------------------------------------

_NOT_CONTENT = ("runs/", "index.sqlite", ".lock")


def files(archive: Path) -> dict[str, bytes]:
    """Return every file except logs, index and lock, by path."""
    found = {str(path.relative_to(archive)): path for path in sorted(archive.rglob("*")) if path.is_file()}
    return {name: path.read_bytes() for name, path in found.items() if not name.startswith(_NOT_CONTENT)}


def content(archive: Path) -> Counter[tuple[str, bytes]]:
    """Return what must be the same after any interruptions of a crawl: paths and bytes, without stamps.

    A stamp is the first line of a document and the name of a revision.
    """
    return Counter(
        (re.sub(r"^(revisions/\d+/)\d+", r"\1", name), data.split(b"\n", 1)[1] if name.endswith(".txt") else data)
        for name, data in files(archive).items()
    )


def differences(archive: Path, other: Path) -> list[str]:
    """Return how two archives differ in `content` and `objects`."""
    ours, others = content(archive), content(other)
    found = [f"only here: {name} {data[:300]!r}" for name, data in ours - others]
    found += [f"only there: {name} {data[:300]!r}" for name, data in others - ours]
    return found + [f"{row}" for row in sorted(set(objects(archive)) ^ set(objects(other)), key=str)]


def objects(archive: Path) -> list[tuple[Any, ...]]:
    """Return the index's rows of all objects, without times that are not DW's and without numbers of tries."""
    with contextlib.closing(sqlite3.connect(archive / "index.sqlite")) as db:
        return db.execute(
            "SELECT id, rendition, kind, state, reason, language, hop, path, url, target,"
            " CASE published_ms WHEN stamp_ms THEN NULL ELSE published_ms END FROM objects ORDER BY 1, 2"
        ).fetchall()


def problems(archive: Path, *, complete: bool = True) -> list[str]:
    """Return all differences between the files and run logs of an archive; the last line of a path counts.

    complete: whether the last run was. A failed one may leave whole files without a line, which the next run adopts.
    """
    logged = {}
    for log in sorted(archive.glob("runs/*.jsonl")):
        for line in log.read_bytes().split(b"\n")[:-1]:  # the part after the last line end was cut off
            record = json.loads(line)
            logged[record["path"]] = (record["sha256"], record["bytes"])
    there = files(archive)
    found = [f"temporary: {path}" for path in archive.rglob(".tmp-*")]
    found += [f"lost: {path}" for path in logged if path not in there]
    found += [f"in no log: {path}" for path in there if complete and path not in logged]
    found += [
        f"not as logged: {path}"
        for path, data in there.items()
        if path in logged and (hashlib.sha256(data).hexdigest(), len(data)) != logged[path]
    ]
    return found + [f"half: {path}" for path in half_written(archive)]


def half_written(archive: Path) -> list[str]:
    """Return the files that have a final name but are not whole by their own format."""
    found = []
    for name, data in files(archive).items():
        if name.endswith(".gz"):
            try:
                gzip.decompress(data)
            except (OSError, EOFError):
                found.append(name)
        elif (name.endswith(".txt") and data.count(b"\n") != 5) or not data:
            found.append(name)
    return [name for name in found if "/.tmp-" not in name]


if __name__ == "__main__":
    serve()
