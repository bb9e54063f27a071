"""Run a real crawl of the stand-in in a process of its own, and collect files, report and requests.

The clock of a command stands still.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import gzip
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from crawler import seedfile
from crawler.seedfile import SeedDocument
from crawler.storage import layout, runlog
from tests.dwsite.client import Site

ROOT = Path(__file__).parents[1]
DAY_MS = 86_400_000
NOW_MS = 1_780_272_000_000
"""2026-06-01T00:00:00Z: the time of every crawl. All documents of the stand-in are too old by then to be checked again."""

QUICK = {"DOWNLOAD_DELAY": 0, "AUTOTHROTTLE_ENABLED": 0, "RETRY_BACKOFF": 0.01, "ARCHIVE_MIN_FREE": 0}
PATIENCE_S = 180
"""Seconds that a test waits at most for something that usually takes a moment, for a busy machine."""

Seeds = str | Path | Iterable[int]


def at_ms(date: str) -> int:
    """Milliseconds since 1970-01-01 UTC of a date or time in ISO form."""
    return int(datetime.fromisoformat(f"{date}T00:00:00+00:00" if len(date) == 10 else date).timestamp() * 1000)


@functools.cache
def _site() -> Site:
    site = Site()
    atexit.register(site.close)
    return site


def fresh_site() -> Site:
    """The stand-in of this test process, as at its start."""
    site = _site()
    site.reset()
    return site


@dataclass
class Outcome:
    """The result of a crawl. files: bytes by path, without logs, index and lock. log, states: lines of the run's logs.
    requests: as the stand-in saw them, robots.txt left out."""

    status: int
    stdout: str
    stderr: str
    root: Path
    report: dict[str, Any]
    log: list[dict[str, Any]]
    states: list[dict[str, Any]]
    requests: list[dict[str, Any]] = field(repr=False)
    files: dict[str, bytes] = field(repr=False)

    @property
    def documents(self) -> dict[int, str]:
        """Path by id of every document."""
        found = {int(layout.id_of(path) or 0): path for path in self.files if layout.is_document(path)}
        assert len(found) == sum(map(layout.is_document, self.files)), "an article lies under two paths"
        return found

    def document(self, dw_id: int) -> SeedDocument:
        return seedfile.loads(self.files[self.documents[dw_id]])

    def reply(self, dw_id: int) -> bytes:
        """Return the reply beside a document, unpacked."""
        return gzip.decompress(self.files[layout.reply_path(self.documents[dw_id])])

    @property
    def pictures(self) -> dict[str, bytes]:
        """Bytes by file name of every picture."""
        return {path.rpartition("/")[2]: data for path, data in self.files.items() if path.startswith("images/")}

    @property
    def revisions(self) -> list[str]:
        return sorted(path for path in self.files if path.startswith("revisions/"))

    def asked(self, host: str | None = None) -> Counter[str]:
        """Return how often each path was requested."""
        return Counter(request["path"] for request in self.requests if host in (None, request["host"]))

    def articles_asked(self) -> Counter[int]:
        """Return how often each id was requested as an article."""
        return Counter({int(path.rpartition("/")[2]): n for path, n in self.asked("api").items() if "/detail/article/" in path})

    def state_of(self, dw_id: int, rendition: str = "") -> tuple[str, str]:
        """(state, reason) of an object in the index."""
        import sqlite3

        with contextlib.closing(sqlite3.connect(self.root / layout.INDEX)) as db:
            row = db.execute("SELECT state, reason FROM objects WHERE id = ? AND rendition = ?", (dw_id, rendition)).fetchone()
        return tuple(row) if row else ("", "")


def seeds_argument(seeds: Seeds) -> str:
    """Return a `seeds` argument; ids become the addresses of articles."""
    if isinstance(seeds, str | Path):
        return str(seeds)
    return ",".join(f"https://www.dw.com/en/any/a-{dw_id}" for dw_id in seeds)


class Command:
    """`scrapy {words}` under way in a process of its own, forked off one that has Scrapy loaded already.

    now_ms: where its clock stands still. stdin: what it may read. env: variables of the environment beside ours.
    strict: whether a warning is an error.
    """

    def __init__(
        self, *words: object, now_ms: int = NOW_MS, stdin: bytes = b"", env: dict[str, str] | None = None, strict: bool = True
    ) -> None:
        self._folder = tempfile.TemporaryDirectory()
        streams = Path(self._folder.name)
        (streams / "0").write_bytes(stdin)
        arguments = ["scrapy", *map(str, words)]
        self._process = _FORKS.Process(target=_forked, args=(arguments, now_ms, streams, env or {}, strict))
        self._process.start()
        self.pid = self._process.pid

    def is_running(self) -> bool:
        return self._process.is_alive()

    def interrupt(self) -> None:
        """Send SIGINT again and again until the end."""
        assert self.pid is not None
        while self.is_running():
            os.kill(self.pid, signal.SIGINT)
            self._process.join(0.2)

    def finish(self) -> subprocess.CompletedProcess[str]:
        """Wait for the end."""
        self._process.join(PATIENCE_S)
        is_stuck, status = self.is_running(), self._process.exitcode
        if is_stuck:
            self._process.kill()
            self._process.join()
        self._process.close()
        stdout, stderr = ((Path(self._folder.name) / name).read_text(encoding="utf-8") for name in "12")
        self._folder.cleanup()
        assert not is_stuck, f"the command does not end:\n{stderr}"
        return subprocess.CompletedProcess([], -1 if status is None else status, stdout, stderr)


def options(settings: dict[str, Any]) -> list[str]:
    """Settings as arguments of a command."""
    return [part for name, value in settings.items() for part in ("-s", f"{name}={value}")]


class Running:
    """A crawl under way, in a process of its own.

    arguments: spider arguments, `depth=0`. now_ms: where the crawl's clock stands still. stdin: what it may read.
    """

    def __init__(
        self, root: Path, seeds: Seeds, *arguments: str, site: Site, now_ms: int = NOW_MS,
        settings: dict[str, Any] | None = None, stdin: bytes = b"",
    ) -> None:  # fmt: skip
        self.root, self.site = root, site
        given = {**QUICK, "ARCHIVE_DIR": root, **site.settings, **(settings or {})}
        words = [part for argument in (f"seeds={seeds_argument(seeds)}", *arguments) for part in ("-a", argument)]
        self._command = Command("crawl", "dw", *words, *options(given), now_ms=now_ms, stdin=stdin)
        self.pid = self._command.pid

    def is_running(self) -> bool:
        return self._command.is_running()

    def signal(self, number: signal.Signals, when: Callable[[], bool]) -> None:
        """Send a signal as soon as a condition is true."""
        deadline = time.monotonic() + PATIENCE_S
        while not when():
            assert self.is_running(), "the crawl ended before it could be interrupted"
            assert time.monotonic() < deadline, "timeout: the expected event did not happen"
        assert self.pid is not None
        os.kill(self.pid, number)

    def finish(self) -> Outcome:
        """Wait for the end, and return the result."""
        ended = self._command.finish()
        runs = self.root / "runs"
        newest = max((path.name.split(".")[0] for path in runs.glob("*Z.*")), default="")
        report = runs / f"{newest}.report.json"
        return Outcome(
            ended.returncode, ended.stdout, ended.stderr, self.root,
            json.loads(report.read_bytes()) if report.exists() else {},
            lines(runs / f"{newest}.jsonl"), lines(runs / f"{newest}.states.ndjson"),
            [request for request in self.site.requests() if request["path"] != "/robots.txt"], files(self.root),
        )  # fmt: skip


def crawl(root: Path, seeds: Seeds, *arguments: str, site: Site, **options: Any) -> Outcome:
    """Crawl the stand-in from start to end, as in Running; its list of requests holds only those of this crawl."""
    site.forget()
    return Running(root, seeds, *arguments, site=site, **options).finish()


def _forked(arguments: list[str], now_ms: int, streams: Path, env: dict[str, str], strict: bool) -> None:
    """Run as `scrapy` with standard streams of its own."""
    os.chdir(ROOT)
    os.environ.update(env)
    for number, flags in enumerate((os.O_RDONLY, os.O_WRONLY | os.O_CREAT, os.O_WRONLY | os.O_CREAT)):
        os.dup2(os.open(streams / str(number), flags), number)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115
    for name, number, errors in (("stdout", 1, "strict"), ("stderr", 2, "backslashreplace")):  # as Python opens them
        setattr(sys, name, open(number, "w", encoding="utf-8", errors=errors, buffering=1, closefd=False))  # noqa: SIM115
    from scrapy.cmdline import execute

    from crawler import clock

    sys.argv = arguments
    clock.now_ms = lambda: now_ms
    if strict:
        warnings.simplefilter("error")
    execute(arguments)


_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.preloaded", "tests.crawling"])


def lines(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a log, [] if it is missing. All must be whole."""
    found = list(runlog.lines(path)) if path.exists() else []
    assert not [line.problem for line in found if line.problem]
    return [record for line in found for record in line.records]


def files(root: Path) -> dict[str, bytes]:
    """Return the bytes of all files by path, except logs, index and lock; files that must not exist included."""
    others = ("runs/", "index.sqlite", ".lock")
    return {path: (root / path).read_bytes() for path in _paths(root) if not path.startswith(others)}


def _paths(root: Path) -> Iterator[str]:
    if root.exists():
        yield from sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())
