from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from crawler.reader.body import page_path
from crawler.reader.plan import Selection
from crawler.reader.results import Searcher
from crawler.reader.server import CONNECTIONS, HEAD, HEADERS
from crawler.reader.site import build
from crawler.storage import layout
from crawler.storage.opening import open_archive
from tests.crawling import ROOT
from tests.helpers_commands import NOW_MS, archive_of, document, scrapy, snapshot
from tests.reader import samples
from tests.reader.served import PATIENCE_S, Served, serving

PICTURE = "/images/630/63000001_303.png"
VIDEO = "/media/700/70000002.mp4"
OF_THE_SITE = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>\n|<a href="[^"]*search.html"[^>]*>Search</a>\n')


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return samples.archive(tmp_path_factory.mktemp("served") / "archive")


@pytest.fixture(scope="module")
def served(root: Path) -> Iterator[Served]:
    with serving(root) as found:
        yield found
        assert found.said == []


@pytest.fixture
def own(root: Path, tmp_path: Path) -> Path:
    """An archive of the test's own."""
    return Path(shutil.copytree(root, tmp_path / "archive"))


def until(is_so: Callable[[], bool]) -> None:
    """Wait until a condition is true, which takes a moment."""
    end = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < end, "timeout: the condition did not become true"
        time.sleep(0.05)


# --- pages ---


def test_pages_are_those_of_the_site(served: Served, root: Path, tmp_path: Path) -> None:
    build(root, tmp_path, Selection())
    pages = {path: data for path, data in snapshot(tmp_path).items() if path.endswith(".html")}
    pages.pop("search.html", None)
    assert len(pages) > 30
    for path, data in pages.items():
        found = served.get(f"/{path}")
        assert found.status == 200, path
        assert OF_THE_SITE.sub("", found.text) == OF_THE_SITE.sub("", data.decode()), path
        assert found.headers["content-type"] == "text/html; charset=utf-8"
    assert served.get("/style.css").data == (tmp_path / "style.css").read_bytes()
    assert served.get("/").data == served.get("/index.html").data
    assert served.get("/en/").data == served.get("/en/index.html").data


def test_headers_forbid_a_page_to_contact_other_hosts(served: Served) -> None:
    for path in ("/", "/search.html?q=ferry", "/style.css", PICTURE, "/nothing", "/favicon.ico"):
        found = served.get(path)
        assert {name: found.headers.get(name.lower()) for name in HEADERS} == HEADERS, path
    assert "script-src" not in HEADERS["Content-Security-Policy"]
    assert HEADERS["Content-Security-Policy"].startswith("default-src 'none'")


def test_page_that_a_browser_has_is_not_sent_again(served: Served) -> None:
    for path in ("/", "/en/2026/05/index.html", "/style.css", PICTURE, "/search.html?q=ferry"):
        first = served.get(path)
        again = served.get(path, if_none_match=first.headers["etag"])
        assert (again.status, again.data) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
        assert served.get(path, if_none_match='"other"').status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/nothing", "/nothing.html", "/en/2026/05/70000009999.html", "/en/2026/05/index-2.html", "/en/2026/04/index-0.html",
        "/en/1999/01/index.html", "/fr/index.html", "/xx/index.html", "/revisions/70000001/1.html", "/revisions/1/1.html",
        "/revisions/70000001/99999999999999999.html", "/revisions/999999999999999/1.html", "/images/630/63000099_303.png",
        "/images/630", "/images/", "/media/700/70000001.mp4", "/index.sqlite", "/search.sqlite", "/.reader.sqlite", "/.lock",
        "/runs/20260601T000000Z.jsonl", "/crawler/reader/server.py", "/en", "/index.html/", "/style.css/", "/search.html/x",
        f"/{'a' * 20000}", "/en/2026/05/70000001-the-ferry-that-waits-for-nobody-and-everybody.txt",
    ],
)  # fmt: skip
def test_unknown_address_gives_a_404_page_with_help(served: Served, path: str) -> None:
    found = served.get(path)
    assert found.status == 404
    assert 'href="/search.html"' in found.text
    assert 'href="/style.css"' in found.text


def test_document_is_found_by_its_id_with_any_address(served: Served) -> None:
    found = served.get(f"/en/2020/01/{samples.ENGLISH}-old-title.html")
    assert found.status == 302
    assert re.fullmatch(rf"/en/2026/05/{samples.ENGLISH}-the-ferry-[a-z-]+\.html", found.headers["location"])
    assert served.get(found.headers["location"]).status == 200


