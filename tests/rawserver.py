"""A server on loopback that answers with any bytes, also those that no HTTP library would send."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from types import TracebackType

from tests.listener import Listener

KEEP, CLOSE, RESET, HANG, ENDLESS = b"keep", b"close", b"reset", b"hang", b"endless"
"""What follows an answer: the next request on the same connection, its end, a reset, silence, or the last bytes for ever."""

Answer = tuple[bytes, ...]
"""Bytes, sent one by one, and last of all what follows, as above."""


class RawServer(Listener):
    """A server in threads, ended with the `with` block.

    answer: takes the head of a request, returns the bytes to send and what follows. tls: for https. heads: those of all
    requests. url: its address, without trailing slash.
    """

    def __init__(
        self, answer: Callable[[bytes], Answer], address: str = "127.0.0.1", tls: ssl.SSLContext | None = None
    ) -> None:
        super().__init__(address)
        self._answer = answer
        self._tls = tls
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self.heads: list[bytes] = []
        self.url = f"{'https' if tls else 'http'}://{f'[{address}]' if ':' in address else address}:{self.port}"

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        super().__exit__(kind, error, trace)
        with self._lock:
            for client in self._open:
                with contextlib.suppress(OSError):
                    client.shutdown(socket.SHUT_RDWR)

    def serve(self, client: socket.socket) -> None:
        with self._lock:
            self._open.add(client)
        with contextlib.suppress(OSError), self._tls.wrap_socket(client, server_side=True) if self._tls else client as client:
            follows, data = KEEP, b""
            while follows == KEEP and (head := _head(client)):
                self.heads.append(head)
                *pieces, follows = self._answer(head)
                for data in pieces:
                    client.sendall(data)
            while follows == ENDLESS:
                client.sendall(data[-4096:])
            if follows == HANG:
                client.recv(1)
            if follows == RESET:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with self._lock:
            self._open.discard(client)


def _head(client: socket.socket) -> bytes:
    """The head of the next request, empty at the end of a connection."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        if not (piece := client.recv(1)):
            return b""
        head += piece
    return head
