"""Run a command and measure its time, its cost, and how it ended."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_SAMPLE_S = 0.2
_PAGE = resource.getpagesize()


@dataclass(frozen=True)
class Run:
    """A measured run.

    seconds: wall clock from start to end. cpu_s: user and system time, with every child that was waited for. peak_bytes:
    resident memory of all processes together. status: exit status, negative for a signal.
    """

    seconds: float
    cpu_s: float
    peak_bytes: int
    status: int


def run(command: list[str], folder: Path, *, kill_after_s: float = 0, limit_s: float = 900) -> Run:
    """Run a command in a folder to its end. Its output goes to `output.log` there.

    kill_after_s: kill it and its children (SIGKILL) after this time. limit_s: the same, in case it hangs.
    """
    os.sync()  # so that this run does not flush files of earlier ones
    log = folder / "output.log"
    # empty, so that no Scrapy below this checkout uses its settings
    environment = {**os.environ, "SCRAPY_SETTINGS_MODULE": "", "PYTHONWARNINGS": "ignore"}
    with log.open("ab") as output:
        begin = time.monotonic()
        process = subprocess.Popen(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=output,
                                   stderr=subprocess.STDOUT, start_new_session=True)  # fmt: skip
    peak, next_sample = 0, begin + _SAMPLE_S
    end = begin + (kill_after_s or limit_s)
    while True:
        found, status, usage = os.wait4(process.pid, os.WNOHANG)
        now = time.monotonic()
        if found:
            break
        if now >= end:
            _kill(process.pid)
            end = now + 60
        if now >= next_sample:
            members = _members(process.pid)
            peak = max(peak, sum(_resident(members)), *_highest(members))
            next_sample = now + _SAMPLE_S
        time.sleep(0.02)
    process.returncode = os.waitstatus_to_exitcode(status)
    _kill(process.pid)  # children that are still running
    seconds = now - begin
    # not usage.ru_maxrss, which includes this process at the time of the fork
    return Run(seconds, usage.ru_utime + usage.ru_stime, peak, process.returncode)


def _kill(session: int) -> None:
    for pid in _members(session):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _members(session: int) -> list[int]:
    """Return the processes of a session: those we started, and their children."""
    found = []
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            with suppress(OSError):
                if os.getsid(int(entry.name)) == session:
                    found.append(int(entry.name))
    return found


def _resident(pids: list[int]) -> Iterator[int]:
    for pid in pids:
        with suppress(OSError, ValueError, IndexError):
            yield int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE


def _highest(pids: list[int]) -> Iterator[int]:
    """Return the highest resident set of each process."""
    for pid in pids:
        with suppress(OSError, ValueError, IndexError):
            yield int(Path(f"/proc/{pid}/status").read_text().split("VmHWM:")[1].split()[0]) * 1024