# --- pictures and media files ---


def test_files_are_those_of_the_archive(served: Served, root: Path) -> None:
    files = [path for path in snapshot(root) if path.startswith(("images/", "media/"))]
    assert len(files) == 9
    types = {"png": "image/png", "mp4": "video/mp4"}
    for path in files:
        found = served.get(f"/{path}")
        assert (found.status, found.data) == (200, (root / path).read_bytes())
        assert found.headers["content-type"] == types[path.rpartition(".")[2]]
        assert found.headers["content-length"] == str(len(found.data))
        assert found.headers["accept-ranges"] == "bytes"


def test_part_of_a_file_is_sent_so_that_a_player_can_seek(served: Served, root: Path) -> None:
    whole = (root / VIDEO[1:]).read_bytes()
    found = served.get(VIDEO, range="bytes=100-199")
    assert (found.status, found.data) == (206, whole[100:200])
    assert found.headers["content-range"] == f"bytes 100-199/{len(whole)}"
    assert served.get(VIDEO, range="bytes=-10").data == whole[-10:]
    assert served.get(VIDEO, range="bytes=1600-").data == whole[1600:]
    etag = found.headers["etag"]
    assert served.get(VIDEO, range="bytes=0-9", if_range=etag).status == 206
    assert served.get(VIDEO, range="bytes=0-9", if_range='"other"').data == whole
    assert served.get(VIDEO, range="bytes=0-1,5-6").data == whole
    beyond = served.get(VIDEO, range=f"bytes={len(whole)}-")
    assert (beyond.status, beyond.headers["content-range"]) == (416, f"bytes */{len(whole)}")


def test_links_do_not_lead_out_of_the_archive(own: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(b"secret")
    (own / "images/630/63000050_303.png").symlink_to(secret)
    (own / "images/77").symlink_to(tmp_path)
    (tmp_path / "7700000_303.png").write_bytes(b"secret")
    os.mkfifo(own / "images/630/63000051_303.png")
    (own / "images/630/63000052_303.png").mkdir()
    with serving(own) as served:
        for path in ("630/63000050_303.png", "77/7700000_303.png", "630/63000051_303.png", "630/63000052_303.png"):
            assert served.get(f"/images/{path}").status == 404, path


# --- search ---


def test_search_finds_the_same_as_the_command(served: Served, root: Path) -> None:
    found = served.get("/search.html?q=ferry").text
    assert "The <mark>ferry</mark> <i>Patience</i>" not in found
    assert "The <mark>ferry</mark> Patience at its evening berth" in found
    assert ">The <mark>ferry</mark> that waits for nobody, and everybody</bdi>" in found
    assert "1 to 1 of 1" in found
    for query in ("the", "图书馆", "圖書館", "البحر", "the -ferry", '"old stone"', "lat*"):
        lines = scrapy("search", "--json", *query.split(" "), root=root).out.splitlines()
        pages = re.findall(r'<a href="(\w[^"]*\.html)"><bdi', served.get(f"/search.html?q={_quoted(query)}").text)
        assert pages == [page_path(json.loads(line)["path"]) for line in lines], query
        assert pages, query


def _quoted(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("q=the", 5), ("q=the&language=", 5), ("q=the&language=en", 5), ("q=the&language=de", 0), ("q=the&kind=video", 1),
        ("q=the&kind=video,gallery", 2), ("q=the&kind=video&kind=gallery", 2), ("q=the&since=2026-05-31", 2),
        ("q=the&until=2026-04-22", 1), ("q=the&since=2026-05-29&until=2026-05-29", 1), ("q=bridge&revisions=1", 2),
        ("q=wooden", 0), ("q=wooden&revisions=1", 1), ("q=the&order=best", 5), ("q=the&unknown=1&since=&until=&kind=", 5),
        ("q=", 0), ("", 0), ("q=%00", 0), ("q=%ff", 0),
    ],
)  # fmt: skip
def test_filters_narrow_a_search(served: Served, query: str, count: int) -> None:
    assert served.get(f"/search.html?{query}").text.count("<li>") == count


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("q=%22a", "closing quote"), ("q=-a", "only words to leave out"), ("q=a&language=xx", "Language: not one of"),
        ("q=a&kind=picture", "Kind: not one of"), ("q=a&since=2026-02-30", "From: not a day like"),
        ("q=a&until=x", "To: not a day"), ("q=a&page=0", "Page: not a number"), ("q=a&page=-1", "Page:"),
        ("q=a&page=99999", "Page:"), ("q=a&page=%D9%A1", "Page:"), (f"q={'a' * 10001}", "10,000 characters"),
        ("&".join(["q=a"] * 60), "too many fields"),
    ],
)  # fmt: skip
def test_invalid_search_is_explained_beside_the_form(served: Served, query: str, words: str) -> None:
    found = served.get(f"/search.html?{query}")
    assert found.status == 400
    assert words in found.text
    assert "<form" in found.text


