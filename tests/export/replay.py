"""A page with ReplayWeb.page, and a server that has it, an archive to replay, and nothing else."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.browser import OF_THE_BROWSER, PATIENCE_S
from tests.devtools import Browser
from tests.export import tools

_PAGE = """<!doctype html><meta charset="utf-8"><title>Replay</title>
<style>replay-web-page {{ display: block; height: 95vh }}</style><script src="/replay/ui.js"></script>
<replay-web-page source="/a.wacz" url="{address}" replayBase="/replay/" embed="replayonly"></replay-web-page>"""

# The replayed page stands in a frame in a frame in a shadow.
_REPLAYED = """new Promise(resolve => {
  const documents = root => [root, ...[...root.querySelectorAll('*')].flatMap(element =>
    [element.shadowRoot, element.localName === 'iframe' && element.contentDocument].filter(Boolean).flatMap(documents))];
  const until = Date.now() + PATIENCE;
  const look = () => {
    const found = documents(document).find(one => one.URL === ADDRESS);  // as the page sees itself
    for (const image of found?.images ?? []) { image.loading = 'eager'; }
    const isDone = found && found.readyState === 'complete' && found.querySelector('h1')
      && [...found.images].every(image => image.complete);
    if (!isDone && Date.now() < until) { setTimeout(look, 50); return; }
    resolve({title: found?.querySelector('h1')?.textContent,
             widths: [...(found?.images ?? [])].map(image => image.naturalWidth),
             sheets: [...(found?.styleSheets ?? [])].map(sheet => sheet.cssRules.length)});
  };
  look();
})"""


def replayed(wacz: Path, address: str, shot: Path | None = None) -> tuple[dict[str, Any], list[str]]:
    """Open an address of a WACZ file in ReplayWeb.page.

    Returns (page, foreign): title, natural widths of the pictures, and style of the page that is shown; hosts that were asked
    for something, beside this one and the browser's own. shot: where a picture of the window goes.
    """
    with _server(wacz, address) as (port, foreign), Browser(f"--proxy-server=127.0.0.1:{port}") as browser:
        browser.open(f"http://127.0.0.1:{port}/")
        page = browser.run(_REPLAYED.replace("ADDRESS", repr(address)).replace("PATIENCE", str(PATIENCE_S * 900)))
        if shot:
            browser.shoot(shot)
        return page, foreign


@contextlib.contextmanager
def _server(wacz: Path, address: str) -> Iterator[tuple[int, list[str]]]:
    """Serve on loopback. Yields the port and the hosts of requests to others: this server is Chromium's proxy too."""
    files = {"/": ("text/html", _PAGE.format(address=address).encode()), "/a.wacz": ("application/wacz", wacz.read_bytes())}
    files |= {f"/replay/{name}": ("text/javascript", (tools.REPLAY / name).read_bytes()) for name in tools.FILES}
    foreign: list[str] = []

    def note(host: str | None) -> None:
        if host and not host.endswith(OF_THE_BROWSER):
            foreign.append(host)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            note(urlsplit(self.path).hostname)
            kind, data = files.get(self.path.partition("?")[0], ("", b""))
            part = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", ""))
            start, end = _bounds(part, len(data)) if part else (0, len(data))
            self.send_response(404 if not kind else 206 if part else 200)
            self.send_header("Content-Type", kind or "text/plain")
            self.send_header("Content-Length", str(end - start))
            self.send_header("Accept-Ranges", "bytes")
            if part:
                self.send_header("Content-Range", f"bytes {start}-{end - 1}/{len(data)}")
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(data[start:end])

        do_HEAD = do_GET

        def do_CONNECT(self) -> None:
            note(self.path.partition(":")[0])
            self.send_error(404)

        def log_message(self, format: str, *values: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server.server_port, foreign
        finally:
            server.shutdown()
            thread.join()


def _bounds(part: re.Match[str], size: int) -> tuple[int, int]:
    """Return start and end of a range of bytes. `-5` means the last five."""
    if not part[1]:
        return max(0, size - int(part[2])), size
    return int(part[1]), min(size, int(part[2] or size) + 1)
