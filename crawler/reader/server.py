"""`scrapy serve`: the pages of an archive over HTTP, for one person on this machine.

Each connection has one request and a thread of its own. There are at most CONNECTIONS: for a further one, the oldest connection
that has not sent a request is closed. Every wait has a limit.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import os
import socket
import socketserver
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from email.utils import formatdate
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

from crawler.exceptions import ArchiverError, described
from crawler.reader import ADDRESS
from crawler.reader.live import Live, Moved, is_media, open_media
from crawler.reader.pages import STYLE, TEMPLATES
from crawler.reader.request import (
    METHODS,
    BadRequest,
    byte_range,
    is_current,
    require_host,
    require_own_origin,
    target,
)
from crawler.reader.results import Searcher

CONNECTIONS = 64
HEAD = 32 * 1024
"""The largest head of a request, in bytes; a longer one is refused."""

_HEAD_S = 10.0  # from the connection to the end of the head
_SEND_S = 30.0  # for a browser that reads nothing, such as a paused player, which requests the rest later
_LINGER_S = 1.0  # to read the rest of a refused request
_END_S = 5.0  # for what is being sent when the server ends
_PIECE = 256 * 1024

POLICY = (
    "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-cache",  # browsers check each time whether their copy is current (ETag)
    "Connection": "close",
}

_TYPES = {"html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8", "jpg": "image/jpeg", "jpeg": "image/jpeg",
          "png": "image/png", "gif": "image/gif", "webp": "image/webp", "mp4": "video/mp4", "mp3": "audio/mpeg"}  # fmt: skip

Say = Callable[[str], None]


class PortInUse(ArchiverError):
    """Another program listens at the port. Raised by `Server`; ends the command."""


@dataclass(frozen=True)
class Answer:
    """An answer to a request: a page, or a file from `first` on."""

    status: int
    content_type: str = ""
    data: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    file: BinaryIO | None = None
    first: int = 0
    size: int | None = None  # None: of the data

    @property
    def length(self) -> int:
        return len(self.data) if self.size is None else self.size


class Site:
    """Finds the answer for each address. archive: its folder. live: its pages. searcher: its search."""

    def __init__(self, archive: Path, live: Live, searcher: Searcher) -> None:
        self._archive = archive
        self._live = live
        self._searcher = searcher
        self._style = (TEMPLATES / STYLE).read_bytes()

    def answer(self, text: str, port: int, headers: Message) -> Answer:
        """Return the answer to a GET. text: the target of the request. Raises BadRequest, ArchiverError and OSError."""
        path, query = target(text, port)
        require_own_origin(headers)
        if is_media(path):
            return self._media(path, headers)
        if path == STYLE:
            return _whole(self._style, "css", headers)
        if path == "favicon.ico":
            return Answer(HTTPStatus.NO_CONTENT)
        if path == "search.html":
            results = self._searcher.results(query)
            return _whole(self._live.results(results), "html", headers, results.status)
        try:
            page = self._live.page(f"{path}index.html" if path.endswith("/") else path)
        except Moved as moved:
            return Answer(HTTPStatus.FOUND, headers={"Location": f"/{quote(moved.path)}"})
        return _whole(page, "html", headers) if page is not None else self.refusal(404)

    def _media(self, path: str, headers: Message) -> Answer:
        try:
            file = open_media(self._archive, path)
        except OSError:
            return self.refusal(404)
        try:
            status = os.fstat(file.fileno())
            etag = f'"{status.st_size:x}-{status.st_mtime_ns:x}"'
            known = {"ETag": etag, "Last-Modified": formatdate(status.st_mtime, usegmt=True), "Accept-Ranges": "bytes"}
            if is_current(etag, headers.get("If-None-Match")):
                file.close()
                return Answer(HTTPStatus.NOT_MODIFIED, headers=known)
            content_type = _TYPES[path.rpartition(".")[2]]
            wanted = headers.get("Range") if headers.get("If-Range", etag) == etag else None
            part = byte_range(wanted, status.st_size)
            if part is None:
                return Answer(HTTPStatus.OK, content_type, headers=known, file=file, size=status.st_size)
            known["Content-Range"] = f"bytes {part[0]}-{part[1] - 1}/{status.st_size}"
            size = part[1] - part[0]
            return Answer(HTTPStatus.PARTIAL_CONTENT, content_type, headers=known, file=file, first=part[0], size=size)
        except BadRequest as error:
            file.close()
            return self.refusal(error.status, str(error), {"Content-Range": f"bytes */{status.st_size}"})

    def refusal(self, status: int, sentence: str = "", headers: Mapping[str, str] | None = None) -> Answer:
        """Return a page that explains why the request is refused."""
        return Answer(status, _TYPES["html"], self._live.refusal(status, sentence), headers or {})


def _whole(data: bytes, kind: str, headers: Message, status: int = 200) -> Answer:
    etag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
    if status == HTTPStatus.OK and is_current(etag, headers.get("If-None-Match")):
        return Answer(HTTPStatus.NOT_MODIFIED, headers={"ETag": etag})
    return Answer(status, _TYPES[kind], data, {"ETag": etag})


class _Handler(BaseHTTPRequestHandler):
    """Handles one connection: reads the head of a request, answers it, and ends."""

    server: Server
    protocol_version = "HTTP/1.1"
    wbufsize = 0

    def handle(self) -> None:
        self.close_connection = True
        try:
            head = self._head()
            if not head:
                return
            self.server.note_busy(self.connection)
            self.connection.settimeout(_SEND_S)
            self._send(self._answered(head))
            self._linger()
        except OSError:  # the browser has gone, or takes nothing
            pass

    def _head(self) -> bytes:
        """Return the head of the request; b'' if none comes in time; too long a head is cut off. Raises OSError."""
        until = time.monotonic() + _HEAD_S
        head = b""
        while b"\r\n\r\n" not in head and b"\n\n" not in head and len(head) <= HEAD:
            left_s = until - time.monotonic()
            if left_s <= 0:
                return b""
            self.connection.settimeout(left_s)
            piece = self.connection.recv(4096)
            if not piece:
                return b""
            head += piece
        return head

    def _answered(self, head: bytes) -> Answer:
        site = self.server.site
        self.command = ""
        try:
            if len(head) > HEAD:
                raise BadRequest(431, "The head of the request is too long.")
            self._parse(head)
            hosts = self.headers.get_all("Host") or [""]
            require_host(hosts[0] if len(hosts) == 1 else None, self.server.port)
            if self.command not in METHODS:
                return site.refusal(405, headers={"Allow": ", ".join(METHODS)})
            return site.answer(self.path, self.server.port, self.headers)
        except BadRequest as error:
            return site.refusal(error.status, str(error))
        except ArchiverError as error:
            self.server.say(f"a page failed: {error}")
            return site.refusal(503, str(error))
        except Exception as error:  # the browser must not see the details
            self.server.say(f"a page failed: {described(error)}")
            return site.refusal(500)

    def _parse(self, head: bytes) -> None:
        """Parse the request line and the headers. Raises BadRequest."""
        self.rfile = io.BufferedReader(io.BytesIO(head))
        self.raw_requestline = self.rfile.readline(HEAD + 1)
        if not self.parse_request() or self.request_version == "HTTP/0.9":
            raise BadRequest(400, "This is no request of HTTP.")
        self.close_connection = True

    def send_error(self, *_: Any, **__: Any) -> None:
        """Ignore a fault that `parse_request` has found; `_parse` reports it."""

    def handle_expect_100(self) -> bool:
        return True  # the body is not wanted

    def _send(self, answer: Answer) -> None:
        """Send an answer. Raises OSError."""
        self.request_version = self.protocol_version  # to HTTP/0.9 no headers would be sent
        try:
            self.send_response(answer.status)
            for name, value in {**HEADERS, **answer.headers}.items():
                self.send_header(name, value)
            if answer.content_type:
                self.send_header("Content-Type", answer.content_type)
            if answer.status not in (HTTPStatus.NOT_MODIFIED, HTTPStatus.NO_CONTENT):
                self.send_header("Content-Length", str(answer.length))
            self.end_headers()
            if self.command == "HEAD":
                return
            self.connection.sendall(answer.data)
            if answer.file:
                self._send_file(answer.file, answer.first, answer.length)
        finally:
            if answer.file:
                answer.file.close()

    def _send_file(self, file: BinaryIO, first: int, left: int) -> None:
        file.seek(first)
        while left and (piece := file.read(min(_PIECE, left))):
            self.connection.sendall(piece)
            left -= len(piece)

    def _linger(self) -> None:
        """Read what is still sent; otherwise the connection would be reset and the answer lost."""
        self.connection.shutdown(socket.SHUT_WR)
        until = time.monotonic() + _LINGER_S
        while (left_s := until - time.monotonic()) > 0:
            self.connection.settimeout(left_s)
            if not self.connection.recv(65536):
                return

    def version_string(self) -> str:
        return "dw-archiver"

    def log_request(self, *_: Any) -> None:
        """Log nothing: what a person reads stays private."""


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """Listens at a port, and serves a site after `begin`. port: 0 for any free one; then `port` is the chosen one. Raises
    PortInUse and OSError."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    site: Site

    def __init__(self, port: int, say: Say) -> None:
        self.say = say
        self._waiting: dict[socket.socket, None] = {}  # connections that have not asked for anything yet, oldest first
        self._count = 0
        self._changed = threading.Condition()
        try:
            super().__init__((ADDRESS, port), _Handler)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                other = port % 65535 + 1
                raise PortInUse(f"port {port} is in use by another program: try --port {other}, or --port 0 for any") from error
            if error.errno == errno.EACCES:
                raise PortInUse(f"port {port} is for administrators only: try --port 8000") from error
            raise
        self.port = int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        """Start a thread for a connection, if there is room for one."""
        with self._changed:
            if self._count >= CONNECTIONS:
                for oldest in self._waiting:
                    _end(oldest)
                    break
                self._changed.wait_for(lambda: self._count < CONNECTIONS, _LINGER_S)
            if self._count >= CONNECTIONS:
                self.shutdown_request(request)
                return
            self._count += 1
            self._waiting[request] = None
        try:
            super().process_request(request, client_address)
        except BaseException:  # no thread can be started
            self._note_end(request)
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._note_end(request)

    def _note_end(self, connection: socket.socket) -> None:
        with self._changed:
            self._waiting.pop(connection, None)
            self._count -= 1
            self._changed.notify_all()

    def note_busy(self, connection: socket.socket) -> None:
        """Note that a connection has sent a request, so that it is not closed for another one."""
        with self._changed:
            self._waiting.pop(connection, None)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report a failed connection. The server goes on."""
        if isinstance(error := sys.exception(), Exception):
            self.say(f"a connection failed: {described(error)}")

    def begin(self, site: Site) -> None:
        """Serve a site, in threads of its own."""
        self.site = site
        threading.Thread(target=self.serve_forever, name="server", daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self.server_close()

    def end(self) -> None:
        """Accept no more connections, and close the present ones: idle ones at once, the others within seconds."""
        self.shutdown()
        self.server_close()
        with self._changed:
            for connection in self._waiting:
                _end(connection)
            self._changed.wait_for(lambda: not self._count, _END_S)


def _end(connection: socket.socket) -> None:
    """Close a connection in both directions."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
