"""Open files in a headless Chromium over the DevTools protocol, and report the requests, errors and content of a page.

No network: every host but 127.0.0.1 resolves to nothing.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.browser import CHROMIUM, OPTIONS, PATIENCE_S

# Chromium reads commands from descriptor 3 and writes its answers to descriptor 4.
_LAUNCHER = "import os, sys; r, w = map(int, sys.argv[1:3]); os.dup2(r, 3); os.dup2(w, 4); os.execv(sys.argv[3], sys.argv[3:])"

_LOADED = """
Promise.all([...document.images].map(image => { image.loading = 'eager'; return image.complete ? 0 :
    new Promise(resolve => { image.onload = image.onerror = resolve; }); })).then(() => ({
  title: document.title,
  images: [...document.images].map(image => [image.getAttribute('src'), image.naturalWidth]),
  scripts: [...document.querySelectorAll('script, iframe, object, embed, base, form')].map(element => element.localName),
  handlers: [...document.querySelectorAll('*')].flatMap(element => [...element.attributes])
    .map(attribute => attribute.name).filter(name => name.startsWith('on') || name === 'style'),
  links: [...document.links].map(link => link.href),
  width: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  background: getComputedStyle(document.body).backgroundColor,
  sheets: document.styleSheets.length,
}))
"""


@dataclass
class Opened:
    """The result of opening a page. asked: every address it requested, without `data:`. complaints: messages in the console,
    including refusals of its policy. title: as the tab shows it. images: (address, natural width in pixels). scripts,
    handlers: what no page may hold. links: where they lead. overflow: pixels by which the page is wider than the window.
    background: its colour. sheets: how many style sheets it has."""

    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    title: str = ""
    images: list[tuple[str, int]] = field(default_factory=list)
    scripts: list[str] = field(default_factory=list)
    handlers: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    overflow: int = 0
    background: str = ""
    sheets: int = 0


class Browser:
    """A Chromium, ended with the `with` block."""

    def __init__(self, *more: str) -> None:
        """more: options of Chromium's."""
        assert CHROMIUM
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        command_out, self._commands = os.pipe()
        self._answers, answers_in = os.pipe()
        options = [*OPTIONS, "--remote-debugging-pipe", f"--user-data-dir={self._folder.name}", "--hide-scrollbars",
                   "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", *more, "about:blank"]  # fmt: skip
        self._process = subprocess.Popen(
            [sys.executable, "-c", _LAUNCHER, str(command_out), str(answers_in), CHROMIUM, *options],
            pass_fds=(command_out, answers_in), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
            env={**os.environ, "HOME": self._folder.name, "TZ": "UTC"},
        )  # fmt: skip
        os.close(command_out)
        os.close(answers_in)
        self._buffer = b""
        self._number = 0
        self._events: list[dict[str, Any]] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._commands)
        os.close(self._answers)
        self._folder.cleanup()

    def call(self, method: str, **parameters: Any) -> Any:
        """Run a command of the protocol. Returns its result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if hasattr(self, "_session"):
            message["sessionId"] = self._session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while (found := self._next()).get("id") != self._number:
            self._events.append(found)
        assert "error" not in found, found["error"]
        return found["result"]

    def _next(self) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE_S
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._answers], [], [], max(0, deadline - time.monotonic()))
            assert ready, "Chromium says nothing"
            piece = os.read(self._answers, 1 << 20)
            assert piece, "Chromium has ended"
            self._buffer += piece
        message, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(message)  # type: ignore[no-any-return]

    def look(self, *, dark: bool = False, width: int = 1100, height: int = 900) -> None:
        """Choose how pages are shown from then on."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])

    def open(self, page: Path | str) -> Opened:
        """Open a file or an address, and wait until it and its pictures have loaded."""
        self._events.clear()
        self.call("Page.navigate", url=page if isinstance(page, str) else page.absolute().as_uri())
        while not any(event.get("method") == "Page.loadEventFired" for event in self._events):
            self._events.append(self._next())
        found = self.run(_LOADED)
        seen = Opened(
            title=found["title"], images=[tuple(image) for image in found["images"]], scripts=found["scripts"],
            handlers=found["handlers"], links=found["links"], overflow=found["width"], background=found["background"],
            sheets=found["sheets"],
        )  # fmt: skip
        seen.asked, seen.complaints = self.heard()
        return seen

    def heard(self) -> tuple[list[str], list[str]]:
        """Return (asked, complaints) since a page was opened, as in `Opened`."""
        asked, complaints = [], []
        for event in self._events:
            match event.get("method"):
                case "Network.requestWillBeSent":
                    address = event["params"]["request"]["url"]
                    asked += [] if address.startswith("data:") else [address]  # as the buttons of its players
                case "Log.entryAdded":
                    complaints.append(event["params"]["entry"]["text"])
                case "Runtime.exceptionThrown" | "Runtime.consoleAPICalled":
                    complaints.append(json.dumps(event["params"])[:500])
        return asked, complaints

    def run(self, script: str) -> Any:
        """Run a script on the open page. Returns its value; for a promise, the value that it resolves to."""
        found = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def shoot(self, path: Path, *, whole: bool = False) -> None:
        """Write a PNG of the window, or of the whole page."""
        found = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(found["data"]))
