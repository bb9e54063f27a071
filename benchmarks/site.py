"""Imitate DW's site on loopback, as plain files behind nginx, which is so fast that the server is never what is measured.

The words are those of `tests.dwsite`, all invented. Replies of api.dw.com are below `api/`, the pages of the same articles with
a sitemap below `www/`, pictures below `static/`.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import socket
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from benchmarks import WORK, BenchmarkError
from benchmarks.peers import program
from tests.dwsite import pages, shapes
from tests.dwsite.ids import FIRST_SYNTHETIC
from tests.dwsite.pictures import picture
from tests.dwsite.state import Options, State
from tests.dwsite.synthetic import SYNTHETIC_LANGUAGES

PORT = int(os.environ.get("BENCH_PORT", "18765"))
API, STATIC, WWW, RSS = (f"http://127.0.0.{n}:{PORT}" for n in (1, 2, 3, 4))
PICTURES = 3
PICTURE_BYTES = 60_000
_DISTINCT = 3000  # pictures; a larger site shows the same bytes under several ids, as hard links
_FORM = 4  # version of the generated files; raise it when they change

_NGINX = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 1024; }}
http {{
    types {{ application/xml xml; text/html html; image/jpeg jpg; text/plain txt; }}
    default_type application/json;
    client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
    uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
    log_format counted '$server_addr $status $body_bytes_sent $connection_requests $request_uri';
    access_log {folder}/access.log counted buffer=256k;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000000;
    keepalive_timeout 30s;
    etag off;
    if_modified_since off;
    add_header Last-Modified "";
    server {{ listen 127.0.0.1:{port}; root {root}/api; }}
    server {{ listen 127.0.0.2:{port}; root {root}/static; }}
    server {{ listen 127.0.0.3:{port}; root {root}/www; default_type text/html; charset utf-8; index index.html; }}
    server {{ listen 127.0.0.4:{port}; root {root}/rss; }}
}}
"""


@dataclass(frozen=True)
class Site:
    """A generated site. root: the folder of its files."""

    root: Path
    articles: int

    @property
    def settings(self) -> list[str]:
        """Return the arguments with which this project's crawler uses the site."""
        addresses = {"DW_API_URL": API, "DW_STATIC_URL": STATIC, "DW_WWW_URL": WWW, "DW_RSS_URL": RSS}
        return [part for name, url in addresses.items() for part in ("-s", f"{name}={url}")]

    @property
    def seeds(self) -> Path:
        """Return a list of all articles, as addresses of DW."""
        return self.root / "seeds.txt"

    @property
    def requests(self) -> Path:
        """Return a list of the local addresses of all replies and pictures, each article followed by its pictures."""
        return self.root / "requests.txt"

    @property
    def replies(self) -> Path:
        """Return a list of the local addresses of the API's replies."""
        return self.root / "replies.txt"

    @property
    def pages(self) -> Path:
        """Return a list of the local addresses of the pages of the same articles."""
        return self.root / "pages.txt"

    @property
    def page_requests(self) -> Path:
        """Return a list of the local addresses of all pages, then all pictures."""
        return self.root / "page-requests.txt"

    @property
    def page_files(self) -> Path:
        """Return a list of the files of the pages."""
        return self.root / "page-files.txt"

    def picture_ids(self) -> range:
        first = _first_picture()
        return range(first, first + self.articles * PICTURES)

    def picture(self, dw_id: int) -> Path:
        return self.root / "static" / "image" / f"{dw_id}_303.jpg"

    def digests(self) -> frozenset[str]:
        """The sha256 of each distinct picture."""
        ids = self.picture_ids()[:_DISTINCT]
        return frozenset(hashlib.sha256(self.picture(dw_id).read_bytes()).hexdigest() for dw_id in ids)


def _first_picture() -> int:
    content = State(Options(articles=1, pictures_per_article=PICTURES)).synthetic.content(FIRST_SYNTHETIC)
    assert content.main is not None
    return int(content.main["id"])


def make(articles: int, work: Path = WORK) -> Site:
    """Return a site with this number of articles; it is made once and kept in the work folder."""
    site = Site(work / f"site-{articles}", articles)
    marker = site.root / "made.json"
    wanted = json.dumps({"form": _FORM, "articles": articles, "port": PORT, "bytes": PICTURE_BYTES})
    with suppress(OSError):
        if marker.read_text() == wanted:
            return site
    shutil.rmtree(site.root, ignore_errors=True)
    state = State(Options(articles=articles, pictures_per_article=PICTURES, picture_bytes=PICTURE_BYTES))
    names = ("seeds.txt", "requests.txt", "replies.txt", "pages.txt", "page-requests.txt", "page-files.txt")
    lists: dict[str, list[str]] = {name: [] for name in names}
    for dw_id in range(FIRST_SYNTHETIC, FIRST_SYNTHETIC + articles):
        content = state.synthetic.content(dw_id)
        path = shapes.page_path(content)
        reply = f"/api/detail/article/{dw_id}"
        _write(site.root / "api" / reply[1:], json.dumps(shapes.reply(content), ensure_ascii=False).encode())
        page = pages.answer(state, unquote(path[1:]).split("/"))[1]
        _write(site.root / "www" / unquote(path[1:]), _local(page).encode())
        lists["seeds.txt"].append(f"{shapes.WWW}{path}")
        lists["replies.txt"].append(API + reply)
        lists["pages.txt"].append(WWW + path)
        lists["page-files.txt"].append(str(site.root / "www" / unquote(path[1:])))
        lists["requests.txt"] += [API + reply, *(f"{STATIC}/image/{n}_303.jpg" for n in _pictures(dw_id))]
    pictures = [line for line in lists["requests.txt"] if line.startswith(STATIC)]
    lists["page-requests.txt"] = lists["pages.txt"] + pictures
    for name, lines in lists.items():
        _write(site.root / name, "".join(line + "\n" for line in lines).encode())
    _make_pictures(site, work / "pictures")
    _make_sitemaps(site, lists["pages.txt"])
    for host in ("api", "static", "www", "rss"):
        robots = f"User-agent: *\nAllow: /\nSitemap: {WWW}/sitemap.xml\n" if host == "www" else "User-agent: *\nAllow: /\n"
        _write(site.root / host / "robots.txt", robots.encode())
    marker.write_text(wanted)
    return site


