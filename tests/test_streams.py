"""Closed, broken, full and ASCII standard streams, and folders whose names are not UTF-8: no command prints a traceback.

Each command is a process of its own, as a shell or cron starts it.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crawler import streams
from crawler.upkeep.verify import verify
from tests.crawling import PATIENCE_S, ROOT
from tests.dwsite import articles as dw
from tests.dwsite.client import Site
from tests.helpers_commands import archive_of, document, write
from tests.shares import share

TITLE = "Größe 大量移民 \U0001f600"
NUMBER = 70000001
SCRAPY = Path(sys.executable).parent / "scrapy"


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Site() as running:
        yield running


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An archive in a folder whose name is not UTF-8."""
    old, new = document(title=TITLE, stamp_ms=1_000_000_000_000), document(title=TITLE, body="<p>Größer.</p>")
    return archive_of(tmp_path / "archive\udcff\udce4 ?#%41", old, new)


SEED = f"seeds=https://www.dw.com/de/x/a-{dw.GERMAN}"
COMMANDS: dict[str, tuple[str, ...]] = {
    "status": (), "status json": ("--json",), "status runs": ("--runs",), "verify": (), "verify json": ("--json",),
    "repair": (), "reindex": (), "reread": (), "reread dry": ("--dry-run",), "new-seeds": (), "new-seeds json": ("--json",),
    "new-seeds to": ("--to", "{root}/../sëeds"), "diff": (str(NUMBER),), "diff json": (str(NUMBER), "--json"),
    "add": ("{root}/../a seed.txt",), "crawl": ("dw", "-a", f"{SEED},{{root}}/../nöne", "-a", "depth=0"),
    "crawl dry": ("dw", "-a", SEED, "-a", "dry_run=1"), "crawl dry json": ("dw", "-a", SEED, "-a", "dry_run=json"),
}  # fmt: skip


def start(command: str, root: Path, site: Site, **streams: Any) -> subprocess.Popen[bytes]:
    """Start a command of the table. streams: as for Popen; `closed` names the closed ones, `encoding` is their encoding."""
    write(root.parent / "a seed.txt", document(NUMBER + 1, title=TITLE))
    closed, encoding = str(streams.pop("closed", "")), str(streams.pop("encoding", ""))
    options = ["-s", f"ARCHIVE_DIR={root}", "-s", "ARCHIVE_MIN_FREE=0", *site.settings_args, "-s", "DOWNLOAD_DELAY=0",
               "-s", "AUTOTHROTTLE_ENABLED=0"]  # fmt: skip
    words = [word.format(root=root) for word in COMMANDS[command]]
    shell = "exec " + '"$@" ' + "".join({"0": "<&- ", "1": ">&- ", "2": "2>&- "}[number] for number in closed)
    environment = {**os.environ, "PYTHONWARNINGS": "error", **({"PYTHONIOENCODING": encoding} if encoding else {})}
    given = ["sh", "-c", shell, "sh", str(SCRAPY), command.split()[0], *words, *options]
    return subprocess.Popen(given, cwd=ROOT, env=environment, **streams)


def is_quiet(said: bytes) -> bool:
    """Whether the output of a command has no message of Python's own."""
    return not any(word in said for word in (b"Traceback", b"Exception ignored", b"Logging error", b"UnicodeEncodeError"))


