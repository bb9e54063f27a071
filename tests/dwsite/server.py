"""The server: five hosts on loopback, one handler, and faults that change the answers."""

from __future__ import annotations

import asyncio
import contextlib
import email.utils
import errno
import hashlib
import json
import logging
import os
import re
import signal
import socket
import time
import zlib
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from urllib.parse import unquote

from aiohttp import web

from tests.dwsite import control
from tests.dwsite.answers import Answer, answer_for, ranged
from tests.dwsite.state import HOSTS, Fault, State

ROBOTS = "User-agent: *\nDisallow: /forbidden/\n"
_STARTED = 1_767_225_600  # 2026-01-01 UTC, the first Last-Modified
_PIECE = 64 * 1024


class Site:
    """The running server with its state; one per process."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.in_flight = dict.fromkeys(HOSTS, 0)

    async def handle(self, host: str, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request to that host."""
        path = request.path_qs if not request.raw_path.startswith("/") else request.raw_path
        if host == "api" and path.startswith("/_control/"):
            return await control.handle(self.state, request, path.removeprefix("/_control/"))
        headers = {name.lower(): value for name, value in request.headers.items()}
        entry = self.state.note(host, request.method, path, headers)
        self.in_flight[host] += 1
        entry["in_flight"] = self.in_flight[host]
        try:
            response = await self._respond(host, path, request)
            entry["status"] = response.status
            return response
        except _Dropped:
            entry["status"] = 0
            return web.Response(status=500)
        except ConnectionError:
            entry["status"] = -1
            raise
        finally:
            entry["end"] = time.time()
            self.in_flight[host] -= 1

    async def _respond(self, host: str, path: str, request: web.BaseRequest) -> web.StreamResponse:
        down = self.state.take_down(host)
        if down == "close":
            _drop(request)
        if down:
            return web.Response(status=503, text="<h1>down</h1>", content_type="text/html")
        fault = self.state.take_fault(host, path)
        if fault and fault.delay_s and self.state.options.delays:
            await asyncio.sleep(fault.delay_s)
        if fault and fault.close:
            _drop(request)
        if request.method not in ("GET", "HEAD"):
            return web.Response(status=405, text="only GET")
        answer = self._answer(host, path)
        if host == "media" and self.state.options.ranges:
            answer = ranged(answer, request.headers.get("Range", ""), request.headers.get("If-Range", ""))
        if fault:
            return await _with_fault(fault, answer, path, request)
        return await self._send(answer, path, request)

    def _answer(self, host: str, path: str) -> Answer:
        if path == "/robots.txt":
            robots = self.state.options.robots
            return Answer.text(ROBOTS if robots is None else robots, "text/plain")
        bare, _, query = path.partition("?")
        segments = [unquote(part) for part in bare.split("/")[1:]]
        return answer_for(self.state, host, segments, query)

    async def _send(self, answer: Answer, path: str, request: web.BaseRequest) -> web.StreamResponse:
        headers = dict(answer.headers)
        if answer.status == 200 and any(self.state.validators.values()):
            if answer.pieces is not None:
                answer = replace(answer, body=b"".join([piece async for piece in answer.pieces]), pieces=None)
            tag, changed = self._stamp(path, answer.body)
            if self.state.validators["etag"]:
                headers["ETag"] = tag
            if self.state.validators["last_modified"]:
                headers["Last-Modified"] = email.utils.formatdate(changed, usegmt=True)
            if _not_modified(request, headers, changed):
                return web.Response(status=304, headers=headers)
        if answer.pieces is not None:
            return await _stream(request, answer, headers)
        return web.Response(status=answer.status, body=answer.body, headers={"Content-Type": answer.content_type, **headers})

    def _stamp(self, path: str, body: bytes) -> tuple[str, int]:
        """The entity tag and the time (seconds since 1970) of the last change; a change moves it by a minute."""
        tag = f'"{hashlib.sha1(body, usedforsecurity=False).hexdigest()[:20]}"'
        before = self.state.stamps.get(path)
        if before is None or before[0] != tag:
            self.state.stamps[path] = (tag, before[1] + 60 if before else _STARTED)
        return self.state.stamps[path]


class _Dropped(Exception):
    """The connection was closed on purpose. Raised by `_drop`, caught by Site.handle."""


def _drop(request: web.BaseRequest) -> None:
    if request.transport is not None:
        request.transport.abort()
    raise _Dropped


def _not_modified(request: web.BaseRequest, validators: dict[str, str], changed: int) -> bool:
    """RFC 9110, 13.2.2: If-None-Match wins over If-Modified-Since."""
    tags = request.headers.get("If-None-Match")
    if tags is not None and "ETag" in validators:
        return validators["ETag"] in re.findall(r'"[^"]*"', tags)
    since = request.headers.get("If-Modified-Since")
    if since is None or "Last-Modified" not in validators:
        return False
    with contextlib.suppress(ValueError, TypeError):
        return email.utils.parsedate_to_datetime(since).timestamp() >= changed
    return False