def _pictures(dw_id: int) -> range:
    first = _first_picture() + (dw_id - FIRST_SYNTHETIC) * PICTURES
    return range(first, first + PICTURES)


def _local(page: str) -> str:
    return page.replace(shapes.WWW, WWW).replace(shapes.STATIC, STATIC)


def _make_pictures(site: Site, pool: Path) -> None:
    """Make the 303 rendition of each picture; others are answered with 404 and never requested."""
    pool.mkdir(parents=True, exist_ok=True)
    (site.root / "static" / "image").mkdir(parents=True)
    for place, dw_id in enumerate(site.picture_ids()):
        source = pool / f"{place % _DISTINCT}-{PICTURE_BYTES}-{_FORM}.jpg"
        if not source.exists():
            source.write_bytes(_jpeg(place % _DISTINCT))
        os.link(source, site.picture(dw_id))


def _jpeg(dw_id: int) -> bytes:
    """Return a small complete JPEG with a comment of noise: like a real one, it cannot be compressed or cut off unnoticed."""
    head, tail = (data := picture(str(dw_id), "jpg", 100))[:20], data[20:]
    noise = random.Random(dw_id).randbytes(PICTURE_BYTES).replace(b"\xff", b"\x7f")
    return head + b"\xff\xfe" + (len(noise) + 2).to_bytes(2, "big") + noise + tail


def _make_sitemaps(site: Site, addresses: list[str]) -> None:
    """Make an index, and for each language one sitemap of all its articles."""
    head, space = '<?xml version="1.0" encoding="UTF-8"?>\n', 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
    index = "".join(f"<sitemap><loc>{WWW}/{name}/article-sitemap.xml</loc></sitemap>\n" for name in SYNTHETIC_LANGUAGES)
    _write(site.root / "www" / "sitemap.xml", f"{head}<sitemapindex {space}>\n{index}</sitemapindex>\n".encode())
    for name in SYNTHETIC_LANGUAGES:
        urls = "".join(f"<url><loc>{url}</loc></url>\n" for url in addresses if url.startswith(f"{WWW}/{name}/"))
        data = f"{head}<urlset {space}>\n{urls}</urlset>\n".encode()
        _write(site.root / "www" / name / "article-sitemap.xml", data)
    links = "".join(f'<a href="{url}">{place}</a>\n' for place, url in enumerate(addresses))
    _write(site.root / "www" / "index.html", f"<!doctype html><html><body>{links}</body></html>".encode())


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


# --- the server ------------------------------------------------------------------------------------------------------


@dataclass
class Traffic:
    """Read what nginx logged. The server must have ended."""

    statuses: Counter[tuple[str, int]]
    """(host, status) to number of requests; host: api, static, www or rss."""
    received: int = 0
    """Bytes of the bodies that were sent with status 200."""
    pictures: int = 0
    replies: int = 0
    connections: int = 0

    @property
    def requests(self) -> int:
        return sum(self.statuses.values())

    @property
    def objects(self) -> int:
        """The number of articles (as replies or pages) and pictures that were sent."""
        return self.pictures + self.replies


@contextmanager
def serve(site: Site) -> Iterator[Traffic]:
    """Serve a site while the block runs; its Traffic is filled in at the end."""
    traffic = Traffic(Counter())
    with tempfile.TemporaryDirectory(prefix="nginx-", dir=site.root.parent) as name:
        folder = Path(name)
        (folder / "nginx.conf").write_text(_NGINX.format(folder=folder, root=site.root, port=PORT))
        command = [program("nginx", "nginx-light"), "-p", name, "-c", f"{name}/nginx.conf", "-e", f"{name}/error.log"]
        nginx = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        try:
            _wait_for(nginx)
            yield traffic
        finally:
            nginx.terminate()
            nginx.communicate()
            with suppress(OSError):
                _count(folder / "access.log", traffic)


def _wait_for(nginx: subprocess.Popen[str]) -> None:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        if nginx.poll() is not None:
            raise BenchmarkError(f"nginx did not start (is port {PORT} free? BENCH_PORT chooses another): {nginx.stderr.read()}"
                                 if nginx.stderr else "nginx did not start")  # fmt: skip
        with suppress(OSError), socket.create_connection(("127.0.0.4", PORT), timeout=1):
            return
        time.sleep(0.02)
    raise BenchmarkError("nginx does not answer")


_HOSTS = {"127.0.0.1": "api", "127.0.0.2": "static", "127.0.0.3": "www", "127.0.0.4": "rss"}


def _count(log: Path, traffic: Traffic) -> None:
    with log.open() as lines:
        for line in lines:
            address, status, sent, nth, path = line.split(" ", 4)
            traffic.statuses[_HOSTS[address], int(status)] += 1
            traffic.connections += nth == "1"
            if status == "200":
                traffic.received += int(sent)
                traffic.pictures += path.startswith("/image/")
                traffic.replies += path.startswith("/api/detail/") or "/a-" in path