@pytest.mark.parametrize("command", share(COMMANDS, 3))
def test_output_is_ascii_if_the_stream_is(command: str, root: Path, site: Site) -> None:
    process = start(command, root, site, encoding="ascii:strict", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, err
    assert is_quiet(out + err), err
    assert out.isascii()
    assert err.isascii()
    if "json" in command:
        assert all(isinstance(json.loads(line), dict) for line in out.splitlines())
    if command == "new-seeds json":
        assert TITLE in [json.loads(line)["title"] for line in out.splitlines()]


@pytest.mark.parametrize("command", share(COMMANDS, 3, 1))
def test_command_works_with_closed_streams(command: str, root: Path, site: Site) -> None:
    """Messages never go into the archive, although the system gives a closed stream's number to the next file."""
    before = {path: path.read_bytes() for path in root.glob("en/**/*.txt")}
    assert start(command, root, site, closed="012").wait(PATIENCE_S) == 0
    assert {path: path.read_bytes() for path in before} == before
    assert verify(root).is_sound


CLOSED = [("crawl", "01"), ("status", "01"), ("crawl dry json", "02"), ("status json", "2")]


@pytest.mark.parametrize(("command", "closed"), CLOSED)
def test_output_to_a_closed_stream_appears_nowhere_else(command: str, closed: str, root: Path, site: Site) -> None:
    stream = {"stderr": subprocess.PIPE} if "1" in closed else {"stdout": subprocess.PIPE}
    process = start(command, root, site, closed=closed, **stream)
    out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, err
    assert is_quiet((out or b"") + (err or b"")), err
    if out is not None:  # and nothing but the result
        assert all(isinstance(json.loads(line), dict) for line in out.splitlines())


@contextlib.contextmanager
def broken_pipe() -> Iterator[int]:
    """The write end of a pipe without a reader."""
    reader, writer = os.pipe()
    os.close(reader)
    yield writer
    os.close(writer)


@pytest.mark.parametrize("command", share(COMMANDS, 3, 2))
def test_command_survives_a_closed_pipe(command: str, root: Path, site: Site) -> None:
    with broken_pipe() as pipe:
        process = start(command, root, site, stdout=pipe, stderr=subprocess.PIPE)
        _, err = process.communicate(timeout=PATIENCE_S)
        assert is_quiet(err), err
        assert process.returncode == 0, err


def test_crawl_survives_a_closed_pipe_for_its_log(root: Path, site: Site) -> None:
    with broken_pipe() as pipe:
        assert start("crawl", root, site, stdout=pipe, stderr=pipe).wait(PATIENCE_S) == 0
    assert list(root.glob("runs/*.report.json"))


@pytest.mark.parametrize("command", ["status json", "verify", "new-seeds", "crawl", "crawl dry"])
def test_command_reports_that_standard_output_is_full(command: str, root: Path, site: Site) -> None:
    with open("/dev/full", "wb") as full:
        process = start(command, root, site, stdout=full, stderr=subprocess.PIPE)
        _, err = process.communicate(timeout=PATIENCE_S)
        assert is_quiet(err), err
        writes = command != "crawl"  # its result is the archive
        assert process.returncode == (6 if writes else 0), err
        assert (b"No space left on device" in err) == writes


def test_crawl_survives_a_full_disk_for_its_log(root: Path, site: Site) -> None:
    with open("/dev/full", "wb") as full:
        assert start("crawl", root, site, stdout=full, stderr=full).wait(PATIENCE_S) == 0


MISTAKES = [(), ("nonsense",), ("status", "--help"), ("crawl", "dw", "-a", "depth=ÿ")]
HOW = ["closed", "broken", "full", "ascii"]


@pytest.mark.parametrize(("how", "arguments"), share(itertools.product(HOW, MISTAKES), 5), ids=str)
def test_help_and_errors_survive_broken_streams_too(how: str, arguments: tuple[str, ...]) -> None:
    environment = {**os.environ, **({"PYTHONIOENCODING": "ascii"} if how == "ascii" else {})}
    shell = 'exec "$@"' + (" >&- <&-" if how == "closed" else " >/dev/full" if how == "full" else "")
    with broken_pipe() as pipe:
        process = subprocess.Popen(
            ["sh", "-c", shell, "sh", SCRAPY, *arguments], cwd=ROOT, env=environment, stderr=subprocess.PIPE,
            stdout=pipe if how == "broken" else subprocess.PIPE,
        )  # fmt: skip
        out, err = process.communicate(timeout=PATIENCE_S)
    assert is_quiet((out or b"") + err), err


@pytest.mark.parametrize(("term", "is_terminal", "is_live"), [
    ("xterm-256color", True, True), ("", True, True), ("dumb", True, False), ("xterm", False, False),
])  # fmt: skip
def test_only_a_terminal_that_can_write_over_a_line_is_live(
    term: str, is_terminal: bool, is_live: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", term)
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: is_terminal)
    assert streams.is_live(stream) == is_live
    streams.clear_line(stream)
    assert bool(stream.getvalue()) == is_live