def test_query_is_shown_as_text_not_markup(served: Served) -> None:
    query = _quoted(samples.SCRIPT_WORD + '"\'>')
    for field in ("q", "language", "kind", "since", "until", "page"):
        assert "<script" not in served.get(f"/search.html?q=a&{field}={query}").text
    found = served.get("/search.html?q=alert").text
    assert "<script" not in found
    assert "&lt;script&gt;" in found


def test_long_results_have_pages(tmp_path: Path) -> None:
    with serving(archive_of(tmp_path / "archive", *(document(70000001 + n, NOW_MS - n) for n in range(45)))) as served:
        pages = [served.get(f"/search.html?q=words&page={page}").text for page in (1, 2, 3, 4)]
        assert [page.count("<li>") for page in pages] == [20, 20, 5, 0]
        assert "1 to 20 of 45" in pages[0]
        assert "41 to 45 of 45" in pages[2]
        assert 'rel="next" href="search.html?q=words&amp;page=2"' in pages[0]
        assert 'rel="prev" href="search.html?q=words&amp;page=2"' in pages[2]
        assert "rel=" not in pages[2].split('rel="prev"')[1]
        assert len(set(re.findall(r"\d{8}-a-title\.html", "".join(pages)))) == 45


# --- while a crawl runs ---


def test_new_documents_appear_without_a_restart(own: Path) -> None:
    with serving(own) as served:
        assert "Lighthouse" not in served.get("/").text
        archive_of(own, document(79000001, NOW_MS, "Lighthouse", date="2026-06-01T00:00:00.000Z"), now_ms=NOW_MS + 5000)
        assert served.get("/en/2026/06/79000001-lighthouse.html").status == 200
        until(lambda: "Lighthouse" in served.get("/").text)
        assert "Lighthouse" in served.get("/search.html?q=lighthouse").text


def test_documents_of_a_crawl_that_holds_the_archive_are_served_before_the_index_has_them(own: Path) -> None:
    archive = open_archive(own, NOW_MS + 9000, "a test")
    try:
        with serving(own) as served:
            picture = samples.picture(63000001, "A caption")
            new = document(79000002, NOW_MS, "Breakwater", f"{picture}<p>See {samples.reference(samples.ENGLISH, 'it')}.</p>",
                           date="2026-06-01T00:00:00.000Z")  # fmt: skip
            changed = samples.document(samples.AUDIO, "en", "Listening to the tides", "<p>A morning of high water.</p>", days=3,
                                       later_ms=9_000_000, date=False)  # fmt: skip
            for one in (new, changed):
                archive.end_store(archive.begin_store(archive.plan_seed(one, "seed", NOW_MS)[1]))
            found = served.get("/en/2026/06/79000002-breakwater.html")
            assert found.status == 200
            assert f'src="../../..{PICTURE}"' in found.text
            assert f"../../../en/2026/05/{samples.ENGLISH}-" in found.text
            assert "Breakwater" in served.get("/search.html?q=breakwater").text
            assert "high water" in served.get(f"/en/2026/05/{samples.AUDIO}-listening-to-the-tides.html").text
    finally:
        archive.close()


def test_damaged_document_is_not_shown(own: Path) -> None:
    (path,) = (own / "en/2026/05").glob(f"{samples.AUDIO}-*.txt")
    with serving(own) as served:
        address = f"/{page_path(path.relative_to(own).as_posix())}"
        assert served.get(address).status == 200
        path.write_bytes(path.read_bytes().replace(b"water", b"wader"))
        assert served.get(address).status == 404
        path.unlink()
        assert served.get(address).status == 404


