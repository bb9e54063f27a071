from __future__ import annotations

import contextlib
from email.message import Message

import pytest

from crawler.reader.request import BadRequest, byte_range, is_current, require_host, require_own_origin, target

PORT = 8000


@pytest.mark.parametrize(
    ("text", "path", "query"),
    [
        ("/", "", ""),
        ("/index.html", "index.html", ""),
        ("/en/2026/06/70000001-rain.html?x=1&y=%2F..", "en/2026/06/70000001-rain.html", "x=1&y=%2F.."),
        ("/search.html?q=a?b#c", "search.html", "q=a?b"),
        ("/en/", "en/", ""),
        ("/%65n/index.html", "en/index.html", ""),
        ("/%E5%8C%97.html", "北.html", ""),
        ("http://127.0.0.1:8000/en/index.html", "en/index.html", ""),
        ("HTTP://localhost:8000/?q=1", "", "q=1"),
    ],
)
def test_target_is_a_path_and_a_query(text: str, path: str, query: str) -> None:
    assert target(text, PORT) == (path, query)


@pytest.mark.parametrize(
    "text",
    [
        "", "*", "index.html", "//", "//etc/passwd", "/..", "/../etc/passwd", "/en/../../etc/passwd", "/en/./index.html",
        "/en//x",
        "/%2e%2e/etc/passwd", "/%2E./x", "/..%2fetc", "/en%2Findex.html", "/..%5cetc", "/..\\etc", "/C:\\x", "/%00",
        "/a%00.html",
        "/a\x00b", "/%0a", "/%20", "/%7f", "/%ff", "/%C0%AF", "/%c0%ae%c0%ae/etc", "/%252e%252e%2f", "/.", "/en/..",
        "https://127.0.0.1:8000/", "http://127.0.0.1:8000", "http://evil.example/", "http://127.0.0.1:8000@evil.example/",
        "http:///", "ftp://127.0.0.1:8000/x", "javascript://x/", "http://127.0.0.1/",
    ],
)  # fmt: skip
def test_odd_target_is_refused(text: str) -> None:
    with pytest.raises(BadRequest) as found:
        target(text, PORT)
    assert 400 <= found.value.status < 500


def test_dots_that_are_encoded_twice_are_an_ordinary_name() -> None:
    assert target("/%252e%252e/x", PORT).path == "%2e%2e/x"


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "LOCALHOST:8000", " localhost:8000 "])
def test_host_of_the_server_is_accepted(host: str) -> None:
    require_host(host, PORT)


@pytest.mark.parametrize(
    "host",
    [
        None, "", "127.0.0.1", "localhost", "127.0.0.1:80", "127.0.0.1:8001", "127.0.0.1:08000", "evil.example",
        "evil.example:8000",
        "localhost.evil.example:8000", "localhost:8000.evil.example", "127.0.0.1.evil.example:8000", "127.0.0.2:8000",
        "0.0.0.0:8000",
        "[::1]:8000", "127.1:8000", "2130706433:8000", "user@127.0.0.1:8000", "127.0.0.1:8000, evil.example", "localhost.:8000",
        "ⅼocalhost:8000", "127.0.0.1:8000:8000", "127.0.0.1 :8000",
    ],
)  # fmt: skip
def test_other_host_is_refused(host: str | None) -> None:
    with pytest.raises(BadRequest) as found:
        require_host(host, PORT)
    assert found.value.status == 421


def test_port_80_may_be_left_out() -> None:
    require_host("localhost", 80)
    require_host("127.0.0.1:80", 80)


@pytest.mark.parametrize(
    ("site", "mode", "dest", "is_good"),
    [
        ("same-origin", "no-cors", "image", True), ("none", "navigate", "document", True), (None, None, None, True),
        ("cross-site", "navigate", "document", True), ("cross-site", "no-cors", "image", False),
        ("cross-site", "navigate", "iframe", False), ("same-site", "cors", "empty", False), ("cross-site", None, None, False),
    ],
)  # fmt: skip
def test_other_sites_get_only_links(
    site: str | None, mode: str | None, dest: str | None, is_good: bool
) -> None:
    headers = Message()
    for name, value in (("Site", site), ("Mode", mode), ("Dest", dest)):
        if value:
            headers[f"sec-fetch-{name}"] = value
    with contextlib.nullcontext() if is_good else pytest.raises(BadRequest, match="other sites"):
        require_own_origin(headers)


@pytest.mark.parametrize(
    ("header", "part"),
    [
        (None, None), ("", None), ("bytes=0-", (0, 1000)), ("bytes=0-0", (0, 1)), ("bytes=999-", (999, 1000)),
        ("bytes=10-19", (10, 20)), ("bytes=990-2000", (990, 1000)), ("bytes=-1", (999, 1000)), ("bytes=-2000", (0, 1000)),
        ("bytes=-", None), ("bytes=20-10", None), ("bytes=0-1,5-6", None), ("bytes=a-b", None), ("items=0-1", None),
        ("bytes=0-99999999999999999999", None), ("bytes=٠-١", None), ("bytes = 0-1", None),
    ],
)  # fmt: skip
def test_range_names_a_part_of_a_file(header: str | None, part: tuple[int, int] | None) -> None:
    assert byte_range(header, 1000) == part


@pytest.mark.parametrize(
    ("header", "size"), [("bytes=1000-", 1000), ("bytes=5000-6000", 1000), ("bytes=-0", 1000), ("bytes=0-", 0)]
)
def test_range_beyond_the_file_is_refused(header: str, size: int) -> None:
    with pytest.raises(BadRequest) as found:
        byte_range(header, size)
    assert found.value.status == 416


@pytest.mark.parametrize(
    ("header", "is_known"),
    [(None, False), ("", False), ('"a"', True), ('W/"a"', True), ('"b", "a"', True), ("*", True), ("a", False)],
)
def test_etag_shows_whether_the_copy_of_a_browser_is_current(header: str | None, is_known: bool) -> None:
    assert is_current('"a"', header) == is_known
