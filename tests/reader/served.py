"""A server of this process, and requests to it over real sockets."""

from __future__ import annotations

import contextlib
import http.client
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from crawler.reader import ADDRESS
from crawler.reader.follower import Follower
from crawler.reader.live import Live
from crawler.reader.results import Searcher
from crawler.reader.server import Server, Site

PATIENCE_S = 120
"""Seconds that a test waits at most for something that usually takes a moment, for a busy machine."""


@dataclass
class Reply:
    """A response. headers: names in lower case."""

    status: int
    headers: dict[str, str]
    data: bytes

    @property
    def text(self) -> str:
        return self.data.decode("utf-8")


@dataclass
class Served:
    """A running server. said: its messages for a person."""

    port: int
    said: list[str]

    @property
    def address(self) -> str:
        return f"http://{ADDRESS}:{self.port}"

    def get(self, path: str = "/", method: str = "GET", **headers: str) -> Reply:
        """Request a path, with headers (`if_range` for If-Range)."""
        connection = http.client.HTTPConnection(ADDRESS, self.port, timeout=PATIENCE_S)
        with contextlib.closing(connection):
            connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
            found = connection.getresponse()
            return Reply(found.status, {name.lower(): value for name, value in found.getheaders()}, found.read())

    def connect(self) -> socket.socket:
        return socket.create_connection((ADDRESS, self.port), timeout=PATIENCE_S)

    def send(self, raw: bytes) -> bytes:
        """Send bytes, and return the whole answer."""
        with self.connect() as connection:
            found = b""
            with contextlib.suppress(OSError):  # the server may close the connection before the end
                connection.sendall(raw)
                connection.shutdown(socket.SHUT_WR)
            while piece := connection.recv(65536):
                found += piece
            return found

    def status(self, raw: bytes) -> int:
        """Return the status of the answer to some bytes; 0 for no answer."""
        found = self.send(raw)
        return int(found.split(b" ", 2)[1]) if found.startswith(b"HTTP/1.1 ") else 0


@contextlib.contextmanager
def serving(root: Path, home: Path | None = None) -> Iterator[Served]:
    """Serve an archive. home: the folder of the caches, if not the archive's."""
    said: list[str] = []
    searcher = Searcher(root, home or root, said.append)
    follower = Follower(root, home or root, said.append)
    with contextlib.closing(Server(0, said.append)) as server, contextlib.closing(follower):
        follower.begin(lambda done, total: None)
        with contextlib.closing(Live(root, follower, searcher.logged)) as live:
            server.begin(Site(root, live, searcher))
            try:
                yield Served(server.port, said)
            finally:
                server.end()