def test_page_that_waits_for_the_logs_delays_no_other_page(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (path,) = (own / "en/2026/05").glob(f"{samples.AUDIO}-*.txt")
    path.write_bytes(path.read_bytes() + b" ")
    waiting, goes_on = threading.Event(), threading.Event()

    def logged(self: Searcher, dw_id: int, path: str) -> None:
        waiting.set()
        goes_on.wait(PATIENCE_S)

    monkeypatch.setattr(Searcher, "logged", logged)
    with serving(own) as served, served.connect() as connection:
        address = page_path(path.relative_to(own).as_posix())
        connection.sendall(f"GET /{address} HTTP/1.1\r\nHost: localhost:{served.port}\r\n\r\n".encode())
        assert waiting.wait(PATIENCE_S)
        assert served.get("/").status == 200
        goes_on.set()
        assert connection.recv(100).startswith(b"HTTP/1.1 404 ")


@pytest.mark.parametrize("content", [b"", b"no database" * 1000])
def test_damaged_or_lost_memory_is_rebuilt(own: Path, content: bytes) -> None:
    (own / ".reader.sqlite").write_bytes(content)
    with serving(own) as served:
        assert served.get("/en/index.html").status == 200


def test_caches_may_be_elsewhere_if_the_archive_is_read_only(own: Path, tmp_path: Path) -> None:
    for name in (".reader.sqlite", layout.SEARCH, layout.SEARCH_SEAL):
        (own / name).unlink(missing_ok=True)
    before = snapshot(own).keys()
    (tmp_path / "home").mkdir()
    with serving(own, tmp_path / "home") as served:
        assert "<mark>ferry</mark>" in served.get("/search.html?q=ferry").text
        assert served.get("/en/index.html").status == 200
    assert snapshot(own).keys() == before


def test_serving_leaves_no_file_in_the_archive(own: Path) -> None:
    with serving(own) as served:
        served.get("/search.html?q=ferry")
    assert scrapy("verify", "--strict", root=own).status == 0


# --- requests that no browser sends ---


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get", "X" * 100])
def test_only_get_and_head_are_accepted(served: Served, method: str) -> None:
    found = served.send(f"{method} / HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\nContent-Length: 3\r\n\r\nabc".encode())
    assert found.startswith(b"HTTP/1.1 405 ")
    assert b"\r\nAllow: GET, HEAD\r\n" in found


def test_head_is_get_without_the_body(served: Served) -> None:
    for path in ("/", PICTURE, "/search.html?q=ferry", "/nothing"):
        get, head = served.get(path), served.get(path, "HEAD")
        assert head.data == b""
        assert get.headers | {"date": ""} == head.headers | {"date": ""}


@pytest.mark.parametrize("host", ["", "evil.example", "evil.example:{port}", "127.0.0.1", "[::1]:{port}", "localhost:1"])
def test_foreign_host_names_are_refused(served: Served, host: str) -> None:
    name = host.format(port=served.port)
    assert served.status(f"GET / HTTP/1.1\r\nHost: {name}\r\n\r\n".encode()) == 421
    assert served.status(f"GET http://{name}/ HTTP/1.1\r\nHost: localhost:{served.port}\r\n\r\n".encode()) == 421


def test_repeated_host_header_is_refused(served: Served) -> None:
    good = f"Host: localhost:{served.port}\r\n"
    assert served.status(f"GET / HTTP/1.1\r\n{good}\r\n".encode()) == 200
    assert served.status(f"GET / HTTP/1.1\r\n{good}{good}\r\n".encode()) == 421
    assert served.status(b"GET / HTTP/1.1\r\n\r\n") == 421
    assert served.status(b"GET / HTTP/1.0\r\n\r\n") == 421


def test_page_of_another_site_cannot_embed_ours(served: Served) -> None:
    others = {"sec_fetch_site": "cross-site", "sec_fetch_mode": "no-cors", "sec_fetch_dest": "image"}
    assert served.get(PICTURE, **others).status == 403
    assert served.get(PICTURE, sec_fetch_site="same-origin", sec_fetch_mode="no-cors", sec_fetch_dest="image").status == 200


ODD = [
    b"\r\n\r\n", b"\n\n", b"GET\r\n\r\n", b"GET /\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET / HTTP/2.0\r\n\r\n",
    b"GET / HTTP/1\r\n\r\n",
    b"GET / HTTP/1.1.1\r\n\r\n", b"GET / FTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", b"\x00" * 100 + b"\r\n\r\n",
    b"GET / / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nHost\r\n\r\n", b"GET / HTTP/1.1\r\n: x\r\n\r\n",
    b"GET / HTTP/1.1\r\n x\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 1000 + b"\r\n", b"GET / HTTP/1.1\r\nA: " + b"b" * 100_000 + b"\r\n\r\n",
    b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n", b"x" * 200_000, b"GET / HTTP/" + b"1" * 5000 + b".1\r\n\r\n",
    b"GET /\xff\xfe HTTP/1.1\r\nHost: {host}\r\n\r\n", b"GET /\x00 HTTP/1.1\r\nHost: {host}\r\n\r\n",
    b"GET /../../etc/passwd HTTP/1.1\r\nHost: {host}\r\n\r\n",
    b"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: {host}\r\n\r\n",
    b"GET //etc/passwd HTTP/1.1\r\nHost: {host}\r\n\r\n", b"GET \\etc\\passwd HTTP/1.1\r\nHost: {host}\r\n\r\n",
    b"GET /images/../index.sqlite HTTP/1.1\r\nHost: {host}\r\n\r\n", b"GET * HTTP/1.1\r\nHost: {host}\r\n\r\n",
    b"GET file:///etc/passwd HTTP/1.1\r\nHost: {host}\r\n\r\n", b"GET /nothing%F0%9F%98%80 HTTP/1.1\r\nHost: {host}\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
]  # fmt: skip


@pytest.mark.parametrize("raw", ODD, ids=range(len(ODD)))
def test_odd_request_is_answered_with_a_4xx(served: Served, raw: bytes) -> None:
    found = served.send(raw.replace(b"{host}", f"127.0.0.1:{served.port}".encode()))
    assert found.startswith(b"HTTP/1.1 4"), found[:200]
    assert b"Traceback" not in found
    assert b"root:" not in found


def test_long_head_is_refused_with_its_own_status(served: Served) -> None:
    assert served.status(b"GET / HTTP/1.1\r\nA: " + b"b" * HEAD + b"\r\n\r\n") == 431


def test_broken_connections_are_not_reported(served: Served) -> None:
    host = f"Host: localhost:{served.port}\r\n\r\n".encode()
    for raw in (b"", b"G", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\n" + host, b"GET /style.css HTTP/1.1\r\n" + host):
        connection = served.connect()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # closing it resets it
        connection.sendall(raw)
        connection.close()
    assert served.get("/").status == 200


def test_idle_connections_are_closed_to_make_room_for_others(served: Served) -> None:
    with contextlib.ExitStack() as stack:
        idle = [stack.enter_context(served.connect()) for _ in range(2 * CONNECTIONS)]
        for connection in idle[::2]:
            connection.sendall(b"GET / HTTP/1.1\r\n")
        assert served.get("/").status == 200
        with contextlib.suppress(ConnectionError):
            assert idle[0].recv(100) == b""  # the oldest


# --- the command ---


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_command_serves_until_it_gets_a_signal(root: Path, number: int) -> None:
    command = [sys.executable, "-m", "scrapy", "serve", "--port", "0", "--json", "-s", f"ARCHIVE_DIR={root}"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        told = json.loads(process.stdout.readline())
        served = Served(told["port"], [])
        assert told["address"] == f"{served.address}/"
        assert served.get("/").status == 200
        with served.connect() as idle, served.connect() as asking:
            asking.sendall(b"GET / HTTP/1.1\r\n")
            process.send_signal(number)
            assert process.wait(PATIENCE_S) == 0
            with contextlib.suppress(ConnectionError):  # it may not have been accepted yet
                assert idle.recv(100) == b""
        assert process.communicate() == ("", "")
    finally:
        process.kill()
        process.communicate()


def test_port_in_use_is_reported_in_one_line(root: Path, served: Served) -> None:
    found = scrapy("serve", "--port", served.port, root=root)
    assert (found.status, found.out) == (1, "")
    assert found.err == f"scrapy serve: port {served.port} is in use by another program: try --port {served.port + 1}, " \
                        "or --port 0 for any\n"  # fmt: skip


@pytest.mark.parametrize("port", ["x", "-1", "65536", "1e3", "", "٨"])
def test_odd_port_is_refused(root: Path, port: str) -> None:
    found = scrapy("serve", f"--port={port}", root=root)
    assert found.status == 2
    assert "--port: not a number from 0 to 65535" in found.err


def test_folder_without_an_archive_is_not_served(tmp_path: Path) -> None:
    assert scrapy("serve", root=tmp_path).status == 1


def test_missing_index_is_reported_with_a_remedy(own: Path) -> None:
    (own / layout.INDEX).unlink()
    found = scrapy("serve", "--port", 0, root=own)
    assert found.status == 1
    assert "scrapy reindex" in found.err