async def _with_fault(fault: Fault, answer: Answer, path: str, request: web.BaseRequest) -> web.StreamResponse:
    status = fault.status or answer.status
    headers = {"Content-Type": answer.content_type, **answer.headers}
    body = answer.body if answer.pieces is None else b"".join([piece async for piece in answer.pieces])
    if fault.status and fault.status != answer.status:
        headers["Content-Type"], body = "text/html", f"<h1>{fault.status}</h1>".encode()
    if fault.redirect_loop or fault.redirect is not None:
        status, body = fault.status or 302, b""
        headers["Location"] = path if fault.redirect is None else fault.redirect
    if fault.malformed_json:
        body = body[: len(body) // 2] + b'"]}} oops'
    if fault.body is not None:
        body = fault.body.encode("utf-8", "surrogateescape")  # so that it can be any bytes
    if fault.content_type is not None:
        headers["Content-Type"] = fault.content_type
    headers.update(fault.headers)
    if fault.huge is not None:
        if fault.gzip:
            headers["Content-Encoding"] = "gzip"
        return await _stream(request, Answer(status, pieces=_huge(fault.huge, fault.gzip)), headers)
    cut = fault.truncate if fault.truncate is not None else fault.stall
    if cut is None:
        return web.Response(status=status, body=body, headers=headers)
    response = web.StreamResponse(status=status, headers=headers)
    response.content_length = max(len(body), cut + 1)
    await response.prepare(request)
    await response.write(body[:cut])
    if fault.stall is not None:
        await _until_gone(request)
    if request.transport is not None:
        request.transport.close()
    return response


async def _until_gone(request: web.BaseRequest) -> None:
    """Wait until the client gives up."""
    while request.transport is not None and not request.transport.is_closing():
        await asyncio.sleep(0.02)


async def _stream(request: web.BaseRequest, answer: Answer, headers: dict[str, str]) -> web.StreamResponse:
    """Send in pieces without a Content-Length, until the client hangs up."""
    response = web.StreamResponse(status=answer.status, headers={"Content-Type": answer.content_type, **headers})
    await response.prepare(request)
    assert answer.pieces is not None
    with contextlib.suppress(ConnectionError):
        async for piece in answer.pieces:
            await response.write(piece)
    return response


async def _huge(size: int, packed: bool) -> AsyncIterator[bytes]:
    """size bytes of spaces after a `{`, packed with gzip if wanted (then a thousandth of it goes over the wire)."""
    packer = zlib.compressobj(9, wbits=31)
    sent = 0
    while sent < size:
        piece = (b"{" if sent == 0 else b" ") + b" " * (min(_PIECE, size - sent) - 1)
        sent += len(piece)
        if packed:
            piece = packer.compress(piece)
        if piece:
            yield piece
            await asyncio.sleep(0)
    if packed:
        yield packer.flush()


# ---- the process ----------------------------------------------------------------------------------------------------


def bind(port: int) -> dict[str, socket.socket]:
    """A listening socket for each host: 127.0.0.1 to .5 with one port; where only the first exists, five ports on it.

    port: 0 picks a free one. Raises OSError when the wanted port is taken.
    """
    for attempt in range(20):
        sockets: dict[str, socket.socket] = {}
        try:
            for place, host in enumerate(HOSTS):
                wanted = sockets["api"].getsockname()[1] if sockets else port
                sockets[host] = _listen(f"127.0.0.{place + 1}", wanted)
            return sockets
        except OSError as error:
            for each in sockets.values():
                each.close()
            if not sockets or attempt == 19:
                if port and not sockets:
                    raise
                break
            if error.errno == errno.EADDRNOTAVAIL:
                break
    return {host: _listen("127.0.0.1", port if host == "api" else 0) for host in HOSTS}


def _listen(address: str, port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((address, port))
        listening.listen(512)
    except OSError:
        listening.close()
        raise
    return listening


def settings_line(urls: dict[str, str]) -> str:
    """The addresses as options for a `scrapy` command."""
    return " ".join(f"-s DW_{host.upper()}_URL={url}" for host, url in urls.items())


async def serve(state: State, port: int, *, scrapy_settings: bool, until_eof: bool) -> None:
    """Serve until SIGTERM, SIGINT, the end of the parent process, or (until_eof) the end of standard input."""
    logging.getLogger("aiohttp").setLevel(logging.CRITICAL)
    site = Site(state)
    sockets = bind(port)
    runners = []
    for host, listening in sockets.items():
        runner = web.ServerRunner(web.Server(partial(site.handle, host), keepalive_timeout=600))
        await runner.setup()
        await web.SockSite(runner, listening).start()
        runners.append(runner)
    urls = {host: "http://{}:{}".format(*listening.getsockname()) for host, listening in sockets.items()}
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    if until_eof:
        loop.add_reader(0, lambda: None if os.read(0, 4096) else stop.set())
    parent = os.getppid()
    print(settings_line(urls) if scrapy_settings else json.dumps({"pid": os.getpid(), **urls}), flush=True)
    while not stop.is_set() and os.getppid() == parent:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), timeout=0.5)
    for runner in runners:
        await runner.cleanup()
