"""Programs of others read what `scrapy export` makes: `wacz validate`, ReplayWeb.page in Chromium, and Kiwix's server."""

from __future__ import annotations

import contextlib
import json
import select
import shutil
import socket
import subprocess
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urljoin
from urllib.request import urlopen

import pytest
from lxml import html  # type: ignore[import-untyped]

from tests.browser import CHROMIUM, PATIENCE_S
from tests.export import tools
from tests.export.replay import replayed
from tests.helpers_commands import scrapy
from tests.reader import samples

KIWIX = shutil.which("kiwix-serve")

needs_wacz = pytest.mark.skipif(not tools.WACZ.exists(), reason="no wacz here: make tools")
needs_replay = pytest.mark.skipif(not tools.REPLAY.exists(), reason="no ReplayWeb.page here: make tools")
needs_chromium = pytest.mark.skipif(not CHROMIUM, reason="no Chromium here: apt-get install chromium")
needs_kiwix = pytest.mark.skipif(not KIWIX, reason="no kiwix-serve here: apt-get install kiwix-tools")


def exported(root: Path, to: Path, *options: str) -> Path:
    ran = scrapy("export", to.suffix[1:], "--to", to, *options, root=root)
    assert (ran.status, ran.err) == (0, "")
    return to


def validate(path: Path) -> tuple[int, str]:
    ran = subprocess.run([tools.WACZ, "validate", "-f", path], capture_output=True, text=True)
    return ran.returncode, ran.stdout + ran.stderr


@needs_wacz
@pytest.mark.parametrize("which", ["archive", "hostile_archive"])
def test_wacz_finds_the_file_valid(which: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    status, said = validate(exported(request.getfixturevalue(which), tmp_path / "a.wacz"))
    assert (status, "Validation succeeded" in said) == (0, True), said


@needs_wacz
def test_wacz_finds_a_changed_file_invalid(archive: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(exported(archive, tmp_path / "a.wacz")) as old, zipfile.ZipFile(tmp_path / "b.wacz", "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name) + (b"x" if name == "pages/pages.jsonl" else b""))
    status, said = validate(tmp_path / "b.wacz")
    assert (status, "Validation succeeded" in said) != (0, True)


@needs_chromium
@needs_replay
def test_replayweb_page_shows_an_article_with_its_pictures(archive: Path, tmp_path: Path) -> None:
    wacz = exported(archive, tmp_path / "a.wacz")
    with zipfile.ZipFile(wacz) as packed:
        pages = [json.loads(line) for line in packed.read("pages/pages.jsonl").splitlines()][1:]
    address = next(page["url"] for page in pages if f"/{samples.ENGLISH}-" in page["url"])
    page, foreign = replayed(wacz, address)
    assert page["title"] == samples.ENGLISH_NOW.title
    assert len(page["widths"]) >= 2
    assert all(width > 0 for width in page["widths"])
    assert all(rules > 0 for rules in page["sheets"])
    assert foreign == []


@needs_kiwix
def test_kiwix_serves_the_main_page_an_article_its_picture_and_a_search(archive: Path, tmp_path: Path) -> None:
    path = exported(archive, tmp_path / "zh.zim", "--language", "zh")
    with kiwix_serve(path) as base:
        address, main = fetched(f"{base}/zh/")
        assert address.endswith("/zh/index.html")
        assert "Deutsche Welle: zh" in main.decode()
        (link,) = (one for one in html.fromstring(main).xpath("//a/@href") if f"/{samples.CHINESE}-" in one)
        article, data = fetched(urljoin(address, link))
        page = html.fromstring(data)
        assert page.xpath("//h1[starts-with(., '河边的灯笼')]")
        _, picture = fetched(urljoin(article, page.xpath("//figure/img/@src")[0]))
        assert picture.startswith(b"\x89PNG")
        _, found = fetched(f"{base}/search?content=zh&pattern={quote('燈籠')}")  # in the other script
        assert f"/{samples.CHINESE}-" in found.decode()


@contextlib.contextmanager
def kiwix_serve(path: Path) -> Iterator[str]:
    """Serve a ZIM file on loopback. Yields the server's address; it is ended with the block."""
    assert KIWIX
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [KIWIX, "--address", "127.0.0.1", "--port", str(port), str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as server:
        try:
            assert server.stdout
            ready, _, _ = select.select([server.stdout], [], [], PATIENCE_S)
            assert ready, "kiwix-serve says nothing"
            reached(port, server)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.kill()


def reached(port: int, server: subprocess.Popen[bytes]) -> None:
    """Return when a server accepts connections. It speaks before it listens."""
    deadline = time.monotonic() + PATIENCE_S
    while server.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
    raise AssertionError("kiwix-serve does not listen")


def fetched(address: str) -> tuple[str, bytes]:
    """Return the final address and the body of a page."""
    with urlopen(address, timeout=PATIENCE_S) as reply:
        return reply.url, reply.read()
