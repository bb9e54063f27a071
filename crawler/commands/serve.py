"""`scrapy serve`."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import threading
import time
import webbrowser
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.console import ArchiveCommand, progress, say
from crawler.exceptions import COMPLETE
from crawler.library.search.index import home_of
from crawler.library.search.options import BadOption
from crawler.reader import ADDRESS
from crawler.streams import print_json

if TYPE_CHECKING:
    from crawler.reader.server import Server

_PORT = 8000
_TICK_S = 0.5


class Command(ArchiveCommand):
    """Reads index, run logs and files, takes no lock: works while a crawl runs. Writes search.sqlite and .reader.sqlite."""

    def syntax(self) -> str:
        return "[--port N] [--open]"

    def short_desc(self) -> str:
        return "Read and search the archive in a browser"

    def long_desc(self) -> str:
        return (
            f"Serve the archive's pages, with search, to browsers on this machine, at http://{ADDRESS}:{_PORT}/ until Ctrl-C. "
            "What a crawl stores meanwhile appears by itself. Nothing can be changed from a browser. See docs/serve.md."
        )

    def add_options(self, parser: ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument("--port", metavar="N", default=str(_PORT), help=f"0: any that is free (default: {_PORT})")
        parser.add_argument("--open", action="store_true", help="open it in the browser")

    def execute(self, args: list[str], opts: Namespace) -> int:
        from crawler.reader.follower import Follower  # late: `--help` does without Jinja and the rest
        from crawler.reader.live import Live
        from crawler.reader.results import Searcher
        from crawler.reader.server import Server, Site

        port = _port(opts.port)
        root = self.existing_root()
        with (
            suppress(KeyboardInterrupt), _ended_by_sigterm(), home_of(root, say) as home,
            tempfile.TemporaryDirectory(prefix="dw-archiver-") as folder,
        ):  # fmt: skip
            searcher = Searcher(root, home, say)
            follower = Follower(root, root if os.access(root, os.W_OK) else Path(folder), say)
            with closing(Server(port, say)) as server, closing(follower):  # the port comes first: it may be in use
                with progress("reading documents") as advance:
                    follower.begin(advance)
                with progress("reading words") as advance:
                    searcher.catch_up(advance)
                with closing(Live(root, follower, searcher.logged)) as live:
                    server.begin(Site(root, live, searcher))
                    self._wait(server, opts)
        return COMPLETE

    def _wait(self, server: Server, opts: Namespace) -> None:
        """Print the server's address, and close the server when the process ends. Raises KeyboardInterrupt."""
        try:
            address = f"http://{ADDRESS}:{server.port}/"
            if opts.json:
                print_json({"address": address, "port": server.port})
            else:
                print(f"The archive is at {address} (Ctrl-C ends the server)")
            sys.stdout.flush()
            if opts.open:
                threading.Thread(target=_open, args=[address], name="browser", daemon=True).start()
            while True:  # not an endless wait: a signal that comes just before it would not end it
                time.sleep(_TICK_S)
        finally:
            server.end()


def _open(address: str) -> None:
    """Open a browser. With a text browser, this returns when the user quits it."""
    if not webbrowser.open(address):
        say(f"no browser was found; open {address} in one")


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 6 and int(text) < 2**16):
        raise BadOption(f"--port: not a number from 0 to 65535: {text}")
    return int(text)


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Make SIGTERM do what Ctrl-C does."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
