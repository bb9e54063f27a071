"""Control the stand-in from a test: start it, list its requests, change its behaviour."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

_ROOT = Path(__file__).resolve().parents[2]
_OPENER = build_opener(ProxyHandler({}))


class Site:
    """A stand-in in its own process, ended with the `with` block (by its process id) or with this process.

    arguments: for `python -m tests.dwsite`, e.g. "--articles", "500".
    api, static, www, rss, media: the addresses, without trailing slash. settings: the same as Scrapy settings.
    """

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.dwsite", "--until-eof", *arguments],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the stand-in did not start, exit status {self.process.wait()}")
        ready = json.loads(line)
        self.pid: int = ready["pid"]
        self.api: str = ready["api"]
        self.static: str = ready["static"]
        self.www: str = ready["www"]
        self.rss: str = ready["rss"]
        self.media: str = ready["media"]

    def __enter__(self) -> Site:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the process and wait for its end."""
        if self.process.poll() is None:
            self.process.terminate()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:  # it may still be delaying an answer
            self.process.kill()
            self.process.wait()

    @property
    def settings(self) -> dict[str, str]:
        """The addresses as Scrapy settings."""
        return {f"DW_{host.upper()}_URL": getattr(self, host) for host in ("api", "static", "www", "rss", "media")}

    @property
    def settings_args(self) -> list[str]:
        """The addresses as arguments of a `scrapy` command."""
        return [part for name, value in self.settings.items() for part in ("-s", f"{name}={value}")]

    def get(self, url: str, headers: dict[str, str] | None = None) -> tuple[int, dict[str, str], bytes]:
        """Status, headers (lower-case names) and body of a GET, redirects followed, errors as any other reply."""
        try:
            with _OPENER.open(Request(url, headers=headers or {}), timeout=120) as reply:
                return reply.status, {k.lower(): v for k, v in reply.headers.items()}, reply.read()
        except HTTPError as error:
            with error:
                return error.code, {k.lower(): v for k, v in error.headers.items()}, error.read()

    def requests(self, host: str | None = None) -> list[dict[str, Any]]:
        """The requests since the start or `forget`, in order of arrival: those to one host, or all.

        Each: host, method, path (as sent, with query), status (0: dropped on purpose, None: not answered yet),
        headers (lower-case names), time and end (seconds since 1970), in_flight (to that host, this one included).
        """
        return [each for each in self._control("requests") if host in (None, each["host"])]

    def paths(self, host: str | None = None) -> list[str]:
        """The paths of those requests, robots.txt left out."""
        return [each["path"] for each in self.requests(host) if each["path"] != "/robots.txt"]

    def forget(self) -> None:
        """Clear the list of requests."""
        self._control("forget")

    def fault(self, path: str, **what: Any) -> None:
        """Make requests to a path fail; README.md here says how."""
        self._control("fault", path=path, **what)

    def clear(self) -> None:
        """Remove all faults."""
        self._control("clear")

    def edit(self, dw_id: int, **what: Any) -> None:
        """Change a content or picture from the next request on: README.md here says how."""
        self._control("edit", id=dw_id, **what)

    def down(self, host: str, how: str = "503", after: int = 0) -> None:
        """Make a host fail every request (how: "503" or "close"), after `after` more answers."""
        self._control("down", host=host, how=how, after=after)

    def up(self, host: str) -> None:
        """Make a host answer again."""
        self._control("up", host=host)

    def validators(self, on: bool = True, *, etag: bool = True, last_modified: bool = True) -> None:
        """Choose whether replies carry ETag and Last-Modified, and conditional requests are answered with 304."""
        self._control("validators", on=on, etag=etag, last_modified=last_modified)

    def options(self, **what: Any) -> None:
        """Change options of state.Options, e.g. articles=500, layout="classic"."""
        self._control("options", **what)

    def reset(self) -> None:
        """Reset the stand-in to its start, with an empty list of requests."""
        self._control("reset")

    def _control(self, command: str, **given: Any) -> Any:
        data = json.dumps(given).encode()
        try:
            with _OPENER.open(Request(f"{self.api}/_control/{command}", data=data), timeout=120) as reply:
                return json.load(reply)
        except HTTPError as error:
            with error:
                raise ValueError(f"{command}: {error.read().decode()}") from None
