"""Open documents in a headless Chromium and report what they did: scripts that ran, requests to the network, and content that
no document may hold.

All requests of Chromium go through the test's own proxy on loopback, which answers only for the page that opens the
documents: no request reaches the network.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PATIENCE_S = 300
"""Seconds that a test waits for things that take seconds, on a busy machine."""

OPTIONS = (
    "--headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run --no-default-browser-check --disable-quic "
    "--disable-extensions --disable-background-networking --disable-component-update --disable-default-apps --disable-sync "
    "--disable-domain-reliability --disable-client-side-phishing-detection --no-pings --metrics-recording-only --mute-audio "
    "--disable-features=OptimizationHints,MediaRouter,Translate,AutofillServerCommunication,InterestFeedContentSuggestions"
).split()
_SELF = "documents.invalid"
_BATCH = 200
# Requests that the browser makes by itself.
OF_THE_BROWSER = (".google.com", ".googleapis.com", ".gstatic.com", ".gvt1.com")

_PAGE = Path(__file__).with_suffix(".html").read_text("utf-8")


@dataclass
class Seen:
    """The result of opening documents. found: what each document did or held, by its position in the list. asked: scheme and
    host of every request, except our own and the browser's."""

    found: dict[int, set[str]] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)


def open_all(bodies: Sequence[str], loaded: Sequence[str] = ()) -> Seen:
    """Open documents in Chromium, each in a frame of its own.

    bodies: HTML. loaded: prefixes of the addresses that a document may load. Raises TimeoutError if Chromium does not end.
    """
    assert CHROMIUM
    return asyncio.run(_open_all(CHROMIUM, bodies, loaded))


async def _open_all(chromium: str, bodies: Sequence[str], loaded: Sequence[str]) -> Seen:
    proxy = _Proxy(bodies, _PAGE.replace("__LOADED__", json.dumps(list(loaded))))
    server = await asyncio.start_server(proxy.answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        ours = ";".join(sorted({urlsplit(start).hostname or "" for start in loaded}))
        addresses = [f"--proxy-server=127.0.0.1:{port}", f"--proxy-bypass-list=<-loopback>;{ours}", f"--user-data-dir={folder}",
                     "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]  # fmt: skip
        process = subprocess.Popen(
            [chromium, *OPTIONS, *addresses, f"http://{_SELF}/"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": folder, "TZ": "UTC"}, cwd=Path(folder), start_new_session=True,
        )  # fmt: skip
        try:
            await asyncio.wait_for(proxy.done.wait(), PATIENCE_S)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # and its children, which are in its session
            process.wait()
            server.close()
            await asyncio.gather(*proxy.tasks)  # Chromium has hung up
    return proxy.seen


class _Proxy:
    """Stands in for the network of Chromium."""

    def __init__(self, bodies: Sequence[str], page: str) -> None:
        self.waiting = list(enumerate(bodies))
        self.page = page.encode()
        self.seen = Seen()
        self.done = asyncio.Event()
        self.tasks: set[asyncio.Task[None]] = set()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer a request or a CONNECT, then end the connection."""
        task = asyncio.current_task()
        assert task
        self.tasks.add(task)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            method, target, _ = head.split(" ", 2)
            sizes = [line.partition(":")[2] for line in head.lower().splitlines() if line.startswith("content-length:")]
            sent = await reader.readexactly(int(sizes[0])) if sizes else b""
            status, body = self._reply(method, target, sent)
            said = f"HTTP/1.1 {status}\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            writer.write(said.encode() + body)
            await writer.drain()
        except (OSError, EOFError):  # Chromium hung up
            pass
        finally:
            self.tasks.discard(task)
            writer.close()

    def _reply(self, method: str, target: str, sent: bytes) -> tuple[str, bytes]:
        url = urlsplit(f"https://{target}" if method == "CONNECT" else target)
        host = url.hostname or ""
        if method == "CONNECT" or host != _SELF:
            if not host.endswith(OF_THE_BROWSER):
                self.seen.asked.add(f"{url.scheme}://{host}")
            return "404 Not Found", b""
        match url.path:
            case "/":
                return "200 OK", self.page
            case "/batch":
                batch, self.waiting = self.waiting[:_BATCH], self.waiting[_BATCH:]
                return "200 OK", json.dumps(batch).encode()
            case "/found":
                found = json.loads(sent)
                for index, what in found:
                    self.seen.found.setdefault(index, set()).add(what)
                self.done.set() if not self.waiting else None
                return "200 OK", b""
        return "404 Not Found", b""
